import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { aggregate, summariseTexts } from './aggregate.ts'
import { valueAtBestStep } from './best-step.ts'
import { groupLines } from './run-groups.ts'
import { treeLines, type TreeLine } from './run-tree.ts'
import { seriesOf } from './series.ts'

// ── trees ───────────────────────────────────────────────────────────────────────────────────────────────────────────────────────

interface Forest {
  readonly order: readonly string[]
  readonly matches: ReadonlySet<string>
  readonly parents: ReadonlyMap<string, string>
  readonly closed: ReadonlySet<string>
}

/** Any parents at all: missing ones, oneself, cycles, chains. */
const forests = fc
  .uniqueArray(fc.constantFrom(...'abcdefghijkl'), { maxLength: 12 })
  .chain((order): fc.Arbitrary<Forest> =>
    fc.record({
      order: fc.constant(order),
      matches: fc.subarray(order).map((ids) => new Set(ids)),
      parents: fc
        .array(fc.tuple(fc.constantFrom(...'abcdefghijkl'), fc.constantFrom(...'abcdefghijklz')))
        .map((pairs) => new Map(pairs)),
      closed: fc.subarray(order).map((ids) => new Set(ids))
    })
  )

const linesOf = ({ order, matches, parents, closed }: Forest): TreeLine<string>[] =>
  treeLines({
    order,
    isMatch: (id) => matches.has(id),
    parentOf: (id) => parents.get(id),
    isClosed: (id) => closed.has(id)
  })

/** The dull way: ask every run for its ancestors, draw by recursion. */
function plainLines({ order, matches, parents, closed }: Forest): TreeLine<string>[] {
  const named = (id: string): string | null => {
    const parent = parents.get(id)
    return parent !== undefined && parent !== id && order.includes(parent) ? parent : null
  }
  const cycleOf = (id: string): string[] => {
    const seen = [id]
    for (let at = named(id); at !== null && seen.length <= order.length; at = named(at)) {
      if (at === id) return seen
      seen.push(at)
    }
    return []
  }
  const parentOf = (id: string): string | null => (cycleOf(id).sort()[0] === id ? null : named(id))
  const isKept = (id: string): boolean =>
    matches.has(id) || order.some((child) => parentOf(child) === id && isKept(child))
  const draw = (parent: string | null, depth: number): TreeLine<string>[] =>
    order
      .filter((id) => parentOf(id) === parent && isKept(id))
      .flatMap((id) => {
        const children = order.filter((child) => parentOf(child) === id && isKept(child)).length
        const open = children > 0 && !closed.has(id)
        return [{ id, depth, isMatch: matches.has(id), children, open }, ...(open ? draw(id, depth + 1) : [])]
      })
  return draw(null, 0)
}

describe('[RT1] a tree under a filter', () => {
  it('equals a plain model, whatever runs name as their parents', () =>
    fc.assert(
      fc.property(forests, (forest) => {
        expect(linesOf(forest)).toEqual(plainLines(forest))
      }),
      { numRuns: 2000 }
    ))

  it('shows every match once when nothing is closed', () =>
    fc.assert(
      fc.property(forests, (forest) => {
        const shown = linesOf({ ...forest, closed: new Set() }).filter((line) => line.isMatch)
        expect(shown.map((line) => line.id).sort()).toEqual([...forest.matches].sort())
      })
    ))

  it('takes a chain of 50,000 without a deep stack, and 200,000 children of one run', () => {
    const chain = Array.from({ length: 50_000 }, (_, at) => String(at))
    const parents = new Map(chain.slice(1).map((id, at) => [id, String(at)]))
    const last = linesOf({ order: chain, matches: new Set(['49999']), parents, closed: new Set() })
    expect(last).toHaveLength(50_000)
    expect(last.at(-1)).toEqual({ id: '49999', depth: 49_999, isMatch: true, children: 0, open: false })
    const broad = Array.from({ length: 200_000 }, (_, at) => String(at))
    const ofFirst = new Map(broad.slice(1).map((id) => [id, '0']))
    expect(linesOf({ order: broad, matches: new Set(broad), parents: ofFirst, closed: new Set() })).toHaveLength(
      200_000
    )
  })
})

// ── groups ──────────────────────────────────────────────────────────────────────────────────────────────────────────────────────

