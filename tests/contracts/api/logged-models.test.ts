/**
 * Logged models, models in and out of runs, histories in bulk and datasets as clients use them, on every engine.
 * Ids: LM (logged models), HB (histories in bulk), DS (datasets), NZ (negative zero).
 */
import { beforeEach, describe, expect, test } from 'vitest'
import { ENGINES, dumpStore } from '../../support/engines.ts'
import { MLFLOW, openApi, pick, type Answer, type ApiClient, type JsonObject } from './client.ts'

const IPV = 'INVALID_PARAMETER_VALUE'
const DOCS = 'See the API docs for more information about request parameters.'
const AJAX = '/ajax-api/2.0/mlflow/'

describe.each(ENGINES)('%s', (engine) => {
  let api: ApiClient
  beforeEach(async () => {
    api = await openApi(engine)
  })

  const send = (method: string, path: string, body?: unknown) =>
    api.request(MLFLOW + path, {
      method,
      headers: { 'Content-Type': 'application/json' },
      ...(body !== undefined && { body: JSON.stringify(body) })
    })
  const create = async (fields: object = {}) => {
    const { json } = await api.post('logged-models', { experiment_id: '0', ...fields })
    return pick(json, 'model', 'info', 'model_id') as string
  }
  const refusal = ({ status, json }: Answer) => [status, json['error_code'], json['message']]
  const list = (json: JsonObject, name: string) => (json[name] ?? []) as readonly JsonObject[]

  describe('logged models', () => {
    test('[LM11] created, read, finalized, tagged, deleted: the fields and their order', async () => {
      const created = await api.post('logged-models', {
        experiment_id: '0',
        name: 'forest',
        model_type: 'agent',
        params: [{ key: 'p', value: 'é' }],
        tags: [{ key: 't' }]
      })
      const id = pick(created.json, 'model', 'info', 'model_id') as string
      expect(JSON.stringify(created.json)).toBe(
        JSON.stringify({
          model: {
            info: {
              model_id: id,
              experiment_id: '0',
              name: 'forest',
              creation_timestamp_ms: api.clock.now,
              last_updated_timestamp_ms: api.clock.now,
              artifact_uri: `mlflow-artifacts:/0/models/${id}/artifacts`,
              status: 'LOGGED_MODEL_PENDING',
              model_type: 'agent',
              source_run_id: '',
              tags: [{ key: 't', value: '' }]
            },
            data: { params: [{ key: 'p', value: 'é' }] }
          }
        })
      )
      expect((await api.get(`logged-models/${id}`)).text).toBe(created.text)
      api.clock.now += 1
      for (const status of ['LOGGED_MODEL_READY', 2, '2']) {
        const ready = await send('PATCH', `logged-models/${id}`, { model_id: id, status })
        expect(pick(ready.json, 'model', 'info')).toMatchObject({
          status: 'LOGGED_MODEL_READY',
          last_updated_timestamp_ms: api.clock.now
        })
      }
      expect((await send('DELETE', `logged-models/${id}`)).text).toBe('{}')
      expect((await send('DELETE', `logged-models/${id}`)).status).toBe(200)
      expect(refusal(await api.get(`logged-models/${id}`))).toEqual([
        404,
        'RESOURCE_DOES_NOT_EXIST',
        `Logged model with ID '${id}' not found.`
      ])
      expect((await api.get(`logged-models/${id}`, { allow_deleted: 'true' })).status).toBe(200)
      expect((await api.request(`${AJAX}logged-models/${id}?allow_deleted=True`)).status).toBe(200)
      expect((await send('PUT', `logged-models/${id}`)).status).toBe(405)
    })

    test('[LM12] tags and params by path; a tag key may hold a slash, encoded or not', async () => {
      const id = await create()
      const tags = ['a', 'b/c', 'd/e', "it's", 'é %'].map((key) => ({ key, value: '1' }))
      expect((await send('PATCH', `logged-models/${id}/tags`, { tags })).text).toBe('{}')
      for (const key of ['a', 'b%2Fc', 'd/e', encodeURIComponent('é %')])
        expect([key, (await send('DELETE', `logged-models/${id}/tags/${key}`)).status]).toEqual([key, 200])
      const { json } = await api.get(`logged-models/${id}`)
      expect(pick(json, 'model', 'info', 'tags')).toEqual([{ key: "it's", value: '1' }])
      expect(refusal(await send('DELETE', `logged-models/${id}/tags/a`))).toEqual([
        404,
        'RESOURCE_DOES_NOT_EXIST',
        `No tag with key 'a' found for model with ID '${id}'.`
      ])
      const params = { model_id: id, params: [{ key: 'p', value: '1' }] }
      expect((await api.post(`logged-models/${id}/params`, params)).text).toBe('{}')
      expect(refusal(await api.post(`logged-models/${id}/params`, params)).slice(0, 2)).toEqual([400, 'BAD_REQUEST'])
    })

    test('[LM13] what is refused, with nothing written', async () => {
      const id = await create({ name: 'm' })
      const other = await create()
      const before = await dumpStore(api.store)
      const names = `cannot contain the following characters: ('/', ':', '.', '%', '"', "'")`
      const missing = (name: string) => `Missing value for required parameter '${name}'. ${DOCS}`
      const cases: [string, string, unknown, number, string, RegExp | string][] = [
        ['POST', 'logged-models', {}, 400, IPV, missing('experiment_id')],
        ['POST', 'logged-models', { experiment_id: 'x' }, 400, IPV, /Experiment ID must be a valid integer/],
        [
          'POST',
          'logged-models',
          { experiment_id: '7' },
          404,
          'RESOURCE_DOES_NOT_EXIST',
          'No Experiment with id=7 exists'
        ],
        [
          'POST',
          'logged-models',
          { experiment_id: '0', name: 'a/b' },
          400,
          IPV,
          `Invalid model name ('a/b') provided. Model name must be a non-empty string and ${names}`
        ],
        [
          'POST',
          'logged-models',
          { experiment_id: '0', name: "a'b" },
          400,
          IPV,
          /^Invalid model name \("a'b"\) provided/
        ],
        ['POST', 'logged-models', { experiment_id: '0', name: 'a'.repeat(501) }, 400, IPV, /maximum length of 500/],
        ['POST', 'logged-models', { experiment_id: '0', tags: [{ value: 'x' }] }, 400, IPV, missing('tags[0].key')],
        ['PATCH', `logged-models/${id}`, { status: 2 }, 400, IPV, missing('model_id')],
        ['PATCH', `logged-models/${id}`, { model_id: id }, 400, IPV, missing('status')],
        ['PATCH', `logged-models/${id}`, { model_id: id, status: 'FOO' }, 400, IPV, /LOGGED_MODEL_READY/],
        [
          'PATCH',
          `logged-models/${id}`,
          { model_id: id, status: 4 },
          400,
          IPV,
          /^Invalid value 4 for parameter 'status'/
        ],
        ['PATCH', `logged-models/${id}`, { model_id: other, status: 2 }, 400, IPV, /^The body is about model/],
        [
          'PATCH',
          'logged-models/nope',
          { model_id: 'nope', status: 2 },
          404,
          'RESOURCE_DOES_NOT_EXIST',
          /'nope' not found/
        ],
        ['GET', 'logged-models/a%2F..%2Fb', undefined, 404, 'RESOURCE_DOES_NOT_EXIST', /'a\/\.\.\/b' not found/],
        ['PATCH', `logged-models/${id}/tags`, { tags: 'x' }, 400, IPV, /Value was of type 'str'/],
        ['POST', `logged-models/${id}/params`, { params: [] }, 400, IPV, missing('model_id')],
        ['DELETE', 'logged-models/nope', undefined, 404, 'RESOURCE_DOES_NOT_EXIST', /not found/]
      ]
      for (const [method, path, body, status, code, message] of cases) {
        const answer = await send(method, path, body)
        expect([method, path, body, answer.status, answer.json['error_code']]).toEqual([
          method,
          path,
          body,
          status,
          code
        ])
        expect(answer.json['message']).toMatch(message instanceof RegExp ? message : new RegExp(escapeRegExp(message)))
      }
      expect(await dumpStore(api.store)).toEqual(before)
      expect(api.reported).toEqual([])
    })
  })

  describe('search', () => {
    const names = ({ json }: Answer) => list(json, 'models').map((model) => pick(model, 'info', 'name'))
    const search = (fields: object = {}) => api.post('logged-models/search', { experiment_ids: ['0'], ...fields })

    beforeEach(async () => {
      for (const name of ['a', 'b', 'c']) {
        api.clock.now += 1
        await create({ name, tags: [{ key: 't', value: name }] })
      }
    })

    test('[LM14] filter, order, datasets', async () => {
      const run = await api.createRun()
      const models = list((await search()).json, 'models').map((model) => pick(model, 'info', 'model_id') as string)
      for (const [index, model_id] of models.slice(0, 2).entries())
        await api.post('runs/log-metric', {
          run_id: run,
          key: 'acc',
          value: index,
          timestamp: 1,
          model_id,
          dataset_name: `d${index}`,
          dataset_digest: 'g'
        })
      expect(names(await search())).toEqual(['c', 'b', 'a'])
      expect(names(await search({ filter: "attributes.name = 'a'" }))).toEqual(['a'])
      expect(names(await search({ filter: 'metrics.acc >= 0' }))).toEqual(['c', 'b'])
      expect(names(await search({ order_by: [{ field_name: 'name' }] }))).toEqual(['a', 'b', 'c'])
      const byMetric = { order_by: [{ field_name: 'metrics.acc', ascending: false }] }
      expect(names(await search(byMetric))).toEqual(['b', 'c', 'a'])
      expect(names(await search({ datasets: [{ dataset_name: 'd1', dataset_digest: 'g' }] }))).toEqual(['b'])
      expect((await search({ experiment_ids: [] })).text).toBe('{}')
    })

    test('[LM15] pages; a token stands for its own search alone', async () => {
      const order_by = [{ field_name: 'name' }]
      const first = await search({ max_results: 2, filter: "name != 'x'", order_by })
      expect(names(first)).toEqual(['a', 'b'])
      const page_token = first.json['next_page_token'] as string
      expect(atob(page_token)).toBe(
        `{"experiment_ids": ["0"], "filter_string": "name != 'x'", "order_by": [{"field_name": "name", "ascending": true, "dataset_name": null, "dataset_digest": null}], "offset": 2}`
      )
      const rest = await search({ max_results: 2, filter: "name != 'x'", order_by, page_token })
      expect(names(rest)).toEqual(['c'])
      expect(rest.json).not.toHaveProperty('next_page_token')
      expect(refusal(await search({ page_token, order_by }))).toEqual([
        400,
        IPV,
        "Filter string in the page token does not match the requested filter string. Expected: None. Found: name != 'x'"
      ])
      expect(refusal(await search({ page_token, filter: "name != 'x'" }))).toEqual([
        400,
        IPV,
        "Order by in the page token does not match the requested order by. Expected: None. Found: [{'field_name': 'name', 'ascending': True, 'dataset_name': None, 'dataset_digest': None}]"
      ])
      expect(refusal(await search({ page_token, experiment_ids: ['0', '1'] }))).toEqual([
        400,
        IPV,
        "Experiment IDs in the page token do not match the requested experiment IDs. Expected: ['0', '1']. Found: ['0']"
      ])
      for (const bad of ['zz', '!!', btoa('[1]'), btoa('5'), btoa('{"experiment_ids": ["0"], "offset": -1}')])
        expect([bad, ...refusal(await search({ page_token: bad })).slice(0, 2)]).toEqual([bad, 400, IPV])
    })

    test('[LM16] what cannot be asked', async () => {
      const shape = (filter: string) =>
        `Invalid filter string: ${filter}. Expected a list of comparisons separated by 'AND' (e.g. 'metrics.loss > 0.1 AND params.lr = 0.01').`
      const types = "['attributes', 'metrics', 'params', 'tags']"
      const cases: [object, string][] = [
        [{ filter: 'name' }, shape("'name'")],
        [{ filter: "name = 'a';" }, shape(`"name = 'a';"`)],
        [{ filter: 'metric.acc > 1' }, `Invalid entity type: 'metric'. Expected one of ${types}.`],
        [{ filter: "attribute.name = 'a'" }, `Invalid entity type: 'attribute'. Expected one of ${types}.`],
        [
          { filter: "name > 'a'" },
          "Invalid comparison operator for attributes.name: '>'. Expected one of ('=', '!=', 'LIKE', 'ILIKE', 'IN', 'NOT IN')."
        ],
        [
          { filter: "metrics.acc LIKE 'x'" },
          "Invalid comparison operator for metrics.acc: 'LIKE'. Expected one of ('<', '<=', '>', '>=', '=', '!=')."
        ],
        [{ order_by: [{ field_name: 'foo' }] }, 'Invalid order by field name: foo'],
        [
          { order_by: [{ field_name: 'params.lr' }] },
          'Invalid order by field name: params.lr. Only metrics are supported.'
        ],
        [{ datasets: [{ dataset_digest: 'g' }] }, '`dataset_name` in the `datasets` clause must be specified.'],
        [{ max_results: 0 }, "Invalid value 0 for parameter 'max_results' supplied. It must be a positive integer"],
        [{ experiment_ids: undefined }, `Missing value for required parameter 'experiment_ids'. ${DOCS}`],
        [{ experiment_ids: ['x'] }, "Invalid experiment ID 'x'. Experiment ID must be a valid integer."]
      ]
      for (const [fields, message] of cases) expect(refusal(await search(fields))).toEqual([400, IPV, message])
    })
  })

  describe('runs and models', () => {
    test('[LM17] models in and out of a run; a search leaves those it was fed out', async () => {
      const [run, model_id] = [await api.createRun(), await create()]
      expect((await api.post('runs/outputs', { run_id: run, models: [{ model_id, step: '3' }] })).text).toBe('{}')
      await api.post('runs/log-inputs', { run_id: run, models: [{ model_id }, { model_id: 'm-of-another-server' }] })
      const { json } = await api.get('runs/get', { run_id: run })
      expect(pick(json, 'run', 'inputs')).toEqual({ model_inputs: [{ model_id }, { model_id: 'm-of-another-server' }] })
      expect(pick(json, 'run', 'outputs')).toEqual({ model_outputs: [{ model_id, step: 3 }] })
      const found = await api.post('runs/search', { experiment_ids: ['0'] })
      expect(pick(found.json, 'runs', 0, 'inputs')).toEqual({})
      expect(pick(found.json, 'runs', 0, 'outputs')).toEqual({ model_outputs: [{ model_id, step: 3 }] })
      const again = await api.post('runs/outputs', { run_id: run, models: [{ model_id, step: 4 }] })
      expect(refusal(again).slice(0, 2)).toEqual([400, 'BAD_REQUEST'])
      for (const body of [
        { run_id: run },
        { run_id: run, models: [{}] },
        { run_id: run, models: [{ model_id: 'a/b' }] }
      ])
        expect(refusal(await api.post('runs/outputs', body)).slice(0, 2)).toEqual([400, IPV])
    })

    test('[LM18] a metric of a model is the run’s and the model’s, by log-metric and log-batch', async () => {
      const [run, model_id] = [await api.createRun(), await create()]
      const metric = { key: 'acc', value: 0.5, timestamp: 1, step: 2, model_id, dataset_name: 'd', dataset_digest: 'g' }
      await api.post('runs/log-metric', { run_id: run, ...metric })
      await api.post('runs/log-batch', {
        run_id: run,
        metrics: [metric, { key: 'nan', value: 'NaN', timestamp: 1, model_id }, { key: 'own', value: 1, timestamp: 1 }]
      })
      const { json } = await api.get(`logged-models/${model_id}`)
      expect(pick(json, 'model', 'data', 'metrics')).toEqual([
        {
          key: 'acc',
          value: 0.5,
          timestamp: 1,
          step: 2,
          dataset_name: 'd',
          dataset_digest: 'g',
          model_id,
          run_id: run
        },
        { key: 'nan', value: 'NaN', timestamp: 1, step: 0, model_id, run_id: run }
      ])
      const data = pick((await api.get('runs/get', { run_id: run })).json, 'run', 'data', 'metrics') as JsonObject[]
      expect(data.map((one) => one['key'])).toEqual(['acc', 'nan', 'own'])
      const before = await dumpStore(api.store)
      const half = { run_id: run, ...metric, dataset_digest: undefined }
      expect(refusal(await api.post('runs/log-metric', half))).toEqual([
        400,
        IPV,
        'Both dataset_name and dataset_digest must be provided if one is provided'
      ])
      for (const bad of [{ model_id: 'm-nobody' }, { value: 0.75 }])
        expect(refusal(await api.post('runs/log-metric', { run_id: run, ...metric, ...bad })).slice(0, 2)).toEqual([
          400,
          'BAD_REQUEST'
        ])
      expect(await dumpStore(api.store)).toEqual(before)
    })

    test('[LM19] log-model adds to the list in its tag, however long it gets', async () => {
      const run = await api.createRun()
      const model = {
        artifact_path: 'é',
        flavors: { python_function: { loader_module: 'x', config: { a: 1 } }, none: null },
        utc_time_created: '2020-01-01 00:00:00',
        run_id: run,
        extra: 1
      }
      const log = (model_json: string) => api.post('runs/log-model', { run_id: run, model_json })
      const entry = `{"run_id": "${run}", "artifact_path": "\\u00e9", "utc_time_created": "2020-01-01 00:00:00", "model_uuid": null, "flavors": {"python_function": {"loader_module": "x"}, "none": null}}`
      for (let i = 0; i < 60; i++) expect((await log(JSON.stringify(model))).text).toBe('{}')
      const { json } = await api.get('runs/get', { run_id: run })
      const tags = pick(json, 'run', 'data', 'tags') as { key: string; value: string }[]
      const value = tags.find((tag) => tag.key === 'mlflow.log-model.history')?.value
      expect(value).toBe(`[${Array.from({ length: 60 }, () => entry).join(', ')}]`)
      const nested = JSON.stringify(model).replace('"x"', '['.repeat(9000) + ']'.repeat(9000))
      for (const bad of ['{bad', '[1]', '5', '{"a": 1}', JSON.stringify({ ...model, flavors: [] }), nested])
        expect(refusal(await log(bad)).slice(0, 2)).toEqual([400, IPV])
      expect(refusal(await log('{"artifact_path":1,"flavors":{},"utc_time_created":1}'))[2]).toBe(
        "Model json is missing mandatory fields: {'run_id'}"
      )
      await api.post('runs/set-tag', { run_id: run, key: 'mlflow.log-model.history', value: 'no list' })
      expect(refusal(await log(JSON.stringify(model))).slice(0, 2)).toEqual([400, IPV])
      expect(api.reported).toEqual([])
    })
  })

  describe('histories', () => {
    const fill = async () => {
      const runs = [await api.createRun(), await api.createRun()].sort() as [string, string]
      const metrics = [
        { key: 'h', value: 9, timestamp: 0, step: -5 },
        { key: 'h', value: 'NaN', timestamp: 1, step: 0 },
        { key: 'h', value: 'Infinity', timestamp: 2, step: 1 },
        { key: 'h', value: 3, timestamp: 2, step: 2 }
      ]
      await api.post('runs/log-batch', { run_id: runs[1], metrics })
      await api.post('runs/log-metric', { run_id: runs[0], key: 'h', value: 1, timestamp: 7, step: 0 })
      return runs
    }
    const ajax = (path: string, query: [string, string][]) =>
      api.request(`${AJAX}${path}?${new URLSearchParams(query)}`)
    const steps = (answer: Answer) => list(answer.json, 'metrics').map((one) => one['step'])

    test('[HB4] get-history-bulk, for pages alone', async () => {
      const [a, b] = await fill()
      const ids: [string, string][] = [
        ['run_id', b],
        ['run_id', a],
        ['run_id', 'nobody']
      ]
      const answer = await ajax('metrics/get-history-bulk', [...ids, ['metric_key', 'h']])
      expect(list(answer.json, 'metrics').map((one) => [one['run_id'], one['step'], one['value']])).toEqual([
        [a, 0, 1],
        [b, -5, 9],
        [b, 0, 'NaN'],
        [b, 1, Number.MAX_VALUE],
        [b, 2, 3]
      ])
      const few = await ajax('metrics/get-history-bulk', [...ids, ['metric_key', 'h'], ['max_results', '2']])
      expect(steps(few)).toEqual([0, -5])
      expect(
        (
          await ajax('metrics/get-history-bulk', [
            ['run_id', 'x'],
            ['metric_key', 'h']
          ])
        ).json
      ).toEqual({ metrics: [] })
      const many = Array.from({ length: 101 }, (): [string, string] => ['run_id', a])
      const cases: [[string, string][], string][] = [
        [[['metric_key', 'h']], 'GetMetricHistoryBulk request must specify at least one run_id.'],
        [[['run_id', a]], 'GetMetricHistoryBulk request must specify a metric_key.'],
        [many, 'GetMetricHistoryBulk request cannot specify more than 100 run_ids. Received 101 run_ids.']
      ]
      for (const [query, message] of cases)
        expect(refusal(await ajax('metrics/get-history-bulk', query))).toEqual([400, IPV, message])
      expect((await api.get('metrics/get-history-bulk', { run_id: a, metric_key: 'h' })).status).toBe(404)
    })

    test('[HB5] get-history-bulk-interval: per run in the order given, sampled, in a range', async () => {
      const [a, b] = await fill()
      const ask = (query: Record<string, string | readonly string[]>) =>
        api.get('metrics/get-history-bulk-interval', { run_ids: [b, a], metric_key: 'h', ...query })
      const all = await ask({})
      expect(list(all.json, 'metrics').map((one) => [one['run_id'], one['step'], one['value']])).toEqual([
        [b, -5, 9],
        [b, 0, 'NaN'],
        [b, 1, Number.MAX_VALUE],
        [b, 2, 3],
        [a, 0, 1]
      ])
      expect(steps(await ask({ max_results: '1' }))).toEqual([2, 0])
      expect(steps(await ask({ max_results: '2' }))).toEqual([-5, 2, 0])
      expect(steps(await ask({ start_step: '0', end_step: '1' }))).toEqual([0, 1, 0])
      expect((await ask({ run_ids: ['nobody'] })).text).toBe('{}')
      const cases: [Record<string, string | readonly string[]>, string][] = [
        [
          { start_step: '3', end_step: '1' },
          'end_step must be greater than start_step. Found start_step=3 and end_step=1.'
        ],
        [{ start_step: '3' }, 'If either start step or end step are specified, both must be specified.'],
        [{ max_results: '0' }, `max_results must be between 1 and 2500. ${DOCS}`],
        [{ max_results: '2501' }, `max_results must be between 1 and 2500. ${DOCS}`],
        [{ metric_key: '' }, `Missing value for required parameter 'metric_key'. ${DOCS}`],
        [
          { run_ids: Array.from({ length: 101 }, () => a) },
          `GetMetricHistoryBulkInterval request must specify at most 100 run_ids. Received 101 run_ids. ${DOCS}`
        ]
      ]
      for (const [query, message] of cases) expect(refusal(await ask(query))).toEqual([400, IPV, message])
    })

    test('[NZ4] a -0 goes out as 0, and stays apart from a 0', async () => {
      const run = await api.createRun()
      for (const value of ['-0.0', '0.0'])
        await api.post('runs/log-metric', `{"run_id": "${run}", "key": "z", "value": ${value}, "timestamp": 1}`)
      const { text, json } = await api.get('metrics/get-history', { run_id: run, metric_key: 'z' })
      expect(list(json, 'metrics').map((one) => one['value'])).toEqual([0, 0])
      expect(text).not.toContain('-0')
    })
  })

  test('[DS1] search-datasets: each dataset once for each context it was used in', async () => {
    const [a, b] = [await api.createRun(), await api.createRun()]
    const input = (name: string, context?: string) => ({
      dataset: { name, digest: 'g', source_type: 'local', source: 's' },
      tags: context === undefined ? [] : [{ key: 'mlflow.data.context', value: context }]
    })
    await api.post('runs/log-inputs', { run_id: a, datasets: [input('d1', 'train'), input('d2')] })
    await api.post('runs/log-inputs', { run_id: b, datasets: [input('d1', 'train')] })
    const c = await api.createRun()
    await api.post('runs/log-inputs', { run_id: c, datasets: [input('d1', 'eval')] })
    const ask = (body: object) =>
      api.request(`${AJAX}experiments/search-datasets`, {
        method: 'POST',
        headers: { 'Content-Type': 'application/json' },
        body: JSON.stringify(body)
      })
    expect((await ask({ experiment_ids: ['0'] })).json).toEqual({
      dataset_summaries: [
        { experiment_id: '0', name: 'd1', digest: 'g', context: 'eval' },
        { experiment_id: '0', name: 'd1', digest: 'g', context: 'train' },
        { experiment_id: '0', name: 'd2', digest: 'g' }
      ]
    })
    expect((await ask({ experiment_ids: ['77'] })).text).toBe('{}')
    expect(refusal(await ask({}))).toEqual([
      400,
      IPV,
      'SearchDatasets request must specify at least one experiment_id.'
    ])
    const many = Array.from({ length: 21 }, () => '0')
    expect(refusal(await ask({ experiment_ids: many }))[2]).toBe(
      'SearchDatasets request cannot specify more than 20 experiment_ids. Received 21 experiment_ids.'
    )
    expect((await api.post('experiments/search-datasets', { experiment_ids: ['0'] })).status).toBe(404)
  })
})

const escapeRegExp = (text: string): string => text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')
