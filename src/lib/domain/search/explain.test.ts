import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { Run } from '../run.ts'
import { runMatches } from './evaluate.ts'
import { explainRunFilter } from './explain.ts'
import { parseRunFilter } from './parse-filter.ts'

const run = {
  info: { runId: 'r1', status: 'RUNNING' },
  data: {
    params: [{ key: 'opt', value: 'adam' }],
    tags: [],
    metrics: [{ key: 'loss', last: { value: NaN, step: 1, timestamp: 1 } }]
  },
  datasets: []
} as unknown as Run

const explain = (filter: string) => explainRunFilter(parseRunFilter(filter), run)

test('[XP1] each condition that has to hold is judged by itself, alternatives together', () => {
  expect(explain("params.opt = 'adam' and metrics.loss < 1 and (status = 'FAILED' or tags.team is null)")).toEqual({
    conditions: [
      { text: "params.opt = 'adam'", holds: true },
      { text: 'metrics.loss < 1', holds: false },
      { text: "status = 'FAILED' OR tags.team IS NULL", holds: true }
    ],
    rest: "params.opt = 'adam' AND (status = 'FAILED' OR tags.team IS NULL)"
  })
})

test('[XP2] no filter has no conditions; one that fails leaves none', () => {
  expect(explain('')).toEqual({ conditions: [], rest: '' })
  expect(explain('metrics.loss > 0')).toEqual({ conditions: [{ text: 'metrics.loss > 0', holds: false }], rest: '' })
})

test('[XP3] a run matches exactly when every condition holds, and always matches the rest', () => {
  const clause = fc.constantFrom(
    "params.opt = 'adam'",
    "params.opt != 'adam'",
    'metrics.loss < 1',
    'metrics.loss != 1',
    'tags.team is null',
    "status in ('RUNNING')",
    "(status = 'FAILED' or params.opt like 'a%')"
  )
  const filter = fc.array(fc.tuple(clause, fc.constantFrom(' and ', ' or ')), { minLength: 1, maxLength: 6 })
  fc.assert(
    fc.property(filter, (parts) => {
      const text = parts.map(([each, joint], at) => (at === 0 ? each : joint + each)).join('')
      const { conditions, rest } = explain(text)
      expect(conditions.every((each) => each.holds)).toBe(runMatches(parseRunFilter(text), run))
      expect(runMatches(parseRunFilter(rest), run)).toBe(true)
    })
  )
})
