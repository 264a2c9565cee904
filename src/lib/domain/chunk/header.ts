/** What stands in front of a chunk, and says where everything else is: docs/chunk-format.md. */
import { CHUNK } from '../limits.ts'
import { badChunk, type ByteReader, varintBytes, writeVarint } from './bytes.ts'
import { MOST_DEFLATE_RATIO } from './deflate.ts'
import { mostEnvelopeBytes } from './envelope-block.ts'
import { INTEGER_KINDS, type IntegerKind } from './integers.ts'
import { byteToValueKind, valueKindToByte, type ValueKind } from './values.ts'

/** "RNC1" */
const MAGIC = Uint8Array.of(0x52, 0x4e, 0x43, 0x31)
const SEALED = 1
const EXACT = 2

export interface ChunkHeader {
  readonly count: number
  /** Both integer columns are raw, and hold numbers beyond 2^53 - 1. */
  readonly exact: boolean
  readonly steps: IntegerKind
  readonly timestamps: IntegerKind
  readonly values: ValueKind
  readonly seal: SealHeader | null
}

/** Of a sealed chunk: the lengths of its blocks as they are kept, and inflated. Equal ones are not deflated. */
export interface SealHeader {
  /** Planes of the values that stand aside, as bits. */
  readonly noise: number
  readonly envelope: BlockLengths
  readonly body: BlockLengths
}

export interface BlockLengths {
  readonly kept: number
  readonly inflated: number
}

/** How many bytes `writeHeader` writes. */
export function headerBytes({ count, seal }: ChunkHeader): number {
  return (
    MAGIC.length +
    varintBytes(count) +
    4 +
    (seal ? lengthsOf(seal).reduce((sum, length) => sum + varintBytes(length), 1) : 0)
  )
}

/** Write to the front of a chunk. */
export function writeHeader(out: Uint8Array, { count, exact, steps, timestamps, values, seal }: ChunkHeader): void {
  out.set(MAGIC)
  let at = MAGIC.length
  out[at++] = (seal ? SEALED : 0) | (exact ? EXACT : 0)
  at = writeVarint(out, at, count)
  out[at++] = INTEGER_KINDS.indexOf(steps)
  out[at++] = INTEGER_KINDS.indexOf(timestamps)
  out[at++] = valueKindToByte(values)
  if (seal === null) return
  out[at++] = seal.noise
  for (const length of lengthsOf(seal)) at = writeVarint(out, at, length)
}

function lengthsOf({ envelope, body }: SealHeader): readonly number[] {
  return [envelope.kept, envelope.inflated, body.kept, body.inflated]
}

/** Read from the front of a chunk. The lengths are within their bounds; whether the bytes are there is not looked at. */
export function readHeader(reader: ByteReader): ChunkHeader {
  if (MAGIC.some((byte) => reader.byte() !== byte)) throw badChunk('it does not begin with RNC1')
  const flags = reader.byte()
  if ((flags & ~(SEALED | EXACT)) !== 0) throw badChunk(`it has flags this version does not know (${flags})`)
  const count = reader.varint()
  if (count > CHUNK.readPoints) throw badChunk(`it claims ${count} points, and at most ${CHUNK.readPoints} are read`)
  const exact = (flags & EXACT) !== 0
  const steps = integerKind(reader.byte())
  const timestamps = integerKind(reader.byte())
  if (exact && (steps !== 'raw' || timestamps !== 'raw'))
    throw badChunk('it is said to be exact, and its integers are not raw')
  const values = byteToValueKind(reader.byte())
  const seal = (flags & SEALED) !== 0 ? readSeal(reader, count, values) : null
  return { count, exact, steps, timestamps, values, seal }
}

function integerKind(byte: number): IntegerKind {
  const kind = INTEGER_KINDS[byte]
  if (kind === undefined) throw badChunk(`there is no kind ${byte} of integers`)
  return kind
}

function readSeal(reader: ByteReader, count: number, values: ValueKind): SealHeader {
  const noise = reader.byte()
  const planes = values.as === 'float' && !values.constant ? values.width : 0
  if (noise >= 1 << planes) throw badChunk('planes stand aside that there are not')
  const envelope = readLengths(reader, mostEnvelopeBytes(count))
  // Nothing is longer than eight bytes a point and column, and a constant or even column has at most two numbers.
  const body = readLengths(reader, 24 * Math.max(count, 2))
  return { noise, envelope, body }
}

function readLengths(reader: ByteReader, most: number): BlockLengths {
  const kept = reader.varint()
  const inflated = reader.varint()
  if (inflated > most) throw badChunk(`a block claims ${inflated} bytes, and has at most ${most}`)
  if (kept > inflated || kept * MOST_DEFLATE_RATIO < inflated) {
    throw badChunk(`a block of ${inflated} bytes cannot have ${kept} deflated`)
  }
  return { kept, inflated }
}
