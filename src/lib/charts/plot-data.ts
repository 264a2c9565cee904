import type { DrawnSeries } from '#lib/live/protocol.ts'

/** A series as uPlot takes it, beside what uPlot cannot draw. */
export interface PlotData {
  readonly x: ArrayLike<number>
  /** `null` breaks the line: a NaN, an infinity, or (on a log scale) a value that has no logarithm. */
  readonly y: ArrayLike<number | null>
  /** Parallel to `x`: the logged value, NaN and ±Infinity as they were. */
  readonly exact: ArrayLike<number>
  /** Values at or below 0 that a log scale leaves out. */
  readonly withoutLog: number
}

/**
 * Put the points that are no numbers back into the line as gaps, so that a curve never runs through a NaN as if nothing had happened.
 *
 * series   x ascending; non-finite values in `nanX`, `posInfX`, `negInfX`, each ascending
 * returns  the arrays of `series` themselves when there is nothing to put back
 */
export function toPlotData(series: DrawnSeries, log: boolean): PlotData {
  const holes = mergeHoles(series)
  const drawable = (value: number): boolean => Number.isFinite(value) && (!log || value > 0)
  if (holes.length === 0 && series.y.every(drawable))
    return { x: series.x, y: series.y, exact: series.y, withoutLog: 0 }

  const x: number[] = []
  const y: (number | null)[] = []
  const exact: number[] = []
  let withoutLog = 0
  const push = (at: number, value: number): void => {
    x.push(at)
    y.push(drawable(value) ? value : null)
    exact.push(value)
    if (log && value <= 0 && Number.isFinite(value)) withoutLog++
  }
  let next = 0
  for (let i = 0; i < series.x.length; i++) {
    const at = series.x[i]!
    // A hole at the x of a point comes after it: which was logged first is not known here, and the point must stay visible.
    while (next < holes.length && holes[next]!.x < at) push(holes[next]!.x, holes[next++]!.value)
    push(at, series.y[i]!)
  }
  while (next < holes.length) push(holes[next]!.x, holes[next++]!.value)
  return { x, y, exact, withoutLog }
}

interface Hole {
  readonly x: number
  readonly value: number
}

function mergeHoles(series: DrawnSeries): readonly Hole[] {
  const of = (xs: Float64Array, value: number): Hole[] => Array.from(xs, (x) => ({ x, value }))
  const holes = [...of(series.nanX, NaN), ...of(series.posInfX, Infinity), ...of(series.negInfX, -Infinity)]
  return holes.sort((a, b) => a.x - b.x)
}

/**
 * Which points get a dot: all of those in view when there is room to tell them apart, else those a line cannot show because both
 * neighbours are missing.
 *
 * y         null where the line is broken
 * from, to  the indices in view, both included
 * returns   indices, ascending
 */
export function dotIndices(y: ArrayLike<number | null>, from: number, to: number, room: number): number[] {
  const missing = (i: number): boolean => i < 0 || i >= y.length || y[i] == null
  const all = to - from + 1 <= room
  const indices: number[] = []
  for (let i = from; i <= to; i++) {
    if (missing(i)) continue
    if (all || (missing(i - 1) && missing(i + 1))) indices.push(i)
  }
  return indices
}
