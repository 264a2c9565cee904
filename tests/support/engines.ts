/**
 * Stores for tests: real engines, a journal that keeps commits in memory and can be told to fail, blobs in memory. On a file the journal
 * is the real one too, beneath the one in memory.
 */
import { createHash } from 'node:crypto'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import initSqlJs from 'sql.js'
import { RunnelError } from '#lib/domain/errors.ts'
import type { BlobId } from '#lib/domain/ids.ts'
import { LIMITS } from '#lib/domain/limits.ts'
import { gather, type BlobStore, type ByteSource } from '#lib/store/blobs.ts'
import { replay, type SqlEngine, type Statement } from '#lib/store/engine.ts'
import type { Journal } from '#lib/store/journal.ts'
import { Store, type StoreParts } from '#lib/store/store.ts'
import { NodeSqliteEngine } from '../../sync-server/store/node-sqlite-engine.ts'
import { WalJournal } from '../../sync-server/store/wal-journal.ts'
import { SqlJsEngine } from '../../src/workers/sqljs-engine.ts'

export const ENGINES = ['sql.js', 'node:sqlite', 'a file'] as const
export type EngineName = (typeof ENGINES)[number]

const SQL = await initSqlJs()

/** In memory, whatever the name. */
export function createEngine(name: EngineName): SqlEngine {
  return name === 'sql.js' ? new SqlJsEngine(SQL) : new NodeSqliteEngine(':memory:')
}

/** A whole database in memory. */
export const openSqlJs = (image: Uint8Array): SqlJsEngine => new SqlJsEngine(SQL, image)

const ON_FILE: EngineName = 'a file'

let files = 0
let folder: string | null = null

function newDatabaseFile(): string {
  if (folder === null) {
    const made = mkdtempSync(join(tmpdir(), 'runnel-stores-'))
    folder = made
    process.on('exit', () => rmSync(made, { recursive: true, force: true }))
  }
  return join(folder, `${++files}.db`)
}

/** Keeps every commit as a structured clone, as IndexedDB would, and rebuilds an engine from them. */
export class MemoryJournal implements Journal {
  readonly commits: Statement[][] = []
  /** How long the disk takes over each append. */
  latencyMs = 0
  /** Whether a full disk has room kept back for deletions. */
  sparesDeletions = false
  readonly #create: () => SqlEngine
  #failWith: RunnelError | null = null
  #failure: RunnelError | null = null
  /** Counts recoveries: what was on its way before one is lost with the rest. */
  #round = 0

  constructor(create: () => SqlEngine) {
    this.#create = create
  }

  /** From the next append on, every append fails; null ends it. */
  failWith(error: RunnelError | null): void {
    this.#failWith = error
  }

