import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { assertSeries, type Series } from '../series.ts'
import { envelopeBytes, openChunk, openEnvelope, packSeries, sealSeries, unpackSeries } from './chunk.ts'
import { envelopeOf } from './envelope.ts'
import { anySeries, seriesFrom } from '../../../../tests/support/random-series.ts'

const RUNS = {
  seed: Number(process.env['FUZZ_SEED'] ?? Date.now() % 2 ** 31),
  numRuns: Number(process.env['FUZZ_CASES'] ?? 300)
}

function expectSame(read: Series, written: Series): void {
  expect(read).toStrictEqual(written)
  expect(bitsOf(read.values)).toEqual(bitsOf(written.values.map((value) => (value === value ? value : NaN))))
  assertSeries(read)
}

const bitsOf = (values: Float64Array<ArrayBuffer>): BigUint64Array => new BigUint64Array(values.buffer)

describe('a chunk', () => {
  it('[CHK1] gives back what was packed, bit by bit and in its order', () => {
    fc.assert(
      fc.property(anySeries, (series) => {
        expectSame(unpackSeries(packSeries(series)), series)
      }),
      RUNS
    )
  })

  it('[CHK2] gives back what was sealed, bit by bit and in its order, and its envelope', async () => {
    await fc.assert(
      fc.asyncProperty(anySeries, async (series) => {
        const chunk = await sealSeries(series)
        expectSame(await openChunk(chunk), series)
        const length = envelopeBytes(chunk)
        expect(await openEnvelope(chunk.subarray(0, length))).toStrictEqual(envelopeOf(series))
      }),
      RUNS
    )
  })

  it('[CHK3] of one point takes about 20 bytes packed', () => {
    const one = (value: number) => packSeries(seriesFrom([12345], [1_764_363_600_123], [value])).length
    expect(one(0.0125)).toBeLessThanOrEqual(22)
    expect(one(Math.fround(0.1))).toBeLessThanOrEqual(22)
    expect(one(Math.PI)).toBeLessThanOrEqual(26)
  })
})
