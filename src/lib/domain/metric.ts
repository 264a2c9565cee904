import type { EpochMs } from './time.ts'

/** One logged value of a metric. `value` may be NaN or ±Infinity; `step` is an integer and may be negative. */
export interface Point {
  readonly step: number
  readonly timestamp: EpochMs
  readonly value: number
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

/** MLflow orders NaN as the 0 it stores it as. */
const orderValue = (value: number): number => (Number.isNaN(value) ? 0 : value)

/**
 * Whether `next` replaces `current` as the latest point: strictly greater by (step, timestamp, value), NaN counting as 0.
 * So a late point of a lower step never becomes the latest. Source: MLflow's latest_metrics rule.
 */
export function isLater(next: Point, current: Point): boolean {
  if (next.step !== current.step) return next.step > current.step
  if (next.timestamp !== current.timestamp) return next.timestamp > current.timestamp
  return orderValue(next.value) > orderValue(current.value)
}
