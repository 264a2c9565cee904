import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { anySeries, makeSeries, seriesFrom } from '../../../../tests/support/random-series.ts'
import { pointsOf, type Series } from '../series.ts'
import type { Point } from '../metric.ts'
import { envelopeBytes, openEnvelope, sealSeries } from './chunk.ts'
import { envelopeOf, type ChunkEnvelope } from './envelope.ts'

const RUNS = {
  seed: Number(process.env['FUZZ_SEED'] ?? Date.now() % 2 ** 31),
  numRuns: Number(process.env['FUZZ_CASES'] ?? 300)
}

/** The plain words of the rule: cut the points into groups of 256, sort each. */
function bruteForce(series: Series) {
  // An envelope holds doubles, also where the series is exact beyond them.
  const points = pointsOf({ steps: series.steps, timestamps: series.timestamps, values: series.values })
  const groups = Array.from({ length: Math.ceil(points.length / 256) }, (_, i) => points.slice(i * 256, i * 256 + 256))
  return groups.map((group) => {
    const ascending = group.filter(({ value }) => Number.isFinite(value)).toSorted((a, b) => a.value - b.value)
    const odd = (value: number) => group.filter((point) => Object.is(point.value, value))
    const greatest = ascending.find(({ value }) => value === ascending.at(-1)?.value)
    return {
      steps: [Math.min(...group.map(({ step }) => step)), Math.max(...group.map(({ step }) => step))],
      timestamps: [
        Math.min(...group.map(({ timestamp }) => timestamp)),
        Math.max(...group.map(({ timestamp }) => timestamp))
      ],
      least: ascending[0] ?? NOWHERE,
      greatest: greatest ?? NOWHERE,
      finite: ascending.length,
      nan: count(odd(NaN)),
      positiveInfinity: count(odd(Infinity)),
      negativeInfinity: count(odd(-Infinity))
    }
  })
}

const NOWHERE = { step: NaN, timestamp: NaN, value: NaN }
const count = (points: readonly Point[]) => ({
  count: points.length,
  step: points[0]?.step ?? NaN,
  timestamp: points[0]?.timestamp ?? NaN
})

function nodesOf(envelope: ChunkEnvelope): ReturnType<typeof bruteForce> {
  const extreme = (name: 'least' | 'greatest', i: number) => ({
    step: envelope[name].steps[i]!,
    timestamp: envelope[name].timestamps[i]!,
    value: envelope[name].values[i]!
  })
  const odd = (name: 'nan' | 'positiveInfinity' | 'negativeInfinity', i: number) => ({
    count: envelope[name].counts[i]!,
    step: envelope[name].steps[i]!,
    timestamp: envelope[name].timestamps[i]!
  })
  return Array.from(envelope.finite, (finite, i) => ({
    steps: [envelope.steps.low[i]!, envelope.steps.high[i]!],
    timestamps: [envelope.timestamps.low[i]!, envelope.timestamps.high[i]!],
    least: extreme('least', i),
    greatest: extreme('greatest', i),
    finite,
    nan: odd('nan', i),
    positiveInfinity: odd('positiveInfinity', i),
    negativeInfinity: odd('negativeInfinity', i)
  }))
}

const isSorted = (numbers: Float64Array): boolean => numbers.toSorted().every((number, i) => number === numbers[i])

describe('an envelope', () => {
  it('[ENV1] says of 256 points in a row what all of them together say', () => {
    fc.assert(
      fc.property(anySeries, (series) => {
        const envelope = envelopeOf(series)
        expect(nodesOf(envelope)).toEqual(bruteForce(series))
        expect(envelope.points).toBe(series.values.length)
        expect(envelope.stepsNeverFall).toBe(isSorted(series.steps))
        expect(envelope.timestampsNeverFall).toBe(isSorted(series.timestamps))
      }),
      RUNS
    )
  })

  it('[ENV2] never loses an extreme, wherever it stands', async () => {
    const flat = makeSeries({ length: 3000, seed: 1, steps: 'counting', timestamps: 'epoch ms', values: 'percent' })
    for (const place of [0, 255, 256, 1791, 2815, 2999]) {
      for (const spike of [1e9, -1e9]) {
        const values = flat.values.with(place, spike)
        const envelope = await openEnvelope(await sealSeries({ ...flat, values }))
        const { values: found, steps } = spike > 0 ? envelope.greatest : envelope.least
        expect(found.filter((value) => value === spike)).toHaveLength(1)
        expect(steps[found.indexOf(spike)]).toBe(place)
      }
    }
  })

  it('[ENV3] of an exact series has the nearest doubles', async () => {
    const series = makeSeries({ length: 700, seed: 2, steps: '', timestamps: '', values: 'specials', exact: true })
    const envelope = await openEnvelope(await sealSeries(series))
    expect(Math.max(...envelope.steps.high)).toBe(2 ** 63)
    expect(nodesOf(envelope)).toEqual(bruteForce(series))
  })

  it('[ENV4] is as wide as steps may be', async () => {
    const edge = Number.MAX_SAFE_INTEGER
    const series = seriesFrom([edge, -edge, 0], [-edge, edge, 0], [1, 2, NaN])
    expect(nodesOf(await openEnvelope(await sealSeries(series)))).toEqual(bruteForce(series))
  })

  it('[ENV5] is short, also where nothing is finite', async () => {
    const recipe = { length: 60_000, seed: 4, steps: 'counting', timestamps: 'epoch ms', values: 'percent' }
    const series = makeSeries(recipe)
    const gaps = series.values.map((value, i) => (i % 1024 < 256 ? NaN : value))
    const [whole, gapped] = [
      envelopeBytes(await sealSeries(series)),
      envelopeBytes(await sealSeries({ ...series, values: gaps }))
    ]
    expect(whole / recipe.length).toBeLessThan(0.06)
    expect(gapped).toBeLessThan(1.1 * whole)
    const doubles = await sealSeries(makeSeries({ ...recipe, values: 'doubles' }))
    expect(envelopeBytes(doubles) / recipe.length).toBeLessThan(0.12)
  })
})
