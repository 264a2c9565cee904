import { expect, it } from 'vitest'
import type { RunDetail } from '#lib/live/protocol.ts'
import { reasonsAgainst } from './why-not.ts'

const found = (lifecycleStage: 'active' | 'deleted', experimentId = '1'): RunDetail =>
  ({
    run: {
      info: { lifecycleStage },
      data: { params: [{ key: 'a', value: 'x' }], tags: [], metrics: [] },
      datasets: []
    },
    experiment: { experimentId, name: 'wine' }
  }) as unknown as RunDetail

it('[WN1] nothing is against a run that matches', () => {
  expect(reasonsAgainst(found('active'), '1', { filter: "params.a = 'x'", view: 'ACTIVE_ONLY' })).toEqual([])
  expect(reasonsAgainst(found('deleted'), '1', { filter: '', view: 'ALL' })).toEqual([])
})

it('[WN2] every reason is given, in the order they would be mended', () => {
  const reasons = reasonsAgainst(found('deleted', '2'), '1', { filter: "params.a = 'y'", view: 'ACTIVE_ONLY' })
  expect(reasons).toEqual([
    { kind: 'elsewhere', experimentId: '2', experiment: 'wine' },
    { kind: 'in-trash' },
    { kind: 'filter', conditions: [{ text: "params.a = 'y'", holds: false }], rest: '' }
  ])
})

it('[WN3] a view of the trash has no active runs, and a filter that cannot be read is said', () => {
  expect(reasonsAgainst(found('active'), '1', { filter: 'a b', view: 'DELETED_ONLY' })).toEqual([
    { kind: 'not-in-trash' },
    { kind: 'broken-filter' }
  ])
})
