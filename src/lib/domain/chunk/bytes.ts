/**
 * Numbers as bytes: little-endian, as are the typed arrays of every machine Runnel runs on, and whole numbers as varints (LEB128: seven
 * bits a byte, lowest first, the top bit says that more follow). Signed ones are zigzagged first (0, -1, 1, -2, … become 0, 1, 2, 3, …),
 * so that small ones of either sign are short.
 */
import { RunnelError } from '../errors.ts'

/** The least magnitude that is not written as a varint: zigzagged, everything below it is exact in a double. */
const WIDE = 2 ** 52

export const badChunk = (what: string): RunnelError =>
  new RunnelError('DATA_LOSS', `A chunk of metric points cannot be read: ${what}.`)

/** Of a whole number from 0 up to 2^53 - 1. */
export function varintBytes(value: number): number {
  // Bits (32 minus the leading zeros) divided by seven, rounded up.
  if (value < 2 ** 32) return value === 0 ? 1 : ((38 - Math.clz32(value)) / 7) | 0
  if (value < 2 ** 35) return 5
  if (value < 2 ** 42) return 6
  return value < 2 ** 49 ? 7 : 8
}

/** Returns where the next byte goes. */
export function writeVarint(out: Uint8Array, start: number, value: number): number {
  let at = start
  // Bit operations hold 31 bits.
  while (value >= 2 ** 31) {
    out[at++] = (value % 128) | 128
    value = Math.floor(value / 128)
  }
  let rest = value | 0
  while (rest > 127) {
    out[at++] = (rest & 127) | 128
    rest >>>= 7
  }
  out[at++] = rest
  return at
}

/** How many bytes a whole number takes as a zigzag varint; Infinity when it is too wide to be written as one. */
export function zigzagBytes(number: number): number {
  if (number >= -64 && number < 64) return 1
  if (number >= -8192 && number < 8192) return 2
  return Math.abs(number) < WIDE ? varintBytes(zigzag(number)) : Infinity
}

/** Returns where the next byte goes. */
export function writeZigzag(out: Uint8Array, at: number, number: number): number {
  if (number >= -64 && number < 64) {
    out[at] = (number << 1) ^ (number >> 31)
    return at + 1
  }
  if (number >= -8192 && number < 8192) {
    const folded = (number << 1) ^ (number >> 31)
    out[at] = (folded & 127) | 128
    out[at + 1] = folded >>> 7
    return at + 2
  }
  return writeVarint(out, at, zigzag(number))
}

function zigzag(number: number): number {
  return number < 0 ? -2 * number - 1 : 2 * number
}

/** Reads bytes from front to back and never past their end. */
export class ByteReader {
  readonly bytes: Uint8Array
  at = 0

  constructor(bytes: Uint8Array) {
    this.bytes = bytes
  }

  byte(): number {
    const byte = this.bytes[this.at++]
    if (byte === undefined) throw badChunk('it ends too soon')
    return byte
  }

  take(length: number): Uint8Array {
    if (length > this.bytes.length - this.at) throw badChunk('it ends too soon')
    return this.bytes.subarray(this.at, (this.at += length))
  }

  /** A whole number from 0 up to 2^53 - 1, written as short as it can be. */
  varint(): number {
    let value = 0
    for (let scale = 1, i = 0; i < 8; i++, scale *= 128) {
      const byte = this.byte()
      value += (byte & 127) * scale
      if (byte > 127) continue
      if (byte === 0 && i > 0) throw badChunk('a number is written longer than it is')
      if (value > Number.MAX_SAFE_INTEGER) break
      return value
    }
    throw badChunk('a number has more than 53 bits')
  }

  zigzags(count: number): Float64Array<ArrayBuffer> {
    // Each takes a byte at least, so what is set aside is never more than eight times what is there.
    if (count > this.bytes.length - this.at) throw badChunk('it ends too soon')
    const numbers = new Float64Array(count)
    const { bytes } = this
    let at = this.at
    for (let i = 0; i < count; i++) {
      const low = bytes[at]!
      const high = bytes[at + 1]!
      if (low < 128) {
        numbers[i] = (low >>> 1) ^ -(low & 1)
        at++
      } else if (high < 128 && high > 0) {
        const both = (low & 127) | (high << 7)
        numbers[i] = (both >>> 1) ^ -(both & 1)
        at += 2
      } else {
        this.at = at
        const wide = this.varint()
        numbers[i] = wide % 2 === 0 ? wide / 2 : -(wide + 1) / 2
        at = this.at
      }
    }
    this.at = at
    return numbers
  }

  end(): void {
    if (this.at !== this.bytes.length)
      throw badChunk(`${this.bytes.length - this.at} bytes follow what it says it holds`)
  }
}

/** Make each number from `from` on the sum of it and all before it, in place. Fails when a sum is not a safe integer. */
export function accumulate(numbers: Float64Array, from = 1): void {
  if (numbers.length < from) return
  let sum = numbers[from - 1]!
  for (let i = from; i < numbers.length; i++) {
    sum += numbers[i]!
    if (sum > Number.MAX_SAFE_INTEGER || sum < -Number.MAX_SAFE_INTEGER)
      throw badChunk('a number has more than 53 bits')
    numbers[i] = sum
  }
}
