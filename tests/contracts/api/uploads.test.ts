/** Uploads in parts, uploads by run, and the files of models and versions. Ids: API-U. */
import { beforeEach, describe, expect, test, vi } from 'vitest'
import { RunnelError } from '#lib/domain/errors.ts'
import { LIMITS } from '#lib/domain/limits.ts'
import { PART_PATH } from '#lib/api/routes/uploads.ts'
import { ENGINES, dumpStore } from '../../support/engines.ts'
import { FILES, openApi, pick, type Answer, type ApiClient, type JsonObject } from './client.ts'

const MPU = '/api/2.0/mlflow-artifacts/mpu'
const UPLOAD = '/ajax-api/2.0/mlflow/upload-artifact'
const IPV = 'INVALID_PARAMETER_VALUE'

interface Part {
  readonly part_number: number
  readonly etag: string | null
  readonly url: string
}

describe.each(ENGINES)('%s', (engine) => {
  let api: ApiClient
  let folder: string
  beforeEach(async () => {
    api = await openApi(engine)
    folder = `0/${await api.createRun()}/artifacts`
  })

  const mpu = (verb: string, body: JsonObject | Record<string, unknown>, at = folder) =>
    api.request(`${MPU}/${verb}/${at}`, {
      method: 'POST',
      headers: { 'Content-Type': 'application/json' },
      body: JSON.stringify(body)
    })
  const create = async (count: number, path = '/home/me/weights.bin') => {
    const { json } = await mpu('create', { path, num_parts: count })
    const credentials = pick(json, 'credentials') as unknown as { url: string; part_number: number; headers: object }[]
    return { uploadId: json['upload_id'] as string, credentials }
  }
  const putPart = (url: string, body: BodyInit) => api.request(url, { method: 'PUT', body })
  const sendAll = async (texts: readonly string[]): Promise<{ uploadId: string; parts: Part[] }> => {
    const { uploadId, credentials } = await create(texts.length)
    const parts = await Promise.all(
      credentials.map(async ({ url, part_number }) => {
        const { headers } = await putPart(url, texts[part_number - 1]!)
        return { part_number, etag: headers.get('etag'), url }
      })
    )
    return { uploadId, parts }
  }
  const complete = (uploadId: string, parts: readonly unknown[], path = '/home/me/weights.bin') =>
    mpu('complete', { path, upload_id: uploadId, parts })
  const refused = ({ status, json }: Answer) => [status, json['error_code']]

  test('API-U1 created, sent in any order, completed: the file stands there, and nothing else is left', async () => {
    const { uploadId, credentials } = await create(3)
    expect(uploadId).toMatch(/^[0-9a-f]{64}$/)
    expect(credentials.map(({ part_number, headers }) => [part_number, headers])).toEqual([1, 2, 3].map((n) => [n, {}]))
    for (const { url } of credentials) {
      expect(new URL(url).origin).toBe('http://localhost')
      expect(new URL(url).pathname).toMatch(PART_PATH)
    }
    const etags = new Map<number, string | null>()
    for (const index of [2, 0, 1]) {
      const { url, part_number } = credentials[index]!
      const answer = await putPart(url, `part ${part_number};`)
      expect([answer.status, answer.text]).toEqual([200, ''])
      etags.set(part_number, answer.headers.get('etag'))
    }
    expect((await api.request(`${FILES}/${folder}/weights.bin`)).status).toBe(404)
    const parts = [3, 1, 2].map((n) => ({ part_number: n, etag: etags.get(n), url: 'x' }))
    const answer = await complete(uploadId, parts)
    expect([answer.status, answer.text]).toEqual([200, '{}'])
    expect((await api.request(`${FILES}/${folder}/weights.bin`)).text).toBe('part 1;part 2;part 3;')
    const dump = await dumpStore(api.store)
    expect([dump['runnel_uploads'], dump['runnel_upload_parts']]).toEqual([[], []])
  })

  test('API-U2 one part, a part sent twice, a file that was there before', async () => {
    await api.request(`${FILES}/${folder}/weights.bin`, { method: 'PUT', body: 'old' })
    const { uploadId, credentials } = await create(1)
    await putPart(credentials[0]!.url, 'broken')
    const { headers } = await putPart(credentials[0]!.url, 'sent again')
    await complete(uploadId, [{ part_number: 1, etag: headers.get('etag') }])
    expect((await api.request(`${FILES}/${folder}/weights.bin`)).text).toBe('sent again')
  })

  test('API-U3 a completion that does not fit what was sent is refused, and can be made right', async () => {
    const { uploadId, parts } = await sendAll(['one', 'two', 'three'])
    const [one, two, three] = parts as [Part, Part, Part]
    const wrong: unknown[][] = [
      [one, two],
      [one, three],
      [two, three],
      [one, two, three, three],
      [one, one, two],
      [one, two, { ...three, etag: one.etag }],
      [one, two, { ...three, etag: '"nonsense"' }],
      [one, two, three, { ...three, part_number: 4 }],
      [{ ...one, part_number: 0 }, two, three],
      [one, two, { part_number: 3 }],
      [one, two, { etag: three.etag }],
      ['text']
    ]
    for (const named of wrong) expect([named, ...refused(await complete(uploadId, named))]).toEqual([named, 400, IPV])
    expect((await complete(uploadId, [])).json['message']).toMatch(/^Missing value for required parameter 'parts'/)
    expect((await api.request(`${FILES}/${folder}/weights.bin`)).status).toBe(404)
    expect((await complete(uploadId, parts)).status).toBe(200)
    expect((await api.request(`${FILES}/${folder}/weights.bin`)).text).toBe('onetwothree')
    expect(refused(await complete(uploadId, parts))).toEqual([404, 'RESOURCE_DOES_NOT_EXIST'])
  })

  test('API-U4 an id opens only its own upload, at its own path', async () => {
    const { uploadId, parts } = await sendAll(['x'])
    const other = await create(1, 'other.bin')
    expect(refused(await complete(uploadId, parts, 'elsewhere.bin'))).toEqual([404, 'RESOURCE_DOES_NOT_EXIST'])
    expect(refused(await complete('0'.repeat(64), parts))).toEqual([404, 'RESOURCE_DOES_NOT_EXIST'])
    expect(refused(await complete(other.uploadId, parts, 'other.bin'))).toEqual([400, IPV])
    expect((await mpu('abort', { path: 'elsewhere.bin', upload_id: uploadId })).status).toBe(200)
    expect((await complete(uploadId, parts)).status).toBe(200)
    const before = await api.blobs.olderThan(Infinity)
    const stray = other.credentials[0]!.url.replace(other.uploadId, 'f'.repeat(64))
    expect(refused(await putPart(stray, 'nobody knows this'))).toEqual([404, 'RESOURCE_DOES_NOT_EXIST'])
    expect(await api.blobs.olderThan(Infinity)).toEqual(before)
    for (const number of ['0', '10001', '-1', '1e3', 'x', '00000'])
      expect([number, (await putPart(other.credentials[0]!.url.replace(/1$/, number), 'x')).status]).toEqual([
        number,
        400
      ])
    expect((await api.request(other.credentials[0]!.url)).status).toBe(405)
  })

  test('API-U5 aborted, and aborted again: parts are forgotten', async () => {
    const { uploadId, parts } = await sendAll(['one', 'two'])
    for (let i = 0; i < 2; i++) {
      const answer = await mpu('abort', { path: 'weights.bin', upload_id: uploadId })
      expect([answer.status, answer.text]).toEqual([200, '{}'])
    }
    expect((await dumpStore(api.store))['runnel_upload_parts']).toEqual([])
    expect((await complete(uploadId, parts)).status).toBe(404)
    expect((await putPart(parts[0]!.url, 'late')).status).toBe(404)
    api.clock.now += 3_600_000
    expect(await api.store.sweepBlobs()).toBe(6)
  })

  test('API-U6 parts outlive sweeps while their upload lives, and go with it after a day', async () => {
    const { uploadId, parts } = await sendAll(['one', 'two'])
    api.clock.now += LIMITS.uploadKeptMs
    expect(await api.store.sweepBlobs()).toBe(0)
    const second = await sendAll(['three'])
    api.clock.now += 1_000_000
    expect(await api.store.sweepBlobs()).toBe(6)
    expect((await complete(uploadId, parts)).status).toBe(404)
    expect((await complete(second.uploadId, second.parts)).status).toBe(200)
    api.clock.now += 10 * LIMITS.uploadKeptMs
    expect(await api.store.sweepBlobs()).toBe(0)
    expect((await api.request(`${FILES}/${folder}/weights.bin`)).text).toBe('three')
  })

  test('API-U7 creations: how many parts, of what, seen from where', async () => {
    for (const [body, message] of [
      [{ num_parts: 1 }, /^Missing value for required parameter 'path'/],
      [{ path: 'x' }, /^Missing value for required parameter 'num_parts'/],
      [{ path: 'x', num_parts: 0 }, /from 1 to 10000 parts/],
      [{ path: 'x', num_parts: 10_001 }, /from 1 to 10000 parts/],
      [{ path: 'x', num_parts: 'many' }, /num_parts/]
    ] as const) {
      const answer = await mpu('create', body)
      expect([body, ...refused(answer)]).toEqual([body, 400, IPV])
      expect(answer.json['message']).toMatch(message)
    }
    const behindTls = await api.request(`http://runnel.example:8443${MPU}/create/${folder}`, {
      method: 'POST',
      headers: { 'Content-Type': 'application/json', 'X-Forwarded-Proto': 'https' },
      body: '{"path": "x", "num_parts": 1}'
    })
    expect(pick(behindTls.json, 'credentials', 0, 'url')).toMatch(/^https:\/\/runnel\.example:8443\/api\/2\.0\//)
    expect((await dumpStore(api.store))['runnel_uploads']).toHaveLength(1)
  })

  test('API-U8 parts that are too large together are refused; where they go must be free', async () => {
    const big = 'x'.repeat(40 * 1024 * 1024)
    const { uploadId, parts } = await sendAll([big, big])
    const answer = await complete(uploadId, parts)
    expect([...refused(answer), answer.json['message']]).toEqual([400, IPV, expect.stringContaining('67108864 bytes')])
    await mpu('abort', { path: 'weights.bin', upload_id: uploadId })
    const small = await sendAll(['x'])
    await api.request(`${FILES}/${folder}/weights.bin/inside`, { method: 'PUT', body: 'a file in a folder' })
    expect(refused(await complete(small.uploadId, small.parts))).toEqual([400, IPV])
  })

  test('API-U9 asked twice at once, one join answers both', async () => {
    const { uploadId, parts } = await sendAll(['one', 'two'])
    const answers = await Promise.all([complete(uploadId, parts), complete(uploadId, parts), complete(uploadId, parts)])
    expect(answers.map(({ status }) => status)).toEqual([200, 200, 200])
  })

  test('API-U14 asked at once for another path, the join answers its own alone', async () => {
    const { uploadId, parts } = await sendAll(['a', 'b'])
    const answers = await Promise.all([complete(uploadId, parts), complete(uploadId, parts, '/home/me/other.bin')])
    expect(answers.map(({ status }) => status)).toEqual([200, 404])
  })

  test('API-U12 a part that is replaced while they are joined: nothing is made of what it was', async () => {
    const { uploadId, parts } = await sendAll(['a', 'b'])
    const put = api.blobs.put.bind(api.blobs)
    vi.spyOn(api.blobs, 'put').mockImplementationOnce(async (source) => {
      const joined = await put(source)
      await putPart(parts[1]!.url, 'c')
      return joined
    })
    expect(refused(await complete(uploadId, parts))).toEqual([400, IPV])
    expect((await api.request(`${FILES}/${folder}/weights.bin`)).status).toBe(404)
    const { headers } = await putPart(parts[1]!.url, 'b')
    expect((await complete(uploadId, [parts[0], { part_number: 2, etag: headers.get('etag') }])).text).toBe('{}')
    expect((await api.request(`${FILES}/${folder}/weights.bin`)).text).toBe('ab')
  })

  test('API-U13 on a full disk files are deleted and uploads given up', async () => {
    await api.request(`${FILES}/${folder}/old.bin`, { method: 'PUT', body: 'x' })
    const { uploadId } = await sendAll(['a'])
    api.journal.sparesDeletions = true
    api.journal.failWith(new RunnelError('RESOURCE_EXHAUSTED', 'full'))
    expect((await api.request(`${FILES}/${folder}/old.bin`, { method: 'DELETE' })).status).toBe(200)
    expect((await mpu('abort', { path: 'weights.bin', upload_id: uploadId })).status).toBe(200)
    expect((await dumpStore(api.store))['runnel_uploads']).toEqual([])
  })

  test('API-U10 upload by run: MLflow’s checks in MLflow’s order', async () => {
    const run = folder.split('/')[1]!
    const upload = (query: string, body: BodyInit | null, method = 'POST') =>
      api.request(`${UPLOAD}?${query}`, { method, ...(body !== null && { body }) })
    const cases: [string, BodyInit | null, number, string][] = [
      ['', null, 400, 'Request must specify run_uuid.'],
      ['run_id=' + run, 'x', 400, 'Request must specify run_uuid.'],
      [`run_uuid=${run}`, null, 400, 'Request must specify path.'],
      ['run_uuid=nobody&path=../x', null, 400, 'Invalid path'],
      ['run_uuid=nobody&path=x', null, 400, 'Request must specify data.'],
      ['run_uuid=nobody&path=x', 'x', 404, 'Run with id=nobody not found'],
      [
        'run_uuid=nobody&path=x',
        'x'.repeat(LIMITS.uploadArtifactBytes + 1),
        400,
        'Artifact size is too large. Max size is 10MB.'
      ]
    ]
    for (const [query, body, status, message] of cases) {
      const answer = await upload(query, body)
      expect([query, answer.status, answer.json['message']]).toEqual([query, status, message])
    }
    const answer = await upload(`run_uuid=${run}&path=a/b.txt`, 'x'.repeat(LIMITS.uploadArtifactBytes))
    expect([answer.status, answer.text, answer.headers.get('content-type')]).toEqual([200, '', 'application/json'])
    expect((await api.request(`/get-artifact?run_id=${run}&path=a/b.txt`)).headers.get('content-length')).toBe(
      '10485760'
    )
    expect((await upload('', null, 'PUT')).status).toBe(405)
    expect(
      (await api.request(`/api/2.0/mlflow/upload-artifact?run_uuid=${run}&path=x`, { method: 'POST', body: 'x' }))
        .status
    ).toBe(404)
  })

  test('API-U11 files of a logged model and of a version: listed, fetched, ranged', async () => {
    const made = await api.post('logged-models', { experiment_id: '0', name: 'm' })
    const id = pick(made.json, 'model', 'info', 'model_id') as string
    const uri = pick(made.json, 'model', 'info', 'artifact_uri') as string
    const root = uri.replace('mlflow-artifacts:/', '')
    await api.request(`${FILES}/${root}/MLmodel`, { method: 'PUT', body: 'flavors: {}' })
    await api.request(`${FILES}/${root}/data/w.bin`, { method: 'PUT', body: '0123456789' })
    const list = (query: Record<string, string> = {}) => api.get(`logged-models/${id}/artifacts/directories`, query)
    expect((await list()).json).toEqual({
      root_uri: uri,
      files: [
        { path: 'MLmodel', is_dir: false, file_size: 11 },
        { path: 'data', is_dir: true }
      ]
    })
    expect(pick((await list({ artifact_directory_path: 'data' })).json, 'files', 0, 'path')).toBe('data/w.bin')
    await api.post('registered-models/create', { name: 'reg' })
    await api.post('model-versions/create', { name: 'reg', source: uri, model_id: id })
    const urls = [
      `/ajax-api/2.0/mlflow/logged-models/${id}/artifacts/files?artifact_file_path=data/w.bin`,
      '/model-versions/get-artifact?name=reg&version=1&path=data/w.bin'
    ]
    for (const url of urls) {
      const whole = await api.request(url)
      expect([url, whole.status, whole.text]).toEqual([url, 200, '0123456789'])
      expect(whole.headers.get('content-disposition')).toBe('attachment; filename=w.bin')
      const part = await api.request(url, { headers: { Range: 'bytes=2-4' } })
      expect([part.status, part.text]).toEqual([206, '234'])
      expect((await api.request(url, { headers: { 'If-None-Match': whole.headers.get('etag')! } })).status).toBe(304)
      expect((await api.request(url, { method: 'HEAD' })).headers.get('content-length')).toBe('10')
      expect((await api.request(url, { method: 'POST' })).status).toBe(405)
      expect((await api.request(url.replace('w.bin', 'none'))).json['message']).toMatch(
        /^No such artifact: .*data\/none'?$/
      )
    }
    const files = '/ajax-api/2.0/mlflow/logged-models'
    const cases: [string, number, RegExp][] = [
      [`${files}/${id}/artifacts/files`, 400, /^Request must include the "artifact_file_path" query parameter\.$/],
      [`${files}/m-none/artifacts/files?artifact_file_path=x`, 404, /^Logged model with ID 'm-none' not found/],
      [`${files}/a%20b/artifacts/directories`, 404, /^Logged model with ID 'a b' not found/],
      ['/model-versions/get-artifact?name=reg&version=9&path=x', 404, /Version=9|version 9/i],
      ['/model-versions/get-artifact?name=reg&version=x&path=x', 400, /version/],
      ['/model-versions/get-artifact?name=reg&version=1', 400, /path/]
    ]
    for (const [url, status, message] of cases) {
      const answer = await api.request(url)
      expect([url, answer.status, answer.json['message']]).toEqual([url, status, expect.stringMatching(message)])
    }
    expect(api.reported).toEqual([])
  })
})
