import { sql, type CompiledQuery, type Kysely } from 'kysely'
import type { RunId } from '#lib/domain/ids.ts'
import { isLater, type MetricPoint, type MetricSummary, type Point } from '#lib/domain/metric.ts'
import type { RunInfo } from '#lib/domain/run.ts'
import { seriesOf, type Series } from '#lib/domain/series.ts'
import { groupByRun } from './by-run.ts'
import { chunks } from './chunks.ts'
import type { Reader, Tx } from './database.ts'
import { noteKey } from './keys.ts'
import type { LatestMetricsTable, MetricsTable, Schema } from './schema.ts'
import { kindOf, pointColumns, valueOf } from './stored-values.ts'

/**
 * Add points to a series; exact repeats vanish. 0 and -0 are two values here, so a point of each may share a step and a time (MLflow keeps
 * one of them). Keeps `latest_metrics` by MLflow's rule, for which they are equal, and the series' extremes and count beside it.
 * `run` must be active (requireActiveRun).
 */
export async function logSeries(tx: Tx, run: RunInfo, key: string, points: Series): Promise<void> {
  const { steps, timestamps, values } = points
  if (steps.length === 0) return
  const added = tx.insertMany({
    into: 'metrics',
    columns: POINT_COLUMNS,
    ...pointColumns([run.runId, key], [steps, timestamps], values)
  })
  // Exact repeats change nothing: the latest, the extremes and the count already hold them.
  if (added === 0) return
  await raiseLatest(tx, run.runId, key, summarise(points), added)
  await noteKey(tx, run.experimentId, 'metric', key)
  tx.changes.add('metric', { run: run.runId, experiment: run.experimentId })
}

const POINT_COLUMNS = ['run_uuid', 'key', 'is_nan', 'step', 'timestamp', 'value']

/** The same for points of several series, as REST sends them. */
export async function logPoints(tx: Tx, run: RunInfo, points: readonly MetricPoint[]): Promise<void> {
  const byKey = new Map<string, MetricPoint[]>()
  for (const point of points) {
    const series = byKey.get(point.key)
    if (series) series.push(point)
    else byKey.set(point.key, [point])
  }
  for (const [key, series] of byKey) {
    await logSeries(tx, run, key, seriesOf(series))
  }
}

interface SeriesExtremes {
  readonly latest: Point
  readonly min: number | null
  readonly max: number | null
}

function summarise({ steps, timestamps, values }: Series): SeriesExtremes {
  const at = (i: number): Point => ({ step: steps[i]!, timestamp: timestamps[i]!, value: values[i]! })
  let latest = at(0)
  let min: number | null = null
  let max: number | null = null
  for (let i = 0; i < steps.length; i++) {
    const point = at(i)
    if (isLater(point, latest)) latest = point
    if (Number.isNaN(point.value)) continue
    if (min === null || point.value < min) min = point.value
    if (max === null || point.value > max) max = point.value
  }
  return { latest, min, max }
}

async function raiseLatest(tx: Tx, runId: RunId, key: string, seen: SeriesExtremes, added: number): Promise<void> {
  const { latest, min, max } = seen
  const kind = kindOf(latest.value)
  const row: LatestMetricsTable = {
    run_uuid: runId,
    key,
    value: kind === 0 ? latest.value : 0,
    timestamp: latest.timestamp,
    step: latest.step,
    is_nan: kind,
    min_value: min,
    max_value: max,
    point_count: added
  }
  await tx.db.executeQuery({ ...raiseQuery(tx.db, row), parameters: Object.values(row) })
}

const raiseQueries = new WeakMap<Kysely<Schema>, CompiledQuery>()

/** Compiled once per database, as it runs for every series of every write. Its parameters are the row's values, in the row's order. */
function raiseQuery(db: Kysely<Schema>, row: LatestMetricsTable): CompiledQuery {
  const known = raiseQueries.get(db)
  if (known) return known
  // One statement, whether the series is new or not: the row comparison is MLflow's (step, timestamp, value), strictly greater.
  const later = sql<boolean>`(excluded.step, excluded.timestamp, excluded.value) > (latest_metrics.step, latest_metrics.timestamp, latest_metrics.value)`
  const pick = (column: 'step' | 'timestamp' | 'value' | 'is_nan') =>
    sql<number>`case when ${later} then excluded.${sql.ref(column)} else latest_metrics.${sql.ref(column)} end`
  const query = db
    .insertInto('latest_metrics')
    .values(row)
    .onConflict((conflict) =>
      conflict.columns(['run_uuid', 'key']).doUpdateSet({
        value: pick('value'),
        timestamp: pick('timestamp'),
        step: pick('step'),
        is_nan: pick('is_nan'),
        min_value: extreme('<', 'min_value'),
        max_value: extreme('>', 'max_value'),
        point_count: sql<number>`latest_metrics.point_count + excluded.point_count`
      })
    )
    .compile()
  raiseQueries.set(db, query)
  return query
}

