import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { LiveClient } from '#lib/live/client.ts'
import type { HostInfo } from '#lib/live/host-info.ts'
import { keepHostToken, readHostToken, takeTokenFromAddress } from './host-token.ts'
import { Spaces } from './spaces.svelte.ts'

const HOST: HostInfo = { version: '1.2.3', token: false }

/** Clients that wait for a port for ever: what is tested here is who is asked, not what is answered. */
const clients: LiveClient[] = []
const connect = (): LiveClient => {
  const client = new LiveClient({ role: 'tab', openPort: () => new Promise(() => undefined) })
  clients.push(client)
  return client
}

const openSpaces = (probe: () => Promise<HostInfo | null>, leave = () => Promise.resolve()): Spaces =>
  new Spaces({ browser: connect(), probe, connect, leave, renumber: () => Promise.resolve() })

const there = () => Promise.resolve(HOST)
const nowhere = () => Promise.resolve(null)
const away = () => Promise.reject(new Error('nobody answers'))
const settle = () => vi.advanceTimersByTimeAsync(0)

function memoryStorage(): Pick<Storage, 'getItem' | 'setItem' | 'removeItem'> {
  const kept = new Map<string, string>()
  return {
    getItem: (name) => kept.get(name) ?? null,
    setItem: (name, text) => void kept.set(name, text),
    removeItem: (name) => void kept.delete(name)
  }
}

beforeEach(() => {
  vi.useFakeTimers()
  vi.stubGlobal('localStorage', memoryStorage())
  vi.stubGlobal('sessionStorage', memoryStorage())
})

afterEach(() => {
  for (const client of clients.splice(0)) client.close()
  vi.unstubAllGlobals()
  vi.useRealTimers()
})

describe('spaces', () => {
  test('[SP1] without a host there is this browser, and no other', async () => {
    const spaces = openSpaces(nowhere)
    expect(spaces.current).toBeNull()
    await settle()
    expect([spaces.current?.kind, spaces.other]).toEqual(['browser', null])
    // Known from the first visit: the next one waits for nothing.
    expect(openSpaces(nowhere).current?.kind).toBe('browser')
  })

  test('[SP2] a host comes first, and nothing is asked of it while this browser is looked at', async () => {
    const spaces = openSpaces(there)
    await settle()
    expect([spaces.current?.kind, spaces.current?.live === null, spaces.other?.kind]).toEqual([
      'host',
      false,
      'browser'
    ])
    await spaces.choose('browser')
    const next = openSpaces(there)
    await settle()
    expect([next.current?.kind, next.other?.kind, next.other?.live]).toEqual(['browser', 'host', null])
    await next.choose('host')
    expect(openSpaces(there).current?.kind).toBe('host')
  })

  test('[SP3] a host that was there is believed in while it is away, and no longer when it says otherwise', async () => {
    openSpaces(there)
    await settle()
    const gone = openSpaces(away)
    await settle()
    expect([gone.current?.kind, gone.host?.found]).toEqual(['host', HOST])
    const withoutStore = openSpaces(nowhere)
    await settle()
    expect([withoutStore.current?.kind, withoutStore.host]).toEqual(['browser', null])
  })

  test('[SP4] nobody there on the first visit is this browser', async () => {
    const spaces = openSpaces(away)
    await settle()
    expect([spaces.current?.kind, spaces.other]).toEqual(['browser', null])
  })

  test('[SP5] a host that answers late is offered, and takes nobody away from what they read', async () => {
    const spaces = openSpaces(() => new Promise((resolve) => setTimeout(() => resolve(HOST), 5000)))
    await vi.advanceTimersByTimeAsync(2000)
    expect([spaces.current?.kind, spaces.other]).toEqual(['browser', null])
    await vi.advanceTimersByTimeAsync(4000)
    expect([spaces.current?.kind, spaces.other?.kind]).toEqual(['browser', 'host'])
  })

  test('[SP6] the page is left before the space is, unless it is known to be there too', async () => {
    const left: string[] = []
    const spaces = openSpaces(there, () => Promise.resolve(void left.push(spaces.current!.kind)))
    await settle()
    await spaces.choose('host')
    await spaces.choose('browser')
    await spaces.choose('host', { stay: true })
    expect(left).toEqual(['host'])
    expect(spaces.current?.kind).toBe('host')
  })

  test('[SP7] a host with a token is not connected to before somebody says it', async () => {
    const spaces = openSpaces(() => Promise.resolve({ ...HOST, token: true }))
    await settle()
    const { host } = spaces
    expect([host?.asksForToken, host?.live]).toEqual([true, null])
    host?.useToken({ text: 'sesame', isRemembered: false })
    expect([host?.asksForToken, host?.live === null]).toEqual([false, false])
    host?.forgetToken()
    expect([host?.asksForToken, host?.live, readHostToken()]).toEqual([true, null, null])
  })

  test('[SP8] where nothing can be kept, a choice lasts as long as the page', async () => {
    const refuse = () => {
      throw new DOMException('no', 'SecurityError')
    }
    vi.stubGlobal('localStorage', { getItem: refuse, setItem: refuse, removeItem: refuse })
    const spaces = openSpaces(there)
    await settle()
    await spaces.choose('browser')
    expect(spaces.current?.kind).toBe('browser')
    expect(readHostToken()).toBeNull()
  })
})

describe('the token of a host', () => {
  const follow = (address: string): string[] => {
    const written: string[] = []
    vi.stubGlobal('location', new URL(address))
    vi.stubGlobal('history', {
      state: null,
      replaceState: (_state: unknown, _title: string, url: string) => written.push(url)
    })
    takeTokenFromAddress()
    return written
  }

  test('[SP9] is taken out of a link for this tab, and a link without one is left alone', () => {
    keepHostToken({ text: 'remembered', isRemembered: true })
    expect(follow('http://h/runs/a?tab=artifacts#token=se%20same')).toEqual(['/runs/a?tab=artifacts'])
    expect(readHostToken()).toEqual({ text: 'se same', isRemembered: false })
    sessionStorage.removeItem('runnel.host-token')
    // What this browser remembers is not a link's to replace.
    expect(readHostToken()).toEqual({ text: 'remembered', isRemembered: true })
    for (const address of ['http://h/#storage', 'http://h/#token=', 'http://h/']) expect(follow(address)).toEqual([])
  })
})
