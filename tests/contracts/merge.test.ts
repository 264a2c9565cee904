/** Two stores agree, whatever was done in which, and in which order they hear of it. */
import { describe, expect, test } from 'vitest'
import { DEFAULT_EXPERIMENT_ID, type ExperimentId, type RunId } from '#lib/domain/ids.ts'
import { seriesOf } from '#lib/domain/series.ts'
import type { SharedId } from '#lib/domain/sync/subject.ts'
import type { Change } from '#lib/store/changes.ts'
import { createExperiment, deleteExperiment, getExperiment, renameExperiment } from '#lib/store/experiments.ts'
import { logSeries } from '#lib/store/metrics.ts'
import { logParams } from '#lib/store/params.ts'
import { moveRuns } from '#lib/store/run-moves.ts'
import { Store } from '#lib/store/store.ts'
import { createRun, deleteRun, findRunInfo, getRun, requireActiveRun, restoreRun, updateRun } from '#lib/store/runs.ts'
import { deleteRunTag, setRunTags } from '#lib/store/tags.ts'
import { purge } from '#lib/store/trash.ts'
import { mergeFacts } from '#lib/store/sync/merge.ts'
import { recordsOfRoom } from '#lib/store/sync/publication.ts'
import { findRoom } from '#lib/store/sync/rooms.ts'
import { joinRoom, shareExperiment } from '#lib/store/sync/sharing.ts'
import { createEngine, ENGINES, MemoryJournal, openTestStore, type TestStore } from '../support/engines.ts'
import { historyOf } from '../support/history-of.ts'
import { projectionOf } from '../support/replicas.ts'

/** An experiment with a run in one store, shared, and another store that has joined it. */
async function shared(engine: (typeof ENGINES)[number]) {
  const [a, b] = [await openTestStore(engine), await openTestStore('node:sqlite')]
  const { experimentId, runId } = await a.store.write(async (tx) => {
    const experimentId = await createExperiment(tx, { name: 'vision' })
    const { runId } = await createRun(tx, { experimentId, name: 'first', tags: [{ key: 'team', value: 'red' }] })
    const run = await requireActiveRun(tx, runId)
    await logParams(tx, run, [{ key: 'lr', value: '0.1' }])
    await logSeries(tx, run, new Map([['loss', seriesOf([point(1, 0.5), point(2, NaN)])]]))
    return { experimentId, runId }
  })
  const { sharedId } = await shareExperiment(a.store, experimentId, '')
  await joinRoom(b.store, sharedId, 'editor', 'http://host')
  await pull(a, b, sharedId)
  return { a, b, sharedId, experimentId, runId }
}

const point = (step: number, value: number) => ({ step, timestamp: 1000 + step, value })

async function pull(from: TestStore, to: TestStore, room: SharedId) {
  return mergeFacts(to.store, room, await recordsOfRoom(from.store, room))
}

async function agree(a: TestStore, b: TestStore, room: SharedId): Promise<void> {
  await pull(a, b, room)
  await pull(b, a, room)
  await pull(a, b, room)
  expect(await projectionOf(b.store, room)).toEqual(await projectionOf(a.store, room))
}

const tag = ({ store, clock }: TestStore, id: RunId, key: string, value: string) => {
  clock.now += 10
  return store.write(async (tx) => setRunTags(tx, await requireActiveRun(tx, id), [{ key, value }]))
}

