/**
 * How one room is kept: a snapshot, the updates since, and up to where all that is on disk.
 *
 *   read ─► append, append, … ─► fold, when the log is as long as it may be: a snapshot takes its place
 */
import * as Y from 'yjs'
import type { Clock } from '#lib/domain/time.ts'
import { nextEpoch, type RoomLog } from './room-log.ts'

/** When a room's log is folded, and from what size on it is looked whether the room is to begin again. SYNC has those of a host. */
export interface RoomBounds {
  readonly logBytes: number
  readonly logUpdates: number
  readonly roomBytes: number
}

export class RoomHistory {
  readonly #log: RoomLog
  readonly #room: string
  readonly #bounds: RoomBounds
  #epoch = 0
  #seq = 0
  /** The last append, after which everything before it is on disk. */
  #tail: Promise<unknown> = Promise.resolve()
  /** What the log holds beside the snapshot. */
  #loggedBytes = 0
  #loggedUpdates = 0
  #snapshotBytes = 0

  constructor(log: RoomLog, room: string, bounds: RoomBounds) {
    this.#log = log
    this.#room = room
    this.#bounds = bounds
  }

  /** Seconds since 1970 at which this life of the room began, or more. */
  get epoch(): number {
    return this.#epoch
  }

  /** Of the last update that is on disk. */
  get seq(): number {
    return this.#seq
  }

  /** What was kept, as updates. A room nobody kept begins. */
  async read(now: Clock): Promise<readonly Uint8Array[]> {
    const kept = await this.#log.read(this.#room)
    if (kept === null) {
      this.#epoch = nextEpoch(0, now())
      await this.#log.begin(this.#room, this.#epoch, null)
      return []
    }
    this.#epoch = kept.epoch
    this.#seq = kept.seq
    this.#snapshotBytes = kept.snapshot?.length ?? 0
    this.#loggedUpdates = kept.updates.length
    this.#loggedBytes = kept.updates.reduce((sum, { length }) => sum + length, 0)
    return kept.snapshot === null ? kept.updates : [kept.snapshot, ...kept.updates]
  }

  /** Resolves when it is on disk, and all before it. */
  async append(update: Uint8Array): Promise<void> {
    this.#loggedBytes += update.length
    this.#loggedUpdates++
    const appended = this.#log.append(this.#room, this.#epoch, update)
    this.#tail = appended
    const seq = await appended
    this.#seq = Math.max(this.#seq, seq)
  }

  /** Resolves when all that was appended so far is on disk. Rejects when it was not kept. */
  async kept(): Promise<void> {
    await this.#tail
  }

  get isLong(): boolean {
    const { logUpdates, logBytes } = this.#bounds
    return this.#loggedUpdates > logUpdates || this.#loggedBytes > Math.max(logBytes, this.#snapshotBytes)
  }

  /** Worth folding for, so that the next to knock waits less. */
  get isWorthFolding(): boolean {
    return this.#loggedUpdates > FOLD_AT_CLOSE
  }

  /** Put a snapshot in the place of the log. Returns its bytes. */
  async fold(doc: Y.Doc): Promise<number> {
    await this.kept()
    const snapshot = Y.encodeStateAsUpdate(doc)
    // Of what is on disk: the snapshot holds that, and perhaps more.
    const seq = this.#seq
    ;[this.#loggedBytes, this.#loggedUpdates, this.#snapshotBytes] = [0, 0, snapshot.length]
    await this.#log.compact(this.#room, this.#epoch, seq, snapshot)
    return snapshot.length
  }
}

const FOLD_AT_CLOSE = 64
