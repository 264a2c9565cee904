/** A host's rooms after its clock was ahead: what was said then is said again, once, whatever comes in between. */
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import * as Y from 'yjs'
import { RunnelError } from '#lib/domain/errors.ts'
import { SYNC } from '#lib/domain/limits.ts'
import type { ExperimentId, RunId } from '#lib/domain/ids.ts'
import { hlcOfMs } from '#lib/domain/sync/clock.ts'
import { runSubject, type SharedId } from '#lib/domain/sync/subject.ts'
import { createExperiment } from '#lib/store/experiments.ts'
import { createRun, getRun, requireActiveRun } from '#lib/store/runs.ts'
import { latestHlc } from '#lib/store/sync/fact-rows.ts'
import { joinRoom, shareExperiment } from '#lib/store/sync/sharing.ts'
import { setRunTags } from '#lib/store/tags.ts'
import { roomName } from '#lib/sync/agreement.ts'
import { RoomDoc } from '#lib/sync/room-doc.ts'
import { openTestStore, type TestStore } from '../../tests/support/engines.ts'
import { MemoryRoomLog } from '../relay/memory-room-log.ts'
import { bringTogether } from './room-seed.ts'
import { settleTimesAhead } from './times-ahead.ts'

const DAY = 24 * 3_600_000

let host: TestStore
let guest: TestStore
let log: MemoryRoomLog
let room: SharedId
let experimentId: ExperimentId
let runId: RunId

const tag = ({ store }: TestStore, key: string, value: string) =>
  store.write(async (tx) => setRunTags(tx, await requireActiveRun(tx, runId), [{ key, value }]))

const tagsOf = async ({ store }: TestStore) =>
  Object.fromEntries((await store.read((r) => getRun(r, runId))).data.tags.map(({ key, value }) => [key, value]))

const readRoom = async (): Promise<Y.Doc> => {
  const doc = new Y.Doc()
  const kept = (await log.read(roomName('x', room)))!
  for (const update of [kept.snapshot, ...kept.updates]) if (update !== null) Y.applyUpdate(doc, update)
  return doc
}

/** Both say in the room what they have to say, and hear the other. */
async function meet(): Promise<void> {
  const doc = await readRoom()
  const before = Y.encodeStateVector(doc)
  for (const { store } of [guest, host, guest]) await bringTogether(store, room, new RoomDoc(doc))
  await log.append(roomName('x', room), 1, Y.encodeStateAsUpdate(doc, before))
}

const aheadIn = async (): Promise<number> => {
  const doc = new RoomDoc(await readRoom())
  const horizon = hlcOfMs(host.clock.now + SYNC.aheadMs)
  return [...doc.subjects()].flatMap((subject) => doc.entriesOf(subject)).filter(({ header }) => header.hlc > horizon)
    .length
}

/** Right, then three days ahead, at both. */
beforeEach(async () => {
  vi.spyOn(console, 'warn').mockImplementation(() => undefined)
  ;[host, guest, log] = [await openTestStore('node:sqlite'), await openTestStore('node:sqlite'), new MemoryRoomLog()]
  const made = await host.store.write(async (tx) => {
    const experimentId = await createExperiment(tx, { name: 'vision' })
    return { experimentId, runId: (await createRun(tx, { experimentId })).runId }
  })
  ;({ experimentId, runId } = made)
  room = (await shareExperiment(host.store, experimentId, '')).sharedId
  await joinRoom(guest.store, room, 'editor', 'http://host')
  await log.begin(roomName('x', room), 1, null)
  await meet()
  await tag(host, 'before', 'host')
  await meet()
  for (const { clock } of [host, guest]) clock.now += 3 * DAY
  await tag(host, 'then', 'host')
  await tag(guest, 'both', 'guest')
  await meet()
  await tag(host, 'both', 'host')
  await meet()
  for (const { clock } of [host, guest]) clock.now -= 3 * DAY - 60_000
})
afterEach(() => void vi.restoreAllMocks())

const settle = () => settleTimesAhead({ store: host.store, log, space: 'space' })

/** Somebody who comes now. */
async function comer(): Promise<TestStore> {
  const late = await openTestStore('node:sqlite')
  late.clock.now = host.clock.now
  await joinRoom(late.store, room, 'editor', 'http://host')
  const doc = new RoomDoc(await readRoom())
  await bringTogether(host.store, room, doc)
  await bringTogether(late.store, room, doc)
  return late
}

const ALL = { before: 'host', then: 'host', both: 'host' }

describe('a host whose clock was ahead', () => {
  test('[TA1] says again what anybody said then, in its order, and its rooms hold nothing of times to come', async () => {
    expect(await aheadIn()).toBeGreaterThan(1)
    await settle()
    expect(await aheadIn()).toBe(0)
    expect(await host.store.read(latestHlc)).toBeLessThan(hlcOfMs(host.clock.now + 1000))
    expect(await tagsOf(await comer())).toMatchObject(ALL)
    const { epoch } = (await log.read(roomName('x', room)))!
    await settle()
    expect((await log.read(roomName('x', room)))!.epoch).toBe(epoch)
  })

  test('[TA2] goes on at the next start where one ended in between', async () => {
    host.journal.failWith(new RunnelError('RESOURCE_EXHAUSTED', 'The disk is full.'))
    await expect(settle()).rejects.toMatchObject({ code: 'RESOURCE_EXHAUSTED' })
    host.journal.failWith(null)
    await settle()
    expect(await aheadIn()).toBe(0)
    expect(await tagsOf(await comer())).toMatchObject(ALL)
  })

  test('[TA3] takes from its rooms what its store has lost', async () => {
    // Said by a guest, and never merged: the host's store had ended by then.
    guest.clock.now += 3 * DAY
    await tag(guest, 'last', 'guest')
    const doc = await readRoom()
    const before = Y.encodeStateVector(doc)
    await bringTogether(guest.store, room, new RoomDoc(doc))
    await log.append(roomName('x', room), 1, Y.encodeStateAsUpdate(doc, before))
    expect(await tagsOf(host)).not.toHaveProperty('last')
    await settle()
    expect(await aheadIn()).toBe(0)
    expect(await tagsOf(await comer())).toMatchObject({ ...ALL, last: 'guest' })
  })

  test('[TA4] leaves in its rooms what waits for points that it has not', async () => {
    await host.store.exclusive((engine) =>
      engine.run(
        `insert into runnel_awaited (run_uuid, key, blob_id, blob_offset, blob_length) values (?, 'loss', ?, 0, 9)`,
        [runId, 'ab'.repeat(32)]
      )
    )
    await settle()
    const said = new RoomDoc(await readRoom()).entriesOf(runSubject(runId))
    expect(new Set(said.map(({ writer }) => writer)).size).toBeGreaterThan(1)
  })

  test('[TA5] changes nothing when it is rather behind now: as a clock is that has no battery', async () => {
    const said = vi.spyOn(console, 'error').mockImplementation(() => undefined)
    host.clock.now -= 20 * SYNC.restampMs
    const latest = await host.store.read(latestHlc)
    await settle()
    expect(await host.store.read(latestHlc)).toBe(latest)
    expect((await log.read(roomName('x', room)))!.epoch).toBe(1)
    expect(said.mock.calls.flat()).toMatchObject([expect.stringMatching(/taken to be wrong: set it right/)])
  })
})
