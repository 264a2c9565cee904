import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import * as Y from 'yjs'
import { Awareness, applyAwarenessUpdate, encodeAwarenessUpdate } from 'y-protocols/awareness'
import { SYNC } from '#lib/domain/limits.ts'
import { MESSAGE, ROOM_CLOSE } from '#lib/sync/agreement.ts'
import {
  connectRaw,
  joinAs,
  rightsOf,
  ROOM,
  startRelay,
  type Peer,
  type Raw,
  type TestHost
} from '../../tests/support/relay.ts'
import { awarenessMessage } from './messages.ts'
import { Presence } from './presence.ts'

let host: TestHost
const peers: Peer[] = []
const raws: Raw[] = []
const until = (check: () => void): Promise<void> => vi.waitFor(check, { timeout: 30_000, interval: 5 })

async function join(name: string): Promise<Peer> {
  host.rights = () => rightsOf('viewer', name)
  const peer = joinAs(host)
  peers.push(peer)
  await until(() => expect(peer.provider.synced).toBe(true))
  return peer
}
async function raw(name: string): Promise<Raw> {
  host.rights = () => rightsOf('editor', name)
  const one = await connectRaw(host)
  raws.push(one)
  await until(() => expect(host.relay.get(ROOM)?.members).toBeGreaterThan(0))
  return one
}

const stateOf = (at: Peer, of: Peer) =>
  at.provider.awareness.getStates().get(of.doc.clientID) as Record<string, unknown> | undefined

/** An awareness update of any client, at any clock. */
const saying = (
  ...entries: readonly (readonly [client: number, clock: number, state: object | null])[]
): Uint8Array => {
  const awareness = new Awareness(new Y.Doc())
  for (const [client, clock] of entries) awareness.meta.set(client, { clock, lastUpdated: 0 })
  const states = new Map(entries.filter(([, , state]) => state !== null).map(([client, , state]) => [client, state!]))
  const update = encodeAwarenessUpdate(
    awareness,
    entries.map(([client]) => client),
    states
  )
  awareness.destroy()
  return update
}

beforeEach(async () => {
  host = await startRelay()
})
afterEach(async () => {
  for (const peer of peers.splice(0)) peer.close()
  for (const { socket } of raws.splice(0)) socket.terminate()
  await host.close()
})