describe('[RT2] groups', () => {
  const values: Record<string, (string | null)[]> = {
    a: ['adam', '1'],
    b: ['sgd', '1'],
    c: ['adam', '2'],
    d: [null, '1'],
    e: ['adam', '1']
  }
  const lines = (depth: number, open: readonly string[]) =>
    groupLines(
      ['a', 'b', 'c', 'd', 'e'],
      depth,
      (id) => values[id]!,
      (id) => open.includes(id)
    ).map((line) =>
      line.members === null
        ? `${'  '.repeat(line.depth)}${line.id}`
        : `${'  '.repeat(line.depth)}${line.value} (${line.members.join('')})`
    )

  it('stand where their first run would, and hold their runs in order', () => {
    expect(lines(1, [])).toEqual(['adam (ace)', 'sgd (b)', 'null (d)'])
    expect(lines(1, ['["adam"]'])).toEqual(['adam (ace)', '  a', '  c', '  e', 'sgd (b)', 'null (d)'])
  })

  it('nest, and tell a missing value from the text of one', () => {
    expect(lines(2, ['["adam"]', '["adam","1"]', '[null]'])).toEqual([
      'adam (ace)',
      '  1 (ae)',
      '    a',
      '    e',
      '  2 (c)',
      'sgd (b)',
      'null (d)',
      '  1 (d)'
    ])
    const ids = groupLines(
      ['x', 'y'],
      1,
      (id) => (id === 'x' ? ['null'] : [null]),
      () => false
    ).map((line) => line.id)
    expect(ids).toEqual(['["null"]', '[null]'])
  })

  it('hold every run once, whatever is open', () =>
    fc.assert(
      fc.property(
        fc.array(fc.tuple(fc.option(fc.constantFrom('p', 'q')), fc.option(fc.constantFrom('r', 's', ''))), {
          maxLength: 20
        }),
        fc.integer({ min: 1, max: 2 }),
        (rows, depth) => {
          const order = rows.map((_, at) => String(at))
          const all = groupLines(
            order,
            depth,
            (id) => rows[Number(id)]!,
            () => true
          )
          const runs = all.filter((line) => line.members === null).map((line) => line.id)
          expect([...runs].sort()).toEqual([...order].sort())
          const outer = all.filter((line) => line.members !== null && line.depth === 0)
          expect(outer.flatMap((line) => line.members ?? []).sort()).toEqual([...order].sort())
        }
      )
    ))
})

// ── what groups say ─────────────────────────────────────────────────────────────────────────────────────────────────────────────

describe('[RT3] aggregates', () => {
  it('leave NaN and absence out, and count what is left', () => {
    expect(aggregate([1, NaN, null, 3])).toEqual({ count: 2, mean: 2, min: 1, max: 3, std: Math.SQRT2 })
    expect(aggregate([NaN, null])).toBeNull()
    expect(aggregate([5])).toEqual({ count: 1, mean: 5, min: 5, max: 5, std: null })
    expect(aggregate([1, Infinity])).toMatchObject({ mean: Infinity, max: Infinity })
    expect(aggregate([-Infinity, Infinity])?.mean).toBeNaN()
  })

  it('keep the spread of large values that are close together', () => {
    expect(aggregate([1e9, 1e9 + 1, 1e9 + 2])?.std).toBeCloseTo(1, 9)
  })

  it('equal the textbook', () =>
    fc.assert(
      fc.property(fc.array(fc.double({ min: -1e6, max: 1e6, noNaN: true }), { minLength: 2 }), (values) => {
        const mean = values.reduce((sum, value) => sum + value, 0) / values.length
        const variance = values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / (values.length - 1)
        const found = aggregate(values)!
        expect(found.mean).toBeCloseTo(mean, 4)
        expect(found.std).toBeCloseTo(Math.sqrt(variance), 3)
        // -0 and 0 are equal, and either may be the least of both.
        expect([found.min, found.max].map((value) => value + 0)).toEqual(
          [Math.min(...values), Math.max(...values)].map((value) => value + 0)
        )
      })
    ))

  it('of texts are the only one, or how many', () => {
    expect(summariseTexts(['a', null, 'a'])).toEqual({ distinct: 1, value: 'a' })
    expect(summariseTexts(['a', 'b'])).toEqual({ distinct: 2, value: null })
    expect(summariseTexts([null])).toBeNull()
  })
})

// ── best steps ──────────────────────────────────────────────────────────────────────────────────────────────────────────────────

describe('[RT4] the value at the best step of another metric', () => {
  const series = (...points: readonly (readonly [step: number, value: number, timestamp?: number])[]) =>
    seriesOf(points.map(([step, value, timestamp = step]) => ({ step, value, timestamp })))
  const acc = series([1, 0.7], [2, 0.8], [3, 0.9])

  it('is found at the least or the greatest', () => {
    const loss = series([1, 0.5], [2, 0.2], [3, 0.4])
    expect(valueAtBestStep(acc, loss, 'min')).toBe(0.8)
    expect(valueAtBestStep(acc, loss, 'max')).toBe(0.7)
  })

  it('takes the lowest step of equal bests, in whatever order points come, and never a NaN', () => {
    expect(valueAtBestStep(acc, series([3, 0.2], [1, NaN], [2, 0.2]), 'min')).toBe(0.8)
    expect(valueAtBestStep(acc, series([1, NaN]), 'min')).toBeNull()
    expect(valueAtBestStep(series([-1, 4]), series([5, 1], [-1, -Infinity]), 'min')).toBe(4)
  })

  it('is the latest of several points of that step, and nothing when there is none', () => {
    const again = series([2, 0.1, 10], [2, 0.6, 30], [2, 0.9, 20], [2, NaN, 30])
    expect(valueAtBestStep(again, series([2, 0]), 'min')).toBe(0.6)
    expect(valueAtBestStep(acc, series([7, 0.1]), 'min')).toBeNull()
    expect(valueAtBestStep(series(), series([1, 1]), 'max')).toBeNull()
  })
})
