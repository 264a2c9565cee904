import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { bandGrid, bandOf, runColumns, type BandGrid } from './bands.ts'
import { extentOf, roomy } from './chart-range.ts'
import { joinByStep } from './join-by-step.ts'
import { seriesOf } from './series.ts'

const RUNS = {
  seed: Number(process.env['FUZZ_SEED'] ?? Date.now() % 2 ** 31),
  numRuns: Number(process.env['FUZZ_CASES'] ?? 400)
}

interface Place {
  readonly x: number
  readonly y: number
}
const run = fc.array(fc.record({ x: fc.integer({ min: -20, max: 40 }), y: fc.integer({ min: -9, max: 9 }) }), {
  maxLength: 30
})
const runs = fc.array(run, { maxLength: 5 })
const grid: fc.Arbitrary<BandGrid> = fc
  .tuple(fc.integer({ min: -25, max: 20 }), fc.integer({ min: 1, max: 30 }), fc.integer({ min: 1, max: 12 }))
  .map(([low, width, buckets]) => ({ low, high: low + width, buckets }))

const curveOf = (points: readonly Place[]) => ({
  x: Float64Array.from(points, ({ x }) => x),
  y: Float64Array.from(points, ({ y }) => y)
})
const mean = (values: readonly number[]): number => values.reduce((sum, value) => sum + value, 0) / values.length

/** The rule in plain words: what one run says of one bucket, looking at all of its points each time. */
function sayOf(points: readonly Place[], b: number, { low, high, buckets }: BandGrid) {
  const width = (high - low) / buckets
  const placeOf = (x: number): number => (x - low) / width - 0.5
  const inside = points.filter(({ x }) => x >= low && x <= high)
  const bucketOf = ({ x }: Place): number => Math.min(buckets - 1, Math.floor((x - low) * (buckets / (high - low))))
  const here = inside.filter((point) => bucketOf(point) === b).map(({ y }) => y)
  if (here.length > 0) return { mean: mean(here), min: Math.min(...here), max: Math.max(...here) }
  const anchors = Array.from({ length: buckets }, (_, at) => ({
    at,
    ys: inside.filter((point) => bucketOf(point) === at).map(({ y }) => y)
  }))
    .filter(({ ys }) => ys.length > 0)
    .map(({ at, ys }) => ({ at, y: mean(ys) }))
  const outside = (side: readonly Place[]) => side.map(({ x, y }) => ({ at: placeOf(x), y }))
  const before = outside(points.filter(({ x }) => x < low)).sort((p, q) => p.at - q.at)
  const after = outside(points.filter(({ x }) => x > high)).sort((p, q) => p.at - q.at)
  const left = anchors.findLast(({ at }) => at < b) ?? before.at(-1)
  const right = anchors.find(({ at }) => at > b) ?? after[0]
  if (!left || !right) return null
  const y = left.y + ((right.y - left.y) * (b - left.at)) / (right.at - left.at)
  return { mean: y, min: y, max: y }
}

