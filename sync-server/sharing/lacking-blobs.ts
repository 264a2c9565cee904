import type { BlobId } from '#lib/domain/ids.ts'
import { SHARING } from '#lib/domain/limits.ts'
import type { SharedId } from '#lib/domain/sync/subject.ts'
import type { Store } from '#lib/store/store.ts'
import { findRoom } from '#lib/store/sync/rooms.ts'
import { neededBlobs } from '#lib/store/sync/shared-blobs.ts'

/** What a host lacks, in the order of names, and whether there is more after that. */
export interface LackingAnswer {
  readonly blobs: readonly BlobId[]
  readonly more: boolean
}

/**
 * Blobs that rows of a shared experiment name and this host does not have: it came back from a backup, or its disk lost them. Whoever has
 * them brings them.
 */
export class LackingBlobs {
  readonly #store: Store
  /** Who comes back comes with others: they have one look together. */
  readonly #looks = new Map<SharedId, Promise<readonly BlobId[]>>()

  constructor(store: Store) {
    this.#store = store
  }

  /** Those after `after`, `SHARING.lackingBlobs` at most. None of an experiment that is not shared. */
  async of(room: SharedId, after: string, most: number = SHARING.lackingBlobs): Promise<LackingAnswer> {
    const all = (await this.#lookOnce(room)).filter((id) => id > after)
    return { blobs: all.slice(0, most), more: all.length > most }
  }

  #lookOnce(room: SharedId): Promise<readonly BlobId[]> {
    const known = this.#looks.get(room)
    if (known) return known
    const look = this.#look(room).finally(() => this.#looks.delete(room))
    this.#looks.set(room, look)
    return look
  }

  async #look(id: SharedId): Promise<readonly BlobId[]> {
    const needed = await this.#store.read(async (r) => {
      const room = await findRoom(r, id)
      return room === null ? [] : neededBlobs(r, room.experimentId)
    })
    const lacking: BlobId[] = []
    for (const blob of needed) if ((await this.#store.blobs.get(blob)) === null) lacking.push(blob)
    return lacking.sort()
  }
}