describe('who is present', () => {
  test('[RP1] is told to all, also to who comes later, and taken back when a connection ends', async () => {
    const ada = await join('ada')
    ada.provider.awareness.setLocalStateField('cursor', 5)
    const bob = await join('bob')
    await until(() => expect(stateOf(bob, ada)).toMatchObject({ cursor: 5 }))
    ada.provider.awareness.setLocalStateField('cursor', 6)
    await until(() => expect(stateOf(bob, ada)).toMatchObject({ cursor: 6 }))
    ada.provider.ws?.close()
    ada.provider.shouldConnect = false
    await until(() => expect(stateOf(bob, ada)).toBeUndefined())
  })

  test('[RP2] is who the token says, whatever is claimed; a colour is one’s own choice', async () => {
    const ada = await join('ada')
    const bob = await join('bob')
    const user = { name: 'The host', id: 'root', role: 'owner', color: '#30bced', colorLight: 'url(//evil.test)' }
    ada.provider.awareness.setLocalStateField('user', user)
    await until(() => expect(stateOf(bob, ada)?.['user']).toBeDefined())
    await until(() =>
      expect(stateOf(bob, ada)?.['user']).toEqual({ id: 'ada', name: 'Name of ada', role: 'viewer', color: '#30bced' })
    )
  })

  test('[RP3] is said by nobody for another: neither changed nor sent away', async () => {
    const [ada, bob] = [await join('ada'), await join('bob')]
    ada.provider.awareness.setLocalStateField('cursor', 1)
    await until(() => expect(stateOf(bob, ada)).toBeDefined())
    const eve = await raw('eve')
    eve.say(awarenessMessage(saying([1, 1, { own: true }])))
    eve.say(awarenessMessage(saying([ada.doc.clientID, 99, { cursor: 'spoofed' }])))
    eve.say(awarenessMessage(saying([ada.doc.clientID, 100, null])))
    eve.say(awarenessMessage(saying([2, 1, { another: true }])))
    await until(() => expect(bob.provider.awareness.getStates().get(1)).toMatchObject({ own: true }))
    ada.provider.awareness.setLocalStateField('cursor', 7)
    await until(() => expect(stateOf(bob, ada)).toMatchObject({ cursor: 7, user: { id: 'ada' } }))
    expect(bob.provider.awareness.getStates().has(2)).toBe(false)
  })

  test('[RP4] is taken along to a new connection of the same person, and not to anybody else’s', () => {
    let now = 0
    const presence = new Presence(() => now)
    const [first, second, other] = ['ada', 'ada', 'eve'].map((sub) => ({ claims: rightsOf('editor', sub).claims }))
    presence.hear(saying([1, 1, { at: 'first' }]), first!)
    presence.hear(saying([1, 1, { at: 'said on' }]), second!)
    presence.leave(second!)
    expect(presence.size).toBe(1)
    now = 15_000
    presence.hear(saying([1, 2, { at: 'other' }]), other!)
    presence.hear(saying([1, 1, { at: 'second' }]), second!)
    presence.leave(first!)
    presence.leave(other!)
    expect(presence.size).toBe(1)
    presence.leave(second!)
    expect(presence.size).toBe(0)
  })

  test('[RP5] is not taken from somebody’s other page, which only says on what it heard', () => {
    const presence = new Presence(() => 0)
    const [first, second] = ['ada', 'ada'].map((sub) => ({ claims: rightsOf('editor', sub).claims }))
    presence.hear(saying([1, 1, { at: 'first' }]), first!)
    presence.hear(saying([2, 1, { at: 'second' }]), second!)
    presence.takeChanges()
    presence.hear(saying([1, 1, { at: 'first' }], [2, 1, null]), second!)
    expect(presence.takeChanges()).not.toBeNull()
    presence.leave(second!)
    expect(presence.size).toBe(1)
  })

  test('[RP6] is of 200 at most, and of nobody unheard for long', () => {
    let now = 0
    const presence = new Presence(() => now)
    const owners = Array.from({ length: 250 }, (_, i) => ({ claims: rightsOf('editor', `u${i}`).claims }))
    owners.forEach((owner, i) => presence.hear(saying([i + 1, 1, {}]), owner))
    expect(presence.size).toBe(SYNC.presenceShown)
    now = SYNC.presenceLostMs
    presence.hear(saying([1, 2, {}]), owners[0]!)
    now += 1
    presence.tidy()
    expect(presence.size).toBe(1)
  })

  test('[RP7] that is too large, or no object, ends the connection', async () => {
    for (const [state, code] of [
      [{ text: 'x'.repeat(SYNC.presenceBytes) }, ROOM_CLOSE.tooLarge],
      ['text', ROOM_CLOSE.malformed],
      [[1], ROOM_CLOSE.malformed]
    ] as const) {
      const eve = await raw('eve')
      eve.say(awarenessMessage(saying([1, 1, state as object])))
      expect(await eve.closed).toBe(code)
    }
  })

  test('[RP8] that changes a thousand times a second is told a few times, the last of it for sure', async () => {
    const bob = await join('bob')
    const told: number[] = []
    bob.provider.awareness.on('change', () => told.push(Date.now()))
    const eve = await raw('eve')
    const heard = vi.spyOn(Presence.prototype, 'hear')
    for (let i = 1; i <= 1000; i++) eve.say(awarenessMessage(saying([1, i, { at: i }])))
    await until(() => expect(bob.provider.awareness.getStates().get(1)).toMatchObject({ at: 1000 }))
    expect(told.length).toBeLessThan(2 * SYNC.presencePerSecond + 10)
    expect(heard.mock.calls.length).toBeLessThan(4 * SYNC.presencePerSecond)
    heard.mockRestore()
  })

  test('[RP9] of many at once is told together, and what stock clients say on of it ends', async () => {
    const all = []
    for (let i = 0; i < 8; i++) all.push(await join(`u${i}`))
    const watcher = await raw('watcher')
    watcher.say(new Uint8Array([MESSAGE.sync, 0, 1, 0]))
    for (const { provider } of all) for (let i = 0; i < 50; i++) provider.awareness.setLocalStateField('cursor', i)
    for (const of of all) for (const at of all) await until(() => expect(stateOf(at, of)).toMatchObject({ cursor: 49 }))
    const told = () => watcher.heard.filter(([kind]) => kind === MESSAGE.awareness).length
    const before = told()
    await new Promise((resolve) => setTimeout(resolve, 3 * SYNC.presenceEveryMs))
    expect(told() - before).toBeLessThanOrEqual(1)
    expect(told()).toBeLessThan(100)
  })

  test('[RP10] is written as awareness is: stock code reads it', () => {
    const presence = new Presence(() => 0)
    presence.hear(saying([1, 3, { a: 'é' }]), { claims: rightsOf('owner', 'ada').claims })
    const awareness = new Awareness(new Y.Doc())
    applyAwarenessUpdate(awareness, presence.everyone()!, null)
    expect(awareness.getStates().get(1)).toMatchObject({ a: 'é', user: { role: 'owner' } })
    expect(awareness.meta.get(1)?.clock).toBe(3)
    awareness.destroy()
  })
})