  async append(statements: readonly Statement[], { makesRoom } = { makesRoom: false }): Promise<void> {
    const round = this.#round
    await (this.latencyMs > 0 ? new Promise((resolve) => setTimeout(resolve, this.latencyMs)) : Promise.resolve())
    // As the commit log does: until it has recovered, everything falls with the first.
    if (round !== this.#round)
      throw this.#failWith ?? new RunnelError('TEMPORARILY_UNAVAILABLE', 'An earlier commit was lost.')
    if (!(makesRoom && this.sparesDeletions)) this.#failure ??= this.#failWith
    if (this.#failure) throw this.#failure
    this.commits.push(structuredClone(statements) as Statement[])
  }

  async recover(): Promise<SqlEngine> {
    await Promise.resolve()
    this.#round++
    const engine = this.createEngine()
    for (const commit of this.commits) replay(engine, commit)
    this.#failure = null
    return engine
  }

  protected createEngine(): SqlEngine {
    return this.#create()
  }
}

/** The journal of a Node host, and above it one that can be told to fail. */
class FileJournal extends MemoryJournal {
  #wal: WalJournal

  private constructor(wal: WalJournal) {
    super(() => wal.engine)
    this.#wal = wal
  }

  static async open(): Promise<FileJournal> {
    return new FileJournal(await openWal())
  }

  get engine(): SqlEngine {
    return this.#wal.engine
  }

  override async append(statements: readonly Statement[], options?: { readonly makesRoom: boolean }): Promise<void> {
    // Both at once: the real one is called in the order of commits, as the database promises.
    const kept = this.#wal.append(statements)
    await super.append(statements, options)
    await kept
  }

  /** What it was told to lose is in the file all the same, so what it kept goes into another. */
  override async recover(): Promise<SqlEngine> {
    this.#wal = await openWal()
    return super.recover()
  }

  protected override createEngine(): SqlEngine {
    return this.#wal.engine
  }
}

/** Held until the process ends, as no test closes its store: a file that is collected while it is open is a warning. */
const openWals: WalJournal[] = []

async function openWal(): Promise<WalJournal> {
  const wal = await WalJournal.open(newDatabaseFile(), {
    logBytes: 0,
    onCommit: () => undefined,
    onFailure: (error) => {
      throw error
    }
  })
  openWals.push(wal)
  return wal
}

export class MemoryBlobs implements BlobStore {
  readonly maxBytes = LIMITS.requestBodyBytes
  readonly #blobs = new Map<BlobId, { bytes: Blob; time: number }>()
  readonly #now: () => number

  constructor(now: () => number) {
    this.#now = now
  }

  async put(source: ByteSource) {
    const bytes = await gather(source, this.maxBytes)
    const blobId = createHash('sha256')
      .update(await bytes.bytes())
      .digest('hex') as BlobId
    this.#blobs.set(blobId, { bytes, time: this.#now() })
    return { blobId, size: bytes.size }
  }

  async get(id: BlobId) {
    return Promise.resolve(this.#blobs.get(id)?.bytes ?? null)
  }

  /** Every blob there is. */
  all(): [BlobId, Blob][] {
    return [...this.#blobs].map(([id, { bytes }]) => [id, bytes])
  }

  async olderThan(time: number) {
    return Promise.resolve([...this.#blobs].filter(([, blob]) => blob.time < time).map(([id]) => id))
  }

  async delete(ids: readonly BlobId[], time: number) {
    let freed = 0
    for (const id of ids) {
      const blob = this.#blobs.get(id)
      if (!blob || blob.time >= time) continue
      freed += blob.bytes.size
      this.#blobs.delete(id)
    }
    return Promise.resolve(freed)
  }
}

export interface TestStore {
  readonly store: Store
  readonly journal: MemoryJournal
  readonly blobs: MemoryBlobs
  /** The engine the store started with: for dumps. After a recovery it is closed; use `store.exclusive`. */
  readonly engine: SqlEngine
  /** The store's clock, epoch ms: set it to move time. It starts at a fixed instant and stands still. */
  readonly clock: { now: number }
}

/** `roots` as a host would be told them; `image` is what is in it from the start, on sql.js. */
export async function openTestStore(
  name: EngineName,
  roots: Pick<StoreParts, 'artifactRoot' | 'localArtifacts'> = {},
  image?: Uint8Array
): Promise<TestStore> {
  const clock = { now: Date.UTC(2026, 0, 1) }
  const fileJournal = name === ON_FILE ? await FileJournal.open() : null
  const journal = fileJournal ?? new MemoryJournal(() => createEngine(name))
  const engine = fileJournal?.engine ?? (image ? openSqlJs(image) : createEngine(name))
  const blobs = new MemoryBlobs(() => clock.now)
  const store = await Store.open({ ...roots, engine, journal, blobs, clock: () => clock.now })
  return { store, journal, blobs, engine, clock }
}

/** Every row of every table, in a stable order: two stores are the same when their dumps are. */
export async function dumpStore(store: Store): Promise<Record<string, unknown[]>> {
  return store.exclusive((engine) => {
    const tables = engine.all(`select name from sqlite_master where type = 'table' order by name`, [])
    return Object.fromEntries(
      tables.map(({ name }) => {
        const rows = engine.all(`select * from ${String(name)}`, [])
        return [String(name), rows.map((row) => JSON.stringify(row)).sort()]
      })
    )
  })
}
