import type { RunId } from '#lib/domain/ids.ts'
import { CHUNK } from '#lib/domain/limits.ts'
import type { MetricPoint, MetricSummary } from '#lib/domain/metric.ts'
import type { RunInfo } from '#lib/domain/run.ts'
import { inOrder, mergeSeries, without } from '#lib/domain/series-order.ts'
import { cutSeries, seriesOf, type Series } from '#lib/domain/series.ts'
import { groupByRun } from './by-run.ts'
import { chunks } from './chunks.ts'
import type { Reader, Tx } from './database.ts'
import { noteKey } from './keys.ts'
import { chunkPoints, chunksWithin, insertInline, nextSeries, spanOf } from './series-chunks.ts'
import { awaitPoints, firstMissing } from './sync/awaited-rows.ts'
import { isAnythingShared } from './sync/rooms.ts'
import { headWith, headsOf, latestOf, writeHead, type SeriesHead } from './series-heads.ts'

/**
 * Add points to series of a run, by key; exact repeats vanish. 0 and -0 are two values here, so a point of each may share a step and a time
 * (MLflow keeps one of them). Keeps `latest_metrics` by MLflow's rule, for which they are equal, and each series' extremes and count
 * beside it. `run` must be active (requireActiveRun).
 */
export async function logSeries(tx: Tx, run: RunInfo, byKey: ReadonlyMap<string, Series>): Promise<void> {
  const heads = await headsOf(tx, run.runId, [...byKey.keys()])
  for (const [key, points] of byKey) {
    if (!(await addPoints(tx, run, heads.get(key) ?? null, key, points))) continue
    await noteKey(tx, run.experimentId, 'metric', key)
    tx.changes.add('metric', { run: run.runId, experiment: run.experimentId })
  }
}

/** The same for points of several series, as REST sends them. */
export async function logPoints(tx: Tx, run: RunInfo, points: readonly MetricPoint[]): Promise<void> {
  const byKey = Map.groupBy(points, ({ key }) => key)
  await logSeries(tx, run, new Map(Array.from(byKey, ([key, own]) => [key, seriesOf(own)])))
}

/** Whether any point was new. */
async function addPoints(
  tx: Tx,
  { runId, experimentId }: RunInfo,
  head: SeriesHead | null,
  key: string,
  points: Series
): Promise<boolean> {
  const fresh = await unknownOf(tx, head, inOrder(points)).catch((error: unknown) =>
    setAside(tx, runId, key, points, error)
  )
  if (fresh === null) {
    tx.points.push({ runId, experimentId, key, points: inOrder(points) })
    return true
  }
  if (fresh.values.length === 0) return false
  const series = head?.series ?? (await nextSeries(tx))
  let next = head
  for (const part of cutSeries(fresh, CHUNK.points)) {
    // How many points came before is a number that no chunk of the series has.
    await insertInline(tx, series, next?.count ?? 0, part)
    next = headWith(next, key, series, part)
  }
  await writeHead(tx, runId, next!)
  tx.points.push({ runId, experimentId, key, points: fresh })
  return true
}

/**
 * Points that cannot be compared, since what they may repeat is with another store, are kept until it is here. Returns null; fails with
 * `error` when that is not why.
 */
async function setAside(tx: Tx, runId: RunId, key: string, points: Series, error: unknown): Promise<null> {
  const missing = (await isAnythingShared(tx)) ? await firstMissing(tx, runId, key) : null
  if (missing === null) throw error
  await awaitPoints(tx, runId, key, missing, inOrder(points))
  return null
}

/** Those of `points` (in order) that the series does not have yet. */
async function unknownOf(tx: Tx, head: SeriesHead | null, points: Series): Promise<Series> {
  if (head === null || points.values.length === 0) return points
  const span = spanOf(points)
  // What comes after everything there is, in time or in step, repeats nothing: so it nearly always is, and costs no look.
  if (span.timestampLow > head.timestampHigh || span.stepLow > head.latest.step) return points
  const near = await chunksWithin(tx, head.series, span)
  if (near.length === 0) return points
  return without(points, mergeSeries(await Promise.all(near.map((chunk) => chunkPoints(tx.chunks, chunk)))))
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
      last: latestOf(row),
      min: row.min_value,
      max: row.max_value,
      count: row.point_count
    }))
  }
  return byRun
}

/** What is known of one series; null when it has no points. */
export async function findMetric(r: Reader, runId: RunId, key: string): Promise<MetricSummary | null> {
  return (await metricsOfRuns(r, [runId], [key])).get(runId)?.[0] ?? null
}
