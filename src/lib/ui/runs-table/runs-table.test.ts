import { describe, expect, it } from 'vitest'
import type { ExperimentKeys, RunRow } from '#lib/live/protocol.ts'
import { cellView, groupCellView } from './cell-view.ts'
import { ColumnAxis, TAIL_WIDTH } from './column-axis.ts'
import {
  columnId,
  columnIds,
  columnLabel,
  columnWidth,
  defaultColumns,
  isRef,
  parseColumn,
  parseColumns,
  toggleColumn,
  valuesFirst,
  type Column
} from './columns.ts'
import { groupId, parseGroups, toggleGroup } from './grouping.ts'
import { moveColumn, NO_LAYOUT, parseWidths, pinColumn, replaceColumn, resizeColumn, showColumn } from './layout.ts'
import { isBest, magnitude } from './magnitude.ts'
import { addSort, isSortable, nextSort, parseSort, parseSorts, placeOf, sortQuery, sortToText } from './order.ts'
import { ROW_HEIGHT, scrollToRow, slotCount, visibleAt, windowAt } from './row-window.ts'
import { keepSame, keepSameRows } from './same-rows.ts'
import { extend, noSelection, selectAll, toggle, without } from './selection.ts'
import {
  choiceOf,
  parseViewState,
  readViewState,
  viewStateToText,
  writeViewState,
  type ViewState
} from './view-state.ts'

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

