import { describe, expect, it } from 'vitest'
import { compareAnswers } from './comparison.ts'
import type { Difference } from './differences/difference.ts'
import type { Answer, JsonValue } from './exchange.ts'
import { toNormalForm } from './normal-form.ts'
import { judge, type Exchange } from './replay.ts'
import { get } from './request.ts'

const answer = (status: number, value: JsonValue): Answer => ({ status, headers: {}, body: { kind: 'json', value } })
const request = get('one', 'experiments/get')
const exchange = (mlflow: Answer, runnel: Answer): Exchange => ({
  scenario: 's',
  request,
  mlflow,
  runnel,
  mismatches: compareAnswers(mlflow, runnel)
})
const listed = (fields: Partial<Difference>): Difference => ({
  id: 'd',
  topic: 'Errors',
  reason: '',
  requests: ['s/one'],
  fields: ['status'],
  ...fields
})

describe('[REPLAY6] a verdict', () => {
  const differing = exchange(answer(500, {}), answer(400, {}))

  it('has no reason for what is not listed', () => {
    expect(judge([differing], []).unexplained).toHaveLength(1)
    expect(judge([differing], [listed({ requests: ['s/other'] })]).unexplained).toHaveLength(1)
    expect(judge([differing], [listed({ fields: ['body'] })]).unexplained).toHaveLength(1)
    expect(judge([differing], [listed({})])).toMatchObject({ unexplained: [], stale: [] })
  })

  it('holds a listed difference to its statuses', () => {
    expect(judge([differing], [listed({ status: [500, 404] })]).unexplained).toHaveLength(1)
    expect(judge([differing], [listed({ status: [null, 400] })]).unexplained).toEqual([])
  })

  it('names every request and field that is listed in vain', () => {
    const list = [listed({ requests: ['s/*', 's/gone'], fields: ['status', 'body.x'] })]
    expect(judge([differing], list).stale).toEqual(['d: s/gone', 'd: body.x'])
    expect(judge([exchange(answer(200, {}), answer(200, {}))], [listed({})]).stale).toEqual(['d: s/one', 'd: status'])
  })
})

describe('[REPLAY7] the normal form', () => {
  const surroundings = { origin: 'http://127.0.0.1:5000', folder: '/srv/x' }
  const normal = (value: JsonValue, kept: Record<string, string> = {}, asked = request): JsonValue => {
    const { body } = toNormalForm(
      asked,
      answer(200, value),
      { answers: [], kept: new Map(Object.entries(kept)) },
      surroundings
    )
    return body.kind === 'json' ? body.value : body.kind
  }

  it('replaces an experiment’s id only where one can stand', () => {
    const kept = { exp1: '7' }
    expect(normal({ experiment_id: '7', version: '7', step: 7 }, kept)).toEqual({
      experiment_id: '<exp1>',
      version: '7',
      step: 7
    })
    expect(normal({ message: 'No Experiment with id=7 exists, of 7 or 17' }, kept)).toEqual({
      message: 'No Experiment with id=<exp1> exists, of 7 or 17'
    })
    expect(normal('mlflow-artifacts:/7/70', kept)).toBe('mlflow-artifacts:/<exp1>/70')
  })

  it('keeps whether a thing was changed after it was made, and every time that is not the server’s', () => {
    const now = Date.now()
    expect(normal({ creation_time: now, last_update_time: now, start_time: 5 })).toEqual({
      creation_time: '<created>',
      last_update_time: '<created>',
      start_time: 5
    })
    expect(normal({ creation_time: now, last_update_time: now + 1 })).toMatchObject({ last_update_time: '<later>' })
    expect(normal({ creation_time: 5 })).toEqual({ creation_time: 5 })
  })

  it('sorts sets and nothing else', () => {
    const [a, b] = [{ key: 'a' }, { key: 'b' }]
    expect(normal({ params: [b, a], metrics: [b, a], data: { metrics: [b, a] } })).toEqual({
      params: [a, b],
      metrics: [b, a],
      data: { metrics: [a, b] }
    })
  })

  it('reduces a database’s words to nothing, so that only the code counts', () => {
    const mlflow = answer(400, normal({ message: '(sqlite3.IntegrityError) UNIQUE', error_code: 'BAD_REQUEST' }))
    expect(compareAnswers(mlflow, answer(400, { message: 'x', error_code: 'BAD_REQUEST' }))).toEqual([])
    expect(compareAnswers(mlflow, answer(400, { message: 'x', error_code: 'INTERNAL_ERROR' }))).toHaveLength(1)
  })
})
