/**
 * Many runs as one: the mean of a group's lines and the least and greatest they reach, per bucket of x.
 *
 * What the mean means where runs have different steps. A run counts from its first point to its last, in every bucket between them: where
 * it has points, with the mean of those; where it has none, with the straight line between the buckets it has, as it is drawn. So every
 * run weighs the same however often it logs, and the mean does not jump when one of them skips a step. Before its first point and after
 * its last a run says nothing. The band reaches from the least to the greatest of all those points and lines.
 *
 * Of a smoothed line the mean is that of the calm curve; the least and greatest stay those of the points.
 */
import type { Curve } from './smoothing.ts'

/** The finite points of one run, any order, and their smoothed values beside them where there are some. */
export interface RunCurve extends Curve {
  readonly calm?: Float64Array
}

/** One group. Parallel arrays, one entry for each bucket in which a run counts, x ascending. */
export interface Band {
  /** The middle of the bucket; the step itself where buckets are single steps. */
  readonly x: Float64Array<ArrayBuffer>
  readonly mean: Float64Array<ArrayBuffer>
  readonly min: Float64Array<ArrayBuffer>
  readonly max: Float64Array<ArrayBuffer>
  /** How many runs count there. */
  readonly runs: Float64Array<ArrayBuffer>
}

/** Equal buckets from `low` to `high`, both included in the first and the last one. */
export interface BandGrid {
  readonly low: number
  readonly high: number
  readonly buckets: number
}

/**
 * Buckets over a range of x: one for each whole number where there are no more of them than buckets, so that a mean by step is exact.
 *
 * isWhole  whether x counts steps
 */
export function bandGrid([low, high]: readonly [number, number], buckets: number, isWhole: boolean): BandGrid {
  const most = Math.max(1, Math.floor(buckets) || 1)
  const first = Math.ceil(low)
  const last = Math.floor(high)
  if (isWhole && last >= first && last - first < most)
    return { low: first - 0.5, high: last + 0.5, buckets: last - first + 1 }
  return { low, high, buckets: high > low ? most : 1 }
}

/** The band of a group: at most `grid.buckets` entries, none where no run counts. */
export function bandOf(runs: Iterable<RunColumns>, grid: BandGrid): Band {
  const sums = newColumns(grid.buckets)
  for (const run of runs) addRun(sums, run)
  return bandFrom(sums, grid)
}

interface Columns {
  readonly mean: Float64Array
  readonly min: Float64Array
  readonly max: Float64Array
  /** How many points, or runs, stand behind a bucket; 0 for none. */
  readonly count: Uint32Array
}

/** A point beyond the grid that a line comes from or goes to. */
interface Anchor {
  /** In buckets, 0 being the middle of the first one. */
  readonly at: number
  readonly mean: number
}

/** What one run says of each bucket, and where its line comes from and goes to. */
export interface RunColumns extends Columns {
  readonly before: Anchor | null
  readonly after: Anchor | null
}

const newColumns = (buckets: number): Columns => ({
  mean: new Float64Array(buckets),
  min: new Float64Array(buckets).fill(Infinity),
  max: new Float64Array(buckets).fill(-Infinity),
  count: new Uint32Array(buckets)
})

/** One pass over a run's points. */
export function runColumns({ x, y, calm = y }: RunCurve, { low, high, buckets }: BandGrid): RunColumns {
  const columns = newColumns(buckets)
  const { mean, min, max, count } = columns
  const scale = high > low ? buckets / (high - low) : 0
  let before = -1
  let after = -1
  for (let i = 0; i < x.length; i++) {
    const at = x[i]!
    if (at < low && (before < 0 || at >= x[before]!)) before = i
    if (at > high && (after < 0 || at < x[after]!)) after = i
    if (at < low || at > high) continue
    const b = Math.min(buckets - 1, Math.floor((at - low) * scale))
    const n = ++count[b]!
    // Each by its share: a sum of large values would not fit.
    mean[b] = mean[b]! * ((n - 1) / n) + calm[i]! / n
    if (y[i]! < min[b]!) min[b] = y[i]!
    if (y[i]! > max[b]!) max[b] = y[i]!
  }
  const anchor = (i: number): Anchor | null => (i < 0 ? null : { at: (x[i]! - low) * scale - 0.5, mean: calm[i]! })
  return { ...columns, before: anchor(before), after: anchor(after) }
}

function addRun(sums: Columns, run: RunColumns): void {
  let from = run.before
  const bridge = (to: Anchor): void => {
    if (from === null) return
    for (let b = Math.max(0, Math.floor(from.at) + 1); b < to.at && b < run.count.length; b++) {
      const share = (b - from.at) / (to.at - from.at)
      const value = from.mean * (1 - share) + to.mean * share
      add(sums, b, value, value, value)
    }
  }
  for (let b = 0; b < run.count.length; b++) {
    if (run.count[b] === 0) continue
    const here = { at: b, mean: run.mean[b]! }
    bridge(here)
    add(sums, b, here.mean, run.min[b]!, run.max[b]!)
    from = here
  }
  if (run.after !== null) bridge(run.after)
}

function add(sums: Columns, b: number, mean: number, min: number, max: number): void {
  const n = ++sums.count[b]!
  sums.mean[b] = sums.mean[b]! * ((n - 1) / n) + mean / n
  if (min < sums.min[b]!) sums.min[b] = min
  if (max > sums.max[b]!) sums.max[b] = max
}

function bandFrom(sums: Columns, { low, high, buckets }: BandGrid): Band {
  const kept: number[] = []
  for (let b = 0; b < buckets; b++) if (sums.count[b]! > 0) kept.push(b)
  const width = (high - low) / buckets
  const take = (values: ArrayLike<number>): Float64Array<ArrayBuffer> => Float64Array.from(kept, (b) => values[b]!)
  return {
    x: Float64Array.from(kept, (b) => low + (b + 0.5) * width),
    mean: take(sums.mean),
    min: take(sums.min),
    max: take(sums.max),
    runs: take(sums.count)
  }
}
