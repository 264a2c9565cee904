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
