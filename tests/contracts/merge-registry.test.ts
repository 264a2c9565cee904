/** Two model registries agree, whatever was done in which, and in which order they hear of it. */
import { describe, expect, test } from 'vitest'
import { DEFAULT_EXPERIMENT_ID } from '#lib/domain/ids.ts'
import { REGISTRY } from '#lib/domain/sync/subject.ts'
import { createLoggedModel } from '#lib/store/logged-models.ts'
import { deleteModelAlias, getModelVersionByAlias, setModelAlias } from '#lib/store/model-aliases.ts'
import {
  deleteModelVersion,
  getModelVersion,
  getModelVersionDownloadUri,
  setModelVersionTag,
  transitionModelVersion
} from '#lib/store/model-versions.ts'
import { createModelVersion } from '#lib/store/new-model-version.ts'
import {
  createRegisteredModel,
  deleteRegisteredModel,
  getRegisteredModel,
  renameRegisteredModel,
  setRegisteredModelTag,
  updateRegisteredModel
} from '#lib/store/registered-models.ts'
import { createRun } from '#lib/store/runs.ts'
import { searchModelVersions } from '#lib/store/search/model-versions.ts'
import { searchRegisteredModels } from '#lib/store/search/registered-models.ts'
import { mergeFacts } from '#lib/store/sync/merge.ts'
import { recordsOfRoom } from '#lib/store/sync/publication.ts'
import { followRegistry, hostRegistry, trackRegistry } from '#lib/store/sync/registry-sharing.ts'
import { shareExperiment, joinRoom } from '#lib/store/sync/sharing.ts'
import { ENGINES, openTestStore, type TestStore } from '../support/engines.ts'
import { projectionOf } from '../support/replicas.ts'

type Pair = { readonly host: TestStore; readonly page: TestStore }

/** A host that has a model of one version, and the store of a page that follows it. */
async function followed(engine: (typeof ENGINES)[number]): Promise<Pair> {
  const [host, page] = [await openTestStore(engine), await openTestStore('node:sqlite')]
  await host.store.write((tx) => createRegisteredModel(tx, { name: 'Forest', description: 'trees' }))
  await register(host)
  await hostRegistry(host.store)
  await followRegistry(page.store, 'owner', 'http://host')
  await pull(host, page)
  return { host, page }
}

/** Two stores without a host, that have one another's files. */
async function apart(engine: (typeof ENGINES)[number]): Promise<readonly [TestStore, TestStore]> {
  const both = [await openTestStore(engine), await openTestStore('node:sqlite')] as const
  for (const { store } of both) await trackRegistry(store)
  return both
}

const pull = async (from: TestStore, to: TestStore) =>
  mergeFacts(to.store, REGISTRY, await recordsOfRoom(from.store, REGISTRY))

async function agree(a: TestStore, b: TestStore): Promise<void> {
  for (let i = 0; i < 2; i++) {
    await pull(a, b)
    await pull(b, a)
  }
  expect(await projectionOf(b.store, REGISTRY)).toEqual(await projectionOf(a.store, REGISTRY))
  expect((await pull(a, b)).changed).toEqual([])
  expect((await pull(b, a)).changed).toEqual([])
}

const register = ({ store, clock }: TestStore, name = 'Forest', source = 's3://models/forest') => {
  clock.now += 10
  return store.write((tx) => createModelVersion(tx, { name, source }))
}

const version = ({ store }: TestStore, number: number, name = 'Forest') =>
  store.read((r) => getModelVersion(r, name, number))

const all = { filter: null, orderBy: [], limit: 100, offset: 0 }

const numbers = async ({ store }: TestStore) =>
  (await store.read((r) => searchModelVersions(r, all)))
    .map(({ name, version, source, isProvisional }) => `${name} ${version}${isProvisional ? '?' : ''} ${source}`)
    .sort()

const names = async ({ store }: TestStore) =>
  (await store.read((r) => searchRegisteredModels(r, all))).map(({ name }) => name)

