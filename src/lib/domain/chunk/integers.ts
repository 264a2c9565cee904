/** A column of steps or of timestamps as bytes. */
import { assert } from '../errors.ts'
import { accumulate, badChunk, writeZigzag, zigzagBytes, type ByteReader } from './bytes.ts'

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
  readonly integers: Float64Array | BigInt64Array
}

/** The shortest way to write safe integers. */
export function planIntegers(integers: Float64Array): IntegerPlan {
  const count = integers.length
  const first = count > 0 ? safe(integers[0]!) : 0
  const distance = count > 1 ? safe(integers[1]!) - first : 0
  const ends = (count > 0 ? zigzagBytes(first) : 0) + (count > 1 ? zigzagBytes(distance) : 0)
  if (ends < Infinity && isEven(integers, distance)) return { kind: 'even', bytes: ends, integers }
  let [deltas, deltaDeltas, last, lastDelta] = [ends, ends, first + distance, distance]
  for (let i = 2; i < count; i++) {
    const integer = safe(integers[i]!)
    const delta = integer - last
    deltas += zigzagBytes(delta)
    deltaDeltas += zigzagBytes(delta - lastDelta)
    last = integer
    lastDelta = delta
  }
  // A delta too wide to be written may not be exact, so nothing that is made of it would be.
  if (deltas === Infinity || Math.min(deltas, deltaDeltas) > 8 * count)
    return planRaw(BigInt64Array.from(integers, BigInt))
  return deltas <= deltaDeltas
    ? { kind: 'deltas', bytes: deltas, integers }
    : { kind: 'delta-deltas', bytes: deltaDeltas, integers }
}

/** Steps mostly are, and what is not shows it soon: worth a look of its own. */
function isEven(integers: Float64Array, distance: number): boolean {
  for (let i = 2; i < integers.length; i++) if (safe(integers[i]!) - integers[i - 1]! !== distance) return false
  return true
}

export function planRaw(integers: BigInt64Array): IntegerPlan {
  return { kind: 'raw', bytes: integers.byteLength, integers }
}

function safe(integer: number): number {
  assert(Number.isSafeInteger(integer), 'steps and timestamps are safe integers, unless they are given exactly')
  return integer
}

/** Returns where the next byte goes. */
export function writeIntegers(out: Uint8Array, start: number, { integers, kind, bytes }: IntegerPlan): number {
  if (integers instanceof BigInt64Array) {
    out.set(new Uint8Array(integers.buffer, integers.byteOffset, bytes), start)
    return start + bytes
  }
  let [at, last, lastDelta] = [start, 0, 0]
  const count = kind === 'even' ? Math.min(integers.length, 2) : integers.length
  for (let i = 0; i < count; i++) {
    const integer = integers[i]!
    const delta = integer - last
    at = writeZigzag(out, at, delta - lastDelta)
    last = integer
    if (kind === 'delta-deltas' && i > 0) lastDelta = delta
  }
  return at
}

/** Safe integers; those that are not are for `readRaw`. */
export function readIntegers(reader: ByteReader, kind: IntegerKind, count: number): Float64Array<ArrayBuffer> {
  if (kind === 'raw') return Float64Array.from(readRaw(reader, count), toSafe)
  if (kind === 'even') return evenly(reader.zigzags(Math.min(count, 2)), count)
  const numbers = reader.zigzags(count)
  if (kind === 'delta-deltas') accumulate(numbers, 2)
  accumulate(numbers)
  return numbers
}

export function readRaw(reader: ByteReader, count: number): BigInt64Array<ArrayBuffer> {
  // A copy, as a view has to begin at a multiple of eight.
  return new BigInt64Array(new Uint8Array(reader.take(count * 8)).buffer)
}

function evenly([first = 0, distance = 0]: Float64Array, count: number): Float64Array<ArrayBuffer> {
  const integers = new Float64Array(count).fill(distance)
  if (count > 0) integers[0] = first
  // Added up and not multiplied: a product may be wider than what it is added to.
  accumulate(integers)
  return integers
}

function toSafe(integer: bigint): number {
  const number = Number(integer)
  if (!Number.isSafeInteger(number)) throw badChunk('a number has more than 53 bits and is not said to')
  return number
}
