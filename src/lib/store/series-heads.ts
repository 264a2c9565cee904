/** What is known of each series without reading its points: the rows of `latest_metrics`, a superset of MLflow's. */
import { sql, type CompiledQuery, type Kysely, type Selectable } from 'kysely'
import type { RunId } from '#lib/domain/ids.ts'
import { isLater, placeOf, type MetricSummary, type Point } from '#lib/domain/metric.ts'
import { pointAt, type Series } from '#lib/domain/series.ts'
import type { Reader, Tx } from './database.ts'
import type { SqlValue } from './engine.ts'
import type { LatestMetricsTable, Schema } from './schema.ts'
import type { BySeries } from './series-chunks.ts'
import { kindOf, valueOf } from './stored-values.ts'

export interface SeriesHead {
  readonly key: string
  /** Names the series in `runnel_chunks`. */
  readonly series: number
  readonly latest: Point
  /** Without NaN; null while every value is NaN. */
  readonly min: number | null
  readonly max: number | null
  /** Points, each once. */
  readonly count: number
  readonly timestampHigh: number
  /** Points that are not sealed, and the chunks they lie in. */
  readonly inlinePoints: number
  readonly inlineChunks: number
}

/** By key; keys without points are left out. */
export async function headsOf(r: Reader, runId: RunId, keys: readonly string[]): Promise<Map<string, SeriesHead>> {
  // One text of SQL however many keys there are, so that one prepared statement serves them all.
  const { rows } = await sql<Selectable<LatestMetricsTable>>`select * from latest_metrics
    where run_uuid = ${runId} and key in (select value from json_each(${JSON.stringify(keys)}))`.execute(r.db)
  return new Map(rows.map((row) => [row.key, rowToHead(row)]))
}

/** Of some runs, by run and key. */
export async function headsOfRuns(r: Reader, runs: readonly RunId[]): Promise<BySeries<SeriesHead>> {
  if (runs.length === 0) return new Map()
  const { rows } = await sql<Selectable<LatestMetricsTable>>`select * from latest_metrics
    where run_uuid in (select value from json_each(${JSON.stringify(runs)}))`.execute(r.db)
  const byRun = Map.groupBy(rows, ({ run_uuid }) => run_uuid as RunId)
  return new Map([...byRun].map(([runId, own]) => [runId, new Map(own.map((row) => [row.key, rowToHead(row)]))]))
}

/** null when the series has no points. */
export async function findHead(r: Reader, runId: RunId, key: string): Promise<SeriesHead | null> {
  const row = await r.db
    .selectFrom('latest_metrics')
    .selectAll()
    .where('run_uuid', '=', runId)
    .where('key', '=', key)
    .executeTakeFirst()
  return row ? rowToHead(row) : null
}

export const headToSummary = ({ key, latest, min, max, count }: SeriesHead): MetricSummary => ({
  key,
  last: latest,
  min,
  max,
  count
})

const rowToHead = (row: Selectable<LatestMetricsTable>): SeriesHead => ({
  key: row.key,
  series: row.runnel_series,
  latest: latestOf(row),
  min: row.min_value,
  max: row.max_value,
  count: row.point_count,
  timestampHigh: row.runnel_timestamp_high,
  inlinePoints: row.runnel_inline_points,
  inlineChunks: row.runnel_inline_chunks
})

export function latestOf(row: Selectable<LatestMetricsTable>): Point {
  const value = valueOf(row.value, row.is_nan)
  const [step, timestamp] = row.runnel_exact?.split(' ').map(BigInt) ?? [row.step, row.timestamp ?? 0]
  return { ...placeOf(step!, timestamp!), value }
}

/** A head once `points` (in order, at least one, none of them known before) have come to it in one inline chunk; `head` null for a new series. */
export function headWith(head: SeriesHead | null, key: string, series: number, points: Series): SeriesHead {
  const { values, timestamps } = points
  const last = latestAmong(points)
  let min = head?.min ?? Infinity
  let max = head?.max ?? -Infinity
  for (let i = 0; i < values.length; i++) {
    const value = values[i]!
    if (value < min) min = value
    if (value > max) max = value
  }
  const isAllNaN = min > max
  return {
    key,
    series,
    latest: head !== null && !isLater(last, head.latest) ? head.latest : last,
    min: isAllNaN ? null : min,
    max: isAllNaN ? null : max,
    count: (head?.count ?? 0) + values.length,
    timestampHigh: Math.max(head?.timestampHigh ?? -Infinity, timestamps.at(-1)!),
    inlinePoints: (head?.inlinePoints ?? 0) + values.length,
    inlineChunks: (head?.inlineChunks ?? 0) + 1
  }
}

