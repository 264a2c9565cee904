import { request } from 'node:http'
import { connect } from 'node:net'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { WebSocket as RawSocket } from 'ws'
import { DEFAULT_EXPERIMENT_ID, type RunId } from '#lib/domain/ids.ts'
import { SOCKET } from '#lib/domain/limits.ts'
import type { LiveClient } from '#lib/live/client.ts'
import { connectHost } from '#lib/live/host-connection.ts'
import type { Query } from '#lib/live/protocol.ts'
import { CLOSE, PROTOCOL, protocolsFor } from '#lib/socket/agreement.ts'
import { encodeFrame } from '#lib/socket/frame.ts'
import { createRun } from '#lib/store/runs.ts'
import type { Store } from '#lib/store/store.ts'
import { openTestStore } from '../tests/support/engines.ts'
import { startSocketHost, type SocketHost } from '../tests/support/socket-host.ts'
import { TOKEN_TYPE } from './sharing/pass.ts'
import { HOST_OWNER, type Rights } from './sharing/rights.ts'

let store: Store
let host: SocketHost
const clients: LiveClient[] = []

function look(options: { token?: string | null; url?: string } = {}): LiveClient {
  const client = connectHost({ url: options.url ?? host.url, token: options.token ?? null, role: 'tab' })
  clients.push(client)
  return client
}

const becomes = (client: LiveClient, connection: LiveClient['connection']) =>
  vi.waitFor(() => expect(client.connection).toBe(connection), { timeout: 30_000, interval: 10 })

/** Answers to a query, as they come. */
function answersTo<Q extends Query>(client: LiveClient, query: Q) {
  const answers: unknown[] = []
  client.watch(query, { onAnswer: (answer) => answers.push(answer), onRefused: (why) => answers.push(why) })
  return answers
}

/** A socket that speaks as it likes. Resolves with the code it was closed with. */
function speak(path: string, say: (socket: RawSocket) => void, protocols: string[] = [PROTOCOL]): Promise<number> {
  const socket = new RawSocket(host.url.replace('http', 'ws') + path, protocols)
  return new Promise((resolve) => {
    socket.on('open', () => say(socket))
    socket.on('error', () => undefined)
    socket.on('close', resolve)
  })
}

beforeEach(async () => {
  vi.spyOn(console, 'warn').mockImplementation(() => undefined)
  ;({ store } = await openTestStore('node:sqlite'))
  host = await startSocketHost(store)
})

afterEach(async () => {
  for (const client of clients.splice(0)) client.close()
  await host.close()
  vi.restoreAllMocks()
})

const chartOf = (runId: RunId, key: string) =>
  ({
    kind: 'chart',
    runIds: [runId],
    key,
    x: 'step',
    range: null,
    buckets: 1000,
    smoothing: null,
    groups: null
  }) as const

