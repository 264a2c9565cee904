/** Files of experiments: what comes of a store by one is what it holds, and it may come again. */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { DEFAULT_EXPERIMENT_ID, type BlobId, type RunId } from '#lib/domain/ids.ts'
import { seriesOf } from '#lib/domain/series.ts'
import { REGISTRY, type SharedId } from '#lib/domain/sync/subject.ts'
import { openZip } from '#lib/domain/zip/zip-reader.ts'
import { putArtifact } from '#lib/store/artifacts.ts'
import { createExperiment, getExperiment } from '#lib/store/experiments.ts'
import { FileProgress } from '#lib/store/files/progress.ts'
import { exportFile } from '#lib/store/files/export-file.ts'
import { logSeries } from '#lib/store/metrics.ts'
import { setModelAlias } from '#lib/store/model-aliases.ts'
import { getModelVersion, transitionModelVersion } from '#lib/store/model-versions.ts'
import { createModelVersion } from '#lib/store/new-model-version.ts'
import { logParams } from '#lib/store/params.ts'
import { createRegisteredModel } from '#lib/store/registered-models.ts'
import { createRun, getRun, requireActiveRun } from '#lib/store/runs.ts'
import { searchModelVersions } from '#lib/store/search/model-versions.ts'
import { setRunTags } from '#lib/store/tags.ts'
import { findRoom, listRooms } from '#lib/store/sync/rooms.ts'
import { joinRoom } from '#lib/store/sync/sharing.ts'
import { artifactRootPath } from '#lib/domain/artifact.ts'
import { Store } from '#lib/store/store.ts'
import {
  ENGINES,
  MemoryJournal,
  createEngine,
  openTestStore,
  type EngineName,
  type TestStore
} from '../support/engines.ts'
import { FolderBlobs } from '../../sync-server/files/folder-blobs.ts'
import { fileOf, merge } from '../support/filed.ts'
import { historyOf } from '../support/history-of.ts'
import { projectionOf, winnersIn } from '../support/replicas.ts'
import type { SqlJsEngine } from '../../src/workers/sqljs-engine.ts'

const point = (step: number, value: number) => ({ step, timestamp: 1000 + step, value })

/** An experiment with two runs, of params, points (some sealed), and a file. */
async function filled(engine: EngineName, name = 'vision') {
  const at = await openTestStore(engine)
  const { experimentId, runIds } = await at.store.write(async (tx) => {
    const experimentId = await createExperiment(tx, { name })
    const first = await createRun(tx, { experimentId, name: 'first' })
    const second = await createRun(tx, { experimentId, name: 'second' })
    return { experimentId, runIds: [first.runId, second.runId] as const }
  })
  await at.store.write(async (tx) => {
    const run = await requireActiveRun(tx, runIds[0])
    await logParams(tx, run, [{ key: 'lr', value: '0.1' }])
    await logSeries(tx, run, new Map([['loss', seriesOf([point(1, 0.5), point(2, NaN)])]]))
    await logSeries(tx, run, new Map([['long', seriesOf(Array.from({ length: 3000 }, (_, i) => point(i, i / 7)))]]))
  })
  await putFile(at, runIds[0], 'notes/a.txt', 'what was seen')
  return { at, experimentId, runId: runIds[0], second: runIds[1] }
}

async function putFile({ store }: Pick<TestStore, 'store'>, runId: RunId, path: string, text: string): Promise<BlobId> {
  const { blobId, size } = await store.blobs.put(new Blob([text]))
  await store.write(async (tx) => {
    const { artifactUri } = await requireActiveRun(tx, runId)
    const whole = `${artifactRootPath(artifactUri)}/${path}`
    await putArtifact(tx, { path: whole, blobId, size, mediaType: 'text/plain', createdTime: 5 })
  })
  return blobId
}

const sharedIdsOf = async ({ store }: TestStore): Promise<SharedId[]> =>
  (await store.read(listRooms)).map(({ sharedId }) => sharedId)

async function expectSame(a: TestStore, b: TestStore): Promise<void> {
  for (const room of await sharedIdsOf(a)) {
    expect(await projectionOf(b.store, room)).toEqual(await projectionOf(a.store, room))
    expect(await winnersIn(b.store, room)).toEqual(await winnersIn(a.store, room))
  }
}

const setTag = async ({ store, clock }: TestStore, runId: RunId, key: string, value: string): Promise<void> => {
  clock.now += 10
  await store.write(async (tx) => setRunTags(tx, await requireActiveRun(tx, runId), [{ key, value }]))
}

