import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import * as Y from 'yjs'
import { SYNC } from '#lib/domain/limits.ts'
import { ROOM_CLOSE } from '#lib/sync/agreement.ts'
import {
  addFrame,
  framesOf,
  joinAs,
  KEY,
  ROOM,
  someFacts,
  startRelay,
  type Peer,
  type TestHost
} from '../../tests/support/relay.ts'
import { MemoryRoomLog } from './memory-room-log.ts'
import type { RoomLog } from './room-log.ts'
import type { Room } from './room.ts'
import { SqliteRoomLog } from './sqlite-room-log.ts'

let host: TestHost
let aheadMs = 0
const clock = (): number => Date.now() + aheadMs
const peers: Peer[] = []
const join_ = (...options: Parameters<typeof joinAs> extends [unknown, ...infer Rest] ? Rest : never): Peer => {
  const peer = joinAs(host, ...options)
  peers.push(peer)
  return peer
}
const until = (check: () => void): Promise<void> => vi.waitFor(check, { timeout: 30_000, interval: 5 })
const synced = (peer: Peer): Promise<void> => until(() => expect(peer.provider.synced).toBe(true))
const leave = async (peer: Peer): Promise<void> => {
  peer.provider.destroy()
  await until(() => expect(host.relay.connections).toBe(0))
}
/** Time passes, and the relay looks at it. */
const pass = (ms: number): void => {
  aheadMs += ms
  host.relay.tick()
}

beforeEach(() => {
  aheadMs = 0
  vi.spyOn(console, 'error').mockImplementation(() => undefined)
})
afterEach(async () => {
  for (const peer of peers.splice(0)) peer.close()
  await host.close()
  vi.restoreAllMocks()
})

/** A log that a test can hold up. */
class HeldLog extends MemoryRoomLog {
  gate: Promise<void> = Promise.resolve()
  reads = 0
  appends = 0

  override async read(room: string): Promise<Awaited<ReturnType<RoomLog['read']>>> {
    this.reads++
    return super.read(room)
  }

  override async append(...args: Parameters<MemoryRoomLog['append']>): Promise<number> {
    this.appends++
    await this.gate
    return super.append(...args)
  }
}

describe('a room nobody is in', () => {
  test('[RM17] is let go of after a while and read again from its log', async () => {
    const log = new HeldLog()
    const detached: string[] = []
    host = await startRelay({
      log,
      clock,
      prepare:
        ({ name }) =>
        () =>
          void detached.push(name)
    })
    const ada = join_()
    await synced(ada)
    addFrame(ada.doc)
    await until(() => expect(host.relay.get(ROOM)?.seq).toBe(1))
    await leave(ada)
    pass(SYNC.roomIdleMs - 1)
    expect(host.relay.get(ROOM)).not.toBeNull()
    pass(1)
    await until(() => expect(host.relay.get(ROOM)).toBeNull())
    expect(detached).toEqual([ROOM])
    const bob = join_()
    await until(() => expect(framesOf(bob.doc)).toBe(1))
    expect(log.reads).toBe(2)
  })

  test('[RM18] and is knocked at while it closes loses nothing: who knocks waits until all is on disk', async () => {
    const log = new HeldLog()
    const { promise: drained, resolve: drain } = Promise.withResolvers<void>()
    let isFirst = true
    host = await startRelay({
      log,
      clock,
      prepare: ({ doc }) => {
        if (!isFirst) return () => undefined
        isFirst = false
        // A host that has something left to say when it is let go of.
        return async () => {
          await drained
          addFrame(doc, someFacts(2), 'rlate:AAAAAAAAAAA')
        }
      }
    })
    const ada = join_()
    await synced(ada)
    addFrame(ada.doc)
    await until(() => expect(host.relay.get(ROOM)?.seq).toBe(1))
    await leave(ada)
    pass(SYNC.roomIdleMs)
    await until(() => expect(host.relay.get(ROOM)).toBeNull())
    const doc = new Y.Doc()
    addFrame(doc, someFacts(1), 'rnew:AAAAAAAAAAA')
    const bob = join_({ doc })
    await until(() => expect(bob.provider.wsconnected).toBe(true))
    const { promise: onDisk, resolve: sync } = Promise.withResolvers<void>()
    log.gate = onDisk
    drain()
    await until(() => expect(log.appends).toBe(2))
    expect(bob.provider.synced).toBe(false)
    sync()
    await synced(bob)
    for (const key of [KEY, 'rlate:AAAAAAAAAAA', 'rnew:AAAAAAAAAAA'])
      await until(() => expect(framesOf(bob.doc, key), key).toBe(1))
    const room = host.relay.get(ROOM)!
    for (const key of [KEY, 'rlate:AAAAAAAAAAA', 'rnew:AAAAAAAAAAA'])
      await until(() => expect(framesOf(room.doc, key), key).toBe(1))
  })

  test('[RM19] comes and goes a hundred times under its clients’ feet, and all of them agree in the end', async () => {
    host = await startRelay({ log: new MemoryRoomLog(), clock })
    const doc = new Y.Doc()
    for (let i = 1; i <= 100; i++) {
      const peer = joinAs(host, { doc })
      addFrame(doc, someFacts(i))
      await until(() => expect(peer.provider.synced).toBe(true))
      peer.provider.destroy()
      peer.provider.awareness.destroy()
      if (i % 2 === 0) await until(() => expect(host.relay.connections).toBe(0))
      pass(SYNC.roomIdleMs)
    }
    const last = join_()
    await until(() => expect(framesOf(last.doc)).toBeGreaterThan(0))
    // The last frame may have been cut off with its socket; whoever wrote it says it again.
    join_({ doc })
    await until(() => expect(framesOf(last.doc)).toBe(100))
  })
})

