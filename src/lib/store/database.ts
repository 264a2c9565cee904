/**
 * One engine, one writer, one journal.
 *
 *   write(fn):  lock ─► begin ─► fn ─► commit in memory ─► journal.append ─► unlock ─► wait until durable ─► announce ─► resolve
 *
 * Invariants
 * - Reads and writes take turns on one lock, so a read never sees half a transaction.
 * - The lock is released before the commit is durable: commits that follow share the journal's next group.
 * - When an append fails, the engine is thrown away and rebuilt from what is durable before anything else runs, and every commit that
 *   was lost rejects. Memory never runs ahead of what was promised.
 */
import { Kysely } from 'kysely'
import { RunnelError, assert } from '#lib/domain/errors.ts'
import type { ExperimentId, ModelId, RunId } from '#lib/domain/ids.ts'
import type { Series } from '#lib/domain/series.ts'
import { ChangeDraft, type ChangeFeed } from './changes.ts'
import type { ChunkLoader } from './chunk-loader.ts'
import { createDialect, type QuerySink } from './dialect.ts'
import type { BulkInsert, SqlEngine, SqlValue, Statement } from './engine.ts'
import type { Journal } from './journal.ts'
import { Lock } from './lock.ts'
import type { Schema } from './schema.ts'

export interface Reader {
  readonly db: Kysely<Schema>
}

export interface Tx extends Reader {
  /** The URI below which new experiments keep their artifacts. */
  readonly artifactRoot: string
  /** For the one question that a write may have to ask of sealed points: whether it repeats one. */
  readonly chunks: ChunkLoader
  /** The one time of this transaction, epoch ms: statements never ask a clock. */
  readonly now: number
  readonly changes: ChangeDraft
  /** Facts that stay true until somebody says otherwise, remembered so that hot paths need not ask SQL again. Forgotten on recovery. */
  readonly known: KnownFacts
  /** Points that came to series, for whoever tells other stores. In order, new to their series. */
  readonly points: LoggedSeries[]
  /** Runs and logged models that changed their experiment, for the same. */
  readonly moved: Set<RunId | ModelId>
  /** Set while facts of other stores become rows: what it changes is nothing this store says. */
  isMerge: boolean
  insertMany(insert: BulkInsert): number
  /** Say that this transaction deletes, or leads to it: it goes through on a full disk too. */
  makeRoom(): void
  /** Run a part that may be refused: when it throws, only its own statements are undone, and the error is thrown on. */
  attempt<T>(part: () => Promise<T>): Promise<T>
}

export interface LoggedSeries {
  readonly runId: RunId
  readonly experimentId: ExperimentId
  readonly key: string
  readonly points: Series
}

/** A set of strings, which a transaction's changes are part of only once it has committed. */
export interface KnownFacts {
  has(fact: string): boolean
  add(fact: string): void
  /** It is true no longer. */
  forget(fact: string): void
}

export interface DatabaseOptions {
  readonly artifactRoot: string
  readonly chunks: ChunkLoader
  readonly engine: SqlEngine
  readonly journal: Journal
  readonly feed: ChangeFeed
  readonly now: () => number
  /** Runs at the end of every transaction, inside it. */
  readonly beforeCommit?: (tx: Tx) => Promise<void>
}

/** How often a deletion is tried on a full disk. */
const ROOM_ATTEMPTS = 5

const isOutOfRoom = (error: unknown): boolean => error instanceof RunnelError && error.code === 'RESOURCE_EXHAUSTED'

export class Database {
  readonly #lock = new Lock()
  readonly #journal: Journal
  readonly #feed: ChangeFeed
  readonly #now: () => number
  readonly #artifactRoot: string
  readonly #chunks: ChunkLoader
  readonly #db: Kysely<Schema>
  readonly #beforeCommit: (tx: Tx) => Promise<void>
  #engine: SqlEngine
  #open: Transaction | null = null
  #known = new Set<string>()
  /** The newest append: when it is durable, all before it are. */
  #newest: Promise<void> = Promise.resolve()
  /** Set while memory holds what could not be kept; the next user of the lock recovers first. */
  #doomed = false

