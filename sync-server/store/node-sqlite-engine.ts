import { DatabaseSync, type StatementSync } from 'node:sqlite'
import { RunnelError } from '#lib/domain/errors.ts'
import {
  insertInBlocks,
  sizeInPages,
  type BulkInsert,
  type SqlEngine,
  type SqlRow,
  type SqlValue
} from '#lib/store/engine.ts'
import { sqliteFailure } from './sqlite-failure.ts'

const CACHED_STATEMENTS = 300

/** How long SQLite itself waits for another program that is writing the file. It waits on the one thread, so not for long. */
const BUSY_MS = 2000

/**
 * Of the whole connection. A commit writes the log and syncs nothing: the journal does, for many at once (decision 0009).
 * The log is emptied by the checkpointer; SQLite would do it here, in the middle of a commit, only if that one had failed for long.
 */
const SETUP = `
  pragma journal_mode = wal;
  pragma synchronous = normal;
  pragma wal_autocheckpoint = 65536;
  pragma cache_size = -65536;
  pragma temp_store = memory;
`

interface Prepared {
  readonly statement: StatementSync
  /** The columns of its rows; null until it has been asked for rows. */
  columns: readonly string[] | null
}

/** SQLite as Node brings it. `location`: a file's path, or `:memory:`. What the disk refuses is thrown as a RunnelError. */
export class NodeSqliteEngine implements SqlEngine {
  readonly #db: DatabaseSync
  readonly #prepared = new Map<string, Prepared>()
  #inTransaction = false
  /** Why SQLite has ended the open transaction by itself: nothing more may run in it, or it would be kept alone. */
  #ended: unknown = null

  constructor(location: string) {
    try {
      this.#db = new DatabaseSync(location, { enableForeignKeyConstraints: false, timeout: BUSY_MS })
      this.#db.exec(SETUP)
    } catch (error) {
      throw sqliteFailure(error) ?? error
    }
  }

  all(sql: string, params: readonly SqlValue[]): SqlRow[] {
    return this.#guarded(() => {
      const prepared = this.#prepare(sql)
      // Node's row objects are slow to make and have no prototype: arrays and a loop take a sixth of the time.
      prepared.columns ??= columnsOf(prepared.statement)
      return rowsOf(prepared.statement, params).map((values) => toRow(prepared.columns!, values))
    })
  }

  run(sql: string, params: readonly SqlValue[]): number {
    if (sql === 'begin') this.#inTransaction = true
    if (sql === 'rollback') {
      this.#inTransaction = false
      this.#ended = null
      if (this.#db.isOpen && !this.#db.isTransaction) return 0
    }
    const changes = this.#guarded(() => Number(this.#prepare(sql).statement.run(...params).changes))
    if (sql === 'commit') this.#inTransaction = false
    return changes
  }

  insertMany(insert: BulkInsert): number {
    return insertInBlocks(this, insert)
  }

  size(): number {
    return sizeInPages(this)
  }

  /** Pages in the write-ahead log since it last began anew. Not while a transaction is open. */
  logPages(): number {
    return Number(this.all('pragma wal_checkpoint(noop)', [])[0]?.['log'] ?? 0)
  }

  close(): void {
    this.#prepared.clear()
    if (this.#db.isOpen) this.#db.close()
  }

  #guarded<T>(work: () => T): T {
    // eslint-disable-next-line @typescript-eslint/only-throw-error -- thrown before, and thrown on as it was
    if (this.#ended !== null) throw this.#ended
    try {
      return work()
    } catch (cause) {
      if (!this.#db.isOpen) throw stopping()
      const error = sqliteFailure(cause) ?? cause
      // A full disk, an I/O error or too little memory: https://sqlite.org/lang_transaction.html#response_to_errors_within_a_transaction
      if (this.#inTransaction && !this.#db.isTransaction) this.#ended = error
      throw error
    }
  }

  #prepare(sql: string): Prepared {
    let prepared = this.#prepared.get(sql)
    // Least recently used first, so that the hot ones stay.
    if (prepared) this.#prepared.delete(sql)
    else {
      prepared = { statement: this.#db.prepare(sql), columns: null }
      const [oldest] = this.#prepared.keys()
      if (this.#prepared.size >= CACHED_STATEMENTS && oldest !== undefined) this.#prepared.delete(oldest)
    }
    this.#prepared.set(sql, prepared)
    return prepared
  }
}

const stopping = () =>
  new RunnelError('TEMPORARILY_UNAVAILABLE', 'Runnel is stopping, so this was not kept. Try again once it has started.')

function columnsOf(statement: StatementSync): readonly string[] {
  statement.setReturnArrays(true)
  return statement.columns().map(({ name }) => name)
}

/** Node reads no integer beyond 2^53 as a number unless it is asked for all of them as bigints; sql.js gives the nearest double. */
function rowsOf(statement: StatementSync, params: readonly SqlValue[]): SqlValue[][] {
  try {
    return statement.all(...params) as unknown as SqlValue[][]
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ERR_OUT_OF_RANGE') throw error
  }
  statement.setReadBigInts(true)
  try {
    const rows = statement.all(...params) as unknown as (SqlValue | bigint)[][]
    return rows.map((values) => values.map((value) => (typeof value === 'bigint' ? Number(value) : value)))
  } finally {
    statement.setReadBigInts(false)
  }
}

function toRow(columns: readonly string[], values: readonly SqlValue[]): SqlRow {
  const row: SqlRow = {}
  for (let i = 0; i < columns.length; i++) row[columns[i]!] = values[i]!
  return row
}
