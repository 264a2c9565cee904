import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { anyCells, factsBetween } from '../../../../tests/support/random-facts.ts'
import { unpackSeries } from '../chunk/chunk.ts'
import { mergeSeries } from '../series-order.ts'
import { joinCells, keepsFirst, paramConflicts, winnersOf, type WriterFacts } from './cells.ts'
import { HybridClock, hlcOfMs } from './clock.ts'
import type { Cell, Facts, Writer } from './facts.ts'
import { foldFacts, NO_FACTS, withoutPoints } from './record.ts'

const writer = fc.constantFrom('AAAAAAAAAAA', 'BBBBBBBBBBB', 'ccccccccccc') as fc.Arbitrary<Writer>

/** What several writers say; of one field a writer says one thing at a time. */
const said = fc.uniqueArray(fc.tuple(writer, anyCells), { selector: ([name]) => name, maxLength: 3 })

const facts = (cells: readonly Cell[]): Facts => ({ ...NO_FACTS, to: 1, cells })

const inOrder = (winners: ReturnType<typeof winnersOf>) => [...winners].sort(([a], [b]) => (a < b ? -1 : 1))

describe('what writers say of cells', () => {
  it('[JO1] joins to one, in any order and however often it comes', () => {
    fc.assert(
      fc.property(said, fc.array(fc.nat(2)), (all, again) => {
        const once: WriterFacts[] = all.map(([name, cells]) => ({ writer: name, facts: facts(cells) }))
        const truth = inOrder(winnersOf(once))
        expect(inOrder(winnersOf(once.toReversed()))).toEqual(truth)
        const repeated = [...again.flatMap((at) => once[at] ?? []), ...once, ...once]
        expect(inOrder(winnersOf(repeated))).toEqual(truth)
      })
    )
  })

  it('[JO2] joins in parts to what it joins to at once', () => {
    fc.assert(
      fc.property(said, said, (some, later) => {
        // A writer never says two things at one time.
        const more = later.map(
          ([name, cells]) => [name, cells.map((cell) => ({ ...cell, hlc: cell.hlc + 0.5 }))] as const
        )
        const whole = winnersOf([...some, ...more].map(([name, cells]) => ({ writer: name, facts: facts(cells) })))
        const parts = winnersOf(some.map(([name, cells]) => ({ writer: name, facts: facts(cells) })))
        for (const [name, cells] of more) joinCells(parts, name, cells)
        expect(inOrder(parts)).toEqual(inOrder(whole))
      })
    )
  })

  it('[JO3] has a param said first, all else said last, and every other value of a param as a conflict', () => {
    const [a, b] = ['AAAAAAAAAAA', 'BBBBBBBBBBB'] as Writer[]
    const all: WriterFacts[] = [
      {
        writer: a!,
        facts: facts([
          { field: 'p/lr', value: '1', hlc: 9 },
          { field: 't/k', value: 'x', hlc: 9 }
        ])
      },
      {
        writer: b!,
        facts: facts([
          { field: 'p/lr', value: '2', hlc: 4 },
          { field: 't/k', value: 'y', hlc: 4 }
        ])
      }
    ]
    const winners = winnersOf(all)
    expect([winners.get('p/lr')?.value, winners.get('t/k')?.value]).toEqual(['2', 'x'])
    const found = [{ key: 'lr', used: '2', others: [{ value: '1', writer: a, hlc: 9 }] }]
    expect(paramConflicts(all)).toEqual(found)
    expect(paramConflicts(all.toReversed())).toEqual(found)
  })
})

/** Frames of one writer, one after the other: what is said later has a later time. */
const frames = fc
  .integer({ min: 1, max: 6 })
  .chain((count) =>
    fc
      .tuple(...Array.from({ length: count }, (_, i) => factsBetween(i + 1, i + 1)))
      .map((list) => list.map((one, i) => ({ ...one, cells: one.cells.map((cell) => ({ ...cell, hlc: 100 + i })) })))
  )

describe('a record', () => {
  it('[JO4] is the same however the frames it was folded of were folded before', () => {
    fc.assert(
      fc.property(frames, fc.nat(), (list, cut) => {
        const at = cut % list.length
        const whole = list.reduce(foldFacts, NO_FACTS)
        const head = list.slice(0, at).reduce(foldFacts, NO_FACTS)
        const [first, ...rest] = list.slice(at)
        expect(foldFacts(head, rest.reduce(foldFacts, first!))).toEqual(whole)
      })
    )
  })

  it('[JO5] says of each cell what would win, and of each series every point once', () => {
    fc.assert(
      fc.property(frames, (list) => {
        const whole = list.reduce(foldFacts, NO_FACTS)
        const all = list.flatMap(({ cells }) => cells)
        for (const { field, value } of whole.cells) {
          const own = all.filter((cell) => cell.field === field)
          expect(value).toEqual((keepsFirst(field) ? own[0] : own.at(-1))!.value)
        }
        expect(new Set(whole.cells.map(({ field }) => field))).toEqual(new Set(all.map(({ field }) => field)))
        for (const { key, points } of whole.series) {
          const parts = list.flatMap(({ series }) => series.filter((one) => one.key === key))
          expect(unpackSeries(points!)).toEqual(mergeSeries(parts.map((one) => unpackSeries(one.points!))))
        }
        expect(withoutPoints(whole).series.every(({ points, sealed }) => points === null && sealed === null)).toBe(true)
      })
    )
  })

  it('[JO6] is not changed by what it has already', () => {
    fc.assert(
      fc.property(frames, (list) => {
        const whole = list.reduce(foldFacts, NO_FACTS)
        for (const one of list) expect(foldFacts(whole, one)).toBe(whole)
      })
    )
  })
})

describe('a clock', () => {
  it('[JO7] never says a time twice or goes back, whatever the wall clock does and whoever is heard', () => {
    const events = fc.array(
      fc.oneof(fc.tuple(fc.constant('wall'), fc.nat(5000)), fc.tuple(fc.constant('see'), fc.nat(9_000_000)))
    )
    fc.assert(
      fc.property(events, (list) => {
        let wall = 0
        const clock = new HybridClock(() => wall)
        let last = 0
        for (const [what, value] of list) {
          if (what === 'wall') wall = value
          else clock.see(value)
          const heard = clock.last
          const next = clock.next()
          expect(next).toBeGreaterThan(Math.max(last, heard))
          expect(next).toBeGreaterThanOrEqual(hlcOfMs(wall))
          last = next
        }
      })
    )
  })

  it('[JO8] goes by the host’s, and says what is ahead of it', () => {
    const clock = new HybridClock(() => 1000)
    clock.correct(61_000)
    expect(clock.nowMs()).toBe(61_000)
    expect(clock.next()).toBe(hlcOfMs(61_000))
    expect([clock.isAhead(hlcOfMs(62_000), 1000), clock.isAhead(hlcOfMs(62_001), 1000)]).toEqual([false, true])
  })
})
