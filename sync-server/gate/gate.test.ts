import { describe, expect, it } from 'vitest'
import { createApi } from '#lib/api/app.ts'
import { openTestStore } from '../../tests/support/engines.ts'
import { createGate, type Gate, type GateConfig, type Knock, type Verdict } from './gate.ts'
import { partOf } from '../paths.ts'
import { createRateLimit } from './rate-limit.ts'

const TOKEN = 'the-token'

const gateOf = (config: Partial<GateConfig> = {}): Gate =>
  createGate({ allowedHosts: null, allowedOrigins: [], token: null, rate: { perSecond: 0, burst: 0 }, ...config })

interface Asked extends Partial<Omit<Knock, 'header'>> {
  readonly headers?: Readonly<Record<string, string>>
}

const knock = ({ headers = {}, ...parts }: Asked = {}): Knock => {
  const all: Readonly<Record<string, string>> = { host: '127.0.0.1:5000', ...headers }
  return {
    kind: 'request',
    method: 'GET',
    path: '/api/2.0/mlflow/experiments/search',
    remoteAddress: '127.0.0.1',
    ...parts,
    header: (name) => all[name] ?? null
  }
}

const statusOf = (verdict: Verdict): number => (verdict.isAllowed ? 200 : verdict.response.status)

const bodyOf = async (verdict: Verdict): Promise<string> => (verdict.isAllowed ? '' : verdict.response.text())

describe('the routes behind the gate', () => {
  it('[GA1] every route of the api needs the token, all but /health and /version', async () => {
    const { store } = await openTestStore('node:sqlite')
    const routes = createApi(store, { version: '1' }).routes.map(({ method, path }) => ({
      method: method === 'ALL' ? 'GET' : method,
      path: path.replace(/:[^/]+(\{[^}]*\})?/g, 'x').replace('*', 'x')
    }))
    expect(routes.length).toBeGreaterThan(50)
    const gate = gateOf({ token: TOKEN })
    const open = routes.filter((route) => gate(knock(route)).isAllowed).map(({ path }) => path)
    expect([...new Set(open)].sort()).toEqual(['/health', '/version'])
  })

  it('[GA2] every socket needs the token, wherever it knocks', () => {
    const gate = gateOf({ token: TOKEN })
    for (const path of ['/live', '/health', '/', '/index.html'])
      expect(statusOf(gate(knock({ kind: 'socket', path })))).toBe(401)
  })

  it('[GA3] pages, what the host says of itself and /health do not', () => {
    const gate = gateOf({ token: TOKEN })
    for (const path of ['/', '/runnel.js', '/runnel-host.json', '/health', '/version', '/experiments/1'])
      expect(gate(knock({ path })).isAllowed).toBe(true)
  })

  it('[GA4] a path that a router might decode into one of the api is a page, where no data is', () => {
    for (const path of ['/%61pi/2.0/mlflow/runs/get', '//api/2.0/mlflow/runs/get', '/API/2.0', '/./api/2.0', '/apis'])
      expect([path, partOf(path)]).toEqual([path, 'site'])
    for (const path of ['/api', '/api/', '/ajax-api/x', '/get-artifact', '/graphql', '/v1/traces'])
      expect([path, partOf(path)]).toEqual([path, 'api'])
  })
})

describe('the token', () => {
  const shows = (authorization: string, kind: Knock['kind'] = 'request'): number =>
    statusOf(gateOf({ token: TOKEN })(knock({ kind, headers: { authorization } })))
  const basic = (pair: string): string => `Basic ${Buffer.from(pair).toString('base64')}`

  it('[GA5] is taken as a bearer’s and as anybody’s password', () => {
    for (const authorization of [`Bearer ${TOKEN}`, `bearer  ${TOKEN}`, basic(`me:${TOKEN}`), basic(`:${TOKEN}`)])
      expect(shows(authorization)).toBe(200)
    const near = [TOKEN, `Bearer ${TOKEN}x`, `Bearer ${TOKEN.slice(1)}`, 'Bearer ', `Digest ${TOKEN}`]
    for (const authorization of [...near, basic(TOKEN), basic(`${TOKEN}:me`), basic(`me:${TOKEN} `), ''])
      expect([authorization, shows(authorization)]).toEqual([authorization, 401])
  })

  it('[GA6] of a socket is a protocol beside its own, as browsers set no header there', () => {
    const gate = gateOf({ token: TOKEN })
    const asks = (kind: Knock['kind'], protocols: string) =>
      statusOf(gate(knock({ kind, headers: { 'sec-websocket-protocol': protocols } })))
    const shown = `runnel.v1, runnel.token.${Buffer.from(TOKEN).toString('base64url')}`
    expect(asks('socket', shown)).toBe(200)
    expect(asks('socket', 'runnel.v1, runnel.token.eA')).toBe(401)
    expect(asks('request', shown)).toBe(401)
    expect(shows(`Bearer ${TOKEN}`, 'socket')).toBe(200)
  })

  it('[GA20] a part of an upload shows the upload’s id instead, and that opens nothing else', () => {
    const gate = gateOf({ token: TOKEN })
    const part = `/api/2.0/mlflow-artifacts/mpu/parts/${'a1'.repeat(32)}/1`
    const ask = (method: string, path: string, kind: Knock['kind'] = 'request') =>
      gate(knock({ kind, method, path })).isAllowed
    expect(ask('PUT', part)).toBe(true)
    expect(ask('PUT', part, 'socket')).toBe(false)
    for (const method of ['GET', 'POST', 'DELETE', 'PATCH'])
      expect([method, ask(method, part)]).toEqual([method, false])
    for (const path of [`${part}/x`, part.slice(0, -3), part.replace('parts', 'create'), `${part}/../..`, `${part}%2f`])
      expect([path, ask('PUT', path)]).toEqual([path, false])
  })

  it('[GA7] missing: MLflow’s error, and a challenge at which no browser asks for a password to keep', async () => {
    const verdict = gateOf({ token: TOKEN })(knock())
    if (verdict.isAllowed) throw new Error('allowed')
    expect(verdict.response.headers.get('www-authenticate')).toMatch(/^Bearer/)
    expect(await verdict.response.json()).toMatchObject({ error_code: 'UNAUTHENTICATED' })
  })
})

