import { describe, expect, test } from 'vitest'
import { DEFAULT_EXPERIMENT_ID, type BlobId, type ExperimentId } from '#lib/domain/ids.ts'
import { TAGS } from '#lib/domain/tag.ts'
import { putArtifact } from '#lib/store/artifacts.ts'
import type { Change } from '#lib/store/changes.ts'
import type { Tx } from '#lib/store/database.ts'
import { createExperiment } from '#lib/store/experiments.ts'
import { createLoggedModel, finalizeLoggedModel } from '#lib/store/logged-models.ts'
import { createRun, updateRun } from '#lib/store/runs.ts'
import type { Store } from '#lib/store/store.ts'
import { setRunTags } from '#lib/store/tags.ts'
import { saveView } from '#lib/store/views.ts'
import { openTestStore } from '../../../tests/support/engines.ts'
import { touches } from './touches.ts'

/** What a write announces. */
async function changeOf(store: Store, write: (tx: Tx) => Promise<unknown>): Promise<Change> {
  const { promise, resolve } = Promise.withResolvers<Change>()
  const stop = store.changes.subscribe(resolve)
  await store.write(write)
  stop()
  return promise
}

describe('touches', () => {
  test("an experiment's views are asked for again when one of them is saved, and not when one of another experiment is", async () => {
    const { store } = await openTestStore('node:sqlite')
    const experimentId = await store.write((tx) => createExperiment(tx, { name: 'elsewhere' }))
    const change = await changeOf(store, (tx) => saveView(tx, experimentId, 'runs', 'mine', '{}'))
    const context = { experimentId: null }
    expect(touches(change, { kind: 'views', experimentId, of: 'runs' }, context)).toBe(true)
    expect(touches(change, { kind: 'views', experimentId: DEFAULT_EXPERIMENT_ID, of: 'runs' }, context)).toBe(false)
  })

  test('columns are asked for again when a key comes, and those that vary whenever a value may have changed', async () => {
    const { store } = await openTestStore('node:sqlite')
    const run = await store.write((tx) => createRun(tx, { experimentId: DEFAULT_EXPERIMENT_ID }))
    const log = (value: string) => changeOf(store, (tx) => setRunTags(tx, run, [{ key: 'team', value }]))
    const context = { experimentId: null }
    const all = {
      kind: 'columns',
      experimentId: DEFAULT_EXPERIMENT_ID,
      search: '',
      among: null,
      varying: null,
      from: 0,
      to: 9
    } as const
    const varying = { ...all, varying: { filter: '', view: 'ALL' } } as const
    const [first, second] = [await log('a'), await log('b')]
    expect([touches(first, all, context), touches(first, varying, context)]).toEqual([true, true])
    expect([touches(second, all, context), touches(second, varying, context)]).toEqual([false, true])
    expect(touches(second, { ...varying, experimentId: '7' as ExperimentId }, context)).toBe(false)
  })

  test('a run is asked for again when a run of another experiment becomes its child', async () => {
    const { store } = await openTestStore('node:sqlite')
    const { runId } = await store.write((tx) => createRun(tx, { experimentId: DEFAULT_EXPERIMENT_ID }))
    const experimentId = await store.write((tx) => createExperiment(tx, { name: 'elsewhere' }))
    const tags = [{ key: TAGS.parentRunId, value: runId }]
    const change = await changeOf(store, (tx) => createRun(tx, { experimentId, tags }))
    expect(touches(change, { kind: 'run', runId }, { experimentId: DEFAULT_EXPERIMENT_ID })).toBe(true)
  })

  test('artifacts that clients write to the disk themselves are looked for again when their run ends, or their model is ready', async () => {
    const { store } = await openTestStore('node:sqlite')
    const { runId } = await store.write((tx) => createRun(tx, { experimentId: DEFAULT_EXPERIMENT_ID }))
    const ended = await changeOf(store, (tx) => updateRun(tx, runId, { status: 'FINISHED' }))
    const { modelId } = await store.write((tx) => createLoggedModel(tx, { experimentId: DEFAULT_EXPERIMENT_ID }))
    const ready = await changeOf(store, (tx) => finalizeLoggedModel(tx, modelId, 'READY'))
    const context = { experimentId: null }
    expect(touches(ended, { kind: 'artifacts', runId, path: '' }, context)).toBe(true)
    expect(touches(ready, { kind: 'artifacts', runId, modelId, path: '' }, context)).toBe(true)
  })

  test('artifacts are asked for again wherever their experiment keeps them', async () => {
    const { store } = await openTestStore('node:sqlite')
    for (const artifactLocation of ['', 'mlflow-artifacts:/wine', 'mlflow-artifacts:/team/wine']) {
      const name = `kept at ${artifactLocation}`
      const experimentId = await store.write((tx) => createExperiment(tx, { name, artifactLocation }))
      const { runId, artifactUri } = await store.write((tx) => createRun(tx, { experimentId }))
      const path = `${artifactUri.slice('mlflow-artifacts:/'.length)}/model/weights.bin`
      const file = { path, blobId: 'b' as BlobId, size: 1, mediaType: 'text/plain', createdTime: 0 }
      const change = await changeOf(store, (tx) => putArtifact(tx, file))
      expect(touches(change, { kind: 'artifacts', runId, path: '' }, { experimentId: null }), name).toBe(true)
    }
  })
})
