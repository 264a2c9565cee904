/**
 * A column of doubles as bytes, bit by bit: -0, ±Infinity and subnormal numbers come back as they were, and every NaN as the one NaN.
 *
 * Most metrics are not any doubles. A loss was a float32 before Python made a double of it; an accuracy, a percentage or a count is a
 * decimal of a few places, k / 10^e for a whole k. Each is written as what it is.
 */
import { accumulate, badChunk, differences, writeZigzags, zigzagBytes, type ByteReader } from './bytes.ts'

/** Decimal places a decimal column may have: from 0. */
const MOST_PLACES = 6
/** Values that are looked at before all are: most columns that are no decimals show it at once. */
const SAMPLE = 32

/**
 * decimal  k / 10^places, as the first k and then each one's distance from the one before: zigzag varints
 * float    the four or eight bytes of each value, all first bytes first, then all second bytes, … (planes)
 *
 * A constant column holds one value, which stands for all.
 */
export type ValueKind = { readonly constant: boolean } & (
  { readonly as: 'decimal'; readonly places: number } | { readonly as: 'float'; readonly width: 4 | 8 }
)

const CONSTANT = 0x10
const FLOAT32 = 7
const FLOAT64 = 8

export function valueKindToByte(kind: ValueKind): number {
  const low = kind.as === 'decimal' ? kind.places : kind.width === 4 ? FLOAT32 : FLOAT64
  return low | (kind.constant ? CONSTANT : 0)
}

export function byteToValueKind(byte: number): ValueKind {
  const constant = (byte & CONSTANT) !== 0
  const low = byte & ~CONSTANT
  if (low <= MOST_PLACES) return { as: 'decimal', places: low, constant }
  if (low > FLOAT64) throw badChunk(`there is no kind ${byte} of values`)
  return { as: 'float', width: low === FLOAT32 ? 4 : 8, constant }
}

export interface ValuePlan {
  readonly kind: ValueKind
  readonly bytes: number
  /** Of a decimal column: what is written as zigzag varints. Of a float column: its bytes, value by value. */
  readonly numbers: Float64Array | null
  readonly floats: Uint8Array | null
}

/** The shortest way to write values. */
export function planValues(values: Float64Array): ValuePlan {
  const constant = isConstant(values)
  const column = constant ? values.subarray(0, 1) : values
  const width = column.every(isFloat32) ? 4 : 8
  const decimals = decimalsOf(column)
  const numbers = decimals === null ? null : differences(decimals.wholes)
  const bytes = numbers === null ? Infinity : zigzagBytes(numbers)
  if (decimals !== null && bytes <= column.length * width) {
    return { kind: { as: 'decimal', places: decimals.places, constant }, bytes, numbers, floats: null }
  }
  const floats = floatBytes(column, width)
  return { kind: { as: 'float', width, constant }, bytes: floats.length, numbers: null, floats }
}

function isConstant(values: Float64Array): boolean {
  const [first] = values
  for (let i = 1; i < values.length; i++) if (!Object.is(values[i], first)) return false
  return values.length > 0
}

function isFloat32(value: number): boolean {
  return Math.fround(value) === value || value !== value
}

interface Decimals {
  readonly places: number
  /** Values times 10^places: whole numbers. */
  readonly wholes: Float64Array
}

/** The fewest places with which every value is exactly a decimal; null if none are enough. */
function decimalsOf(values: Float64Array): Decimals | null {
  let places = 0
  const stride = Math.max(1, Math.floor(values.length / SAMPLE))
  for (let i = 0; i < values.length; i += stride) {
    while (wholeOf(values[i]!, 10 ** places) === null) if (++places > MOST_PLACES) return null
  }
  for (; places <= MOST_PLACES; places++) {
    const wholes = wholesOf(values, 10 ** places)
    if (wholes !== null) return { places, wholes }
  }
  return null
}

function wholesOf(values: Float64Array, scale: number): Float64Array | null {
  const wholes = new Float64Array(values.length)
  for (let i = 0; i < values.length; i++) {
    const whole = wholeOf(values[i]!, scale)
    if (whole === null) return null
    wholes[i] = whole
  }
  return wholes
}

/** k when the value is the double nearest to k / scale, and not -0, of which a whole number knows nothing. */
function wholeOf(value: number, scale: number): number | null {
  const whole = Math.round(value * scale)
  if (whole / scale !== value || Math.abs(whole) > Number.MAX_SAFE_INTEGER || Object.is(value, -0)) return null
  return whole
}

/** Value by value, as a view of their memory would show them, but for NaN, which has one form. */
function floatBytes(values: Float64Array, width: 4 | 8): Uint8Array {
  const floats = width === 4 ? new Float32Array(values) : new Float64Array(values)
  const words = new Uint32Array(floats.buffer)
  for (let i = 0; i < values.length; i++) {
    if (values[i] === values[i]) continue
    if (width === 4) words[i] = 0x7fc00000
    else words.set([0, 0x7ff80000], i * 2)
  }
  return new Uint8Array(floats.buffer)
}

/**
 * Write a column.
 *
 * noise    planes (bit 0 for the first) that go to `aside` and not to `out`
 * returns  where the next byte of `out` goes
 */
export function writeValues(out: Uint8Array, at: number, plan: ValuePlan, noise = 0, aside = out): number {
  if (plan.numbers !== null) return writeZigzags(out, at, plan.numbers)
  const { floats, kind } = plan
  if (floats === null || kind.as !== 'float') return at
  const count = floats.length / kind.width
  let asideAt = 0
  for (let plane = 0; plane < kind.width; plane++) {
    if (noise & (1 << plane)) {
      gather(aside, asideAt, floats, plane, kind.width)
      asideAt += count
    } else {
      gather(out, at, floats, plane, kind.width)
      at += count
    }
  }
  return at
}

function gather(out: Uint8Array, start: number, from: Uint8Array, plane: number, width: number): void {
  for (let i = plane, at = start; i < from.length; i += width) out[at++] = from[i]!
}

/** The planes `noise` names are read from `aside`. */
export function readValues(
  reader: ByteReader,
  kind: ValueKind,
  count: number,
  noise = 0,
  aside = reader
): Float64Array<ArrayBuffer> {
  const distinct = kind.constant ? Math.min(count, 1) : count
  const column =
    kind.as === 'decimal'
      ? readDecimals(reader, kind.places, distinct)
      : readFloats(reader, kind.width, distinct, noise, aside)
  return kind.constant ? new Float64Array(count).fill(column[0]!) : column
}

function readDecimals(reader: ByteReader, places: number, count: number): Float64Array<ArrayBuffer> {
  const numbers = reader.zigzags(count)
  accumulate(numbers)
  const scale = 10 ** places
  if (scale !== 1) for (let i = 0; i < count; i++) numbers[i] = numbers[i]! / scale
  return numbers
}

function readFloats(
  reader: ByteReader,
  width: 4 | 8,
  count: number,
  noise: number,
  aside: ByteReader
): Float64Array<ArrayBuffer> {
  const planes = Array.from({ length: width }, (_, plane) => (noise & (1 << plane) ? aside : reader).take(count))
  const bytes = new Uint8Array(count * width)
  for (const [plane, from] of planes.entries()) {
    for (let i = 0, at = plane; i < count; i++, at += width) bytes[at] = from[i]!
  }
  return width === 4 ? new Float64Array(new Float32Array(bytes.buffer)) : new Float64Array(bytes.buffer)
}