describe('a page that looks at a host', () => {
  test('[LS1] watches and commands as it does its own browser’s store', async () => {
    const page = look()
    await becomes(page, 'open')
    expect(page.info).toMatchObject({ version: 'test' })
    const experiments = answersTo(page, { kind: 'experiments', view: 'ACTIVE_ONLY' })
    const id = await page.commands.createExperiment('mnist')
    await vi.waitFor(() =>
      expect(experiments.at(-1)).toContainEqual(expect.objectContaining({ name: 'mnist', experimentId: id }))
    )
    await expect(page.commands.createExperiment('mnist')).rejects.toMatchObject({ code: 'RESOURCE_ALREADY_EXISTS' })
    const run = await store.write((tx) => createRun(tx, { experimentId: DEFAULT_EXPERIMENT_ID }))
    const chart = answersTo(page, chartOf(run.runId, 'm'))
    await vi.waitFor(() => expect(chart.at(-1)).toMatchObject({ lines: [{ raw: { x: new Float64Array() } }] }))
    expect(await page.commands.history(run.runId, 'm')).toMatchObject({ values: new Float64Array() })
    const broken = answersTo(page, {
      kind: 'runs',
      experimentIds: [],
      filter: 'a b',
      orderBy: [],
      view: 'ALL',
      from: 0,
      to: 1,
      columns: []
    })
    await vi.waitFor(() => expect(broken.at(-1)).toMatchObject({ code: 'INVALID_PARAMETER_VALUE' }))
  })

  test('[LS2] sees what is logged over REST well within half a second', async () => {
    const page = look()
    await becomes(page, 'open')
    const run = await store.write((tx) => createRun(tx, { experimentId: DEFAULT_EXPERIMENT_ID }))
    let seen = -1
    page.watch(chartOf(run.runId, 'loss'), {
      onAnswer: ({ lines }) => (seen = lines[0]?.raw.y.at(-1) ?? -1),
      onRefused: () => undefined
    })
    const times: number[] = []
    for (let value = 0; value < 60; value++) {
      const started = performance.now()
      const response = await fetch(`${host.url}/api/2.0/mlflow/runs/log-metric`, {
        method: 'POST',
        headers: { 'Content-Type': 'application/json' },
        body: JSON.stringify({ run_id: run.runId, key: 'loss', value, timestamp: value, step: value })
      })
      expect(response.status).toBe(200)
      await vi.waitFor(() => expect(seen).toBe(value), { interval: 1 })
      times.push(performance.now() - started)
    }
    times.sort((a, b) => a - b)
    const [p50, p95] = [times[30]!, times[57]!]
    console.info(`log-metric over REST to a page's answer: p50 ${p50.toFixed(1)} ms, p95 ${p95.toFixed(1)} ms`)
    expect(p95).toBeLessThan(500)
  })

  test('[LS3] comes back by itself when the host does, and watches what it watched', async () => {
    const page = look()
    await becomes(page, 'open')
    const experiments = answersTo(page, { kind: 'experiments', view: 'ACTIVE_ONLY' })
    await vi.waitFor(() => expect(experiments).toHaveLength(1))
    const { port } = host
    await host.close()
    await becomes(page, 'lost')
    const waiting = page.commands.createExperiment('later')
    host = await startSocketHost(store, { port })
    await becomes(page, 'open')
    await waiting
    await vi.waitFor(() => expect(experiments.at(-1)).toContainEqual(expect.objectContaining({ name: 'later' })))
  })

  test('[LS4] is told that it needs a token, and let in with it', async () => {
    await host.close()
    host = await startSocketHost(store, { token: 'schlüssel 1' })
    for (const token of [null, 'wrong']) {
      const page = look({ token })
      await becomes(page, 'blocked')
      expect(page.problem).toMatch(/token/)
      await expect(page.commands.createExperiment('x')).rejects.toMatchObject({ code: 'UNAUTHENTICATED' })
    }
    const page = look({ token: 'schlüssel 1' })
    await becomes(page, 'open')
    await page.commands.createExperiment('x')
  })

  test('[LS5] reads artifacts over HTTP', async () => {
    const run = await store.write((tx) => createRun(tx, { experimentId: DEFAULT_EXPERIMENT_ID }))
    const path = `/api/2.0/mlflow-artifacts/artifacts/0/${run.runId}/artifacts/a.txt`
    expect((await fetch(host.url + path, { method: 'PUT', body: 'hello' })).status).toBe(200)
    const page = look()
    expect(await (await page.commands.readArtifact(run.runId, 'a.txt')).text()).toBe('hello')
    await expect(page.commands.readArtifact(run.runId, 'b.txt')).rejects.toMatchObject({
      code: 'RESOURCE_DOES_NOT_EXIST'
    })
  })

  test('[LS6] says when what is logged cannot be kept', async () => {
    const page = look()
    await becomes(page, 'open')
    host.saves('failing', 'The disk is full.')
    await vi.waitFor(() => expect(page.save).toEqual({ state: 'failing', message: 'The disk is full.' }))
    const late = look()
    await vi.waitFor(() => expect(late.save.state).toBe('failing'))
  })

  test('[LS7] lends a port of its own to a notebook, which logs through it', async () => {
    const page = look()
    await becomes(page, 'open')
    const { port1, port2 } = new MessageChannel()
    const messages: unknown[] = []
    port2.onmessage = ({ data }) => messages.push(data)
    const notebooks = answersTo(page, { kind: 'notebooks' })
    await page.admit(port1, { origin: 'http://a.test', session: 's', writer: 'w', name: 'demo', version: '1' })
    await vi.waitFor(() => expect(messages[0]).toMatchObject({ t: 'welcome', hwm: 0 }))
    const runId = 'ab'.repeat(16)
    const start = { op: 'startRun', runId, startTime: 1, tags: [] }
    const points = {
      series: [[runId, 'loss']],
      k: new Uint16Array(2),
      s: new Float64Array([0, 1]),
      t: new Float64Array(2),
      v: new Float64Array([NaN, -0])
    }
    const artifact = { op: 'artifact', runId, path: 'a', blob: new Blob(['x'.repeat(99)]), mediaType: 'text/plain' }
    port2.postMessage({ t: 'put', from: 1, n: 2, ops: [start, artifact] })
    port2.postMessage({ t: 'put', from: 3, n: 2, points })
    await vi.waitFor(() => expect(messages.at(-1)).toEqual({ t: 'ack', upTo: 4 }))
    const { values } = await page.commands.history(runId as never, 'loss')
    expect([...values]).toEqual([NaN, -0])
    await vi.waitFor(() => expect(notebooks.at(-1)).toMatchObject({ connected: [{ name: 'demo' }] }))
    // The page goes, and with it everything that came through it.
    page.close()
    const other = answersTo(look(), { kind: 'notebooks' })
    await vi.waitFor(() => expect(other.at(-1)).toEqual({ connected: [], asking: [] }))
    port2.close()
  })
})

