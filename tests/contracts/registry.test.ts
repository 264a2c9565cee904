/** The model registry's contract, run against every engine. A test's name starts with its rule. */
import { beforeEach, describe, expect, test, vi } from 'vitest'
import { RunnelError } from '#lib/domain/errors.ts'
import { DEFAULT_EXPERIMENT_ID, type ModelId } from '#lib/domain/ids.ts'
import type { NewModelVersion } from '#lib/domain/model-version.ts'
import type { Tag } from '#lib/domain/tag.ts'
import type { Change } from '#lib/store/changes.ts'
import type { Reader, Tx } from '#lib/store/database.ts'
import { createExperiment } from '#lib/store/experiments.ts'
import { createLoggedModel, deleteLoggedModel, getLoggedModel, setLoggedModelTags } from '#lib/store/logged-models.ts'
import { deleteModelAlias, getModelVersionByAlias, setModelAlias } from '#lib/store/model-aliases.ts'
import {
  deleteModelVersion,
  deleteModelVersionTag,
  getLatestVersions,
  getModelVersion,
  getModelVersionDownloadUri,
  setModelVersionTag,
  transitionModelVersion,
  updateModelVersion
} from '#lib/store/model-versions.ts'
import { createModelVersion } from '#lib/store/new-model-version.ts'
import {
  createRegisteredModel,
  deleteRegisteredModel,
  deleteRegisteredModelTag,
  getRegisteredModel,
  renameRegisteredModel,
  setRegisteredModelTag,
  updateRegisteredModel
} from '#lib/store/registered-models.ts'
import { createRun } from '#lib/store/runs.ts'
import { ENGINES, dumpStore, openTestStore, type TestStore } from '../support/engines.ts'

const code = (code: string): unknown => expect.objectContaining({ code })
const says = (code: string, message: string): unknown => expect.objectContaining({ code, message })
const IPV = 'INVALID_PARAMETER_VALUE'
const RDNE = 'RESOURCE_DOES_NOT_EXIST'
const PROMPT: Tag = { key: 'mlflow.prompt.is_prompt', value: 'true' }

