import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { aggregate } from '#lib/domain/aggregate.ts'
import { DEFAULT_EXPERIMENT_ID, type ExperimentId, type RunId } from '#lib/domain/ids.ts'
import type { RunSort } from '#lib/domain/table-column.ts'
import { TAGS } from '#lib/domain/tag.ts'
import { logPoints } from '#lib/store/metrics.ts'
import { logParams } from '#lib/store/params.ts'
import { createRun, deleteRun, updateRun } from '#lib/store/runs.ts'
import type { Store } from '#lib/store/store.ts'
import { setRunTags } from '#lib/store/tags.ts'
import { openTestStore } from '../../../tests/support/engines.ts'
import { BestSteps } from './best-steps.ts'
import { ColumnsView } from './columns-view.ts'
import type { ColumnsQuery, RunsQuery, RunsWindow } from './protocol.ts'
import { RunsView } from './runs-view.ts'

interface Sketch {
  /** Index of the parent among the runs of the same list. */
  readonly parent?: number | null
  readonly params?: Readonly<Record<string, string>>
  readonly tags?: Readonly<Record<string, string>>
  /** Key to values by step from 0. */
  readonly metrics?: Readonly<Record<string, readonly number[]>>
  readonly seconds?: number
}

/** Runs in the default experiment, each a second younger than the one before, so that the default order is the list's. */
async function fill(store: Store, sketches: readonly Sketch[]): Promise<RunId[]> {
  const ids = sketches.map((_, at) => `${at}`.padStart(32, '0') as RunId)
  await store.write(async (tx) => {
    for (const [at, sketch] of sketches.entries()) {
      const startTime = 1_000_000 - at * 1000
      const parent = sketch.parent == null ? [] : [{ key: TAGS.parentRunId, value: ids[sketch.parent] ?? 'nobody' }]
      const tags = [...Object.entries(sketch.tags ?? {}).map(([key, value]) => ({ key, value })), ...parent]
      const run = await createRun(tx, {
        experimentId: DEFAULT_EXPERIMENT_ID,
        runId: ids[at]!,
        name: `run ${at}`,
        startTime,
        tags
      })
      await logParams(
        tx,
        run,
        Object.entries(sketch.params ?? {}).map(([key, value]) => ({ key, value }))
      )
      const points = Object.entries(sketch.metrics ?? {}).flatMap(([key, values]) =>
        values.map((value, step) => ({ key, value, step, timestamp: step }))
      )
      await logPoints(tx, run, points)
      if (sketch.seconds !== undefined) await updateRun(tx, run.runId, { endTime: startTime + sketch.seconds * 1000 })
    }
  })
  return ids
}

const QUERY: RunsQuery = {
  kind: 'runs',
  experimentIds: [DEFAULT_EXPERIMENT_ID],
  filter: '',
  orderBy: [],
  view: 'ACTIVE_ONLY',
  from: 0,
  to: 1000,
  columns: []
}

const ask = (store: Store, query: Partial<RunsQuery>, view: RunsView = new RunsView()): Promise<RunsWindow> =>
  view.answer(store, { ...QUERY, ...query }, new BestSteps())

/** Names of the rows, or lines as text: indented, ancestors that do not match in brackets. */
const drawn = ({ rows, lines }: RunsWindow): string[] => {
  let next = 0
  return (lines ?? rows.map(() => null)).map((line) => {
    if (line?.kind === 'group') return `${'  '.repeat(line.depth)}${line.value} x${line.runs}`
    const name = rows[next++]!.name.slice(4)
    return '  '.repeat(line?.depth ?? 0) + (line?.isMatch === false ? `(${name})` : name)
  })
}

