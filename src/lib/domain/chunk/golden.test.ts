/**
 * Chunks as version 1 wrote them, byte by byte: what is in people's stores. They stay readable, and what is written stays the same; a new
 * version gets chunks of its own beside these. Deflate may choose other bytes on another machine, so blocks are compared inflated.
 */
import { describe, expect, it } from 'vitest'
import golden from '../../../../tests/fixtures/chunks-1.json' with { type: 'json' }
import { seriesFrom } from '../../../../tests/support/random-series.ts'
import { exactSeriesOf, type Series } from '../series.ts'
import { ByteReader } from './bytes.ts'
import { openChunk, openEnvelope, packSeries, sealSeries } from './chunk.ts'
import { unsqueeze } from './deflate.ts'
import { envelopeOf } from './envelope.ts'
import { readHeader, type BlockLengths } from './header.ts'

const range = (length: number, at: (i: number) => number): number[] => Array.from({ length }, (_, i) => at(i))
const EDGE = Number.MAX_SAFE_INTEGER

const SERIES: Readonly<Record<keyof typeof golden, Series>> = {
  empty: seriesFrom([], [], []),
  one: seriesFrom([12345], [1_764_363_600_123], [0.0125]),
  'one float32': seriesFrom([-1], [0], [Math.fround(0.1)]),
  specials: seriesFrom(
    [0, 3, 2, 2, -70, 9000, 1, 0],
    range(8, (i) => 1_764_363_600_000 + 1000 * i + (i % 2)),
    [NaN, Infinity, -Infinity, -0, 0, 5e-324, Number.MAX_VALUE, Math.PI]
  ),
  decimals: seriesFrom(
    range(5, (i) => i * 10),
    range(5, (i) => 2 ** 41 + 7 * i * i),
    [0.25, 0.5, 0.75, 1e9, -3]
  ),
  wide: seriesFrom([EDGE, -EDGE, 0], [-EDGE, EDGE, 1], [7, 7, 7]),
  exact: exactSeriesOf(
    { steps: BigInt64Array.of(2n ** 63n - 1n, -(2n ** 63n) + 1n), timestamps: BigInt64Array.of(1n, 2n) },
    Float64Array.of(-0, -0)
  ),
  'sealed float32': seriesFrom(
    range(600, (i) => i),
    range(600, (i) => 1_764_363_600_000 + 120 * i + ((i * i) % 7)),
    range(600, (i) => (i % 100 === 99 ? [NaN, Infinity, -Infinity][((i - 99) / 100) % 3]! : Math.fround(1 / (i + 3))))
  ),
  'sealed decimals': seriesFrom(
    range(300, (i) => 0 - i),
    range(300, () => 5),
    range(300, (i) => ((i * 37) % 101) / 100)
  )
}

const isSealed = (name: string): boolean => name.startsWith('sealed')
const write = async (name: keyof typeof golden) =>
  isSealed(name) ? sealSeries(SERIES[name]) : packSeries(SERIES[name])

describe('version 1', () => {
  it.each(Object.keys(golden) as (keyof typeof golden)[])('[GOLD1] %s is read and written as it was', async (name) => {
    const kept = Uint8Array.from(Buffer.from(golden[name], 'hex'))
    expect(await openChunk(kept)).toStrictEqual(SERIES[name])
    if (isSealed(name)) expect(await openEnvelope(kept)).toStrictEqual(envelopeOf(SERIES[name]))
    expect(await inflated(await write(name))).toEqual(await inflated(kept))
  })
})

/** A chunk without what depends on who deflated it. */
async function inflated(chunk: Uint8Array) {
  const reader = new ByteReader(chunk)
  const header = readHeader(reader)
  const block = async ({ kept, inflated }: BlockLengths): Promise<string> => {
    const out = new Uint8Array(inflated)
    await unsqueeze(reader.take(kept), out)
    return Buffer.from(out).toString('hex')
  }
  const seal = header.seal && {
    noise: header.seal.noise,
    envelope: await block(header.seal.envelope),
    body: await block(header.seal.body)
  }
  return { ...header, seal, rest: Buffer.from(chunk.subarray(reader.at)).toString('hex') }
}
