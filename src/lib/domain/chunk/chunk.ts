/**
 * Chunks: points of a metric in a row as bytes, column by column, in one of two forms. docs/chunk-format.md is their grammar.
 *
 *   packed   header, steps, timestamps, values; nothing is deflated: for few points, that are still added to
 *   sealed   header, envelope, the three columns deflated, and what of them cannot be deflated: for points that stay as they are
 *
 * Points keep their order, and come back bit by bit; all NaN are one NaN. What cannot be read fails with DATA_LOSS.
 */
import { assert } from '../errors.ts'
import { CHUNK } from '../limits.ts'
import { exactSeriesOf, type Series } from '../series.ts'
import { badChunk, ByteReader } from './bytes.ts'
import { squeeze, unsqueeze } from './deflate.ts'
import { readEnvelope, writeEnvelope } from './envelope-block.ts'
import { envelopeOf, type ChunkEnvelope } from './envelope.ts'
import { headerBytes, readHeader, writeHeader, type ChunkHeader, type SealHeader } from './header.ts'
import { noisyPlanes, planesIn } from './floats.ts'
import { planIntegers, planRaw, readIntegers, readRaw, writeIntegers, type IntegerPlan } from './integers.ts'
import { planValues, readValues, writeValues, type ValuePlan } from './values.ts'

/**
 * A packed chunk: about 20 bytes, and less than ten a point.
 *
 * most  points it may have: as many as rows hold, unless said; CHUNK.readPoints where it is only read, and written by nobody again
 */
export function packSeries(series: Series, most: number = CHUNK.points): Uint8Array<ArrayBuffer> {
  const plan = planSeries(series, most)
  const header = headerOf(plan, null)
  const start = headerBytes(header)
  const chunk = new Uint8Array(start + plan.bytes)
  writeHeader(chunk, header)
  writeColumns(chunk, start, plan)
  return chunk
}

/** A sealed chunk of at most CHUNK.points points. */
export async function sealSeries(series: Series): Promise<Uint8Array<ArrayBuffer>> {
  const plan = planSeries(series, CHUNK.points)
  const { kind, column } = plan.values
  const noise = kind.as === 'float' ? noisyPlanes(column, kind.width) : 0
  const columns = new Uint8Array(plan.bytes)
  writeColumns(columns, 0, plan, noise)
  const bodyBlock = columns.subarray(0, plan.bytes - planesIn(noise) * column.length)
  const envelopeBlock = writeEnvelope(envelopeOf(series))
  const [envelope, body] = await Promise.all([squeeze(envelopeBlock), squeeze(bodyBlock)])
  const header = headerOf(plan, {
    noise,
    envelope: { kept: envelope.length, inflated: envelopeBlock.length },
    body: { kept: body.length, inflated: bodyBlock.length }
  })
  return sealedChunk(header, [envelope, body, columns.subarray(bodyBlock.length)])
}

/** The points of a packed chunk. */
export function unpackSeries(chunk: Uint8Array): Series {
  const reader = new ByteReader(chunk)
  const header = readHeader(reader)
  if (header.seal !== null) throw badChunk('it is sealed, and read as if it were not')
  return readColumns(reader, header)
}

/** The points of a chunk of either form. */
export async function openChunk(chunk: Uint8Array): Promise<Series> {
  const reader = new ByteReader(chunk)
  const header = readHeader(reader)
  if (header.seal === null) return readColumns(reader, header)
  const { envelope, body, noise } = header.seal
  reader.take(envelope.kept)
  const kept = reader.take(body.kept)
  const aside = reader.take(planesIn(noise) * header.count)
  reader.end()
  const columns = new Uint8Array(body.inflated + aside.length)
  columns.set(aside, body.inflated)
  await unsqueeze(kept, columns.subarray(0, body.inflated))
  return readColumns(new ByteReader(columns), header)
}

/** How many bytes from its beginning `openEnvelope` needs of a sealed chunk. */
export function envelopeBytes(chunk: Uint8Array): number {
  const reader = new ByteReader(chunk)
  const { seal } = readHeader(reader)
  if (seal === null) throw badChunk('it is not sealed, so it has no envelope')
  return reader.at + seal.envelope.kept
}

/** The envelope of a sealed chunk, of which the first `envelopeBytes` bytes are enough. */
export async function openEnvelope(beginning: Uint8Array): Promise<ChunkEnvelope> {
  const reader = new ByteReader(beginning)
  const { seal, count } = readHeader(reader)
  if (seal === null) throw badChunk('it is not sealed, so it has no envelope')
  const kept = reader.take(seal.envelope.kept)
  const block = new Uint8Array(seal.envelope.inflated)
  await unsqueeze(kept, block)
  return readEnvelope(block, count)
}

/** What a chunk says of itself: how many points, and how each column is written. */
export function describeChunk(chunk: Uint8Array): ChunkHeader {
  return readHeader(new ByteReader(chunk))
}

interface SeriesPlan {
  readonly count: number
  readonly exact: boolean
  readonly steps: IntegerPlan
  readonly timestamps: IntegerPlan
  readonly values: ValuePlan
  /** Of the three columns. */
  readonly bytes: number
}

function planSeries({ steps, timestamps, values, exact }: Series, most: number): SeriesPlan {
  const count = values.length
  assert(count <= most, `a chunk has at most ${most} points`)
  assert(steps.length === count && timestamps.length === count, 'the columns of a series have one length')
  const plans = {
    steps: exact ? planRaw(exact.steps) : planIntegers(steps),
    timestamps: exact ? planRaw(exact.timestamps) : planIntegers(timestamps),
    values: planValues(values)
  }
  const bytes = plans.steps.bytes + plans.timestamps.bytes + plans.values.bytes
  return { count, exact: exact !== undefined, ...plans, bytes }
}

function headerOf({ count, exact, steps, timestamps, values }: SeriesPlan, seal: SealHeader | null): ChunkHeader {
  return { count, exact, steps: steps.kind, timestamps: timestamps.kind, values: values.kind, seal }
}

function writeColumns(out: Uint8Array, start: number, plan: SeriesPlan, noise = 0): void {
  let at = writeIntegers(out, start, plan.steps)
  at = writeIntegers(out, at, plan.timestamps)
  writeValues(out, at, plan.values, noise)
}

function readColumns(reader: ByteReader, header: ChunkHeader): Series {
  const series = header.exact ? readExact(reader, header) : readPlain(reader, header)
  reader.end()
  return series
}

function readPlain(reader: ByteReader, { count, steps, timestamps, values, seal }: ChunkHeader): Series {
  return {
    steps: readIntegers(reader, steps, count),
    timestamps: readIntegers(reader, timestamps, count),
    values: readValues(reader, values, count, seal?.noise)
  }
}

function readExact(reader: ByteReader, { count, values, seal }: ChunkHeader): Series {
  const exact = { steps: readRaw(reader, count), timestamps: readRaw(reader, count) }
  const series = exactSeriesOf(exact, readValues(reader, values, count, seal?.noise))
  if (!series.exact) throw badChunk('it is said to be exact, and no number has more than 53 bits')
  return series
}

function sealedChunk(header: ChunkHeader, blocks: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  let at = headerBytes(header)
  const chunk = new Uint8Array(blocks.reduce((sum, block) => sum + block.length, at))
  writeHeader(chunk, header)
  for (const block of blocks) {
    chunk.set(block, at)
    at += block.length
  }
  return chunk
}