  constructor({ engine, journal, feed, now, artifactRoot, chunks, beforeCommit }: DatabaseOptions) {
    this.#engine = engine
    this.#journal = journal
    this.#feed = feed
    this.#now = now
    this.#artifactRoot = artifactRoot
    this.#chunks = chunks
    this.#beforeCommit = beforeCommit ?? (() => Promise.resolve())
    this.#db = new Kysely<Schema>({ dialect: createDialect(this.#sink()) })
  }

  /** Bytes of the database in memory. */
  size(): number {
    return this.#engine.size()
  }

  read<T>(fn: (reader: Reader) => Promise<T>): Promise<T> {
    return this.#lock.run(async () => {
      await this.#recoverIfDoomed()
      return fn({ db: this.#db })
    })
  }

  /** Run `work` with the engine while no transaction is open: for checkpoints. */
  exclusive<T>(work: (engine: SqlEngine) => T): Promise<T> {
    return this.#lock.run(async () => {
      await this.#recoverIfDoomed()
      return work(this.#engine)
    })
  }

  /**
   * Run `fn` as one transaction. Resolves with its value when the commit is durable.
   * Fails with what `fn` threw (nothing kept), or with the journal's RunnelError (nothing kept either).
   */
  async write<T>(fn: (tx: Tx) => Promise<T>, origin: string | null = null): Promise<T> {
    for (let attempt = 1; ; attempt++) {
      const { value, durable, changes, makesRoom } = await this.#commit(fn)
      try {
        await durable
      } catch (error) {
        // Rebuild at once rather than at the next call, so that readers do not go on seeing what was lost.
        await this.#lock.run(() => this.#recoverIfDoomed()).catch(() => undefined)
        // A deletion may have fallen with a commit before it that had no room; by itself it goes through.
        if (makesRoom && attempt < ROOM_ATTEMPTS && isOutOfRoom(error)) continue
        throw error
      }
      if (changes.kinds.size > 0) this.#feed.announce({ origin, ...changes })
      return value
    }
  }

  /** Run `fn` and commit in memory. `durable` settles when that, and all it may have read, is safe or lost. */
  #commit<T>(fn: (tx: Tx) => Promise<T>) {
    return this.#lock.run(async () => {
      await this.#recoverIfDoomed()
      const { value, transaction } = await this.#transact(fn)
      const { statements, changes, makesRoom } = transaction
      if (statements.length > 0) {
        // Appended inside the lock, so that the journal sees commits in the order memory does.
        this.#newest = this.#journal.append(statements, { makesRoom })
        this.#newest.catch(() => (this.#doomed = true))
      }
      // Who changed nothing may be answering from what the newest commit did: a resend that was trimmed, an equal param again.
      return { value, durable: this.#newest, changes, makesRoom }
    })
  }

  async #transact<T>(fn: (tx: Tx) => Promise<T>): Promise<{ value: T; transaction: Transaction }> {
    const transaction = new Transaction(this.#engine, this.#known, {
      db: this.#db,
      now: this.#now(),
      artifactRoot: this.#artifactRoot,
      chunks: this.#chunks
    })
    this.#engine.run('begin', [])
    this.#open = transaction
    try {
      const value = await fn(transaction)
      await this.#beforeCommit(transaction)
      this.#engine.run('commit', [])
      for (const fact of transaction.forgotten) this.#known.delete(fact)
      for (const fact of transaction.learned) this.#known.add(fact)
      return { value, transaction }
    } catch (error) {
      try {
        this.#engine.run('rollback', [])
      } catch {
        // The engine is in no known state (out of memory, most likely): what is durable is.
        this.#doomed = true
      }
      throw error
    } finally {
      this.#open = null
    }
  }

  async #recoverIfDoomed(): Promise<void> {
    if (!this.#doomed) return
    try {
      const lost = this.#engine
      this.#engine = await this.#journal.recover()
      // Its memory is the whole database's, and a full disk fails again and again.
      closeQuietly(lost)
    } catch (cause) {
      // A journal that will not open again says why.
      if (cause instanceof RunnelError) throw cause
      throw new RunnelError(
        'TEMPORARILY_UNAVAILABLE',
        'The store could not be read back after a failed write. What was acknowledged is safe; reload this page to try again.',
        { cause }
      )
    }
    this.#known = new Set()
    this.#newest = Promise.resolve()
    this.#doomed = false
    this.#feed.announceLoss()
  }

  #sink(): QuerySink {
    return {
      select: (sql, params) => this.#engine.all(sql, params),
      change: (sql, params, returning) => {
        assert(this.#open !== null, 'a statement that changes data runs inside Database.write')
        return this.#open.change(sql, params, returning)
      }
    }
  }
}

