import type { ChartAxis } from '#lib/live/protocol.ts'

export type Range = readonly [from: number, to: number]

/** An x range to look at, in axis units: the one asked for, else all of the data, widened when it is a single point. */
export function xExtent(asked: Range | null, from: number | null, to: number | null, axis: ChartAxis): Range {
  if (asked) return asked
  if (from === null || to === null) return [0, 1]
  if (from < to) return [from, to]
  const half = axis === 'step' ? 1 : 500
  return [from - half, to + half]
}

/**
 * The lowest and highest y a line shows over a range, its ways in from the left and out to the right included: they come from points
 * beyond the edges, and would be cut off if only the points inside counted.
 *
 * x, y     parallel, x ascending; null in y breaks the line
 * returns  nulls when nothing shows
 */
export function visibleSpan(
  x: ArrayLike<number>,
  y: ArrayLike<number | null>,
  [from, to]: Range
): readonly [low: number, high: number] | readonly [null, null] {
  let low = Infinity
  let high = -Infinity
  const see = (value: number): void => {
    low = Math.min(low, value)
    high = Math.max(high, value)
  }
  for (let i = 0; i < x.length; i++) {
    const [at, value] = [x[i]!, y[i]]
    if (value == null) continue
    if (at >= from && at <= to) see(value)
    const [nextAt, next] = [x[i + 1], y[i + 1]]
    if (nextAt === undefined || next == null || nextAt <= at) continue
    for (const edge of [from, to])
      if (at < edge && edge < nextAt) see(value + ((next - value) * (edge - at)) / (nextAt - at))
  }
  return low <= high ? [low, high] : [null, null]
}

/** A linear y range around the data: a little air above and below, and a band around a constant so that it runs mid-way. */
export function yExtent(low: number | null, high: number | null): Range {
  if (low === null || high === null) return [0, 1]
  if (low === high) {
    const half = low === 0 ? 1 : Math.abs(low) * 0.1
    return [low - half, high + half]
  }
  const air = (high - low) * 0.07
  // Near the largest doubles the air itself overflows.
  return [Math.max(low - air, -Number.MAX_VALUE), Math.min(high + air, Number.MAX_VALUE)]
}

/** A range drawn by hand, made whole: steps and milliseconds are integers. Null when nothing is left between the two ends. */
export function wholeRange(from: number, to: number): Range | null {
  const range: Range = [Math.floor(Math.min(from, to)), Math.ceil(Math.max(from, to))]
  return range[0] < range[1] ? range : null
}

/**
 * The range `factor` times as wide around the same middle (below 1 zooms in), inside `whole`.
 *
 * returns  null when that is all of `whole`
 */
export function zoomRange(range: Range, factor: number, whole: Range): Range | null {
  const middle = (range[0] + range[1]) / 2
  const half = ((range[1] - range[0]) / 2) * factor
  const next = wholeRange(Math.max(middle - half, whole[0]), Math.min(middle + half, whole[1])) ?? range
  return next[0] <= whole[0] && next[1] >= whole[1] ? null : next
}

/** The range moved by `share` of its own width, stopped at the ends of `whole`. */
export function panRange(range: Range, share: number, whole: Range): Range {
  const width = range[1] - range[0]
  const from = Math.min(Math.max(range[0] + width * share, whole[0]), Math.max(whole[0], whole[1] - width))
  return [Math.round(from), Math.round(from + width)]
}
