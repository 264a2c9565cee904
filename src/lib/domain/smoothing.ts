/**
 * Calmer curves of noisy ones: three ways, each over every point of a series, so that what is drawn does not depend on how far one zooms in.
 *
 * What is no number has no place in an average: NaN and ±Infinity are skipped, and the points around them go on as if they were neighbours.
 */
import { unreachable } from './errors.ts'

export type Smoothing =
  /** Exponential moving average. weight 0 … 1: what the past counts for; 0 changes nothing. */
  | { readonly kind: 'ema'; readonly weight: number }
  /** The mean of this many neighbouring points, the point itself in the middle. */
  | { readonly kind: 'average'; readonly points: number }
  /** A bell of this standard deviation, counted in points. */
  | { readonly kind: 'gaussian'; readonly sigma: number }

/** A curve: x ascending, equal lengths, finite. */
export interface Curve {
  readonly x: Float64Array<ArrayBuffer>
  readonly y: Float64Array<ArrayBuffer>
}

/**
 * Smooth a curve.
 *
 * curve    its finite points, in the order they are drawn
 * returns  as many values, parallel to `curve.x`
 * fails    never; weights, points and sigmas out of range count as the nearest that is in
 */
export function smoothed(curve: Curve, smoothing: Smoothing): Float64Array<ArrayBuffer> {
  switch (smoothing.kind) {
    case 'ema':
      return exponential(curve.y, smoothing.weight)
    case 'average':
      return movingAverage(curve.y, smoothing.points)
    case 'gaussian':
      return gaussian(curve.y, smoothing.sigma)
    default:
      return unreachable(smoothing)
  }
}

/** At 1 the first value would stand for ever. */
const MOST_WEIGHT = 0.999_999

/**
 * The exponential moving average, debiased: divided by the weight that the points seen so far have together, so that it starts at the first
 * point and not near 0. It looks only back: points that are added change nothing before them.
 *
 * source  TensorBoard, `vz_line_chart2/line-chart.ts`, `resmoothDataset`; the debiasing is that of Adam (Kingma and Ba 2015)
 */
export function exponential(values: Float64Array, weight: number): Float64Array<ArrayBuffer> {
  const past = Math.min(MOST_WEIGHT, Math.max(0, weight || 0))
  const smooth = new Float64Array(values.length)
  let sum = 0
  let bias = 1
  for (let i = 0; i < values.length; i++) {
    sum = sum * past + (1 - past) * values[i]!
    bias *= past
    smooth[i] = sum / (1 - bias)
  }
  return smooth
}

/**
 * The mean of the points around each one: `points` of them, an even number counting as the next odd one; near the ends as many on each
 * side as there are on the shorter one, so that the curve begins and ends at the data and does not lag.
 *
 * Sums are kept per block of the window's width, forwards and backwards, and two of them make any window: nothing is ever subtracted, so a
 * huge value that has left the window leaves no rounding behind. Linear in the number of points, whatever the window.
 */
export function movingAverage(values: Float64Array, points: number): Float64Array<ArrayBuffer> {
  const half = Math.floor(Math.max(1, points || 1) / 2)
  const n = values.length
  const width = 2 * half + 1
  const smooth = new Float64Array(n)
  const forwards = blockSums(values, width, 1)
  const backwards = blockSums(values, width, -1)
  for (let i = 0; i < n; i++) {
    const reach = Math.min(half, i, n - 1 - i)
    smooth[i] = reach < half ? meanOf(values, i - reach, i + reach) : meanAcross(forwards, backwards, i - half, width)
  }
  return smooth
}

/** Sums of shares (each value over the window's width) within blocks, from each block's start, or from its end. */
function blockSums(values: Float64Array, width: number, direction: 1 | -1): Float64Array {
  const sums = new Float64Array(values.length)
  const n = values.length
  for (let k = 0; k < n; k++) {
    const i = direction === 1 ? k : n - 1 - k
    const startsBlock = direction === 1 ? i % width === 0 : i % width === width - 1 || i === n - 1
    // Shares, not values: the sum of many near the largest double would be infinite.
    sums[i] = (startsBlock ? 0 : sums[i - direction]!) + values[i]! / width
  }
  return sums
}

/** The mean of the `width` values from `from`: the end of one block and the beginning of the next. */
const meanAcross = (forwards: Float64Array, backwards: Float64Array, from: number, width: number): number =>
  from % width === 0 ? forwards[from + width - 1]! : backwards[from]! + forwards[from + width - 1]!

function meanOf(values: Float64Array, from: number, to: number): number {
  let mean = 0
  const width = to - from + 1
  for (let i = from; i <= to; i++) mean += values[i]! / width
  return mean
}

/** Beyond three standard deviations a bell holds 0.3 %. */
const REACH = 3

/**
 * The mean of the points around each one, weighted by a bell that is cut off at three standard deviations; near the ends the weights that
 * fall outside are left out and the rest counted as the whole.
 */
export function gaussian(values: Float64Array, sigma: number): Float64Array<ArrayBuffer> {
  const width = Math.max(0, sigma || 0)
  const reach = Math.ceil(REACH * width)
  const weights = Float64Array.from({ length: reach + 1 }, (_, away) => Math.exp(-((away / width) ** 2) / 2))
  if (reach === 0) return Float64Array.from(values)
  const smooth = new Float64Array(values.length)
  for (let i = 0; i < values.length; i++) {
    const from = Math.max(0, i - reach)
    const to = Math.min(values.length - 1, i + reach)
    let weight = 0
    for (let j = from; j <= to; j++) weight += weights[Math.abs(j - i)]!
    let mean = 0
    for (let j = from; j <= to; j++) mean += values[j]! * (weights[Math.abs(j - i)]! / weight)
    smooth[i] = mean
  }
  return smooth
}
