import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { exponential, gaussian, movingAverage, smoothed } from './smoothing.ts'

const RUNS = {
  seed: Number(process.env['FUZZ_SEED'] ?? Date.now() % 2 ** 31),
  numRuns: Number(process.env['FUZZ_CASES'] ?? 300)
}
const values = fc
  .array(fc.oneof(fc.integer({ min: -100, max: 100 }), fc.double({ min: -1e6, max: 1e6, noNaN: true })), {
    maxLength: 60
  })
  .map((all) => Float64Array.from(all))

const expectClose = (found: Float64Array, expected: readonly number[]): void => {
  expect(found.length).toBe(expected.length)
  const size = Math.max(1e-12, ...expected.map(Math.abs))
  expected.forEach((value, i) => expect(Math.abs(found[i]! - value)).toBeLessThanOrEqual(1e-8 * size))
}

/** Each point's weights written out, and nothing remembered from one point to the next. */
const weighted = (all: Float64Array, weightOf: (at: number, other: number) => number): number[] =>
  Array.from(all, (_, at) => {
    let sum = 0
    let weights = 0
    all.forEach((value, other) => {
      const weight = weightOf(at, other)
      sum += value * weight
      weights += weight
    })
    return sum / weights
  })

describe('smoothing', () => {
  it('[SM1] an exponential average weighs each point by its age, and nothing before the first', () =>
    fc.assert(
      fc.property(values, fc.double({ min: 0, max: 0.99, noNaN: true }), (all, weight) =>
        expectClose(
          exponential(all, weight),
          weighted(all, (at, other) => (other > at ? 0 : weight ** (at - other)))
        )
      ),
      RUNS
    ))

  it('[SM2] an exponential average never looks ahead', () =>
    fc.assert(
      fc.property(values, values, (all, more) => {
        const both = Float64Array.of(...all, ...more)
        expect([...exponential(both, 0.9).subarray(0, all.length)]).toEqual([...exponential(all, 0.9)])
      }),
      RUNS
    ))

  it('[SM3] a moving average is the mean of as many points on each side as there are on the shorter one', () =>
    fc.assert(
      fc.property(values, fc.integer({ min: 1, max: 40 }), (all, points) => {
        const half = Math.floor(points / 2)
        const reach = (at: number): number => Math.min(half, at, all.length - 1 - at)
        expectClose(
          movingAverage(all, points),
          weighted(all, (at, other) => (Math.abs(at - other) <= reach(at) ? 1 : 0))
        )
      }),
      RUNS
    ))

  it('[SM4] a huge value that has left the window leaves nothing behind', () => {
    const all = Float64Array.from({ length: 50 }, (_, i) => (i === 20 ? 1e300 : 1))
    const smooth = movingAverage(all, 5)
    expect([...smooth.subarray(23)].every((value) => Math.abs(value - 1) < 1e-12)).toBe(true)
  })

  it('[SM5] a bell is cut off at three deviations and counts as a whole near the ends', () =>
    fc.assert(
      fc.property(values, fc.double({ min: 0, max: 8, noNaN: true }), (all, sigma) =>
        expectClose(
          gaussian(all, sigma),
          weighted(all, (at, other) => {
            const away = Math.abs(at - other)
            if (away === 0) return 1
            return away <= Math.ceil(3 * sigma) ? Math.exp(-((away / sigma) ** 2) / 2) : 0
          })
        )
      ),
      RUNS
    ))

  it('[SM6] the largest doubles stay numbers', () => {
    const all = Float64Array.of(1.7e308, 1.7e308, -1.7e308, 1.7e308)
    for (const smoothing of [
      { kind: 'ema', weight: 0.5 },
      { kind: 'average', points: 3 },
      { kind: 'gaussian', sigma: 1 }
    ] as const)
      expect(smoothed({ x: all, y: all }, smoothing).every(Number.isFinite)).toBe(true)
  })

  it('[SM7] weights, windows and deviations out of range change nothing, or as much as they can', () => {
    const all = Float64Array.of(1, 2, 4)
    for (const smooth of [exponential(all, -1), exponential(all, NaN), movingAverage(all, 0), gaussian(all, -2)])
      expect([...smooth]).toEqual([1, 2, 4])
    expect(exponential(all, 1).every(Number.isFinite)).toBe(true)
    expect(movingAverage(new Float64Array(), 7)).toHaveLength(0)
  })
})
