/**
 * A history's order: timestamp, step, value. It is MLflow's, and the order in which the store keeps points.
 *
 * Of equal timestamp and step, a NaN and a -0 count as the 0 that SQL keeps them as; 0 comes first, then NaN, then -0, so that the order is
 * whole and pages never show a point twice. Two points that are equal by it are one point, logged twice.
 */
import { concatSeries, selectPoints, type Series } from './series.ts'

/** Below 0 when point `i` of `a` comes before point `j` of `b`, 0 when they are one point. */
export function comparePoints(a: Series, i: number, b: Series, j: number): number {
  return (
    compareIntegers(a, b, 'timestamps', i, j) ||
    compareIntegers(a, b, 'steps', i, j) ||
    compareValues(a.values[i]!, b.values[j]!)
  )
}

function compareIntegers(a: Series, b: Series, column: 'steps' | 'timestamps', i: number, j: number): number {
  const difference = a[column][i]! - b[column][j]!
  // Doubles that differ stand for integers that differ the same way; equal ones may stand for two.
  if (difference !== 0 || (a.exact === undefined && b.exact === undefined)) return difference
  const left = a.exact?.[column][i] ?? BigInt(a[column][i]!)
  const right = b.exact?.[column][j] ?? BigInt(b[column][j]!)
  return left < right ? -1 : left > right ? 1 : 0
}

function compareValues(a: number, b: number): number {
  if (a < b) return -1
  if (a > b) return 1
  if (a === b && a !== 0) return 0
  const left = Number.isNaN(a) ? 0 : a
  const right = Number.isNaN(b) ? 0 : b
  return left - right || rank(a) - rank(b)
}

const rank = (value: number): number => (Number.isNaN(value) ? 1 : Object.is(value, -0) ? 2 : 0)

/**
 * The points in order, each once.
 *
 * returns  `series` itself when it is that already, as what a program logs nearly always is
 */
export function inOrder(series: Series): Series {
  const { length } = series.values
  if (isInOrder(series)) return series
  const places = Uint32Array.from({ length }, (_, place) => place)
  places.sort((a, b) => comparePoints(series, a, series, b))
  return selectPoints(
    series,
    places.filter((place, at) => at === 0 || comparePoints(series, places[at - 1]!, series, place) !== 0)
  )
}

/** Whether every point comes after the one before it: then there are no repeats either. */
function isInOrder(series: Series): boolean {
  const { timestamps, steps, values } = series
  for (let i = 1; i < values.length; i++) {
    // What every logged point passes, so the two comparisons that nearly always decide stand here by themselves.
    const time = timestamps[i]! - timestamps[i - 1]!
    if (time > 0 || (time === 0 && steps[i]! > steps[i - 1]!)) continue
    if (comparePoints(series, i - 1, series, i) >= 0) return false
  }
  return true
}

/** Whether two are the same points in the same order. */
export const isSameSeries = (a: Series, b: Series): boolean =>
  a.values.length === b.values.length && a.values.every((_, i) => comparePoints(a, i, b, i) === 0)

/** The points of `series` that `others` does not have. Both in order; `series` itself when it has them all to itself. */
export function without(series: Series, others: Series): Series {
  const places = new Uint32Array(series.values.length)
  let count = 0
  let j = 0
  for (let i = 0; i < series.values.length; i++) {
    while (j < others.values.length && comparePoints(others, j, series, i) < 0) j++
    if (j === others.values.length || comparePoints(others, j, series, i) !== 0) places[count++] = i
  }
  return count === series.values.length ? series : selectPoints(series, places.subarray(0, count))
}

/** One series of several, each in order; a point that stands in several comes once. */
export function mergeSeries(parts: readonly Series[]): Series {
  const filled = parts.filter((part) => part.values.length > 0)
  const follows = filled.every((part, at) => at === 0 || comesAfter(part, filled[at - 1]!))
  if (follows || filled.length < 2) return concatSeries(filled)
  // Halves, so that a point is moved as often as the number of parts can be halved.
  const middle = filled.length >> 1
  return mergeTwo(mergeSeries(filled.slice(0, middle)), mergeSeries(filled.slice(middle)))
}

const comesAfter = (next: Series, before: Series): boolean =>
  comparePoints(before, before.values.length - 1, next, 0) < 0

function mergeTwo(a: Series, b: Series): Series {
  const both = concatSeries([a, b])
  const count = a.values.length
  const places = new Uint32Array(both.values.length)
  let length = 0
  let i = 0
  let j = 0
  while (i < count || j < b.values.length) {
    const order = i === count ? 1 : j === b.values.length ? -1 : comparePoints(a, i, b, j)
    places[length++] = order <= 0 ? i : count + j
    if (order <= 0) i++
    if (order >= 0) j++
  }
  return selectPoints(both, places.subarray(0, length))
}