describe('bands', () => {
  it('[BA1] mean, least, greatest and number of runs of every bucket, against the plain words', () =>
    fc.assert(
      fc.property(runs, grid, (all, grid) => {
        const band = bandOf(
          all.map((points) => runColumns(curveOf(points), grid)),
          grid
        )
        const expected = Array.from({ length: grid.buckets }, (_, b) => ({
          x: grid.low + ((b + 0.5) * (grid.high - grid.low)) / grid.buckets,
          says: all.map((points) => sayOf(points, b, grid)).filter((say) => say !== null)
        })).filter(({ says }) => says.length > 0)
        expect([...band.runs]).toEqual(expected.map(({ says }) => says.length))
        expected.forEach(({ x, says }, i) => {
          expect(band.x[i]).toBeCloseTo(x, 9)
          expect(band.mean[i]).toBeCloseTo(mean(says.map((say) => say.mean)), 9)
          expect(band.min[i]).toBeCloseTo(Math.min(...says.map((say) => say.min)), 9)
          expect(band.max[i]).toBeCloseTo(Math.max(...says.map((say) => say.max)), 9)
        })
      }),
      RUNS
    ))

  it('[BA2] no extreme of any run is lost, at any zoom', () =>
    fc.assert(
      fc.property(runs, grid, (all, grid) => {
        const inside = all.flat().filter(({ x }) => x >= grid.low && x <= grid.high)
        if (inside.length === 0) return
        const { min, max } = bandOf(
          all.map((points) => runColumns(curveOf(points), grid)),
          grid
        )
        expect(Math.min(...min)).toBeLessThanOrEqual(Math.min(...inside.map(({ y }) => y)))
        expect(Math.max(...max)).toBeGreaterThanOrEqual(Math.max(...inside.map(({ y }) => y)))
      }),
      RUNS
    ))

  it('[BA3] by step the mean is that of the values at the step', () => {
    const grid = bandGrid([0, 3], 100, true)
    expect(grid).toEqual({ low: -0.5, high: 3.5, buckets: 4 })
    const columns = [
      [1, 2, 3, 4],
      [3, 2, 1, 0]
    ].map((ys) => runColumns(curveOf(ys.map((y, x) => ({ x, y }))), grid))
    const band = bandOf(columns, grid)
    expect([[...band.x], [...band.mean]]).toEqual([
      [0, 1, 2, 3],
      [2, 2, 2, 2]
    ])
    expect(bandGrid([0, 1000], 100, true)).toEqual({ low: 0, high: 1000, buckets: 100 })
    expect(bandGrid([5, 5], 100, false).buckets).toBe(1)
  })

  it('[BA4] of a smoothed run the mean is calm, and its extremes stay those of the points', () => {
    const grid = bandGrid([0, 2], 10, true)
    const curve = { ...curveOf([0, 9, 0].map((y, x) => ({ x, y }))), calm: Float64Array.of(3, 3, 3) }
    const band = bandOf([runColumns(curve, grid)], grid)
    expect([[...band.mean], [...band.max]]).toEqual([
      [3, 3, 3],
      [0, 9, 0]
    ])
  })

  it('[BA5] the largest doubles have a mean', () => {
    const grid = bandGrid([0, 0], 10, true)
    const columns = [1.7e308, 1.7e308, 1.6e308].map((y) => runColumns(curveOf([{ x: 0, y }]), grid))
    expect(bandOf(columns, grid).mean[0]).toBeCloseTo(1.7e308, -307)
  })
})

describe('an extent with room', () => {
  const ends = fc.tuple(
    fc.double({ min: -1e12, max: 1e12, noNaN: true }),
    fc.double({ min: 0, max: 1e12, noNaN: true })
  )

  it('[CR1] holds all of it, is at most an eighth wider, and stays while a series grows', () =>
    fc.assert(
      fc.property(ends, ([low, width]) => {
        const [from, to] = roomy([low, low + width])
        expect(from).toBe(low)
        expect(to).toBeGreaterThanOrEqual(low + width)
        expect(to - low).toBeLessThanOrEqual(width * 1.125 + 1e-3)
      }),
      RUNS
    ))

  it('[CR2] changes but a few times while a series doubles', () => {
    const ranges = new Set(Array.from({ length: 1000 }, (_, i) => roomy([0, 1000 + i])[1]))
    expect(ranges.size).toBeLessThanOrEqual(9)
  })

  it('[CR3] of no points there is none', () => expect(extentOf(new Float64Array())).toBeNull())
})

describe('one metric against another', () => {
  const points = fc.array(
    fc.record({
      step: fc.integer({ min: 0, max: 5 }),
      timestamp: fc.integer({ min: 0, max: 3 }),
      value: fc.oneof(fc.integer({ min: -3, max: 3 }), fc.constantFrom(NaN, Infinity))
    }),
    { maxLength: 20 }
  )

  it('[JS1] each point at the latest x of its step; without one it is left out and counted', () =>
    fc.assert(
      fc.property(points, points, (ys, xs) => {
        const { x, y, unplaced } = joinByStep(seriesOf(ys), seriesOf(xs))
        // A NaN is a 0 here, and below one.
        const isNumber = (value: number): number => Number(!Number.isNaN(value))
        const expected = ys.flatMap(({ step, value }) => {
          const there = xs
            .filter((point) => point.step === step)
            .toSorted(
              (a, b) =>
                a.timestamp - b.timestamp || (a.value || 0) - (b.value || 0) || isNumber(a.value) - isNumber(b.value)
            )
          const at = there.at(-1)?.value ?? NaN
          return Number.isFinite(at) ? [[at, value]] : []
        })
        expect(Array.from(x, (at, i) => [at, y[i]])).toEqual(expected)
        expect(unplaced).toBe(ys.length - expected.length)
      }),
      RUNS
    ))
})