describe('a tree of runs', () => {
  const FAMILY: readonly Sketch[] = [
    { params: { opt: 'adam' } },
    { parent: 0, params: { opt: 'sgd' } },
    { parent: 1, params: { opt: 'adam' } },
    { parent: 99, params: { opt: 'adam' } },
    { parent: 0 }
  ]

  test('[RT5] stays whole under a filter and in windows: ancestors of matches come with them', async () => {
    const { store } = await openTestStore('node:sqlite')
    const ids = await fill(store, FAMILY)
    expect(drawn(await ask(store, { tree: true }))).toEqual(['0', '  1', '    2', '  4', '3'])
    const filtered = await ask(store, { tree: true, filter: "params.opt = 'adam'" })
    expect(drawn(filtered)).toEqual(['0', '  (1)', '    2', '3'])
    expect([filtered.total, filtered.matches]).toEqual([4, 3])
    expect(drawn(await ask(store, { tree: true, filter: "params.opt = 'adam'", from: 1, to: 3 }))).toEqual([
      '  (1)',
      '    2'
    ])
    expect(drawn(await ask(store, { tree: true, toggled: [ids[1]!] }))).toEqual(['0', '  1', '  4', '3'])
    await store.write((tx) => deleteRun(tx, ids[0]!))
    expect(drawn(await ask(store, { tree: true }))).toEqual(['1', '  2', '3', '4'])
  })

  test('[RT5] equals a plain model for any parents, filter and folding', async () => {
    const sketches = fc.array(
      fc.record({
        parent: fc.option(fc.integer({ min: 0, max: 9 })),
        params: fc.record({ opt: fc.constantFrom('adam', 'sgd') })
      }),
      { maxLength: 8 }
    )
    await fc.assert(
      fc.asyncProperty(sketches, fc.nat(255), fc.boolean(), async (runs, folded, filtered) => {
        const { store } = await openTestStore('sql.js')
        const ids = await fill(store, runs)
        const toggled = ids.filter((_, at) => (folded >> at) % 2 === 1)
        const answer = await ask(store, { tree: true, toggled, filter: filtered ? "params.opt = 'adam'" : '' })
        expect(drawn(answer)).toEqual(plainTree(runs, (at) => !filtered || runs[at]!.params['opt'] === 'adam', folded))
      }),
      { numRuns: 60 }
    )
  })
})

/** What a person would draw: a run below the parent it names, if that is there and it is not above itself; the least of a circle is a root. */
function plainTree(runs: readonly Sketch[], matches: (at: number) => boolean, folded: number): string[] {
  const named = (at: number): number | null => {
    const parent = runs[at]!.parent ?? null
    return parent === null || parent === at || parent >= runs.length ? null : parent
  }
  const circle = (at: number): number[] => {
    const seen = [at]
    for (let up = named(at); up !== null && seen.length <= runs.length; up = named(up)) {
      if (up === at) return seen
      seen.push(up)
    }
    return []
  }
  const parentOf = (at: number): number | null => (Math.min(...circle(at)) === at ? null : named(at))
  const all = runs.map((_, at) => at)
  const kept = (at: number): boolean => matches(at) || all.some((child) => parentOf(child) === at && kept(child))
  const draw = (parent: number | null, indent: string): string[] =>
    all
      .filter((at) => parentOf(at) === parent && kept(at))
      .flatMap((at) => [
        indent + (matches(at) ? `${at}` : `(${at})`),
        ...((folded >> at) % 2 === 1 ? [] : draw(at, `${indent}  `))
      ])
  return draw(null, '')
}

