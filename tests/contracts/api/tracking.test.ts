/** The tracking API as its clients use it, on every engine. Ids: API-T (transport), API-E (experiments), API-R (runs), API-M (metrics). */
import { beforeEach, describe, expect, test } from 'vitest'
import { ENGINES } from '../../support/engines.ts'
import { MLFLOW, openApi, pick, type ApiClient } from './client.ts'

describe.each(ENGINES)('%s', (engine) => {
  let api: ApiClient
  beforeEach(async () => {
    api = await openApi(engine)
  })

  describe('experiments', () => {
    test('API-E1 create, get and get-by-name agree, and ids are strings', async () => {
      const created = await api.post('experiments/create', { name: 'e1', tags: [{ key: 'a', value: 'é' }] })
      const id = pick(created.json, 'experiment_id') as string
      expect([created.status, Object.keys(created.json)]).toEqual([200, ['experiment_id']])
      expect(id).toMatch(/^\d+$/)
      const byId = await api.get('experiments/get', { experiment_id: id })
      expect(byId.json).toEqual({
        experiment: {
          experiment_id: id,
          name: 'e1',
          artifact_location: `mlflow-artifacts:/${id}`,
          lifecycle_stage: 'active',
          last_update_time: api.clock.now,
          creation_time: api.clock.now,
          tags: [{ key: 'a', value: 'é' }],
          workspace: 'default'
        }
      })
      expect((await api.get('experiments/get-by-name', { experiment_name: 'e1' })).text).toBe(byId.text)
    })

    test('API-E2 no tags, no field', async () => {
      const { json } = await api.get('experiments/get', { experiment_id: '0' })
      expect(pick(json, 'experiment')).not.toHaveProperty('tags')
    })

    test('API-E3 delete takes the runs along, restore brings all of them back', async () => {
      const id = pick((await api.post('experiments/create', { name: 'e' })).json, 'experiment_id') as string
      const run = await api.createRun({ experiment_id: id })
      expect((await api.post('experiments/delete', { experiment_id: id })).text).toBe('{}')
      expect(
        pick((await api.get('experiments/get', { experiment_id: id })).json, 'experiment', 'lifecycle_stage')
      ).toBe('deleted')
      expect(pick((await api.get('runs/get', { run_id: run })).json, 'run', 'info', 'lifecycle_stage')).toBe('deleted')
      expect((await api.post('experiments/restore', { experiment_id: id })).status).toBe(200)
      expect(pick((await api.get('runs/get', { run_id: run })).json, 'run', 'info', 'lifecycle_stage')).toBe('active')
    })

    test('API-E4 update renames, tags are set and deleted', async () => {
      const id = pick((await api.post('experiments/create', { name: 'e' })).json, 'experiment_id') as string
      await api.post('experiments/update', { experiment_id: id, new_name: 'f' })
      await api.post('experiments/set-experiment-tag', { experiment_id: id, key: 'k', value: 'v' })
      const { json } = await api.get('experiments/get-by-name', { experiment_name: 'f' })
      expect(pick(json, 'experiment', 'tags')).toEqual([{ key: 'k', value: 'v' }])
      expect((await api.post('experiments/delete-experiment-tag', { experiment_id: id, key: 'k' })).status).toBe(200)
      expect((await api.post('experiments/delete-experiment-tag', { experiment_id: id, key: 'k' })).status).toBe(404)
    })

    test('API-E5 search by GET and by POST, filtered, ordered, paged', async () => {
      for (const name of ['a1', 'a2', 'a3', 'b1']) {
        api.clock.now += 1
        await api.post('experiments/create', { name })
      }
      const names = (json: Parameters<typeof pick>[0]) =>
        (pick(json, 'experiments') as { name: string }[]).map((one) => one.name)
      const newest = await api.post('experiments/search', { max_results: 2 })
      expect(names(newest.json)).toEqual(['b1', 'a3'])
      const token = pick(newest.json, 'next_page_token') as string
      expect(atob(token)).toBe('{"offset": 2}')
      const rest = await api.post('experiments/search', { max_results: 10, page_token: token })
      expect(names(rest.json)).toEqual(['a2', 'a1', 'Default'])
      expect(rest.json).not.toHaveProperty('next_page_token')
      const byGet = await api.get('experiments/search', {
        max_results: '5',
        filter: "name LIKE 'a%'",
        order_by: ['name DESC']
      })
      expect(names(byGet.json)).toEqual(['a3', 'a2', 'a1'])
      expect((await api.post('experiments/search', { max_results: 5, view_type: 'DELETED_ONLY' })).text).toBe('{}')
      expect((await api.post('experiments/search', { max_results: 5, view_type: 2 })).text).toBe('{}')
    })
  })

  describe('runs', () => {
    test('API-R1 create answers the run in MLflow’s field order', async () => {
      const { text } = await api.post('runs/create', {
        experiment_id: '0',
        user_id: '',
        run_name: 'r1',
        start_time: '12',
        tags: [{ key: 'mlflow.user', value: 'é' }]
      })
      const id = /"run_id": "([0-9a-f]{32})"/.exec(text)?.[1]
      expect(text).toBe(`{
  "run": {
    "info": {
      "run_uuid": "${id}",
      "experiment_id": "0",
      "run_name": "r1",
      "user_id": "",
      "status": "RUNNING",
      "start_time": 12,
      "artifact_uri": "mlflow-artifacts:/0/${id}/artifacts",
      "lifecycle_stage": "active",
      "run_id": "${id}"
    },
    "data": {
      "tags": [
        {
          "key": "mlflow.runName",
          "value": "r1"
        },
        {
          "key": "mlflow.user",
          "value": "\\u00e9"
        }
      ]
    },
    "inputs": {}
  }
}`)
    })

    test('API-R2 a name is made up when none is given, and the tag agrees', async () => {
      const { json } = await api.post('runs/create', { experiment_id: '0' })
      const name = pick(json, 'run', 'info', 'run_name')
      expect(name).toMatch(/^[a-z]+-[a-z]+-\d+$/)
      expect(pick(json, 'run', 'data', 'tags')).toEqual([{ key: 'mlflow.runName', value: name }])
      expect(pick(json, 'run', 'info', 'start_time')).toBe(0)
    })

    test('API-R3 update applies what was sent; unknown status and empty name are ignored', async () => {
      const id = await api.createRun({ run_name: 'old' })
      await api.post('runs/update', { run_id: id, status: 'FOO', run_name: '' })
      const updated = await api.post('runs/update', { run_uuid: id, status: 3, end_time: 99 })
      expect(pick(updated.json, 'run_info')).toMatchObject({
        run_id: id,
        status: 'FINISHED',
        end_time: 99,
        run_name: 'old'
      })
      await api.post('runs/update', { run_id: id, run_name: 'new' })
      const { json } = await api.get('runs/get', { run_id: id })
      expect(pick(json, 'run', 'data', 'tags')).toEqual([{ key: 'mlflow.runName', value: 'new' }])
      expect(pick(json, 'run', 'outputs')).toEqual({})
    })

    test('API-R4 delete and restore are idempotent', async () => {
      const id = await api.createRun()
      for (const path of ['runs/delete', 'runs/delete', 'runs/restore', 'runs/restore'])
        expect((await api.post(path, { run_id: id })).text).toBe('{}')
    })

    test('API-R5 search filters, orders, pages and views', async () => {
      const ids: string[] = []
      for (const [i, loss] of [3, 1, 2].entries()) {
        const id = await api.createRun({ start_time: i })
        await api.post('runs/log-metric', { run_id: id, key: 'loss', value: loss, timestamp: 1 })
        ids.push(id)
      }
      const found = (json: Parameters<typeof pick>[0]) =>
        ((pick(json, 'runs') ?? []) as unknown as { info: { run_id: string } }[]).map((run) =>
          ids.indexOf(run.info.run_id)
        )
      const search = (fields: object) => api.post('runs/search', { experiment_ids: ['0'], ...fields })
      expect(found((await search({})).json)).toEqual([2, 1, 0])
      expect(found((await search({ order_by: ['metrics.loss'] })).json)).toEqual([1, 2, 0])
      expect(found((await search({ filter: 'metrics.loss > 1', order_by: ['metrics.loss DESC'] })).json)).toEqual([
        0, 2
      ])
      const first = await search({ max_results: 2 })
      expect(found(first.json)).toEqual([2, 1])
      expect(found((await search({ max_results: 2, page_token: pick(first.json, 'next_page_token') })).json)).toEqual([
        0
      ])
      await api.post('runs/delete', { run_id: ids[0] })
      expect(found((await search({})).json)).toEqual([2, 1])
      expect(found((await search({ run_view_type: 'DELETED_ONLY' })).json)).toEqual([0])
      expect(found((await search({ run_view_type: 'ALL' })).json)).toEqual([2, 1, 0])
      expect(found((await search({ run_view_type: 'FOO' })).json)).toEqual([2, 1])
      expect((await api.post('runs/search', {})).text).toBe('{}')
    })

    test('API-R6 log-batch keeps everything and the last of equal tags; equal points collapse', async () => {
      const id = await api.createRun({ run_name: 'r' })
      const point = { key: 'm', value: 1.5, timestamp: 5, step: -1 }
      const { text } = await api.post('runs/log-batch', {
        run_id: id,
        metrics: [point, point, { key: 'n', value: 'NaN', timestamp: '5' }],
        params: [{ key: 'p', value: 'v' }, { key: 'empty' }],
        tags: [
          { key: 't', value: '1' },
          { key: 't', value: '2' }
        ]
      })
      expect(text).toBe('{}')
      const { json } = await api.get('runs/get', { run_id: id })
      expect(pick(json, 'run', 'data')).toEqual({
        metrics: [point, { key: 'n', value: 'NaN', timestamp: 5, step: 0 }],
        params: [
          { key: 'empty', value: '' },
          { key: 'p', value: 'v' }
        ],
        tags: [
          { key: 'mlflow.runName', value: 'r' },
          { key: 't', value: '2' }
        ]
      })
    })

    test('API-R7 params may be logged again when equal, after they were cut', async () => {
      const id = await api.createRun()
      const long = { run_id: id, key: 'p', value: 'x'.repeat(6001) }
      expect((await api.post('runs/log-parameter', long)).status).toBe(200)
      expect((await api.post('runs/log-parameter', long)).status).toBe(200)
      const { json } = await api.get('runs/get', { run_id: id })
      expect(pick(json, 'run', 'data', 'params', 0, 'value')).toHaveLength(6000)
    })

    test('API-R8 set-tag mlflow.runName renames; delete-tag deletes', async () => {
      const id = await api.createRun()
      await api.post('runs/set-tag', { run_id: id, key: 'mlflow.runName', value: 'named' })
      await api.post('runs/set-tag', { run_id: id, key: 'x', value: 'y'.repeat(8001) })
      let { json } = await api.get('runs/get', { run_uuid: id })
      expect(pick(json, 'run', 'info', 'run_name')).toBe('named')
      expect(pick(json, 'run', 'data', 'tags', 1, 'value')).toHaveLength(8000)
      await api.post('runs/delete-tag', { run_id: id, key: 'x' })
      ;({ json } = await api.get('runs/get', { run_id: id }))
      expect(pick(json, 'run', 'data', 'tags')).toHaveLength(1)
    })

    test('API-R9 log-inputs keeps the first log of a dataset and of an input', async () => {
      const id = await api.createRun()
      const input = (context: string, source: string) => ({
        tags: [{ key: 'mlflow.data.context', value: context }],
        dataset: { name: 'iris', digest: 'd1', source_type: 'code', source, schema: '{}', profile: '{"rows": 150}' }
      })
      await api.post('runs/log-inputs', { run_id: id, datasets: [input('training', 's1')] })
      await api.post('runs/log-inputs', { run_id: id, datasets: [input('eval', 's2')], models: [] })
      await api.post('runs/log-inputs', { run_id: id })
      const { json } = await api.get('runs/get', { run_id: id })
      expect(pick(json, 'run', 'inputs')).toEqual({ dataset_inputs: [input('training', 's1')] })
    })
  })

  describe('metrics', () => {
    test('API-M1 NaN, infinities and booleans in every form a client sends them', async () => {
      const id = await api.createRun()
      const values = [
        '"NaN"',
        'NaN',
        '"Infinity"',
        'Infinity',
        '-Infinity',
        '"-Infinity"',
        'true',
        'false',
        '"1.5"',
        '1e3',
        '"nan"',
        '".5"'
      ]
      for (const [step, value] of values.entries()) {
        const answer = await api.post(
          'runs/log-metric',
          `{"run_id": "${id}", "key": "m", "value": ${value}, "timestamp": 1, "step": ${step}, "note": "NaN \\" Infinity"}`
        )
        expect([value, answer.text]).toEqual([value, '{}'])
      }
      const { json, text } = await api.get('metrics/get-history', { run_id: id, metric_key: 'm' })
      const most = Number.MAX_VALUE
      expect((pick(json, 'metrics') as { value: unknown }[]).map((point) => point.value)).toEqual([
        'NaN',
        'NaN',
        most,
        most,
        -most,
        -most,
        1,
        0,
        1.5,
        1000,
        'NaN',
        0.5
      ])
      expect(text).toContain('"value": 1.7976931348623157e+308')
    })

    test('API-M2 history in order of timestamp, step, value; pages by token', async () => {
      const id = await api.createRun()
      const points = [
        [2, 0, 5],
        [1, 3, 1],
        [1, 2, 9],
        [1, 2, -9]
      ]
      for (const [timestamp, step, value] of points)
        await api.post('runs/log-metric', { run_id: id, key: 'm', value, timestamp, step })
      const all = await api.get('metrics/get-history', { run_id: id, metric_key: 'm' })
      expect((pick(all.json, 'metrics') as { value: number }[]).map((point) => point.value)).toEqual([-9, 9, 1, 5])
      expect(pick(all.json, 'metrics', 0)).toEqual({ key: 'm', value: -9, timestamp: 1, step: 2 })
      const page = await api.get('metrics/get-history', { run_uuid: id, metric_key: 'm', max_results: '3' })
      const token = pick(page.json, 'next_page_token') as string
      const rest = await api.get('metrics/get-history', {
        run_id: id,
        metric_key: 'm',
        max_results: '3',
        page_token: token
      })
      expect(pick(rest.json, 'metrics')).toHaveLength(1)
      expect(rest.json).not.toHaveProperty('next_page_token')
      expect((await api.get('metrics/get-history', { run_id: id, metric_key: 'none' })).text).toBe('{}')
      expect((await api.get('metrics/get-history', { run_id: 'nobody', metric_key: 'm' })).text).toBe('{}')
    })

    test('API-M3 latest is the greatest (step, timestamp, value), not the last written', async () => {
      const id = await api.createRun()
      for (const [step, timestamp, value] of [
        [2, 1, 5],
        [1, 9, 7],
        [2, 1, 'NaN'],
        [2, 1, 4]
      ])
        await api.post('runs/log-metric', { run_id: id, key: 'm', value, timestamp, step })
      const { json } = await api.get('runs/get', { run_id: id })
      expect(pick(json, 'run', 'data', 'metrics')).toEqual([{ key: 'm', value: 5, timestamp: 1, step: 2 }])
    })
  })

  describe('transport', () => {
    test('API-T1 both prefixes answer', async () => {
      const { status } = await api.request('/ajax-api/2.0/mlflow/experiments/get?experiment_id=0')
      expect(status).toBe(200)
    })

    test('API-T2 a JSON text inside a JSON string is read once more', async () => {
      const { status } = await api.post('experiments/create', JSON.stringify(JSON.stringify({ name: 'twice' })))
      expect(status).toBe(200)
    })

    test('API-T3 Content-Type may carry parameters', async () => {
      const headers = { 'Content-Type': 'application/json; charset=utf-8' }
      const { status } = await api.request(`${MLFLOW}experiments/create`, {
        method: 'POST',
        headers,
        body: '{"name": "x", "unknown": 1}'
      })
      expect(status).toBe(200)
    })

    test('API-T4 health, version and server-info', async () => {
      expect((await api.request('/health')).text).toBe('OK')
      expect((await api.request('/version')).text).toBe('3.11.2')
      const info = await api.request('/ajax-api/3.0/mlflow/server-info')
      expect(info.json).toMatchObject({ store_type: 'SqlStore', workspaces_enabled: false, features_enabled: {} })
    })

    test('API-T5 what is not here says so in JSON, with a status that clients do not retry', async () => {
      const cases: [string, string, number, string][] = [
        ['GET', '/api/2.0/mlflow/nope', 404, 'ENDPOINT_NOT_FOUND'],
        ['GET', '/api/', 404, 'ENDPOINT_NOT_FOUND'],
        ['GET', '/elsewhere', 404, 'ENDPOINT_NOT_FOUND'],
        ['POST', '/ajax-api/2.0/mlflow/webhooks', 501, 'NOT_IMPLEMENTED'],
        ['POST', '/api/3.0/mlflow/traces', 501, 'NOT_IMPLEMENTED'],
        ['POST', '/v1/traces', 501, 'NOT_IMPLEMENTED'],
        ['GET', '/api/2.0/mlflow-artifacts/mpu/create/x', 405, 'ENDPOINT_NOT_FOUND'],
        ['GET', '/api/2.0/mlflow-artifacts/presigned/x', 501, 'NOT_IMPLEMENTED'],
        ['GET', '/api/2.0/mlflow/runs/create', 405, 'ENDPOINT_NOT_FOUND'],
        ['PUT', '/api/2.0/mlflow/runs/get', 405, 'ENDPOINT_NOT_FOUND'],
        ['POST', '/api/2.0/mlflow-artifacts/artifacts/x', 405, 'ENDPOINT_NOT_FOUND'],
        ['PUT', '/api/2.0/mlflow-artifacts/artifacts', 405, 'ENDPOINT_NOT_FOUND']
      ]
      for (const [method, path, status, code] of cases) {
        const answer = await api.request(path, { method })
        expect([method, path, answer.status, answer.json['error_code']]).toEqual([method, path, status, code])
        expect(answer.headers.get('content-type')).toBe('application/json')
      }
    })
  })
})
