/** One run's line of a chart, from its points. */
import { extentOf, roomy } from '#lib/domain/chart-range.ts'
import { downsample, withNeighbours, type Drawn } from '#lib/domain/downsample.ts'
import type { RunId } from '#lib/domain/ids.ts'
import { joinByStep } from '#lib/domain/join-by-step.ts'
import { axisValues } from '#lib/domain/series.ts'
import { smoothed, type Curve, type Smoothing } from '#lib/domain/smoothing.ts'
import type { EpochMs } from '#lib/domain/time.ts'
import type { RunCurve } from '#lib/domain/bands.ts'
import type { StoredSeries } from '#lib/store/histories.ts'
import type { Store } from '#lib/store/store.ts'
import type { ChartLine, ChartQuery } from './protocol.ts'
import type { SeriesCache } from './series-cache.ts'

/** The points of a line where they stand on its x axis. */
interface Placed {
  readonly x: Float64Array<ArrayBuffer>
  readonly y: Float64Array<ArrayBuffer>
  readonly unplaced: number
}

/** Of one run: `origin` is its start, epoch ms; `known` as in SeriesCache. */
export async function chartLine(
  store: Store,
  cache: SeriesCache,
  query: ChartQuery,
  runId: RunId,
  origin: EpochMs,
  known: Map<RunId, StoredSeries>
): Promise<ChartLine> {
  const { key, x: axis, range, buckets, smoothing } = query
  if (smoothing === null && typeof axis === 'string') {
    const raw = await cache.drawn(store, runId, key, { axis, origin, range, buckets, grows: true }, known)
    return { runId, raw, smooth: null, unplaced: 0 }
  }
  const placed = await placedPoints(store, cache, query, runId, origin)
  const raw = drawnOver(placed.x, placed.y, range, buckets)
  return { runId, raw, smooth: smoothing && smoothLine(placed, smoothing, query), unplaced: placed.unplaced }
}

/** All finite points of a run in the order they are drawn, with their smoothed values when the query smooths: for bands. */
export async function runCurve(
  store: Store,
  cache: SeriesCache,
  query: ChartQuery,
  runId: RunId,
  origin: EpochMs
): Promise<RunCurve> {
  const curve = finiteInOrder(await placedPoints(store, cache, query, runId, origin))
  return query.smoothing === null ? curve : { ...curve, calm: smoothed(curve, query.smoothing) }
}

async function placedPoints(
  store: Store,
  cache: SeriesCache,
  { key, x }: ChartQuery,
  runId: RunId,
  origin: EpochMs
): Promise<Placed> {
  const series = await cache.points(store, runId, key)
  if (typeof x === 'string') return { x: axisValues(series, x, origin), y: series.values, unplaced: 0 }
  return joinByStep(series, await cache.points(store, runId, x.metric))
}

/** The envelope over a range with a point beyond each end, or over everything, in buckets that stay where they are while a series grows. */
function drawnOver(
  x: Float64Array<ArrayBuffer>,
  y: Float64Array<ArrayBuffer>,
  range: ChartQuery['range'],
  buckets: number
): Drawn {
  if (range !== null) return withNeighbours(downsample(x, y, range, buckets), x, y, range)
  const extent = extentOf(x)
  return downsample(x, y, extent === null ? null : roomy(extent), buckets)
}

function smoothLine(placed: Placed, smoothing: Smoothing, { range, buckets }: ChartQuery): Curve {
  const curve = finiteInOrder(placed)
  const { x, y } = drawnOver(curve.x, smoothed(curve, smoothing), range, buckets)
  return { x, y }
}

/** The finite points by x, then as given. */
function finiteInOrder({ x, y }: Placed): Curve {
  const places = new Uint32Array(x.length)
  let count = 0
  let isInOrder = true
  for (let i = 0; i < x.length; i++) {
    if (!Number.isFinite(y[i])) continue
    if (count > 0 && x[i]! < x[places[count - 1]!]!) isInOrder = false
    places[count++] = i
  }
  const kept = places.subarray(0, count)
  if (!isInOrder) kept.sort((a, b) => x[a]! - x[b]! || a - b)
  const take = (values: Float64Array): Float64Array<ArrayBuffer> => {
    const taken = new Float64Array(count)
    for (let i = 0; i < count; i++) taken[i] = values[kept[i]!]!
    return taken
  }
  return { x: take(x), y: take(y) }
}
