import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { brotliDecompressSync, gunzipSync } from 'node:zlib'
import type { Hono } from 'hono'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createApp } from './app.ts'

const page = `<!doctype html><title>Runnel</title>${'<p>'.repeat(1000)}`
const script = `export const x = 1\n${'// words\n'.repeat(300)}`

let base: string
let app: Hono

beforeAll(async () => {
  base = await mkdtemp(join(tmpdir(), 'runnel-site-'))
  const files: Record<string, string> = {
    'site/index.html': page,
    'site/icon.svg': '<svg/>',
    'site/service-worker.js': 'self.x = 1',
    'site/runnel.js': script,
    'site/runnel@1.js': script,
    'site/runnel.d.ts': 'export {}',
    'site/_app/immutable/chunks/a.js': script,
    'site/_app/immutable/workers/store.worker-a.js': script,
    'site/_app/immutable/assets/sql.wasm': 'wasm',
    'site/.stamp': 'hidden',
    'site/.git/config': 'hidden',
    'secret.txt': 'secret',
    'site-beside/secret.txt': 'secret'
  }
  for (const [path, text] of Object.entries(files)) {
    await mkdir(join(base, path, '..'), { recursive: true })
    await writeFile(join(base, path), text)
  }
  app = createApp(join(base, 'site'))
})

afterAll(() => rm(base, { recursive: true, force: true }))

const get = (path: string, headers: Record<string, string> = {}, method = 'GET'): Promise<Response> =>
  Promise.resolve(
    app.request(`http://127.0.0.1:5000${path}`, { method, headers: { Host: '127.0.0.1:5000', ...headers } })
  )

const html = { Accept: 'text/html,application/xhtml+xml' }

describe('pages', () => {
  it.each(['/', '/experiments/1', '/runs/a.b', '/bridge-not'])(
    '%s is the app, and nobody may frame it',
    async (path) => {
      const response = await get(path, html)
      expect([response.status, await response.text()]).toEqual([200, page])
      expect(Object.fromEntries(response.headers)).toMatchObject({
        'content-type': 'text/html; charset=utf-8',
        'content-security-policy': "frame-ancestors 'none'",
        'x-frame-options': 'DENY',
        'cache-control': 'no-cache',
        'x-content-type-options': 'nosniff',
        'referrer-policy': 'no-referrer'
      })
      expect(response.headers.get('cross-origin-embedder-policy')).toBe(null)
    }
  )

  it.each(['/bridge', '/bridge/', '/bridge?v=1'])(
    '%s may be framed by anybody, cross-origin isolated pages too',
    async (path) => {
      const { headers } = await get(path, html)
      expect(Object.fromEntries(headers)).toMatchObject({
        'content-security-policy': 'frame-ancestors *',
        'cross-origin-embedder-policy': 'credentialless',
        'cross-origin-resource-policy': 'cross-origin'
      })
      expect(headers.get('x-frame-options')).toBe(null)
    }
  )

  it('a missing file is a 404 to whoever does not ask for a page, and a missing script to everybody', async () => {
    expect((await get('/experiments/1', { Accept: '*/*' })).status).toBe(404)
    expect((await get('/_app/immutable/chunks/gone.js', html)).status).toBe(404)
  })
})

