/** The model registry over HTTP, as its clients use it and as they should not. Ids: MRA. */
import { beforeEach, describe, expect, test } from 'vitest'
import { ENGINES, dumpStore } from '../../support/engines.ts'
import { MLFLOW, openApi, pick, type Answer, type ApiClient, type JsonObject } from './client.ts'

const IPV = 'INVALID_PARAMETER_VALUE'
const RDNE = 'RESOURCE_DOES_NOT_EXIST'
const MISSING = (name: string) =>
  `Missing value for required parameter '${name}'. See the API docs for more information about request parameters.`
const PROMPT = { key: 'mlflow.prompt.is_prompt', value: 'true' }

describe.each(ENGINES)('%s', (engine) => {
  let api: ApiClient
  beforeEach(async () => {
    api = await openApi(engine)
  })

  const send = (method: string, path: string, body: unknown) =>
    api.request(MLFLOW + path, { method, body: JSON.stringify(body) })
  const model = (name: string, more: object = {}) => api.post('registered-models/create', { name, ...more })
  const version = (name: string, more: object = {}) =>
    api.post('model-versions/create', { name, source: 's3://bucket/model', ...more })
  const refusal = (status: number, error_code: string, message: string) => ({ status, json: { error_code, message } })
  const brief = ({ status, json }: Answer) => ({ status, json })
  const names = ({ json }: Answer) =>
    ((pick(json, 'registered_models') ?? pick(json, 'model_versions') ?? []) as readonly Record<string, string>[]).map(
      ({ name, version }) => (version === undefined ? name : `${name}/${version}`)
    )

  describe('registered models', () => {
    test('MRA1 create and get answer the same, with an empty description left out', async () => {
      const created = await model('wine', { tags: [{ key: 'k', value: 'é' }, { key: 'l' }], deployment_job_id: 'x' })
      expect(created.json).toEqual({
        registered_model: {
          name: 'wine',
          creation_timestamp: api.clock.now,
          last_updated_timestamp: api.clock.now,
          tags: [
            { key: 'k', value: 'é' },
            { key: 'l', value: '' }
          ]
        }
      })
      expect((await api.get('registered-models/get', { name: 'wine' })).text).toBe(created.text)
      expect(pick((await model('b', { description: 'd' })).json, 'registered_model', 'description')).toBe('d')
      expect(brief(await model('wine'))).toEqual(
        refusal(400, 'RESOURCE_ALREADY_EXISTS', 'Registered Model (name=wine) already exists.')
      )
    })

    test.each([
      ['', MISSING('name')],
      ['  ', "Missing value for required parameter 'name'."],
      ['a/b', "Invalid model name 'a/b'. Names cannot contain '/' or ':'."],
      ['a:b', "Invalid model name 'a:b'. Names cannot contain '/' or ':'."],
      [
        '..',
        'Invalid value ".." for parameter \'name\' supplied: Names may be treated as files in certain cases, and must not resolve to ' +
          "other names when treated as such. This name would resolve to '..'"
      ]
    ])('MRA2 the name %j is refused', async (name, message) => {
      expect(brief(await model(name))).toEqual(refusal(400, IPV, message))
    })

    test('MRA3 update and delete read the body of PATCH and DELETE, not the query', async () => {
      await model('wine', { description: 'old' })
      const updated = await send('PATCH', 'registered-models/update', { name: 'wine', description: 'new' })
      expect(pick(updated.json, 'registered_model', 'description')).toBe('new')
      const emptied = await send('PATCH', 'registered-models/update', { name: 'wine' })
      expect(pick(emptied.json, 'registered_model')).not.toHaveProperty('description')
      const queried = await api.request(`${MLFLOW}registered-models/delete?name=wine`, { method: 'DELETE' })
      expect(brief(queried)).toEqual(refusal(400, IPV, MISSING('name')))
      expect((await send('DELETE', 'registered-models/delete', { name: 'wine' })).text).toBe('{}')
      expect(brief(await api.get('registered-models/get', { name: 'wine' }))).toEqual(
        refusal(404, RDNE, 'Registered Model with name=wine not found')
      )
    })

    test('MRA4 rename', async () => {
      await model('wine')
      await version('wine')
      const renamed = await api.post('registered-models/rename', { name: 'wine', new_name: 'grape' })
      expect(pick(renamed.json, 'registered_model', 'latest_versions', 0, 'name')).toBe('grape')
      await model('wine')
      for (const [body, error] of [
        [{ name: 'grape' }, refusal(400, IPV, MISSING('new_name'))],
        [{ name: 'grape', new_name: ' ' }, refusal(400, IPV, "Missing value for required parameter 'new_name'.")],
        [
          { name: 'grape', new_name: 'wine' },
          refusal(400, 'RESOURCE_ALREADY_EXISTS', 'Registered Model (name=wine) already exists.')
        ],
        [{ name: 'none', new_name: 'x' }, refusal(404, RDNE, 'Registered Model with name=none not found')]
      ] as const)
        expect(brief(await api.post('registered-models/rename', body))).toEqual(error)
      expect((await api.post('registered-models/rename', { name: 'wine', new_name: 'wine' })).status).toBe(200)
    })

    test('MRA5 tags, at the edge of every limit', async () => {
      await model('wine')
      const set = async (key: string, value: string) =>
        brief(await api.post('registered-models/set-tag', { name: 'wine', key, value }))
      const ok = { status: 200, json: {} }
      expect(await set('k'.repeat(250), 'v'.repeat(100_000))).toEqual(ok)
      expect(await set('k'.repeat(251), '')).toEqual(
        refusal(400, IPV, "'key' exceeds the maximum length of 250 characters")
      )
      expect(await set('k', 'v'.repeat(100_001))).toEqual(
        refusal(400, IPV, "'value' exceeds the maximum length of 100000 characters")
      )
      expect((await set('a#', '')).status).toBe(400)
      const made = await model('other', { tags: [{ key: 'a', value: 'v'.repeat(100_001) }] })
      expect(made.status).toBe(400)
      expect((await api.get('registered-models/get', { name: 'other' })).status).toBe(404)
      expect(brief(await send('DELETE', 'registered-models/delete-tag', { name: 'wine', key: 'absent' }))).toEqual(ok)
    })

    test('MRA6 one path sets, gets and deletes an alias', async () => {
      await model('wine')
      await version('wine')
      const alias = { name: 'wine', alias: 'champ' }
      expect((await api.post('registered-models/alias', { ...alias, version: '1' })).text).toBe('{}')
      const found = await api.get('registered-models/alias', alias)
      expect(pick(found.json, 'model_version')).toMatchObject({ version: '1', aliases: ['champ'] })
      expect(
        pick((await api.get('registered-models/get', { name: 'wine' })).json, 'registered_model', 'aliases')
      ).toEqual([{ alias: 'champ', version: '1' }])
      expect((await send('DELETE', 'registered-models/alias', alias)).text).toBe('{}')
      expect((await send('DELETE', 'registered-models/alias', alias)).text).toBe('{}')
      expect(brief(await api.get('registered-models/alias', alias))).toEqual(
        refusal(400, IPV, 'Registered model alias champ not found.')
      )
      const put = await send('PUT', 'registered-models/alias', alias)
      expect([put.status, put.headers.get('allow')]).toEqual([405, 'GET, POST, DELETE, HEAD'])
    })

    test.each([
      ['latest', "'latest' alias name (case insensitive) is reserved."],
      ['LATEST', "'latest' alias name (case insensitive) is reserved."],
      ['v1', "Version alias name 'v1' is reserved."],
      ['V20', "Version alias name 'V20' is reserved."],
      ['a b', "Invalid alias name: 'a b'. Names may only contain alphanumerics, underscores (_), and dashes (-)."],
      ['', MISSING('alias')],
      ['x'.repeat(256), "'Registered model alias name' exceeds the maximum length of 255 characters"]
    ])('MRA7 the alias %j is refused', async (alias, message) => {
      await model('wine')
      await version('wine')
      const set = (alias: string) => api.post('registered-models/alias', { name: 'wine', alias, version: '1' })
      expect(brief(await set(alias))).toEqual(refusal(400, IPV, message))
      for (const good of ['v', 'v1a', 'x'.repeat(255), '1', '_', 'é']) expect((await set(good)).status).toBe(200)
    })

    test('MRA8 latest versions, by GET and by POST', async () => {
      await model('wine')
      for (let count = 0; count < 3; count++) await version('wine')
      await api.post('model-versions/transition-stage', { name: 'wine', version: '2', stage: 'staging' })
      await api.post('registered-models/alias', { name: 'wine', alias: 'champ', version: '2' })
      const path = 'registered-models/get-latest-versions'
      const posted = await api.post(path, { name: 'wine' })
      expect(names(posted)).toEqual(['wine/3', 'wine/2'])
      expect(pick(posted.json, 'model_versions', 1, 'aliases')).toEqual(['champ'])
      expect(names(await api.get(path, { name: 'wine', stages: ['Staging', 'Production'] }))).toEqual(['wine/2'])
      expect(names(await api.get(path, { name: 'wine', stages: 'Archived' }))).toEqual([])
      expect(brief(await api.post(path, { name: 'wine', stages: ['Foo'] }))).toEqual(
        refusal(400, IPV, 'Invalid Model Version stage: Foo. Value must be one of None, Staging, Production, Archived.')
      )
      const got = await api.get('registered-models/get', { name: 'wine' })
      expect(pick(got.json, 'registered_model', 'latest_versions', 1)).not.toHaveProperty('aliases')
    })

    test('MRA9 ajax-api answers like api', async () => {
      await model('wine')
      const path = 'registered-models/get?name=wine'
      const [one, other] = await Promise.all([api.request(MLFLOW + path), api.request(`/ajax-api/2.0/mlflow/${path}`)])
      expect([other.status, other.text]).toEqual([200, one.text])
    })
  })

  describe('model versions', () => {
    test('MRA10 create, get and what is there though it is empty', async () => {
      await model('wine')
      api.clock.now += 5
      const bare = await version('wine')
      expect(bare.json).toEqual({
        model_version: {
          name: 'wine',
          version: '1',
          creation_timestamp: api.clock.now,
          last_updated_timestamp: api.clock.now,
          current_stage: 'None',
          description: '',
          source: 's3://bucket/model',
          run_id: '',
          status: 'READY',
          run_link: ''
        }
      })
      expect((await api.get('model-versions/get', { name: 'wine', version: '1' })).text).toBe(bare.text)
      const got = await api.get('registered-models/get', { name: 'wine' })
      expect(pick(got.json, 'registered_model', 'last_updated_timestamp')).toBe(api.clock.now)
      const full = { run_id: 'r', run_link: 'l', description: 'd', tags: [{ key: 'k', value: 'v' }] }
      expect(pick((await version('wine', full)).json, 'model_version')).toMatchObject(full)
      expect(brief(await version('none'))).toEqual(refusal(404, RDNE, 'Registered Model with name=none not found'))
      expect(brief(await version('wine', { source: '' }))).toEqual(refusal(400, IPV, MISSING('source')))
    })

    test.each([
      ['abc', 400, IPV, "Parameter 'version' must be an integer, got 'abc'."],
      ['1.0', 400, IPV, "Parameter 'version' must be an integer, got '1.0'."],
      ['', 400, IPV, MISSING('version')],
      ['9', 404, RDNE, 'Model Version (name=wine, version=9) not found'],
      ['-1', 404, RDNE, 'Model Version (name=wine, version=-1) not found']
    ])('MRA11 the version %j', async (number, status, code, message) => {
      await model('wine')
      await version('wine')
      const at = { name: 'wine', version: number }
      const tag = { ...at, key: 'k', value: 'v' }
      for (const answer of [
        await api.get('model-versions/get', at),
        await send('PATCH', 'model-versions/update', at),
        await send('DELETE', 'model-versions/delete', at),
        await api.post('model-versions/set-tag', tag),
        await send('DELETE', 'model-versions/delete-tag', tag),
        await api.post('model-versions/transition-stage', { ...at, stage: 'None' }),
        await api.post('registered-models/alias', { ...at, alias: 'a' })
      ])
        expect(brief(answer)).toEqual(refusal(status, code, message))
    })

    test('MRA12 a version is a text in a body, and may have a sign and spaces', async () => {
      await model('wine')
      await version('wine')
      expect((await api.get('model-versions/get', { name: 'wine', version: ' +1' })).status).toBe(200)
      const answer = await api.post('model-versions/set-tag', { name: 'wine', version: 1, key: 'k' })
      expect(pick(answer.json, 'message')).toContain("Value was of type 'int'")
      const vast = await api.get('model-versions/get', { name: 'wine', version: '9'.repeat(20) })
      expect([vast.status, pick(vast.json, 'error_code')]).toEqual([400, IPV])
    })

    test('MRA13 where the files lie; what is missing there is named in other words', async () => {
      await model('wine')
      await version('wine')
      const uri = (query: Record<string, string>) => api.get('model-versions/get-download-uri', query)
      expect((await uri({ name: 'wine', version: '1' })).json).toEqual({ artifact_uri: 's3://bucket/model' })
      expect(brief(await uri({}))).toEqual(refusal(400, IPV, "Missing value for required parameter 'name'."))
      expect(brief(await uri({ name: 'wine' }))).toEqual(
        refusal(400, IPV, "Parameter 'version' must be an integer, got ''.")
      )
    })

    test('MRA14 a description is there until it is taken away', async () => {
      await model('wine')
      await version('wine', { description: 'd' })
      const update = async (more: object) =>
        pick(
          (await send('PATCH', 'model-versions/update', { name: 'wine', version: '1', ...more })).json,
          'model_version'
        )
      expect(await update({ description: '' })).toHaveProperty('description', '')
      expect(await update({})).not.toHaveProperty('description')
    })

    test('MRA15 stages, in any case; the archive takes only what an active stage held', async () => {
      await model('wine')
      await version('wine')
      await version('wine')
      const move = (version: string, more: object) =>
        api.post('model-versions/transition-stage', { name: 'wine', version, ...more })
      expect(pick((await move('1', { stage: 'PRODUCTION' })).json, 'model_version', 'current_stage')).toBe('Production')
      await move('2', { stage: 'production', archive_existing_versions: true })
      const first = await api.get('model-versions/get', { name: 'wine', version: '1' })
      expect(pick(first.json, 'model_version', 'current_stage')).toBe('Archived')
      expect((await move('2', { stage: 'Archived', archive_existing_versions: true })).status).toBe(400)
      expect(brief(await move('2', {}))).toEqual(refusal(400, IPV, MISSING('stage')))
      expect((await move('2', { stage: 'Staging', archive_existing_versions: 'x' })).status).toBe(400)
    })

    test('MRA16 aliases of deleted versions are gone, and so are the versions', async () => {
      await model('wine')
      await version('wine')
      await api.post('registered-models/alias', { name: 'wine', alias: 'champ', version: '1' })
      expect((await send('DELETE', 'model-versions/delete', { name: 'wine', version: '1' })).text).toBe('{}')
      expect((await api.get('registered-models/alias', { name: 'wine', alias: 'champ' })).status).toBe(400)
      const got = await api.get('registered-models/get', { name: 'wine' })
      expect(Object.keys(pick(got.json, 'registered_model') as JsonObject)).toEqual([
        'name',
        'creation_timestamp',
        'last_updated_timestamp'
      ])
      expect(pick((await version('wine')).json, 'model_version', 'version')).toBe('2')
    })

    test('MRA17 a refused source leaves nothing behind', async () => {
      await model('wine')
      const run = await api.createRun()
      const before = await dumpStore(api.store)
      for (const source of [
        '/etc/passwd',
        'file:///etc',
        `mlflow-artifacts:/0/${run}/artifacts/..`,
        `mlflow-artifacts:/0/${run}/artifacts/%252e%252e/x`,
        'mlflow-artifacts:/0/other/artifacts',
        'http://169.254.169.254/latest',
        's3://bucket/../x',
        'models:/wine/1',
        'runs:/other/model'
      ]) {
        const { status, json } = await version('wine', { source, run_id: run, tags: [{ key: 'k', value: 'v' }] })
        expect([source, Math.floor(status / 100), Object.keys(json)]).toEqual([source, 4, ['error_code', 'message']])
      }
      expect(await dumpStore(api.store)).toEqual(before)
      expect((await version('wine', { source: `mlflow-artifacts:/0/${run}/artifacts/m`, run_id: run })).status).toBe(
        200
      )
      expect(api.reported).toEqual([])
    })

    test('MRA18 tags of versions, at the edge of every limit', async () => {
      await model('wine')
      await version('wine')
      const set = (key: string, value?: string) =>
        api.post('model-versions/set-tag', { name: 'wine', version: '1', key, value })
      expect((await set('k'.repeat(250), 'v'.repeat(100_000))).status).toBe(200)
      expect((await set('k'.repeat(251), 'v')).status).toBe(400)
      expect((await set('k', 'v'.repeat(100_001))).status).toBe(400)
      expect(pick((await set('mlflow.prompt.text', 'v'.repeat(100_001))).json, 'message')).toBe(
        'Prompt text exceeds max length of 100000 characters.'
      )
      expect((await set('empty')).text).toBe('{}')
      const { json } = await api.get('model-versions/get', { name: 'wine', version: '1' })
      expect(pick(json, 'model_version', 'tags', 0)).toEqual({ key: 'empty', value: '' })
    })
  })

  describe('searches', () => {
    const search = (query: Record<string, string | readonly string[]> = {}) =>
      api.get('registered-models/search', query)
    const searchVersions = (query: Record<string, string | readonly string[]> = {}) =>
      api.get('model-versions/search', query)

    /** Models a, b, C, ä, the prompt p, in this order of time; versions a/1, a/2, b/1, p/1, with a/1 changed last, and b/2 deleted. */
    beforeEach(async () => {
      for (const name of ['b', 'a', 'C', 'ä']) {
        await model(name, name === 'C' ? {} : { tags: [{ key: 't', value: name }] })
        api.clock.now += 1
      }
      await model('p', { tags: [PROMPT] })
      for (const [name, more] of [
        ['a', { source: 's3://b/1', run_id: 'r1', tags: [{ key: 'k', value: 'v' }] }],
        ['a', { source: 's3://b/2', run_id: 'r2', tags: [{ key: 'k', value: 'w' }] }],
        ['b', { source: 's3://B/1', run_id: 'r1' }],
        ['p', { source: 'dummy-source', tags: [PROMPT] }],
        ['b', { source: 's3://b/9' }]
      ] as const) {
        await version(name, more)
        api.clock.now += 1
      }
      await send('DELETE', 'model-versions/delete', { name: 'b', version: '2' })
      api.clock.now += 1
      await send('PATCH', 'model-versions/update', { name: 'a', version: '1', description: 'x' })
    })

    test.each([
      ['', ['C', 'a', 'b', 'ä']],
      [`name = 'a'`, ['a']],
      [`name != 'a'`, ['C', 'b', 'ä']],
      [`name LIKE 'A%'`, []],
      [`name ilike 'A%'`, ['a']],
      [`name IN ('a', 'b')`, ['a', 'b']],
      [`name = 'a' OR name = 'b'`, ['a', 'b']],
      [`tags.t = 'a'`, ['a']],
      [`tag.t != 'a'`, ['b', 'ä']],
      [`tags.t != 'a' AND tags.t != 'b'`, ['ä']],
      [`tags.t IS NULL`, ['C']],
      ["tags.`mlflow.prompt.is_prompt` = 'true'", ['p']],
      ["tags.`mlflow.prompt.is_prompt` != 'false'", ['p']],
      ["tags.`mlflow.prompt.is_prompt` != 'true'", ['C', 'a', 'b', 'ä']],
      ["tags.`mlflow.prompt.is_prompt` = 'false'", ['C', 'a', 'b', 'ä']],
      ["tag.`mlflow.prompt.is_prompt` != 'true' AND name = 'a'", ['a']],
      [`name = 'p'`, []]
    ])('MRA19 models by %j', async (filter, found) => {
      expect(names(await search({ filter }))).toEqual(found)
    })

    test.each([
      [['name DESC'], ['ä', 'b', 'a', 'C']],
      [['timestamp'], ['C', 'ä', 'a', 'b']],
      [
        ['last_updated_timestamp DESC', 'name'],
        ['b', 'a', 'ä', 'C']
      ]
    ])('MRA20 models ordered by %j', async (order_by, found) => {
      expect(names(await search({ order_by }))).toEqual(found)
    })

    test('MRA21 pages of models', async () => {
      const first = await search({ max_results: '3' })
      expect(names(first)).toEqual(['C', 'a', 'b'])
      const token = pick(first.json, 'next_page_token') as string
      const second = await search({ max_results: '3', page_token: token })
      expect([names(second), Object.keys(second.json)]).toEqual([['ä'], ['registered_models']])
      // None is a number one may ask for, and there are more.
      const none = await search({ max_results: '0' })
      expect([none.status, Object.keys(none.json)]).toEqual([200, ['next_page_token']])
      expect((await search({ max_results: '1000' })).status).toBe(200)
      for (const max_results of ['1001', '-1', 'x']) expect((await search({ max_results })).status).toBe(400)
      expect((await search({ page_token: btoa('{"offset": 0}') })).status).toBe(400)
      expect((await api.post('registered-models/search', {})).status).toBe(405)
    })

    test.each([
      ['', ['a/1', 'b/1', 'a/2']],
      [`name = 'a'`, ['a/1', 'a/2']],
      [`run_id = 'r1'`, ['a/1', 'b/1']],
      [`run_id IN ('r1','r2')`, ['a/1', 'b/1', 'a/2']],
      [`source_path LIKE 's3://b/%'`, ['a/1', 'a/2']],
      [`source_path ILIKE 's3://b/%'`, ['a/1', 'b/1', 'a/2']],
      ['version_number > 1', ['a/2']],
      [`version_number = '1'`, ['a/1', 'b/1']],
      [`tags.k = 'v'`, ['a/1']],
      [`tags.k != 'v'`, ['a/2']],
      [`tags.k IS NULL`, ['b/1']],
      ["tags.`mlflow.prompt.is_prompt` = 'true'", ['p/1']],
      ["tags.`mlflow.prompt.is_prompt` != 'true'", ['a/1', 'b/1', 'a/2']],
      [`name = 'p'`, []]
    ])('MRA22 versions by %j', async (filter, found) => {
      expect(names(await searchVersions({ filter }))).toEqual(found)
    })

    test.each([
      [['name'], ['a/2', 'a/1', 'b/1']],
      [['version_number'], ['a/1', 'b/1', 'a/2']],
      [['creation_timestamp DESC'], ['b/1', 'a/2', 'a/1']],
      [
        ['version_number DESC', 'name DESC'],
        ['a/2', 'b/1', 'a/1']
      ]
    ])('MRA23 versions ordered by %j', async (order_by, found) => {
      expect(names(await searchVersions({ order_by }))).toEqual(found)
    })

    test('MRA24 pages of versions, which leave aliases out', async () => {
      await api.post('registered-models/alias', { name: 'a', alias: 'champ', version: '1' })
      const first = await searchVersions({ max_results: '2' })
      expect(names(first)).toEqual(['a/1', 'b/1'])
      expect(pick(first.json, 'model_versions', 0)).not.toHaveProperty('aliases')
      const page_token = pick(first.json, 'next_page_token') as string
      expect(names(await searchVersions({ max_results: '2', page_token }))).toEqual(['a/2'])
      expect((await searchVersions({ max_results: '200000' })).status).toBe(200)
      for (const max_results of ['200001', '0', '-1']) expect((await searchVersions({ max_results })).status).toBe(400)
    })

    test('MRA25 what cannot be read is a 400, also where MLflow answers 500', async () => {
      for (const filter of ['name IS NULL', `name = 'a`, 'OR', 'version = 1']) {
        expect([filter, (await search({ filter })).status]).toEqual([filter, 400])
        expect([filter, (await searchVersions({ filter })).status]).toEqual([filter, 400])
      }
      expect((await search({ order_by: ['name', 'name DESC'] })).status).toBe(400)
      expect((await searchVersions({ order_by: ['name', 'name'] })).status).toBe(400)
      expect(api.reported).toEqual([])
    })
  })
})
