import { systemClock, type Clock } from '#lib/domain/time.ts'
import { ARTIFACT_SCHEME } from '#lib/domain/artifact.ts'
import { referredBlobs } from './artifacts.ts'
import { BLOB_GRACE_MS, type BlobStore } from './blobs.ts'
import { ChangeFeed } from './changes.ts'
import { ChunkLoader } from './chunk-loader.ts'
import { Database, type Reader, type Tx } from './database.ts'
import type { SqlEngine } from './engine.ts'
import type { Journal } from './journal.ts'
import type { LocalArtifacts } from './local-artifacts.ts'
import { migrate } from './migrations.ts'
import { chunkBlobs } from './series-chunks.ts'
import { giveUpOldUploads, uploadedBlobs } from './uploads.ts'

export interface StoreParts {
  readonly engine: SqlEngine
  readonly journal: Journal
  readonly blobs: BlobStore
  readonly clock?: Clock
  /** The URI below which new experiments keep their artifacts; this store's own when left out. */
  readonly artifactRoot?: string
  /** The folder of this host's disk in which clients write artifacts themselves, if there is one. */
  readonly localArtifacts?: LocalArtifacts
}

/**
 * Where everything is kept. What can be asked and done stands in one module per noun (`experiments.ts`, `runs.ts`, …), as functions
 * of a Reader or a Tx, so that a door can do several things in one transaction.
 */
export class Store {
  readonly changes: ChangeFeed
  readonly blobs: BlobStore
  /** The sealed points of series, outside the store's lock. */
  readonly chunks: ChunkLoader
  readonly localArtifacts: LocalArtifacts | null
  readonly now: Clock
  readonly #database: Database

  private constructor(database: Database, feed: ChangeFeed, chunks: ChunkLoader, parts: StoreParts, now: Clock) {
    this.#database = database
    this.changes = feed
    this.blobs = parts.blobs
    this.chunks = chunks
    this.localArtifacts = parts.localArtifacts ?? null
    this.now = now
  }

  /** Open and migrate. Fails with INVALID_STATE when the data belongs to a newer version. */
  static async open(parts: StoreParts): Promise<Store> {
    const { engine, journal, blobs, clock = systemClock, artifactRoot = ARTIFACT_SCHEME } = parts
    const feed = new ChangeFeed()
    const chunks = new ChunkLoader(blobs)
    const database = new Database({ engine, journal, feed, now: clock, artifactRoot, chunks })
    await migrate(database)
    return new Store(database, feed, chunks, parts, clock)
  }

  /** A consistent look: nothing is written while `fn` runs. */
  read<T>(fn: (reader: Reader) => Promise<T>): Promise<T> {
    return this.#database.read(fn)
  }

  /** One transaction. Resolves when durable, rejects with nothing kept. `origin` lets a listener know its own echo. */
  write<T>(fn: (tx: Tx) => Promise<T>, origin?: string): Promise<T> {
    return this.#database.write(fn, origin ?? null)
  }

  /** The engine while no transaction is open: for checkpoints. */
  exclusive<T>(work: (engine: SqlEngine) => T): Promise<T> {
    return this.#database.exclusive(work)
  }

  /** Bytes of the database in memory. */
  size(): number {
    return this.#database.size()
  }

  /** Let go of blobs that nothing refers to any more. Returns the bytes freed. */
  async sweepBlobs(): Promise<number> {
    const before = this.now() - BLOB_GRACE_MS
    const old = await this.blobs.olderThan(before)
    if (old.length === 0) return 0
    // A write, not a read: a read could see a deletion that is applied but not yet durable, and if that is lost its file is there again.
    const referred = await this.write(async (tx) => {
      await giveUpOldUploads(tx)
      return new Set([...(await referredBlobs(tx)), ...(await uploadedBlobs(tx)), ...(await chunkBlobs(tx))])
    })
    return this.blobs.delete(
      old.filter((id) => !referred.has(id)),
      before
    )
  }
}
