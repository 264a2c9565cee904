/**
 * The SQL port: three verbs over one open database. sql.js and node:sqlite each fill it in one file of their host.
 * Calls are synchronous because every engine we have is; the store around them is async because durability is.
 */
export type SqlValue = number | string | null | Uint8Array

export type SqlRow = Record<string, SqlValue>

/**
 * Many rows of one table in columnar form. `columns` names the fixed columns first, then one column per vector.
 * Each row holds the `fixed` values and the i-th element of every vector. Rows that exist already are left as they are.
 */
export interface BulkInsert {
  readonly into: string
  readonly columns: readonly string[]
  readonly fixed: readonly SqlValue[]
  /** Equal lengths; no NaN (SQL has none). Not changed by anyone once handed over: the journal keeps them. */
  readonly vectors: readonly (Float64Array | Uint8Array)[]
}

export interface SqlEngine {
  /** Run one statement and return its rows. */
  all(sql: string, params: readonly SqlValue[]): SqlRow[]
  /** Run one statement and return how many rows it changed. */
  run(sql: string, params: readonly SqlValue[]): number
  /** Returns how many rows were new. */
  insertMany(insert: BulkInsert): number
  /** Bytes of the whole database. */
  size(): number
  close(): void
}

/** One executed statement as the journal keeps it: replaying a commit's statements in order gives the same database. */
export type Statement = { readonly sql: string; readonly params: readonly SqlValue[] } | { readonly insert: BulkInsert }

export function replay(engine: SqlEngine, statements: readonly Statement[]): void {
  engine.run('begin', [])
  for (const statement of statements) {
    if ('insert' in statement) engine.insertMany(statement.insert)
    else engine.run(statement.sql, statement.params)
  }
  engine.run('commit', [])
}

/**
 * Rows per multi-row INSERT, largest first. Measured on sql.js and node:sqlite: blocks of 64 are two to three times as fast as single
 * rows, larger ones no faster; eights are for what is left of a series of a hundred.
 */
const BLOCK_ROWS = [64, 8, 1] as const

/**
 * The multi-row INSERTs of a bulk insert: of the largest blocks that fit, so that only three statements per table shape are ever
 * prepared.
 */
function* bulkStatements(insert: BulkInsert): Generator<{ sql: string; params: SqlValue[] }> {
  const { fixed, vectors } = insert
  const rows = vectors[0]?.length ?? 0
  let from = 0
  for (const size of BLOCK_ROWS) {
    if (rows - from < size) continue
    const sql = insertSql(insert, size)
    for (; rows - from >= size; from += size) {
      const params = new Array<SqlValue>(fixed.length + size * vectors.length)
      let at = 0
      for (const value of fixed) params[at++] = value
      for (let row = from; row < from + size; row++) {
        for (let column = 0; column < vectors.length; column++) params[at++] = vectors[column]![row]!
      }
      yield { sql, params }
    }
  }
}

const insertTexts = new Map<string, string>()

function insertSql({ into, columns, fixed, vectors }: BulkInsert, rows: number): string {
  const name = `${into}/${columns.join()}/${fixed.length}/${rows}`
  let text = insertTexts.get(name)
  if (text === undefined) {
    const shared = fixed.map((_, i) => `?${i + 1}`)
    // Without a number each takes the next: Node looks a numbered one up by its name, three times slower in all.
    const own = vectors.map(() => '?')
    const tuples = Array.from({ length: rows }, () => {
      return `(${[...shared, ...own].join(',')})`
    })
    text = `insert or ignore into ${into} (${columns.join(',')}) values ${tuples.join(',')}`
    insertTexts.set(name, text)
  }
  return text
}

/** A bulk insert by an engine that runs statements only: how many rows were new. */
export function insertInBlocks(engine: Pick<SqlEngine, 'run'>, insert: BulkInsert): number {
  let added = 0
  for (const { sql, params } of bulkStatements(insert)) added += engine.run(sql, params)
  return added
}

/** Bytes of the whole database, as SQLite counts its pages. */
export function sizeInPages(engine: Pick<SqlEngine, 'all'>): number {
  const [pages] = engine.all('pragma page_count', [])
  const [page] = engine.all('pragma page_size', [])
  return Number(pages?.['page_count'] ?? 0) * Number(page?.['page_size'] ?? 0)
}
