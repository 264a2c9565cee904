/** Two real stores over a relay: the host's own joins each room before anybody is let in. */
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import * as Y from 'yjs'
import type { ExperimentId, RunId } from '#lib/domain/ids.ts'
import { SYNC } from '#lib/domain/limits.ts'
import type { SharedId } from '#lib/domain/sync/subject.ts'
import { createExperiment } from '#lib/store/experiments.ts'
import { logSeries } from '#lib/store/metrics.ts'
import { logParams } from '#lib/store/params.ts'
import { createRun, findRunInfo, getRun } from '#lib/store/runs.ts'
import type { Store } from '#lib/store/store.ts'
import { recordsOfRoom } from '#lib/store/sync/publication.ts'
import { joinRoom, shareExperiment } from '#lib/store/sync/sharing.ts'
import { ROOM_CLOSE, roomName } from '#lib/sync/agreement.ts'
import { Replicator } from '#lib/sync/replicator.ts'
import { RoomDoc } from '#lib/sync/room-doc.ts'
import { openTestStore } from '../../tests/support/engines.ts'
import { joinAs, startRelay, type Peer, type TestHost } from '../../tests/support/relay.ts'
import type { Prepare } from './room.ts'

let hostStore: Store
let guestStore: Store
let host: TestHost
const ends: (() => unknown)[] = []
const until = (check: () => void | Promise<void>): Promise<void> => vi.waitFor(check, { timeout: 30_000, interval: 20 })

const prepare: Prepare = async ({ subject, doc }) => {
  const room = subject as SharedId
  await joinRoom(hostStore, room, 'owner', '')
  const replicator = new Replicator({ store: hostStore, room, doc: new RoomDoc(doc), mayWrite: true, gatherMs: 10 })
  await replicator.start()
  return async () => {
    await replicator.flush()
    await replicator.close()
  }
}

beforeEach(async () => {
  hostStore = (await openTestStore('node:sqlite')).store
  guestStore = (await openTestStore('node:sqlite')).store
  host = await startRelay({ prepare })
})
afterEach(async () => {
  for (const end of ends.splice(0).reverse()) await end()
  await host.close()
})

/** The guest's end: a stock client, and its own store joined to the document. */
async function follow(room: SharedId, query: Record<string, string> = {}): Promise<Peer> {
  const peer = joinAs(host, { room: roomName('x', room), query: { ack: '1', ...query } })
  ends.push(() => peer.close())
  await until(() => expect(peer.provider.synced).toBe(true))
  const replicator = new Replicator({
    store: guestStore,
    room,
    doc: new RoomDoc(peer.doc),
    mayWrite: true,
    gatherMs: 10
  })
  ends.push(() => replicator.close())
  await replicator.start()
  return peer
}

async function logRun(store: Store, experimentId: ExperimentId, name: string, points: number): Promise<RunId> {
  const steps = Float64Array.from({ length: points }, (_, step) => step)
  return store.write(async (tx) => {
    const run = await createRun(tx, { experimentId, name })
    await logParams(tx, run, [{ key: 'lr', value: '0.1' }])
    await logSeries(tx, run, new Map([['loss', { steps, timestamps: steps, values: steps }]]))
    return run.runId
  })
}

const arrives = (store: Store, runId: RunId, points: number): Promise<void> =>
  until(async () => {
    expect(await store.read((r) => findRunInfo(r, runId))).not.toBeNull()
    const { data } = await store.read((r) => getRun(r, runId))
    expect(data.params).toEqual([{ key: 'lr', value: '0.1' }])
    expect(data.metrics).toMatchObject([{ key: 'loss', count: points, max: points - 1 }])
  })

test('[RM29] what either of two stores logs is in the other, also after the room began again', async () => {
  const experimentId = await guestStore.write((tx) => createExperiment(tx, { name: 'shared' }))
  const first = await logRun(guestStore, experimentId, 'before', 100)
  const { sharedId } = await shareExperiment(guestStore, experimentId, host.url)
  const peer = await follow(sharedId)
  await arrives(hostStore, first, 100)
  const live = await logRun(guestStore, experimentId, 'live', 50)
  await arrives(hostStore, live, 50)
  const theirs = (await joinRoom(hostStore, sharedId, 'owner', '')).experimentId
  const back = await logRun(hostStore, theirs, 'back', 20)
  await arrives(guestStore, back, 20)
  expect(peer.closes).toEqual([])

  const name = roomName('x', sharedId)
  const epoch = await host.relay.rotate(name, async (fresh) => {
    const doc = new RoomDoc(fresh)
    const records = await recordsOfRoom(hostStore, sharedId)
    fresh.transact(() => {
      for (const { subject, writer, facts } of records) doc.putRecord(subject, writer, facts)
    })
  })
  await until(() => expect(peer.closes).toEqual([ROOM_CLOSE.epoch]))
  const meanwhile = await logRun(guestStore, experimentId, 'meanwhile', 30)
  const again = await follow(sharedId, { epoch: String(epoch) })
  await arrives(hostStore, meanwhile, 30)
  expect(again.closes).toEqual([])
  // Nothing is said again once all is said.
  const room = host.relay.get(name)!
  await room.kept()
  const before = Y.encodeStateVector(room.doc)
  const { seq } = room
  for (const end of ends.splice(0).reverse()) await end()
  await follow(sharedId, { epoch: String(epoch) })
  expect([Y.encodeStateVector(room.doc), room.seq]).toEqual([before, seq])
})

test('[RM30] a room of many runs is made in parts, and others have their turn between two of them', async () => {
  const experimentId = await hostStore.write((tx) => createExperiment(tx, { name: 'large' }))
  const runs = 3 * SYNC.mergeSubjects
  await hostStore.write(async (tx) => {
    for (let i = 0; i < runs; i++) await createRun(tx, { experimentId })
  })
  const { sharedId } = await shareExperiment(hostStore, experimentId, host.url)
  const doc = new RoomDoc(new Y.Doc())
  const replicator = new Replicator({ store: hostStore, room: sharedId, doc, mayWrite: true })
  /** How many subjects the document had each time somebody else had a turn. */
  const seen = new Set<number>()
  let isOver = false
  const others = (async () => {
    while (!isOver) {
      await new Promise((resolve) => setImmediate(resolve))
      seen.add(doc.subjects().size)
    }
  })()
  await replicator.start()
  isOver = true
  await others
  await replicator.close()
  expect(doc.subjects().size).toBe(runs + 1)
  expect([...seen].filter((size) => size > 0 && size < runs).length).toBeGreaterThanOrEqual(2)
})
