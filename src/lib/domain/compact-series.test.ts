import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { compactSeries, openBetween, openCompact } from './compact-series.ts'
import { downsample, withNeighbours } from './downsample.ts'
import type { Series } from './series.ts'

const bits = (numbers: Float64Array): BigUint64Array => new BigUint64Array(numbers.slice().buffer)

const integers = fc.oneof(
  fc.record({ first: fc.maxSafeInteger(), by: fc.integer({ min: -5000, max: 5000 }) }).map(
    ({ first, by }) =>
      (i: number) =>
        Math.max(-Number.MAX_SAFE_INTEGER, Math.min(Number.MAX_SAFE_INTEGER, first + by * i))
  ),
  fc.array(fc.integer({ min: 0, max: 2 ** 33 }), { minLength: 1 }).map((all) => (i: number) => all[i % all.length]!),
  fc.array(fc.maxSafeInteger(), { minLength: 1 }).map((all) => (i: number) => all[i % all.length]!)
)
const numbers = fc.oneof(
  fc.array(fc.double(), { minLength: 1 }),
  fc.array(fc.float(), { minLength: 1 }),
  fc.array(fc.constantFrom(0, -0, NaN, Infinity, -Infinity, 1.5, 5e-324, Number.MAX_VALUE), { minLength: 1 })
)
const series = fc
  .record({ count: fc.nat(60), steps: integers, timestamps: integers, values: numbers })
  .map(({ count, steps, timestamps, values }): Series => ({
    steps: Float64Array.from({ length: count }, (_, i) => steps(i)),
    timestamps: Float64Array.from({ length: count }, (_, i) => timestamps(i)),
    values: Float64Array.from({ length: count }, (_, i) => values[i % values.length]!)
  }))

describe('a series kept in few bytes', () => {
  test('[CS1] comes back bit by bit, whole and in parts', () => {
    fc.assert(
      fc.property(series, fc.nat(60), fc.nat(60), (given, a, b) => {
        const [from, to] = [Math.min(a, b), Math.max(a, b)]
        const compact = compactSeries(given)
        const [whole, part] = [openCompact(compact), openCompact(compact, from, to)]
        for (const name of ['steps', 'timestamps', 'values'] as const) {
          expect(bits(whole[name])).toEqual(bits(given[name]))
          expect(bits(part[name])).toEqual(bits(given[name].slice(from, to)))
        }
      }),
      { numRuns: 500 }
    )
  })

  test('[CS2] integers beyond 2^53 stay exact', () => {
    const exact = { steps: BigInt64Array.of(2n ** 60n + 1n, 3n), timestamps: BigInt64Array.of(1n, 2n) }
    const given = {
      steps: Float64Array.of(2 ** 60, 3),
      timestamps: Float64Array.of(1, 2),
      values: Float64Array.of(1, 2),
      exact
    }
    expect(openCompact(compactSeries(given)).exact).toEqual(exact)
  })

  test('[CS3] steady steps and timestamps take no bytes, floats four, jitter four', () => {
    const at = (f: (i: number) => number) => Float64Array.from({ length: 1000 }, (_, i) => f(i))
    const steady = { steps: at((i) => 10 * i), timestamps: at((i) => 1.7e12 + 100 * i) }
    expect(compactSeries({ ...steady, values: at((i) => i / 2) }).bytes).toBe(4000)
    expect(compactSeries({ ...steady, values: at((i) => Math.sin(i)) }).bytes).toBe(8000)
    const jitter = at((i) => 1.7e12 + 100 * i + (i % 7))
    expect(compactSeries({ ...steady, timestamps: jitter, values: at((i) => i) }).bytes).toBe(8000)
  })

  test('[CS4] a part between two places draws as all of it does', () => {
    const range = fc
      .tuple(fc.integer({ min: -5, max: 70 }), fc.nat(40))
      .map(([low, wide]) => [low, low + wide] as const)
    const ascending = fc.record({
      gaps: fc.array(fc.nat(3), { maxLength: 60 }),
      values: numbers,
      isTurned: fc.boolean()
    })
    fc.assert(
      fc.property(
        ascending,
        range,
        fc.integer({ min: 1, max: 20 }),
        ({ gaps, values, isTurned }, [low, high], buckets) => {
          let step = 0
          const ups = gaps.map((gap) => (step += gap))
          const steps = Float64Array.from(isTurned ? ups.reverse() : ups)
          const given = { steps, timestamps: steps, values: steps.map((_, i) => values[i % values.length]!) }
          const draw = ({ steps: x, values: y }: Series) =>
            withNeighbours(downsample(x, y, [low, high], buckets), x, y, [low, high])
          expect(draw(openBetween(compactSeries(given), 'steps', low, high))).toEqual(draw(given))
        }
      ),
      { numRuns: 1000 }
    )
  })
})
