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
import { awaitedBlobs } from './sync/awaited-rows.ts'
import { toldBlobs } from './sync/told-blobs.ts'
import { captureFacts } from './sync/capture.ts'
import { findWriter, openReplica, retireWriter, type Replica } from './sync/replica.ts'
import { giveUpOldUploads, uploadedBlobs } from './uploads.ts'

export interface StoreParts {
  readonly engine: SqlEngine
  readonly journal: Journal
  readonly blobs: BlobStore
  /** Blobs of this store alone, where `blobs` fetches what it does not have: for what must not wait for a network. */
  readonly blobsHere?: BlobStore
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
  /** Those that are here, and nobody is asked for others. */
  readonly blobsHere: BlobStore
  /** The sealed points of series, outside the store's lock. */
  readonly chunks: ChunkLoader
  readonly localArtifacts: LocalArtifacts | null
  readonly now: Clock
  /** This store as one of several that share experiments. */
  readonly replica: Replica
  readonly #database: Database
  readonly #chunksHere: ChunkLoader

  private constructor(
    database: Database,
    feed: ChangeFeed,
    chunks: ChunkLoader,
    chunksHere: ChunkLoader,
    parts: StoreParts,
    replica: Replica,
    now: Clock
  ) {
    this.#database = database
    this.replica = replica
    this.changes = feed
    this.blobs = parts.blobs
    this.blobsHere = parts.blobsHere ?? parts.blobs
    this.chunks = chunks
    this.#chunksHere = chunksHere
    this.localArtifacts = parts.localArtifacts ?? null
    this.now = now
  }

  /** Open and migrate. Fails with INVALID_STATE when the data belongs to a newer version. */
  static async open(parts: StoreParts): Promise<Store> {
    const { engine, journal, blobs, clock = systemClock, artifactRoot = ARTIFACT_SCHEME } = parts
    const feed = new ChangeFeed()
    const chunks = new ChunkLoader(blobs)
    const chunksHere = parts.blobsHere === undefined ? chunks : new ChunkLoader(parts.blobsHere)
    let replica: Replica | null = null
    const beforeCommit = async (tx: Tx) => {
      if (replica !== null) await captureFacts(tx, replica)
    }
    const database = new Database({ engine, journal, feed, now: clock, artifactRoot, chunks: chunksHere, beforeCommit })
    await migrate(database)
    if ((await database.read(findWriter)) !== null) await database.write(retireWriter)
    replica = await database.read((r) => openReplica(r, clock))
    return new Store(database, feed, chunks, chunksHere, parts, replica, clock)
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
      return new Set([
        ...(await referredBlobs(tx)),
        ...(await uploadedBlobs(tx)),
        ...(await chunkBlobs(tx)),
        ...(await awaitedBlobs(tx)),
        ...(await toldBlobs(tx))
      ])
    })
    for (const loader of [this.chunks, this.#chunksHere]) loader.closeBlobs()
    return this.blobs.delete(
      old.filter((id) => !referred.has(id)),
      before
    )
  }
}
