import { otherEpoch, type KeptRoom, type RoomLog } from './room-log.ts'

interface Kept {
  readonly epoch: number
  seq: number
  snapshot: Uint8Array | null
  updates: { readonly seq: number; readonly bytes: Uint8Array }[]
}

/** A log that lasts as long as the process: for tests, and hosts that keep nothing. */
export class MemoryRoomLog implements RoomLog {
  readonly #rooms = new Map<string, Kept>()

  async read(room: string): Promise<KeptRoom | null> {
    const kept = this.#rooms.get(room)
    return kept === undefined ? null : { ...kept, updates: kept.updates.map(({ bytes }) => bytes) }
  }

  async begin(room: string, epoch: number, snapshot: Uint8Array | null): Promise<void> {
    if ((this.#rooms.get(room)?.epoch ?? 0) >= epoch) throw otherEpoch(room)
    this.#rooms.set(room, { epoch, seq: 0, snapshot, updates: [] })
  }

  async append(room: string, epoch: number, update: Uint8Array): Promise<number> {
    const kept = this.#rooms.get(room)
    if (kept?.epoch !== epoch) throw otherEpoch(room)
    kept.updates.push({ seq: ++kept.seq, bytes: update })
    return kept.seq
  }

  async compact(room: string, epoch: number, seq: number, snapshot: Uint8Array): Promise<void> {
    const kept = this.#rooms.get(room)
    if (kept?.epoch !== epoch) return
    kept.snapshot = snapshot
    kept.updates = kept.updates.filter((update) => update.seq > seq)
  }

  async remove(room: string): Promise<void> {
    this.#rooms.delete(room)
  }

  async close(): Promise<void> {}
}