describe('items of a new list', () => {
  it('are the old ones where every field is the same', () => {
    const before = [
      { id: 'a', at: 1 },
      { id: 'b', at: NaN }
    ]
    const after = keepSame(
      before,
      [
        { id: 'b', at: NaN },
        { id: 'a', at: 2 },
        { id: 'c', at: 1 }
      ],
      ({ id }) => id
    )
    expect(after[0]).toBe(before[1])
    expect(after.slice(1)).toEqual([
      { id: 'a', at: 2 },
      { id: 'c', at: 1 }
    ])
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
  const loss = { kind: 'metric', key: 'loss' } as const
  const atBest = { ...loss, pick: { at: 'min', of: 'val/loss' } } as const

  it('asks a store for keys, facts and extremes', () => {
    expect(sortQuery([{ key: 'started', descending: false }])).toEqual([
      { by: { kind: 'attribute', key: 'start_time' }, descending: false }
    ])
    expect(
      sortQuery([
        { key: { ...loss, pick: 'min' }, descending: true },
        { key: 'duration', descending: false }
      ])
    ).toEqual([
      { by: { ...loss, pick: 'min' }, descending: true },
      { by: { kind: 'attribute', key: 'duration' }, descending: false }
    ])
  })

  it('turns a press into the next order', () => {
    expect(nextSort([], loss)).toEqual([{ key: loss, descending: false }])
    expect(nextSort([{ key: loss, descending: false }], loss)).toEqual([{ key: loss, descending: true }])
    expect(nextSort([{ key: loss, descending: true }], 'started')).toEqual([])
    expect(nextSort([], 'started')).toEqual([{ key: 'started', descending: false }])
    expect(nextSort([], { ...loss, pick: 'max' })[0]?.descending).toBe(true)
  })

  it('adds a key with Shift, turns it, and takes it away', () => {
    const one = nextSort([], loss)
    const two = addSort(one, 'name')
    expect(two.map(sortToText)).toEqual(['metrics.loss asc', 'name asc'])
    const turned = addSort(two, 'name')
    expect(turned.map(sortToText)).toEqual(['metrics.loss asc', 'name desc'])
    expect(addSort(turned, 'name')).toEqual(one)
    expect([placeOf(two, 'name'), placeOf(two, 'status'), placeOf([], 'started')]).toEqual([1, -1, 0])
    expect(nextSort(two, loss).map(sortToText)).toEqual(['metrics.loss asc'])
  })

  it('reads back what it writes, and nothing else', () => {
    for (const sort of [
      { key: 'name', descending: false },
      { key: { kind: 'metric', key: 'a asc desc' }, descending: true },
      { key: { kind: 'metric', key: 'a', pick: 'max' }, descending: true },
      { key: { kind: 'tag', key: 'x.y' }, descending: false }
    ] as const)
      expect(parseSort(sortToText(sort))).toEqual(sort)
    expect(isSortable(atBest)).toBe(false)
    expect(parseSort(sortToText({ key: atBest, descending: false }))).toBeNull()
    expect(parseSort('nonsense')).toBeNull()
    expect(parseSorts(['metrics.loss asc', 'metrics.loss desc', 'x', 'name asc']).map(sortToText)).toEqual([
      'metrics.loss asc',
      'name asc'
    ])
    expect(parseSorts(['started desc'])).toEqual([])
  })
})

describe('columns', () => {
  const keysOf = (columns: readonly Column[], kind: string) =>
    columns.filter(isRef).flatMap((ref) => (ref.kind === kind ? ref.key : []))

  it('starts with the first own metrics and params', () => {
    const columns = defaultColumns(keys)
    expect(keysOf(columns, 'param')).toHaveLength(6)
    expect(keysOf(columns, 'metric')).toEqual(keys.metrics.slice(1, 9))
    expect(keysOf(defaultColumns({ ...keys, metrics: ['system/cpu'] }), 'metric')).toEqual(['system/cpu'])
  })

  it('lets a key that is logged later join at the end', () => {
    const before = defaultColumns({ params: [], metrics: ['loss', 'val'], tags: [] })
    const after = defaultColumns({ params: [], metrics: ['acc', 'loss', 'val'], tags: [] }, before)
    expect(keysOf(after, 'metric')).toEqual(['loss', 'val', 'acc'])
    const system = defaultColumns({ params: [], metrics: ['system/cpu'], tags: [] })
    expect(keysOf(defaultColumns({ params: [], metrics: ['loss'], tags: [] }, system), 'metric')).toEqual(['loss'])
  })

  it('stand as they were chosen; one that comes joins its kind', () => {
    const columns = parseColumns(['metrics.a', 'params.b', 'status', 'metrics.a', 'nonsense', 'tags.', 'min:params.b'])
    expect(columnIds(columns)).toEqual(['metrics.a', 'params.b', 'status'])
    expect(columnIds(toggleColumn(columns, { kind: 'metric', key: 'c' }))).toEqual([
      'metrics.a',
      'metrics.c',
      'params.b',
      'status'
    ])
    expect(columnIds(toggleColumn(columns, { kind: 'tag', key: 't' }))).toEqual([...columnIds(columns), 'tags.t'])
    expect(columnIds(toggleColumn(columns, 'status'))).toEqual(['metrics.a', 'params.b'])
    expect(columnIds(valuesFirst(parseColumns(['status', 'tags.b'])))).toEqual(['tags.b', 'status'])
  })

  it('are texts and back, dots, colons and other values of a metric included', () => {
    const columns: readonly Column[] = [
      { kind: 'tag', key: 'a.b' },
      { kind: 'metric', key: 'min:x' },
      { kind: 'metric', key: 'metrics.a', pick: 'min' },
      { kind: 'metric', key: 'a:b', pick: { at: 'max', of: 'val:metrics.x/ü' } },
      'user'
    ]
    for (const column of columns) expect(parseColumn(columnId(column))).toEqual(column)
    expect(columnIds(parseColumns(['at-min:%zz:metrics.a', 'at-min:a:params.b', 'max:status']))).toEqual([])
    expect(columnLabel({ kind: 'metric', key: 'acc', pick: { at: 'min', of: 'loss' } })).toBe('acc at min loss')
  })

  it('has widths that only the label decides', () => {
    expect(columnWidth({ kind: 'metric', key: 'x' })).toBe(96)
    expect(columnWidth({ kind: 'metric', key: 'x'.repeat(200) })).toBe(168)
  })
})

describe('layout', () => {
  const shown = parseColumns(['status', 'metrics.a', 'metrics.b', 'params.c'])
  const [status, a, b, c] = shown as [Column, Column, Column, Column]

  it('moves a column before another, or to the end, whatever its kind', () => {
    const ids = (column: Column, before: Column | null) =>
      columnIds(moveColumn(NO_LAYOUT, shown, column, before).columns!)
    expect(ids(c, status)).toEqual(['params.c', 'status', 'metrics.a', 'metrics.b'])
    expect(ids(a, null)).toEqual(['status', 'metrics.b', 'params.c', 'metrics.a'])
    expect(moveColumn(NO_LAYOUT, shown, a, a)).toBe(NO_LAYOUT)
  })

  it('keeps the order of what is pinned apart', () => {
    const pinned = pinColumn(pinColumn(NO_LAYOUT, b), c)
    expect(pinned.pinned).toEqual(['metrics.b', 'params.c'])
    const moved = moveColumn(pinned, shown, c, b)
    expect([moved.pinned, moved.columns]).toEqual([['params.c', 'metrics.b'], null])
    expect(pinColumn(moved, c).pinned).toEqual(['metrics.b'])
    expect(showColumn(moved, shown, c)).toMatchObject({ pinned: ['metrics.b'] })
  })

  it('keeps a width within bounds, and gives a column its own back', () => {
    const wide = resizeColumn(NO_LAYOUT, a, 123.4)
    expect(wide.widths).toEqual({ 'metrics.a': 123 })
    expect(resizeColumn(wide, a, 5).widths).toEqual({ 'metrics.a': 56 })
    expect(resizeColumn(wide, a, null).widths).toEqual({})
    expect(parseWidths(['120 metrics.a b', '99999 x', 'x', '9000 status'])).toEqual({ 'metrics.a b': 120, status: 800 })
  })

  it('shows another value of a metric in the same place', () => {
    const arranged = resizeColumn(pinColumn(NO_LAYOUT, a), a, 200)
    const least = { kind: 'metric', key: 'a', pick: 'min' } as const
    const replaced = replaceColumn(arranged, shown, a, least)
    expect(columnIds(replaced.columns!)).toEqual(['status', 'min:metrics.a', 'metrics.b', 'params.c'])
    expect(replaced).toMatchObject({ pinned: ['min:metrics.a'], widths: { 'min:metrics.a': 200 } })
  })
})

describe('column axis', () => {
  const axis = new ColumnAxis([100, 60, 200], 12_000)

  it('knows where each of 12,003 columns stands', () => {
    expect([0, 1, 2, 3, 4].map((index) => axis.startOf(index))).toEqual([0, 100, 160, 360, 360 + TAIL_WIDTH])
    expect(axis.size).toBe(360 + 12_000 * TAIL_WIDTH)
    for (const index of [0, 1, 2, 3, 777, 12_002]) {
      expect(axis.indexAt(axis.startOf(index))).toBe(index)
      expect(axis.indexAt(axis.startOf(index) + axis.widthOf(index) - 1)).toBe(index)
    }
    expect(axis.indexAt(1e9)).toBe(12_002)
    expect(new ColumnAxis([], 0).indexAt(5)).toBe(0)
  })

  it('draws as many wherever the view stands, and asks for whole blocks around them', () => {
    const counts = [0, 500, 100_000, 1e9].map((left) => {
      const drawn = axis.drawn(left, 900)
      const asked = axis.asked(left, 900)
      expect(asked.from).toBeLessThanOrEqual(drawn.from)
      expect(asked.to).toBeGreaterThanOrEqual(drawn.to)
      return drawn.to - drawn.from
    })
    expect(new Set(counts)).toEqual(new Set([axis.slots(900)]))
    expect(axis.asked(100_000, 900)).toEqual(axis.asked(100_010, 900))
  })

  it('asks for few columns whole, so that scrolling asks for nothing', () => {
    const few = new ColumnAxis([100, 100], 40)
    expect(few.asked(0, 300)).toEqual({ from: 0, to: 42 })
    expect(few.asked(3000, 300)).toEqual({ from: 0, to: 42 })
    expect(few.drawn(0, 100_000)).toEqual({ from: 0, to: 42 })
  })
})

describe('groups', () => {
  it('are texts and back, each once', () => {
    const texts = ['params.opt', 'tags.a.b', 'status', 'user', 'metrics.x', 'params.opt', 'params.']
    expect(parseGroups(texts).map(groupId)).toEqual(['params.opt', 'tags.a.b', 'status', 'user'])
    const opt = { kind: 'param', key: 'opt' } as const
    expect(toggleGroup([opt], { ...opt })).toEqual([])
    expect(toggleGroup([], opt)).toEqual([opt])
  })

  it('say what their runs have', () => {
    const found = { count: 1200, mean: 0.5, min: 0.25, max: 2, std: 0.125 }
    expect(groupCellView(found, 'mean').text).toBe('0.5000 ±0.13')
    expect(groupCellView({ ...found, std: null }, 'mean').text).toBe('0.5000')
    expect(groupCellView({ ...found, std: null }, 'std').text).toBe('—')
    expect(groupCellView(found, 'count').text).toBe('1,200')
    expect(groupCellView({ distinct: 3, value: null }, 'mean').text).toBe('3 values')
    expect(groupCellView({ distinct: 1, value: 'adam' }, 'mean').text).toBe('adam')
    expect([groupCellView(null, 'mean').text, groupCellView(undefined, 'mean').text]).toEqual(['—', ''])
  })
})

describe('cells', () => {
  it('tell what is absent from what has not come, and write what is no number', () => {
    expect([undefined, null, '', NaN, 0.25].map((value) => cellView(value, null).text)).toEqual([
      '',
      '—',
      '',
      'NaN',
      '0.2500'
    ])
    expect(cellView(NaN, null).look).toBe('bad')
    expect(cellView(1, { best: 1, worst: 2 }).look).toBe('best')
    expect(cellView(1 / 3, null).title).toBe('0.3333333333333333')
  })
})

describe('view state', () => {
  const PLAIN = readViewState(new URLSearchParams())
  const FULL: ViewState = {
    filter: "params.`a b` = 'ü&='",
    sort: [
      { key: { kind: 'metric', key: 'val/loss', pick: 'min' }, descending: true },
      { key: 'name', descending: false }
    ],
    view: 'ALL',
    layout: {
      columns: parseColumns(['params.a,b', 'status', 'at-max:val%2Facc:metrics.val/loss']),
      pinned: ['params.a,b'],
      widths: { status: 120 }
    },
    all: true,
    varying: true,
    groupBy: [{ kind: 'param', key: 'opt' }],
    aggregate: 'std',
    tree: true
  }

  it('writes nothing for the defaults and keeps foreign params', () => {
    const state = readViewState(new URLSearchParams('tab=notes'))
    expect(writeViewState(state, new URLSearchParams('tab=notes&col=status&tree=1&pin=status')).toString()).toBe(
      'tab=notes'
    )
  })

  it('reads back what it writes, in an address and as a text to save', () => {
    expect(readViewState(writeViewState(FULL, new URLSearchParams()))).toEqual(FULL)
    expect(parseViewState(viewStateToText(FULL))).toEqual(FULL)
    expect(parseViewState(viewStateToText(PLAIN))).toEqual(PLAIN)
    for (const text of ['', 'null', '[]', '{"params":5}', '{']) expect(parseViewState(text)).toBeNull()
  })

  it('reads the links of before', () => {
    const old = new URLSearchParams(
      'filter=metrics.loss < 1&order=metrics.loss desc&view=deleted&col=status&col=metrics.loss'
    )
    expect(readViewState(old)).toEqual({
      ...PLAIN,
      filter: 'metrics.loss < 1',
      sort: [{ key: { kind: 'metric', key: 'loss' }, descending: true }],
      view: 'DELETED_ONLY',
      layout: { ...NO_LAYOUT, columns: parseColumns(['status', 'metrics.loss']) }
    })
  })

  it('tells no columns from no choice', () => {
    const none = { ...PLAIN, layout: { ...NO_LAYOUT, columns: [] } }
    expect(readViewState(writeViewState(none, new URLSearchParams()))).toEqual(none)
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
