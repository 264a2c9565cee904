/**
 * Version 4: points in chunks of columns. Frozen once shipped: a shipped migration is history and never changes.
 *
 * `points` stands last, so that whoever reads only the rest does not read past it.
 */
import { sql } from 'kysely'
import { packSeries } from '#lib/domain/chunk/chunk.ts'
import { inOrder } from '#lib/domain/series-order.ts'
import { seriesOf } from '#lib/domain/series.ts'
import type { Tx } from '../database.ts'
import { valueOf } from '../stored-values.ts'

const BEFORE: readonly string[] = [
  `create table runnel_chunks (
    series integer not null,
    timestamp_high bigint not null,
    chunk bigint not null,
    timestamp_low bigint not null,
    step_low bigint not null,
    step_high bigint not null,
    point_count integer not null,
    blob_id text,
    blob_offset bigint,
    blob_length bigint,
    envelope_length bigint,
    points blob,
    constraint runnel_chunk_pk primary key (series, timestamp_high, chunk)
  ) without rowid`,
  `create index runnel_chunks_blob on runnel_chunks (blob_id, blob_length) where blob_id is not null`,
  `alter table latest_metrics add column runnel_series integer`,
  `alter table latest_metrics add column runnel_timestamp_high bigint`,
  `alter table latest_metrics add column runnel_inline_points bigint default 0 not null`,
  `alter table latest_metrics add column runnel_inline_chunks bigint default 0 not null`,
  `alter table latest_metrics add column runnel_exact text`,
  `create index runnel_series_to_seal on latest_metrics (runnel_inline_points, runnel_inline_chunks)
    where runnel_inline_points >= 1024 or runnel_inline_chunks >= 64`
]

/** Points of a chunk made of old rows: as many as are read at once. */
const CHUNK_POINTS = 8192

interface OldSeries {
  readonly run_uuid: string
  readonly key: string
}

interface OldPoint {
  readonly step: number
  readonly timestamp: number
  readonly value: number
  readonly is_nan: number
}

export async function series(tx: Tx): Promise<void> {
  for (const text of BEFORE) await sql.raw(text).execute(tx.db)
  const known = await sql<OldSeries>`select run_uuid, key from latest_metrics`.execute(tx.db)
  for (const [index, old] of known.rows.entries()) await toChunks(tx, index + 1, old)
  await sql.raw('drop table metrics').execute(tx.db)
}

async function toChunks(tx: Tx, id: number, { run_uuid, key }: OldSeries): Promise<void> {
  let count = 0
  let chunks = 0
  let high = -Infinity
  for (;;) {
    const { rows } = await sql<OldPoint>`select step, timestamp, value, is_nan from metrics
      where run_uuid = ${run_uuid} and key = ${key}
      order by timestamp, step, value, is_nan limit ${CHUNK_POINTS} offset ${count}`.execute(tx.db)
    if (rows.length === 0) break
    const points = inOrder(
      seriesOf(rows.map(({ step, timestamp, value, is_nan }) => ({ step, timestamp, value: valueOf(value, is_nan) })))
    )
    const steps = rows.map((row) => row.step)
    const low = rows[0]!.timestamp
    high = rows.at(-1)!.timestamp
    await sql`insert into runnel_chunks
      (series, timestamp_high, chunk, timestamp_low, step_low, step_high, point_count, points)
      values (${id}, ${high}, ${count}, ${low}, ${least(steps)}, ${greatest(steps)}, ${rows.length}, ${packSeries(points)})`.execute(
      tx.db
    )
    count += rows.length
    chunks++
  }
  await sql`update latest_metrics set runnel_series = ${id}, runnel_timestamp_high = ${high},
    runnel_inline_points = ${count}, runnel_inline_chunks = ${chunks}
    where run_uuid = ${run_uuid} and key = ${key}`.execute(tx.db)
}

const least = (values: readonly number[]): number => values.reduce((a, b) => Math.min(a, b))
const greatest = (values: readonly number[]): number => values.reduce((a, b) => Math.max(a, b))
