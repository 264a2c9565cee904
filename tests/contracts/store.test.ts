/**
 * The store's contract, run against every engine. A test's name starts with its rule.
 */
import { describe, expect, test } from 'vitest'
import { DEFAULT_EXPERIMENT_ID, type RunId } from '#lib/domain/ids.ts'
import { RunnelError } from '#lib/domain/errors.ts'
import { LIVE } from '#lib/domain/limits.ts'
import { replay } from '#lib/store/engine.ts'
import {
  createExperiment,
  deleteExperiment,
  experimentSummaries,
  findExperimentByName,
  getExperiment,
  renameExperiment,
  restoreExperiment,
  setExperimentTag
} from '#lib/store/experiments.ts'
import { experimentKeys } from '#lib/store/keys.ts'
import { metricHistory } from '#lib/store/histories.ts'
import { findMetric, logPoints, logSeries } from '#lib/store/metrics.ts'
import { logParams } from '#lib/store/params.ts'
import {
  childrenOf,
  createRun,
  deleteRun,
  getRun,
  getRunInfo,
  requireActiveRun,
  restoreRun,
  updateRun
} from '#lib/store/runs.ts'
import { advanceSession, sessionMark } from '#lib/store/sessions.ts'
import { deleteRunTag, setRunTags } from '#lib/store/tags.ts'
import { logInputs } from '#lib/store/datasets.ts'
import { artifactUsage, deleteArtifacts, findArtifact, listArtifacts, putArtifact } from '#lib/store/artifacts.ts'
import { allInTrash, purge, runsInTrash } from '#lib/store/trash.ts'
import { deleteView, listViews, renameView, saveView } from '#lib/store/views.ts'
import type { Tx } from '#lib/store/database.ts'
import type { Store } from '#lib/store/store.ts'
import type { BlobId } from '#lib/domain/ids.ts'
import type { Change } from '#lib/store/changes.ts'
import { ENGINES, createEngine, dumpStore, openTestStore } from '../support/engines.ts'
import { historyOf } from '../support/history-of.ts'

const code = (code: string): unknown => expect.objectContaining({ code })

