import type { BlobId } from '#lib/domain/ids.ts'
import type { BlobStore } from './blobs.ts'

/** Gets a blob from elsewhere and keeps it; false when it is not to be had. Fails as a network does. */
export type FetchBlob = (id: BlobId) => Promise<boolean>

/**
 * Blobs, some of which are with another store that this one shares with: asked for, they are fetched and kept. What must not wait for a
 * network (whatever runs inside a transaction) asks the store beneath.
 */
export class FetchingBlobs implements BlobStore {
  readonly maxBytes: number
  readonly #here: BlobStore
  readonly #coming = new Map<BlobId, Promise<boolean>>()
  /** Set once there is somebody to fetch from. */
  fetch: FetchBlob | null = null

  constructor(here: BlobStore) {
    this.#here = here
    this.maxBytes = here.maxBytes
  }

  put(...args: Parameters<BlobStore['put']>): ReturnType<BlobStore['put']> {
    return this.#here.put(...args)
  }

  async get(id: BlobId): ReturnType<BlobStore['get']> {
    const here = await this.#here.get(id)
    if (here !== null || this.fetch === null) return here
    return (await this.#fetch(id, this.fetch)) ? this.#here.get(id) : null
  }

  /** Whoever asks for one that is on its way waits for the same. */
  #fetch(id: BlobId, fetch: FetchBlob): Promise<boolean> {
    const coming = this.#coming.get(id) ?? fetch(id).finally(() => this.#coming.delete(id))
    this.#coming.set(id, coming)
    return coming
  }

  olderThan(...args: Parameters<BlobStore['olderThan']>): ReturnType<BlobStore['olderThan']> {
    return this.#here.olderThan(...args)
  }

  delete(...args: Parameters<BlobStore['delete']>): ReturnType<BlobStore['delete']> {
    return this.#here.delete(...args)
  }
}
