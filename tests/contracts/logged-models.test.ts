/**
 * Logged models, their metrics and edges, and values SQL cannot hold, on every engine.
 * Ids: LM (logged models), HB (histories in bulk), NZ (negative zero), TR (the trash).
 */
import { describe, expect, test } from 'vitest'
import { DEFAULT_EXPERIMENT_ID, type ModelId, type RunId } from '#lib/domain/ids.ts'
import type { LoggedPoint } from '#lib/domain/logged-model.ts'
import { parseLoggedModelFilter, parseLoggedModelOrder } from '#lib/domain/search/logged-model.ts'
import { parseRunOrderBy } from '#lib/domain/search/parse-order-by.ts'
import { artifactBytesInTrash, putArtifact } from '#lib/store/artifacts.ts'
import { createExperiment, deleteExperiment } from '#lib/store/experiments.ts'
import {
  createLoggedModel,
  deleteLoggedModel,
  deleteLoggedModelTag,
  finalizeLoggedModel,
  findLoggedModel,
  getLoggedModel,
  logLoggedModelParams,
  loggedModelsOf,
  setLoggedModelTags
} from '#lib/store/logged-models.ts'
import { bulkHistory, sampledHistory, type StepRange } from '#lib/store/histories.ts'
import { pointsOf } from '#lib/domain/series.ts'
import { findMetric, logPoints } from '#lib/store/metrics.ts'
import { logModelInputs, logModelOutputs } from '#lib/store/model-edges.ts'
import { logModelMetrics } from '#lib/store/model-metrics.ts'
import { createRun, deleteRun, getRun } from '#lib/store/runs.ts'
import { loggedModelIds, type LoggedModelSearch } from '#lib/store/search/logged-models.ts'
import { runIds } from '#lib/store/search/runs.ts'
import { Store } from '#lib/store/store.ts'
import {
  allInTrash,
  deletedExperimentsOlderThan,
  deletedLoggedModelsOlderThan,
  deletedRunsOlderThan,
  purge
} from '#lib/store/trash.ts'
import type { BlobId } from '#lib/domain/ids.ts'
import type { Change } from '#lib/store/changes.ts'
import { ENGINES, createEngine, dumpStore, openTestStore } from '../support/engines.ts'
import { historyOf } from '../support/history-of.ts'

const code = (code: string): unknown => expect.objectContaining({ code })

