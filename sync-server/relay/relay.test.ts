import * as encoding from 'lib0/encoding'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import * as Y from 'yjs'
import { SYNC } from '#lib/domain/limits.ts'
import { keysHash } from '#lib/domain/sync/key-lists.ts'
import { MESSAGE, ROOM_CLOSE } from '#lib/sync/agreement.ts'
import {
  addFrame,
  connectRaw,
  framesOf,
  joinAs,
  rightsOf,
  ROOM,
  someFacts,
  startRelay,
  syncMessage,
  updateOf,
  type Peer,
  type Raw,
  type TestHost
} from '../../tests/support/relay.ts'
import { MemoryRoomLog } from './memory-room-log.ts'
import { SYNC_STEP } from './messages.ts'

let host: TestHost
/** What the host's clock is ahead of the machine's. */
let aheadMs = 0
const peers: Peer[] = []
const raws: Raw[] = []

const join = (...options: Parameters<typeof joinAs> extends [unknown, ...infer Rest] ? Rest : never): Peer => {
  const peer = joinAs(host, ...options)
  peers.push(peer)
  return peer
}
const raw = async (path?: string): Promise<Raw> => {
  const one = await connectRaw(host, path)
  raws.push(one)
  return one
}
const until = (check: () => void): Promise<void> => vi.waitFor(check, { timeout: 30_000, interval: 5 })
const synced = (peer: Peer): Promise<void> => until(() => expect(peer.provider.synced).toBe(true))
const closedWith = (peer: Peer, code: number): Promise<void> => until(() => expect(peer.closes).toContain(code))

beforeEach(async () => {
  aheadMs = 0
  vi.spyOn(console, 'error').mockImplementation(() => undefined)
  host = await startRelay({ clock: () => Date.now() + aheadMs })
})

afterEach(async () => {
  for (const peer of peers.splice(0)) peer.close()
  for (const { socket } of raws.splice(0)) socket.terminate()
  await host.close()
  vi.restoreAllMocks()
})

describe('a room over the stock client', () => {
  test('[RM1] gives who joins what there is, and tells everyone what changes', async () => {
    const ada = join()
    await synced(ada)
    addFrame(ada.doc)
    const bob = join()
    await until(() => expect(framesOf(bob.doc)).toBe(1))
    addFrame(bob.doc, someFacts(2))
    await until(() => expect(framesOf(ada.doc)).toBe(2))
    expect(host.relay.get(ROOM)?.members).toBe(2)
  })

  test('[RM2] takes what was written before it was joined, and while it was away', async () => {
    const doc = new Y.Doc()
    addFrame(doc)
    const ada = join({ doc })
    const bob = join()
    await until(() => expect(framesOf(bob.doc)).toBe(1))
    ada.provider.disconnect()
    addFrame(doc, someFacts(2))
    addFrame(doc, someFacts(3))
    ada.provider.connect()
    // At once, so that it comes before what it builds on.
    await until(() => expect(ada.provider.wsconnected).toBe(true))
    addFrame(doc, someFacts(4))
    await until(() => expect(framesOf(bob.doc)).toBe(4))
    expect(ada.closes).not.toContain(ROOM_CLOSE.malformed)
  })

  test('[RM3] that loads keeps who knocks waiting, and loses nothing of what was said meanwhile', async () => {
    await host.close()
    const { promise: prepared, resolve: go } = Promise.withResolvers<void>()
    let isPrepared = false
    host = await startRelay({
      prepare: async (room) => {
        await prepared
        addFrame(room.doc, someFacts(1), 'rhost:AAAAAAAAAAA')
        isPrepared = true
        return () => undefined
      }
    })
    const doc = new Y.Doc()
    const ada = join({ doc })
    await until(() => expect(ada.provider.wsconnected).toBe(true))
    for (let i = 1; i <= 100; i++) addFrame(doc, someFacts(i))
    expect(ada.provider.synced).toBe(false)
    go()
    await synced(ada)
    expect(isPrepared).toBe(true)
    expect(framesOf(doc, 'rhost:AAAAAAAAAAA')).toBe(1)
    await until(() => expect(framesOf(host.relay.get(ROOM)!.doc)).toBe(100))
  })

  test('[RM4] says what the host writes as it says anything, to the one it answers, too', async () => {
    await host.close()
    host = await startRelay({
      prepare: ({ doc }) => {
        // A host that answers each of a member's transactions with one of its own.
        const answer = (_: unknown, transaction: Y.Transaction): void => {
          if (transaction.origin !== 'host') doc.transact(() => addFrame(doc, someFacts(), 'rhost:AAAAAAAAAAA'), 'host')
        }
        doc.getMap('t').observeDeep(answer)
        return () => doc.getMap('t').unobserveDeep(answer)
      }
    })
    const [ada, bob] = [join(), join()]
    await Promise.all([synced(ada), synced(bob)])
    addFrame(ada.doc)
    for (const { doc } of [ada, bob]) await until(() => expect(framesOf(doc, 'rhost:AAAAAAAAAAA')).toBe(1))
    const room = host.relay.get(ROOM)!
    await room.kept()
    expect(room.seq).toBe(2)
  })

  test('[RM5] that is not there, or of no name, is closed with 4404 and not made', async () => {
    await host.close()
    const log = new MemoryRoomLog()
    host = await startRelay({ log, exists: ({ subject }) => subject !== '404' })
    for (const path of ['x.404', 'q.1', 'x.1.2', '__proto__'])
      expect(await (await raw(path)).closed).toBe(ROOM_CLOSE.gone)
    expect(await log.read('x.404')).toBeNull()
    await expect(host.relay.open('x.404')).rejects.toMatchObject({ code: 'RESOURCE_DOES_NOT_EXIST' })
  })

  test('[RM6] of another epoch than the client knows closes with 4409', async () => {
    const { epoch } = await host.relay.open(ROOM)
    expect(await (await raw(`${ROOM}?epoch=${epoch - 1}`)).closed).toBe(ROOM_CLOSE.epoch)
    await synced(join({ query: { epoch: String(epoch) } }))
  })

  test('[RM7] keeps a quiet client: it hears something before it takes the host for dead', async () => {
    const { heard } = await raw()
    await until(() => expect(heard.length).toBeGreaterThan(0))
    const before = heard.length
    host.relay.tick()
    aheadMs += SYNC.keepAliveMs
    host.relay.tick()
    await until(() => expect(heard.length).toBe(before + 1))
    expect([...heard.at(-1)!]).toEqual([MESSAGE.awareness, 1, 0])
  })
})

