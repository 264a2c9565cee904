import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { anyFacts, packed } from '../../../../tests/support/random-facts.ts'
import { RunnelError } from '../errors.ts'
import { packSeries, unpackSeries } from '../chunk/chunk.ts'
import { exactSeriesOf } from '../series.ts'
import { decodeFacts, encodeFacts } from './facts-codec.ts'
import { factsHeader } from './facts-header.ts'
import type { Facts } from './facts.ts'
import { KeyListMap, keysHash } from './key-lists.ts'

const NO_LISTS = { find: () => null }

const frame = (facts: Partial<Facts>): Facts => ({ from: 1, to: 1, cells: [], series: [], ...facts })

describe('facts as bytes', () => {
  it('[FC1] read as what was written, their keys inside or in a list', () => {
    fc.assert(
      fc.property(anyFacts, (facts) => {
        expect(decodeFacts(encodeFacts(facts), NO_LISTS)).toEqual(facts)
        const lists = new KeyListMap()
        const bytes = encodeFacts(facts, lists)
        expect(decodeFacts(bytes, lists)).toEqual(facts)
        const { from, to, keysHash: hash } = factsHeader(bytes)
        expect([from, to]).toEqual([facts.from, facts.to])
        expect(lists.find(hash!)).not.toBeNull()
      })
    )
  })

  it('[FC2] keep what JSON and doubles keep badly', () => {
    const cells = [
      { field: 'p/__proto__', value: '__proto__', hlc: 5 },
      { field: 't/constructor', value: null, hlc: 7 },
      { field: 't/\u{1F47E}\u0000"', value: 'x'.repeat(100_000), hlc: 0 }
    ]
    const exact = { steps: BigInt64Array.of(2n ** 62n, 0n, 1n), timestamps: BigInt64Array.of(-(2n ** 63n), 0n, 1n) }
    const points = packSeries(exactSeriesOf(exact, Float64Array.of(NaN, -0, -Infinity)))
    const facts = frame({ cells, series: [{ key: '__proto__', to: 1, points, sealed: null }] })
    const read = decodeFacts(encodeFacts(facts), NO_LISTS)
    expect(read).toEqual(facts)
    const series = unpackSeries(read.series[0]!.points!)
    expect([series.exact?.steps[0], series.exact?.timestamps[0]]).toEqual([2n ** 62n, -(2n ** 63n)])
    expect([...series.values]).toEqual([NaN, -0, -Infinity])
  })

  it('[FC3] name lists that differ by hashes that differ', () => {
    fc.assert(
      fc.property(fc.array(fc.string()), fc.array(fc.string()), (a, b) => {
        const [left, right] = [JSON.stringify(a), JSON.stringify(b)]
        expect(keysHash(left) === keysHash(right)).toBe(left === right)
        expect(keysHash(left)).toMatch(/^[0-9a-f]{16}$/)
      })
    )
  })

  it('[FC4] whose list is missing are not guessed', () => {
    const bytes = encodeFacts(frame({ cells: [{ field: 't/a', value: 'b', hlc: 1 }] }), new KeyListMap())
    expect(() => decodeFacts(bytes, NO_LISTS)).toThrow(/names in them are missing/)
    const short = new KeyListMap()
    short.keep(factsHeader(bytes).keysHash!, '[]')
    expect(() => decodeFacts(bytes, short)).toThrow(/more values than names/)
  })

  it('[FC5] that are bent are refused with DATA_LOSS, or are other facts', () => {
    const bends = fc.array(fc.tuple(fc.nat(), fc.integer({ min: 0, max: 255 })), { minLength: 1, maxLength: 4 })
    fc.assert(
      fc.property(anyFacts, bends, fc.nat(), (facts, places, cut) => {
        const bytes = encodeFacts(facts)
        for (const [at, byte] of places) bytes[at % bytes.length] = byte
        expectReadOrRefused(bytes)
        expectReadOrRefused(bytes.subarray(0, cut % bytes.length))
      }),
      { numRuns: 500 }
    )
  })

  it('[FC6] that are noise are refused, at once', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), (noise) => {
        expectReadOrRefused(noise)
        expectReadOrRefused(Uint8Array.from([1, 0, 1, 1, 0, ...noise]))
      }),
      { numRuns: 1000 }
    )
  })

  it('[FC7] set nothing aside for what they only claim', () => {
    // A block of 2^53 - 1 bytes, of names, of JSON, of points.
    const huge = [255, 255, 255, 255, 255, 255, 255, 15]
    for (const start of [[], [2, 91, 93], [2, 91, 93, 8, ...new TextEncoder().encode('{"v":[]}')]])
      expectReadOrRefused(Uint8Array.from([1, 0, 1, 1, 0, ...start, ...huge]))
    expect(() => decodeFacts(new Uint8Array(3 * 1024 * 1024), NO_LISTS)).toThrow(/longer than/)
  })

  it('[FC8] say where sealed points lie, with a latest point that is one', () => {
    const part = {
      blobId: 'a'.repeat(64) as never,
      offset: 9,
      length: 100,
      envelopeLength: 10,
      count: 3,
      stepLow: -1,
      stepHigh: 5,
      timestampLow: 0,
      timestampHigh: 9
    }
    const sealed = (latest: Uint8Array) =>
      frame({
        series: [{ key: 'a', to: 1, points: null, sealed: { parts: [part], latest, min: -Infinity, max: null } }]
      })
    const facts = sealed(packed([{ step: 5, timestamp: 9, value: 1 }]))
    expect(decodeFacts(encodeFacts(facts), NO_LISTS)).toEqual(facts)
    for (const wrong of [packed([]), packed([1, 2].map((step) => ({ step, timestamp: 0, value: 0 })))])
      expect(() => decodeFacts(encodeFacts(sealed(wrong)), NO_LISTS)).toThrow(RunnelError)
  })
})

function expectReadOrRefused(bytes: Uint8Array): void {
  try {
    const { from, to, cells, series } = decodeFacts(bytes, NO_LISTS)
    expect(to).toBeGreaterThanOrEqual(from)
    expect(cells.length + series.length).toBeLessThanOrEqual(bytes.length)
  } catch (error) {
    if (!(error instanceof RunnelError) || error.code !== 'DATA_LOSS') throw error
  }
}
