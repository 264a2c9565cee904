import * as Comlink from 'comlink'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { RunnelError } from '#lib/domain/errors.ts'
import { DEFAULT_EXPERIMENT_ID } from '#lib/domain/ids.ts'
import { LiveClient, type StorePort } from './client.ts'
import type { KeysQuery, LiveDoor, LiveEvent, LiveSession, NumberedQuery } from './protocol.ts'

/** Time that stands still, and intervals that beat when told to. */
let now: number
let beats: Set<() => void>

/** Let messages and promises come through. */
const settle = () => new Promise((resolve) => setTimeout(resolve, 20))

async function beatAfter(ms: number): Promise<void> {
  now += ms
  for (const beat of [...beats]) beat()
  await settle()
}

beforeEach(() => {
  now = 1000
  beats = new Set()
  vi.spyOn(performance, 'now').mockImplementation(() => now)
  vi.stubGlobal('setInterval', (beat: () => void) => (beats.add(beat), beat))
  vi.stubGlobal('clearInterval', (beat: () => void) => beats.delete(beat))
  vi.stubGlobal('navigator', { locks: { request: holdOwnLock } })
})

afterEach(() => {
  for (const { client } of pages.splice(0)) client.close()
  vi.unstubAllGlobals()
  vi.restoreAllMocks()
})

/** A page's own lock is free; the host's is held for as long as a test runs. */
function holdOwnLock(name: string, ...rest: unknown[]): Promise<unknown> {
  const callback = rest.at(-1) as () => Promise<void>
  return name.startsWith('runnel:page:') ? Promise.resolve(callback()) : new Promise(() => undefined)
}

const pages: HandHost[] = []

/** A host by hand, and a page that talks to it. */
class HandHost {
  readonly client: LiveClient
  readonly ports: MessagePort[] = []
  /** While false, nothing that arrives is answered: the host is dead, or its thread is busy. */
  isAlive = true
  opening: Promise<void> = Promise.resolve()
  onEvent: (event: LiveEvent) => void = () => undefined
  /** What the page asked to watch, a list for each message. */
  readonly asked: (readonly NumberedQuery[])[] = []

