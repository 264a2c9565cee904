import fc from 'fast-check'
import { expect, test } from 'vitest'
import { FrameError } from '#lib/socket/frame.ts'
import { answerInstead, readLiveMessage } from './comlink-messages.ts'
import { isQuery } from './query-check.ts'

/** Messages that look almost right. */
const part = fc.oneof(
  fc.jsonValue({ maxDepth: 3 }),
  fc.constantFrom(
    'APPLY',
    'GET',
    'SET',
    'CONSTRUCT',
    'RELEASE',
    'ENDPOINT',
    'RAW',
    'HANDLER',
    'proxy',
    'throw',
    'constructor',
    'open'
  )
)
const message = fc.dictionary(
  fc.constantFrom('id', 't', 'type', 'path', 'argumentList', 'name', 'value', 'other'),
  part
)

test('[LS16] nothing passes but calls of known methods, their answers, and a notebook’s messages', () => {
  fc.assert(
    fc.property(message, (given) => {
      let read: unknown
      try {
        read = readLiveMessage(given)
      } catch (error) {
        return void expect(error).toBeInstanceOf(FrameError)
      }
      const { t, type, path } = read as { t?: unknown; type?: unknown; path?: readonly string[] }
      if (typeof t === 'string') expect(read).not.toHaveProperty('argumentList')
      else expect(['APPLY', 'RELEASE', 'RAW', 'HANDLER']).toContain(type)
      if (type === 'APPLY') expect([[], ['open']]).toContainEqual(path)
    }),
    { numRuns: 5000 }
  )
  const call = { id: 'a', type: 'APPLY', path: ['watch'], argumentList: [{ type: 'RAW', value: 1, more: 2 }], more: 3 }
  expect(readLiveMessage(call)).toEqual({ ...call, argumentList: [{ type: 'RAW', value: 1 }], more: undefined })
})

test('[LS17] an answer that cannot be sent is one that says why; a call is not', () => {
  expect(answerInstead({ id: 'a', type: 'RAW', value: 1 }, 'Too large.')).toMatchObject({
    id: 'a',
    value: { isError: false, value: { code: 'RESOURCE_EXHAUSTED' } }
  })
  expect(answerInstead({ id: 'a', type: 'APPLY' }, 'Too large.')).toBeUndefined()
})

test('[LS18] a query that would break its reader is none', () => {
  const runs = { kind: 'runs', experimentIds: ['0'], filter: '', orderBy: [], view: 'ALL', from: 0, to: 9, columns: [] }
  const chart = {
    kind: 'chart',
    runIds: ['a'],
    key: 'k',
    x: 'step',
    range: null,
    buckets: 100,
    smoothing: null,
    groups: null
  }
  const best = { kind: 'metric', key: 'acc', pick: { at: 'min', of: 'loss' } }
  const table = {
    ...runs,
    columns: [best, { ...best, pick: 'max' }],
    sort: [{ by: { kind: 'attribute', key: 'duration' }, descending: true }],
    groupBy: [{ kind: 'attribute', key: 'status' }],
    toggled: ['["adam"]'],
    tree: true
  }
  const columns = { kind: 'columns', experimentId: '0', search: '', among: null, varying: null, from: 0, to: 9 }
  const varying = { ...columns, among: [best], of: ['metric'], varying: { filter: '', view: 'ALL' } }
  for (const query of [runs, chart, table, columns, varying, { kind: 'trash' }, { ...chart, range: [0, 1] }])
    expect(isQuery(query), JSON.stringify(query)).toBe(true)
  for (const query of [
    null,
    'runs',
    { kind: 'constructor' },
    { ...runs, experimentIds: null },
    { ...runs, columns: [null] },
    { ...runs, view: 'all' },
    { ...runs, columns: [{ ...best, pick: { at: 'mean', of: 'loss' } }] },
    { ...runs, sort: [{ by: best, descending: 1 }] },
    { ...runs, groupBy: [{ kind: 'attribute', key: 'constructor' }] },
    { ...runs, toggled: 'all' },
    { ...columns, varying: { filter: '' } },
    { ...columns, of: ['dataset'] },
    { kind: 'keys', experimentId: '0', limit: 'all' },
    { ...chart, buckets: 1e9 },
    { ...chart, buckets: NaN },
    { ...chart, range: [0] }
  ])
    expect(isQuery(query), JSON.stringify(query)).toBe(false)
})
