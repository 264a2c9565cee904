import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { makeSeries, anySeries, seriesFrom } from '../../../../tests/support/random-series.ts'
import { CHUNK } from '../limits.ts'
import { assertSeries, exactSeriesOf, type Series } from '../series.ts'
import { describeChunk, envelopeBytes, openChunk, openEnvelope, packSeries, sealSeries, unpackSeries } from './chunk.ts'
import { envelopeOf } from './envelope.ts'
import type { IntegerKind } from './integers.ts'
import type { ValueKind } from './values.ts'

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

async function expectKept(series: Series): Promise<void> {
  expectSame(unpackSeries(packSeries(series)), series)
  const chunk = await sealSeries(series)
  expectSame(await openChunk(chunk), series)
  const beginning = chunk.slice(0, envelopeBytes(chunk))
  expect(await openEnvelope(beginning)).toStrictEqual(envelopeOf(series))
}

describe('a chunk', () => {
  it('[CHK1] gives back what was put in, bit by bit and in its order, and its envelope', async () => {
    await fc.assert(fc.asyncProperty(anySeries, expectKept), RUNS)
  })

  it('[CHK2] holds as many points as it may, and no more', async () => {
    const recipe = { length: CHUNK.points, seed: 1, steps: 'counting', timestamps: 'epoch ms', values: 'any bits' }
    await expectKept(makeSeries(recipe))
    await expectKept(makeSeries({ ...recipe, steps: 'any safe', values: 'float32 with gaps' }))
    await expectKept(makeSeries({ ...recipe, exact: true, values: 'percent' }))
    const long = makeSeries({ ...recipe, length: CHUNK.points + 1 })
    expect(() => packSeries(long)).toThrow(/at most 65536 points/)
    await expect(sealSeries(long)).rejects.toThrow(/at most 65536 points/)
  })

  it('[CHK3] is short: about 20 bytes for one point, some 8 a point for a hundred, less for many', async () => {
    const one = (value: number) => packSeries(seriesFrom([12345], [1_764_363_600_123], [value])).length
    expect(one(0.0125)).toBeLessThanOrEqual(20)
    expect(one(Math.fround(0.1))).toBeLessThanOrEqual(22)
    expect(one(Math.PI)).toBeLessThanOrEqual(26)
    const recipe = { length: 100, seed: 2, steps: 'counting', timestamps: 'epoch ms' }
    expect(packSeries(makeSeries({ ...recipe, values: 'float32' })).length).toBeLessThan(620)
    expect(packSeries(makeSeries({ ...recipe, values: 'percent' })).length).toBeLessThan(520)
    const many = { ...recipe, length: 20_000 }
    // Five bits of a distance in time, 24 bits of a value, and the envelope.
    expect((await sealSeries(makeSeries({ ...many, values: 'float32' }))).length / many.length).toBeLessThan(4.3)
    expect((await sealSeries(makeSeries({ ...many, values: 'constant' }))).length / many.length).toBeLessThan(0.8)
    // Deflated, of all this next to nothing is left.
    expect((await sealSeries(makeSeries({ ...many, timestamps: 'counting', values: 'constant' }))).length).toBeLessThan(
      200
    )
  })

  it('[CHK4] of one form is not taken for the other', async () => {
    const series = seriesFrom([1], [2], [3])
    const [packed, sealed] = [packSeries(series), await sealSeries(series)]
    expectSame(await openChunk(packed), series)
    expect(() => unpackSeries(sealed)).toThrow(/it is sealed/)
    expect(() => envelopeBytes(packed)).toThrow(/it is not sealed/)
    await expect(openEnvelope(packed)).rejects.toThrow(/it is not sealed/)
  })

  it('[CHK5] does not take steps or timestamps that are no safe integers, unless they are exact', () => {
    for (const odd of [0.5, NaN, Infinity, 2 ** 53, -(2 ** 53)]) {
      expect(() => packSeries(seriesFrom([1, odd], [1, 2], [0, 0]))).toThrow(/safe integers/)
      expect(() => packSeries(seriesFrom([1, 2, 3], [1, 2, odd], [0, 0, 0]))).toThrow(/safe integers/)
    }
    const exact = { steps: BigInt64Array.of(2n ** 63n - 1n), timestamps: BigInt64Array.of(-(2n ** 63n) + 1n) }
    const series = exactSeriesOf(exact, Float64Array.of(0.5))
    expectSame(unpackSeries(packSeries(series)), series)
    expect(unpackSeries(packSeries(series)).exact).toStrictEqual(exact)
  })
})

