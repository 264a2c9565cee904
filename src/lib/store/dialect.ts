import {
  SqliteAdapter,
  SqliteIntrospector,
  SqliteQueryCompiler,
  type CompiledQuery,
  type DatabaseConnection,
  type Dialect,
  type Driver,
  type QueryResult
} from 'kysely'
import type { SqlRow, SqlValue } from './engine.ts'

/** Where compiled queries go: the database hands in its open transaction, or a reader. */
export interface QuerySink {
  select(sql: string, params: readonly SqlValue[]): SqlRow[]
  /** `returning` asks for the rows the statement gives back. */
  change(sql: string, params: readonly SqlValue[], returning: boolean): { rows: SqlRow[]; changes: number }
}

/** Kysely over a sink. Transactions are the database's business, so that a commit and its journal record are one step. */
export function createDialect(sink: QuerySink): Dialect {
  const connection: DatabaseConnection = {
    executeQuery: <R>(query: CompiledQuery) => {
      const params = query.parameters as readonly SqlValue[]
      if (reads(query)) return Promise.resolve({ rows: sink.select(query.sql, params) as R[] })
      const { rows, changes } = sink.change(query.sql, params, / returning /.test(query.sql))
      return Promise.resolve({ rows: rows as R[], numAffectedRows: BigInt(changes) } satisfies QueryResult<R>)
    },
    // eslint-disable-next-line require-yield -- rows are never streamed: windows are small by contract
    streamQuery: async function* () {
      throw new Error('Streaming is not supported')
    }
  }
  const driver: Driver = {
    init: () => Promise.resolve(),
    acquireConnection: () => Promise.resolve(connection),
    beginTransaction: refuseTransaction,
    commitTransaction: refuseTransaction,
    rollbackTransaction: refuseTransaction,
    releaseConnection: () => Promise.resolve(),
    destroy: () => Promise.resolve()
  }
  return {
    createAdapter: () => new SqliteAdapter(),
    createDriver: () => driver,
    createIntrospector: (db) => new SqliteIntrospector(db),
    createQueryCompiler: () => new SqliteQueryCompiler()
  }
}

const refuseTransaction = () =>
  Promise.reject(new Error('Use Database.write: a commit and its journal record are one step'))

function reads(query: CompiledQuery): boolean {
  return (
    query.query.kind === 'SelectQueryNode' ||
    (query.query.kind === 'RawNode' && /^\s*(select|pragma)\b/i.test(query.sql))
  )
}