/**
 * Series with at least as many inline points, or in at least as many inline chunks, most points first. Bounds below what the index
 * `runnel_series_to_seal` holds (1024, 64) find no more.
 */
export async function seriesDue(
  r: Reader,
  { points, chunks }: { readonly points: number; readonly chunks: number },
  limit: number
): Promise<{ readonly runId: RunId; readonly head: SeriesHead }[]> {
  const { rows } = await sql<Selectable<LatestMetricsTable>>`select * from latest_metrics
    where (runnel_inline_points >= 1024 or runnel_inline_chunks >= 64)
      and (runnel_inline_points >= ${points} or runnel_inline_chunks >= ${chunks})
    order by runnel_inline_points desc limit ${limit}`.execute(r.db)
  return rows.map((row) => ({ runId: row.run_uuid as RunId, head: rowToHead(row) }))
}

/** Those of some runs that have a series with at least so many inline points. */
export async function runsWithInline(r: Reader, ids: readonly RunId[], points: number): Promise<RunId[]> {
  const rows = await r.db
    .selectFrom('latest_metrics')
    .select('run_uuid')
    .distinct()
    .where('run_uuid', 'in', ids)
    .where('runnel_inline_points', '>=', points)
    .execute()
  return rows.map((row) => row.run_uuid as RunId)
}

/** The series of a run with at least so many inline points. */
export async function inlineHeadsOf(r: Reader, runId: RunId, points: number): Promise<SeriesHead[]> {
  const rows = await r.db
    .selectFrom('latest_metrics')
    .selectAll()
    .where('run_uuid', '=', runId)
    .where('runnel_inline_points', '>=', points)
    .execute()
  return rows.map(rowToHead)
}

/** Inline points of all series that the index holds. */
export async function inlinePointsDue(r: Reader): Promise<number> {
  const { rows } = await sql<{ points: number | null }>`select sum(runnel_inline_points) as points from latest_metrics
    where runnel_inline_points >= 1024 or runnel_inline_chunks >= 64`.execute(r.db)
  return rows[0]?.points ?? 0
}

/** Note that fewer points lie inline, in fewer chunks. */
export async function tookOut(
  tx: Tx,
  runId: RunId,
  key: string,
  { points, chunks }: { readonly points: number; readonly chunks: number }
): Promise<void> {
  await tx.db
    .updateTable('latest_metrics')
    .set((eb) => ({
      runnel_inline_points: eb('runnel_inline_points', '-', points),
      runnel_inline_chunks: eb('runnel_inline_chunks', '-', chunks)
    }))
    .where('run_uuid', '=', runId)
    .where('key', '=', key)
    .execute()
}

function latestAmong(points: Series): Point {
  const { steps } = points
  let place = 0
  for (let i = 1; i < steps.length; i++) {
    // The rule in full is for those of one step.
    if (steps[i]! < steps[place]!) continue
    if (steps[i]! > steps[place]! || isLater(pointAt(points, i), pointAt(points, place))) place = i
  }
  return pointAt(points, place)
}

export async function writeHead(tx: Tx, runId: RunId, head: SeriesHead): Promise<void> {
  const row = rowOf(runId, head)
  await tx.db.executeQuery({ ...writeQuery(tx.db, row), parameters: Object.values(row) })
}

/** The values of a head's row, in the order of `rowOf`. */
export const headRow = (runId: RunId, head: SeriesHead): SqlValue[] => Object.values(rowOf(runId, head))

function rowOf(runId: RunId, head: SeriesHead): Selectable<LatestMetricsTable> {
  const kind = kindOf(head.latest.value)
  return {
    run_uuid: runId,
    key: head.key,
    value: kind === 0 ? head.latest.value : 0,
    timestamp: head.latest.timestamp,
    step: head.latest.step,
    is_nan: kind,
    min_value: head.min,
    max_value: head.max,
    point_count: head.count,
    runnel_series: head.series,
    runnel_timestamp_high: head.timestampHigh,
    runnel_inline_points: head.inlinePoints,
    runnel_inline_chunks: head.inlineChunks,
    runnel_exact: head.latest.exact ? `${head.latest.exact.step} ${head.latest.exact.timestamp}` : null
  }
}

const writeQueries = new WeakMap<Kysely<Schema>, CompiledQuery>()

/** Compiled once per database, as it runs for every series of every write. Its parameters are the row's values, in the row's order. */
function writeQuery(db: Kysely<Schema>, row: Selectable<LatestMetricsTable>): CompiledQuery {
  const known = writeQueries.get(db)
  if (known) return known
  const query = db.replaceInto('latest_metrics').values(row).compile()
  writeQueries.set(db, query)
  return query
}