const log = ({ store }: TestStore, runId: RunId, key: string, points: Parameters<typeof seriesOf>[0]) =>
  store.write(async (tx) => logSeries(tx, await requireActiveRun(tx, runId), new Map([[key, seriesOf(points)]])))

describe.each(ENGINES)('a store on %s', (engine) => {
  test('[FI1] an empty store that merges a file has all that is in it, and again nothing is new', async () => {
    const { at: a, experimentId, runId } = await filled(engine)
    const b = await openTestStore(engine)
    const file = await fileOf(a)
    const first = await merge(b, file)
    expect(first).toMatchObject({ failed: [], isStopped: false })
    expect(first.experiments).toEqual([
      {
        experimentId,
        name: 'vision',
        isNew: true,
        newRuns: 2,
        changedRuns: 0,
        isChanged: true,
        missingFiles: 0,
        missingPoints: 0,
        tooLarge: 0,
        aheadUntil: null
      }
    ])
    await expectSame(a, b)
    expect(await historyOf(b.store, runId, 'long')).toHaveLength(3000)
    for (const [id, blob] of b.blobs.all()) expect(await blob.text()).toBe(await (await a.blobs.get(id))!.text())
    expect(b.blobs.all().length).toBeGreaterThan(1)
    const dump = await projectionOf(b.store, (await sharedIdsOf(b))[0]!)
    const again = await merge(b, file)
    expect(again.experiments).toMatchObject([{ isNew: false, newRuns: 0, changedRuns: 0, isChanged: false }])
    expect(await projectionOf(b.store, (await sharedIdsOf(b))[0]!)).toEqual(dump)
    expect(await b.store.read((r) => findRoom(r, experimentId as string as SharedId))).toMatchObject({
      role: 'owner',
      host: ''
    })
  })

  test('[FI2] both change, and exchange files twice both ways: equal, and nothing doubled', async () => {
    const { at: a, runId, second } = await filled(engine)
    const b = await openTestStore('node:sqlite')
    await merge(b, await fileOf(a))
    await setTag(a, runId, 'team', 'red')
    await log(a, runId, 'loss', [point(3, 3), point(4, 4)])
    b.clock.now += 5
    await setTag(b, runId, 'team', 'blue')
    await log(b, runId, 'loss', [point(3, 3), point(5, 5)])
    await log(b, runId, 'long', [point(4000, 1)])
    await putFile(b, second, 'b.txt', 'of b')
    const both = [await fileOf(a), await fileOf(b)] as const
    expect((await merge(a, both[1])).experiments).toMatchObject([{ newRuns: 0, changedRuns: 2, isChanged: true }])
    await merge(b, both[0])
    await merge(a, await fileOf(b))
    await merge(b, await fileOf(a))
    await expectSame(a, b)
    expect(await historyOf(a.store, runId, 'loss')).toEqual([
      point(1, 0.5),
      point(2, NaN),
      point(3, 3),
      point(4, 4),
      point(5, 5)
    ])
    expect(await historyOf(a.store, runId, 'long')).toHaveLength(3001)
    expect((await a.store.read((r) => getRun(r, runId))).data.tags).toContainEqual({ key: 'team', value: 'blue' })
    for (const [to, from] of [
      [a, b],
      [b, a]
    ] as const)
      expect((await merge(to, await fileOf(from))).experiments).toMatchObject([{ isChanged: false }])
  })

  test('[FI3] runs that both have from a copied database are the same runs', async () => {
    const { at: a, runId } = await filled('sql.js')
    const kept = await a.store.write((tx) => createRun(tx, { experimentId: DEFAULT_EXPERIMENT_ID, name: 'in default' }))
    const b = await copyOf(a)
    await setTag(a, runId, 'of', 'a')
    await setTag(b, runId, 'of', 'b')
    await log(b, runId, 'loss', [point(9, 9)])
    await merge(b, await fileOf(a))
    await merge(a, await fileOf(b))
    await merge(b, await fileOf(a))
    await expectSame(a, b)
    expect((await merge(b, await fileOf(a))).experiments.every(({ isChanged }) => !isChanged)).toBe(true)
    expect(await historyOf(a.store, runId, 'loss')).toHaveLength(3)
    const inDefault = await b.store.read((r) => getRun(r, kept.runId))
    expect(inDefault.info.experimentId).toBe(DEFAULT_EXPERIMENT_ID)
    expect(await b.store.read(listRooms)).toHaveLength(2)
  })

  test('[FI4] two stores that write under one name, since one is a copy, part ways and agree', async () => {
    const { at: a, runId, second } = await filled('sql.js')
    await fileOf(a)
    const b = await copyOf(a)
    await setTag(b, runId, 'of', 'b')
    await setTag(b, runId, 'more', 'b')
    await setTag(a, second, 'of', 'a')
    await merge(a, await fileOf(b))
    await merge(b, await fileOf(a))
    await merge(a, await fileOf(b))
    await expectSame(a, b)
    expect((await a.store.read((r) => getRun(r, runId))).data.tags).toContainEqual({ key: 'more', value: 'b' })
    expect((await b.store.read((r) => getRun(r, second))).data.tags).toContainEqual({ key: 'of', value: 'a' })
  })

  test('[FI5] what is shared through a host stays so', async () => {
    const { at: a, experimentId } = await filled(engine)
    const b = await openTestStore(engine)
    await joinRoom(b.store, experimentId as string as SharedId, 'viewer', 'http://host')
    await merge(b, await fileOf(a))
    expect(await b.store.read((r) => findRoom(r, experimentId as string as SharedId))).toMatchObject({
      role: 'viewer',
      host: 'http://host'
    })
  })

  test('[FI6] bytes that nobody has are told of, and come with a later file', async () => {
    const { at: a, runId } = await filled(engine)
    const gone = await putFile(a, runId, 'gone.bin', 'away')
    const [b, c] = [await openTestStore(engine), await openTestStore(engine)]
    const whole = await fileOf(a)
    a.clock.now += 1
    await a.blobs.delete([gone], a.clock.now)
    expect((await merge(b, await fileOf(a))).experiments).toMatchObject([
      { missingFiles: 1, missingPoints: 0, newRuns: 2 }
    ])
    expect(await b.blobs.get(gone)).toBeNull()
    expect((await merge(b, whole)).experiments).toMatchObject([{ missingFiles: 0, isChanged: false }])
    expect(await (await b.blobs.get(gone))!.text()).toBe('away')
    expect((await merge(c, whole)).experiments).toMatchObject([{ missingFiles: 0 }])
  })

  test('[FI7] what is said at times to come is left, and comes once the clock is there', async () => {
    const { at: a, runId } = await filled(engine)
    await fileOf(a)
    a.clock.now += 3_600_000
    await setTag(a, runId, 'late', 'yes')
    const b = await openTestStore(engine)
    const file = await fileOf(a)
    const { experiments } = await merge(b, file)
    expect(experiments[0]).toMatchObject({ newRuns: 1, aheadUntil: a.clock.now })
    b.clock.now = a.clock.now
    expect((await merge(b, file)).experiments).toMatchObject([{ newRuns: 1, aheadUntil: null }])
    await expectSame(a, b)
  })

  test('[FI8] a stopped merge leaves whole experiments, and is gone on with', async () => {
    const { at: a } = await filled(engine)
    await a.store.write(async (tx) => createRun(tx, { experimentId: await createExperiment(tx, { name: 'second' }) }))
    const b = await openTestStore(engine)
    const file = await fileOf(a)
    let begun = 0
    const progress: FileProgress = new FileProgress(({ phase, done }) => {
      if (phase === 'facts' && done === 0 && ++begun === 1) progress.stop()
    })
    const first = await merge(b, file, progress)
    expect(first.isStopped).toBe(true)
    expect(first.experiments).toHaveLength(1)
    expect(await b.store.read(listRooms)).toHaveLength(1)
    expect((await merge(b, file)).experiments).toHaveLength(2)
    await expectSame(a, b)
  })
})