describe('a room’s log', () => {
  test('[RM20] is folded into a snapshot past its bound, and loses nothing by it', async () => {
    const log = new MemoryRoomLog()
    host = await startRelay({ log, clock })
    const room = await host.relay.open(ROOM)
    for (let i = 1; i <= SYNC.logUpdates + 10; i++) addFrame(room.doc, someFacts(i, { size: 20 }))
    await until(() => expect(framesOf(room.doc)).toBe(SYNC.logUpdates + 10))
    await vi.waitFor(async () => expect((await log.read(ROOM))!.updates.length).toBeLessThan(100))
    const kept = (await log.read(ROOM))!
    const doc = new Y.Doc()
    for (const update of [kept.snapshot!, ...kept.updates]) Y.applyUpdate(doc, update)
    expect(framesOf(doc)).toBe(SYNC.logUpdates + 10)
  })

  test('[RM21] in SQLite brings back after a restart all that was acknowledged, in several rooms', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'runnel-relay-'))
    try {
      const open = () =>
        SqliteRoomLog.open({
          file: join(folder, 'sync.db'),
          onFailure: (error) => {
            throw error
          }
        })
      host = await startRelay({ log: await open() })
      const [ada, bob] = [join_({ query: { ack: '1' } }), join_({ room: 'x.2', query: { ack: '1' } })]
      await Promise.all([synced(ada), synced(bob)])
      for (const { doc } of [ada, bob]) for (let i = 1; i <= 20; i++) addFrame(doc, someFacts(i))
      for (const { acks, doc } of [ada, bob]) await until(() => expect(acks.at(-1)).toEqual([doc.clientID, 21]))
      await host.close()
      host = await startRelay({ log: await open() })
      for (const name of [ROOM, 'x.2']) expect(framesOf((await host.relay.open(name)).doc)).toBe(20)
      await host.close()
    } finally {
      await rm(folder, { recursive: true, force: true })
    }
  })
})

