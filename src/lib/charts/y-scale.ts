/** How values stand above one another: the vertical scale of a chart as a pair of functions. */

export type YScale = 'linear' | 'log' | 'symlog'

export interface Vertical {
  readonly kind: YScale
  /** symlog is linear from minus this to this; 0 for the others. */
  readonly linearBelow: number
  /** Where a value stands, in units in which the picture is linear; NaN when the scale has no place for it. */
  readonly place: (value: number) => number
  /** The value at a place. */
  readonly value: (place: number) => number
}

/** Decades a symlog scale shows on each side of its linear middle. */
const SYMLOG_DECADES = 4

/**
 * largest  the greatest |value| of everything that may be shown: what a symlog scale's linear middle is measured by
 * source   symlog is asinh(value / c), Webber 2013's bi-symmetric logarithm in the form uPlot and matplotlib (`asinh`) use
 */
export function vertical(kind: YScale, largest: number): Vertical {
  if (kind === 'linear') return { kind, linearBelow: 0, place: (value) => value, value: (place) => place }
  if (kind === 'log')
    return {
      kind,
      linearBelow: 0,
      place: (value) => (value > 0 ? Math.log10(value) : NaN),
      value: (place) => 10 ** place
    }
  const power = largest > 0 && Number.isFinite(largest) ? Math.floor(Math.log10(largest)) : 0
  const linearBelow = Math.max(Number.MIN_VALUE, 10 ** (power - SYMLOG_DECADES))
  return {
    kind,
    linearBelow,
    place: (value) => Math.asinh(value / linearBelow),
    value: (place) => Math.sinh(place) * linearBelow
  }
}

/** The least and greatest place with a little air around, and a band around a constant so that it runs midway. */
export function airy(low: number, high: number): readonly [number, number] {
  if (!(low <= high)) return [0, 1]
  if (low === high) {
    const half = low === 0 ? 1 : Math.abs(low) * 0.1
    return [low - half, high + half]
  }
  const air = Math.min((high - low) * 0.07, Number.MAX_VALUE)
  // Near the largest doubles the air itself overflows.
  return [Math.max(low - air, -Number.MAX_VALUE), Math.min(high + air, Number.MAX_VALUE)]
}

/**
 * The range of a chart that grows, `airy`, given the one before: that one as long as the data fits in and fills most of it, so that not
 * every new extreme moves all others; else with room to spare where it grew.
 */
export function roomier(
  [low, high]: readonly [number, number],
  before: readonly [number, number]
): readonly [number, number] {
  const span = high - low
  const air = span * 0.06
  const fits = low + air >= before[0] && high - air <= before[1]
  if (fits && span > 0.6 * (before[1] - before[0])) return before
  const room = Math.min(span * 0.15, Number.MAX_VALUE)
  return [
    low < before[0] ? Math.max(low - room, -Number.MAX_VALUE) : low,
    high > before[1] ? Math.min(high + room, Number.MAX_VALUE) : high
  ]
}

/** Where a symlog axis has ticks: 0, and powers of ten out to both ends, thinned out evenly to about `most`. Ascending. */
export function symlogTicks({ linearBelow }: Vertical, from: number, to: number, most: number): number[] {
  const smallest = Math.round(Math.log10(linearBelow)) + 1
  const largest = Math.floor(Math.log10(Math.max(Math.abs(from), Math.abs(to), linearBelow)) + 1e-9)
  const sides = (from < 0 ? 1 : 0) + (to > 0 ? 1 : 0)
  const every = Math.max(1, Math.ceil(((largest - smallest + 1) * sides) / Math.max(1, most - 1)))
  const ticks = [0]
  for (let power = largest; power >= smallest; power -= every) ticks.push(10 ** power, -(10 ** power))
  return ticks.filter((tick) => tick >= from && tick <= to).sort((a, b) => a - b)
}
