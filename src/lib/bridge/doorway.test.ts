import { describe, expect, test } from 'vitest'
import type { Admission, NotebookArrival } from '#lib/live/protocol.ts'
import { openDoorway, type DoorwayLive } from './doorway.ts'
import type { Hello } from './protocol.ts'

interface Heard {
  readonly message: { rnl: string } & Record<string, unknown>
  readonly target: string
}

/** The notebook's window, as far as a page of another origin sees it. */
class NotebookWindow {
  readonly heard: Heard[] = []
  readonly closed = false
  postMessage(message: Heard['message'], target: string): void {
    this.heard.push({ message, target })
  }
}

class BridgeWindow extends EventTarget {
  readonly parent: object
  readonly opener: object | null
  readonly document: { hasStorageAccess?: () => Promise<boolean> }

  constructor(parts: { parent?: object; opener?: object; hasAccess?: boolean }) {
    super()
    this.parent = parts.parent ?? this
    this.opener = parts.opener ?? null
    const { hasAccess } = parts
    this.document = hasAccess === undefined ? {} : { hasStorageAccess: async () => hasAccess }
  }

  async hear(
    notebook: NotebookWindow,
    data: unknown,
    { origin = 'http://nb.test', ports = [new MessageChannel().port2] } = {}
  ) {
    this.dispatchEvent(Object.assign(new Event('message'), { data, origin, source: notebook, ports }))
    await new Promise((resolve) => setTimeout(resolve, 5))
  }
}