describe.each(ENGINES)('logged models on %s', (name) => {
  const open = () => openTestStore(name)
  const experimentId = DEFAULT_EXPERIMENT_ID
  const newModel = (store: Store, more: { name?: string; tags?: { key: string; value: string }[] } = {}) =>
    store.write((tx) => createLoggedModel(tx, { experimentId, ...more }))
  const newRun = (store: Store) => store.write((tx) => createRun(tx, { experimentId }))
  const point = (value: number, step = 0, more: Partial<LoggedPoint> = {}): LoggedPoint => ({
    key: 'm',
    step,
    timestamp: 1,
    value,
    ...more
  })

  test('[LM1] a new model is pending, has a name, and its files stand below its experiment', async () => {
    const { store, clock } = await open()
    const changes: Change[] = []
    store.changes.subscribe((change) => changes.push(change))
    const model = await store.write((tx) =>
      createLoggedModel(tx, {
        experimentId,
        name: 'forest',
        modelType: 'classifier',
        sourceRunId: 'r1',
        params: [{ key: 'p', value: 'é' }],
        tags: [{ key: 't', value: 'x'.repeat(20_000) }]
      })
    )
    expect(model.modelId).toMatch(/^m-[0-9a-f]{32}$/)
    expect(model).toEqual({
      modelId: model.modelId,
      experimentId: '0',
      name: 'forest',
      artifactUri: `mlflow-artifacts:/0/models/${model.modelId}/artifacts`,
      creationTime: clock.now,
      lastUpdateTime: clock.now,
      status: 'PENDING',
      statusMessage: '',
      lifecycleStage: 'active',
      modelType: 'classifier',
      sourceRunId: 'r1',
      params: [{ key: 'p', value: 'é' }],
      tags: [{ key: 't', value: 'x'.repeat(20_000) }],
      metrics: []
    })
    expect(changes.map(({ kinds, runs }) => [...kinds, ...runs])).toEqual([['logged-model', 'r1']])
    expect((await newModel(store)).name).toMatch(/^[a-z]+-[a-z]+-\d{1,3}$/)
    expect(await store.read((r) => getLoggedModel(r, model.modelId))).toEqual(model)
  })

  test('[LM2] a key given twice, an experiment that is gone: nothing is kept', async () => {
    const { store } = await open()
    const id = await store.write((tx) => createExperiment(tx, { name: 'e' }))
    await store.write((tx) => deleteExperiment(tx, id))
    const before = await dumpStore(store)
    const twice = [
      { key: 'a', value: '1' },
      { key: 'a', value: '1' }
    ]
    const create = (more: object) => store.write((tx) => createLoggedModel(tx, { experimentId, ...more }))
    await expect(create({ tags: twice })).rejects.toEqual(code('BAD_REQUEST'))
    await expect(create({ params: twice })).rejects.toEqual(code('BAD_REQUEST'))
    await expect(create({ experimentId: id })).rejects.toEqual(code('INVALID_PARAMETER_VALUE'))
    await expect(create({ experimentId: '77' })).rejects.toEqual(code('RESOURCE_DOES_NOT_EXIST'))
    expect(await dumpStore(store)).toEqual(before)
  })

  test('[LM3] finalizing sets status and time; deleting hides, again and again, and nothing is lost by it', async () => {
    const { store, clock } = await open()
    const { modelId } = await newModel(store)
    clock.now += 5
    expect(await store.write((tx) => finalizeLoggedModel(tx, modelId, 'READY'))).toMatchObject({
      status: 'READY',
      lastUpdateTime: clock.now
    })
    clock.now += 5
    await store.write((tx) => deleteLoggedModel(tx, modelId))
    await expect(store.read((r) => getLoggedModel(r, modelId))).rejects.toEqual(code('RESOURCE_DOES_NOT_EXIST'))
    const deleted = { lifecycleStage: 'deleted', lastUpdateTime: clock.now, status: 'READY' }
    expect(await store.read((r) => getLoggedModel(r, modelId, { allowDeleted: true }))).toMatchObject(deleted)
    expect(await store.read((r) => findLoggedModel(r, modelId))).toMatchObject(deleted)
    await store.write((tx) => deleteLoggedModel(tx, modelId))
    const nobody = 'm-nobody' as ModelId
    await expect(store.write((tx) => deleteLoggedModel(tx, nobody))).rejects.toEqual(code('RESOURCE_DOES_NOT_EXIST'))
    await expect(store.write((tx) => finalizeLoggedModel(tx, nobody, 'READY'))).rejects.toEqual(
      code('RESOURCE_DOES_NOT_EXIST')
    )
    expect(await store.read((r) => findLoggedModel(r, nobody))).toBeNull()
  })

  test('[LM4] of equal tags the last wins, params are set once, an absent tag cannot be deleted', async () => {
    const { store } = await open()
    const { modelId } = await newModel(store, { tags: [{ key: 'a', value: '1' }] })
    await store.write((tx) =>
      setLoggedModelTags(tx, modelId, [
        { key: 'b', value: 'x' },
        { key: 'a', value: '2' },
        { key: 'b', value: 'y' }
      ])
    )
    await store.write((tx) => logLoggedModelParams(tx, modelId, [{ key: 'p', value: '1' }]))
    const model = await store.read((r) => getLoggedModel(r, modelId))
    expect(model.tags).toEqual([
      { key: 'a', value: '2' },
      { key: 'b', value: 'y' }
    ])
    const again = [
      { key: 'q', value: '1' },
      { key: 'p', value: '1' }
    ]
    await expect(store.write((tx) => logLoggedModelParams(tx, modelId, again))).rejects.toEqual(code('BAD_REQUEST'))
    expect((await store.read((r) => getLoggedModel(r, modelId))).params).toEqual([{ key: 'p', value: '1' }])
    await store.write((tx) => deleteLoggedModelTag(tx, modelId, 'a'))
    await expect(store.write((tx) => deleteLoggedModelTag(tx, modelId, 'a'))).rejects.toEqual(
      code('RESOURCE_DOES_NOT_EXIST')
    )
  })

  test('[LM5] metrics of a model: every point, exact repeats once, all values as they are', async () => {
    const { store } = await open()
    const { modelId } = await newModel(store)
    const run = await newRun(store)
    const dataset = { name: 'iris', digest: 'd1' }
    const values = [NaN, Infinity, -Infinity, -0, 0.1]
    const points = values.map((value, step) => point(value, step, { modelId, ...(step === 4 && { dataset }) }))
    const changes: Change[] = []
    store.changes.subscribe((change) => changes.push(change))
    await store.write((tx) => logModelMetrics(tx, run, [...points, points[0]!, point(7, 9)]))
    await store.write((tx) => logModelMetrics(tx, run, points))
    const { metrics } = await store.read((r) => getLoggedModel(r, modelId))
    expect(metrics.map((metric) => metric.value)).toEqual(values)
    expect(metrics.every((metric) => metric.runId === run.runId)).toBe(true)
    expect(metrics.map((metric) => metric.dataset)).toEqual([null, null, null, null, dataset])
    expect(changes[0]?.kinds).toEqual(new Set(['logged-model']))
  })

  test('[LM6] another value or dataset at the same place, or no such model: the whole write is refused', async () => {
    const { store } = await open()
    const { modelId } = await newModel(store)
    const run = await newRun(store)
    const log = (...points: LoggedPoint[]) =>
      store.write(async (tx) => {
        await logPoints(tx, run, points)
        await logModelMetrics(tx, run, points)
      })
    await log(point(1, 0, { modelId }), point(0, 1, { modelId }))
    const before = await dumpStore(store)
    const refused = [
      point(2, 0, { modelId }),
      point(-0, 1, { modelId }),
      point(1, 0, { modelId, dataset: { name: 'd', digest: 'g' } }),
      point(1, 5, { modelId: 'm-nobody' as ModelId })
    ]
    for (const bad of refused) await expect(log(point(9, 9), bad)).rejects.toEqual(code('BAD_REQUEST'))
    expect(await dumpStore(store)).toEqual(before)
  })

  test('[LM7] a run knows the models it was fed and made; an output is logged once', async () => {
    const { store } = await open()
    const run = await newRun(store)
    const [a, b] = ['m-a', 'm-b'] as ModelId[] as [ModelId, ModelId]
    await store.write((tx) => logModelInputs(tx, run, [{ modelId: b }, { modelId: b }, { modelId: a }]))
    await store.write((tx) => logModelInputs(tx, run, [{ modelId: a }]))
    await store.write((tx) => logModelOutputs(tx, run, [{ modelId: b, step: 3 }]))
    const again = store.write((tx) =>
      logModelOutputs(tx, run, [
        { modelId: a, step: 0 },
        { modelId: b, step: 4 }
      ])
    )
    await expect(again).rejects.toEqual(code('BAD_REQUEST'))
    const { modelInputs, modelOutputs } = await store.read((r) => getRun(r, run.runId))
    expect(modelInputs).toEqual([{ modelId: a }, { modelId: b }])
    expect(modelOutputs).toEqual([{ modelId: b, step: 3 }])
  })

  describe('search', () => {
    const fill = async () => {
      const { store, clock } = await open()
      const run = await newRun(store)
      const ids: Record<string, ModelId> = {}
      for (const name of ['a', 'b', 'c', 'd']) {
        clock.now += 1
        const tags = [{ key: 'x-y', value: name }]
        ids[name] = (await newModel(store, { name, tags })).modelId
      }
      await store.write((tx) => finalizeLoggedModel(tx, ids['b']!, 'READY'))
      const on = (model: string, value: number, step: number, dataset?: string) =>
        point(value, step, {
          modelId: ids[model]!,
          timestamp: step,
          ...(dataset && { dataset: { name: dataset, digest: 'g' } })
        })
      const points = [on('a', 1, 0), on('a', 3, 1, 'd0'), on('b', 2, 0, 'd1'), on('b', -1, 1, 'd1'), on('c', NaN, 0)]
      await store.write((tx) => logModelMetrics(tx, run, points))
      const search = async (filter: string, more: Partial<LoggedModelSearch> = {}) => {
        const asked = { experimentIds: [experimentId], datasets: [], orderBy: [], ...more }
        const found = await store.read(async (r) =>
          loggedModelsOf(r, await loggedModelIds(r.db, { ...asked, filter: parseLoggedModelFilter(filter) }))
        )
        return found.map((model) => model.name).join('')
      }
      return { store, ids, search }
    }

    test('[LM8] filters', async () => {
      const { search, ids, store } = await fill()
      const cases: [string, string][] = [
        ['', 'dcba'],
        ["name = 'a'", 'a'],
        ["attributes.name IN ('a', 'b')", 'ba'],
        ["name NOT IN ('a', 'b') AND name LIKE '%'", 'dc'],
        ["name ILIKE 'A'", 'a'],
        ['metrics.m > 2', 'a'],
        // Any point will do, and a NaN is no number.
        ['metrics.m < 2', 'ba'],
        ['metrics.m = 0', ''],
        ['metrics.m != 0', 'cba'],
        ["tags.`x-y` != 'a'", 'dcb'],
        ["params.p = 'a'", ''],
        ['params.p IS NULL', 'dcba'],
        ['tags.`x-y` IS NULL', ''],
        ['status = 2', 'b'],
        ["status = '2'", 'b'],
        ["status = 'READY'", 'b'],
        ["status != 'LOGGED_MODEL_READY'", 'dca'],
        ['experiment_id = 0', 'dcba'],
        [`model_id = '${ids['c']}'`, 'c'],
        ['creation_timestamp > 0 AND last_updated_timestamp > 0', 'dcba'],
        ["lifecycle_stage = 'deleted'", ''],
        ["name = 'a' OR (name = 'b')", 'ba'],
        ['name = a', 'a']
      ]
      for (const [filter, found] of cases) expect([filter, await search(filter)]).toEqual([filter, found])
      await store.write((tx) => deleteLoggedModel(tx, ids['d']!))
      expect(await search('')).toBe('cba')
      expect(await search('', { experimentIds: [] })).toBe('')
      expect(await search('', { limit: 1, offset: 1 })).toBe('b')
    })

    test('[LM9] datasets narrow what a metric is measured on', async () => {
      const { search } = await fill()
      const d0 = { name: 'd0', digest: 'g' }
      const d1 = { name: 'd1', digest: 'g' }
      expect(await search('', { datasets: [d0] })).toBe('a')
      expect(await search('', { datasets: [d0, d1] })).toBe('ba')
      expect(await search('', { datasets: [{ name: 'd0', digest: null }] })).toBe('a')
      expect(await search('', { datasets: [{ name: 'd0', digest: 'z' }] })).toBe('')
      expect(await search('metrics.m < 2', { datasets: [d0] })).toBe('')
      expect(await search("name = 'b' OR metrics.m < 2", { datasets: [d0] })).toBe('b')
    })

    test('[LM10] orders: values, then NaN, then missing; a metric is its newest value', async () => {
      const { search } = await fill()
      const by = (fieldName: string, ascending = true, datasetName: string | null = null) =>
        parseLoggedModelOrder([{ fieldName, ascending, datasetName, datasetDigest: null }])
      expect(await search('', { orderBy: by('name') })).toBe('abcd')
      expect(await search('', { orderBy: by('name', false) })).toBe('dcba')
      expect(await search('', { orderBy: by('creation_time') })).toBe('abcd')
      expect(await search('', { orderBy: by('metrics.m') })).toBe('bacd')
      expect(await search('', { orderBy: by('metrics.m', false) })).toBe('abcd')
      expect(await search('', { orderBy: by('metrics.m', true, 'd0') })).toBe('adcb')
      expect(await search('', { orderBy: by('status', false) })).toBe('bdca')
    })
  })

  describe('histories', () => {
    const sampled = async (store: Store, runId: RunId, most: number, range: StepRange | null) => [
      ...(await sampledHistory(store, runId, 'm', most, range)).values
    ]

    test('[HB1] of several runs: by run, timestamp, step and value, at most so many in all', async () => {
      const { store } = await open()
      const runs = [await newRun(store), await newRun(store)]
      for (const run of runs)
        await store.write((tx) => logPoints(tx, run, [point(2, 1), point(NaN, 0), point(-0, 3, { timestamp: 0 })]))
      const ids = runs.map((run) => run.runId)
      const sorted = ids.toSorted()
      const bulk = async (limit: number) =>
        (await bulkHistory(store, ids, 'm', limit)).flatMap(({ runId, points }) =>
          pointsOf(points).map(({ value }) => [runId, value])
        )
      expect(await bulk(100)).toEqual(sorted.flatMap((id) => [-0, NaN, 2].map((v) => [id, v])))
      expect(await bulk(4)).toHaveLength(4)
      expect(await bulk(0)).toEqual([])
    })

    test('[HB2] sampled as NTILE would, with the very last point', async () => {
      const { store } = await open()
      const run = await newRun(store)
      const values = Array.from({ length: 23 }, (_, i) => i)
      // All at three steps: points are sampled, and not steps.
      await store.write((tx) =>
        logPoints(
          tx,
          run,
          values.map((value) => point(value, Math.floor(value / 10) - 1))
        )
      )
      const sql = createEngine('node:sqlite')
      sql.run('create table points (value)', [])
      for (const value of values) sql.run('insert into points values (?)', [value])
      for (const most of [1, 2, 3, 4, 5, 7, 11, 12, 22, 23, 24, 2500]) {
        const buckets = sql.all(
          `select min(value) as first from (select value, ntile(?) over (order by value) as bucket from points) group by bucket order by 1`,
          [most]
        )
        const expected = buckets.map((row) => Number(row['first']))
        expected[expected.length - 1] = 22
        expect([most, await sampled(store, run.runId, most, null)]).toEqual([most, expected])
      }
      sql.close()
    })

    test('[HB3] between two steps, both included; nothing of an unknown run', async () => {
      const { store } = await open()
      const run = await newRun(store)
      await store.write((tx) => logPoints(tx, run, [point(1, -5), point(2, 0), point(3, 1), point(4, 2)]))
      const between = (from: number, to: number, most = 10) => sampled(store, run.runId, most, { from, to })
      expect(await between(-5, 1)).toEqual([1, 2, 3])
      expect(await between(0, 2, 2)).toEqual([2, 4])
      expect(await between(3, 9)).toEqual([])
      expect(await sampled(store, 'nobody' as RunId, 3, null)).toEqual([])
    })
  })

  describe('negative zero', () => {
    test('[NZ1] comes back from history, series, summary and a recovered store', async () => {
      const { store, journal, blobs } = await open()
      const run = await newRun(store)
      await store.write((tx) => logPoints(tx, run, [point(1, 0), point(NaN, 1), point(-0, 2)]))
      const read = async (store: Store) => ({
        history: (await historyOf(store, run.runId, 'm')).map((one) => one.value),
        last: (await store.read((r) => findMetric(r, run.runId, 'm')))?.last.value,
        run: (await store.read((r) => getRun(r, run.runId))).data.metrics[0]?.last.value
      })
      // toEqual tells -0 from 0.
      const expected = { history: [1, NaN, -0], last: -0, run: -0 }
      expect(await read(store)).toEqual(expected)
      const recovered = await Store.open({ engine: await journal.recover(), journal, blobs })
      expect(await read(recovered)).toEqual(expected)
    })

    test('[NZ2] 0 and -0 at one place are two points; the first stays the latest, as they are equal', async () => {
      const { store } = await open()
      const run = await newRun(store)
      for (const value of [0, -0, -0, 0]) await store.write((tx) => logPoints(tx, run, [point(value)]))
      expect((await historyOf(store, run.runId, 'm')).map((one) => one.value)).toEqual([0, -0])
      expect(await store.read((r) => findMetric(r, run.runId, 'm'))).toMatchObject({ last: { value: 0 }, count: 2 })
    })

    test('[NZ3] it is ordered as the 0 it equals, and not as a NaN', async () => {
      const { store } = await open()
      const runs = []
      for (const value of [NaN, 1, -0, -1]) {
        const run = await newRun(store)
        await store.write((tx) => logPoints(tx, run, [point(value)]))
        runs.push(run.runId)
      }
      const [nan, one, zero, minus] = runs
      const search = { experimentIds: [experimentId], filter: null, view: 'ALL' as const }
      const ascending = await store.read((r) => runIds(r.db, { ...search, orderBy: parseRunOrderBy(['metrics.m']) }))
      expect(ascending).toEqual([minus, zero, one, nan])
      const descending = await store.read((r) =>
        runIds(r.db, { ...search, orderBy: parseRunOrderBy(['metrics.m DESC']) })
      )
      expect(descending).toEqual([one, zero, minus, nan])
    })
  })

  describe('the trash', () => {
    const file = (path: string) => ({
      path,
      blobId: 'b'.repeat(64) as BlobId,
      size: 1,
      mediaType: 'text/plain',
      createdTime: 0
    })
    const pathOf = (uri: string, name: string) => `${uri.replace('mlflow-artifacts:/', '')}/${name}`

    test('[TR1] an experiment deleted for good takes its models with all they have', async () => {
      const { store } = await open()
      const before = await dumpStore(store)
      const id = await store.write((tx) =>
        createExperiment(tx, { name: 'e', artifactLocation: 'mlflow-artifacts:/deep/er' })
      )
      const model = await store.write((tx) =>
        createLoggedModel(tx, {
          experimentId: id,
          tags: [{ key: 't', value: '1' }],
          params: [{ key: 'p', value: '1' }]
        })
      )
      const run = await store.write((tx) => createRun(tx, { experimentId: id }))
      const { modelId } = model
      await store.write(async (tx) => {
        await logModelMetrics(tx, run, [point(1, 0, { modelId })])
        await logModelInputs(tx, run, [{ modelId }])
        await logModelOutputs(tx, run, [{ modelId, step: 0 }])
        await putArtifact(tx, file(pathOf(model.artifactUri, 'model.pkl')))
      })
      await store.write((tx) => deleteExperiment(tx, id))
      // As in MLflow, models of a deleted experiment are there until it is gone.
      expect((await store.read((r) => getLoggedModel(r, modelId))).lifecycleStage).toBe('active')
      expect(await store.write(async (tx) => purge(tx, await allInTrash(tx)))).toEqual({
        experiments: 1,
        runs: 1,
        loggedModels: 1
      })
      expect(await dumpStore(store)).toEqual(before)
    })

    test('[TR2] a deleted model goes by itself, and so do the edges to it; what is not deleted stays', async () => {
      const { store } = await open()
      const [gone, kept] = [await newModel(store), await newModel(store)]
      const run = await newRun(store)
      await store.write(async (tx) => {
        for (const { modelId, artifactUri } of [gone, kept]) {
          await logModelMetrics(tx, run, [point(1, 0, { modelId })])
          await logModelOutputs(tx, run, [{ modelId, step: 0 }])
          await putArtifact(tx, file(pathOf(artifactUri, 'model.pkl')))
        }
      })
      await store.write((tx) => deleteLoggedModel(tx, gone.modelId))
      expect(await store.read((r) => artifactBytesInTrash(r))).toBe(1)
      const doomed = { runs: [run.runId], experiments: [experimentId], loggedModels: [gone.modelId, kept.modelId] }
      expect(await store.write((tx) => purge(tx, doomed))).toEqual({ experiments: 0, runs: 0, loggedModels: 1 })
      expect(await store.read((r) => findLoggedModel(r, gone.modelId))).toBeNull()
      expect((await store.read((r) => getLoggedModel(r, kept.modelId))).metrics).toHaveLength(1)
      expect((await store.read((r) => getRun(r, run.runId))).modelOutputs).toEqual([{ modelId: kept.modelId, step: 0 }])
      const paths = await store.exclusive((engine) => engine.all('select path from runnel_artifacts', []))
      expect(paths).toEqual([{ path: pathOf(kept.artifactUri, 'model.pkl') }])
    })

    test('[TR3] a run that goes takes what it measured of models along, and its edges', async () => {
      const { store } = await open()
      const { modelId } = await newModel(store)
      const run = await newRun(store)
      await store.write((tx) => logModelMetrics(tx, run, [point(1, 0, { modelId })]))
      await store.write((tx) => logModelInputs(tx, run, [{ modelId }]))
      await store.write((tx) => deleteRun(tx, run.runId))
      await store.write((tx) => purge(tx, { runs: [run.runId], experiments: [], loggedModels: [] }))
      expect((await store.read((r) => getLoggedModel(r, modelId))).metrics).toEqual([])
      expect((await dumpStore(store))['inputs']).toEqual([])
    })

    test('[TR4] chosen by when they were deleted', async () => {
      const { store, clock } = await open()
      const start = clock.now
      const old = { run: await newRun(store), model: await newModel(store) }
      const young = { run: await newRun(store), model: await newModel(store) }
      const experiments = []
      for (const [name, { run, model }] of Object.entries({ old, young })) {
        const id = await store.write((tx) => createExperiment(tx, { name }))
        clock.now += 10
        await store.write(async (tx) => {
          await deleteRun(tx, run.runId)
          await deleteLoggedModel(tx, model.modelId)
          await deleteExperiment(tx, id)
        })
        experiments.push(id)
      }
      const at = (time: number) =>
        store.read(async (r) => ({
          runs: await deletedRunsOlderThan(r, time),
          experiments: await deletedExperimentsOlderThan(r, time),
          loggedModels: await deletedLoggedModelsOlderThan(r, time)
        }))
      expect(await at(start + 9)).toEqual({ runs: [], experiments: [], loggedModels: [] })
      const doomed = await at(start + 10)
      expect(doomed).toEqual({
        runs: [old.run.runId],
        experiments: [experiments[0]],
        loggedModels: [old.model.modelId]
      })
      expect((await at(start + 20)).experiments.toSorted()).toEqual(experiments.toSorted())
      expect(await store.write((tx) => purge(tx, doomed))).toEqual({ experiments: 1, runs: 1, loggedModels: 1 })
      expect((await at(start + 20)).runs).toEqual([young.run.runId])
    })
  })
})
