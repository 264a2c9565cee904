import { CompiledQuery } from 'kysely'
import type { Tx } from '../database.ts'
import type { SqlValue } from '../engine.ts'

/** Where rows go that replace what is there. Columns in the order their values are given in. */
const TABLES = {
  params: { columns: ['run_uuid', 'key', 'value'], key: 'run_uuid, key', set: ['value'] },
  tags: { columns: ['run_uuid', 'key', 'value'], key: 'run_uuid, key', set: ['value'] },
  runnel_comments: { columns: ['run_uuid', 'comment_id', 'body'], key: 'run_uuid, comment_id', set: ['body'] },
  runnel_artifacts: {
    columns: ['path', 'blob_id', 'size_bytes', 'media_type', 'created_time'],
    key: 'path',
    set: ['blob_id', 'size_bytes', 'media_type', 'created_time']
  },
  logged_model_params: {
    columns: ['model_id', 'experiment_id', 'param_key', 'param_value'],
    key: 'model_id, param_key',
    set: ['param_value']
  },
  logged_model_tags: {
    columns: ['model_id', 'experiment_id', 'tag_key', 'tag_value'],
    key: 'model_id, tag_key',
    set: ['tag_value']
  },
  experiment_tags: { columns: ['experiment_id', 'key', 'value'], key: 'experiment_id, key', set: ['value'] },
  runnel_subjects: { columns: ['subject', 'room'], key: 'subject', set: ['room'] },
  runnel_facts: { columns: ['subject', 'writer', 'seq', 'hlc', 'record'], key: null, set: [] },
  runnel_chunks: {
    columns: ['series', 'timestamp_high', 'chunk', 'timestamp_low', 'step_low', 'step_high', 'point_count', 'points'],
    key: null,
    set: []
  },
  latest_metrics: {
    columns: [
      'run_uuid',
      'key',
      'value',
      'timestamp',
      'step',
      'is_nan',
      'min_value',
      'max_value',
      'point_count',
      'runnel_series',
      'runnel_timestamp_high',
      'runnel_inline_points',
      'runnel_inline_chunks',
      'runnel_exact'
    ],
    key: null,
    set: []
  }
} as const

export type BatchTable = keyof typeof TABLES

/** Rows in one statement, largest first: three texts a table, so that they are prepared once. */
const BLOCKS = [32, 4, 1]

/** Rows of several tables, written many at a time: a statement costs as much as ten rows. */
export class RowBatch {
  readonly #rows = new Map<BatchTable, SqlValue[][]>()

  /** `row` holds a value for each of the table's columns, in their order. */
  add(table: BatchTable, row: SqlValue[]): void {
    const rows = this.#rows.get(table)
    if (rows) rows.push(row)
    else this.#rows.set(table, [row])
  }

  async write(tx: Tx): Promise<void> {
    for (const [table, rows] of this.#rows) await writeRows(tx, table, rows)
    this.#rows.clear()
  }
}

async function writeRows(tx: Tx, table: BatchTable, rows: readonly SqlValue[][]): Promise<void> {
  let from = 0
  for (const size of BLOCKS)
    for (; rows.length - from >= size; from += size) {
      const params = rows.slice(from, from + size).flat()
      await tx.db.executeQuery(CompiledQuery.raw(textOf(table, size), params))
    }
}

const texts = new Map<string, string>()

function textOf(table: BatchTable, size: number): string {
  const name = `${table}/${size}`
  const known = texts.get(name)
  if (known !== undefined) return known
  const { columns, key, set } = TABLES[table]
  const tuple = `(${columns.map(() => '?').join(',')})`
  const conflict =
    key === null
      ? ''
      : ` on conflict (${key}) do update set ${set.map((name) => `${name} = excluded.${name}`).join(', ')}`
  const text = `insert into ${table} (${columns.join(', ')}) values ${Array(size).fill(tuple).join(',')}${conflict}`
  texts.set(name, text)
  return text
}
