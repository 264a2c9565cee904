import type { Database as SqlJsDatabase, SqlJsStatic, Statement } from 'sql.js'
import {
  insertInBlocks,
  sizeInPages,
  type BulkInsert,
  type SqlEngine,
  type SqlRow,
  type SqlValue
} from '#lib/store/engine.ts'

/** Prepared statements kept at once: every statement the store has, and some shapes of IN lists. */
const CACHED_STATEMENTS = 300
/** A database is rewritten when more than this part of it is empty: the trash was emptied, mostly. */
const COMPACT_SHARE = 0.25

/** SQLite in memory, as WebAssembly. */
export class SqlJsEngine implements SqlEngine {
  readonly #db: SqlJsDatabase
  readonly #prepared = new Map<string, Statement>()

  /** `image`: the bytes of a whole database, or nothing for an empty one. */
  constructor(SQL: SqlJsStatic, image?: Uint8Array) {
    this.#db = image ? new SQL.Database(image) : new SQL.Database()
    // Durability is the commit log's: in memory there is nothing to sync and nothing to survive.
    this.#db.run('pragma journal_mode = memory')
    this.#db.run('pragma synchronous = off')
    this.#db.run('pragma temp_store = memory')
    // Nobody else can open this file, so nobody's changes need looking for at every statement.
    this.#db.run('pragma locking_mode = exclusive')
    this.#db.run('pragma cache_size = -65536')
  }

  all(sql: string, params: readonly SqlValue[]): SqlRow[] {
    const statement = this.#prepare(sql)
    const rows: SqlRow[] = []
    try {
      statement.bind(params as SqlValue[])
      const names = statement.getColumnNames()
      while (statement.step()) {
        const values = statement.get() as SqlValue[]
        const row: SqlRow = {}
        for (let i = 0; i < names.length; i++) row[names[i]!] = values[i]!
        rows.push(row)
      }
    } finally {
      statement.reset()
    }
    return rows
  }

  run(sql: string, params: readonly SqlValue[]): number {
    this.#prepare(sql).run(params as SqlValue[])
    return this.#db.getRowsModified()
  }

  insertMany(insert: BulkInsert): number {
    return insertInBlocks(this, insert)
  }

  size(): number {
    return sizeInPages(this)
  }

  /** A copy of the whole database as SQLite keeps it on disk. Prepared statements live on. */
  image(): Uint8Array {
    this.#compact()
    return this.#db.export()
  }

  /** Give back the pages of what was deleted, when they are worth rewriting the rest for. */
  #compact(): void {
    const [free] = this.all('pragma freelist_count', [])
    const [pages] = this.all('pragma page_count', [])
    if (Number(free?.['freelist_count'] ?? 0) <= COMPACT_SHARE * Number(pages?.['page_count'] ?? 0)) return
    try {
      this.run('vacuum', [])
    } catch (error) {
      // It needs room for a second copy. Without it the image is larger than it might be, and just as right.
      console.warn('Runnel: the database could not be made smaller.', error)
    }
  }

  close(): void {
    this.#prepared.clear()
    this.#db.close()
  }

  #prepare(sql: string): Statement {
    let statement = this.#prepared.get(sql)
    if (statement) {
      // Least recently used first, so that the hot ones stay.
      this.#prepared.delete(sql)
    } else {
      statement = this.#db.prepare(sql)
      if (this.#prepared.size >= CACHED_STATEMENTS) this.#dropOldest()
    }
    this.#prepared.set(sql, statement)
    return statement
  }

  #dropOldest(): void {
    for (const [sql, statement] of this.#prepared) {
      statement.free()
      this.#prepared.delete(sql)
      return
    }
  }
}
