/** One metric against another, of one run: they are logged apart, and what joins them is the step. */
import { compareValues } from './metric.ts'
import type { Series } from './series.ts'

export interface Joined {
  readonly x: Float64Array<ArrayBuffer>
  readonly y: Float64Array<ArrayBuffer>
  /** Points that have no x and are left out. */
  readonly unplaced: number
}

/**
 * Give each point of `series` the x that `across` has at its step.
 *
 * Repeated steps: of several points of `across` at one step the latest counts (by timestamp, then value, as MLflow picks a latest); of
 * several points of `series` each is kept, at the same x. Missing steps: a point of `series` whose step `across` does not have, or has as
 * NaN or ±Infinity, is left out and counted. Nothing is interpolated.
 *
 * returns  parallel arrays in the order of `series`
 */
export function joinByStep(series: Series, across: Series): Joined {
  const latest = latestBySteps(across)
  const x = new Float64Array(series.values.length)
  const y = new Float64Array(series.values.length)
  let found = 0
  for (let i = 0; i < series.values.length; i++) {
    const at = latest.get(series.steps[i]!)
    const place = at === undefined ? NaN : across.values[at]!
    if (!Number.isFinite(place)) continue
    x[found] = place
    y[found++] = series.values[i]!
  }
  return { x: x.slice(0, found), y: y.slice(0, found), unplaced: series.values.length - found }
}

/** The index of the latest point at each step. */
function latestBySteps({ steps, timestamps, values }: Series): Map<number, number> {
  const latest = new Map<number, number>()
  for (let i = 0; i < steps.length; i++) {
    const known = latest.get(steps[i]!)
    if (known === undefined || timestamps[i]! > timestamps[known]!) latest.set(steps[i]!, i)
    else if (timestamps[i] === timestamps[known] && compareValues(values[i]!, values[known]!) > 0)
      latest.set(steps[i]!, i)
  }
  return latest
}