/** An engine that is thrown away may be beyond closing: then its memory goes with the worker. */
function closeQuietly(engine: SqlEngine): void {
  try {
    engine.close()
  } catch (error) {
    console.warn('Runnel: an engine that was given up did not close.', error)
  }
}

class Transaction implements Tx {
  readonly db: Kysely<Schema>
  readonly now: number
  readonly changes = new ChangeDraft()
  readonly statements: Statement[] = []
  readonly learned = new Set<string>()
  readonly forgotten = new Set<string>()
  readonly points: LoggedSeries[] = []
  readonly moved = new Set<RunId | ModelId>()
  isMerge = false
  makesRoom = false
  readonly known: KnownFacts
  readonly artifactRoot: string
  readonly chunks: ChunkLoader
  readonly #engine: SqlEngine
  #savepoints = 0

  constructor(
    engine: SqlEngine,
    known: ReadonlySet<string>,
    { db, now, artifactRoot, chunks }: Pick<Tx, 'db' | 'now' | 'artifactRoot' | 'chunks'>
  ) {
    this.#engine = engine
    this.db = db
    this.now = now
    this.artifactRoot = artifactRoot
    this.chunks = chunks
    this.known = {
      has: (fact) => this.learned.has(fact) || (known.has(fact) && !this.forgotten.has(fact)),
      add: (fact) => this.learned.add(fact),
      forget: (fact) => {
        this.learned.delete(fact)
        this.forgotten.add(fact)
      }
    }
  }

  change(sql: string, params: readonly SqlValue[], returning: boolean) {
    const result = returning
      ? { rows: this.#engine.all(sql, params), changes: 0 }
      : { rows: [], changes: this.#engine.run(sql, params) }
    this.statements.push({ sql, params })
    return result
  }

  insertMany(insert: BulkInsert): number {
    const added = this.#engine.insertMany(insert)
    // Exact repeats change nothing, so a retry leaves no trace in the journal.
    if (added > 0) this.statements.push({ insert })
    return added
  }

  makeRoom(): void {
    this.makesRoom = true
  }

  async attempt<T>(part: () => Promise<T>): Promise<T> {
    const name = `part_${++this.#savepoints}`
    const [kept, points] = [this.statements.length, this.points.length]
    const [learned, forgotten, moved] = [new Set(this.learned), new Set(this.forgotten), new Set(this.moved)]
    this.#engine.run(`savepoint ${name}`, [])
    try {
      const value = await part()
      this.#engine.run(`release ${name}`, [])
      return value
    } catch (error) {
      this.#engine.run(`rollback to ${name}`, [])
      this.#engine.run(`release ${name}`, [])
      this.statements.length = kept
      this.points.length = points
      restore(this.moved, moved)
      restore(this.learned, learned)
      restore(this.forgotten, forgotten)
      throw error
    }
  }
}

function restore<T>(set: Set<T>, earlier: ReadonlySet<T>): void {
  set.clear()
  for (const one of earlier) set.add(one)
}
