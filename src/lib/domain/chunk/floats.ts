/**
 * Floats as planes: all first (lowest) bytes, then all second bytes, … up to the one with the sign. The highest bytes of a metric are much
 * alike and deflate well beside one another; the lowest are often noise, on which deflate spends most of its time and gains nothing. In a
 * sealed chunk the noisy ones stand last, and are not deflated.
 */
import type { ByteReader } from './bytes.ts'

/** Bytes of a float. */
export type Width = 4 | 8

// A float is taken apart and put together in here: a view for each column would cost more than a short column does.
const float32 = new Float32Array(1)
const word32 = new Uint32Array(float32.buffer)
const float64 = new Float64Array(1)
const words64 = new Uint32Array(float64.buffer)

/** Returns where the next byte goes. Every NaN is written as the one NaN. */
export function writeFloats(out: Uint8Array, at: number, values: Float64Array, width: Width, noise: number): number {
  const starts = planeStarts(at, values.length, width, noise)
  for (let i = 0; i < values.length; i++) {
    if (width === 4) {
      writeWord(out, starts, 0, i, wordOf(values[i]!))
    } else {
      takeApart(values[i]!)
      writeWord(out, starts, 0, i, words64[0]!)
      writeWord(out, starts, 4, i, words64[1]!)
    }
  }
  return at + values.length * width
}

export function readFloats(reader: ByteReader, count: number, width: Width, noise: number): Float64Array<ArrayBuffer> {
  const from = reader.take(count * width)
  const starts = planeStarts(0, count, width, noise)
  const values = new Float64Array(count)
  if (width === 4) {
    for (let i = 0; i < count; i++) {
      word32[0] = readWord(from, starts, 0, i)
      values[i] = float32[0]!
    }
    return values
  }
  const words = new Uint32Array(values.buffer)
  for (let i = 0; i < count; i++) {
    words[2 * i] = readWord(from, starts, 0, i)
    words[2 * i + 1] = readWord(from, starts, 4, i)
  }
  return values
}

/** Where each plane begins: the noisy ones behind the others. */
function planeStarts(at: number, count: number, width: Width, noise: number): readonly number[] {
  const starts: number[] = []
  let [quiet, noisy] = [at, at + (width - planesIn(noise)) * count]
  for (let plane = 0; plane < width; plane++) {
    if (noise & (1 << plane)) {
      starts.push(noisy)
      noisy += count
    } else {
      starts.push(quiet)
      quiet += count
    }
  }
  return starts
}

/** How many planes are named. */
export function planesIn(noise: number): number {
  let planes = 0
  for (let rest = noise; rest > 0; rest >>>= 1) planes += rest & 1
  return planes
}

function wordOf(value: number): number {
  if (value !== value) return 0x7fc00000
  float32[0] = value
  return word32[0]!
}

function takeApart(value: number): void {
  if (value === value) {
    float64[0] = value
    return
  }
  words64[0] = 0
  words64[1] = 0x7ff80000
}

function writeWord(out: Uint8Array, starts: readonly number[], first: number, i: number, word: number): void {
  out[starts[first]! + i] = word
  out[starts[first + 1]! + i] = word >>> 8
  out[starts[first + 2]! + i] = word >>> 16
  out[starts[first + 3]! + i] = word >>> 24
}

function readWord(from: Uint8Array, starts: readonly number[], first: number, i: number): number {
  return (
    from[starts[first]! + i]! |
    (from[starts[first + 1]! + i]! << 8) |
    (from[starts[first + 2]! + i]! << 16) |
    (from[starts[first + 3]! + i]! << 24)
  )
}

/** Fewer values than this are not worth a look for noise. */
const LEAST_VALUES = 256
/** Looked at in runs, as deflate would find what repeats nearby. */
const RUNS = 8
const RUN_VALUES = 512
/** How many more collisions there may be than among bytes drawn evenly: 6 % more are 1 % of the length at most. */
const TOLERANCE = 1.06

/** The planes, as bits, of which a sample meets the same byte twice about as seldom as if all bytes were as likely. */
export function noisyPlanes(values: Float64Array, width: Width): number {
  if (values.length < LEAST_VALUES) return 0
  const seen = new Uint32Array(256 * width)
  const collisions = new Float64Array(width)
  let sampled = 0
  const stride = Math.max(RUN_VALUES, Math.floor(values.length / RUNS))
  for (let from = 0; from < values.length; from += stride) {
    const to = Math.min(values.length, from + RUN_VALUES)
    for (let i = from; i < to; i++) countCollisions(seen, collisions, values[i]!, width)
    sampled += to - from
  }
  const most = ((sampled * (sampled - 1)) / 512) * TOLERANCE
  return collisions.reduce((mask, collided, plane) => (collided <= most ? mask | (1 << plane) : mask), 0)
}

function countCollisions(seen: Uint32Array, collisions: Float64Array, value: number, width: Width): void {
  if (width === 8) takeApart(value)
  else words64[0] = wordOf(value)
  for (let plane = 0; plane < width; plane++) {
    const byte = (words64[plane >> 2]! >>> (8 * (plane & 3))) & 255
    collisions[plane]! += seen[256 * plane + byte]!++
  }
}