  constructor(openPort?: () => StorePort) {
    this.client = new LiveClient({ role: 'tab', openPort: openPort ?? (() => this.#open()) })
    pages.push(this)
  }

  isOpen = () => vi.waitFor(() => expect(this.client.connection).toBe('open'))

  #open(): StorePort {
    const { port1, port2 } = new MessageChannel()
    this.ports.push(port2)
    const whenAlive = async <T>(value: T): Promise<T> => (this.isAlive ? value : new Promise<never>(() => undefined))
    const session = {
      watch: (queries: readonly NumberedQuery[]) => {
        this.asked.push(queries)
        return whenAlive(undefined)
      },
      info: () => whenAlive({ epoch: `e${this.ports.length}`, version: '1' }),
      command: () => new Promise(() => undefined),
      consentFor: () => whenAlive('granted')
    } as unknown as LiveSession
    const door: LiveDoor = {
      alive: () => whenAlive(undefined),
      open: async (_role, _lock, onEvent) => {
        await this.opening
        this.onEvent = onEvent
        return whenAlive(Comlink.proxy(session))
      }
    }
    Comlink.expose(door, port2)
    return {
      port: port1,
      close: () => {
        port1.close()
        port2.close()
      }
    }
  }
}

const keysOf = (search: string): KeysQuery => ({ kind: 'keys', experimentId: DEFAULT_EXPERIMENT_ID, search })

describe('a page and its host', () => {
  test('a page whose timers beat once a minute keeps its session', async () => {
    const host = new HandHost()
    await host.isOpen()
    for (let minute = 0; minute < 5; minute++) await beatAfter(60_000)
    expect(host.ports).toHaveLength(1)
  })

  test('a host that is silent is left for a new session', async () => {
    const host = new HandHost()
    await host.isOpen()
    host.isAlive = false
    for (let i = 0; i < 4; i++) await beatAfter(5000)
    expect(host.client.connection).toBe('open')
    await beatAfter(5000)
    expect(host.client.connection).toBe('lost')
    expect(host.ports).toHaveLength(2)
  })

  test('a host that dies while it opens is asked again', async () => {
    const host = new HandHost()
    host.opening = new Promise(() => undefined)
    await settle()
    expect(host.client.connection).toBe('connecting')
    const waiting = host.client.consentFor('https://notebook.test')
    // Still answering: a large store may take its time.
    for (let i = 0; i < 50; i++) await beatAfter(5000)
    expect(host.ports).toHaveLength(1)
    host.isAlive = false
    for (let i = 0; i < 30; i++) await beatAfter(5000)
    host.isAlive = true
    host.opening = Promise.resolve()
    await vi.waitFor(() => expect(host.client.connection).toBe('open'))
    expect(await waiting, 'who asked before is answered by the host that came').toBe('granted')
  }, 10_000)

  test('a host that ends every session at once is not stormed, and one that lets go now and then is asked at once', async () => {
    const host = new HandHost()
    const goodbye = (): void =>
      void (host.client.connection === 'open' && host.onEvent({ t: 'bye', reason: 'stopping' }))
    for (let i = 0; i < 25; i++) {
      goodbye()
      await settle()
    }
    expect(host.ports.length).toBeGreaterThan(1)
    expect(host.ports.length).toBeLessThan(6)
    await vi.waitFor(() => expect(host.client.connection).toBe('open'), 3000)
    const before = host.ports.length
    now += 60_000
    goodbye()
    await settle()
    expect(host.ports).toHaveLength(before + 1)
  })

  test('a worker that cannot be loaded is tried again, and the reader hears why', async () => {
    const host = new HandHost(() => {
      const { port1 } = new MessageChannel()
      const failed = Promise.reject(new RunnelError('TEMPORARILY_UNAVAILABLE', 'The worker could not be loaded.'))
      failed.catch(() => undefined)
      return { port: port1, close: () => port1.close(), failed }
    })
    await vi.waitFor(() => expect(host.client.problem).toBe('The worker could not be loaded.'))
  })

  test('nobody waits for a store that will not come: out of date, or held by another tab', async () => {
    const host = new HandHost()
    await host.isOpen()
    const underway = host.client.commands.createExperiment('a')
    host.isAlive = false
    const asking = host.client.consentFor('https://notebook.test')
    await settle()
    host.onEvent({ t: 'bye', reason: 'upgrade' })
    await expect(underway).rejects.toMatchObject({ code: 'TEMPORARILY_UNAVAILABLE' })
    await expect(asking).rejects.toMatchObject({ code: 'TEMPORARILY_UNAVAILABLE' })
    await expect(host.client.commands.createExperiment('a')).rejects.toMatchObject({ code: 'INVALID_STATE' })

    const blocked = new HandHost(() => {
      throw new RunnelError('INVALID_STATE', 'Another tab has it.')
    })
    await expect(blocked.client.commands.createExperiment('a')).rejects.toThrow('Another tab has it.')
  })

  test('what is asked for in one go is asked for in one message, and again when a host is new', async () => {
    const host = new HandHost()
    await host.isOpen()
    const handlers = { onAnswer: () => undefined, onRefused: () => undefined }
    const keys = host.client.watch(keysOf('a'), handlers)
    host.client.watch({ kind: 'storage' }, handlers)
    keys.update(keysOf('b'))
    const gone = host.client.watch({ kind: 'notebooks' }, handlers)
    gone.stop()
    await vi.waitFor(() => expect(host.asked).toHaveLength(1))
    expect(host.asked[0]!.map(({ query }) => query)).toEqual([keysOf('b'), { kind: 'storage' }])
    host.onEvent({ t: 'bye', reason: 'stopping' })
    await vi.waitFor(() => expect(host.asked).toHaveLength(2))
    expect(host.asked[1]!.map(({ query }) => query)).toEqual([keysOf('b'), { kind: 'storage' }])
  })

  test('an answer to what was asked before is no answer to what is asked now', async () => {
    const host = new HandHost()
    await host.isOpen()
    const seen: unknown[] = []
    const handlers = { onAnswer: (answer: unknown) => seen.push(answer), onRefused: (why: unknown) => seen.push(why) }
    const watch = host.client.watch(keysOf('a'), handlers)
    await vi.waitFor(() => expect(host.asked).toHaveLength(1))
    const [first] = host.asked[0]!
    watch.update(keysOf('b'))
    await vi.waitFor(() => expect(host.asked).toHaveLength(2))
    const [second] = host.asked[1]!
    const answer = (ask: number, value: string) => ({ watch: first!.watch, ask, value })
    host.onEvent({ t: 'answers', answers: [answer(first!.ask, 'old')] })
    host.onEvent({ t: 'answers', answers: [answer(second!.ask, 'new'), answer(first!.ask, 'old')] })
    await vi.waitFor(() => expect(seen).toEqual(['new']))
    await settle()
    expect(seen).toEqual(['new'])
  })
})