describe('groups of runs', () => {
  const RUNS: readonly Sketch[] = [
    { params: { opt: 'adam' }, metrics: { loss: [3] }, tags: { team: 'a' } },
    { params: { opt: 'sgd' }, metrics: { loss: [1] }, tags: { team: 'a' } },
    { params: { opt: 'adam' }, metrics: { loss: [2, 5] }, tags: { team: 'b' } },
    { metrics: { loss: [NaN] } }
  ]
  const LOSS = { kind: 'metric', key: 'loss' } as const

  test('[RT6] stand where their first run would, add up what their runs have, and open to them', async () => {
    const { store } = await openTestStore('node:sqlite')
    await fill(store, RUNS)
    const groupBy = [{ kind: 'param', key: 'opt' }] as const
    const columns = [LOSS, { ...LOSS, pick: 'min' }, { kind: 'tag', key: 'team' }] as const
    const sort: readonly RunSort[] = [{ by: LOSS, descending: false }]
    const closed = await ask(store, { groupBy, columns, sort })
    expect(drawn(closed)).toEqual(['sgd x1', 'adam x2', 'null x1'])
    const adam = closed.lines?.[1]
    expect(adam?.kind === 'group' && adam.cells).toEqual([
      aggregate([3, 5]),
      aggregate([3, 2]),
      { distinct: 2, value: null }
    ])
    const open = await ask(store, { groupBy, columns, sort, toggled: ['["adam"]'] })
    expect(drawn(open)).toEqual(['sgd x1', 'adam x2', '  0', '  2', 'null x1'])
    expect(open.rows.map((row) => row.cells[0])).toEqual([3, 5])
    expect(drawn(await ask(store, { groupBy, toggled: ['["adam"]'], from: 1, to: 3 }))).toEqual(['  0', '  2'])
  })

  test('[RT6] nest by several keys and by facts of a run', async () => {
    const { store } = await openTestStore('node:sqlite')
    await fill(store, RUNS)
    const groupBy = [
      { kind: 'attribute', key: 'status' },
      { kind: 'tag', key: 'team' }
    ] as const
    expect(drawn(await ask(store, { groupBy, toggled: ['["RUNNING"]'] }))).toEqual([
      'RUNNING x4',
      '  a x2',
      '  b x1',
      '  null x1'
    ])
  })

  test('[RT6] see what a commit changed, and read only that', async () => {
    const { store } = await openTestStore('node:sqlite')
    const ids = await fill(store, RUNS)
    const view = new RunsView()
    store.changes.subscribe((change) => view.invalidate(change))
    const groupBy = [{ kind: 'tag', key: 'team' }] as const
    expect(drawn(await ask(store, { groupBy }, view))).toEqual(['a x2', 'b x1', 'null x1'])
    await store.write(async (tx) => setRunTags(tx, await updateRun(tx, ids[2]!, {}), [{ key: 'team', value: 'a' }]))
    expect(drawn(await ask(store, { groupBy }, view))).toEqual(['a x3', 'null x1'])
  })
})

