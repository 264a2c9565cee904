/** What a room begins with again: everything its old document and the host's store have, by whoever said it. */
import { beforeEach, describe, expect, test } from 'vitest'
import * as Y from 'yjs'
import type { RunId } from '#lib/domain/ids.ts'
import { seriesOf } from '#lib/domain/series.ts'
import { encodeFacts } from '#lib/domain/sync/facts-codec.ts'
import { runSubject, type SharedId } from '#lib/domain/sync/subject.ts'
import type { Subject, Writer } from '#lib/domain/sync/facts.ts'
import { createExperiment } from '#lib/store/experiments.ts'
import { logSeries } from '#lib/store/metrics.ts'
import { logParams } from '#lib/store/params.ts'
import { createRun, getRun, requireActiveRun, updateRun } from '#lib/store/runs.ts'
import type { Store } from '#lib/store/store.ts'
import { joinRoom, shareExperiment } from '#lib/store/sync/sharing.ts'
import { liveBytesOf, RoomDoc } from '#lib/sync/room-doc.ts'
import { Replicator } from '#lib/sync/replicator.ts'
import { openTestStore } from '../../tests/support/engines.ts'
import { historyOf } from '../../tests/support/history-of.ts'
import { seedRoom } from './room-seed.ts'

const WRITER = 'AAAAAAAAAAA' as Writer

let host: Store
let guest: Store
let room: SharedId
let runs: RunId[]
let old: Y.Doc

const open = async (): Promise<Store> => (await openTestStore('node:sqlite')).store

async function meet(store: Store, doc: Y.Doc): Promise<void> {
  const replicator = new Replicator({ store, room, doc: new RoomDoc(doc), mayWrite: true })
  await replicator.start()
  await replicator.close()
}

const log = (store: Store, runId: RunId, key: string, step: number): Promise<void> =>
  store.write(async (tx) => {
    const run = await requireActiveRun(tx, runId)
    await logParams(tx, run, [{ key, value: String(step) }])
    await logSeries(tx, run, new Map([['loss', seriesOf([{ step, timestamp: 1000 + step, value: step }])]]))
  })

/** A host and a guest who have told one another all, in the old document. */
beforeEach(async () => {
  ;[host, guest, old] = [await open(), await open(), new Y.Doc()]
  const made = await host.write(async (tx) => {
    const experimentId = await createExperiment(tx, { name: 'shared' })
    return { experimentId, first: (await createRun(tx, { experimentId })).runId }
  })
  room = (await shareExperiment(host, made.experimentId, '')).sharedId
  await meet(host, old)
  const { experimentId } = await joinRoom(guest, room, 'editor', 'http://host')
  await meet(guest, old)
  const second = await guest.write(async (tx) => (await createRun(tx, { experimentId })).runId)
  runs = [made.first, second]
  for (const [at, runId] of runs.entries()) await log(guest, runId, 'of the guest', at)
  await meet(guest, old)
  await meet(host, old)
  for (const runId of runs) await log(host, runId, 'of the host', 10)
  await meet(host, old)
})

/** By subject and writer, how much a document says. */
const said = (doc: Y.Doc): string[] => {
  const facts = new RoomDoc(doc)
  return [...facts.subjects()]
    .flatMap((subject) => [...facts.seqsOf(subject)].map(([writer, seq]) => `${subject}:${writer} ${seq}`))
    .sort()
}

async function seeded(): Promise<Y.Doc> {
  const fresh = new Y.Doc()
  await seedRoom(host, room, fresh, old)
  return fresh
}

describe('a room that begins again', () => {
  test('[RT2] says as much as before, by everyone who said it, to whoever comes with nothing', async () => {
    const fresh = await seeded()
    expect(said(fresh)).toEqual(said(old))
    expect([...fresh.getMap('t').keys()]).toEqual([])
    const late = await open()
    await joinRoom(late, room, 'editor', 'http://host')
    await meet(late, fresh)
    for (const [at, runId] of runs.entries()) {
      const { data } = await late.read((r) => getRun(r, runId))
      expect(data.params.map(({ key }) => key)).toEqual(['of the guest', 'of the host'])
      expect((await historyOf(late, runId, 'loss')).map(({ step }) => step)).toEqual([at, 10])
    }
  })

  test('[RT3] takes what the store had not merged, and what it had not told yet', async () => {
    await log(guest, runs[0]!, 'at the last moment', 20)
    await meet(guest, old)
    await log(host, runs[1]!, 'at the last moment, too', 30)
    const fresh = await seeded()
    const told = new RoomDoc(fresh).seqsOf(runSubject(runs[0]!))
    expect(told).toEqual(new RoomDoc(old).seqsOf(runSubject(runs[0]!)))
    expect((await host.read((r) => getRun(r, runs[0]!))).data.params.map(({ key }) => key)).toContain(
      'at the last moment'
    )
    const late = await open()
    await joinRoom(late, room, 'editor', 'http://host')
    await meet(late, fresh)
    expect((await late.read((r) => getRun(r, runs[1]!))).data.params.map(({ key }) => key)).toContain(
      'at the last moment, too'
    )
  })

  test('[RT4] keeps as it stands what the store cannot merge, and leaves what nobody can read', async () => {
    const subject = `r${'0'.repeat(32)}` as Subject
    const frame = encodeFacts({ from: 5, to: 6, cells: [{ field: 'p/lr', value: '1', hlc: 7 }], series: [] })
    const doc = new RoomDoc(old)
    old.transact(() => doc.appendFrame(subject, WRITER, frame))
    old.getMap('f').set(`${runSubject(runs[0]!)}:${WRITER}`, new Uint8Array([9, 9, 9]))
    const fresh = await seeded()
    expect(new RoomDoc(fresh).entriesOf(subject).map(({ bytes }) => bytes)).toEqual([frame])
    expect(said(fresh)).toEqual(said(old))
    expect([...fresh.getMap('f').keys()].filter((key) => key.endsWith(WRITER))).toEqual([])
  })

  test('[RT5] is as large as what it says: names of keys that nothing has any more are gone', async () => {
    for (let round = 0; round < 30; round++) {
      await log(host, runs[0]!, `a param with a name of its own, that of round ${round}`, 100 + round)
      await host.write((tx) => updateRun(tx, runs[0]!, { status: 'FINISHED', endTime: 5000 + round }))
      await meet(host, old)
    }
    const [before, live] = [Y.encodeStateAsUpdate(old).length, liveBytesOf(old)]
    expect(before).toBeGreaterThan(5 * live)
    const fresh = await seeded()
    expect(Y.encodeStateAsUpdate(fresh).length).toBeLessThan(1.5 * live)
    expect(said(fresh)).toEqual(said(old))
  })
})