describe.each(ENGINES)('stores that share an experiment, one on %s', (engine) => {
  test('[ME1] who joins has all of it', async () => {
    const { a, b, sharedId, experimentId, runId } = await shared(engine)
    expect(await projectionOf(b.store, sharedId)).toEqual(await projectionOf(a.store, sharedId))
    const run = await b.store.read((r) => getRun(r, runId))
    expect(run.info).toMatchObject({ name: 'first', status: 'RUNNING', experimentId, number: 1 })
    expect(run.data.params).toEqual([{ key: 'lr', value: '0.1' }])
    expect(await historyOf(b.store, runId, 'loss')).toEqual([point(1, 0.5), point(2, NaN)])
  })

  test('[ME2] what one does the other has, and nothing comes twice', async () => {
    const { a, b, sharedId, runId } = await shared(engine)
    await tag(a, runId, 'team', 'blue')
    await b.store.write(async (tx) => {
      const run = await requireActiveRun(tx, runId)
      await logSeries(tx, run, new Map([['loss', seriesOf([point(2, NaN), point(3, 0.2)])]]))
      await logSeries(tx, run, new Map([['acc', seriesOf([point(1, 0.9)])]]))
      await updateRun(tx, runId, { status: 'FINISHED', endTime: 99 })
    })
    await agree(a, b, sharedId)
    const run = await a.store.read((r) => getRun(r, runId))
    expect(run.info).toMatchObject({ status: 'FINISHED', endTime: 99 })
    expect(await historyOf(a.store, runId, 'loss')).toEqual([point(1, 0.5), point(2, NaN), point(3, 0.2)])
    expect((await pull(a, b, sharedId)).changed).toEqual([])
    expect((await pull(b, a, sharedId)).changed).toEqual([])
  })

  test('[ME3] the tag set last wins, and a tag taken away stays away', async () => {
    const { a, b, sharedId, runId } = await shared(engine)
    b.clock.now += 5
    await tag(b, runId, 'team', 'green')
    await tag(a, runId, 'team', 'blue')
    await tag(a, runId, 'gone', 'soon')
    await agree(a, b, sharedId)
    expect((await a.store.read((r) => getRun(r, runId))).data.tags).toContainEqual({ key: 'team', value: 'green' })
    b.clock.now += 100
    await b.store.write(async (tx) => deleteRunTag(tx, await requireActiveRun(tx, runId), 'gone'))
    await agree(a, b, sharedId)
    expect((await a.store.read((r) => getRun(r, runId))).data.tags.map(({ key }) => key)).not.toContain('gone')
  })

  test('[ME4] a param set to two values has the first everywhere', async () => {
    const { a, b, sharedId, runId } = await shared(engine)
    const log = ({ store, clock }: TestStore, value: string, after: number) => {
      clock.now += after
      return store.write(async (tx) => logParams(tx, await requireActiveRun(tx, runId), [{ key: 'depth', value }]))
    }
    await log(a, '8', 50)
    await log(b, '4', 20)
    await agree(a, b, sharedId)
    expect((await a.store.read((r) => getRun(r, runId))).data.params).toContainEqual({ key: 'depth', value: '4' })
  })

  test('[ME14] a value that lost is announced where the other one stands', async () => {
    const { a, b, sharedId, runId } = await shared(engine)
    const log = ({ store, clock }: TestStore, value: string, after: number) => {
      clock.now += after
      return store.write(async (tx) => logParams(tx, await requireActiveRun(tx, runId), [{ key: 'depth', value }]))
    }
    await log(a, '8', 20)
    await log(b, '4', 50)
    const told: Change[] = []
    a.store.changes.subscribe((change) => told.push(change))
    await pull(b, a, sharedId)
    expect(told.some(({ runs, kinds }) => runs.has(runId) && kinds.has('param'))).toBe(true)
  })

  test('[ME5] a run in the trash there is in the trash here, and takes the points logged meanwhile', async () => {
    const { a, b, sharedId, runId } = await shared(engine)
    b.clock.now += 1
    await b.store.write((tx) => deleteRun(tx, runId))
    await a.store.write(async (tx) =>
      logSeries(tx, await requireActiveRun(tx, runId), new Map([['loss', seriesOf([point(9, 9)])]]))
    )
    await agree(a, b, sharedId)
    expect((await a.store.read((r) => getRun(r, runId))).info.lifecycleStage).toBe('deleted')
    a.clock.now += 5
    await a.store.write((tx) => restoreRun(tx, runId))
    await agree(a, b, sharedId)
    expect(await historyOf(b.store, runId, 'loss')).toContainEqual(point(9, 9))
  })

  test('[ME6] a taken name is shown with what tells it apart, and given back', async () => {
    const b = await openTestStore(engine)
    const a = await openTestStore('node:sqlite')
    b.clock.now -= 1000
    const holder = await b.store.write((tx) => createExperiment(tx, { name: 'vision' }))
    const id = await a.store.write((tx) => createExperiment(tx, { name: 'vision' }))
    const { sharedId } = await shareExperiment(a.store, id, '')
    await joinRoom(b.store, sharedId, 'editor', 'http://host')
    await agree(a, b, sharedId)
    const name = async () => (await b.store.read((r) => getExperiment(r, id))).name
    expect(await name()).toMatch(/^vision~/)
    await b.store.write((tx) => renameExperiment(tx, holder, 'mine'))
    expect(await name()).toBe('vision')
    await agree(a, b, sharedId)
    expect((await a.store.read((r) => getExperiment(r, id))).name).toBe('vision')
  })

  test('[ME7] the Default experiment of one store is another experiment in the next', async () => {
    const [a, b] = [await openTestStore(engine), await openTestStore('node:sqlite')]
    const run = await a.store.write((tx) => createRun(tx, { experimentId: '0' as ExperimentId }))
    const { sharedId } = await shareExperiment(a.store, '0' as ExperimentId, '')
    await joinRoom(b.store, sharedId, 'viewer', 'http://host')
    await agree(a, b, sharedId)
    const there = await b.store.read((r) => getRun(r, run.runId))
    expect(there.info.experimentId).not.toBe('0')
    const room = await b.store.read((r) => findRoom(r, sharedId))
    expect(room).toMatchObject({ experimentId: there.info.experimentId, role: 'viewer' })
  })

  test('[ME9] a copy of a store that both live on with loses nothing of either', async () => {
    const { a, b, sharedId, runId } = await shared(engine)
    const journal = new MemoryJournal(() => createEngine('node:sqlite'))
    journal.commits.push(...a.journal.commits)
    const copied = await journal.recover()
    const parts = { engine: copied, journal, blobs: a.blobs, clock: () => a.clock.now }
    const c: TestStore = { ...a, ...parts, clock: a.clock, store: await Store.open(parts) }
    await tag(a, runId, 'by', 'the first')
    await tag(c, runId, 'by', 'the copy')
    await tag(a, runId, 'first', 'yes')
    await tag(c, runId, 'copy', 'yes')
    await agree(a, b, sharedId)
    await agree(c, b, sharedId)
    await agree(a, b, sharedId)
    const { tags } = (await a.store.read((r) => getRun(r, runId))).data
    expect(tags).toEqual(
      expect.arrayContaining([
        { key: 'by', value: 'the copy' },
        { key: 'copy', value: 'yes' },
        { key: 'first', value: 'yes' }
      ])
    )
  })

  test('[ME10] what is put where nobody shares stays there, and goes on being shared', async () => {
    const { a, b, sharedId, experimentId, runId } = await shared(engine)
    await b.store.write((tx) => moveRuns(tx, [runId], DEFAULT_EXPERIMENT_ID))
    await tag(a, runId, 'after', 'yes')
    await b.store.write(async (tx) =>
      logSeries(tx, await requireActiveRun(tx, runId), new Map([['loss', seriesOf([point(7, 7)])]]))
    )
    await pull(a, b, sharedId)
    await pull(b, a, sharedId)
    const [here, there] = [await b.store.read((r) => getRun(r, runId)), await a.store.read((r) => getRun(r, runId))]
    expect([here.info.experimentId, there.info.experimentId]).toEqual([DEFAULT_EXPERIMENT_ID, experimentId])
    expect(here.data.tags).toContainEqual({ key: 'after', value: 'yes' })
    expect(await historyOf(a.store, runId, 'loss')).toContainEqual(point(7, 7))
  })

  test('[ME11] a run that left for an experiment one is not in stays where it was there, and nobody brings it back', async () => {
    const { a, b, sharedId, runId } = await shared(engine)
    const other = await a.store.write((tx) => createExperiment(tx, { name: 'other' }))
    const { sharedId: otherId } = await shareExperiment(a.store, other, '')
    a.clock.now += 5
    await a.store.write((tx) => moveRuns(tx, [runId], other))
    await mergeFacts(b.store, sharedId, await recordsOfRoom(a.store, otherId))
    const there = async () => (await b.store.read((r) => getRun(r, runId))).info.experimentId
    expect(await there()).toBe(sharedId)
    b.clock.now += 50
    await tag(b, runId, 'seen', 'yes')
    await mergeFacts(a.store, sharedId, await recordsOfRoom(b.store, otherId))
    expect((await a.store.read((r) => getRun(r, runId))).info.experimentId).toBe(other)
    await joinRoom(b.store, otherId, 'editor', 'http://host')
    expect(await there()).toBe(sharedId)
    await pull(a, b, otherId)
    expect(await there()).toBe(other)
  })

  test('[ME12] only who shares it deletes a run for good, and then for all', async () => {
    const { a, b, sharedId, runId } = await shared(engine)
    b.clock.now += 1
    await b.store.write((tx) => deleteRun(tx, runId))
    expect(await b.store.write((tx) => purge(tx, { runs: [runId], experiments: [], loggedModels: [] }))).toMatchObject({
      runs: 0
    })
    await agree(a, b, sharedId)
    await a.store.write((tx) => purge(tx, { runs: [runId], experiments: [], loggedModels: [] }))
    await agree(a, b, sharedId)
    expect(await b.store.read((r) => findRunInfo(r, runId))).toBeNull()
  })

  test('[ME13] an experiment that one deletes for good stays with the others', async () => {
    const { a, b, sharedId, experimentId, runId } = await shared(engine)
    a.clock.now += 1
    await a.store.write((tx) => deleteExperiment(tx, experimentId))
    await pull(a, b, sharedId)
    await a.store.write((tx) => purge(tx, { runs: [], experiments: [experimentId], loggedModels: [] }))
    expect(await recordsOfRoom(a.store, sharedId)).toEqual([])
    expect((await pull(b, a, sharedId)).changed).toEqual([])
    expect((await b.store.read((r) => getRun(r, runId))).info.lifecycleStage).toBe('deleted')
  })

  test('[ME8] what is not shared leaves no facts', async () => {
    const { store } = await openTestStore(engine)
    const run = await store.write((tx) => createRun(tx, { experimentId: '0' as ExperimentId }))
    await store.write((tx) => setRunTags(tx, run, [{ key: 'a', value: 'b' }]))
    const count = (table: string) => store.exclusive((e) => e.all(`select count(*) as n from ${table}`, [])[0]!['n'])
    expect([await count('runnel_facts'), await count('runnel_outbox'), await count('runnel_subjects')]).toEqual([
      0, 0, 0
    ])
  })
})