describe('a socket', () => {
  const live = '/runnel/live'

  test('[LS8] opens only for who may, in the protocol of this version', async () => {
    const { hostname, port } = new URL(host.url)
    const ask = (path: string, headers: Record<string, string>): Promise<number> =>
      new Promise((resolve, reject) => {
        const upgrade = {
          Connection: 'Upgrade',
          Upgrade: 'websocket',
          'Sec-WebSocket-Version': '13',
          'Sec-WebSocket-Key': Buffer.alloc(16).toString('base64'),
          'Sec-WebSocket-Protocol': PROTOCOL
        }
        request({ hostname, port, path, headers: { ...upgrade, ...headers } })
          .on('response', (response) => resolve(response.resume().statusCode ?? 0))
          .on('upgrade', (_response, socket) => (socket.destroy(), resolve(101)))
          .on('error', reject)
          .end()
      })
    expect(await ask(live, {})).toBe(101)
    expect(await ask(live, { Origin: 'http://localhost:8888' })).toBe(101)
    expect(await ask(live, { Origin: 'https://evil.test' })).toBe(403)
    expect(await ask(live, { Host: 'evil.test' })).toBe(403)
    expect(await ask('/runnel/other', {})).toBe(404)
    expect(await ask(live, { 'Sec-WebSocket-Protocol': 'runnel.v2' })).toBe(400)
  })

  test('[LS9] is closed for what is no message of the protocol, and the host goes on', async () => {
    const call = (fields: object, channel = 0) => encodeFrame('message', channel, fields) as Uint8Array
    const hostile: Record<string, string | Uint8Array> = {
      text: 'hello',
      bytes: new Uint8Array([1, 2, 3]),
      'no object': call(42 as never),
      'no id': call({ type: 'APPLY', path: ['open'], argumentList: [] }),
      'the way to run text': call({
        id: 'a',
        type: 'APPLY',
        path: ['constructor', 'constructor'],
        argumentList: [{ type: 'RAW', value: 'process.exit(3)' }]
      }),
      'a constructor': call({ id: 'a', type: 'CONSTRUCT', path: ['constructor'], argumentList: [] }),
      'a prototype to set': call({
        id: 'a',
        type: 'SET',
        path: ['open', '__proto__'],
        value: { type: 'RAW', value: 1 }
      }),
      'a method of every object': call({ id: 'a', type: 'APPLY', path: ['toString'], argumentList: [] }),
      'an unknown handler': call({
        id: 'a',
        type: 'APPLY',
        path: ['open'],
        argumentList: [{ type: 'HANDLER', name: 'none', value: 1 }]
      }),
      'a port that is none': call({
        id: 'a',
        type: 'APPLY',
        path: ['open'],
        argumentList: [{ type: 'HANDLER', name: 'proxy', value: {} }]
      }),
      'arguments that throw': call({
        id: 'a',
        type: 'APPLY',
        path: ['open'],
        argumentList: [{ type: 'HANDLER', name: 'throw', value: { isError: false, value: 1 } }]
      }),
      'two kinds at once': call({ t: 'put', id: 'a', argumentList: [{ type: 'HANDLER', name: 'none' }] })
    }
    for (const [name, frame] of Object.entries(hostile))
      expect(await speak(live, (socket) => socket.send(frame)), name).toBe(4400)
    const page = look()
    await becomes(page, 'open')
    await page.commands.createExperiment('still here')
  })

  test('[LS10] with too many ports, or one port twice, is closed', async () => {
    const withPort = (channel: number) => {
      const head = JSON.stringify({
        s: [],
        v: {
          id: 'a',
          type: 'APPLY',
          path: ['alive'],
          argumentList: [{ type: 'HANDLER', name: 'proxy', value: { $: 'port', c: channel } }]
        }
      })
      const frame = Buffer.concat([Buffer.from([1, 0, 0, 0, 0, 0]), Buffer.alloc(4), Buffer.from(head)])
      frame.writeUInt32BE(head.length, 6)
      return frame
    }
    expect(await speak(live, (socket) => [1, 1].forEach((n) => socket.send(withPort(n))))).toBe(4400)
    expect(await speak(live, (socket) => socket.send(withPort(2)))).toBe(4400)
    const many = Array.from({ length: SOCKET.channels + 1 }, (_, i) => 2 * i + 1)
    expect(await speak(live, (socket) => many.forEach((n) => socket.send(withPort(n))))).toBe(4400)
  })

  test('[LS11] is closed past the largest frame, and for a wrong token at once', async () => {
    expect(await speak(live, (socket) => socket.send(new Uint8Array(SOCKET.frameBytes + 1)))).toBe(1009)
    await host.close()
    host = await startSocketHost(store, { token: 'a' })
    expect(await speak(live, () => undefined)).toBe(4401)
    expect(await speak(live, (socket) => setTimeout(() => socket.close(1000), 300), protocolsFor('a'))).toBe(1000)
  })

  test('[LS16] is closed when the token that let it in runs out or is revoked, and is let in with another', async () => {
    await host.close()
    let revoke: () => void = () => undefined
    const rightsOf = (shown: string): Promise<Rights> =>
      Promise.resolve({
        ...HOST_OWNER,
        expiresAt: shown.endsWith('short') ? Date.now() + 300 : Date.now() + 3_000_000_000,
        onRevoked: (heard) => ((revoke = heard), () => undefined)
      })
    host = await startSocketHost(store, { token: 'secret', rightsOf })
    const header = Buffer.from(JSON.stringify({ typ: TOKEN_TYPE })).toString('base64url')
    const pass = (end: string): string[] => protocolsFor(`${header}.x.${end}`)
    const bridge = `/runnel/bridge?${new URLSearchParams({ session: 'a', writer: 'b', name: 'c', version: '1' }).toString()}`
    for (const path of [live, bridge]) {
      const opened = performance.now()
      expect(await speak(path, () => undefined, pass('short'))).toBe(CLOSE.token)
      expect(performance.now() - opened).toBeGreaterThan(250)
      let isOpen = false
      const code = speak(path, () => (isOpen = true), pass('long'))
      await vi.waitFor(() => expect(isOpen).toBe(true))
      const stillOpen = new Promise((resolve) => setTimeout(() => resolve('open'), 500))
      expect(await Promise.race([code, stillOpen])).toBe('open')
      revoke()
      expect(await code).toBe(CLOSE.token)
    }
    // The host's own is good as long as the host.
    const page = look({ token: 'secret' })
    await becomes(page, 'open')
    await new Promise((resolve) => setTimeout(resolve, 500))
    expect(page.connection).toBe('open')
  })

  test('[LS15] that comes while the host closes is sent away, so that it can', async () => {
    await becomes(look(), 'open')
    const closing = host.close()
    const late = new RawSocket(host.url.replace('http', 'ws') + live, [PROTOCOL])
    const refusal = await new Promise((resolve) => late.on('error', resolve).on('open', () => resolve('opened')))
    expect(String(refusal)).toContain('503')
    await closing
    host = await startSocketHost(store)
  })

  test('[LS12] that resets while it is refused, or hangs, does not stop the host', async () => {
    const { hostname, port } = new URL(host.url)
    const raw = connect(Number(port), hostname)
    raw.write(`GET /runnel/live HTTP/1.1\r\nHost: evil.test\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n`)
    raw.on('error', () => undefined)
    raw.resetAndDestroy()
    await becomes(look(), 'open')
  })
})