describe('rotation', () => {
  test('[RM22] begins a room again from what the host seeds, and sends everyone away to fetch it', async () => {
    const log = new MemoryRoomLog()
    const seen: number[] = []
    host = await startRelay({
      log,
      clock,
      prepare: (room: Room) => {
        seen.push(framesOf(room.doc))
        return () => undefined
      }
    })
    const ada = join_()
    await synced(ada)
    addFrame(ada.doc)
    const room = host.relay.get(ROOM)!
    await until(() => expect(room.seq).toBe(1))
    const epoch = await host.relay.rotate(ROOM, (fresh, old, next) => {
      expect(framesOf(old)).toBe(1)
      fresh.getMap('m').set('epoch', next)
      fresh.getMap('f').set(KEY, someFacts(1))
    })
    expect(epoch).toBeGreaterThan(room.epoch)
    await until(() => expect(ada.closes).toEqual([ROOM_CLOSE.epoch]))
    expect(ada.provider.shouldConnect).toBe(false)
    const bob = join_({ query: { epoch: String(epoch) } })
    await synced(bob)
    expect([...bob.doc.getMap('f').keys()]).toEqual([KEY])
    expect(bob.doc.getMap('m').get('epoch')).toBe(epoch)
    expect(framesOf(bob.doc)).toBe(0)
    expect(seen).toEqual([0, 0])
    const stale = join_({ query: { epoch: String(room.epoch) } })
    await until(() => expect(stale.closes).toEqual([ROOM_CLOSE.epoch]))
  })

  test('[RM23] whose seed fails leaves the room as it was', async () => {
    host = await startRelay({ clock })
    const ada = join_()
    await synced(ada)
    addFrame(ada.doc)
    const { epoch } = host.relay.get(ROOM)!
    await until(() => expect(host.relay.get(ROOM)!.seq).toBe(1))
    await expect(host.relay.rotate(ROOM, () => Promise.reject(new Error('no')))).rejects.toThrow('no')
    const room = await host.relay.open(ROOM)
    expect([room.epoch, framesOf(room.doc)]).toEqual([epoch, 1])
  })

  test('[RM24] keeps who knocks meanwhile waiting for the new room', async () => {
    host = await startRelay({ clock })
    await host.relay.open(ROOM)
    const { promise: seeded, resolve: seed } = Promise.withResolvers<void>()
    const rotating = host.relay.rotate(ROOM, async (fresh) => {
      await seeded
      fresh.getMap('f').set(KEY, someFacts(1))
    })
    const ada = join_()
    await until(() => expect(ada.provider.wsconnected).toBe(true))
    expect(ada.provider.synced).toBe(false)
    seed()
    const epoch = await rotating
    await until(() => expect(ada.doc.getMap('f').size).toBe(1))
    expect(host.relay.get(ROOM)!.epoch).toBe(epoch)
  })

  test('[RM25] a room that is removed is closed with 4404 and kept nowhere', async () => {
    const log = new MemoryRoomLog()
    let isThere = true
    host = await startRelay({ log, clock, exists: () => isThere })
    const ada = join_()
    await synced(ada)
    addFrame(ada.doc)
    await until(() => expect(host.relay.get(ROOM)!.seq).toBe(1))
    isThere = false
    await host.relay.remove(ROOM)
    await until(() => expect(ada.closes).toEqual([ROOM_CLOSE.gone]))
    expect(await log.read(ROOM)).toBeNull()
    const bob = join_()
    await until(() => expect(bob.closes).toEqual([ROOM_CLOSE.gone]))
  })
})

describe('a room’s snapshot', () => {
  test('[RM26] is its document, made once until it changes, and named by what it holds', async () => {
    host = await startRelay({ clock })
    const room = await host.relay.open(ROOM)
    addFrame(room.doc)
    const first = (await host.relay.snapshot(ROOM))!
    expect(await host.relay.snapshot(ROOM)).toBe(first)
    expect(first).toMatchObject({ epoch: room.epoch, seq: 1 })
    const doc = new Y.Doc()
    Y.applyUpdate(doc, first.bytes)
    expect(framesOf(doc)).toBe(1)
    addFrame(room.doc, someFacts(2))
    const later = (await host.relay.snapshot(ROOM))!
    expect(later).toMatchObject({ epoch: room.epoch, seq: 2 })
    Y.applyUpdate(doc, later.bytes)
    expect(framesOf(doc)).toBe(2)
    // With it, a socket brings only what is missing.
    const ada = join_({ doc, query: { epoch: String(later.epoch) } })
    await synced(ada)
    expect(host.relay.get(ROOM)!.seq).toBe(2)
  })

  test('[RM27] of a room that is not there is none', async () => {
    host = await startRelay({ clock, exists: () => false })
    expect(await host.relay.snapshot(ROOM)).toBeNull()
  })
})
