/** Artifacts over HTTP: kept, listed, fetched, ranged, and never outside their root. Ids: API-A. */
import { beforeEach, describe, expect, test } from 'vitest'
import { LIMITS } from '#lib/domain/limits.ts'
import { ENGINES, dumpStore } from '../../support/engines.ts'
import { FILES, openApi, pick, type ApiClient } from './client.ts'
import { HOSTILE } from './hostile-paths.ts'

const IPV = 'INVALID_PARAMETER_VALUE'

/** Paths as they stand after `/artifacts/` in a URL; what a URL parser folds away by itself is tried as a query below. */
const BAD_URL_PATHS = [
  '',
  '/etc/passwd',
  '%2Fetc%2Fpasswd',
  'a//b',
  'a%2F%2Fb',
  '..%2Fpath',
  '%2E%2E%2Fpath',
  '%2E%2E%2F%2E%2E%2Fpath',
  '%252E%252E%252Fpath',
  '%25252e%25252e%25252fpath',
  'path%2F..%2Fto',
  'a%5Cb',
  '..%5Cpath',
  '%5C%5CServer%5CShare',
  'C:path',
  'C:%5Cpath',
  'a%23b',
  'a%2523b',
  'a;b',
  'a%3Bb',
  'a%00.jpg',
  'a%2500.jpg',
  'a%0Ab',
  'a%09b',
  'file:%2F%2Fetc%2Fpasswd',
  '%2%0952e%2%0952e/%2%0A52e%2%0A52e/path',
  `${'a'.repeat(256)}`,
  `${'a/'.repeat(1001)}b`
]

const GOOD_PATHS = [
  'path',
  'path/to/file',
  'dog%step%100%timestamp%100',
  '100%',
  'dog+step+100+timestamp+100',
  'sp ace',
  'ünï/文.txt',
  "it's(1)*.txt"
]

