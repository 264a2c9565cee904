/**
 * Version 4: points in chunks of columns. Frozen once shipped: a shipped migration is history and never changes.
 *
 * `points` stands last, so that whoever reads only the rest does not read past it.
 */
import { sql } from 'kysely'
import { packSeries } from '#lib/domain/chunk/chunk.ts'
import { inOrder } from '#lib/domain/series-order.ts'
import { concatSeries, seriesOf, sliceSeries, type Series } from '#lib/domain/series.ts'
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

/** Points of a chunk made of old rows, and as many rows are read at once. */
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
  const points = inOrder(await oldPoints(tx, { run_uuid, key }))
  const count = points.values.length
  for (let from = 0; from < count; from += CHUNK_POINTS)
    await insertChunk(tx, id, from, sliceSeries(points, from, from + CHUNK_POINTS))
  await sql`update latest_metrics set runnel_series = ${id}, runnel_timestamp_high = ${points.timestamps.at(-1) ?? -Infinity},
    runnel_inline_points = ${count}, runnel_inline_chunks = ${Math.ceil(count / CHUNK_POINTS)}
    where run_uuid = ${run_uuid} and key = ${key}`.execute(tx.db)
}

/** In the order of the table's key, each page from where the last one ended: any other would be sorted anew for every page. */
async function oldPoints(tx: Tx, { run_uuid, key }: OldSeries): Promise<Series> {
  const parts: Series[] = []
  let last: OldPoint = { step: -Infinity, timestamp: 0, value: 0, is_nan: 0 }
  for (;;) {
    const { rows } = await sql<OldPoint>`select step, timestamp, value, is_nan from metrics
      where run_uuid = ${run_uuid} and key = ${key}
        and (step, timestamp, value, is_nan) > (${last.step}, ${last.timestamp}, ${last.value}, ${last.is_nan})
      order by step, timestamp, value, is_nan limit ${CHUNK_POINTS}`.execute(tx.db)
    if (rows.length === 0) return concatSeries(parts)
    parts.push(
      seriesOf(rows.map(({ step, timestamp, value, is_nan }) => ({ step, timestamp, value: valueOf(value, is_nan) })))
    )
    last = rows.at(-1)!
  }
}

async function insertChunk(tx: Tx, id: number, chunk: number, points: Series): Promise<void> {
  const { steps, timestamps, values } = points
  await sql`insert into runnel_chunks
    (series, timestamp_high, chunk, timestamp_low, step_low, step_high, point_count, points)
    values (${id}, ${timestamps.at(-1)}, ${chunk}, ${timestamps[0]}, ${least(steps)}, ${greatest(steps)},
      ${values.length}, ${packSeries(points)})`.execute(tx.db)
}

const least = (values: Float64Array): number => values.reduce((a, b) => Math.min(a, b))
const greatest = (values: Float64Array): number => values.reduce((a, b) => Math.max(a, b))