class HandLive implements DoorwayLive {
  connection: DoorwayLive['connection'] = 'open'
  info: { epoch: string } | null = { epoch: 'e1' }
  consent: 'granted' | 'here' | 'tab' | 'nowhere' = 'granted'
  admission: () => Promise<Admission> = async () => ({ outcome: 'admitted' })
  readonly arrivals: NotebookArrival[] = []
  readonly #listeners = new Set<() => void>()
  onState(listener: () => void) {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }
  become(connection: DoorwayLive['connection'], epoch?: string) {
    this.connection = connection
    if (epoch !== undefined) this.info = { epoch }
    for (const listener of this.#listeners) listener()
  }
  async consentFor() {
    return this.consent
  }
  async admit(_port: MessagePort, arrival: NotebookArrival) {
    this.arrivals.push(arrival)
    return this.admission()
  }
}

const hello = (nonce: string): Hello => ({
  rnl: 'hello',
  v: [1],
  session: 's1',
  writer: 'w1',
  nonce,
  client: { name: 'notes.ipynb', version: '1.0' }
})

async function opened(kind: 'frame' | 'window', { hasAccess = true, live = new HandLive() } = {}) {
  const notebook = new NotebookWindow()
  const bridge = new BridgeWindow(kind === 'frame' ? { parent: notebook, hasAccess } : { opener: notebook })
  const roles: string[] = []
  let reloads = 0
  const doorway = await openDoorway({
    window: bridge as unknown as Window,
    connect: (role) => {
      roles.push(role)
      return live
    },
    reload: () => reloads++
  })
  return { notebook, bridge, live, doorway, roles, reloads: () => reloads }
}

describe('the bridge page', () => {
  test('announces itself to its opener, and lets a granted origin in', async () => {
    const { notebook, bridge, live, roles } = await opened('window')
    expect(notebook.heard).toEqual([
      { message: { rnl: 'ready', v: [1], epoch: 'e1', partitioned: false }, target: '*' }
    ])
    await bridge.hear(notebook, hello('n1'))
    expect(live.arrivals).toEqual([
      { origin: 'http://nb.test', session: 's1', writer: 'w1', name: 'notes.ipynb', version: '1.0' }
    ])
    expect(notebook.heard).toHaveLength(1)
    expect(roles).toEqual(['bridge-window'])
  })

  test('a partitioned frame says so, never connects, and refuses', async () => {
    const { notebook, bridge, live, roles } = await opened('frame', { hasAccess: false })
    expect(notebook.heard[0]!.message).toMatchObject({ rnl: 'ready', partitioned: true })
    await bridge.hear(notebook, hello('n1'))
    expect(notebook.heard[1]).toEqual({
      message: { rnl: 'denied', nonce: 'n1', reason: 'partitioned' },
      target: 'http://nb.test'
    })
    expect(roles).toEqual([])
    expect(live.arrivals).toEqual([])
  })

  test('a frame never asks in itself, and hands nothing over when nobody can be asked', async () => {
    const { notebook, bridge, live } = await opened('frame')
    for (const consent of ['here', 'nowhere'] as const) {
      live.consent = consent
      await bridge.hear(notebook, hello(consent))
      expect(notebook.heard.at(-1)!.message).toEqual({ rnl: 'pending', nonce: consent, where: 'nowhere' })
    }
    expect(live.arrivals).toEqual([])
  })

  test('tells the notebook that a person is asked, and what they said', async () => {
    const { notebook, bridge, live } = await opened('frame')
    live.consent = 'tab'
    live.admission = async () => ({ outcome: 'denied', reason: 'user' })
    await bridge.hear(notebook, hello('n1'))
    expect(notebook.heard.slice(1).map(({ message }) => message)).toEqual([
      { rnl: 'pending', nonce: 'n1', where: 'tab' },
      { rnl: 'denied', nonce: 'n1', reason: 'user' }
    ])
  })

  test('a repeated hello is answered again and admitted once', async () => {
    const { notebook, bridge, live } = await opened('window')
    live.consent = 'here'
    await bridge.hear(notebook, hello('n1'))
    await bridge.hear(notebook, hello('n1'))
    expect(notebook.heard.slice(1).map(({ message }) => message['where'])).toEqual(['here', 'here'])
    expect(live.arrivals).toHaveLength(1)
  })

  test('says ready again for every new host, and forgets hellos that died with the old one', async () => {
    const { notebook, bridge, live } = await opened('window')
    live.admission = async () => Promise.reject(new Error('gone'))
    await bridge.hear(notebook, hello('n1'))
    live.become('lost')
    live.become('open', 'e2')
    expect(notebook.heard.map(({ message }) => message['epoch'])).toEqual(['e1', 'e2'])
    live.admission = async () => ({ outcome: 'admitted' })
    await bridge.hear(notebook, hello('n1'))
    expect(live.arrivals).toHaveLength(2)
  })

  test('an opaque origin is answered without naming one', async () => {
    const { notebook, bridge, live } = await opened('window')
    live.consent = 'here'
    await bridge.hear(notebook, hello('n1'), { origin: 'null' })
    expect(notebook.heard.at(-1)).toMatchObject({ target: '*', message: { rnl: 'pending' } })
    expect(live.arrivals[0]!.origin).toBe('null')
  })

  test.each([
    ['no hello', { rnl: 'ready' }],
    ['nothing', null],
    ['a session of the wrong type', { ...hello('n'), session: 7 }],
    ['an empty nonce', { ...hello('') }],
    ['an over-long writer', { ...hello('n'), writer: 'w'.repeat(200) }],
    ['a client without a name', { ...hello('n'), client: {} }]
  ])('ignores %s', async (_, data) => {
    const { notebook, bridge, live } = await opened('window')
    await bridge.hear(notebook, data)
    expect(notebook.heard).toHaveLength(1)
    expect(live.arrivals).toEqual([])
  })

  test('ignores a hello with no port or with two, and refuses an unknown version', async () => {
    const { notebook, bridge, live } = await opened('window')
    await bridge.hear(notebook, hello('a'), { ports: [] })
    const { port1, port2 } = new MessageChannel()
    await bridge.hear(notebook, hello('b'), { ports: [port1, port2] })
    expect(notebook.heard).toHaveLength(1)
    await bridge.hear(notebook, { ...hello('c'), v: [9] })
    expect(notebook.heard.at(-1)!.message).toMatchObject({ rnl: 'denied', reason: 'version' })
    expect(live.arrivals).toEqual([])
  })

  test('reloads when a newer version took the store over; refuses when another tab keeps it', async () => {
    const { live, reloads } = await opened('window')
    live.become('outdated')
    expect(reloads()).toBe(1)
    const blocked = new HandLive()
    blocked.connection = 'blocked'
    const { notebook, bridge } = await opened('window', { live: blocked })
    await bridge.hear(notebook, hello('n1'))
    expect(notebook.heard.map(({ message }) => message['reason'] ?? message['epoch'])).toEqual(['', 'unavailable'])
  })
})
