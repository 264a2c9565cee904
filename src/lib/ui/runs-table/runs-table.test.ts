import { describe, expect, it } from 'vitest'
import type { ExperimentKeys, RunRow } from '#lib/live/protocol.ts'
import {
  columnGroups,
  columnIds,
  columnWidth,
  defaultColumns,
  parseColumn,
  parseColumns,
  toggleColumn
} from './columns.ts'
import { isBest, magnitude } from './magnitude.ts'
import { DEFAULT_SORT, nextSort, orderBy, parseSort, sortToText } from './order.ts'
import { ROW_HEIGHT, scrollToRow, slotCount, visibleAt, windowAt } from './row-window.ts'
import { keepSameRows } from './same-rows.ts'
import { extend, noSelection, selectAll, toggle, without } from './selection.ts'
import { choiceOf, readViewState, writeViewState } from './view-state.ts'

const keys: ExperimentKeys = {
  params: Array.from({ length: 9 }, (_, i) => `p${i}`),
  metrics: ['system/cpu', ...Array.from({ length: 12 }, (_, i) => `m${i}`)],
  tags: ['team', 'mlflow.user', 'mlflow.source.name']
}

describe('row window', () => {
  it('asks for whole blocks around the view', () => {
    expect(windowAt(0, 600, null)).toEqual({ from: 0, to: 64 })
    expect(windowAt(0, 600, 3)).toEqual({ from: 0, to: 32 })
    expect(windowAt(100 * ROW_HEIGHT, 600, 10_000)).toEqual({ from: 64, to: 160 })
  })

  it('stays the same while a scroll stays inside a block', () => {
    expect(windowAt(1000 * ROW_HEIGHT, 600, 10_000)).toEqual(windowAt(1001 * ROW_HEIGHT, 600, 10_000))
  })

  it('always covers what is drawn', () => {
    for (let top = 0; top < 10_000 * ROW_HEIGHT; top += 7919) {
      const held = windowAt(top, 777, 10_000)
      const drawn = visibleAt(top, 777, 10_000)
      expect(held.from).toBeLessThanOrEqual(drawn.from)
      expect(held.to).toBeGreaterThanOrEqual(drawn.to)
    }
  })

  it('holds the last rows when the list has shrunk under the scroll', () => {
    expect(windowAt(9000 * ROW_HEIGHT, 600, 10)).toEqual({ from: 0, to: 32 })
  })

  it('draws the same number of rows wherever the view stands', () => {
    const counts = [0, 15, 3000, 9_990 * ROW_HEIGHT].map((top) => {
      const { from, to } = visibleAt(top, 600, 10_000)
      return to - from
    })
    expect(new Set(counts)).toEqual(new Set([slotCount(600)]))
    expect(visibleAt(0, 600, 3)).toEqual({ from: 0, to: 3 })
  })

  it('scrolls only as far as a row needs', () => {
    expect(scrollToRow(5, 0, 300)).toBe(0)
    expect(scrollToRow(10, 0, 300)).toBe(30)
    expect(scrollToRow(2, 90, 300)).toBe(60)
  })
})

describe('rows of a new answer', () => {
  const row = (runId: string, cells: (string | number | null)[]): RunRow =>
    ({ runId, name: runId, cells }) as unknown as RunRow

  it('are the old ones where nothing changed, NaN included', () => {
    const before = [row('a', [NaN, 'x']), row('b', [1, null])]
    const after = keepSameRows(before, [row('c', [0]), row('a', [NaN, 'x']), row('b', [2, null])])
    expect(after[1]).toBe(before[0])
    expect(after[2]).not.toBe(before[1])
    expect(after[2]!.cells).toEqual([2, null])
    expect(keepSameRows(before, [row('a', [NaN, 'x', 3])])[0]!.cells).toHaveLength(3)
  })
})

describe('selection', () => {
  const order = ['a', 'b', 'c', 'd', 'e']

  it('toggles, extends from the anchor, and shrinks the same way', () => {
    const one = toggle(noSelection<string>(), 'b')
    const three = extend(one, 'd', order)
    expect([...three.ids]).toEqual(['b', 'c', 'd'])
    const without = toggle(three, 'c')
    expect([...extend(without, 'd', order).ids]).toEqual(['b'])
  })

  it('toggles when its anchor is not in sight', () => {
    expect([...extend({ ids: new Set(['z']), anchor: 'z' }, 'b', order).ids]).toEqual(['z', 'b'])
  })

  it('forgets what is gone', () => {
    const left = without(selectAll(order), ['a', 'e'])
    expect([...left.ids]).toEqual(['b', 'c', 'd'])
    expect(without(toggle(noSelection<string>(), 'a'), ['a']).anchor).toBeNull()
  })
})

