import type { EpochMs } from './time.ts'

/** One logged value of a metric. `value` may be NaN or ±Infinity; `step` is an integer and may be negative. */
export interface Point {
  readonly step: number
  readonly timestamp: EpochMs
  readonly value: number
  /** Where either lies beyond ±(2^53 - 1): both as they are, and above the doubles nearest to them. */
  readonly exact?: ExactPlace
}

/** 64-bit integers: all that MLflow allows. */
export interface ExactPlace {
  readonly step: bigint
  readonly timestamp: bigint
}

/** A place whose integers may be beyond ±(2^53 - 1). */
export function placeOf(
  step: number | bigint,
  timestamp: number | bigint
): Pick<Point, 'step' | 'timestamp' | 'exact'> {
  const place = { step: Number(step), timestamp: Number(timestamp) }
  if (Number.isSafeInteger(place.step) && Number.isSafeInteger(place.timestamp)) return place
  return { ...place, exact: { step: BigInt(step), timestamp: BigInt(timestamp) } }
}

export interface MetricPoint extends Point {
  readonly key: string
}

/** What a run knows of one metric without reading its history. `min` and `max` leave NaN out, and are null when every value is NaN. */
export interface MetricSummary {
  readonly key: string
  readonly last: Point
  readonly min: number | null
  readonly max: number | null
  /** Points kept, exact repeats counted once. */
  readonly count: number
}

/**
 * Below 0 when `a` is the lesser of two values logged at one step and time. NaN counts as 0, which MLflow stores it as.
 *
 * Among NaN, -0 and 0, which MLflow takes for equal, the first to come is its latest. Stores that share a run hear of points in different
 * orders and have to agree, so here NaN is below -0, and that below 0.
 */
export const compareValues = (a: number, b: number): number => order(a) - order(b) || tieRank(a) - tieRank(b)

const order = (value: number): number => (Number.isNaN(value) ? 0 : value)
const tieRank = (value: number): number => (Number.isNaN(value) ? 0 : Object.is(value, -0) ? 1 : 2)

/**
 * Whether `next` replaces `current` as the latest point: strictly greater by (step, timestamp, value), by `compareValues`.
 * So a late point of a lower step never becomes the latest. Source: MLflow's latest_metrics rule.
 */
export function isLater(next: Point, current: Point): boolean {
  if (next.step !== current.step) return next.step > current.step
  // Doubles that are equal may stand for integers that are not.
  if (next.exact ?? current.exact) {
    const [later, earlier] = [exactOf(next), exactOf(current)]
    if (later.step !== earlier.step) return later.step > earlier.step
    if (later.timestamp !== earlier.timestamp) return later.timestamp > earlier.timestamp
  }
  if (next.timestamp !== current.timestamp) return next.timestamp > current.timestamp
  return compareValues(next.value, current.value) > 0
}

const exactOf = ({ step, timestamp, exact }: Point): ExactPlace =>
  exact ?? { step: BigInt(step), timestamp: BigInt(timestamp) }