describe('an acknowledgement', () => {
  test('[RM8] comes for those who asked, up to where their clock is on disk, and not before', async () => {
    await host.close()
    const { promise: onDisk, resolve: sync } = Promise.withResolvers<void>()
    class SlowLog extends MemoryRoomLog {
      override async append(...args: Parameters<MemoryRoomLog['append']>): Promise<number> {
        const seq = await super.append(...args)
        await onDisk
        return seq
      }
    }
    host = await startRelay({ log: new SlowLog() })
    const [ada, bob] = [join({ query: { ack: '1' } }), join()]
    await Promise.all([synced(ada), synced(bob)])
    addFrame(ada.doc)
    await until(() => expect(framesOf(bob.doc)).toBe(1))
    expect(ada.acks).toEqual([])
    sync()
    await until(() => expect(ada.acks).toEqual([[ada.doc.clientID, 2]]))
    expect(bob.acks).toEqual([])
  })

  test('[RM9] comes again for what was there already, to whoever did not hear it', async () => {
    const doc = new Y.Doc()
    addFrame(doc)
    const ada = join({ doc })
    await until(() => expect(host.relay.get(ROOM)?.seq).toBe(1))
    ada.provider.destroy()
    const again = join({ doc, query: { ack: '1' } })
    await synced(again)
    doc.getMap('s').set(keysHash('[]'), '[]')
    await until(() => expect(again.acks.at(-1)).toEqual([doc.clientID, 3]))
    const said = await raw(`${ROOM}?ack=1`)
    said.say(syncMessage(SYNC_STEP.two, Y.encodeStateAsUpdate(doc)))
    await until(() => expect(said.heard.some(([kind]) => kind === MESSAGE.ack)).toBe(true))
    expect(host.relay.get(ROOM)?.seq).toBe(2)
  })

  test('[RM10] never comes for what was not kept: the room fails, and comes back without it', async () => {
    await host.close()
    let works = true
    class FullLog extends MemoryRoomLog {
      override append(...args: Parameters<MemoryRoomLog['append']>): Promise<number> {
        return works ? super.append(...args) : Promise.reject(new Error('full'))
      }
    }
    host = await startRelay({ log: new FullLog() })
    const ada = join({ query: { ack: '1' } })
    await synced(ada)
    works = false
    addFrame(ada.doc)
    await closedWith(ada, ROOM_CLOSE.tryLater)
    expect(ada.acks).toEqual([])
    works = true
    await until(() => expect(ada.acks.at(-1)).toEqual([ada.doc.clientID, 2]))
    expect(framesOf(host.relay.get(ROOM)!.doc)).toBe(1)
  })
})