describe('order', () => {
  it('writes order_by items', () => {
    expect(orderBy(DEFAULT_SORT)).toEqual([])
    expect(orderBy({ key: 'started', descending: false })).toEqual(['start_time ASC'])
    expect(orderBy({ key: 'name', descending: true })).toEqual(['run_name DESC'])
    expect(orderBy({ key: { kind: 'metric', key: 'val/loss' }, descending: true })).toEqual(['metrics.`val/loss` DESC'])
    expect(orderBy({ key: { kind: 'param', key: 'a`b' }, descending: false })).toEqual(['params."a`b" ASC'])
  })

  it('turns a click into the next order', () => {
    const loss = { kind: 'metric', key: 'loss' } as const
    expect(nextSort(DEFAULT_SORT, loss)).toEqual({ key: loss, descending: false })
    expect(nextSort({ key: loss, descending: false }, loss).descending).toBe(true)
    expect(nextSort({ key: loss, descending: true }, 'started').descending).toBe(true)
  })

  it('reads back what it writes', () => {
    for (const sort of [
      { key: 'name', descending: false },
      { key: { kind: 'metric', key: 'a asc desc' }, descending: true },
      { key: { kind: 'tag', key: 'x.y' }, descending: false }
    ] as const)
      expect(parseSort(sortToText(sort))).toEqual(sort)
    expect(parseSort('duration asc')).toBeNull()
    expect(parseSort('nonsense')).toBeNull()
  })
})

describe('columns', () => {
  it('starts with the first own metrics and params', () => {
    const columns = defaultColumns(keys)
    expect(columns.refs.filter((ref) => ref.kind === 'param')).toHaveLength(6)
    expect(columns.refs.filter((ref) => ref.kind === 'metric').map((ref) => ref.key)).toEqual(keys.metrics.slice(1, 9))
    expect(defaultColumns({ ...keys, metrics: ['system/cpu'] }).refs[0]).toEqual({
      kind: 'metric',
      key: 'system/cpu'
    })
  })

  it('lets a key that is logged later join at the end', () => {
    const before = defaultColumns({ params: [], metrics: ['loss', 'val'], tags: [] })
    const after = defaultColumns({ params: [], metrics: ['acc', 'loss', 'val'], tags: [] }, before)
    expect(after.refs.map((ref) => ref.key)).toEqual(['loss', 'val', 'acc'])
  })

  it('keeps groups together however they were chosen', () => {
    const columns = parseColumns(['metrics.a', 'params.b', 'status', 'metrics.a', 'nonsense', 'tags.'])
    expect(columnIds(columns)).toEqual(['status', 'metrics.a', 'params.b'])
    expect(columnIds(toggleColumn(columns, { kind: 'param', key: 'c' }))).toEqual([
      'status',
      'metrics.a',
      'params.b',
      'params.c'
    ])
    expect(columnIds(toggleColumn(columns, 'status'))).toEqual(['metrics.a', 'params.b'])
  })

  it('draws values before facts where there is little room', () => {
    const columns = parseColumns(['status', 'metrics.a', 'tags.b'])
    expect(columnGroups(columns, false).map((group) => group.kind)).toEqual(['fact', 'metric', 'tag'])
    expect(columnGroups(columns, true).map((group) => group.kind)).toEqual(['metric', 'tag', 'fact'])
  })

  it('keeps dots in keys', () => expect(parseColumn('tags.a.b')).toEqual({ kind: 'tag', key: 'a.b' }))

  it('has widths that only the label decides', () => {
    expect(columnWidth({ kind: 'metric', key: 'x' })).toBe(96)
    expect(columnWidth({ kind: 'metric', key: 'x'.repeat(200) })).toBe(168)
  })
})

describe('view state', () => {
  it('writes nothing for the defaults and keeps foreign params', () => {
    const state = readViewState(new URLSearchParams('tab=notes'))
    expect(writeViewState(state, new URLSearchParams('tab=notes&col=status')).toString()).toBe('tab=notes')
  })

  it('reads back what it writes', () => {
    const state = {
      filter: "params.`a b` = 'ü&='",
      sort: { key: { kind: 'metric', key: 'val/loss' }, descending: true },
      view: 'ALL',
      columns: parseColumns(['status', 'params.a,b', 'metrics.val/loss'])
    } as const
    expect(readViewState(writeViewState(state, new URLSearchParams()))).toEqual(state)
  })

  it('tells no columns from no choice', () => {
    const none = { filter: '', sort: DEFAULT_SORT, view: 'ACTIVE_ONLY', columns: parseColumns([]) } as const
    expect(readViewState(writeViewState(none, new URLSearchParams())).columns).toEqual({ facts: [], refs: [] })
  })

  it('takes the defaults for no choice', () => {
    expect(choiceOf(defaultColumns(keys), keys)).toBeNull()
    expect(choiceOf(parseColumns(['status']), keys)).not.toBeNull()
  })
})

describe('magnitude', () => {
  it('is full for the best, a sliver for the worst, and nothing for no number', () => {
    const span = { best: 0.5, worst: 1.5 }
    expect([0.5, 1, 1.5].map((value) => magnitude(value, span))).toEqual([1, 0.5, 0.04])
    expect([NaN, Infinity, null].map((value) => magnitude(value, span))).toEqual([0, 0, 0])
    expect(magnitude(1, { best: 1, worst: 1 })).toBe(1)
    expect(isBest(0.5, span)).toBe(true)
    expect(isBest(1, { best: 1, worst: 1 })).toBe(false)
  })
})
