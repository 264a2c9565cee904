/** A column of steps or of timestamps as bytes. */
import { assert } from '../errors.ts'
import { accumulate, badChunk, differences, writeZigzags, zigzagBytes, type ByteReader } from './bytes.ts'

/** The byte each kind is written as is its place here. */
export const INTEGER_KINDS = ['even', 'deltas', 'delta-deltas', 'raw'] as const
/**
 * even          the first number and the distance that all neighbours have (0 for a constant); one alone has none
 * deltas        the first number, then each one's distance from the one before
 * delta-deltas  the first number and distance, then each distance less the one before
 * raw           eight bytes each, signed
 */
export type IntegerKind = (typeof INTEGER_KINDS)[number]

export interface IntegerPlan {
  readonly kind: IntegerKind
  readonly bytes: number
  /** What is written as zigzag varints, or else what is written raw. */
  readonly numbers: Float64Array | null
  readonly raw: BigInt64Array | null
}

/** The shortest way to write safe integers. */
export function planIntegers(integers: Float64Array): IntegerPlan {
  assert(integers.every(Number.isSafeInteger), 'steps and timestamps are safe integers unless they are given exactly')
  const deltas = differences(integers)
  if (isEven(deltas)) {
    const numbers = deltas.subarray(0, 2)
    const bytes = zigzagBytes(numbers)
    if (bytes < Infinity) return { kind: 'even', bytes, numbers, raw: null }
  }
  const bytes = zigzagBytes(deltas)
  // A delta too wide to be written may not be exact, so nothing that is made of it would be.
  if (bytes === Infinity) return planRaw(BigInt64Array.from(integers, BigInt))
  const deltaDeltas = differences(deltas, 2)
  const otherBytes = zigzagBytes(deltaDeltas)
  const least = Math.min(bytes, otherBytes, integers.length * 8)
  if (bytes === least) return { kind: 'deltas', bytes, numbers: deltas, raw: null }
  if (otherBytes === least) return { kind: 'delta-deltas', bytes: otherBytes, numbers: deltaDeltas, raw: null }
  return planRaw(BigInt64Array.from(integers, BigInt))
}

export function planRaw(integers: BigInt64Array): IntegerPlan {
  return { kind: 'raw', bytes: integers.byteLength, numbers: null, raw: integers }
}

function isEven(deltas: Float64Array): boolean {
  const first = deltas[1]
  for (let i = 2; i < deltas.length; i++) if (deltas[i] !== first) return false
  return true
}

/** Returns where the next byte goes. */
export function writeIntegers(out: Uint8Array, at: number, { numbers, raw, bytes }: IntegerPlan): number {
  if (numbers !== null) return writeZigzags(out, at, numbers)
  if (raw !== null) out.set(new Uint8Array(raw.buffer, raw.byteOffset, raw.byteLength), at)
  return at + bytes
}

/** Safe integers; what is raw and is not one is for `readRaw`. */
export function readIntegers(reader: ByteReader, kind: IntegerKind, count: number): Float64Array<ArrayBuffer> {
  if (kind === 'raw') return Float64Array.from(readRaw(reader, count), safe)
  if (kind === 'even') return evenly(reader.zigzags(Math.min(count, 2)), count)
  const numbers = reader.zigzags(count)
  if (kind === 'delta-deltas') accumulate(numbers, 2)
  accumulate(numbers)
  return numbers
}

export function readRaw(reader: ByteReader, count: number): BigInt64Array<ArrayBuffer> {
  // A copy, as a view has to begin at a multiple of eight.
  return new BigInt64Array(reader.take(count * 8).slice().buffer)
}

function evenly([first = 0, distance = 0]: Float64Array, count: number): Float64Array<ArrayBuffer> {
  const integers = new Float64Array(count).fill(distance)
  integers.set([first].slice(0, count))
  // Added up and not multiplied: a product may be wider than what it is added to.
  accumulate(integers)
  return integers
}

function safe(integer: bigint): number {
  const number = Number(integer)
  if (!Number.isSafeInteger(number)) throw badChunk('a number has more than 53 bits and is not said to')
  return number
}
