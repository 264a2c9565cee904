import { valueTexts } from '#lib/charts/axis-text.ts'
import { collator } from '../run/metric-groups.ts'

/** Where values stand along an axis: numbers by size, anything else as names in a row. */
export interface ValueScale {
  /** 0 … 1; null for what has no place: nothing, NaN, ±Infinity among numbers. */
  readonly place: (value: Cell) => number | null
  readonly ticks: readonly { readonly at: number; readonly text: string }[]
}

export type Cell = string | number | null

/** Number texts, as params are, count as numbers when all of them are. */
export function valueScale(cells: readonly Cell[]): ValueScale {
  const given = cells.filter((cell) => cell !== null)
  const numbers = given.map(toNumber)
  return numbers.every((number) => number !== null)
    ? numberScale(numbers.filter(Number.isFinite))
    : nameScale(given.map(String))
}

export function toNumber(cell: Cell): number | null {
  if (typeof cell === 'number') return cell
  if (cell === null || cell.trim() === '') return null
  const number = Number(cell)
  return Number.isNaN(number) && !/^nan$/i.test(cell.trim()) ? null : number
}

function numberScale(numbers: readonly number[]): ValueScale {
  const ticks = niceTicks(least(numbers), greatest(numbers))
  const [low, high] = [ticks[0]!, ticks.at(-1)!]
  const at = (number: number): number => (number - low) / (high - low)
  return {
    place: (cell) => {
      const number = toNumber(cell)
      return number === null || !Number.isFinite(number) ? null : at(number)
    },
    ticks: valueTexts(ticks).map((text, place) => ({ at: at(ticks[place]!), text }))
  }
}

function nameScale(names: readonly string[]): ValueScale {
  const sorted = [...new Set(names)].sort((a, b) => collator.compare(a, b))
  const at = (place: number): number => (place + 0.5) / sorted.length
  const places = new Map(sorted.map((name, place) => [name, at(place)]))
  return {
    place: (cell) => (cell === null ? null : (places.get(String(cell)) ?? null)),
    ticks: sorted.map((text, place) => ({ at: at(place), text }))
  }
}

const TICKS = 4
/** Of two values, the share of them by which they differ. */
const ALIKE = 1e-9
/** Below it a step between ticks would soon be no number. */
const LEAST = 1e-290

/**
 * Round numbers around a range, at least two, the first and last of them outside it or on its ends.
 *
 * low, high  finite, or ±Infinity in the wrong order for no values at all
 */
export function niceTicks(low: number, high: number): readonly number[] {
  if (low > high) return [0, 1]
  const size = Math.max(Math.abs(low), Math.abs(high))
  // Too close together to be told apart by a label: as one value, in the middle.
  if (high - low <= size * ALIKE || size < LEAST) {
    const half = size < LEAST ? 1 : size / 2
    return [low - half, low, low + half]
  }
  // Halved first: the whole span of doubles is no double.
  const rough = high / TICKS - low / TICKS
  const power = 10 ** Math.floor(Math.log10(rough))
  const step = [1, 2, 2.5, 5, 10].map((factor) => factor * power).find((size) => size >= rough)!
  const [from, to] = [Math.floor(low / step), Math.ceil(high / step)]
  // Counted in steps and rounded once, or 0.1 + 0.2 would be a label.
  return Array.from({ length: to - from + 1 }, (_, at) => Number(((from + at) * step).toPrecision(12)))
}

const least = (numbers: readonly number[]): number => numbers.reduce((a, b) => Math.min(a, b), Infinity)
const greatest = (numbers: readonly number[]): number => numbers.reduce((a, b) => Math.max(a, b), -Infinity)