/** A model with an alias, and versions of it. */
async function withModels(at: TestStore, ...sources: string[]): Promise<void> {
  await at.store.write(async (tx) => {
    await createRegisteredModel(tx, { name: 'Forest' })
    for (const source of sources) await createModelVersion(tx, { name: 'Forest', source })
    await setModelAlias(tx, 'Forest', 'champion', sources.length)
  })
}

const versionsOf = async ({ store }: TestStore): Promise<string[]> =>
  (await store.read((r) => searchModelVersions(r, { filter: null, orderBy: [], limit: 10, offset: 0 })))
    .map(({ version, source }) => `${version} ${source}`)
    .sort()

describe.each(ENGINES)('the models of a store on %s', (engine) => {
  test('[FI14] come with a file of all experiments, again nothing is new, and both ways they are one', async () => {
    const { at: a, experimentId } = await filled(engine)
    await withModels(a, 's3://m/1', 's3://m/2')
    const b = await openTestStore(engine)
    b.clock.now += 5000
    await withModels(b, 's3://m/b')
    expect((await merge(b, await fileOf(a))).registry).toEqual({ newVersions: 2, isChanged: true, aheadUntil: null })
    expect((await merge(b, await fileOf(a))).registry).toEqual({ newVersions: 0, isChanged: false, aheadUntil: null })
    expect(await versionsOf(b)).toEqual(['1 s3://m/1', '2 s3://m/2', '3 s3://m/b'])
    expect((await merge(a, await fileOf(b))).registry).toMatchObject({ newVersions: 1, isChanged: true })
    expect(await projectionOf(a.store, REGISTRY)).toEqual(await projectionOf(b.store, REGISTRY))
    expect(await versionsOf(a)).toEqual(await versionsOf(b))
    // One experiment that was chosen is that one alone.
    expect((await merge(await openTestStore(engine), await fileOf(a, [experimentId]))).registry).toBeNull()
  })

  test('[FI15] come by themselves, too', async () => {
    const a = await openTestStore(engine)
    await expect(fileOf(a)).rejects.toMatchObject({ code: 'INVALID_STATE' })
    await withModels(a, 's3://m/1')
    const b = await openTestStore(engine)
    expect(await merge(b, await fileOf(a))).toMatchObject({ experiments: [], registry: { newVersions: 1 } })
  })
})

