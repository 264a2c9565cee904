/** More in one request than one statement can bind (32,766 values): kept, found or refused, never a failure of ours. Ids: API-C. */
import { beforeEach, describe, expect, test } from 'vitest'
import { SEARCH } from '#lib/domain/limits.ts'
import { ENGINES } from '../../support/engines.ts'
import { openApi, pick, type ApiClient, type JsonValue } from './client.ts'

const MANY = 12_000

describe.each(ENGINES)('%s', (engine) => {
  let api: ApiClient
  beforeEach(async () => {
    api = await openApi(engine)
  })

  const tags = Array.from({ length: MANY }, (_, i) => ({ key: `k${i}`, value: 'v' }))
  const lengthOf = (value: JsonValue | undefined) => (Array.isArray(value) ? value.length : 0)

  test('API-C1 tags of a new run, and of a dataset it is fed', async () => {
    const run_id = await api.createRun({ tags })
    const dataset = { name: 'd', digest: 'g', source_type: 's', source: 's' }
    expect((await api.post('runs/log-inputs', { run_id, datasets: [{ dataset, tags }] })).status).toBe(200)
    const { json } = await api.get('runs/get', { run_id })
    expect(lengthOf(pick(json, 'run', 'data', 'tags'))).toBe(MANY + 1)
    expect(lengthOf(pick(json, 'run', 'inputs', 'dataset_inputs', 0, 'tags'))).toBe(MANY)
  })

  test('API-C2 a search over more experiments than there are', async () => {
    await api.post('logged-models', { experiment_id: '0' })
    await api.createRun()
    const experiment_ids = Array.from({ length: 40_000 }, (_, i) => String(i))
    expect(lengthOf((await api.post('logged-models/search', { experiment_ids })).json['models'])).toBe(1)
    expect(lengthOf((await api.post('runs/search', { experiment_ids })).json['runs'])).toBe(1)
  })

  test('API-C3 the longest list a filter holds, of equal texts and of different ones', async () => {
    const search = async (items: readonly string[]) => {
      const filter = `attributes.run_name IN (${items.map((item) => `'${item}'`).join()})`
      expect(filter.length).toBeLessThanOrEqual(SEARCH.filterLength)
      return (await api.post('runs/search', { experiment_ids: ['0'], filter })).status
    }
    expect(await search(Array.from({ length: 33_000 }, () => ''))).toBe(200)
    expect(await search(Array.from({ length: 24_900 }, (_, i) => String.fromCharCode(0x4e00 + i)))).toBe(200)
  })

  test('API-C4 every metric of the largest filter on every dataset that may be named; one more is refused', async () => {
    const search = (count: number) =>
      api.post('logged-models/search', {
        experiment_ids: ['0'],
        filter: Array.from({ length: SEARCH.clauses }, () => 'metrics.m > 1').join(' AND '),
        datasets: Array.from({ length: count }, (_, i) => ({ dataset_name: `d${i}`, dataset_digest: 'g' }))
      })
    expect((await search(SEARCH.datasets)).text).toBe('{}')
    const refused = await search(SEARCH.datasets + 1)
    expect([refused.status, refused.json['error_code']]).toEqual([400, 'INVALID_PARAMETER_VALUE'])
  })
})
