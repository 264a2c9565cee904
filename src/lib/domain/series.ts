/**
 * The points of one metric of one run as parallel typed arrays: what crosses ports, is down-sampled and is drawn.
 *
 * Invariants
 * - The three arrays have one length; index i in each is one point.
 * - Points stand in any order. Steps may repeat and go backwards, and so may timestamps: a run that was resumed does both.
 * - Steps are integers and timestamps epoch ms, both finite; values may be NaN or ±Infinity.
 */
import { assert } from './errors.ts'
import type { Point } from './metric.ts'
import type { EpochMs } from './time.ts'

export interface Series {
  readonly steps: Float64Array<ArrayBuffer>
  readonly timestamps: Float64Array<ArrayBuffer>
  readonly values: Float64Array<ArrayBuffer>
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
  return { steps, timestamps, values }
}

/** Points in the order of the arrays. */
export function pointsOf(series: Series): Point[] {
  return Array.from(series.values, (value, i) => ({ step: series.steps[i]!, timestamp: series.timestamps[i]!, value }))
}

/** Assert the invariants: for the ends of wires and for tests, as it reads every point. */
export function assertSeries({ steps, timestamps, values }: Series): void {
  assert(
    steps.length === values.length && timestamps.length === values.length,
    'the columns of a series have one length'
  )
  assert(steps.every(Number.isInteger), 'steps are integers')
  assert(timestamps.every(Number.isFinite), 'timestamps are finite')
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
