import { expect, it } from 'vitest'
import { RunnelError } from '#lib/domain/errors.ts'
import type { Store } from '#lib/store/store.ts'
import { openTestStore } from '../../../tests/support/engines.ts'
import { createApi } from './app.ts'

const SECRET = '/home/somebody/runnel.db: no such table: experiments'

/** A store that fails as a broken disk or a mistake of ours would. */
const failing = async (error: Error): Promise<Store> => {
  const { store } = await openTestStore('node:sqlite')
  return new Proxy(store, {
    get: (target, name) =>
      name === 'read' ? () => Promise.reject(error) : (Reflect.get(target, name, target) as unknown)
  })
}

it('a failure of ours says nothing of itself but where the log has it', async () => {
  const reported: { error: unknown; reference: string }[] = []
  const cause = new Error(SECRET)
  const api = createApi(await failing(cause), {
    version: '1',
    report: (error, reference) => reported.push({ error, reference })
  })
  const response = await api.request('/api/2.0/mlflow/experiments/get?experiment_id=0')
  const body = await response.text()
  expect(response.status).toBe(500)
  expect(JSON.parse(body)).toMatchObject({ error_code: 'INTERNAL_ERROR' })
  for (const word of ['home', 'runnel.db', 'table', 'at ']) expect(body).not.toContain(word)
  expect(reported).toEqual([{ error: cause, reference: expect.any(String) as unknown }])
  expect(body).toContain(reported[0]?.reference)
})

it('what the caller did is said to the caller, and nowhere else', async () => {
  const reported: unknown[] = []
  const refusal = new RunnelError('INVALID_PARAMETER_VALUE', 'no')
  const api = createApi(await failing(refusal), { version: '1', report: (error) => reported.push(error) })
  const response = await api.request('/api/2.0/mlflow/experiments/get?experiment_id=0')
  expect([response.status, reported]).toEqual([400, []])
})
