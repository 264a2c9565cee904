/**
 * The facts of one room of a host, kept at one with this store: of an experiment, or of the model registry.
 *
 *   room link ─► document ─► Replicator ─► store
 */
import type { Awareness } from 'y-protocols/awareness'
import type * as Y from 'yjs'
import type { BlobId } from '#lib/domain/ids.ts'
import { SYNC } from '#lib/domain/limits.ts'
import type { SharedId } from '#lib/domain/sync/subject.ts'
import type { SyncState } from '#lib/live/sharing.ts'
import type { Store } from '#lib/store/store.ts'
import { noteSynced, saidSince, syncedUpTo } from '#lib/store/sync/rooms.ts'
import { restampAhead } from '#lib/store/sync/restamp.ts'
import type { HostLink } from './host-link.ts'
import { Replicator } from './replicator.ts'
import { RoomDoc } from './room-doc.ts'
import { RoomLink, type LinkState } from './room-link.ts'

export interface FollowedFactsOptions {
  readonly store: Store
  readonly host: HostLink
  /** What the host calls the room, and what this store does. */
  readonly name: string
  readonly id: SharedId
  readonly mayWrite: boolean
  readonly offerBlobs?: (ids: readonly BlobId[]) => Promise<void>
  readonly fetchBlob?: (id: BlobId) => Promise<boolean>
  /** The room's awareness is there; returns what is to be done once it is not. */
  readonly onAwareness?: (awareness: Awareness) => () => void
  readonly onChange: () => void
}

/** Somebody puts facts of others back after so long, if they are missing: one of those that are there, and not all at once. */
const RESCUE_AFTER_MS = 1000
const RESCUE_WITHIN_MS = 9000

export class FollowedFacts {
  readonly #options: FollowedFactsOptions
  readonly #link: RoomLink
  #replicator: Replicator | null = null
  #problem: string | null = null
  #isIdle = true
  #syncedHlc: number | null = null
  #pending = 0
  #counting: Promise<void> = Promise.resolve()

  constructor(options: FollowedFactsOptions) {
    this.#options = options
    this.#link = new RoomLink({
      host: options.host,
      room: options.name,
      onDocument: (doc, awareness) => this.#open(doc, awareness),
      onState: () => this.#stateChanged()
    })
  }

  start(): void {
    this.#link.start()
  }

  retry(): void {
    this.#link.retry()
  }

  close(): Promise<void> {
    return this.#link.close()
  }

  get awareness(): Awareness | null {
    return this.#link.awareness
  }

  get sync(): SyncState {
    const state = STATES[this.#link.state]
    return state === 'synced' && (this.#pending > 0 || !this.#isIdle) ? 'syncing' : state
  }

  /** Subjects of which the host does not have all that this store said. */
  get pending(): number {
    return this.#pending
  }

  get problem(): string | null {
    return this.#link.problem ?? this.#problem
  }

  async #open(doc: Y.Doc, awareness: Awareness): Promise<() => Promise<void>> {
    const { store, id, mayWrite, offerBlobs, fetchBlob, onAwareness } = this.#options
    await restampAhead(store)
    const replicator = new Replicator({
      store,
      room: id,
      doc: new RoomDoc(doc),
      mayWrite,
      ...(offerBlobs && { offerBlobs }),
      ...(fetchBlob && { fetchBlob }),
      restMs: SYNC.firstRestMs,
      rescueAfterMs: () => RESCUE_AFTER_MS + Math.random() * RESCUE_WITHIN_MS,
      onState: ({ unpublished, problem }) => {
        this.#problem = problem
        this.#isIdle = unpublished === 0
        this.#stateChanged()
      }
    })
    this.#replicator = replicator
    const leave = onAwareness?.(awareness)
    // Not waited for: what is to be said goes over the socket as it is said, and not all in one piece before it opens.
    void replicator.start()
    return async () => {
      leave?.()
      if (this.#replicator === replicator) this.#replicator = null
      await replicator.close()
    }
  }

  /** One after another: what was counted before all was acknowledged must not be noted after it. */
  #stateChanged(): void {
    this.#counting = this.#counting.then(() => this.#countPending())
    void this.#counting.then(() => this.#options.onChange())
  }

  /** What the host has not acknowledged: all of it was when nothing waited and everything was on its disk. Never fails. */
  async #countPending(): Promise<void> {
    const { store, id, mayWrite } = this.#options
    if (!mayWrite) return
    try {
      this.#syncedHlc ??= await store.read((r) => syncedUpTo(r, id))
      const { last } = store.replica.clock
      const isSaid = this.#link.state === 'live' && this.#isIdle && this.#link.isAcknowledged
      if (isSaid) this.#pending = 0
      if (isSaid && last > this.#syncedHlc) {
        this.#syncedHlc = last
        await store.write(async (tx) => {
          tx.isMerge = true
          await noteSynced(tx, id, last)
        })
      } else if (!isSaid) {
        const since = this.#syncedHlc
        this.#pending = await store.read((r) => saidSince(r, id, since))
      }
    } catch (error) {
      console.warn('Runnel: what waits to be shared could not be counted.', error)
    }
  }

  /** Resolves when some of the host's document has been merged, or it is known that it cannot be now: with the reason. */
  async settled(): Promise<string | null> {
    for (;;) {
      if (this.#link.state === 'refused' || this.#link.state === 'offline') return this.#link.problem ?? 'offline'
      if (this.#replicator !== null) {
        await this.#replicator.begun()
        return null
      }
      await new Promise((resolve) => setTimeout(resolve, SETTLE_EVERY_MS))
    }
  }
}

const SETTLE_EVERY_MS = 20

const STATES: Readonly<Record<LinkState, SyncState>> = {
  connecting: 'connecting',
  live: 'synced',
  offline: 'offline',
  refused: 'refused'
}