describe('values of metrics', () => {
  test('[RT7] a column shows the last, the least, the greatest, or the value at the best step of another', async () => {
    const { store } = await openTestStore('node:sqlite')
    const ids = await fill(store, [
      { metrics: { acc: [0.5, 0.9, 0.7], loss: [3, 2, 1] } },
      { metrics: { acc: [0.1, 0.2] } },
      {}
    ])
    const at = (of: string) => ({ kind: 'metric', key: 'acc', pick: { at: 'min', of } }) as const
    const acc = { kind: 'metric', key: 'acc' } as const
    const columns = [acc, { ...acc, pick: 'min' }, { ...acc, pick: 'max' }, at('loss'), at('acc')] as const
    const view = new RunsView()
    const bestSteps = new BestSteps()
    const answer = await view.answer(store, { ...QUERY, columns }, bestSteps)
    expect(answer.rows.map((row) => row.cells)).toEqual([
      [0.7, 0.5, 0.9, 0.7, 0.5],
      [0.2, 0.1, 0.2, null, 0.1],
      [null, null, null, null, null]
    ])
    store.changes.subscribe((change) => view.invalidate(change))
    await store.write(async (tx) =>
      logPoints(tx, await updateRun(tx, ids[0]!, {}), [
        { key: 'loss', value: 0, step: 9, timestamp: 9 },
        { key: 'acc', value: 0.95, step: 9, timestamp: 9 }
      ])
    )
    expect((await view.answer(store, { ...QUERY, columns }, bestSteps)).rows[0]?.cells).toEqual([
      0.95, 0.5, 0.95, 0.95, 0.5
    ])
  })

  test('[RT8] runs are ordered by several keys, by extremes and by how long they took; the ends of the first are told', async () => {
    const { store } = await openTestStore('node:sqlite')
    await fill(store, [
      { params: { opt: 'b' }, metrics: { loss: [1, 9] }, seconds: 5 },
      { params: { opt: 'a' }, metrics: { loss: [4, 6] }, seconds: 1 },
      { params: { opt: 'b' }, metrics: { loss: [0, 7] } },
      { params: { opt: 'a' }, metrics: { loss: [NaN] }, seconds: 3 },
      {}
    ])
    const loss = (pick?: 'min' | 'max') => ({ kind: 'metric', key: 'loss', ...(pick && { pick }) }) as const
    const opt = { kind: 'param', key: 'opt' } as const
    const order = async (...sort: RunSort[]) => drawn(await ask(store, { sort })).join('')
    expect(await order({ by: loss(), descending: false })).toBe('12034')
    expect(await order({ by: loss('min'), descending: false })).toBe('20134')
    expect(await order({ by: loss('max'), descending: true })).toBe('02134')
    expect(await order({ by: opt, descending: false }, { by: loss(), descending: true })).toBe('13024')
    expect(await order({ by: { kind: 'attribute', key: 'duration' }, descending: true })).toBe('03124')
    const { ends } = await ask(store, { sort: [{ by: loss('max'), descending: true }] })
    expect(ends).toEqual({ first: 9, last: 6 })
    expect((await ask(store, { sort: [{ by: opt, descending: false }] })).ends).toBeNull()
    const best = { ...loss(), pick: { at: 'min', of: 'loss' } } as const
    await expect(ask(store, { sort: [{ by: best, descending: false }] })).rejects.toMatchObject({
      code: 'INVALID_PARAMETER_VALUE'
    })
  })

  test('[RT8] any order by extremes equals sorting a list', async () => {
    const value = fc.oneof(fc.constantFrom(0, 1, 2), fc.constant(NaN))
    const sketches = fc.array(fc.record({ metrics: fc.record({ loss: fc.array(value, { maxLength: 3 }) }) }), {
      maxLength: 9
    })
    await fc.assert(
      fc.asyncProperty(sketches, fc.constantFrom('min', 'max'), fc.boolean(), async (runs, pick, descending) => {
        const { store } = await openTestStore('sql.js')
        await fill(store, runs)
        const sort = [{ by: { kind: 'metric', key: 'loss', pick }, descending }] as const
        const extreme = runs.map(({ metrics }) => {
          const numbers = metrics.loss.filter((each) => !Number.isNaN(each))
          return numbers.length === 0 ? null : Math[pick](...numbers)
        })
        const order = runs.map((_, at) => at)
        order.sort((a, b) => {
          const [x, y] = [extreme[a]!, extreme[b]!]
          if (x === null || y === null) return Number(x === null) - Number(y === null)
          return descending ? y - x : x - y
        })
        const answer = await ask(store, { sort })
        expect(drawn(answer)).toEqual(order.map(String))
        const numbers = order.flatMap((at) => extreme[at] ?? [])
        expect(answer.ends).toEqual(numbers.length === 0 ? null : { first: numbers[0], last: numbers.at(-1) })
      }),
      { numRuns: 60 }
    )
  })
})

