import { DatabaseSync, type StatementSync } from 'node:sqlite'
import { bulkStatements, type BulkInsert, type SqlEngine, type SqlRow, type SqlValue } from '#lib/store/engine.ts'

const CACHED_STATEMENTS = 300

/** SQLite as Node brings it. `location`: a file's path, or `:memory:`. */
export class NodeSqliteEngine implements SqlEngine {
  readonly #db: DatabaseSync
  readonly #prepared = new Map<string, StatementSync>()

  constructor(location: string) {
    this.#db = new DatabaseSync(location, { enableForeignKeyConstraints: false })
  }

  all(sql: string, params: readonly SqlValue[]): SqlRow[] {
    // Rows come without a prototype; copied, they compare and clone like anybody's.
    return this.#prepare(sql)
      .all(...params)
      .map((row) => ({ ...(row as SqlRow) }))
  }

  run(sql: string, params: readonly SqlValue[]): number {
    return Number(this.#prepare(sql).run(...params).changes)
  }

  insertMany(insert: BulkInsert): number {
    let added = 0
    for (const { sql, params } of bulkStatements(insert)) added += this.run(sql, params)
    return added
  }

  size(): number {
    const [pages] = this.all('pragma page_count', [])
    const [page] = this.all('pragma page_size', [])
    return Number(pages?.['page_count'] ?? 0) * Number(page?.['page_size'] ?? 0)
  }

  close(): void {
    this.#prepared.clear()
    this.#db.close()
  }

  #prepare(sql: string): StatementSync {
    let statement = this.#prepared.get(sql)
    if (statement) this.#prepared.delete(sql)
    else {
      statement = this.#db.prepare(sql)
      const [oldest] = this.#prepared.keys()
      if (this.#prepared.size >= CACHED_STATEMENTS && oldest !== undefined) this.#prepared.delete(oldest)
    }
    this.#prepared.set(sql, statement)
    return statement
  }
}
