import { afterEach, describe, expect, it, vi } from 'vitest'
import { LIMITS } from '#lib/domain/limits.ts'
import { askStore, envelopeToRequest, requestToEnvelope, serveEnvelopes, takenWithinMs } from './envelope.ts'

const url = 'http://127.0.0.1:5000/api/2.0/mlflow/runs/get?run_id=a%20b'

// Each test has a channel of its own: a name is shared by the whole process.
let channelCount = 0
const opened: BroadcastChannel[] = []
const openPair = (): { readonly store: BroadcastChannel; readonly worker: BroadcastChannel } => {
  const name = `envelope-test-${++channelCount}`
  const pair = { store: new BroadcastChannel(name), worker: new BroadcastChannel(name) }
  opened.push(pair.store, pair.worker)
  return pair
}

afterEach(() => {
  for (const channel of opened.splice(0)) channel.close()
})

describe('a request through the channel', () => {
  it('arrives whole and its answer comes back whole', async () => {
    const { store, worker } = openPair()
    const seen: unknown[] = []
    serveEnvelopes(store, async (request) => {
      seen.push(request.method, request.url, request.headers.get('content-type'), await request.json())
      return Response.json({ run: { id: 'r' } }, { status: 201, headers: { 'X-Made': 'yes' } })
    })
    const response = await askStore(
      worker,
      new Request(url, { method: 'POST', headers: { 'Content-Type': 'application/json' }, body: '{"a":[1]}' })
    )
    expect(seen).toEqual(['POST', url, 'application/json', { a: [1] }])
    expect(response.status).toBe(201)
    expect(response.headers.get('x-made')).toBe('yes')
    expect(await response.json()).toEqual({ run: { id: 'r' } })
  })

  it('carries an artifact as bytes, and an answer without a body', async () => {
    const { store, worker } = openPair()
    const bytes = new Uint8Array([0, 255, 10, 0])
    serveEnvelopes(store, (request) =>
      request.method === 'GET'
        ? new Response(new Blob([bytes]), { headers: { 'Content-Type': 'image/png' } })
        : new Response(null, { status: 204 })
    )
    const artifact = await askStore(worker, new Request(url))
    expect(new Uint8Array(await artifact.arrayBuffer())).toEqual(bytes)
    const deleted = await askStore(worker, new Request(url, { method: 'DELETE' }))
    expect([deleted.status, await deleted.text()]).toEqual([204, ''])
  })

  it('keeps concurrent answers apart', async () => {
    const { store, worker } = openPair()
    serveEnvelopes(store, async (request) => {
      const n = Number(new URL(request.url).searchParams.get('n'))
      await new Promise((resolve) => setTimeout(resolve, (7 - n) * 5))
      return Response.json({ n })
    })
    const ask = async (n: number): Promise<string> => (await askStore(worker, new Request(`${url}&n=${n}`))).text()
    expect(await Promise.all([1, 2, 3, 4, 5, 6].map(ask))).toEqual([1, 2, 3, 4, 5, 6].map((n) => JSON.stringify({ n })))
  })

  it('waits past the first silence once somebody has taken it', async () => {
    const { store, worker } = openPair()
    serveEnvelopes(store, async () => {
      await new Promise((resolve) => setTimeout(resolve, takenWithinMs + 200))
      return new Response('OK')
    })
    expect((await askStore(worker, new Request(url))).status).toBe(200)
  })

  it('reports what the handler throws in MLflow’s shape', async () => {
    const { store, worker } = openPair()
    serveEnvelopes(store, () => Promise.reject(new Error('the disk is gone')))
    const response = await askStore(worker, new Request(url))
    expect([response.status, await response.json()]).toEqual([
      500,
      { error_code: 'INTERNAL_ERROR', message: 'the disk is gone' }
    ])
  })

  it('ignores what is not an ask', async () => {
    const { store, worker } = openPair()
    const handler = vi.fn(() => new Response('OK'))
    serveEnvelopes(store, handler)
    for (const stray of [null, 'ask', 7, {}, { t: 'ask' }, { t: 'answer', id: 'x' }]) worker.postMessage(stray)
    await askStore(worker, new Request(url))
    expect(handler).toHaveBeenCalledTimes(1)
  })

  it('stops when told to', async () => {
    const { store, worker } = openPair()
    serveEnvelopes(store, () => new Response('OK'))()
    expect((await askStore(worker, new Request(url))).status).toBe(503)
  })
})

describe('a store that is still starting', () => {
  it('is asked again while a tab is open, and answers once however often it was asked', async () => {
    const { store, worker } = openPair()
    const handler = vi.fn(async () => {
      await new Promise((resolve) => setTimeout(resolve, takenWithinMs * 2))
      return new Response('late')
    })
    const asked = askStore(worker, new Request(url), () => Promise.resolve(true))
    await new Promise((resolve) => setTimeout(resolve, takenWithinMs * 2.5))
    serveEnvelopes(store, handler)
    expect(await (await asked).text()).toBe('late')
    expect(handler).toHaveBeenCalledTimes(1)
  })
})

describe('when the store cannot answer', () => {
  it('says within a moment that no tab is open, and when to try again', async () => {
    const { worker } = openPair()
    const started = performance.now()
    const response = await askStore(worker, new Request(url))
    expect(performance.now() - started).toBeLessThan(takenWithinMs + 500)
    expect([response.status, response.headers.get('retry-after')]).toEqual([503, '2'])
    expect(await response.json()).toMatchObject({ error_code: 'TEMPORARILY_UNAVAILABLE' })
  })

  it('gives up on a store that took the request and fell silent', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })
    try {
      const { store, worker } = openPair()
      const taken = new Promise<void>((resolve) => {
        store.addEventListener('message', (event) => {
          store.postMessage({ t: 'taken', id: (event.data as { id: string }).id })
          resolve()
        })
      })
      const answer = askStore(worker, new Request(url))
      await taken
      await new Promise((resolve) => setImmediate(resolve))
      await vi.advanceTimersByTimeAsync(30_000)
      expect((await answer).status).toBe(504)
    } finally {
      vi.useRealTimers()
    }
  })

  it('refuses a body that would not fit, before sending it', async () => {
    const { store, worker } = openPair()
    const handler = vi.fn(() => new Response('OK'))
    serveEnvelopes(store, handler)
    const said = new Request(url, {
      method: 'PUT',
      headers: { 'Content-Length': String(LIMITS.requestBodyBytes + 1) },
      body: 'x'
    })
    const real = new Request(url, { method: 'PUT', body: new Uint8Array(LIMITS.requestBodyBytes + 1) })
    for (const request of [said, real]) {
      const response = await askStore(worker, request)
      expect([response.status, await response.json()]).toEqual([
        413,
        { error_code: 'RESOURCE_EXHAUSTED', message: expect.stringContaining('64 MB') as string }
      ])
    }
    expect(handler).not.toHaveBeenCalled()
  })
})

it('an envelope and its request say the same', async () => {
  const ask = await requestToEnvelope(
    new Request(url, { method: 'PATCH', headers: { 'X-A': '1' }, body: 'héllo' }),
    'id'
  )
  const again = envelopeToRequest(structuredClone(ask))
  expect([again.method, again.url, again.headers.get('x-a'), await again.text()]).toEqual(['PATCH', url, '1', 'héllo'])
})
