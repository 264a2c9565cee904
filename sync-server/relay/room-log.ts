import { RunnelError } from '#lib/domain/errors.ts'

/**
 * Where rooms are kept: a snapshot of each, and the updates since. A port: SQLite is one driver, and another may be shared by many hosts.
 *
 *   begin ─► append, append, … ─► compact (a snapshot takes the place of the updates it holds) ─► append …  ─► begin (the next epoch)
 *
 * Invariants
 * - What `append` resolved is on disk, and so is everything that was appended to that room before it.
 * - Numbers of updates (`seq`) only grow within a room and an epoch, starting above 0; they need not follow on one another.
 * - An epoch is never taken up again, and what is written for an old one is refused.
 *
 * Updates may be applied in any order and twice: a log that hands out one again, or one its snapshot holds already, does no harm.
 */
export interface RoomLog {
  /** All that is kept of a room; null when nothing is. */
  read(room: string): Promise<KeptRoom | null>

  /**
   * Begin a room, or an epoch of it: all that was kept of it before is forgotten in the same step. On disk when it resolves.
   *
   * fails  with INVALID_STATE when `epoch` is not above the one kept
   */
  begin(room: string, epoch: number, snapshot: Uint8Array | null): Promise<void>

  /**
   * Add an update. The bytes are not changed by anyone afterwards.
   *
   * returns  its seq, once it is on disk
   * fails    with INVALID_STATE when the room is of another epoch or was never begun, and as the disk does; nothing is kept then
   */
  append(room: string, epoch: number, update: Uint8Array): Promise<number>

  /** Put a snapshot that holds all updates up to `seq` in their place. A room that is of another epoch by now is left as it is. */
  compact(room: string, epoch: number, seq: number, snapshot: Uint8Array): Promise<void>

  /** Forget a room. */
  remove(room: string): Promise<void>

  /** Resolves when what was appended is on disk and the log is let go of. Nothing may be asked of it afterwards. */
  close(): Promise<void>
}

export interface KeptRoom {
  readonly epoch: number
  /** Of the last update, or of the snapshot; 0 for a room that has begun and nothing more. */
  readonly seq: number
  readonly snapshot: Uint8Array | null
  /** Those the snapshot does not hold, in the order they came. */
  readonly updates: readonly Uint8Array[]
}

/** Seconds since 1970, so that a room whose log was lost does not begin with an epoch that some client still knows. */
export const nextEpoch = (last: number, nowMs: number): number => Math.max(last + 1, Math.floor(nowMs / 1000))

export const otherEpoch = (room: string): RunnelError =>
  new RunnelError('INVALID_STATE', `The room ${room} has begun again. Open it anew.`)