describe('the Host header', () => {
  const names = (host: string, config: Partial<GateConfig> = {}, path = '/'): boolean =>
    gateOf(config)(knock({ path, headers: { host } })).isAllowed

  it.each([
    'localhost',
    'LOCALHOST:80',
    '127.0.0.1:5000',
    '[::1]:5000',
    '0.0.0.0:1',
    '10.1.2.3',
    '192.168.0.9:5000',
    '172.16.0.1',
    '172.31.9.9:1',
    '[fd00::1]:5000'
  ])('[GA8] %s is this machine or a private network', (host) => expect(names(host)).toBe(true))

  it.each([
    'evil.test',
    'localhost.evil.test',
    '10.evil.test',
    '192.168.evil.test:5000',
    '172.15.0.1',
    '172.32.0.1',
    '10.0.0.256',
    '8.8.8.8',
    '[2001:db8::1]',
    'fd00.evil.test'
  ])('[GA9] %s may be a name rebound to us', async (host) => {
    for (const path of ['/', '/api/x', '/runnel-host.json']) expect(names(host, {}, path)).toBe(false)
    for (const path of ['/health', '/version']) expect(names(host, {}, path)).toBe(true)
    const verdict = gateOf()(knock({ headers: { host } }))
    expect(statusOf(verdict)).toBe(403)
    expect(await bodyOf(verdict)).toBe('Invalid Host header - possible DNS rebinding attack detected')
    expect(statusOf(gateOf()(knock({ kind: 'socket', path: '/live', headers: { host } })))).toBe(403)
  })

  it.each(['', '127.0.0.1:x', 'localhost/api/2.0', 'localhost?a', 'me@localhost', 'ä.ä', '[::1', 'a b'])(
    '[GA21] %s is no name at all, and is refused even where any name is taken',
    (host) => {
      for (const path of ['/', '/health']) expect(names(host, { allowedHosts: ['*'] }, path)).toBe(false)
    }
  )

  it('[GA10] a list of one’s own takes the place of that, with * for anything', () => {
    const config = { allowedHosts: ['ml.example.com', 'ml.example.com:8080', '192.168.*', 'app-*.internal'] }
    for (const host of ['ml.example.com', 'ML.example.com:8080', '192.168.7.7:5000', 'app-1.internal'])
      expect(names(host, config)).toBe(true)
    for (const host of ['localhost', 'ml.example.com:1', 'mlxexample.com', 'app-1.internal.evil', ''])
      expect(names(host, config)).toBe(false)
    expect(names('anything', { allowedHosts: ['*'] })).toBe(true)
  })
})

