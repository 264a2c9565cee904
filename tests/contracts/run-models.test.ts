/** The models of a run, as its page shows them, on every engine. Ids: RM. */
import { describe, expect, test, vi } from 'vitest'
import { DEFAULT_EXPERIMENT_ID } from '#lib/domain/ids.ts'
import { touches } from '#lib/live/touches.ts'
import type { Change } from '#lib/store/changes.ts'
import type { Tx } from '#lib/store/database.ts'
import { createExperiment } from '#lib/store/experiments.ts'
import { createLoggedModel, deleteLoggedModel, finalizeLoggedModel } from '#lib/store/logged-models.ts'
import { logModelInputs, logModelOutputs } from '#lib/store/model-edges.ts'
import { setModelAlias } from '#lib/store/model-aliases.ts'
import { deleteModelVersion } from '#lib/store/model-versions.ts'
import { createModelVersion } from '#lib/store/new-model-version.ts'
import { createRegisteredModel } from '#lib/store/registered-models.ts'
import { runModels } from '#lib/store/run-models.ts'
import { createRun, getRun } from '#lib/store/runs.ts'
import type { Store } from '#lib/store/store.ts'
import { ENGINES, openTestStore } from '../support/engines.ts'

const experimentId = DEFAULT_EXPERIMENT_ID

describe.each(ENGINES)('models of a run on %s', (engine) => {
  const newModel = (store: Store, name: string) =>
    store.write((tx) => createLoggedModel(tx, { experimentId, name, modelType: 'sklearn' }))
  const modelsOf = (store: Store, run: Awaited<ReturnType<typeof createRun>>) =>
    store.read(async (r) => runModels(r, await getRun(r, run.runId)))

  test('[RM1] what it made, then what it was fed, without what is in the trash', async () => {
    const { store } = await openTestStore(engine)
    const run = await store.write((tx) => createRun(tx, { experimentId }))
    const [made, fed, thrownAway, others] = [
      await newModel(store, 'made'),
      await newModel(store, 'fed'),
      await newModel(store, 'thrown away'),
      await newModel(store, 'others')
    ]
    await store.write(async (tx) => {
      await logModelInputs(tx, run, [fed, made])
      await logModelOutputs(
        tx,
        run,
        [made, thrownAway].map(({ modelId }) => ({ modelId, step: 3 }))
      )
      await finalizeLoggedModel(tx, made.modelId, 'READY')
      await deleteLoggedModel(tx, thrownAway.modelId)
    })
    const { models, versions } = await modelsOf(store, run)
    expect(models).toEqual([
      { modelId: made.modelId, name: 'made', modelType: 'sklearn', status: 'READY', role: 'output', versions: [] },
      { modelId: fed.modelId, name: 'fed', modelType: 'sklearn', status: 'PENDING', role: 'input', versions: [] }
    ])
    expect(models.some(({ modelId }) => modelId === others.modelId)).toBe(false)
    expect(versions).toEqual([])
  })

  test('[RM2] versions stand with the model they were registered of, or by themselves; deleted ones nowhere', async () => {
    const { store } = await openTestStore(engine)
    const run = await store.write((tx) => createRun(tx, { experimentId }))
    const other = await store.write((tx) => createRun(tx, { experimentId }))
    const { modelId } = await newModel(store, 'made')
    const source = `models:/${modelId}`
    await store.write(async (tx) => {
      await logModelOutputs(tx, run, [{ modelId, step: 0 }])
      await createRegisteredModel(tx, { name: 'net' })
      await createModelVersion(tx, { name: 'net', source, modelId, runId: run.runId })
      await createModelVersion(tx, { name: 'net', source: `runs:/${run.runId}/model`, runId: run.runId })
      await createModelVersion(tx, { name: 'net', source, modelId, runId: run.runId })
      await createModelVersion(tx, { name: 'net', source: `runs:/${other.runId}/model`, runId: other.runId })
      await setModelAlias(tx, 'net', 'champion', 1)
      await deleteModelVersion(tx, 'net', 3)
    })
    const { models, versions } = await modelsOf(store, run)
    expect(models[0]?.versions).toEqual([
      { name: 'net', version: 1, isProvisional: false, stage: 'None', aliases: ['champion'] }
    ])
    expect(versions).toEqual([{ name: 'net', version: 2, isProvisional: false, stage: 'None', aliases: [] }])
  })

  test('[RM3] its page is told when one of them changes', async () => {
    const { store } = await openTestStore(engine)
    const run = await store.write((tx) => createRun(tx, { experimentId }))
    const { modelId } = await newModel(store, 'made')
    const isTold = async (write: (tx: Tx) => Promise<unknown>): Promise<boolean> => {
      const changes: Change[] = []
      const stop = store.changes.subscribe((change) => changes.push(change))
      await store.write(write)
      stop()
      return changes.some((change) => touches(change, { kind: 'run', runId: run.runId }, { experimentId }))
    }
    expect(await isTold((tx) => logModelOutputs(tx, run, [{ modelId, step: 0 }]))).toBe(true)
    expect(await isTold((tx) => finalizeLoggedModel(tx, modelId, 'READY'))).toBe(true)
    await store.write((tx) => createRegisteredModel(tx, { name: 'net' }))
    const version = { name: 'net', source: `models:/${modelId}`, modelId, runId: run.runId }
    expect(await isTold((tx) => createModelVersion(tx, version))).toBe(true)
    expect(await isTold((tx) => setModelAlias(tx, 'net', 'champion', 1))).toBe(true)
  })

  test('[RM4] its page is told of a model it was fed from another experiment', async () => {
    const { store } = await openTestStore(engine)
    const run = await store.write((tx) => createRun(tx, { experimentId }))
    const elsewhere = await store.write((tx) => createExperiment(tx, { name: 'elsewhere' }))
    const { modelId } = await store.write((tx) => createLoggedModel(tx, { experimentId: elsewhere }))
    await store.write((tx) => logModelInputs(tx, run, [{ modelId }]))
    const changes: Change[] = []
    store.changes.subscribe((change) => changes.push(change))
    await store.write((tx) => deleteLoggedModel(tx, modelId))
    expect(changes.map((change) => touches(change, { kind: 'run', runId: run.runId }, { experimentId }))).toEqual([
      true
    ])
    // And the trash, whose bytes its files are among.
    expect(changes.map((change) => touches(change, { kind: 'trash' }, { experimentId: null }))).toEqual([true])
  })

  test('[RM5] what was measured of its models is not read', async () => {
    const { store, engine: sqlite } = await openTestStore(engine)
    const run = await store.write((tx) => createRun(tx, { experimentId }))
    const { modelId } = await newModel(store, 'made')
    await store.write((tx) => logModelOutputs(tx, run, [{ modelId, step: 0 }]))
    const asked = vi.spyOn(sqlite, 'all')
    expect((await modelsOf(store, run)).models).toHaveLength(1)
    expect(asked.mock.calls.map(([sql]) => sql).filter((sql) => sql.includes('logged_model_'))).toEqual([])
  })
})
