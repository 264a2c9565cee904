import { describe, expect, test } from 'vitest'
import { seededRandom, shuffle } from '#lib/demo/random.ts'
import type { ModelVersionId } from '../ids.ts'
import { settleNumbers, type NumberClaim } from './version-numbers.ts'

const claim = (id: string, number: number, hlc: number, isAssigned = false): NumberClaim => ({
  id: id as ModelVersionId,
  number,
  isAssigned,
  hlc
})

const settled = (...claims: NumberClaim[]) => Object.fromEntries(settleNumbers(claims))

describe('numbers of versions', () => {
  test('[VN1] are those that were taken, where nobody else wants them', () => {
    expect(settled(claim('a', 1, 5), claim('b', 2, 4))).toEqual({ a: 1, b: 2 })
  })

  test('[VN2] are kept by whoever said so first, then by the lesser id; the other gets the next that nobody wants', () => {
    expect(settled(claim('a', 1, 5), claim('b', 1, 4), claim('c', 2, 9))).toEqual({ b: 1, c: 2, a: 3 })
    expect(settled(claim('b', 1, 4), claim('a', 1, 4))).toEqual({ a: 1, b: 2 })
  })

  test('[VN3] that a host gave beat those that were taken before', () => {
    expect(settled(claim('a', 1, 1), claim('b', 1, 9, true))).toEqual({ b: 1, a: 2 })
  })

  test('[VN4] of who says none come last', () => {
    expect(settled(claim('a', 0, 1), claim('b', 7, 9))).toEqual({ b: 7, a: 8 })
  })

  test('[VN5] are each one version’s, whatever the order of what is said, and those that were given stay', () => {
    for (let seed = 1; seed <= 200; seed++) {
      const random = seededRandom(seed)
      const integer = (below: number) => Math.floor(random() * below)
      const claims = Array.from({ length: 1 + integer(12) }, (_, i) =>
        claim(`v${i}`, integer(5), integer(6), integer(3) === 0)
      )
      const numbers = settleNumbers(claims)
      expect(numbers.size).toBe(claims.length)
      expect(new Set(numbers.values()).size).toBe(claims.length)
      const turned = settleNumbers(shuffle(claims, random))
      expect(Object.fromEntries(turned)).toEqual(Object.fromEntries(numbers))
      for (const { id, number, isAssigned } of claims) {
        const rivals = claims.filter((one) => one.isAssigned && one.number === number)
        if (isAssigned && number > 0 && rivals.length === 1) expect(numbers.get(id)).toBe(number)
      }
    }
  })
})