describe.each(ENGINES)('registries that are one, one of them on %s', (engine) => {
  test('[MR1] who follows has all of it, and what either does the other has', async () => {
    const { host, page } = await followed(engine)
    expect(await numbers(page)).toEqual(['Forest 1 s3://models/forest'])
    page.clock.now += 100
    await page.store.write(async (tx) => {
      await setRegisteredModelTag(tx, 'Forest', { key: 'team', value: 'cellar' })
      await setModelAlias(tx, 'Forest', 'champion', 1)
      await setModelVersionTag(tx, 'Forest', 1, { key: 'checked', value: 'yes' })
      await updateRegisteredModel(tx, 'Forest', 'many trees')
    })
    await agree(host, page)
    const model = await host.store.read((r) => getRegisteredModel(r, 'Forest'))
    expect(model).toMatchObject({ description: 'many trees', tags: [{ key: 'team', value: 'cellar' }] })
    expect(model.aliases).toEqual([{ alias: 'champion', version: 1 }])
    expect((await version(host, 1)).tags).toEqual([{ key: 'checked', value: 'yes' }])
    page.clock.now += 100
    await page.store.write((tx) => deleteModelAlias(tx, 'Forest', 'champion'))
    await agree(host, page)
    expect((await host.store.read((r) => getRegisteredModel(r, 'Forest'))).aliases).toEqual([])
  })

  test('[MR2] a number taken while the host was away is provisional until the host gives one', async () => {
    const { host, page } = await followed(engine)
    await register(page, 'Forest', 's3://m/page')
    expect(await numbers(page)).toEqual(['Forest 1 s3://models/forest', 'Forest 2? s3://m/page'])
    await register(host, 'Forest', 's3://m/host')
    await agree(host, page)
    const settled = ['Forest 1 s3://models/forest', 'Forest 2 s3://m/host', 'Forest 3 s3://m/page']
    expect(await numbers(page)).toEqual(settled)
    expect(await numbers(host)).toEqual(settled)
    // Whoever asks by the old number is answered with the version that kept it; the other says what it was.
    expect((await version(page, 3)).statusMessage).toBe('Registered as version 2, which another version had before.')
    expect((await version(host, 2)).statusMessage).toBeNull()
    expect((await register(page, 'Forest', 's3://m/next')).version).toBe(4)
  })

  test('[MR3] an alias stays with its version when that gets another number', async () => {
    const { host, page } = await followed(engine)
    await register(page, 'Forest', 's3://m/page')
    await page.store.write(async (tx) => {
      await setModelAlias(tx, 'Forest', 'champion', 2)
      await setModelVersionTag(tx, 'Forest', 2, { key: 'mine', value: 'yes' })
    })
    await register(host, 'Forest', 's3://m/host')
    await agree(host, page)
    for (const { store } of [host, page]) {
      const champion = await store.read((r) => getModelVersionByAlias(r, 'Forest', 'champion'))
      expect(champion).toMatchObject({ version: 3, source: 's3://m/page', tags: [{ key: 'mine', value: 'yes' }] })
    }
  })

  test('[MR4] without a host the version registered first keeps its number, and none is provisional', async () => {
    const [a, b] = await apart(engine)
    for (const { store } of [a, b]) await store.write((tx) => createRegisteredModel(tx, { name: 'Forest' }))
    await register(b, 'Forest', 's3://m/later')
    b.clock.now -= 20
    await register(b, 'Forest', 's3://m/second')
    await register(a, 'Forest', 's3://m/a')
    a.clock.now -= 15
    await agree(a, b)
    const found = await numbers(a)
    expect(found).toHaveLength(3)
    expect(found.every((one) => !one.includes('?'))).toBe(true)
    expect(new Set(found.map((one) => one.split(' ')[1]))).toEqual(new Set(['1', '2', '3']))
    expect(await numbers(b)).toEqual(found)
  })

  test('[MR5] a stage is the version’s own: archiving the others was said of each', async () => {
    const { host, page } = await followed(engine)
    await register(host)
    const to = (at: TestStore, number: number, archiveExisting: boolean) => {
      at.clock.now += 10
      return at.store.write((tx) =>
        transitionModelVersion(tx, 'Forest', number, { stage: 'Production', archiveExisting })
      )
    }
    await to(host, 1, false)
    await agree(host, page)
    page.clock.now += 100
    await to(page, 2, true)
    await register(host, 'Forest', 's3://m/third')
    await to(host, 3, false)
    await agree(host, page)
    const stages = await Promise.all([1, 2, 3].map(async (number) => (await version(page, number)).stage))
    expect(stages).toEqual(['Archived', 'Production', 'Production'])
  })

  test('[MR6] a deleted version stays deleted, without its whereabouts, and keeps its number', async () => {
    const { host, page } = await followed(engine)
    await agree(host, page)
    await page.store.write((tx) => setModelAlias(tx, 'Forest', 'champion', 1))
    host.clock.now += 1000
    await host.store.write((tx) => deleteModelVersion(tx, 'Forest', 1))
    page.clock.now += 5000
    await page.store.write((tx) => transitionModelVersion(tx, 'Forest', 1, { stage: 'Staging' }))
    await agree(host, page)
    expect(await numbers(page)).toEqual([])
    expect((await page.store.read((r) => getRegisteredModel(r, 'Forest'))).aliases).toEqual([])
    const row = await page.store.exclusive((e) => e.all('select source, run_id from model_versions', [])[0])
    expect(row).toEqual({ source: 'REDACTED-SOURCE-PATH', run_id: 'REDACTED-RUN-ID' })
    expect((await register(host)).version).toBe(2)
  })

  test('[MR7] a model that is renamed takes its versions and aliases along', async () => {
    const { host, page } = await followed(engine)
    await host.store.write((tx) => setModelAlias(tx, 'Forest', 'champion', 1))
    await agree(host, page)
    page.clock.now += 100
    await page.store.write((tx) => renameRegisteredModel(tx, 'Forest', 'Wood'))
    await agree(host, page)
    for (const at of [host, page]) {
      expect(await names(at)).toEqual(['Wood'])
      expect(await numbers(at)).toEqual(['Wood 1 s3://models/forest'])
      const champion = await at.store.read((r) => getModelVersionByAlias(r, 'Wood', 'champion'))
      expect(champion.version).toBe(1)
    }
    host.clock.now += 1000
    await host.store.write((tx) => renameRegisteredModel(tx, 'Wood', 'Forest'))
    await agree(host, page)
    expect(await numbers(page)).toEqual(['Forest 1 s3://models/forest'])
  })

  test('[MR8] a version registered while its model was deleted elsewhere brings the model back, with it alone', async () => {
    const { host, page } = await followed(engine)
    await register(page, 'Forest', 's3://m/page')
    host.clock.now += 1000
    await host.store.write((tx) => deleteRegisteredModel(tx, 'Forest'))
    await agree(host, page)
    for (const at of [host, page]) {
      expect(await names(at)).toEqual(['Forest'])
      expect(await numbers(at)).toEqual(['Forest 2 s3://m/page'])
    }
    host.clock.now += 1000
    await host.store.write((tx) => deleteRegisteredModel(tx, 'Forest'))
    await agree(host, page)
    expect(await names(page)).toEqual([])
    host.clock.now += 1000
    await host.store.write((tx) => createRegisteredModel(tx, { name: 'Forest' }))
    await register(host, 'Forest', 's3://m/anew')
    await agree(host, page)
    expect(await numbers(page)).toEqual(['Forest 1 s3://m/anew'])
    expect((await page.store.read((r) => getRegisteredModel(r, 'Forest'))).description).toBe('')
  })

  test('[MR9] two that make one model have one, with the versions of both', async () => {
    const [a, b] = await apart(engine)
    for (const [at, key] of [
      [a, 'a'],
      [b, 'b']
    ] as const) {
      const tags = [{ key, value: 'yes' }]
      await at.store.write((tx) => createRegisteredModel(tx, { name: 'Ü: 50%/x', tags }))
      await register(at, 'Ü: 50%/x', `s3://m/${key}`)
    }
    await agree(a, b)
    const model = await a.store.read((r) => getRegisteredModel(r, 'Ü: 50%/x'))
    expect(model.tags.map(({ key }) => key)).toEqual(['a', 'b'])
    expect(await numbers(a)).toHaveLength(2)
  })

  test('[MR10] files of a run are found where the run stands, whatever its experiment is called here', async () => {
    const { host, page } = await followed(engine)
    const { run, model } = await host.store.write(async (tx) => {
      const run = await createRun(tx, { experimentId: DEFAULT_EXPERIMENT_ID })
      return { run, model: await createLoggedModel(tx, { experimentId: DEFAULT_EXPERIMENT_ID, name: 'm' }) }
    })
    const source = `${run.artifactUri}/model`
    await host.store.write((tx) => createModelVersion(tx, { name: 'Forest', source, runId: run.runId }))
    const ofModel = { name: 'Forest', source: `models:/${model.modelId}`, modelId: model.modelId }
    await host.store.write((tx) => createModelVersion(tx, ofModel))
    const { sharedId } = await shareExperiment(host.store, DEFAULT_EXPERIMENT_ID, '')
    await joinRoom(page.store, sharedId, 'editor', 'http://host')
    await agree(host, page)
    expect((await version(page, 2)).source).toBe(`runs:/${run.runId}/model`)
    expect(await page.store.read((r) => getModelVersionDownloadUri(r, 'Forest', 3))).toBe(`models:/${model.modelId}`)
    expect((await version(host, 2)).source).toBe(source)
    // What somebody else changes in it says nothing new of where it came from.
    page.clock.now += 1000
    await page.store.write((tx) => setModelVersionTag(tx, 'Forest', 2, { key: 'a', value: 'b' }))
    await agree(host, page)
    expect((await version(host, 2)).source).toBe(source)
  })

  test('[MR11] whoever may only look changes nothing', async () => {
    const { page } = await followed(engine)
    await followRegistry(page.store, 'viewer', 'http://host')
    await expect(register(page)).rejects.toMatchObject({ code: 'PERMISSION_DENIED' })
    expect(await numbers(page)).toHaveLength(1)
  })

  test('[MR12] facts of a registry that come in the room of an experiment are passed over, and the other way round', async () => {
    const { host, page } = await followed(engine)
    await register(host, 'Forest', 's3://m/second')
    const { sharedId } = await shareExperiment(page.store, DEFAULT_EXPERIMENT_ID, '')
    const merged = await mergeFacts(page.store, sharedId, await recordsOfRoom(host.store, REGISTRY))
    expect(merged.changed).toEqual([])
    expect(await numbers(page)).toHaveLength(1)
    const back = await mergeFacts(host.store, REGISTRY, await recordsOfRoom(page.store, sharedId))
    expect(back.changed).toEqual([])
  })
})