describe('rights', () => {
  test('[RM11] of a viewer: it sees all, is never asked what it has, and is closed for writing', async () => {
    const ada = join()
    await synced(ada)
    addFrame(ada.doc)
    host.rights = () => rightsOf('viewer', 'vic')
    const vic = join()
    await until(() => expect(framesOf(vic.doc)).toBe(1))
    const watcher = await raw()
    await until(() => expect(host.relay.get(ROOM)?.members).toBe(3))
    expect(watcher.heard.every(([kind, step]) => kind !== MESSAGE.sync || step !== SYNC_STEP.one)).toBe(true)
    addFrame(vic.doc, someFacts(2))
    await closedWith(vic, ROOM_CLOSE.role)
    expect(framesOf(ada.doc)).toBe(1)
  })

  test('[RM12] of a viewer hold however it writes its numbers, and a step that says nothing is no writing', async () => {
    host.rights = () => rightsOf('viewer')
    const update = updateOf((doc) => addFrame(doc))
    const padded = (step: number): Uint8Array =>
      encoding.encode((encoder) => {
        encoding.writeUint8Array(encoder, new Uint8Array([0x80, 0, 0x80 | step, 0]))
        encoding.writeVarUint8Array(encoder, update)
      })
    const sayings = [
      padded(SYNC_STEP.two),
      padded(SYNC_STEP.update),
      syncMessage(SYNC_STEP.two, update),
      syncMessage(SYNC_STEP.update, update),
      syncMessage(SYNC_STEP.two, new Uint8Array([0, 0, 0]))
    ]
    for (const saying of sayings) {
      const viewer = await raw()
      viewer.say(saying)
      expect(await viewer.closed).toBe(ROOM_CLOSE.role)
    }
    const quiet = await raw()
    for (const empty of [
      [0, 0],
      [0x80, 0, 0x80, 0]
    ])
      quiet.say(syncMessage(SYNC_STEP.two, new Uint8Array(empty)))
    quiet.say(syncMessage(SYNC_STEP.one, new Uint8Array([0])))
    await until(() =>
      expect(quiet.heard.some(([kind, step]) => kind === MESSAGE.sync && step === SYNC_STEP.two)).toBe(true)
    )
    expect(host.relay.get(ROOM)?.doc.share.size ?? 0).toBeLessThanOrEqual(1)
  })

  test('[RM13] that are revoked, or run out, end the connection at once', async () => {
    const [revoked, spent, kept] = [join(), join(), join()]
    await Promise.all([revoked, spent, kept].map(synced))
    host.given[0]!.revoke()
    await closedWith(revoked, ROOM_CLOSE.token)
    host.given[1]!.expiresAt = Date.now() + 1000
    host.relay.tick()
    expect(spent.closes).toEqual([])
    aheadMs = 2000
    host.relay.tick()
    await closedWith(spent, ROOM_CLOSE.token)
    host.rights = () => ({ ...rightsOf(), onRevoked: (heed) => (heed(), () => undefined) })
    expect(await (await raw()).closed).toBe(ROOM_CLOSE.token)
    expect(kept.closes).toEqual([])
    await until(() => expect(host.relay.connections).toBe(1))
  })
})