describe.each(ENGINES)('registry on %s', (engine) => {
  let parts: TestStore
  const write = <T>(fn: (tx: Tx) => Promise<T>) => parts.store.write(fn)
  const read = <T>(fn: (r: Reader) => Promise<T>) => parts.store.read(fn)
  const model = (name: string, tags: readonly Tag[] = []) => write((tx) => createRegisteredModel(tx, { name, tags }))
  const version = (name: string, more: Partial<NewModelVersion> = {}) =>
    write((tx) => createModelVersion(tx, { name, source: 's3://bucket/model', ...more }))
  const get = (name: string) => read((r) => getRegisteredModel(r, name))

  beforeEach(async () => {
    parts = await openTestStore(engine)
  })

  test('[MR1] a model is made once, and a prompt takes the same names', async () => {
    const made = await model('wine', [
      { key: 'b', value: '1' },
      { key: 'a', value: '2' },
      { key: 'b', value: '3' }
    ])
    expect(made).toEqual({
      name: 'wine',
      description: '',
      creationTime: parts.clock.now,
      lastUpdateTime: parts.clock.now,
      latestVersions: [],
      tags: [
        { key: 'a', value: '2' },
        { key: 'b', value: '3' }
      ],
      aliases: []
    })
    const taken = (message: string) => says('RESOURCE_ALREADY_EXISTS', message)
    await expect(model('wine')).rejects.toEqual(taken('Registered Model (name=wine) already exists.'))
    await expect(model('wine', [PROMPT])).rejects.toEqual(
      taken(
        "Tried to create a prompt with name 'wine', but the name is already taken by a registered model. " +
          'MLflow does not allow creating a model and a prompt with the same name.'
      )
    )
    await model('hello', [PROMPT])
    await expect(model('hello', [PROMPT])).rejects.toEqual(taken('Prompt (name=hello) already exists.'))
    await expect(read((r) => getRegisteredModel(r, 'none'))).rejects.toEqual(
      says(RDNE, 'Registered Model with name=none not found')
    )
  })

  test('[MR2] versions count from 1, and a deleted number is not used again', async () => {
    await model('wine')
    expect((await version('wine')).version).toBe(1)
    expect((await version('wine')).version).toBe(2)
    parts.clock.now += 5
    await write((tx) => deleteModelVersion(tx, 'wine', 2))
    expect((await get('wine')).lastUpdateTime).toBe(parts.clock.now)
    expect((await version('wine')).version).toBe(3)
    const gone = says(RDNE, 'Model Version (name=wine, version=2) not found')
    await expect(read((r) => getModelVersion(r, 'wine', 2))).rejects.toEqual(gone)
    await expect(read((r) => getModelVersionDownloadUri(r, 'wine', 2))).rejects.toEqual(gone)
    await expect(write((tx) => deleteModelVersion(tx, 'wine', 2))).rejects.toEqual(gone)
    await expect(version('none')).rejects.toEqual(code(RDNE))
  })

  test('[MR3] a deleted version keeps its row, with its whereabouts blotted out, and its tags', async () => {
    await model('wine')
    await version('wine', { runId: 'r', runLink: 'l', description: 'd', tags: [{ key: 'k', value: 'v' }] })
    await write((tx) => deleteModelVersion(tx, 'wine', 1))
    const dump = await dumpStore(parts.store)
    expect(JSON.parse(String(dump['model_versions']![0]))).toMatchObject({
      current_stage: 'Deleted_Internal',
      source: 'REDACTED-SOURCE-PATH',
      run_id: 'REDACTED-RUN-ID',
      run_link: 'REDACTED-RUN-LINK',
      description: null,
      storage_location: 's3://bucket/model'
    })
    expect(dump['model_version_tags']).toHaveLength(1)
  })

  test('[MR4] aliases are moved, and go with the version they stand for', async () => {
    await model('wine')
    await version('wine')
    await version('wine')
    await write((tx) => setModelAlias(tx, 'wine', 'champ', 1))
    await write((tx) => setModelAlias(tx, 'wine', 'best', 1))
    expect((await read((r) => getModelVersion(r, 'wine', 1))).aliases).toEqual(['best', 'champ'])
    await write((tx) => setModelAlias(tx, 'wine', 'champ', 2))
    expect((await read((r) => getModelVersionByAlias(r, 'wine', 'champ'))).version).toBe(2)
    expect((await get('wine')).aliases).toEqual([
      { alias: 'best', version: 1 },
      { alias: 'champ', version: 2 }
    ])
    await write((tx) => deleteModelVersion(tx, 'wine', 2))
    const unknown = says(IPV, 'Registered model alias champ not found.')
    await expect(read((r) => getModelVersionByAlias(r, 'wine', 'champ'))).rejects.toEqual(unknown)
    expect((await get('wine')).aliases).toEqual([{ alias: 'best', version: 1 }])
    await write((tx) => deleteModelAlias(tx, 'wine', 'best'))
    await write((tx) => deleteModelAlias(tx, 'wine', 'best'))
    expect((await get('wine')).aliases).toEqual([])
    await expect(write((tx) => setModelAlias(tx, 'wine', 'x', 2))).rejects.toEqual(code(RDNE))
    await expect(write((tx) => deleteModelAlias(tx, 'none', 'x'))).rejects.toEqual(code(RDNE))
  })

  test('[MR5] the alias latest stands for the highest version of all', async () => {
    await model('wine')
    const none = says(RDNE, 'Latest version not found for model wine.')
    await expect(read((r) => getModelVersionByAlias(r, 'wine', 'latest'))).rejects.toEqual(none)
    for (let count = 0; count < 3; count++) await version('wine')
    await write((tx) => transitionModelVersion(tx, 'wine', 3, { stage: 'Staging' }))
    expect((await read((r) => getModelVersionByAlias(r, 'wine', 'Latest'))).version).toBe(3)
  })

  test('[MR6] a new name goes through versions, tags and aliases; a taken one is refused', async () => {
    await model('wine', [{ key: 'k', value: 'v' }])
    await version('wine', { tags: [{ key: 'a', value: 'b' }] })
    await version('wine')
    await write((tx) => setModelAlias(tx, 'wine', 'champ', 1))
    await write((tx) => deleteModelVersion(tx, 'wine', 2))
    await model('other')
    const before = await dumpStore(parts.store)
    await expect(write((tx) => renameRegisteredModel(tx, 'wine', 'other'))).rejects.toEqual(
      says('RESOURCE_ALREADY_EXISTS', 'Registered Model (name=other) already exists.')
    )
    await expect(write((tx) => renameRegisteredModel(tx, 'none', 'x'))).rejects.toEqual(code(RDNE))
    expect(await dumpStore(parts.store)).toEqual(before)

    parts.clock.now += 5
    const renamed = await write((tx) => renameRegisteredModel(tx, 'wine', 'grape'))
    expect(renamed).toMatchObject({
      name: 'grape',
      lastUpdateTime: parts.clock.now,
      tags: [{ key: 'k', value: 'v' }],
      aliases: [{ alias: 'champ', version: 1 }],
      latestVersions: [{ name: 'grape', lastUpdateTime: parts.clock.now, tags: [{ key: 'a', value: 'b' }] }]
    })
    expect((await version('grape')).version).toBe(3)
    expect(JSON.stringify(await dumpStore(parts.store))).not.toContain('wine')
  })

  test('[MR7] a deleted model leaves nothing, and its name starts again at 1', async () => {
    const empty = await dumpStore(parts.store)
    await model('wine', [{ key: 'k', value: 'v' }])
    await version('wine', { tags: [{ key: 'a', value: 'b' }] })
    await write((tx) => setModelAlias(tx, 'wine', 'champ', 1))
    await write((tx) => deleteRegisteredModel(tx, 'wine'))
    expect(await dumpStore(parts.store)).toEqual(empty)
    await expect(write((tx) => deleteRegisteredModel(tx, 'wine'))).rejects.toEqual(code(RDNE))
    await model('wine')
    expect((await version('wine')).version).toBe(1)
  })

  test('[MR8] descriptions are set and taken away', async () => {
    await model('wine')
    await version('wine', { description: 'first' })
    parts.clock.now += 5
    const updated = await write((tx) => updateModelVersion(tx, 'wine', 1, null))
    expect([updated.description, updated.lastUpdateTime]).toEqual([null, parts.clock.now])
    // A version's new description is no change of its model.
    expect((await get('wine')).lastUpdateTime).toBe(parts.clock.now - 5)
    expect(await write((tx) => updateRegisteredModel(tx, 'wine', 'red'))).toMatchObject({
      description: 'red',
      lastUpdateTime: parts.clock.now
    })
    await expect(write((tx) => updateModelVersion(tx, 'wine', 9, 'x'))).rejects.toEqual(code(RDNE))
    await expect(write((tx) => updateRegisteredModel(tx, 'none', 'x'))).rejects.toEqual(code(RDNE))
  })

  test('[MR9] tags of models and versions are set, set anew and deleted, absent ones too', async () => {
    await model('wine')
    await version('wine')
    for (const value of ['1', '2']) {
      await write((tx) => setRegisteredModelTag(tx, 'wine', { key: 'k', value }))
      await write((tx) => setModelVersionTag(tx, 'wine', 1, { key: 'k', value }))
    }
    const tags = [{ key: 'k', value: '2' }]
    expect(await get('wine')).toMatchObject({ tags, latestVersions: [{ tags }] })
    for (let round = 0; round < 2; round++) {
      await write((tx) => deleteRegisteredModelTag(tx, 'wine', 'k'))
      await write((tx) => deleteModelVersionTag(tx, 'wine', 1, 'k'))
    }
    expect(await get('wine')).toMatchObject({ tags: [], latestVersions: [{ tags: [] }] })
    const tag = { key: 'k', value: 'v' }
    await expect(write((tx) => setRegisteredModelTag(tx, 'none', tag))).rejects.toEqual(code(RDNE))
    await expect(write((tx) => setModelVersionTag(tx, 'wine', 2, tag))).rejects.toEqual(code(RDNE))
    await expect(write((tx) => deleteRegisteredModelTag(tx, 'none', 'k'))).rejects.toEqual(code(RDNE))
    await expect(write((tx) => deleteModelVersionTag(tx, 'wine', 2, 'k'))).rejects.toEqual(code(RDNE))
  })

  test('[MR10] moving to an active stage can send the others there to the archive', async () => {
    await model('wine')
    for (let count = 0; count < 6; count++) await version('wine')
    const move = (number: number, to: Parameters<typeof transitionModelVersion>[3]) =>
      write((tx) => transitionModelVersion(tx, 'wine', number, to))
    await move(1, { stage: 'Staging' })
    await move(2, { stage: 'Staging' })
    await move(5, { stage: 'Production' })
    await move(6, { stage: 'Staging' })
    await write((tx) => deleteModelVersion(tx, 'wine', 6))
    parts.clock.now += 5
    await move(3, { stage: 'Staging', archiveExisting: true })
    const stages = async () =>
      Promise.all([1, 2, 3, 4, 5].map(async (number) => (await read((r) => getModelVersion(r, 'wine', number))).stage))
    expect(await stages()).toEqual(['Archived', 'Archived', 'Staging', 'None', 'Production'])
    expect((await get('wine')).lastUpdateTime).toBe(parts.clock.now)
    // Itself it does not archive.
    expect((await move(3, { stage: 'Staging', archiveExisting: true })).stage).toBe('Staging')
    await expect(move(3, { stage: 'None', archiveExisting: true })).rejects.toEqual(
      says(
        IPV,
        "Model version transition cannot archive existing model versions because 'None' is not an Active stage. " +
          "Valid stages are ['Staging', 'Production']"
      )
    )
    await expect(move(9, { stage: 'Staging', archiveExisting: true })).rejects.toEqual(code(RDNE))
    expect(await stages()).toEqual(['Archived', 'Archived', 'Staging', 'None', 'Production'])
    await expect(read((r) => getModelVersion(r, 'wine', 6))).rejects.toEqual(code(RDNE))
  })

  test('[MR11] the latest version of each stage; aliases only when they are asked for by themselves', async () => {
    await model('wine')
    for (let count = 0; count < 5; count++) await version('wine')
    await write((tx) => transitionModelVersion(tx, 'wine', 2, { stage: 'Production' }))
    await write((tx) => transitionModelVersion(tx, 'wine', 3, { stage: 'Production' }))
    await write((tx) => setModelAlias(tx, 'wine', 'champ', 3))
    await write((tx) => deleteModelVersion(tx, 'wine', 5))
    const brief = (versions: readonly { version: number; aliases: readonly string[] }[]) =>
      versions.map(({ version, aliases }) => [version, aliases])
    expect(brief((await get('wine')).latestVersions)).toEqual([
      [4, []],
      [3, []]
    ])
    expect(brief(await read((r) => getLatestVersions(r, 'wine')))).toEqual([
      [4, []],
      [3, ['champ']]
    ])
    expect(brief(await read((r) => getLatestVersions(r, 'wine', ['Production', 'Staging'])))).toEqual([[3, ['champ']]])
    await expect(read((r) => getLatestVersions(r, 'none'))).rejects.toEqual(code(RDNE))
  })

  test('[MR12] a source of a logged model leads to its files, brings its run, and is noted on it', async () => {
    await model('wine')
    const logged = await write((tx) =>
      createLoggedModel(tx, { experimentId: DEFAULT_EXPERIMENT_ID, name: 'm', sourceRunId: 'run1' })
    )
    const { modelId } = logged
    const source = `models:/${modelId}`
    const made = await version('wine', { source, modelId })
    expect([made.source, made.runId]).toEqual([source, 'run1'])
    expect(await read((r) => getModelVersionDownloadUri(r, 'wine', 1))).toBe(logged.artifactUri)
    expect((await version('wine', { source: `${logged.artifactUri}/sub`, modelId, runId: 'run2' })).runId).toBe('run2')
    const noted = async () => (await read((r) => getLoggedModel(r, modelId))).tags
    const key = 'mlflow.modelVersions'
    expect(await noted()).toEqual([{ key, value: '[{"name": "wine", "version": 1}, {"name": "wine", "version": 2}]' }])

    const before = await dumpStore(parts.store)
    await expect(version('wine', { source })).rejects.toEqual(code(IPV))
    await expect(version('wine', { source, modelId: 'm-other' })).rejects.toEqual(code(IPV))
    await expect(version('wine', { source: logged.artifactUri })).rejects.toEqual(code(IPV))
    await expect(version('wine', { source: 'models:/m-0', modelId: 'm-0' })).rejects.toEqual(
      says(RDNE, "Logged model with ID 'm-0' not found.")
    )
    await expect(version('wine', { modelId: '../x' })).rejects.toEqual(code(RDNE))
    await expect(version('none', { source, modelId })).rejects.toEqual(code(RDNE))
    expect(await dumpStore(parts.store)).toEqual(before)

    await write((tx) => setLoggedModelTags(tx, modelId, [{ key, value: 'not a list' }]))
    await version('wine', { source, modelId })
    expect(await noted()).toEqual([{ key, value: '[{"name": "wine", "version": 3}]' }])
    await write((tx) => deleteRegisteredModel(tx, 'wine'))
    await model('wine')
    for (let count = 0; count < 3; count++) await version('wine', { source, modelId })
    expect((await noted())[0]!.value.match(/"version": 3/g)).toHaveLength(1)
    await write((tx) => deleteLoggedModel(tx, modelId))
    await expect(version('wine', { source, modelId })).rejects.toEqual(code(RDNE))
  })

  test('[MR13] a source of another version leads to its files and brings its run', async () => {
    await model('wine')
    await version('wine', { source: 's3://bucket/a', runId: 'run1' })
    await version('wine', { source: 's3://bucket/b', runId: 'run2' })
    await write((tx) => setModelAlias(tx, 'wine', 'champ', 1))
    await write((tx) => transitionModelVersion(tx, 'wine', 1, { stage: 'Production' }))
    await model('copy')
    const sources = ['models:/wine/1', 'models:/wine/01', 'models:/wine@champ', 'models:/wine/production']
    for (const source of sources) {
      const made = await version('copy', { source })
      expect([made.source, made.runId]).toEqual(['models:/wine/1', 'run1'])
      expect(await read((r) => getModelVersionDownloadUri(r, 'copy', made.version))).toBe('s3://bucket/a')
    }
    expect((await version('copy', { source: 'models:/wine/latest' })).source).toBe('models:/wine/2')
    expect((await version('copy', { source: 'models:/wine/1', runId: 'run1' })).runId).toBe('run1')
    // A copy of a copy leads to the files all the same.
    const again = await version('copy', { source: 'models:/copy/1' })
    expect(await read((r) => getModelVersionDownloadUri(r, 'copy', again.version))).toBe('s3://bucket/a')

    const before = await dumpStore(parts.store)
    for (const [more, failure] of [
      [{ source: 'models:/wine/1', runId: 'run2' }, IPV],
      [{ source: 'models:/wine/1', runId: '' }, IPV],
      [{ source: 'models:/wine/1', modelId: 'm-1' }, IPV],
      [{ source: 'models:/wine/9' }, RDNE],
      [{ source: 'models:/none/1' }, RDNE],
      [{ source: 'models:/wine@none' }, IPV],
      [{ source: 'models:/wine/Staging' }, RDNE],
      [{ source: 'models:/wine/Foo' }, IPV],
      [{ source: 'models://elsewhere/wine/1' }, IPV],
      [{ source: 'models:/a/b/c' }, IPV]
    ] as const)
      await expect(version('copy', more)).rejects.toEqual(code(failure))
    expect(await dumpStore(parts.store)).toEqual(before)
  })

  test('[MR14] files of a run are a source only with that run', async () => {
    await model('wine')
    const [proxied, other] = await write(async (tx) => [
      await createRun(tx, { experimentId: DEFAULT_EXPERIMENT_ID }),
      await createRun(tx, { experimentId: DEFAULT_EXPERIMENT_ID })
    ])
    const onDisk = await write(async (tx) =>
      createRun(tx, { experimentId: await createExperiment(tx, { name: 'disk', artifactLocation: 'file:///runs' }) })
    )
    expect(await version('wine', { source: `${proxied.artifactUri}/model`, runId: proxied.runId })).toMatchObject({
      runId: proxied.runId,
      source: `${proxied.artifactUri}/model`
    })
    expect(
      (await version('wine', { source: `file:///runs/${onDisk.runId}/artifacts`, runId: onDisk.runId })).version
    ).toBe(2)
    for (const [source, runId] of [
      [`${proxied.artifactUri}/model`, undefined],
      [`${proxied.artifactUri}/model`, other.runId],
      [`${proxied.artifactUri}/model`, 'none'],
      [`${proxied.artifactUri}/model`, 'no/id'],
      [`/runs/${onDisk.runId}/artifacts`, proxied.runId],
      [`file:///runs/${onDisk.runId}/artifacts/../../x`, onDisk.runId],
      ['file:///etc', onDisk.runId],
      ['/etc', undefined],
      ['http://host/x', undefined]
    ] as const)
      await expect(version('wine', { source, runId })).rejects.toEqual(code(IPV))
    // Where files lie elsewhere, nobody asks whether there is such a run.
    expect((await version('wine', { runId: 'never seen' })).version).toBe(3)
  })

  test('[MR15] a version of a prompt has one of two sources and no other', async () => {
    await model('hello', [PROMPT])
    const made = await version('hello', { source: 'prompt-template', tags: [PROMPT] })
    expect(made.source).toBe('prompt-template')
    await expect(version('hello', { source: 's3://b/x', tags: [PROMPT] })).rejects.toEqual(
      says(IPV, "Invalid prompt source: 's3://b/x'. Prompt sources must use an MLflow placeholder.")
    )
    await model('wine')
    await expect(version('wine', { source: 'prompt-template' })).rejects.toEqual(code(IPV))
    await expect(version('wine', { source: 'models:/hello/1' })).rejects.toEqual(
      says(
        IPV,
        "Invalid model version source: 'models:/hello/1'. Prompt versions cannot be used as model version sources."
      )
    )
  })

  test('[MR16] every change is announced once, as of the registry', async () => {
    const changes: Change[] = []
    parts.store.changes.subscribe((change) => changes.push(change))
    await model('wine')
    await version('wine')
    await write((tx) => setRegisteredModelTag(tx, 'wine', { key: 'k', value: 'v' }))
    await write((tx) => setModelVersionTag(tx, 'wine', 1, { key: 'k', value: 'v' }))
    await write((tx) => setModelAlias(tx, 'wine', 'a', 1))
    await write((tx) => transitionModelVersion(tx, 'wine', 1, { stage: 'Staging' }))
    await write((tx) => updateModelVersion(tx, 'wine', 1, 'x'))
    await write((tx) => updateRegisteredModel(tx, 'wine', 'x'))
    await write((tx) => renameRegisteredModel(tx, 'wine', 'grape'))
    await write((tx) => deleteModelAlias(tx, 'grape', 'a'))
    await write((tx) => deleteModelVersionTag(tx, 'grape', 1, 'k'))
    await write((tx) => deleteRegisteredModelTag(tx, 'grape', 'k'))
    await write((tx) => deleteModelVersion(tx, 'grape', 1))
    await write((tx) => deleteRegisteredModel(tx, 'grape'))
    expect(changes.map(({ kinds }) => [...kinds])).toEqual(Array.from({ length: 14 }, () => ['registered-model']))
  })

  test('[MR17] what deletes goes through on a full disk', async () => {
    await model('wine')
    await version('wine')
    parts.journal.sparesDeletions = true
    parts.journal.failWith(new RunnelError('RESOURCE_EXHAUSTED', 'full'))
    await expect(version('wine')).rejects.toEqual(code('RESOURCE_EXHAUSTED'))
    await write((tx) => deleteModelVersion(tx, 'wine', 1))
    await write((tx) => deleteRegisteredModel(tx, 'wine'))
    await expect(get('wine')).rejects.toEqual(code(RDNE))
  })

  test('[MR18] an unknown model id is nobody’s, whatever it looks like', async () => {
    await model('wine')
    const modelId = 'm-unknown' as ModelId
    await expect(
      version('wine', { source: 'mlflow-artifacts:/0/models/m-unknown/artifacts', modelId })
    ).rejects.toEqual(code(IPV))
  })

  test('[MR19] a model is read by its own versions alone, however many others there are', async () => {
    await model('wine')
    await version('wine')
    const asked = vi.spyOn(parts.engine, 'all')
    await get('wine')
    const joins = asked.mock.calls.filter(([sql]) => sql.includes('join'))
    expect(joins).toHaveLength(1)
    const [sql, params] = joins[0]!
    const plan = parts.engine.all(`explain query plan ${sql}`, params).map((row) => String(row['detail']))
    expect(plan.filter((step) => step.startsWith('SEARCH model_versions'))).toEqual([
      'SEARCH model_versions USING PRIMARY KEY (workspace=? AND name=?)',
      'SEARCH model_versions USING PRIMARY KEY (workspace=? AND name=? AND version=?)'
    ])
  })
})