describe('the columns of a chunk', () => {
  const length = 1000
  const recipe = { length, seed: 3, steps: 'counting', timestamps: 'counting', values: 'constant' }

  it.each<[string, IntegerKind]>([
    ['constant', 'even'],
    ['counting', 'even'],
    ['down', 'even'],
    ['even but for one', 'deltas'],
    ['counting with pauses', 'deltas'],
    ['epoch ms', 'deltas'],
    ['repeated and back', 'deltas'],
    ['nearly even', 'delta-deltas'],
    ['any 32 bits', 'deltas'],
    ['any safe', 'raw'],
    ['at the edges', 'raw']
  ])('[CHK6] integers: %s is written as %s', async (integers, kind) => {
    const series = makeSeries({ ...recipe, steps: integers, timestamps: integers })
    for (const chunk of [packSeries(series), await sealSeries(series)]) {
      expect(describeChunk(chunk)).toMatchObject({ count: length, exact: false, steps: kind, timestamps: kind })
    }
  })

  const decimal = (places: number, constant = false): ValueKind => ({ as: 'decimal', places, constant })
  const float = (width: 4 | 8, constant = false): ValueKind => ({ as: 'float', width, constant })
  it.each<[string, ValueKind]>([
    ['constant', decimal(1, true)],
    ['constant -0', float(4, true)],
    ['constant NaN', float(4, true)],
    ['whole', decimal(0)],
    ['percent', decimal(2)],
    ['six places', decimal(6)],
    ['more places later', decimal(3)],
    ['decimals, then none', float(8)],
    ['decimals and -0', float(8)],
    ['wide whole', float(8)],
    ['any bits', float(8)],
    ['doubles', float(8)],
    ['float32', float(4)],
    ['any float32 bits', float(4)],
    ['float32 with gaps', float(4)]
  ])('[CHK7] values: %s is written as %o', async (values, kind) => {
    const series = makeSeries({ ...recipe, values })
    for (const chunk of [packSeries(series), await sealSeries(series)])
      expect(describeChunk(chunk).values).toEqual(kind)
  })

  it.each([0, 1, 2, 3, 4, 5, 6])('[CHK8] values with %i places are decimals of as many', (places) => {
    const values = Array.from({ length }, (_, i) => (i % 2 === 0 ? 1 : -1) * (i + 10 ** -places))
    const [zeros] = [new Array<number>(length).fill(0)]
    const series = seriesFrom(zeros, zeros, values)
    expect(describeChunk(packSeries(series)).values).toEqual(decimal(places))
    expectSame(unpackSeries(packSeries(series)), series)
  })

  it('[CHK9] exact axes are raw', () => {
    const series = makeSeries({ ...recipe, exact: true })
    expect(describeChunk(packSeries(series))).toMatchObject({ exact: true, steps: 'raw', timestamps: 'raw' })
  })

  it('[CHK10] whole numbers whose tenfold is not exact are no decimals', () => {
    // With a place for the 0.5 these are too wide, one by one or in their distances, though without it they are not.
    for (const values of [
      [2 ** 53 - 1, 0.5],
      [3e14, 6e14, 9e14, 1_200_000_000_000_001, 9e14, 6e14, 3e14, 0.5]
    ]) {
      const series = seriesFrom(values, values.map(Math.floor), values).values
      const zeros = new Float64Array(values.length)
      expectSame(unpackSeries(packSeries({ steps: zeros, timestamps: zeros, values: series })), {
        steps: zeros,
        timestamps: zeros,
        values: series
      })
    }
  })

  it('[CHK11] noise stands aside when a chunk is sealed, and nothing else does', async () => {
    const noiseOf = async (values: string) => (await sealedHeader(values)).seal!.noise
    expect(await noiseOf('doubles')).toBe(0b0011_1111)
    expect(await noiseOf('float32')).toBe(0b0011)
    expect(await noiseOf('any bits')).toBe(0b1111_1111)
    expect(await noiseOf('percent')).toBe(0)
    expect(await noiseOf('constant NaN')).toBe(0)
    async function sealedHeader(values: string) {
      return describeChunk(await sealSeries(makeSeries({ ...recipe, length: 20_000, values })))
    }
  })
})
