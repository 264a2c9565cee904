/** Values that are decimals of a few places, as the whole numbers they are times a power of ten. */
import { accumulate, writeZigzag, zigzagBytes, type ByteReader } from './bytes.ts'

/** By the number of places. */
export const SCALES = [1, 10, 100, 1000, 10_000, 100_000, 1_000_000] as const
/** Values that are looked at before all are: most columns that are no decimals show it at once. */
const SAMPLE = 32

export interface DecimalPlan {
  readonly places: number
  readonly bytes: number
}

/** The fewest places with which every value is exactly a decimal; null if none are enough, or they are too far apart. */
export function planDecimals(values: Float64Array): DecimalPlan | null {
  for (let places = placesOfSample(values); places < SCALES.length; places++) {
    const bytes = decimalBytes(values, SCALES[places]!)
    if (bytes < Infinity) return { places, bytes }
  }
  return null
}

function placesOfSample(values: Float64Array): number {
  let places = 0
  const stride = Math.max(1, Math.floor(values.length / SAMPLE))
  for (let i = 0; i < values.length; i += stride) {
    const value = values[i]!
    while (!isDecimal(value, Math.round(value * SCALES[places]!), SCALES[places]!)) {
      if (++places === SCALES.length) return places
    }
  }
  return places
}

/** How long `writeDecimals` makes them; Infinity when one is no such decimal, or too far from the one before. */
function decimalBytes(values: Float64Array, scale: number): number {
  let [bytes, last] = [0, 0]
  for (let i = 0; i < values.length; i++) {
    const value = values[i]!
    const whole = Math.round(value * scale)
    if (!isDecimal(value, whole, scale)) return Infinity
    bytes += zigzagBytes(whole - last)
    last = whole
  }
  return bytes
}

/** Whether a value is the double nearest to whole / scale. A whole number knows no -0. */
function isDecimal(value: number, whole: number, scale: number): boolean {
  if (whole === 0) return Object.is(value, 0)
  return whole / scale === value && whole <= Number.MAX_SAFE_INTEGER && whole >= -Number.MAX_SAFE_INTEGER
}

/** Returns where the next byte goes. */
export function writeDecimals(out: Uint8Array, start: number, values: Float64Array, scale: number): number {
  let [at, last] = [start, 0]
  for (let i = 0; i < values.length; i++) {
    const whole = Math.round(values[i]! * scale)
    at = writeZigzag(out, at, whole - last)
    last = whole
  }
  return at
}

export function readDecimals(reader: ByteReader, count: number, scale: number): Float64Array<ArrayBuffer> {
  const numbers = reader.zigzags(count)
  accumulate(numbers)
  if (scale !== 1) for (let i = 0; i < count; i++) numbers[i] = numbers[i]! / scale
  return numbers
}