describe('columns there are', () => {
  const COLUMNS: ColumnsQuery = {
    kind: 'columns',
    experimentId: DEFAULT_EXPERIMENT_ID,
    search: '',
    among: null,
    varying: null,
    from: 0,
    to: 1000
  }
  const ALL = { filter: '', view: 'ACTIVE_ONLY' } as const
  const names = async (store: Store, query: Partial<ColumnsQuery>, view: ColumnsView = new ColumnsView()) =>
    (await view.answer(store, { ...COLUMNS, ...query })).columns.map(({ kind, key }) => `${kind[0]}.${key}`)

  test('[RT9] are found by their text, in windows, with what a system logged last', async () => {
    const { store } = await openTestStore('node:sqlite')
    await fill(store, [
      {
        params: { lr: '1', Loss_weight: '2' },
        metrics: { 'train/loss': [1], loss: [1], 'system/cpu': [1] },
        tags: { team: 'x', 'mlflow.user': 'me' }
      }
    ])
    expect(await names(store, {})).toEqual([
      ...['m.loss', 'm.train/loss', 'm.system/cpu', 'p.Loss_weight', 'p.lr'],
      ...['t.team', 't.mlflow.runName', 't.mlflow.user']
    ])
    expect(await names(store, { search: 'LOSS' })).toEqual(['m.loss', 'm.train/loss', 'p.Loss_weight'])
    expect(await names(store, { of: ['param'] })).toEqual(['p.Loss_weight', 'p.lr'])
    const view = new ColumnsView()
    expect(await view.answer(store, { ...COLUMNS, from: 2, to: 4 })).toEqual({
      total: 8,
      from: 2,
      columns: [
        { kind: 'metric', key: 'system/cpu' },
        { kind: 'param', key: 'Loss_weight' }
      ]
    })
    expect(await names(store, { except: [{ kind: 'metric', key: 'loss' }], of: ['metric'] }, view)).toEqual([
      'm.train/loss',
      'm.system/cpu'
    ])
  })

  test('[RT10] vary when two matching runs have different values, absence being none', async () => {
    const { store } = await openTestStore('node:sqlite')
    const ids = await fill(store, [
      { params: { same: '1', opt: 'adam', rare: 'x' }, metrics: { nan: [NaN], half: [NaN], ends: [0, 1], zero: [-0] } },
      { params: { same: '1', opt: 'sgd' }, metrics: { nan: [NaN], half: [2], ends: [2, 1], zero: [0] } },
      { params: { same: '2' }, tags: { team: 'x' } }
    ])
    const view = new ColumnsView()
    store.changes.subscribe((change) => view.invalidate(change))
    const varying = { filter: "params.same = '1'", view: 'ACTIVE_ONLY' } as const
    const own = { of: ['metric', 'param'] } as const
    expect(await names(store, { ...own, varying }, view)).toEqual(['m.half', 'p.opt'])
    expect(await names(store, { ...own, varying: ALL }, view)).toEqual(['m.half', 'p.opt', 'p.same'])
    const ends = { kind: 'metric', key: 'ends' } as const
    const among = [ends, { ...ends, pick: 'min' }, { kind: 'param', key: 'same' }] as const
    expect(await names(store, { among, varying }, view)).toEqual(['m.ends'])
    await store.write(async (tx) =>
      logPoints(tx, await updateRun(tx, ids[0]!, {}), [{ key: 'nan', value: 1, step: 1, timestamp: 1 }])
    )
    expect(await names(store, { ...own, varying }, view)).toEqual(['m.half', 'm.nan', 'p.opt'])
    await store.write((tx) => deleteRun(tx, ids[1]!))
    expect(await names(store, { ...own, varying }, view)).toEqual([])
  })

  test('[RT10] equal what a list of all values says', async () => {
    const text = fc.option(fc.constantFrom('a', 'b', 'Ä', '\u{1F600}', ''), { nil: undefined })
    const number = fc.constantFrom(1, 2, NaN, Infinity)
    const sketches = fc.array(
      fc.record({ p: text, q: text, m: fc.option(number, { nil: undefined }) }).map(({ p, q, m }) => ({
        params: { ...(p !== undefined && { p }), ...(q !== undefined && { q }) },
        metrics: m === undefined ? {} : { m: [m] }
      })),
      { maxLength: 6 }
    )
    await fc.assert(
      fc.asyncProperty(sketches, async (runs) => {
        const { store } = await openTestStore('sql.js')
        await fill(store, runs)
        const different = (values: readonly unknown[]) =>
          new Set(values.filter((value) => value !== undefined)).size > 1
        const expected = [
          ...(different(runs.map(({ metrics }) => metrics.m?.[0])) ? ['m.m'] : []),
          ...(['p', 'q'] as const)
            .filter((key) => different(runs.map(({ params }) => params[key])))
            .map((key) => `p.${key}`)
        ]
        expect(await names(store, { of: ['metric', 'param'], varying: ALL })).toEqual(expected)
      }),
      { numRuns: 60 }
    )
  })

  test('[RT10] of no experiment are none', async () => {
    const { store } = await openTestStore('node:sqlite')
    expect(await names(store, { experimentId: '77' as ExperimentId, varying: ALL })).toEqual([])
  })
})
