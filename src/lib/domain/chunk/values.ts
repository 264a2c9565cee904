/**
 * A column of doubles as bytes, bit by bit: -0, ±Infinity and subnormal numbers come back as they were, and every NaN as the one NaN.
 *
 * Most metrics are not any doubles. A loss was a float32 before Python made a double of it; an accuracy, a percentage or a count is a
 * decimal of a few places, k / 10^e for a whole k. Each is written as what it is.
 */
import { planDecimals, readDecimals, SCALES, writeDecimals, type DecimalPlan } from './decimals.ts'
import { badChunk, type ByteReader } from './bytes.ts'
import { readFloats, writeFloats, type Width } from './floats.ts'

/**
 * decimal  k / 10^places, as the first k and then each one's distance from the one before: zigzag varints
 * float    the four or eight bytes of each value, all first bytes first, then all second bytes, … (planes)
 *
 * A constant column holds one value, which stands for all.
 */
export type ValueKind = { readonly constant: boolean } & (
  { readonly as: 'decimal'; readonly places: number } | { readonly as: 'float'; readonly width: Width }
)

const CONSTANT = 0x10
const FLOAT32 = SCALES.length
const FLOAT64 = FLOAT32 + 1

export function valueKindToByte(kind: ValueKind): number {
  const low = kind.as === 'decimal' ? kind.places : kind.width === 4 ? FLOAT32 : FLOAT64
  return low | (kind.constant ? CONSTANT : 0)
}

export function byteToValueKind(byte: number): ValueKind {
  const constant = (byte & CONSTANT) !== 0
  const low = byte & ~CONSTANT
  if (low < FLOAT32) return { as: 'decimal', places: low, constant }
  if (low > FLOAT64) throw badChunk(`there is no kind ${byte} of values`)
  return { as: 'float', width: low === FLOAT32 ? 4 : 8, constant }
}

export interface ValuePlan {
  readonly kind: ValueKind
  readonly bytes: number
  /** What is written: of a constant column one value. */
  readonly column: Float64Array
}

/** The shortest way to write values. */
export function planValues(values: Float64Array): ValuePlan {
  const constant = isConstant(values)
  const column = constant ? values.subarray(0, 1) : values
  const decimals = planDecimals(column)
  const floatBytes = column.length * 4
  if (decimals !== null && decimals.bytes <= floatBytes) return decimal(decimals, constant, column)
  if (areFloat32(column)) return { kind: { as: 'float', width: 4, constant }, bytes: floatBytes, column }
  if (decimals !== null && decimals.bytes <= 2 * floatBytes) return decimal(decimals, constant, column)
  return { kind: { as: 'float', width: 8, constant }, bytes: 2 * floatBytes, column }
}

function decimal({ places, bytes }: DecimalPlan, constant: boolean, column: Float64Array): ValuePlan {
  return { kind: { as: 'decimal', places, constant }, bytes, column }
}

function isConstant(values: Float64Array): boolean {
  const first = values[0]
  for (let i = 1; i < values.length; i++) if (!Object.is(values[i], first)) return false
  return values.length > 0
}

function areFloat32(values: Float64Array): boolean {
  for (let i = 0; i < values.length; i++) {
    const value = values[i]!
    if (Math.fround(value) !== value && value === value) return false
  }
  return true
}

/**
 * Write a column.
 *
 * noise    planes (bit 0 for the first) that stand behind the others
 * returns  where the next byte goes
 */
export function writeValues(out: Uint8Array, at: number, { kind, column }: ValuePlan, noise = 0): number {
  if (kind.as === 'decimal') return writeDecimals(out, at, column, SCALES[kind.places]!)
  return writeFloats(out, at, column, kind.width, noise)
}

export function readValues(reader: ByteReader, kind: ValueKind, count: number, noise = 0): Float64Array<ArrayBuffer> {
  const distinct = kind.constant ? Math.min(count, 1) : count
  const column =
    kind.as === 'decimal'
      ? readDecimals(reader, distinct, SCALES[kind.places]!)
      : readFloats(reader, distinct, kind.width, noise)
  return kind.constant ? new Float64Array(count).fill(column[0]!) : column
}