/** A store whose database is a copy of another's. */
async function copyOf(a: TestStore): Promise<TestStore> {
  const image = (a.engine as SqlJsEngine).image()
  const b = await openTestStore('sql.js', {}, image)
  for (const [, blob] of a.blobs.all()) await b.blobs.put(blob)
  b.clock.now = a.clock.now
  return b
}

/** A store of somebody else: it did not begin when that one did. */
async function begunBefore(a: TestStore): Promise<TestStore> {
  const b = await openTestStore('node:sqlite')
  b.engine.run('update experiments set creation_time = creation_time - 1', [])
  expect(a.clock.now).toBeGreaterThanOrEqual(b.clock.now)
  return b
}

describe('a database that is opened', () => {
  const databaseOf = (a: TestStore): Blob => new Blob([(a.engine as SqlJsEngine).image() as Uint8Array<ArrayBuffer>])

  test('[FI9] all of it comes but the bytes beside it; again nothing is new; later what changed', async () => {
    const { at: a, experimentId, runId, second } = await filled('sql.js')
    const run = await a.store.write((tx) => createRun(tx, { experimentId: DEFAULT_EXPERIMENT_ID, name: 'in default' }))
    const b = await begunBefore(a)
    const first = await merge(b, databaseOf(a))
    expect(first.failed).toEqual([])
    expect(first.experiments.map(({ newRuns, isNew }) => [newRuns, isNew]).sort()).toEqual([
      [1, true],
      [2, true]
    ])
    expect(first.experiments.find((one) => one.experimentId === experimentId)).toMatchObject({ missingFiles: 1 })
    expect((await b.store.read((r) => getRun(r, runId))).data.params).toEqual([{ key: 'lr', value: '0.1' }])
    expect(await historyOf(b.store, runId, 'loss')).toEqual([point(1, 0.5), point(2, NaN)])
    expect(await historyOf(b.store, runId, 'long')).toHaveLength(3000)
    const inDefault = (await b.store.read((r) => getRun(r, run.runId))).info.experimentId
    expect(inDefault).not.toBe(DEFAULT_EXPERIMENT_ID)
    expect((await b.store.read((r) => getExperiment(r, inDefault))).name).toMatch(/^Default/)

    const rooms = await sharedIdsOf(b)
    const before = await Promise.all(rooms.map((room) => winnersIn(b.store, room)))
    const again = await merge(b, databaseOf(a))
    expect(again.experiments.map(({ isChanged }) => isChanged)).toEqual([false, false])
    expect(await Promise.all(rooms.map((room) => winnersIn(b.store, room)))).toEqual(before)

    await setTag(a, second, 'team', 'red')
    await log(a, runId, 'loss', [point(3, 1)])
    b.clock.now = a.clock.now + 10
    const later = await merge(b, databaseOf(a))
    expect(later.experiments.find((one) => one.experimentId === experimentId)).toMatchObject({
      newRuns: 0,
      changedRuns: 2
    })
    expect((await b.store.read((r) => getRun(r, second))).data.tags).toContainEqual({ key: 'team', value: 'red' })
    expect(await historyOf(b.store, runId, 'loss')).toHaveLength(3)
    expect((await merge(b, databaseOf(a))).experiments.some(({ isChanged }) => isChanged)).toBe(false)
  })

  test('[FI16] its models come with it, each version once, and later what changed', async () => {
    const { at: a } = await filled('sql.js')
    await withModels(a, 's3://m/1', 's3://m/2')
    const b = await begunBefore(a)
    expect((await merge(b, databaseOf(a))).registry).toMatchObject({ newVersions: 2 })
    expect((await merge(b, databaseOf(a))).registry).toMatchObject({ newVersions: 0, isChanged: false })
    a.clock.now += 10
    await a.store.write(async (tx) => {
      await createModelVersion(tx, { name: 'Forest', source: 's3://m/3' })
      await transitionModelVersion(tx, 'Forest', 1, { stage: 'Production' })
    })
    b.clock.now = a.clock.now + 10
    expect((await merge(b, databaseOf(a))).registry).toMatchObject({ newVersions: 1, isChanged: true })
    expect(await versionsOf(b)).toEqual(['1 s3://m/1', '2 s3://m/2', '3 s3://m/3'])
    expect((await b.store.read((r) => getModelVersion(r, 'Forest', 1))).stage).toBe('Production')
    expect((await merge(b, databaseOf(a))).registry).toMatchObject({ isChanged: false })
  })

  test('[FI10] one that has shared says what it said', async () => {
    const { at: a, runId } = await filled('sql.js')
    await fileOf(a)
    await setTag(a, runId, 'team', 'red')
    const b = await begunBefore(a)
    b.clock.now = a.clock.now
    expect((await merge(b, databaseOf(a))).experiments).toMatchObject([
      { newRuns: 2, missingFiles: 1, missingPoints: 1 }
    ])
    for (const [, blob] of a.blobs.all()) await b.blobs.put(blob)
    await expectSame(a, b)
    expect((await merge(b, databaseOf(a))).experiments).toMatchObject([{ isChanged: false }])
    expect((await merge(b, await fileOf(a))).experiments).toMatchObject([{ isChanged: false }])
  })

  test('[FI11] one of MLflow itself, one of something else, one of a newer Runnel, and a damaged one are told apart', async () => {
    const b = await openTestStore('node:sqlite')
    const made = async (...sql: string[]): Promise<Blob> => {
      const a = await openTestStore('sql.js')
      for (const one of sql) a.engine.run(one, [])
      return databaseOf(a)
    }
    const stock = await made('drop table runnel_schema', 'create table alembic_version (version_num text)')
    await expect(merge(b, stock)).rejects.toMatchObject({
      code: 'NOT_IMPLEMENTED',
      message: expect.stringMatching(/MLflow itself/) as string
    })
    await expect(merge(b, await made('drop table runnel_schema'))).rejects.toMatchObject({
      code: 'INVALID_PARAMETER_VALUE'
    })
    await expect(merge(b, await made('update runnel_schema set version = 99'))).rejects.toMatchObject({
      code: 'NOT_IMPLEMENTED',
      message: expect.stringMatching(/newer Runnel/) as string
    })
    const bytes = await (await made()).bytes()
    await expect(merge(b, new Blob([bytes.subarray(0, bytes.length / 2)]))).rejects.toMatchObject({ code: 'DATA_LOSS' })
    expect(await b.store.read(listRooms)).toEqual([])
  })
})