describe.each(ENGINES)('%s', (engine) => {
  let api: ApiClient
  let run: string
  let root: string
  beforeEach(async () => {
    api = await openApi(engine)
    run = await api.createRun()
    root = `0/${run}/artifacts`
  })

  const put = (path: string, body: BodyInit, init: RequestInit = {}) =>
    api.request(`${FILES}/${path}`, { method: 'PUT', body, ...init })
  const list = (path: string) => api.request(`${FILES}?path=${encodeURIComponent(path)}`)

  test('API-A1 put, get, list both ways, overwrite, delete', async () => {
    expect(await put(`${root}/a/x.json`, '{"n": 1}')).toMatchObject({ status: 200, text: '' })
    expect(await put(`${root}/a/`, 'x')).toMatchObject({ status: 400, json: { error_code: IPV } })
    expect((await put(`${root}/a/empty`, '')).status).toBe(200)
    expect((await put(`${root}/top.txt`, 'old')).status).toBe(200)
    expect((await put(`${root}/top.txt`, 'newer')).status).toBe(200)
    const got = await api.request(`${FILES}/${root}/top.txt`)
    expect([got.status, got.text]).toEqual([200, 'newer'])

    expect((await list(root)).json).toEqual({
      files: [
        { path: 'a', is_dir: true },
        { path: 'top.txt', is_dir: false, file_size: 5 }
      ]
    })
    expect((await list(`${root}/a/`)).json).toEqual({
      files: [
        { path: 'empty', is_dir: false },
        { path: 'x.json', is_dir: false, file_size: 8 }
      ]
    })
    expect(pick((await api.request(FILES)).json, 'files')).toEqual([{ path: '0', is_dir: true }])
    const byRun = await api.get('artifacts/list', { run_id: run, path: 'a' })
    expect(byRun.json).toEqual({
      root_uri: `mlflow-artifacts:/${root}`,
      files: [
        { path: 'a/empty', is_dir: false },
        { path: 'a/x.json', is_dir: false, file_size: 8 }
      ]
    })
    expect(pick((await api.get('artifacts/list', { run_uuid: run })).json, 'files', 0, 'path')).toBe('a')

    expect((await api.request(`${FILES}/${root}/a`, { method: 'DELETE' })).text).toBe('{}')
    expect((await list(`${root}/a`)).text).toBe('{}')
    expect((await api.request(`${FILES}/${root}/a`, { method: 'DELETE' })).text).toBe('{}')
  })

  test('API-A2 nothing there: empty lists, and a 404 for bytes', async () => {
    expect((await list('no/such')).text).toBe('{}')
    expect((await api.get('artifacts/list', { run_id: run })).json).toEqual({ root_uri: `mlflow-artifacts:/${root}` })
    await put(`${root}/d/f`, 'x')
    expect((await list(`${root}/d/f`)).text).toBe('{}')
    for (const [name, status, said] of [
      ['nope', 404, 'No such artifact'],
      ['d', 400, 'Artifact path refers to a directory, not a file']
    ] as const) {
      const message = `${said}: '${root}/${name}'`
      expect(await api.request(`${FILES}/${root}/${name}`)).toMatchObject({ status, json: { message } })
      const byRun = await api.request(`/get-artifact?run_id=${run}&path=${name}`)
      expect(byRun).toMatchObject({ status, json: { message } })
    }
  })

  test.each(GOOD_PATHS)('API-A3 path kept as it is: %s', async (path) => {
    const url = path.split('/').map(encodeURIComponent).join('/')
    expect((await put(`${root}/${url}`, path)).status).toBe(200)
    expect((await api.request(`${FILES}/${root}/${url}`)).text).toBe(path)
    const byRun = await api.request(`/get-artifact?${new URLSearchParams({ run_uuid: run, path })}`)
    expect([byRun.status, byRun.text]).toEqual([200, path])
    expect(pick((await list(root)).json, 'files', 0, 'path')).toBe(path.split('/')[0])
  })

  test.each(BAD_URL_PATHS)('API-A4 refused in a URL, nothing written: %s', async (path) => {
    const before = await dumpStore(api.store)
    for (const method of ['GET', 'PUT', 'DELETE']) {
      const answer = await api.request(`${FILES}/${path}`, { method, ...(method === 'PUT' && { body: 'x' }) })
      expect([method, answer.status, answer.json]).toEqual([method, 400, { error_code: IPV, message: 'Invalid path' }])
    }
    expect(await dumpStore(api.store)).toEqual(before)
    expect(await api.blobs.olderThan(Infinity)).toEqual([])
  })

  test.each(['a/../b', '../../b', '%2e%2e/b', 'a\\b', '.%2e/../../../../b'])(
    'API-A5 what the URL parser folds away lands inside the root or nowhere: %s',
    async (path) => {
      const answer = await put(path, 'x')
      expect([200, 404, 405]).toContain(answer.status)
      const rows = (await dumpStore(api.store))['runnel_artifacts'] as string[]
      for (const row of rows) expect(row).not.toMatch(/\.\.|%|\\\\/)
    }
  )

  test.each(HOSTILE)('API-A6 refused as a parameter: %j', async (path) => {
    const wire = encodeURIComponent(path)
    const urls = [
      `${FILES}?path=${wire}`,
      `/api/2.0/mlflow/artifacts/list?run_id=${run}&path=${wire}`,
      `/get-artifact?run_id=${run}&path=${wire}`
    ]
    for (const url of urls) {
      const answer = await api.request(url)
      expect([url, answer.status, answer.json]).toEqual([url, 400, { error_code: IPV, message: 'Invalid path' }])
    }
  })

  test('API-A7 headers: downloaded, never run, named right', async () => {
    await put(`${root}/page.html`, '<script>alert(1)</script>', { headers: { 'Content-Type': 'text/html' } })
    const page = await api.request(`${FILES}/${root}/page.html`)
    expect(Object.fromEntries(page.headers)).toMatchObject({
      'content-type': 'text/html; charset=utf-8',
      'content-disposition': 'attachment; filename=page.html',
      'content-security-policy': "sandbox; default-src 'none'",
      'x-content-type-options': 'nosniff',
      'content-length': '25'
    })
    await put(`${root}/${encodeURIComponent('é "q"\'.svg')}`, '<svg/>')
    const svg = await api.request(`${FILES}/${root}/${encodeURIComponent('é "q"\'.svg')}`)
    expect(svg.headers.get('content-type')).toBe('image/svg+xml')
    expect(svg.headers.get('content-disposition')).toBe(
      `attachment; filename="_ _q_'.svg"; filename*=UTF-8''%C3%A9%20%22q%22%27.svg`
    )
    await put(`${root}/MLmodel`, 'a: 1')
    await put(`${root}/weights.bin`, 'x', { headers: { 'Content-Type': 'text/html' } })
    expect((await api.request(`${FILES}/${root}/MLmodel`)).headers.get('content-type')).toBe(
      'text/plain; charset=utf-8'
    )
    expect((await api.request(`${FILES}/${root}/weights.bin`)).headers.get('content-type')).toBe(
      'application/octet-stream'
    )
  })

  test('API-A8 ranges and ETags, by proxy and by run', async () => {
    await put(`${root}/f.bin`, '0123456789')
    for (const url of [`${FILES}/${root}/f.bin`, `/get-artifact?run_id=${run}&path=f.bin`]) {
      const get = (headers: Record<string, string>, method = 'GET') => api.request(url, { method, headers })
      const whole = await get({})
      const etag = whole.headers.get('etag')!
      expect(etag).toMatch(/^"[0-9a-f]{64}"$/)
      expect((await get({ 'If-None-Match': `W/"x", ${etag}` })).status).toBe(304)
      const cases: [string, number, string, string | null][] = [
        ['bytes=0-3', 206, '0123', 'bytes 0-3/10'],
        ['bytes=8-', 206, '89', 'bytes 8-9/10'],
        ['bytes=-3', 206, '789', 'bytes 7-9/10'],
        ['bytes=-99', 206, '0123456789', 'bytes 0-9/10'],
        ['bytes=5-99', 206, '56789', 'bytes 5-9/10'],
        ['bytes=5-2', 200, '0123456789', null],
        ['bytes=0-1,4-5', 200, '0123456789', null],
        ['lines=1-2', 200, '0123456789', null]
      ]
      for (const [range, status, text, contentRange] of cases) {
        const answer = await get({ Range: range })
        expect([range, answer.status, answer.text, answer.headers.get('content-range')]).toEqual([
          range,
          status,
          text,
          contentRange
        ])
        expect(answer.headers.get('content-length')).toBe(String(text.length))
      }
      for (const range of ['bytes=10-', 'bytes=-0']) {
        const answer = await get({ Range: range })
        expect([answer.status, answer.headers.get('content-range'), answer.json['error_code']]).toEqual([
          416,
          'bytes */10',
          'BAD_REQUEST'
        ])
      }
      expect((await get({ Range: 'bytes=0-1', 'If-Range': etag })).status).toBe(206)
      expect((await get({ Range: 'bytes=0-1', 'If-Range': '"other"' })).status).toBe(200)
      const head = await get({}, 'HEAD')
      expect([head.status, head.text, head.headers.get('content-length')]).toEqual([200, '', '10'])
    }
    await put(`${root}/empty`, '')
    expect((await api.request(`${FILES}/${root}/empty`, { headers: { Range: 'bytes=0-' } })).status).toBe(416)
  })

  test('API-A9 a body that comes in parts, with no length said', async () => {
    const body = new ReadableStream({
      start(controller) {
        for (const part of ['one ', 'two']) controller.enqueue(new TextEncoder().encode(part))
        controller.close()
      }
    })
    const init: RequestInit & { duplex: 'half' } = { duplex: 'half' }
    expect((await put(`${root}/parts.txt`, body, init)).status).toBe(200)
    expect((await api.request(`${FILES}/${root}/parts.txt`)).text).toBe('one two')
  })

  test('API-A10 a body over the limit is refused, said or streamed', async () => {
    const before = await dumpStore(api.store)
    const said = await put(`${root}/big`, 'x', { headers: { 'Content-Length': String(LIMITS.requestBodyBytes + 1) } })
    const chunk = new Uint8Array(4 * 1024 * 1024)
    let sent = 0
    let cancelled = false
    const body = new ReadableStream<Uint8Array>({
      pull(controller) {
        sent += chunk.byteLength
        controller.enqueue(chunk)
        if (sent > 2 * LIMITS.requestBodyBytes) controller.close()
      },
      cancel() {
        cancelled = true
      }
    })
    const init: RequestInit & { duplex: 'half' } = { duplex: 'half' }
    const streamed = await put(`${root}/big`, body, init)
    for (const answer of [said, streamed])
      expect([answer.status, answer.json['error_code'], answer.json['message']]).toEqual([
        400,
        IPV,
        expect.stringContaining('67108864 bytes')
      ])
    expect(cancelled).toBe(true)
    expect(sent).toBeLessThan(LIMITS.requestBodyBytes + 3 * chunk.byteLength)
    expect(await dumpStore(api.store)).toEqual(before)
    expect(await api.blobs.olderThan(Infinity)).toEqual([])
  })

  test('API-A11 a file is no folder, a folder is no file', async () => {
    await put(`${root}/d/f`, 'x')
    const before = await dumpStore(api.store)
    for (const path of [`${root}/d`, `${root}/d/f/g`]) {
      const answer = await put(path, 'y')
      expect([answer.status, answer.json['error_code']]).toEqual([400, IPV])
    }
    expect(await dumpStore(api.store)).toEqual(before)
  })

  test('API-A12 a run whose artifacts are elsewhere says so', async () => {
    const created = await api.post('experiments/create', { name: 's3', artifact_location: 's3://bucket/x' })
    const other = await api.createRun({ experiment_id: pick(created.json, 'experiment_id') })
    const answer = await api.get('artifacts/list', { run_id: other })
    expect([answer.status, answer.json['error_code']]).toEqual([501, 'NOT_IMPLEMENTED'])
    expect(answer.json['message']).toContain('s3://bucket/x')
  })

  test('API-A13 runs and parameters are demanded', async () => {
    expect((await api.request('/get-artifact?path=x')).json['message']).toMatch(/parameter 'run_id'/)
    expect((await api.request(`/get-artifact?run_id=${run}`)).json['message']).toMatch(/parameter 'path'/)
    expect((await api.request('/get-artifact?run_id=nobody&path=x')).status).toBe(404)
    expect((await api.get('artifacts/list', { run_id: 'nobody' })).status).toBe(404)
  })
})