/** The lesser (or greater) of two that may be null, spelled so that every dialect agrees. */
function extreme(sign: '<' | '>', column: 'min_value' | 'max_value') {
  const mine = sql.ref(`latest_metrics.${column}`)
  const other = sql.ref(`excluded.${column}`)
  return sql<number>`case when ${mine} is null or ${other} ${sql.raw(sign)} ${mine} then ${other} else ${mine} end`
}

/** By run, in key order. `keys` narrows to those. */
export async function metricsOfRuns(
  r: Reader,
  ids: readonly RunId[],
  keys?: readonly string[]
): Promise<Map<RunId, MetricSummary[]>> {
  const byRun = new Map<RunId, MetricSummary[]>()
  for (const part of chunks(ids)) {
    let query = r.db.selectFrom('latest_metrics').selectAll().where('run_uuid', 'in', part)
    if (keys) query = query.where('key', 'in', keys)
    groupByRun(byRun, await query.execute(), (row) => ({
      key: row.key,
      last: { step: row.step, timestamp: row.timestamp ?? 0, value: valueOf(row.value, row.is_nan) },
      min: row.min_value,
      max: row.max_value,
      count: row.point_count
    }))
  }
  return byRun
}

export interface HistoryWindow {
  readonly limit?: number
  readonly offset?: number
}

/**
 * Points in MLflow's order: timestamp, step, value (a NaN counts as the 0 it is stored as; of equal ones 0 is first, then NaN, then -0, so
 * that pages never show a point twice). Empty for an unknown run or key.
 */
export async function metricHistory(
  r: Reader,
  runId: RunId,
  key: string,
  { limit, offset = 0 }: HistoryWindow = {}
): Promise<Point[]> {
  let query = r.db
    .selectFrom('metrics')
    .select(['step', 'timestamp', 'value', 'is_nan'])
    .where('run_uuid', '=', runId)
    .where('key', '=', key)
    .orderBy('timestamp')
    .orderBy('step')
    .orderBy('value')
    .orderBy('is_nan')
  if (limit !== undefined) query = query.limit(limit).offset(offset)
  const rows = await query.execute()
  return rows.map(rowToPoint)
}

export const rowToPoint = (row: Pick<MetricsTable, 'step' | 'timestamp' | 'value' | 'is_nan'>): Point => ({
  step: row.step,
  timestamp: row.timestamp,
  value: valueOf(row.value, row.is_nan)
})

/**
 * Points whose step is at least `fromStep` (all when null), as parallel columns in (step, timestamp, value) order: the order in which
 * they are clustered, so this reads no more than it returns.
 */
export async function seriesFrom(r: Reader, runId: RunId, key: string, fromStep: number | null): Promise<Series> {
  let query = r.db
    .selectFrom('metrics')
    .select(['step', 'timestamp', 'value', 'is_nan'])
    .where('run_uuid', '=', runId)
    .where('key', '=', key)
    .orderBy('step')
    .orderBy('timestamp')
    .orderBy('value')
  if (fromStep !== null) query = query.where('step', '>=', fromStep)
  const rows = await query.execute()
  const columns = {
    steps: new Float64Array(rows.length),
    timestamps: new Float64Array(rows.length),
    values: new Float64Array(rows.length)
  }
  rows.forEach((row, i) => {
    columns.steps[i] = row.step
    columns.timestamps[i] = row.timestamp
    columns.values[i] = valueOf(row.value, row.is_nan)
  })
  return columns
}

/** What is known of one series; null when it has no points. */
export async function findMetric(r: Reader, runId: RunId, key: string): Promise<MetricSummary | null> {
  return (await metricsOfRuns(r, [runId], [key])).get(runId)?.[0] ?? null
}
