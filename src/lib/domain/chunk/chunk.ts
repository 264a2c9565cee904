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
import { readHeader, writeHeader, type ChunkHeader, type SealHeader } from './header.ts'
import { planIntegers, planRaw, readIntegers, readRaw, writeIntegers, type IntegerPlan } from './integers.ts'
import { noisyPlanes } from './noise.ts'
import { planValues, readValues, writeValues, type ValuePlan } from './values.ts'

/** A packed chunk of at most CHUNK.points points: about 20 bytes, and less than ten a point. */
export function packSeries(series: Series): Uint8Array<ArrayBuffer> {
  const plan = planSeries(series)
  const header = writeHeader(headerOf(plan, null))
  const out = new Uint8Array(header.length + plan.bytes)
  out.set(header)
  writeBody(out, header.length, plan)
  return out
}

/** A sealed chunk of at most CHUNK.points points. */
export async function sealSeries(series: Series): Promise<Uint8Array<ArrayBuffer>> {
  const plan = planSeries(series)
  const noise = noisyPlanes(plan.values)
  const aside = new Uint8Array(noise.planes * plan.count)
  const bodyBlock = new Uint8Array(plan.bytes - aside.length)
  writeBody(bodyBlock, 0, plan, noise.mask, aside)
  const envelopeBlock = writeEnvelope(envelopeOf(series))
  const [envelope, body] = await Promise.all([squeeze(envelopeBlock), squeeze(bodyBlock)])
  const header = writeHeader(
    headerOf(plan, {
      noise: noise.mask,
      envelope: { kept: envelope.length, inflated: envelopeBlock.length },
      body: { kept: body.length, inflated: bodyBlock.length }
    })
  )
  return joined([header, envelope, body, aside])
}

/** The points of a packed chunk. */
export function unpackSeries(chunk: Uint8Array): Series {
  const reader = new ByteReader(chunk)
  const header = readHeader(reader)
  if (header.seal !== null) throw badChunk('it is sealed, and read as if it were not')
  return readBody(reader, header)
}

/** The points of a chunk of either form. */
export async function openChunk(chunk: Uint8Array): Promise<Series> {
  const reader = new ByteReader(chunk)
  const header = readHeader(reader)
  if (header.seal === null) return readBody(reader, header)
  const { envelope, body, noise } = header.seal
  reader.take(envelope.kept)
  const kept = reader.take(body.kept)
  const aside = new ByteReader(reader.take(reader.bytes.length - reader.at))
  return readBody(new ByteReader(await unsqueeze(kept, body.inflated)), header, noise, aside)
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
  const { kept, inflated } = seal.envelope
  return readEnvelope(await unsqueeze(reader.take(kept), inflated), count)
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

function planSeries({ steps, timestamps, values, exact }: Series): SeriesPlan {
  const count = values.length
  assert(count <= CHUNK.points, `a chunk has at most ${CHUNK.points} points`)
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

function writeBody(out: Uint8Array, start: number, plan: SeriesPlan, noise = 0, aside = out): void {
  let at = writeIntegers(out, start, plan.steps)
  at = writeIntegers(out, at, plan.timestamps)
  writeValues(out, at, plan.values, noise, aside)
}

function readBody(body: ByteReader, header: ChunkHeader, noise = 0, aside = body): Series {
  const series = header.exact ? readExactBody(body, header, noise, aside) : readPlainBody(body, header, noise, aside)
  body.end()
  aside.end()
  return series
}

function readPlainBody(body: ByteReader, header: ChunkHeader, noise: number, aside: ByteReader): Series {
  const { count } = header
  const steps = readIntegers(body, header.steps, count)
  const timestamps = readIntegers(body, header.timestamps, count)
  return { steps, timestamps, values: readValues(body, header.values, count, noise, aside) }
}

function readExactBody(body: ByteReader, header: ChunkHeader, noise: number, aside: ByteReader): Series {
  const { count } = header
  const exact = { steps: readRaw(body, count), timestamps: readRaw(body, count) }
  const series = exactSeriesOf(exact, readValues(body, header.values, count, noise, aside))
  if (!series.exact) throw badChunk('it is said to be exact, and no number has more than 53 bits')
  return series
}

function joined(blocks: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  const out = new Uint8Array(blocks.reduce((sum, block) => sum + block.length, 0))
  let at = 0
  for (const block of blocks) {
    out.set(block, at)
    at += block.length
  }
  return out
}
