/**
 * A series in as few bytes as it can be kept in and still be read at once, bit by bit as it was; and parts of it.
 *
 *   a column that grows by the same each time   its first number and the difference: no bytes a point
 *   whole numbers less than 2^32 apart          the least, and 4 bytes a point
 *   values that are floats                      4 bytes a point
 *   anything else                               8 bytes a point, as it was
 *
 * A metric logged at every n-th step at a steady pace takes 4 or 8 bytes a point instead of 24.
 */
import { sliceSeries, type Series } from './series.ts'

type Column =
  | { readonly kind: 'even'; readonly first: number; readonly by: number }
  | { readonly kind: 'offsets'; readonly least: number; readonly offsets: Uint32Array }
  | { readonly kind: 'plain'; readonly numbers: Float64Array<ArrayBuffer> }

interface Axis {
  readonly column: Column
  /** Whether no number is less than the one before it. */
  readonly ascends: boolean
}

export type CompactSeries =
  | {
      readonly count: number
      readonly steps: Axis
      readonly timestamps: Axis
      readonly values: Float32Array | Float64Array<ArrayBuffer>
      readonly bytes: number
    }
  /** Beyond ±(2^53 - 1) nothing is made of it. */
  | { readonly whole: Series; readonly bytes: number }

export function compactSeries(series: Series): CompactSeries {
  if (series.exact) return { whole: series, bytes: series.values.length * 40 }
  const [steps, timestamps] = [axisOf(series.steps), axisOf(series.timestamps)]
  const values = areFloats(series.values) ? Float32Array.from(series.values) : series.values
  const bytes = bytesOf(steps.column) + bytesOf(timestamps.column) + values.byteLength
  return { count: series.values.length, steps, timestamps, values, bytes }
}

/** Points `from` up to but without `to`, all of them unless said, in arrays of their own. */
export function openCompact(compact: CompactSeries, from = 0, to = Infinity): Series {
  if ('whole' in compact) return sliceSeries(compact.whole, from, to)
  const end = Math.min(to, compact.count)
  return {
    steps: openColumn(compact.steps.column, from, end),
    timestamps: openColumn(compact.timestamps.column, from, end),
    values:
      compact.values instanceof Float64Array ? compact.values.slice(from, end) : widened(compact.values, from, end)
  }
}

/** A loop, as `Float64Array.from` takes several times as long. */
function widened(floats: Float32Array, from: number, to: number): Float64Array<ArrayBuffer> {
  const numbers = new Float64Array(Math.max(0, to - from))
  for (let i = 0; i < numbers.length; i++) numbers[i] = floats[from + i]!
  return numbers
}

/**
 * The points between two places on an axis, both included, and the nearest with a finite value beyond each of them: all that a chart of that
 * range can show. All points when they do not stand in the axis's order.
 */
export function openBetween(compact: CompactSeries, axis: 'steps' | 'timestamps', low: number, high: number): Series {
  if ('whole' in compact || !compact[axis].ascends) return openCompact(compact)
  const { column } = compact[axis]
  let from = firstPlace(column, compact.count, (number) => number >= low) - 1
  while (from >= 0 && !Number.isFinite(compact.values[from])) from--
  let to = firstPlace(column, compact.count, (number) => number > high)
  while (to < compact.count && !Number.isFinite(compact.values[to])) to++
  return openCompact(compact, Math.max(0, from), to + 1)
}

// ── columns ─────────────────────────────────────────────────────────────────────────────────────────────────────────────────────

const MOST_OFFSET = 2 ** 32 - 1

function axisOf(numbers: Float64Array<ArrayBuffer>): Axis {
  const { first, by, least, greatest, ascends, isEven } = shapeOf(numbers)
  if (isEven) return { column: { kind: 'even', first, by }, ascends }
  if (greatest - least > MOST_OFFSET || !areWhole(numbers)) return { column: { kind: 'plain', numbers }, ascends }
  return { column: { kind: 'offsets', least, offsets: Uint32Array.from(numbers, (number) => number - least) }, ascends }
}

/** A loop and nothing after it, as are those below: a browser that translates one while it runs throws that away where it goes on. */
function shapeOf(numbers: Float64Array<ArrayBuffer>) {
  const first = numbers[0] ?? 0
  const by = numbers.length > 1 ? numbers[1]! - first : 0
  let least = Infinity
  let greatest = -Infinity
  let ascends = true
  let isEven = Number.isSafeInteger(by)
  let before = -Infinity
  for (let i = 0; i < numbers.length; i++) {
    const number = numbers[i]!
    if (number < before) ascends = false
    if (!Object.is(number, numberAt(first, by, i))) isEven = false
    if (number < least) least = number
    if (number > greatest) greatest = number
    before = number
  }
  return { first, by, least, greatest, ascends, isEven }
}

function areWhole(numbers: Float64Array): boolean {
  for (let i = 0; i < numbers.length; i++)
    if (!Number.isSafeInteger(numbers[i]!) || Object.is(numbers[i], -0)) return false
  return true
}

function areFloats(values: Float64Array): boolean {
  for (let i = 0; i < values.length; i++) if (!Object.is(Math.fround(values[i]!), values[i])) return false
  return true
}

const numberAt = (first: number, by: number, place: number): number => first + by * place

function bytesOf(column: Column): number {
  if (column.kind === 'even') return 0
  return column.kind === 'offsets' ? column.offsets.byteLength : column.numbers.byteLength
}

function numberOf(column: Column, place: number): number {
  if (column.kind === 'even') return numberAt(column.first, column.by, place)
  return column.kind === 'offsets' ? column.least + column.offsets[place]! : column.numbers[place]!
}

function openColumn(column: Column, from: number, to: number): Float64Array<ArrayBuffer> {
  if (column.kind === 'plain') return column.numbers.slice(from, to)
  const numbers = new Float64Array(Math.max(0, to - from))
  if (column.kind === 'even')
    for (let i = 0; i < numbers.length; i++) numbers[i] = numberAt(column.first, column.by, from + i)
  else for (let i = 0; i < numbers.length; i++) numbers[i] = column.least + column.offsets[from + i]!
  return numbers
}

/** The first place whose number `isThere`; `count` when there is none. Of numbers that ascend. */
function firstPlace(column: Column, count: number, isThere: (number: number) => boolean): number {
  let [low, high] = [0, count]
  while (low < high) {
    const middle = (low + high) >> 1
    if (isThere(numberOf(column, middle))) high = middle
    else low = middle + 1
  }
  return low
}