describe('an attack over a socket', () => {
  test('[RA15] what is no message, or of no kind, ends the connection with 4400 and the room goes on', async () => {
    const ada = join()
    await synced(ada)
    const hostile = [
      [],
      [2, 0],
      [9, 1, 0],
      [0, 7, 0],
      [0, 2],
      [0, 2, 5, 1],
      [0, 2, 2, 0, 0, 9],
      [1, 3, 1, 1],
      [0, 0, 1, 9]
    ]
    for (const bytes of hostile) {
      const one = await raw()
      one.say(new Uint8Array(bytes))
      expect(await one.closed, bytes.join()).toBe(ROOM_CLOSE.malformed)
    }
    const text = await raw()
    text.socket.send('hello')
    expect(await text.closed).toBe(ROOM_CLOSE.malformed)
    addFrame(ada.doc)
    await until(() => expect(framesOf(host.relay.get(ROOM)!.doc)).toBe(1))
    expect(ada.closes).toEqual([])
  })

  test('[RA16] what is too large ends the connection with 4413', async () => {
    const big = (size: number, step: number) => syncMessage(step, new Uint8Array(size))
    const sayings = [
      big(SYNC.updateBytes + 1, SYNC_STEP.update),
      big(SYNC.updateBytes + 1, SYNC_STEP.two),
      big(SYNC.vectorBytes + 1, SYNC_STEP.one)
    ]
    for (const saying of sayings) {
      const one = await raw()
      one.say(saying)
      expect(await one.closed).toBe(ROOM_CLOSE.tooLarge)
    }
  })

  test('[RA17] a gap is asked about once, and one in the answer ends the connection', async () => {
    const client = new Y.Doc()
    const updates = Array.from({ length: 300 }, (_, i) => updateOf((doc) => addFrame(doc, someFacts(i + 1)), client))
    const one = await raw()
    one.say(syncMessage(SYNC_STEP.two, new Uint8Array([0, 0])))
    for (const update of updates.slice(1)) one.sayUpdate(update)
    one.say(syncMessage(SYNC_STEP.one, new Uint8Array([0])))
    const steps = (step: number) => one.heard.filter(([kind, at]) => kind === MESSAGE.sync && at === step).length
    await until(() => expect(steps(SYNC_STEP.two)).toBe(1))
    expect(steps(SYNC_STEP.one)).toBe(2)
    one.say(syncMessage(SYNC_STEP.two, updates[5]!))
    expect(await one.closed).toBe(ROOM_CLOSE.malformed)
    expect(host.relay.get(ROOM)!.doc.store.pendingStructs).toBeNull()
    expect(host.relay.get(ROOM)!.seq).toBe(0)
  })

  test('[RA18] who does not read is let go of, and costs no more memory than it may', async () => {
    const ada = join()
    await synced(ada)
    const slow = await raw()
    slow.say(syncMessage(SYNC_STEP.one, new Uint8Array([0])))
    await until(() => expect(host.relay.get(ROOM)?.members).toBe(2))
    await until(() => expect(slow.heard.length).toBeGreaterThan(1))
    slow.socket.pause()
    const room = host.relay.get(ROOM)!
    let most = 0
    for (let i = 1; i <= 1000 && room.members === 2; i++) {
      room.doc.transact(() => addFrame(room.doc, someFacts(i, { size: SYNC.frameBytes }), 'rhost:AAAAAAAAAAA'), 'host')
      most = Math.max(most, ...[...host.server.clients].map(({ bufferedAmount }) => bufferedAmount))
      if (i % 20 === 0) await until(() => expect(framesOf(ada.doc, 'rhost:AAAAAAAAAAA')).toBe(i))
    }
    await until(() => expect(room.members).toBe(1))
    expect(most).toBeLessThan(2 * SYNC.waitingBytes)
    slow.socket.resume()
    expect([ROOM_CLOSE.tryLater, 1006]).toContain(await slow.closed)
    expect(ada.closes).toEqual([])
  })

  test('[RA19] asking for a large room again and again is answered only as fast as sending it would be', async () => {
    const room = await host.relay.open(ROOM)
    for (let i = 0; i < 40; i++) room.doc.getMap('f').set(`r${i}:AAAAAAAAAAA`, someFacts(1, { size: 200_000 }))
    const one = await raw()
    const answers = () => one.heard.filter(({ length }) => length > 1e6).length
    const start = performance.now()
    for (let asked = 1; asked <= 7; asked++) {
      one.say(syncMessage(SYNC_STEP.one, new Uint8Array([0])))
      await until(() => expect(answers()).toBe(asked))
    }
    // Of eight megabytes each: what may be sent at once is spent with the fourth or fifth.
    expect(performance.now() - start).toBeGreaterThan(1500)
  })
})

describe('failure and isolation', () => {
  test('[RM14] of a room that cannot be loaded is that room’s alone, and passes', async () => {
    await host.close()
    let broken = true
    host = await startRelay({
      prepare: ({ name }) => {
        if (name === 'x.2' && broken) throw new Error('broken')
        return () => undefined
      }
    })
    const [ada, bob] = [join(), join({ room: 'x.2' })]
    await synced(ada)
    await closedWith(bob, ROOM_CLOSE.tryLater)
    addFrame(ada.doc)
    await until(() => expect(framesOf(host.relay.get(ROOM)!.doc)).toBe(1))
    broken = false
    await synced(bob)
    expect(ada.closes).toEqual([])
  })

  test('[RM15] inside the host’s part ends the room’s connections, and what was sent is not lost', async () => {
    await host.close()
    let broken = true
    host = await startRelay({
      prepare: ({ doc }) => {
        const observe = (): void => {
          if (broken) throw new Error('broken')
        }
        doc.on('beforeObserverCalls', observe)
        doc.getMap('t').observeDeep(observe)
        return () => doc.getMap('t').unobserveDeep(observe)
      }
    })
    const [ada, bob] = [join(), join()]
    await Promise.all([synced(ada), synced(bob)])
    addFrame(ada.doc)
    await closedWith(bob, ROOM_CLOSE.tryLater)
    broken = false
    await synced(bob)
    ada.provider.connect()
    await until(() => expect(framesOf(bob.doc)).toBe(1))
  })

  test('[RM16] a member whose socket throws does not keep the others from hearing', async () => {
    const [ada, bob, eve] = [join(), join(), join()]
    await Promise.all([ada, bob, eve].map(synced))
    for (const socket of host.server.clients) {
      vi.spyOn(socket, 'send').mockImplementationOnce(() => {
        throw new Error('broken')
      })
      break
    }
    addFrame(eve.doc)
    await until(() => expect(framesOf(bob.doc)).toBe(1))
    await until(() => expect(framesOf(ada.doc)).toBe(1))
  })
})
