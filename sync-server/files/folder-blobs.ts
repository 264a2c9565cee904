import { createHash, randomUUID, type Hash } from 'node:crypto'
import { mkdir, open, readdir, rename, rm, stat, unlink, utimes } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import type { BlobId } from '#lib/domain/ids.ts'
import { LIMITS } from '#lib/domain/limits.ts'
import type { Clock } from '#lib/domain/time.ts'
import { readSource, type BlobStore, type ByteSource } from '#lib/store/blobs.ts'
import { Lock } from '#lib/store/lock.ts'
import { fileFailure, isAbsent } from './file-failure.ts'
import { FileBlob } from './file-blob.ts'

/** What comes in, until it is whole; nothing in it outlives the process. */
const INCOMING = 'incoming'
const SHELF = /^[0-9a-f]{2}$/
const REST_OF_ID = /^[0-9a-f]{62}$/

/**
 * Blobs as files of one folder, which one process owns:
 *
 *   incoming/<uuid>   bytes on their way in: written, hashed and synced here
 *   ab/cdef…          the blob abcdef…, put there by an atomic rename; its modification time is when it was last put
 */
export class FolderBlobs implements BlobStore {
  readonly maxBytes: number
  readonly #folder: string
  readonly #now: Clock
  /** Putting a blob in its place and deleting it take turns: a blob made young must not fall to a look taken before. */
  readonly #shelving = new Lock()
  #tidying: Promise<void> | null = null

  private constructor(folder: string, now: Clock, maxBytes: number) {
    this.#folder = folder
    this.#now = now
    this.maxBytes = maxBytes
  }

  /** Made when it is not there. */
  static async open(
    folder: string,
    clock: Clock,
    { maxBytes = LIMITS.hostArtifactBytes }: { readonly maxBytes?: number } = {}
  ): Promise<FolderBlobs> {
    try {
      await mkdir(folder, { recursive: true })
    } catch (cause) {
      throw fileFailure(cause)
    }
    return new FolderBlobs(folder, clock, maxBytes)
  }

  async put(source: ByteSource): Promise<{ blobId: BlobId; size: number }> {
    const incoming = join(this.#folder, INCOMING, randomUUID())
    try {
      await this.#tidyOnce()
      const { blobId, size } = await writeHashed(incoming, source, this.maxBytes)
      await this.#shelving.run(() => this.#shelve(incoming, blobId))
      return { blobId, size }
    } catch (cause) {
      await rm(incoming, { force: true }).catch(() => undefined)
      throw fileFailure(cause)
    }
  }

  /**
   * Remove what a process that died was writing. Not at open, which may come before the store's lock says that this is the only process:
   * what is asked of blobs comes after.
   */
  #tidyOnce(): Promise<void> {
    this.#tidying ??= emptyFolder(join(this.#folder, INCOMING)).catch((error: unknown) => {
      this.#tidying = null
      throw error
    })
    return this.#tidying
  }

  /** Over what may be there: these bytes were just checked, and whoever reads the old file goes on reading it. */
  async #shelve(incoming: string, id: BlobId): Promise<void> {
    const place = this.#placeOf(id)
    const shelf = dirname(place)
    const seconds = this.#now() / 1000
    await utimes(incoming, seconds, seconds)
    if ((await mkdir(shelf, { recursive: true })) !== undefined) await syncFolder(this.#folder)
    await rename(incoming, place)
    await syncFolder(shelf)
  }

  async get(id: BlobId): Promise<Blob | null> {
    const place = this.#placeOf(id)
    try {
      const { size } = await stat(place)
      return new FileBlob({ size, open: () => open(place, 'r') })
    } catch (error) {
      if (isAbsent(error)) return null
      throw fileFailure(error)
    }
  }

  async olderThan(time: number): Promise<BlobId[]> {
    const old: BlobId[] = []
    try {
      await this.#tidyOnce()
      for await (const id of this.#all()) {
        const age = await this.#look(id)
        if (age && age.time < time) old.push(id)
      }
    } catch (cause) {
      throw fileFailure(cause)
    }
    return old
  }

  async *#all(): AsyncGenerator<BlobId> {
    for (const shelf of await readdir(this.#folder)) {
      if (!SHELF.test(shelf)) continue
      for (const rest of await readdir(join(this.#folder, shelf)))
        if (REST_OF_ID.test(rest)) yield (shelf + rest) as BlobId
    }
  }

  async delete(ids: readonly BlobId[], time: number): Promise<number> {
    let freed = 0
    for (const id of ids) freed += await this.#shelving.run(() => this.#deleteOlder(id, time))
    return freed
  }

  async #deleteOlder(id: BlobId, time: number): Promise<number> {
    const age = await this.#look(id)
    if (!age || age.time >= time) return 0
    await unlink(this.#placeOf(id))
    return age.size
  }

  async #look(id: BlobId): Promise<{ readonly time: number; readonly size: number } | null> {
    try {
      const { mtimeMs, size } = await stat(this.#placeOf(id))
      // File systems keep times in units of their own; a millisecond is what the clock said.
      return { time: Math.round(mtimeMs), size }
    } catch (error) {
      if (isAbsent(error)) return null
      throw fileFailure(error)
    }
  }

  #placeOf(id: BlobId): string {
    return join(this.#folder, id.slice(0, 2), id.slice(2))
  }
}

/** Write a new file, hashing on the way, and sync it. What is left of a failed one is the caller's to remove. */
async function writeHashed(
  path: string,
  source: ByteSource,
  maxBytes: number
): Promise<{ readonly blobId: BlobId; readonly size: number }> {
  const hash = createHash('sha256')
  const file = await open(path, 'wx', 0o600)
  try {
    await file.writeFile(hashing(readSource(source, maxBytes), hash))
    await file.sync()
    const { size } = await file.stat()
    return { blobId: hash.digest('hex') as BlobId, size }
  } finally {
    await file.close()
  }
}

async function* hashing(pieces: AsyncIterable<Uint8Array>, hash: Hash): AsyncGenerator<Uint8Array> {
  for await (const piece of pieces) {
    hash.update(piece)
    yield piece
  }
}

async function emptyFolder(path: string): Promise<void> {
  await rm(path, { recursive: true, force: true })
  await mkdir(path)
}

/** A name is durable once its folder is. Windows cannot sync a folder, and needs not. */
async function syncFolder(path: string): Promise<void> {
  if (process.platform === 'win32') return
  const folder = await open(path, 'r')
  try {
    await folder.sync()
  } finally {
    await folder.close()
  }
}
