/** One dot per run: a metric against a metric or a param. */
import type { Range } from './scale.ts'
import type { Vertical } from './y-scale.ts'

export interface Dot {
  readonly runId: string
  /** A metric's value, or a param's text; null when the run has none. */
  readonly x: number | string | null
  readonly y: number | null
}

export interface PlacedDot {
  readonly runId: string
  readonly dot: Dot
  readonly x: number
  /** On the vertical scale. */
  readonly place: number
}

export interface PlacedDots {
  /** By x, then y: the order in which arrows go. */
  readonly dots: readonly PlacedDot[]
  /** The texts of an x axis of texts, each standing at its number; null for one of numbers. */
  readonly categories: readonly string[] | null
  /** Runs without an x or a y, or with one that is no number or that the scale has no place for. */
  readonly unplaced: number
}

/** A param is text; where every one of them reads as a number, the axis is one of numbers. */
const numberOf = (x: Dot['x']): number =>
  typeof x === 'number' ? x : x === null || x.trim() === '' ? NaN : Number(x.trim())

/** Texts stand in the order of their letters, numbers in them by size. */
const byText = new Intl.Collator('en', { numeric: true })

export function placeDots(all: readonly Dot[], scale: Vertical): PlacedDots {
  const texts = all.flatMap(({ x }) => (typeof x === 'string' ? [x] : []))
  const isNumeric = texts.every((text) => !Number.isNaN(numberOf(text)) || text.trim().toLowerCase() === 'nan')
  const categories = isNumeric
    ? null
    : [...new Set(all.flatMap(({ x }) => (x === null ? [] : [String(x)])))].sort(byText.compare)
  const at = categories && new Map(categories.map((text, i) => [text, i]))
  const dots = all
    .map((dot) => ({
      runId: dot.runId,
      dot,
      x: at ? (at.get(String(dot.x)) ?? NaN) : numberOf(dot.x),
      place: dot.y === null ? NaN : scale.place(dot.y)
    }))
    .filter(({ x, place }) => Number.isFinite(x) && Number.isFinite(place))
    .sort((a, b) => a.x - b.x || a.place - b.place)
  return { dots, categories, unplaced: all.length - dots.length }
}

/** With a little air at both ends, so that no dot is cut. */
export function dotRange(dots: readonly PlacedDot[], categories: readonly string[] | null): Range {
  if (categories !== null) return [-0.5, categories.length - 0.5]
  const low = dots[0]?.x
  const high = dots[dots.length - 1]?.x
  if (low === undefined || high === undefined) return [0, 1]
  const air = high > low ? (high - low) * 0.04 : Math.abs(low) * 0.1 || 1
  return [low - air, high + air]
}

/** The dot nearest to a place on the plot, within `reach`; pixels of any kind. */
export function nearestDot(
  dots: readonly PlacedDot[],
  at: (dot: PlacedDot) => readonly [number, number],
  [left, top]: readonly [number, number],
  reach: number
): PlacedDot | null {
  let best: PlacedDot | null = null
  let least = reach ** 2
  for (const dot of dots) {
    const [x, y] = at(dot)
    const away = (x - left) ** 2 + (y - top) ** 2
    if (away <= least) {
      least = away
      best = dot
    }
  }
  return best
}
