import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { anySeries, makeSeries, seriesFrom } from '../../../tests/support/random-series.ts'
import {
  assertSeries,
  concatSeries,
  exactAxesOf,
  exactSeriesOf,
  selectPoints,
  sliceSeries,
  type Series
} from './series.ts'

const rows = (series: Series) => {
  const { steps, timestamps } = exactAxesOf(series)
  return Array.from(series.values, (value, i) => ({ step: steps[i]!, timestamp: timestamps[i]!, value }))
}

const parts = fc.array(anySeries, { maxLength: 5 })

describe('series', () => {
  it('[SER1] joined and cut they keep every point, exact ones exactly', () => {
    fc.assert(
      fc.property(parts, fc.nat(9000), fc.nat(9000), (parts, from, to) => {
        const joined = concatSeries(parts)
        assertSeries(joined)
        expect(rows(joined)).toEqual(parts.flatMap(rows))
        const slice = sliceSeries(joined, from, to)
        assertSeries(slice)
        expect(rows(slice)).toEqual(rows(joined).slice(from, to))
      }),
      { numRuns: 60 }
    )
  })

  it('[SER2] chosen points come in the order they are chosen in', () => {
    fc.assert(
      fc.property(anySeries, fc.array(fc.nat()), (series, draws) => {
        const places = Uint32Array.from(series.values.length === 0 ? [] : draws, (draw) => draw % series.values.length)
        const chosen = selectPoints(series, places)
        assertSeries(chosen)
        const all = rows(series)
        expect(rows(chosen)).toEqual(Array.from(places, (place) => all[place]!))
      }),
      { numRuns: 60 }
    )
  })

  it('[SER3] what is cut out of an exact series and has no wide number is not exact', () => {
    const steps = BigInt64Array.of(1n, 2n ** 60n)
    const series = exactSeriesOf({ steps, timestamps: BigInt64Array.of(5n, 6n) }, Float64Array.of(0, 1))
    expect(sliceSeries(series, 0, 1)).toEqual(seriesFrom([1], [5], [0]))
    expect(selectPoints(series, Uint32Array.of(0))).toEqual(seriesFrom([1], [5], [0]))
    expect(sliceSeries(series, 1, 2).exact).toEqual({
      steps: BigInt64Array.of(2n ** 60n),
      timestamps: BigInt64Array.of(6n)
    })
  })

  it('[SER4] of no series there is an empty one', () => {
    expect(concatSeries([])).toEqual(seriesFrom([], [], []))
  })

  it('[SER5] what is exact without need, or not where it has to be, is no series', () => {
    const exact = makeSeries({ length: 50, seed: 1, steps: '', timestamps: '', values: 'whole', exact: true })
    const { exact: axes, ...plain } = exact
    expect(() => assertSeries(exact)).not.toThrow()
    expect(() => assertSeries(plain)).toThrow(/is exact where/)
    const small = seriesFrom([1], [2], [3])
    expect(() => assertSeries({ ...small, exact: exactAxesOf(small) })).toThrow(/is exact where/)
    expect(() => assertSeries({ ...exact, exact: { ...axes!, steps: axes!.steps.slice(1) } })).toThrow(/nearest/)
    expect(() => assertSeries({ ...exact, exact: { ...axes!, steps: axes!.steps.with(3, 77n) } })).toThrow(/nearest/)
  })
})