describe('files', () => {
  it('hashed ones are kept for good, the service worker is asked for each time', async () => {
    expect((await get('/_app/immutable/chunks/a.js')).headers.get('cache-control')).toBe(
      'public, max-age=31536000, immutable'
    )
    expect((await get('/service-worker.js')).headers.get('cache-control')).toBe('no-cache')
  })

  it('a worker’s script says what the worker may do: wasm, and its own origin', async () => {
    const { headers } = await get('/_app/immutable/chunks/a.js')
    expect(headers.get('content-security-policy')).toContain("script-src 'self' 'wasm-unsafe-eval'")
    expect(headers.get('content-security-policy')).toContain("connect-src 'self';")
    expect(headers.get('cross-origin-embedder-policy')).toBe('credentialless')
  })

  it('the store’s worker reaches other hosts, to share through them, and loads no script of theirs', async () => {
    const policy = (await get('/_app/immutable/workers/store.worker-a.js')).headers.get('content-security-policy')
    expect(policy).toContain("connect-src 'self' http: https: ws: wss:;")
    expect(policy).toContain("script-src 'self' 'wasm-unsafe-eval';")
    expect(policy).toContain("default-src 'none'")
  })

  it('wasm has its own type, so that it compiles while it streams', async () => {
    expect((await get('/_app/immutable/assets/sql.wasm')).headers.get('content-type')).toBe('application/wasm')
  })

  it.each(['/runnel.js', '/runnel@1.js', '/runnel%401.js'])(
    '%s can be imported from any origin, and again when the host is gone',
    async (path) => {
      const response = await get(path)
      expect(await response.text()).toBe(script)
      expect(Object.fromEntries(response.headers)).toMatchObject({
        'content-type': 'text/javascript; charset=utf-8',
        'access-control-allow-origin': '*',
        'cross-origin-resource-policy': 'cross-origin',
        'cache-control': 'public, max-age=60, stale-while-revalidate=2592000'
      })
    }
  )

  it('only the published files are open to other origins', async () => {
    expect((await get('/runnel.d.ts')).headers.get('access-control-allow-origin')).toBe('*')
    for (const path of ['/icon.svg', '/_app/immutable/chunks/a.js', '/service-worker.js']) {
      const { headers } = await get(path)
      expect([path, headers.get('access-control-allow-origin'), headers.get('cross-origin-resource-policy')]).toEqual([
        path,
        null,
        'same-origin'
      ])
    }
  })

  it('no answer ever carries a Cross-Origin-Opener-Policy', async () => {
    for (const path of ['/', '/bridge', '/runnel.js', '/api/x', '/gone.txt']) {
      expect((await get(path, html)).headers.get('cross-origin-opener-policy')).toBe(null)
    }
  })

  it('are sent encoded as the reader can take them', async () => {
    const read = async (accepted: string): Promise<[string | null, Buffer]> => {
      const response = await get('/runnel.js', { 'Accept-Encoding': accepted })
      expect(response.headers.get('vary')).toBe('Accept-Encoding')
      return [response.headers.get('content-encoding'), Buffer.from(await response.arrayBuffer())]
    }
    const [br, brBytes] = await read('gzip, deflate, br, zstd')
    const [gz, gzBytes] = await read('gzip')
    expect([br, brotliDecompressSync(brBytes).toString()]).toEqual(['br', script])
    expect([gz, gunzipSync(gzBytes).toString()]).toEqual(['gzip', script])
    expect((await read('identity'))[0]).toBe(null)
    expect((await read('br;q=0, gzip;q=0.0'))[0]).toBe(null)
  })

  it('a known ETag is answered without a body, per encoding', async () => {
    for (const encoding of ['identity', 'gzip', 'br']) {
      const first = await get('/runnel.js', { 'Accept-Encoding': encoding })
      const etag = first.headers.get('etag') ?? ''
      const again = await get('/runnel.js', { 'Accept-Encoding': encoding, 'If-None-Match': `"other", W/${etag}` })
      expect([again.status, await again.text(), again.headers.get('etag')]).toEqual([304, '', etag])
      expect((await get('/runnel.js', { 'Accept-Encoding': encoding, 'If-None-Match': '"other"' })).status).toBe(200)
    }
  })

  it('HEAD says what GET would, without the body', async () => {
    for (const path of ['/', '/runnel.js', '/gone.txt']) {
      const [head, whole] = [await get(path, {}, 'HEAD'), await get(path)]
      expect([head.status, await head.text()]).toEqual([whole.status, ''])
      expect(head.headers.get('content-length')).toBe(whole.headers.get('content-length'))
      expect(head.headers.get('etag')).toBe(whole.headers.get('etag'))
    }
  })

  it('a rebuilt file is served at once', async () => {
    const before = await get('/icon.svg')
    await writeFile(join(base, 'site/icon.svg'), '<svg id="new"/>')
    const after = await get('/icon.svg')
    expect(await after.text()).toBe('<svg id="new"/>')
    expect(after.headers.get('etag')).not.toBe(before.headers.get('etag'))
  })

  it('nothing but GET and HEAD', async () => {
    const response = await get('/icon.svg', {}, 'POST')
    expect([response.status, response.headers.get('allow')]).toEqual([405, 'GET, HEAD'])
  })
})

describe('paths that leave the site', () => {
  it.each([
    '/../secret.txt',
    '/%2e%2e/secret.txt',
    '/..%2fsecret.txt',
    '/%2e%2e%2fsecret.txt',
    '/..%5csecret.txt',
    '/_app/../../secret.txt',
    '/_app/..%2f..%2fsecret.txt',
    '/..%2fsite-beside/secret.txt',
    '/%252e%252e/secret.txt',
    '/icon.svg%00.txt',
    '/%00',
    '//etc/passwd',
    '/%2fetc/passwd',
    '/C:%5cwindows',
    '/%',
    '/%ff',
    '/.stamp',
    '/.git/config',
    '/_app',
    '/_app/'
  ])('%s is not found', async (path) => {
    // A raw Request keeps what URL parsing would tidy away only in its encoded spellings; both must fail.
    const response = await get(path, { Accept: '*/*' })
    expect(response.status).toBe(404)
    expect(await response.text()).not.toMatch(/secret|hidden/)
  })
})

describe('the store’s paths', () => {
  it.each([
    '/api/2.0/mlflow/experiments/search',
    '/ajax-api/2.0/mlflow/runs/get',
    '/api/2.0/mlflow-artifacts/artifacts',
    '/get-artifact?path=x',
    '/health',
    '/version'
  ])('%s says where the store is, in a status that no client retries', async (path) => {
    for (const method of ['GET', 'POST']) {
      const response = await get(path, {}, method)
      expect(response.status).toBe(501)
      expect(await response.json()).toMatchObject({
        error_code: 'NOT_IMPLEMENTED',
        message: expect.stringContaining('browser tab') as unknown
      })
      expect(response.headers.get('access-control-allow-origin')).toBe(null)
    }
  })

  it.each(['/api', '/api/', '/api/2.0/nothing', '/ajax-api/x'])('%s is an unknown endpoint', async (path) => {
    const response = await get(path, html, 'POST')
    expect([response.status, await response.json()]).toMatchObject([404, { error_code: 'ENDPOINT_NOT_FOUND' }])
  })
})

describe('the Host header', () => {
  it.each(['127.0.0.1', '127.0.0.1:5000', 'localhost:8080', 'LOCALHOST', '[::1]:5000'])('%s is us', async (host) => {
    expect((await get('/', { Host: host })).status).toBe(200)
  })

  it.each([
    'evil.test',
    'evil.test:5000',
    'localhost.evil.test',
    '127.0.0.1.evil.test',
    '127.0.0.1:5000.evil.test',
    '0.0.0.0:5000',
    '[::1',
    ''
  ])('%s is a name rebound to us, and refused', async (host) => {
    for (const path of ['/', '/runnel.js', '/api/2.0/mlflow/runs/get']) {
      const response = await get(path, { Host: host })
      expect([response.status, response.headers.get('content-type')]).toEqual([403, 'text/plain; charset=UTF-8'])
      expect(response.headers.get('x-content-type-options')).toBe('nosniff')
    }
  })
})