describe('a file', () => {
  test('[FI12] is a zip file with nothing in it but what docs/export-format.md says', async () => {
    const { at: a, experimentId } = await filled('node:sqlite')
    const names = [...(await openZip(await fileOf(a))).keys()]
    expect(names.slice(0, 2)).toEqual(['runnel.json', `facts/${experimentId}`])
    expect(names.slice(2).every((name) => /^blobs\/[0-9a-f]{64}$/.test(name))).toBe(true)
    expect(names).toHaveLength(2 + a.blobs.all().length)
  })

  test('[FI13] is written piece by piece: a large blob is never whole in memory', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'runnel-files-'))
    try {
      const engine = createEngine('node:sqlite')
      const journal = new MemoryJournal(() => createEngine('node:sqlite'))
      const store = await Store.open({ engine, journal, blobs: await FolderBlobs.open(folder, Date.now) })
      const { runId } = await store.write((tx) => createRun(tx, { experimentId: DEFAULT_EXPERIMENT_ID }))
      const bytes = 20 * 1024 * 1024
      await putFile({ store }, runId, 'large.bin', 'x'.repeat(bytes))
      let [largest, total] = [0, 0]
      for await (const piece of exportFile(store, { ids: null, writtenBy: 'runnel tests' })) {
        largest = Math.max(largest, piece.length)
        total += piece.length
      }
      expect(total).toBeGreaterThan(bytes)
      expect(largest).toBeLessThan(1024 * 1024)
    } finally {
      await rm(folder, { recursive: true })
    }
  })
})