describe.each(ENGINES)('store on %s', (name) => {
  const open = () => openTestStore(name)
  const newRun = (store: Store, more: { name?: string } = {}) =>
    store.write((tx) => createRun(tx, { experimentId: DEFAULT_EXPERIMENT_ID, ...more }))

  test('[EX1] a new store holds the Default experiment, 0', async () => {
    const { store } = await open()
    const experiment = await store.read((r) => getExperiment(r, DEFAULT_EXPERIMENT_ID))
    expect(experiment).toMatchObject({
      name: 'Default',
      artifactLocation: 'mlflow-artifacts:/0',
      lifecycleStage: 'active'
    })
  })

  test('[EX2] a name is taken even by a deleted experiment', async () => {
    const { store } = await open()
    const id = await store.write((tx) => createExperiment(tx, { name: 'wine' }))
    await store.write((tx) => deleteExperiment(tx, id))
    await expect(store.write((tx) => createExperiment(tx, { name: 'wine' }))).rejects.toEqual(
      code('RESOURCE_ALREADY_EXISTS')
    )
    expect((await store.read((r) => findExperimentByName(r, 'wine')))?.lifecycleStage).toBe('deleted')
  })

  test('[EX3] deleting an experiment deletes its runs, restoring brings all of them back', async () => {
    const { store } = await open()
    const id = await store.write((tx) => createExperiment(tx, { name: 'wine' }))
    const run = await store.write((tx) => createRun(tx, { experimentId: id }))
    await store.write((tx) => deleteExperiment(tx, id))
    expect((await store.read((r) => getRunInfo(r, run.runId))).lifecycleStage).toBe('deleted')
    await expect(store.write((tx) => deleteExperiment(tx, id))).rejects.toEqual(code('RESOURCE_DOES_NOT_EXIST'))
    await expect(store.write((tx) => createRun(tx, { experimentId: id }))).rejects.toEqual(
      code('INVALID_PARAMETER_VALUE')
    )
    await store.write((tx) => restoreExperiment(tx, id))
    expect((await store.read((r) => getRunInfo(r, run.runId))).lifecycleStage).toBe('active')
  })

  test('[EX4] rename and tags; a deleted experiment takes neither', async () => {
    const { store, clock } = await open()
    const id = await store.write((tx) => createExperiment(tx, { name: 'a', tags: [{ key: 't', value: '1' }] }))
    clock.now += 5
    await store.write((tx) => renameExperiment(tx, id, 'b'))
    await store.write((tx) => setExperimentTag(tx, id, 't', '2'))
    const experiment = await store.read((r) => getExperiment(r, id))
    expect(experiment).toMatchObject({ name: 'b', lastUpdateTime: clock.now, tags: [{ key: 't', value: '2' }] })
    await expect(store.write((tx) => renameExperiment(tx, id, 'Default'))).rejects.toEqual(code('BAD_REQUEST'))
    await store.write((tx) => deleteExperiment(tx, id))
    await expect(store.write((tx) => renameExperiment(tx, id, 'c'))).rejects.toEqual(code('INVALID_STATE'))
    await expect(store.write((tx) => setExperimentTag(tx, id, 't', '3'))).rejects.toEqual(
      code('INVALID_PARAMETER_VALUE')
    )
  })

  test('[EX5] summaries count active runs and the running ones, newest activity first', async () => {
    const { store, clock } = await open()
    const id = await store.write((tx) => createExperiment(tx, { name: 'wine' }))
    clock.now += 1000
    const a = await store.write((tx) => createRun(tx, { experimentId: id }))
    const b = await store.write((tx) => createRun(tx, { experimentId: id }))
    const c = await store.write((tx) => createRun(tx, { experimentId: id }))
    await store.write((tx) => updateRun(tx, a.runId, { status: 'FINISHED', endTime: clock.now + 7 }))
    await store.write((tx) => deleteRun(tx, c.runId))
    const [first, second] = await store.read((r) => experimentSummaries(r, 'ACTIVE_ONLY'))
    expect(await store.read((r) => experimentSummaries(r, 'ALL', id))).toEqual([first])
    expect(first).toMatchObject({ name: 'wine', runCount: 2, runningCount: 1, lastActivity: clock.now + 7 })
    expect(second).toMatchObject({ name: 'Default', runCount: 0, runningCount: 0, lastActivity: null })
    expect(b.status).toBe('RUNNING')
  })

  test('[RN1] name and tag mlflow.runName always agree; without either a name is made up', async () => {
    const { store } = await open()
    const made = await newRun(store)
    expect(made.name).toMatch(/^[a-z]+-[a-z]+-\d{1,3}$/)
    const named = await newRun(store, { name: 'first' })
    await store.write(async (tx) => setRunTags(tx, named, [{ key: 'mlflow.runName', value: 'second' }]))
    const run = await store.read((r) => getRun(r, named.runId))
    expect(run.info.name).toBe('second')
    await store.write((tx) => updateRun(tx, named.runId, { name: 'third' }))
    const again = await store.read((r) => getRun(r, named.runId))
    expect(again.info.name).toBe('third')
    expect(again.data.tags).toEqual([{ key: 'mlflow.runName', value: 'third' }])
    await expect(
      store.write((tx) =>
        createRun(tx, { experimentId: DEFAULT_EXPERIMENT_ID, name: 'x', tags: [{ key: 'mlflow.runName', value: 'y' }] })
      )
    ).rejects.toEqual(code('INVALID_PARAMETER_VALUE'))
  })

  test('[RN5] runs of an experiment are numbered in the order they were made, and numbers are not used again', async () => {
    const { store } = await open()
    const numbers: number[] = []
    for (let i = 0; i < 3; i++) {
      const { number, runId } = await newRun(store)
      numbers.push(number)
      await store.write((tx) => deleteRun(tx, runId))
      await store.write(async (tx) => purge(tx, await allInTrash(tx)))
    }
    const other = await store.write((tx) => createExperiment(tx, { name: 'other' }))
    numbers.push((await store.write((tx) => createRun(tx, { experimentId: other }))).number)
    expect(numbers).toEqual([1, 2, 3, 1])
  })

  test('[RN2] a run id is taken once', async () => {
    const { store } = await open()
    const run = await newRun(store)
    await expect(
      store.write((tx) => createRun(tx, { experimentId: DEFAULT_EXPERIMENT_ID, runId: run.runId }))
    ).rejects.toEqual(code('RESOURCE_ALREADY_EXISTS'))
  })

  test('[RN3] a deleted run is read, not written; delete and restore are idempotent', async () => {
    const { store } = await open()
    const run = await newRun(store)
    await store.write((tx) => deleteRun(tx, run.runId))
    await store.write((tx) => deleteRun(tx, run.runId))
    expect((await store.read((r) => getRun(r, run.runId))).info.lifecycleStage).toBe('deleted')
    await expect(store.write((tx) => requireActiveRun(tx, run.runId))).rejects.toEqual(code('INVALID_PARAMETER_VALUE'))
    await store.write((tx) => restoreRun(tx, run.runId))
    await store.write((tx) => restoreRun(tx, run.runId))
    expect((await store.read((r) => requireActiveRun(r, run.runId))).deletedTime).toBeNull()
  })

  test('[RN4] children are found by their parent tag', async () => {
    const { store } = await open()
    const parent = await newRun(store)
    const child = await store.write((tx) =>
      createRun(tx, { experimentId: DEFAULT_EXPERIMENT_ID, tags: [{ key: 'mlflow.parentRunId', value: parent.runId }] })
    )
    expect((await store.read((r) => childrenOf(r, parent.runId))).map((run) => run.runId)).toEqual([child.runId])
  })

  test('[PA1] a param is set once; an equal value again is fine, after truncation too', async () => {
    const { store } = await open()
    const run = await newRun(store)
    const long = 'x'.repeat(7000)
    await store.write((tx) =>
      logParams(tx, run, [
        { key: 'a', value: '1' },
        { key: 'long', value: long }
      ])
    )
    await store.write((tx) =>
      logParams(tx, run, [
        { key: 'a', value: '1' },
        { key: 'long', value: `${long}y` }
      ])
    )
    await expect(
      store.write((tx) =>
        logParams(tx, run, [
          { key: 'b', value: '1' },
          { key: 'a', value: '2' }
        ])
      )
    ).rejects.toEqual(
      new RunnelError(
        'INVALID_PARAMETER_VALUE',
        `Changing param values is not allowed. Params were already logged='[{'key': 'a', 'old_value': '1', 'new_value': '2'}]' for run ID='${run.runId}'.`
      )
    )
    const { data } = await store.read((r) => getRun(r, run.runId))
    expect(data.params).toEqual([
      { key: 'a', value: '1' },
      { key: 'long', value: 'x'.repeat(6000) }
    ])
  })

  test('[PA2] values are cut between characters, never inside one', async () => {
    const { store } = await open()
    const run = await newRun(store)
    const value = `${'x'.repeat(5999)}😀😀`
    const log = () => store.write((tx) => logParams(tx, run, [{ key: 'a', value }]))
    await log()
    await log()
    await store.write((tx) => setRunTags(tx, run, [{ key: 't', value: '😀'.repeat(8001) }]))
    const { data } = await store.read((r) => getRun(r, run.runId))
    expect(data.params).toEqual([{ key: 'a', value: `${'x'.repeat(5999)}😀` }])
    expect(data.tags.find((tag) => tag.key === 't')?.value).toBe('😀'.repeat(8000))
  })

  test('[TG1] tags change, the last of equal keys wins, deleting an absent one is refused', async () => {
    const { store } = await open()
    const run = await newRun(store)
    await store.write((tx) =>
      setRunTags(tx, run, [
        { key: 'k', value: '1' },
        { key: 'k', value: '2' }
      ])
    )
    await store.write((tx) => deleteRunTag(tx, run, 'k'))
    await expect(store.write((tx) => deleteRunTag(tx, run, 'k'))).rejects.toEqual(code('RESOURCE_DOES_NOT_EXIST'))
  })

  test('[ME1] exact repeats vanish; NaN and infinities are kept; the history is ordered by timestamp, step, value', async () => {
    const { store } = await open()
    const run = await newRun(store)
    const point = (step: number, timestamp: number, value: number) => ({ key: 'm', step, timestamp, value })
    const points = [
      point(2, 5, 1),
      point(1, 5, NaN),
      point(1, 5, Infinity),
      point(-3, 9, -Infinity),
      point(2, 5, 1),
      point(1, 4, 7)
    ]
    await store.write((tx) => logPoints(tx, run, points))
    await store.write((tx) => logPoints(tx, run, points))
    const history = await historyOf(store, run.runId, 'm')
    expect(history.map(({ step, timestamp, value }) => [step, timestamp, value])).toEqual([
      [1, 4, 7],
      [1, 5, NaN],
      [1, 5, Infinity],
      [2, 5, 1],
      [-3, 9, -Infinity]
    ])
    const metric = await store.read((r) => findMetric(r, run.runId, 'm'))
    expect(metric).toEqual({
      key: 'm',
      last: { step: 2, timestamp: 5, value: 1 },
      min: -Infinity,
      max: Infinity,
      count: 5
    })
  })

  test('[ME2] latest is the greatest (step, timestamp, value), NaN counting as 0, and never a late lower step', async () => {
    const { store } = await open()
    const run = await newRun(store)
    const log = (step: number, timestamp: number, value: number) =>
      store.write((tx) => logPoints(tx, run, [{ key: 'm', step, timestamp, value }]))
    const last = async () => (await store.read((r) => findMetric(r, run.runId, 'm')))?.last
    await log(5, 1, -1)
    await log(5, 1, NaN)
    expect(await last()).toEqual({ step: 5, timestamp: 1, value: NaN })
    await log(4, 99, 3)
    expect((await last())?.step).toBe(5)
    await log(5, 2, -7)
    expect(await last()).toEqual({ step: 5, timestamp: 2, value: -7 })
  })

  test('[ME3] a thousand points of one series read back exactly, whole and in windows', async () => {
    const { store } = await open()
    const run = await newRun(store)
    const steps = Float64Array.from({ length: 1000 }, (_, i) => i)
    const values = steps.map((step) => Math.sin(step) / 3)
    const timestamps = steps.map((step) => 1_700_000_000_000 + step)
    await store.write((tx) => logSeries(tx, run, new Map([['m', { steps, timestamps, values }]])))
    expect(await metricHistory(store, run.runId, 'm')).toEqual({ steps, timestamps, values })
    expect((await historyOf(store, run.runId, 'm', { limit: 3, offset: 10 })).map((p) => p.step)).toEqual([10, 11, 12])
  })

  test('[DS1] a dataset is known by name and digest; the first log of an input wins', async () => {
    const { store } = await open()
    const run = await newRun(store)
    const dataset = { name: 'iris', digest: 'd1', sourceType: 'local', source: 'here', schema: null, profile: '{}' }
    const context = (value: string) => [{ key: 'mlflow.data.context', value }]
    await store.write((tx) => logInputs(tx, run, [{ dataset, tags: context('train') }]))
    await store.write((tx) =>
      logInputs(tx, run, [{ dataset: { ...dataset, source: 'elsewhere' }, tags: context('eval') }])
    )
    expect((await store.read((r) => getRun(r, run.runId))).datasets).toEqual([{ dataset, tags: context('train') }])
  })

  test('[AR1] artifacts are listed by folder, replaced, deleted as trees, and never stand below a file', async () => {
    const { store } = await open()
    const blobId = 'a'.repeat(64) as BlobId
    const put = (path: string, size: number) =>
      store.write((tx) => putArtifact(tx, { path, blobId, size, mediaType: 'text/plain', createdTime: tx.now }))
    await put('0/r/artifacts/a.txt', 1)
    await put('0/r/artifacts/b/c.txt', 2)
    await put('0/r/artifacts/b/d/e.txt', 3)
    await put('0/r/artifacts/a.txt', 4)
    expect(await store.read((r) => listArtifacts(r, '0/r/artifacts'))).toEqual([
      { path: '0/r/artifacts/a.txt', isDir: false, size: 4 },
      { path: '0/r/artifacts/b', isDir: true, size: 0 }
    ])
    await expect(put('0/r/artifacts/a.txt/x', 1)).rejects.toEqual(code('INVALID_PARAMETER_VALUE'))
    await expect(put('0/r/artifacts/b', 1)).rejects.toEqual(code('INVALID_PARAMETER_VALUE'))
    await store.write((tx) => deleteArtifacts(tx, '0/r/artifacts/b'))
    await store.write((tx) => deleteArtifacts(tx, '0/r/artifacts/nothing'))
    expect(await store.read((r) => artifactUsage(r))).toEqual({ count: 1, bytes: 4 })
    expect((await store.read((r) => findArtifact(r, '0/r/artifacts/a.txt')))?.size).toBe(4)
  })

  test('[BL1] a sweep lets go of old blobs nothing refers to, and of no other', async () => {
    const { store, clock } = await open()
    const kept = await store.blobs.put(new Blob(['kept']))
    const dropped = await store.blobs.put(new Blob(['dropped']))
    await store.write((tx) =>
      putArtifact(tx, {
        path: '0/r/artifacts/k',
        blobId: kept.blobId,
        size: 4,
        mediaType: 'text/plain',
        createdTime: 0
      })
    )
    expect(await store.sweepBlobs()).toBe(0)
    clock.now += 3_600_000
    const young = await store.blobs.put(new Blob(['young']))
    expect(await store.sweepBlobs()).toBe(7)
    expect(await store.blobs.get(dropped.blobId)).toBeNull()
    expect(await (await store.blobs.get(kept.blobId))?.text()).toBe('kept')
    expect(await (await store.blobs.get(young.blobId))?.text()).toBe('young')
  })

  test('[BL2] a sweep during a deletion that is then lost leaves the bytes of its file', async () => {
    const { store, blobs, journal, clock } = await open()
    const { blobId, size } = await blobs.put(new Blob(['weights']))
    const path = '0/r/artifacts/model.bin'
    await store.write((tx) => putArtifact(tx, { path, blobId, size, mediaType: 'text/plain', createdTime: 0 }))
    clock.now += 3_600_000
    // The disk answers late, and then says no.
    journal.latencyMs = 10
    journal.failWith(new RunnelError('RESOURCE_EXHAUSTED', 'full'))
    const deleting = store.write((tx) => deleteArtifacts(tx, path))
    const sweeping = store.sweepBlobs()
    await expect(deleting).rejects.toEqual(code('RESOURCE_EXHAUSTED'))
    await expect(sweeping).rejects.toEqual(code('RESOURCE_EXHAUSTED'))
    expect((await store.read((r) => findArtifact(r, path)))?.blobId).toBe(blobId)
    expect(await blobs.get(blobId)).not.toBeNull()
  })

  test('[TR1] emptying the trash deletes rows for good and leaves the living alone', async () => {
    const { store } = await open()
    const fill = async (info: { runId: RunId; experimentId: typeof DEFAULT_EXPERIMENT_ID }) => {
      await store.write(async (tx) => {
        const run = await requireActiveRun(tx, info.runId)
        await logParams(tx, run, [{ key: 'p', value: '1' }])
        await logPoints(tx, run, [{ key: 'm', step: 0, timestamp: 1, value: 1 }])
        await logInputs(tx, run, [
          {
            dataset: { name: 'd', digest: '1', sourceType: 's', source: 'x', schema: null, profile: null },
            tags: [{ key: 'c', value: 't' }]
          }
        ])
        await putArtifact(tx, {
          path: `${run.experimentId}/${run.runId}/artifacts/f`,
          blobId: 'b'.repeat(64) as BlobId,
          size: 1,
          mediaType: 'text/plain',
          createdTime: 0
        })
      })
    }
    const living = await newRun(store, { name: 'living' })
    await fill(living)
    const before = await dumpStore(store)
    const id = await store.write((tx) => createExperiment(tx, { name: 'gone', tags: [{ key: 'a', value: 'b' }] }))
    await fill(await store.write((tx) => createRun(tx, { experimentId: id })))
    await store.write((tx) => saveView(tx, id, 'runs', 'mine', '{}'))
    const dead = await newRun(store)
    await fill(dead)
    await store.write((tx) => deleteRun(tx, dead.runId))
    await store.write((tx) => deleteExperiment(tx, id))
    expect((await store.read((r) => runsInTrash(r))).map((run) => run.runId)).toEqual([dead.runId])
    expect(await store.write(async (tx) => purge(tx, await allInTrash(tx)))).toEqual({
      experiments: 1,
      runs: 2,
      loggedModels: 0
    })
    const after = await dumpStore(store)
    // Numbers once given are not given again.
    const experiments = after['experiments']?.map((row) =>
      String(row).replace('"runnel_runs_made":2', '"runnel_runs_made":1')
    )
    expect({ ...after, experiments }).toEqual(before)
  })

  test('[KY1] an experiment knows which keys its runs have used', async () => {
    const { store } = await open()
    const run = await newRun(store)
    await store.write((tx) => logParams(tx, run, [{ key: 'p', value: '1' }]))
    await store.write((tx) => logPoints(tx, run, [{ key: 'm', step: 0, timestamp: 1, value: 1 }]))
    expect(await store.read((r) => experimentKeys(r, DEFAULT_EXPERIMENT_ID))).toEqual({
      params: ['p'],
      metrics: ['m'],
      tags: ['mlflow.runName']
    })
  })

  test('[VW1] a view is kept under its name, of runs and of charts apart; saved again it keeps when it was made', async () => {
    const { store, clock } = await open()
    const list = (of: 'runs' | 'charts') => store.read((r) => listViews(r, DEFAULT_EXPERIMENT_ID, of))
    const save = (of: 'runs' | 'charts', name: string, state: string) =>
      store.write((tx) => saveView(tx, DEFAULT_EXPERIMENT_ID, of, name, state))
    const made = clock.now
    await save('runs', 'b', '1')
    await save('runs', 'a', '2')
    await save('charts', '', '3')
    clock.now += 5
    await save('runs', 'b', '4')
    expect(await list('runs')).toEqual([
      { name: 'a', state: '2', createdTime: made, lastUpdateTime: made },
      { name: 'b', state: '4', createdTime: made, lastUpdateTime: made + 5 }
    ])
    expect(await list('charts')).toMatchObject([{ name: '', state: '3' }])
  })

  test('[VW2] a view is renamed unless the name is taken, and deleted as often as one likes', async () => {
    const { store } = await open()
    const write = (fn: (tx: Tx) => Promise<void>) => store.write(fn)
    await write((tx) => saveView(tx, DEFAULT_EXPERIMENT_ID, 'runs', 'a', '1'))
    await write((tx) => saveView(tx, DEFAULT_EXPERIMENT_ID, 'runs', 'b', '2'))
    await expect(write((tx) => renameView(tx, DEFAULT_EXPERIMENT_ID, 'runs', 'a', 'b'))).rejects.toEqual(
      code('RESOURCE_ALREADY_EXISTS')
    )
    await expect(write((tx) => renameView(tx, DEFAULT_EXPERIMENT_ID, 'charts', 'a', 'c'))).rejects.toEqual(
      code('RESOURCE_DOES_NOT_EXIST')
    )
    await write((tx) => renameView(tx, DEFAULT_EXPERIMENT_ID, 'runs', 'a', 'c'))
    await write((tx) => deleteView(tx, DEFAULT_EXPERIMENT_ID, 'runs', 'b'))
    await write((tx) => deleteView(tx, DEFAULT_EXPERIMENT_ID, 'runs', 'b'))
    expect(await store.read((r) => listViews(r, DEFAULT_EXPERIMENT_ID, 'runs'))).toMatchObject([
      { name: 'c', state: '1' }
    ])
  })

  test('[VW3] an experiment in the trash takes no views, and has only so many', async () => {
    const { store } = await open()
    const id = await store.write((tx) => createExperiment(tx, { name: 'full' }))
    await store.write(async (tx) => {
      for (let i = 0; i < LIVE.viewsPerExperiment; i++) await saveView(tx, id, 'runs', `view ${i}`, '{}')
    })
    const save = (name: string) => store.write((tx) => saveView(tx, id, 'runs', name, '[]'))
    await expect(save('one more')).rejects.toEqual(code('RESOURCE_EXHAUSTED'))
    await save('view 0')
    await store.write((tx) => saveView(tx, id, 'charts', 'one more', '{}'))
    await store.write((tx) => deleteExperiment(tx, id))
    await expect(save('view 0')).rejects.toEqual(code('INVALID_PARAMETER_VALUE'))
  })

  test('[SE1] a session remembers its mark', async () => {
    const { store } = await open()
    expect(await store.read((r) => sessionMark(r, 's'))).toBe(0)
    await store.write((tx) => advanceSession(tx, 's', 5))
    await store.write((tx) => advanceSession(tx, 's', 9))
    expect(await store.read((r) => sessionMark(r, 's'))).toBe(9)
  })

  test('[TX1] a transaction that throws leaves nothing, and is not journalled', async () => {
    const { store, journal } = await open()
    const before = await dumpStore(store)
    const commits = journal.commits.length
    await expect(
      store.write(async (tx) => {
        await createRun(tx, { experimentId: DEFAULT_EXPERIMENT_ID })
        throw new Error('no')
      })
    ).rejects.toThrow('no')
    expect(await dumpStore(store)).toEqual(before)
    expect(journal.commits.length).toBe(commits)
  })

  test('[TX2] a refused part undoes only itself, in memory and in the journal', async () => {
    const { store, journal } = await open()
    const run = await newRun(store)
    await store.write(async (tx) => {
      await logParams(tx, run, [{ key: 'a', value: '1' }])
      await expect(
        tx.attempt(async () => {
          await logParams(tx, run, [{ key: 'b', value: '1' }])
          await logParams(tx, run, [{ key: 'a', value: '2' }])
        })
      ).rejects.toEqual(code('INVALID_PARAMETER_VALUE'))
      await logParams(tx, run, [{ key: 'c', value: '3' }])
    })
    expect((await store.read((r) => getRun(r, run.runId))).data.params.map((param) => param.key)).toEqual(['a', 'c'])
    const replayed = createEngine(name)
    for (const commit of journal.commits) replay(replayed, commit)
    expect(replayed.all('select key from params order by key', []).map((row) => row['key'])).toEqual(['a', 'c'])
  })

  test('[TX3] the journal replays to the same database', async () => {
    const { store, journal } = await open()
    const run = await newRun(store)
    await store.write((tx) =>
      logPoints(
        tx,
        run,
        Array.from({ length: 300 }, (_, i) => ({ key: `m${i % 3}`, step: i, timestamp: i, value: i / 7 }))
      )
    )
    await store.write((tx) => logParams(tx, run, [{ key: 'a', value: '1' }]))
    await store.write((tx) => deleteRun(tx, run.runId))
    const replayed = createEngine(name)
    for (const commit of journal.commits) replay(replayed, commit)
    const tables = await dumpStore(store)
    for (const [table, rows] of Object.entries(tables))
      expect(
        replayed
          .all(`select * from ${table}`, [])
          .map((row) => JSON.stringify(row))
          .sort()
      ).toEqual(rows)
  })

  test('[TX4] when a commit cannot be kept its caller hears so, memory goes back to what is durable, and work goes on after', async () => {
    const { store, journal } = await open()
    const run = await newRun(store)
    const before = await dumpStore(store)
    journal.failWith(new RunnelError('RESOURCE_EXHAUSTED', 'full'))
    const first = store.write((tx) => logParams(tx, run, [{ key: 'a', value: '1' }]))
    const second = store.write((tx) => logParams(tx, run, [{ key: 'b', value: '1' }]))
    await expect(first).rejects.toEqual(code('RESOURCE_EXHAUSTED'))
    await expect(second).rejects.toEqual(code('RESOURCE_EXHAUSTED'))
    expect(await dumpStore(store)).toEqual(before)
    journal.failWith(null)
    await store.write((tx) => logParams(tx, run, [{ key: 'c', value: '1' }]))
    expect((await store.read((r) => getRun(r, run.runId))).data.params).toEqual([{ key: 'c', value: '1' }])
    expect(await store.read((r) => experimentKeys(r, DEFAULT_EXPERIMENT_ID))).toMatchObject({ params: ['c'] })
  })

  test('[TX5] a transaction that finds nothing to do is answered only when what it saw is durable, and rejects when that is lost', async () => {
    const { store, journal } = await open()
    const run = await newRun(store)
    // Slow enough for the second transaction to be over before the first is durable.
    journal.latencyMs = 20
    const log = (key: string) => store.write((tx) => logParams(tx, run, [{ key, value: '1' }]))
    const before = journal.commits.length
    const first = log('a')
    await log('a')
    expect(journal.commits.length).toBe(before + 1)
    await first

    journal.failWith(new RunnelError('TEMPORARILY_UNAVAILABLE', 'lost'))
    const lost = log('b')
    const sawLost = log('b')
    await expect(lost).rejects.toEqual(code('TEMPORARILY_UNAVAILABLE'))
    await expect(sawLost).rejects.toEqual(code('TEMPORARILY_UNAVAILABLE'))
  })

  test('[TX6] a deletion that falls with a commit that has no room is tried again and goes through', async () => {
    const { store, journal } = await open()
    const run = await newRun(store)
    // Slow enough for the deletion to be on its way when the commit before it falls.
    journal.latencyMs = 20
    journal.sparesDeletions = true
    journal.failWith(new RunnelError('RESOURCE_EXHAUSTED', 'full'))
    const before = store.write((tx) => logParams(tx, run, [{ key: 'a', value: '1' }]))
    const deletion = store.write((tx) => deleteRun(tx, run.runId))
    await expect(before).rejects.toEqual(code('RESOURCE_EXHAUSTED'))
    await deletion
    expect((await store.read((r) => getRunInfo(r, run.runId))).lifecycleStage).toBe('deleted')
  })

  test('[CH1] a commit is announced once, after it is durable, with what it touched and who made it', async () => {
    const { store } = await open()
    const run = await newRun(store)
    const heard: Change[] = []
    store.changes.subscribe((change) => heard.push(change))
    await store.write((tx) => logPoints(tx, run, [{ key: 'm', step: 0, timestamp: 0, value: 1 }]), 'me')
    await expect(store.write(() => Promise.reject(new Error('no')))).rejects.toThrow()
    expect(heard).toHaveLength(1)
    expect(heard[0]).toMatchObject({ origin: 'me' })
    expect([...heard[0]!.runs]).toEqual([run.runId])
    expect([...heard[0]!.kinds].sort()).toEqual(['key', 'metric'])
  })
})
