// Writes tests/fixtures/schema-N.db: an image of a store at the schema this tree ships, with one of everything in it. Run once when a
// schema ships (`node tests/support/write-schema-fixture.ts`), and never again for that number: the file is history.
import { existsSync, mkdirSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import type { BlobId, RunId } from '#lib/domain/ids.ts'
import { putArtifact } from '#lib/store/artifacts.ts'
import { addComment } from '#lib/store/comments.ts'
import { logInputs } from '#lib/store/datasets.ts'
import { createExperiment } from '#lib/store/experiments.ts'
import { grantOrigin } from '#lib/store/grants.ts'
import { createLoggedModel } from '#lib/store/logged-models.ts'
import { logPoints } from '#lib/store/metrics.ts'
import { SCHEMA_VERSION } from '#lib/store/migrations.ts'
import { setModelAlias } from '#lib/store/model-aliases.ts'
import { logModelOutputs } from '#lib/store/model-edges.ts'
import { logModelMetrics } from '#lib/store/model-metrics.ts'
import { createModelVersion } from '#lib/store/new-model-version.ts'
import { logParams } from '#lib/store/params.ts'
import { createRegisteredModel } from '#lib/store/registered-models.ts'
import { createRun, deleteRun, requireActiveRun } from '#lib/store/runs.ts'
import { advanceSession } from '#lib/store/sessions.ts'
import { writeSetting } from '#lib/store/settings.ts'
import type { Store } from '#lib/store/store.ts'
import { mergeFacts } from '#lib/store/sync/merge.ts'
import { recordsOfRoom } from '#lib/store/sync/publication.ts'
import { followRegistry, hostRegistry } from '#lib/store/sync/registry-sharing.ts'
import { joinRoom, shareExperiment } from '#lib/store/sync/sharing.ts'
import { REGISTRY } from '#lib/domain/sync/subject.ts'
import { saveView } from '#lib/store/views.ts'
import type { SqlJsEngine } from '../../src/workers/sqljs-engine.ts'
import { openTestStore } from './engines.ts'

const folder = fileURLToPath(new URL('../fixtures/', import.meta.url))
const file = `${folder}schema-${SCHEMA_VERSION}.db`
if (existsSync(file)) throw new Error(`${file} is there already, and history does not change.`)

const { store } = await openTestStore('sql.js')
await store.write(async (tx) => {
  const experimentId = await createExperiment(tx, { name: 'fixture', tags: [{ key: 'team', value: 'cellar' }] })
  const run = await createRun(tx, {
    experimentId,
    runId: 'a'.repeat(32) as RunId,
    name: 'kept',
    startTime: 1_700_000_000_000,
    tags: [{ key: 'colour', value: 'red' }]
  })
  await logParams(tx, run, [{ key: 'alpha', value: '0.2' }])
  await logPoints(tx, run, [
    { key: 'loss', step: 0, timestamp: 1_700_000_000_001, value: 1.5 },
    { key: 'loss', step: 1, timestamp: 1_700_000_000_002, value: NaN },
    { key: 'loss', step: 2, timestamp: 1_700_000_000_003, value: Infinity }
  ])
  await logInputs(tx, run, [
    {
      dataset: {
        name: 'wine',
        digest: 'd1',
        sourceType: 'local',
        source: 'wine.csv',
        schema: null,
        profile: '{"num_rows":3}'
      },
      tags: [{ key: 'mlflow.data.context', value: 'training' }]
    }
  ])
  await putArtifact(tx, {
    path: `${experimentId}/${run.runId}/artifacts/notes.txt`,
    blobId: 'b'.repeat(64) as BlobId,
    size: 5,
    mediaType: 'text/plain',
    createdTime: tx.now
  })
  const deleted = await createRun(tx, {
    experimentId,
    runId: 'd'.repeat(32) as RunId,
    name: 'deleted',
    startTime: 1_700_000_000_000
  })
  await deleteRun(tx, deleted.runId)
  const { modelId } = await createLoggedModel(tx, {
    experimentId,
    name: 'forest',
    sourceRunId: run.runId,
    params: [{ key: 'depth', value: '4' }],
    tags: [{ key: 'kind', value: 'tree' }]
  })
  const accuracy = { key: 'accuracy', step: 1, timestamp: 1_700_000_000_004, value: 0.75 }
  await logPoints(tx, run, [accuracy, { ...accuracy, key: 'drift', value: -0 }])
  await logModelMetrics(tx, run, [{ ...accuracy, modelId }])
  await logModelOutputs(tx, run, [{ modelId, step: 1 }])
  await createRegisteredModel(tx, { name: 'Forest', description: 'trees', tags: [{ key: 'team', value: 'cellar' }] })
  await createModelVersion(tx, { name: 'Forest', source: 's3://models/forest' })
  await setModelAlias(tx, 'Forest', 'champion', 1)
  await saveView(tx, experimentId, 'runs', 'best first', '{"order":"metrics.loss ASC"}')
  await advanceSession(tx, 'session-1', 42)
  await grantOrigin(tx, 'http://127.0.0.1:8888')
  await writeSetting(tx, 'durability', 'strict')
})
await share(store)
await follow(store)
mkdirSync(folder, { recursive: true })
writeFileSync(file, await store.exclusive((engine) => (engine as SqlJsEngine).image()))
console.log(file)

/** An experiment that others have, too: one of them set its run's param to something else, and left a comment. */
async function share(own: Store): Promise<void> {
  const { runId, experimentId } = await own.write(async (tx) => {
    const experimentId = await createExperiment(tx, { name: 'shared' })
    return createRun(tx, { experimentId, runId: 'c'.repeat(32) as RunId, name: 'ours', startTime: 1_700_000_000_000 })
  })
  const { sharedId } = await shareExperiment(own, experimentId, 'http://127.0.0.1:5000')
  const other = await openTestStore('sql.js')
  await joinRoom(other.store, sharedId, 'editor', 'http://127.0.0.1:5000')
  await mergeFacts(other.store, sharedId, await recordsOfRoom(own, sharedId))
  for (const [store, value] of [
    [own, '0.1'],
    [other.store, '0.2']
  ] as const)
    await store.write(async (tx) => logParams(tx, await requireActiveRun(tx, runId), [{ key: 'lr', value }]))
  await other.store.write((tx) => addComment(tx, runId, { author: 'Kim', text: 'why so fast?', point: null }))
  await mergeFacts(own, sharedId, await recordsOfRoom(other.store, sharedId))
}

/** The registry follows a host's, which has a version of the same model; of two more here one has been given its number. */
async function follow(own: Store): Promise<void> {
  const host = await openTestStore('sql.js')
  await host.store.write(async (tx) => {
    await createRegisteredModel(tx, { name: 'Forest' })
    await createModelVersion(tx, { name: 'Forest', source: 's3://host/forest' })
  })
  host.clock.now += 1000
  await hostRegistry(host.store)
  await followRegistry(own, 'owner', 'http://127.0.0.1:5000')
  await own.write((tx) => createModelVersion(tx, { name: 'Forest', source: 's3://models/second' }))
  await mergeFacts(host.store, REGISTRY, await recordsOfRoom(own, REGISTRY))
  await mergeFacts(own, REGISTRY, await recordsOfRoom(host.store, REGISTRY))
  await own.write((tx) => createModelVersion(tx, { name: 'Forest', source: 's3://models/third' }))
}
