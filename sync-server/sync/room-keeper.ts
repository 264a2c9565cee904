/** The host's part in its rooms: its store is one of those that share them. */
import { REGISTRY, type SharedId } from '#lib/domain/sync/subject.ts'
import type { Store } from '#lib/store/store.ts'
import { hostRegistry } from '#lib/store/sync/registry-sharing.ts'
import { findRoom } from '#lib/store/sync/rooms.ts'
import type { RoomName } from '#lib/sync/agreement.ts'
import { Notes } from '#lib/sync/notes.ts'
import { Replicator, type ReplicatorState } from '#lib/sync/replicator.ts'
import { RoomDoc } from '#lib/sync/room-doc.ts'
import type { Detach, Room } from '../relay/room.ts'
import type { Seed } from '../relay/rooms.ts'
import { followExperiments } from './experiment-index.ts'
import { seedRoom } from './room-seed.ts'

export class RoomKeeper {
  readonly #store: Store
  readonly #space: string

  constructor(store: Store, space: string) {
    this.#store = store
    this.#space = space
  }

  async exists({ kind, subject }: RoomName): Promise<boolean> {
    if (kind === 'i' || kind === 'g') return subject === this.#space
    return (await this.#store.read((r) => findRoom(r, subject as SharedId))) !== null
  }

  /** Of facts, which this store can say again; null for notes, which it cannot, and for lists, which stay small. */
  seedOf({ kind, subject }: RoomName): Seed | null {
    if (kind !== 'x' && kind !== 'g') return null
    const id = kind === 'g' ? REGISTRY : (subject as SharedId)
    return (fresh, old) => seedRoom(this.#store, id, fresh, old)
  }

  /** Bring the store and a room together, and keep them so until it is let go of. */
  async prepare(room: Room): Promise<Detach> {
    switch (room.kind) {
      case 'x':
        return this.#replicate(room, room.subject as SharedId)
      case 'g':
        // Somebody follows it: what a host is never asked for costs it nothing.
        await hostRegistry(this.#store)
        return this.#replicate(room, REGISTRY)
      case 'n': {
        const notes = new Notes({
          store: this.#store,
          room: room.subject as SharedId,
          doc: room.doc,
          begins: true,
          mayWrite: true
        })
        await notes.start()
        return () => notes.close()
      }
      case 'i':
        return followExperiments(this.#store, room.doc)
    }
  }

  async #replicate(room: Room, id: SharedId): Promise<Detach> {
    const replicator = new Replicator({
      store: this.#store,
      room: id,
      doc: new RoomDoc(room.doc),
      mayWrite: true,
      onState: sayProblems(room.name)
    })
    await replicator.start()
    return () => replicator.close()
  }
}

/** Nobody looks at a host: what is the matter with a room goes to its log, each time that it is something else. */
function sayProblems(room: string): (state: ReplicatorState) => void {
  let said: string | null = null
  return ({ problem }) => {
    if (problem !== null && problem !== said) console.error(`Runnel: the room ${room}: ${problem}`)
    said = problem
  }
}
