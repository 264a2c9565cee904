import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { groupMeans } from './group-means.ts'
import { niceTicks, toNumber, valueScale } from './value-scale.ts'

describe('a scale of values', () => {
  it('[CV1] ticks are round, cover the range and are few, however large or small it is', () => {
    expect(niceTicks(0.13, 0.87)).toEqual([0, 0.2, 0.4, 0.6, 0.8, 1])
    expect(niceTicks(-3, 12)).toEqual([-5, 0, 5, 10, 15])
    expect(niceTicks(7, 7)).toEqual([3.5, 7, 10.5])
    expect(niceTicks(Infinity, -Infinity)).toEqual([0, 1])
    const double = fc.double({ noDefaultInfinity: true, noNaN: true, min: -1e300, max: 1e300 })
    fc.assert(
      fc.property(double, double, (a, b) => {
        const [low, high] = [Math.min(a, b), Math.max(a, b)]
        const ticks = niceTicks(low, high)
        expect(ticks.length).toBeGreaterThanOrEqual(2)
        expect(ticks.length).toBeLessThanOrEqual(7)
        const hair = Math.max(Math.abs(low), Math.abs(high)) * 1e-9 + Number.MIN_VALUE
        expect(ticks[0]!).toBeLessThanOrEqual(low + hair)
        expect(ticks.at(-1)!).toBeGreaterThanOrEqual(high - hair)
      })
    )
  })

  it('[CV2] texts of numbers are numbers, one that is none makes all of them names', () => {
    const numbers = valueScale(['0.1', '1e-1', 0.3, null, 'NaN'])
    expect(numbers.place('0.1')).toBe(numbers.place(0.1))
    expect(numbers.place(null)).toBeNull()
    expect(numbers.place('nan')).toBeNull()
    const names = valueScale(['adam', '10', '9', 'adam', null])
    expect(names.ticks.map(({ text }) => text)).toEqual(['9', '10', 'adam'])
    expect(names.place('adam')).toBeCloseTo(5 / 6)
    expect(names.place('new')).toBeNull()
    expect(['', ' ', 'x', null].map(toNumber)).toEqual([null, null, null, null])
    expect(toNumber('-Infinity')).toBe(-Infinity)
  })
})

describe('means of groups', () => {
  it('[CV3] are of what is a number, for groups that have one, in their order', () => {
    expect(groupMeans([1, 0, 1, 2, 1, 3], [4, 7, null, NaN, 1, Infinity])).toEqual([
      [0, 7],
      [1, 2.5]
    ])
    expect(groupMeans([0, 0], [1.7e308, 1.7e308])).toEqual([[0, 1.7e308]])
    expect(groupMeans([], [])).toEqual([])
  })
})
