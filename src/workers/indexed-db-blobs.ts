import { openDB, type DBSchema, type IDBPDatabase } from 'idb'
import type { BlobId } from '#lib/domain/ids.ts'
import { LIMITS } from '#lib/domain/limits.ts'
import { gather, type BlobStore, type ByteSource } from '#lib/store/blobs.ts'
import { blobSha256Hex } from './sha256.ts'
import { storageError } from './storage-error.ts'

interface BlobSchema extends DBSchema {
  /** Blob values: read lazily and sliced without reading the rest. */
  blobs: { key: BlobId; value: Blob }
  /** When each blob was last put, epoch ms, beside it so that making it young does not write its bytes again. */
  ages: { key: BlobId; value: { readonly id: BlobId; readonly time: number }; indexes: { time: number } }
}

/** Blobs in IndexedDB, in a database of their own so that a large one does not hold up the commit log. */
export class IndexedDbBlobs implements BlobStore {
  /** What is streamed in passes through memory whole, as what crosses from a page does. */
  readonly maxBytes = LIMITS.requestBodyBytes
  readonly #db: IDBPDatabase<BlobSchema>
  readonly #now: () => number

  private constructor(db: IDBPDatabase<BlobSchema>, now: () => number) {
    this.#db = db
    this.#now = now
  }

  /** `onLost` is called when the browser takes the database away. */
  static async open(name: string, now: () => number, onLost: () => void): Promise<IndexedDbBlobs> {
    const db = await openDB<BlobSchema>(name, 1, {
      upgrade(fresh) {
        fresh.createObjectStore('blobs')
        fresh.createObjectStore('ages', { keyPath: 'id' }).createIndex('time', 'time')
      },
      blocking(_current, _wanted, event) {
        ;(event.target as IDBDatabase).close()
        onLost()
      },
      terminated: onLost
    })
    return new IndexedDbBlobs(db, now)
  }

  async put(source: ByteSource): Promise<{ blobId: BlobId; size: number }> {
    try {
      const bytes = await gather(source, this.maxBytes)
      const blobId = (await blobSha256Hex(bytes)) as BlobId
      const tx = this.#db.transaction(['blobs', 'ages'], 'readwrite', { durability: 'strict' })
      const done = tx.done
      try {
        const known = await tx.objectStore('blobs').getKey(blobId)
        if (known === undefined)
          tx.objectStore('blobs')
            .put(bytes, blobId)
            .catch(() => undefined)
        tx.objectStore('ages')
          .put({ id: blobId, time: this.#now() })
          .catch(() => undefined)
      } catch (error) {
        await done.catch(() => undefined)
        throw tx.error ?? error
      }
      await done
      return { blobId, size: bytes.size }
    } catch (cause) {
      throw storageError(cause)
    }
  }

  async get(id: BlobId): Promise<Blob | null> {
    return (await this.#db.get('blobs', id)) ?? null
  }

  async olderThan(time: number): Promise<BlobId[]> {
    return this.#db.getAllKeysFromIndex('ages', 'time', IDBKeyRange.upperBound(time, true))
  }

  async delete(ids: readonly BlobId[], time: number): Promise<number> {
    let freed = 0
    const tx = this.#db.transaction(['blobs', 'ages'], 'readwrite')
    for (const id of ids) {
      // Looked at again inside the transaction: somebody may have put the same bytes since.
      const age = await tx.objectStore('ages').get(id)
      if (!age || age.time >= time) continue
      freed += (await tx.objectStore('blobs').get(id))?.size ?? 0
      await tx.objectStore('blobs').delete(id)
      await tx.objectStore('ages').delete(id)
    }
    await tx.done
    return freed
  }

  close(): void {
    this.#db.close()
  }
}
