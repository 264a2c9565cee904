/**
 * The points of one metric of one run as parallel typed arrays: what crosses ports, is down-sampled and is drawn.
 *
 * Invariants
 * - The three arrays have one length; index i in each is one point.
 * - Points stand in any order. Steps may repeat and go backwards, and so may timestamps: a run that was resumed does both.
 * - Steps are integers and timestamps whole epoch ms; values may be NaN or ±Infinity.
 * - What lies beyond ±(2^53 - 1) has no exact double. A series that holds such a step or timestamp has both columns in `exact` as well, and
 *   the nearest doubles in the plain ones; one that holds none has no `exact`.
 */
import { assert } from './errors.ts'
import { placeOf, type Point } from './metric.ts'
import type { EpochMs } from './time.ts'

export interface Series {
  readonly steps: Float64Array<ArrayBuffer>
  readonly timestamps: Float64Array<ArrayBuffer>
  readonly values: Float64Array<ArrayBuffer>
  readonly exact?: ExactAxes
}

/** Steps and timestamps as 64-bit integers: all that MLflow allows. */
export interface ExactAxes {
  readonly steps: BigInt64Array<ArrayBuffer>
  readonly timestamps: BigInt64Array<ArrayBuffer>
}

/** What a chart's x axis counts: steps, epoch ms, or ms since an origin. */
export type SeriesAxis = 'step' | 'time' | 'relative'

export function seriesOf(points: readonly Point[]): Series {
  const steps = new Float64Array(points.length)
  const timestamps = new Float64Array(points.length)
  const values = new Float64Array(points.length)
  // A loop, as `Float64Array.from` takes several times as long, and every logged point passes here.
  for (const [i, point] of points.entries()) {
    steps[i] = point.step
    timestamps[i] = point.timestamp
    values[i] = point.value
  }
  return points.some((point) => point.exact)
    ? exactSeriesOf(exactPlacesOf(points), values)
    : { steps, timestamps, values }
}

const exactPlacesOf = (points: readonly Point[]): ExactAxes => ({
  steps: BigInt64Array.from(points, ({ exact, step }) => exact?.step ?? BigInt(step)),
  timestamps: BigInt64Array.from(points, ({ exact, timestamp }) => exact?.timestamp ?? BigInt(timestamp))
})

/** A series of which some steps or timestamps may lie beyond ±(2^53 - 1). */
export function exactSeriesOf(exact: ExactAxes, values: Float64Array<ArrayBuffer>): Series {
  const steps = Float64Array.from(exact.steps, Number)
  const timestamps = Float64Array.from(exact.timestamps, Number)
  const isPlain = steps.every(Number.isSafeInteger) && timestamps.every(Number.isSafeInteger)
  return isPlain ? { steps, timestamps, values } : { steps, timestamps, values, exact }
}

/** Both axes of a series as 64-bit integers. */
export function exactAxesOf({ steps, timestamps, exact }: Series): ExactAxes {
  return exact ?? { steps: BigInt64Array.from(steps, BigInt), timestamps: BigInt64Array.from(timestamps, BigInt) }
}

/** One after the other. */
export function concatSeries(parts: readonly Series[]): Series {
  if (parts.length === 1) return parts[0]!
  const length = parts.reduce((sum, part) => sum + part.values.length, 0)
  const doubles = (name: 'steps' | 'timestamps' | 'values') =>
    joinInto(
      new Float64Array(length),
      parts.map((part) => part[name])
    )
  if (!parts.some((part) => part.exact)) {
    return { steps: doubles('steps'), timestamps: doubles('timestamps'), values: doubles('values') }
  }
  const axes = parts.map(exactAxesOf)
  const integers = (name: 'steps' | 'timestamps') =>
    joinInto(
      new BigInt64Array(length),
      axes.map((axis) => axis[name])
    )
  return exactSeriesOf({ steps: integers('steps'), timestamps: integers('timestamps') }, doubles('values'))
}

/** Points `from` up to but without `to`, copied. */
export function sliceSeries({ steps, timestamps, values, exact }: Series, from: number, to: number): Series {
  const slice = values.slice(from, to)
  if (exact)
    return exactSeriesOf({ steps: exact.steps.slice(from, to), timestamps: exact.timestamps.slice(from, to) }, slice)
  return { steps: steps.slice(from, to), timestamps: timestamps.slice(from, to), values: slice }
}

/** In pieces of `most` points and one of the rest; `series` itself when it is one piece. */
export function* cutSeries(series: Series, most: number): Generator<Series> {
  if (series.values.length <= most) yield series
  else for (let from = 0; from < series.values.length; from += most) yield sliceSeries(series, from, from + most)
}

/** The points at `places`, in that order: a permutation, or fewer. */
export function selectPoints({ steps, timestamps, values, exact }: Series, places: Uint32Array): Series {
  const chosen = pick(values, places)
  if (!exact) return { steps: pick(steps, places), timestamps: pick(timestamps, places), values: chosen }
  const integers = (column: BigInt64Array) => BigInt64Array.from(places, (place) => column[place]!)
  return exactSeriesOf({ steps: integers(exact.steps), timestamps: integers(exact.timestamps) }, chosen)
}

function pick(column: Float64Array, places: Uint32Array): Float64Array<ArrayBuffer> {
  const picked = new Float64Array(places.length)
  for (let i = 0; i < places.length; i++) picked[i] = column[places[i]!]!
  return picked
}

function joinInto<Column extends { readonly length: number; set(from: Column, at: number): void }>(
  all: Column,
  columns: readonly Column[]
): Column {
  let at = 0
  for (const column of columns) {
    all.set(column, at)
    at += column.length
  }
  return all
}

/** Points in the order of the arrays. */
export function pointsOf(series: Series): Point[] {
  return Array.from(series.values, (_, i) => pointAt(series, i))
}

export function pointAt({ steps, timestamps, values, exact }: Series, i: number): Point {
  const value = values[i]!
  return exact
    ? { ...placeOf(exact.steps[i]!, exact.timestamps[i]!), value }
    : { step: steps[i]!, timestamp: timestamps[i]!, value }
}

/** Assert the invariants: for the ends of wires and for tests, as it reads every point. */
export function assertSeries({ steps, timestamps, values, exact }: Series): void {
  assert(
    steps.length === values.length && timestamps.length === values.length,
    'the columns of a series have one length'
  )
  assert(steps.every(Number.isInteger), 'steps are integers')
  assert(timestamps.every(Number.isInteger), 'timestamps are finite, and whole milliseconds')
  const isPlain = steps.every(Number.isSafeInteger) && timestamps.every(Number.isSafeInteger)
  assert(
    isPlain === (exact === undefined),
    'a series is exact where a step or timestamp is beyond a double, and only there'
  )
  if (exact) {
    assert(areNearest(steps, exact.steps), 'steps are the doubles nearest to the exact ones')
    assert(areNearest(timestamps, exact.timestamps), 'timestamps are the doubles nearest to the exact ones')
  }
}

function areNearest(doubles: Float64Array, exact: BigInt64Array): boolean {
  return doubles.length === exact.length && doubles.every((double, i) => double === Number(exact[i]))
}

/**
 * Where each point stands on an axis.
 *
 * origin   the 0 of a relative axis, epoch ms: one for all series of a run, so that its charts line up
 * returns  the series' own array for `step` and `time`, a new one for `relative`
 */
export function axisValues(series: Series, axis: SeriesAxis, origin: EpochMs): Float64Array<ArrayBuffer> {
  if (axis === 'step') return series.steps
  return axis === 'time' ? series.timestamps : series.timestamps.map((time) => time - origin)
}
