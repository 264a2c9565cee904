import { expect, test } from 'vitest'
import { DEFAULT_EXPERIMENT_ID } from '#lib/domain/ids.ts'
import { openTestStore } from '../../../tests/support/engines.ts'
import { createExperiment, deleteExperiment } from './experiments.ts'
import { experimentKeys } from './keys.ts'
import type { LocalArtifacts } from './local-artifacts.ts'
import { logPoints } from './metrics.ts'
import { createRun, deleteRun } from './runs.ts'
import { allInTrash, deleteForGood, purge } from './trash.ts'

test('the Default experiment, emptied from the trash, still shows the keys it is given again', async () => {
  const { store } = await openTestStore('node:sqlite')
  const logOne = () =>
    store.write(async (tx) => {
      const run = await createRun(tx, { experimentId: DEFAULT_EXPERIMENT_ID })
      await logPoints(tx, run, [{ key: 'loss', step: 0, timestamp: 0, value: 1 }])
    })
  await logOne()
  await store.write((tx) => deleteExperiment(tx, DEFAULT_EXPERIMENT_ID))
  await store.write(async (tx) => purge(tx, await allInTrash(tx)))
  await logOne()
  expect((await store.read((r) => experimentKeys(r, DEFAULT_EXPERIMENT_ID))).metrics).toEqual(['loss'])
})

test('files that clients wrote to disk go with what is deleted for good, and no others', async () => {
  const removed: string[] = []
  const root = 'file:///mine'
  const localArtifacts: LocalArtifacts = {
    serves: (uri) => uri.startsWith(`${root}/`),
    list: () => Promise.resolve([]),
    open: () => Promise.resolve(null),
    put: () => Promise.resolve(),
    remove: (uri) => Promise.resolve(void removed.push(uri))
  }
  const { store } = await openTestStore('node:sqlite', { artifactRoot: root, localArtifacts })
  const [gone] = await store.write(async (tx) => {
    const [gone, kept] = [
      await createRun(tx, { experimentId: DEFAULT_EXPERIMENT_ID }),
      await createRun(tx, { experimentId: DEFAULT_EXPERIMENT_ID })
    ]
    const elsewhere = await createExperiment(tx, { name: 'elsewhere', artifactLocation: 's3://bucket' })
    const far = await createRun(tx, { experimentId: elsewhere })
    for (const { runId } of [gone, far]) await deleteRun(tx, runId)
    return [gone, kept]
  })
  expect(await deleteForGood(store, allInTrash)).toEqual({ experiments: 0, runs: 2, loggedModels: 0 })
  expect(removed).toEqual([gone.artifactUri])
})
