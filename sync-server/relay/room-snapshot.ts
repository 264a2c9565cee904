import * as Y from 'yjs'
import type { Snapshot } from '../sharing/snapshot-route.ts'
import type { Room } from './room.ts'

/** Of each room in memory, its document as one update (V1), made when it is asked for and kept until the room changes. */
export class RoomSnapshots {
  readonly #kept = new WeakMap<Room, Snapshot>()

  /** All up to its seq is in it, and perhaps more. The same object while nothing changes. */
  async of(room: Room): Promise<Snapshot> {
    // What it is named by must be on disk: after a crash, the same name would be given to something else.
    await room.kept()
    const { epoch, seq } = room
    const kept = this.#kept.get(room)
    if (kept?.seq === seq) return kept
    const snapshot = { epoch, seq, bytes: new Uint8Array(Y.encodeStateAsUpdate(room.doc)) }
    this.#kept.set(room, snapshot)
    return snapshot
  }
}