describe('the Origin header', () => {
  const asks = (origin: string, parts: Asked = {}, config: Partial<GateConfig> = {}): Verdict =>
    gateOf(config)(knock({ method: 'POST', ...parts, headers: { origin, ...parts.headers } }))

  it('[GA11] pages of this machine and of this host may write, and read the answer', () => {
    for (const origin of ['http://localhost:8888', 'http://127.0.0.1', 'http://[::1]:3000', 'https://localhost']) {
      const verdict = asks(origin)
      expect(verdict).toMatchObject({
        isAllowed: true,
        headers: { 'Access-Control-Allow-Origin': origin, 'Access-Control-Allow-Credentials': 'true', Vary: 'Origin' }
      })
    }
    expect(asks('http://192.168.1.5:5000', { headers: { host: '192.168.1.5:5000' } }).isAllowed).toBe(true)
  })

  it.each([
    'https://evil.test',
    'null',
    'file://',
    'http://localhost.evil.test',
    'http://127.0.0.1.evil.test',
    'ftp://localhost',
    'http://localhost\\.evil.test',
    'http://evil.test@localhost',
    'http://localhost/evil',
    'http://user@evil.test'
  ])('[GA12] a page of %s can change nothing, open no socket and read no answer', async (origin) => {
    for (const method of ['POST', 'PUT', 'DELETE', 'PATCH']) {
      const verdict = asks(origin, { method })
      expect([statusOf(verdict), await bodyOf(verdict)]).toEqual([403, 'Cross-origin request blocked'])
    }
    expect(asks(origin, { method: 'GET' })).toEqual({ isAllowed: true, headers: { Vary: 'Origin' }, isOwner: true })
    expect(statusOf(asks(origin, { kind: 'socket', method: 'GET', path: '/live' }))).toBe(403)
  })

  it('[GA13] a client that is no page sends none, and may', () => {
    expect(gateOf()(knock({ method: 'POST' }))).toEqual({ isAllowed: true, headers: {}, isOwner: true })
    expect(gateOf()(knock({ kind: 'socket' })).isAllowed).toBe(true)
  })

  it('[GA14] origins of one’s own, and everybody', () => {
    const config = { allowedOrigins: ['https://ml.example.com', 'https://*.lab.example'] }
    expect(asks('https://ml.example.com', {}, config).isAllowed).toBe(true)
    expect(asks('https://a.lab.example', {}, config).isAllowed).toBe(true)
    expect(asks('https://ml.example.com.evil.test', {}, config).isAllowed).toBe(false)
    expect(asks('https://anybody.test', {}, { allowedOrigins: ['*'] })).toEqual({
      isAllowed: true,
      headers: { 'Access-Control-Allow-Origin': '*', 'Access-Control-Expose-Headers': '*' },
      isOwner: true
    })
  })

  it('[GA15] a preflight needs no token and says what may be sent', async () => {
    const ask = {
      method: 'OPTIONS',
      headers: { 'access-control-request-method': 'POST', 'access-control-request-headers': 'authorization' }
    }
    const allowed = asks('http://localhost:8888', ask, { token: TOKEN })
    if (allowed.isAllowed) throw new Error('passed on')
    expect([allowed.response.status, await allowed.response.text()]).toEqual([200, 'OK'])
    expect(Object.fromEntries(allowed.response.headers)).toMatchObject({
      'access-control-allow-origin': 'http://localhost:8888',
      'access-control-allow-methods': 'GET, POST, PUT, DELETE, OPTIONS, PATCH',
      'access-control-allow-headers': 'authorization',
      'access-control-max-age': '600'
    })
    const refused = asks('https://evil.test', ask)
    if (refused.isAllowed) throw new Error('passed on')
    expect([refused.response.status, await refused.response.text()]).toEqual([400, 'Disallowed CORS origin'])
    expect(refused.response.headers.has('access-control-allow-origin')).toBe(false)
  })

  it('[GA16] a page that may ask can read that its token is missing', () => {
    const verdict = asks('http://localhost:8888', {}, { token: TOKEN })
    if (verdict.isAllowed) throw new Error('allowed')
    expect([verdict.response.status, verdict.response.headers.get('access-control-allow-origin')]).toEqual([
      401,
      'http://localhost:8888'
    ])
  })
})

describe('the rate of requests', () => {
  it('[GA17] a burst, then what time gives back, for each client by itself', () => {
    let now = 0
    const limit = createRateLimit({ perSecond: 2, burst: 3, clock: () => now })
    const take = (client: string, times: number): number[] => Array.from({ length: times }, () => limit.take(client))
    expect(take('a', 4)).toEqual([0, 0, 0, 1])
    expect(take('b', 1)).toEqual([0])
    now += 1000
    expect(take('a', 3)).toEqual([0, 0, 1])
    now += 3_600_000
    expect(take('a', 4)).toEqual([0, 0, 0, 1])
  })

  it('[GA18] too many are told when to come again, whatever they ask', async () => {
    const gate = gateOf({ rate: { perSecond: 0.1, burst: 1 } })
    expect(gate(knock({ path: '/' })).isAllowed).toBe(true)
    const verdict = gate(knock({ path: '/health' }))
    if (verdict.isAllowed) throw new Error('allowed')
    expect([verdict.response.status, verdict.response.headers.get('retry-after')]).toEqual([429, '10'])
    expect(await verdict.response.json()).toMatchObject({ error_code: 'REQUEST_LIMIT_EXCEEDED' })
    expect(gate(knock({ remoteAddress: '10.0.0.2' })).isAllowed).toBe(true)
  })

  it('[GA19] many clients do not fill the memory', () => {
    const limit = createRateLimit({ perSecond: 1, burst: 1, clock: () => 0 })
    for (let client = 0; client < 50_000; client++) limit.take(String(client))
    // Forgotten, and so as good as new; the newest are remembered.
    expect([limit.take('0'), limit.take('49999')]).toEqual([0, 1])
  })
})
