/** Images of every schema that ever shipped open, whole; images of schemas to come are refused and left alone. */
import { mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import initSqlJs from 'sql.js'
import { afterAll, describe, expect, test } from 'vitest'
import type { RunId } from '#lib/domain/ids.ts'
import { inOrder } from '#lib/domain/series-order.ts'
import { pointsOf, seriesOf } from '#lib/domain/series.ts'
import { findExperimentByName } from '#lib/store/experiments.ts'
import type { SqlEngine } from '#lib/store/engine.ts'
import { hasGrant } from '#lib/store/grants.ts'
import { experimentKeys } from '#lib/store/keys.ts'
import { getLoggedModel } from '#lib/store/logged-models.ts'
import { findMetric, logSeries } from '#lib/store/metrics.ts'
import { REGISTRY } from '#lib/domain/sync/subject.ts'
import { SCHEMA_VERSION } from '#lib/store/migrations.ts'
import { getModelVersionByAlias } from '#lib/store/model-aliases.ts'
import { createRun, getRun, getRunInfo } from '#lib/store/runs.ts'
import { sessionMark } from '#lib/store/sessions.ts'
import { commentsOf } from '#lib/store/comments.ts'
import { conflictsOf } from '#lib/store/sync/conflicts.ts'
import { searchModelVersions } from '#lib/store/search/model-versions.ts'
import { recordsOfRoom } from '#lib/store/sync/publication.ts'
import { listRooms } from '#lib/store/sync/rooms.ts'
import { readSetting } from '#lib/store/settings.ts'
import { Store } from '#lib/store/store.ts'
import { listViews } from '#lib/store/views.ts'
import { NodeSqliteEngine } from '../../sync-server/store/node-sqlite-engine.ts'
import { SqlJsEngine } from '../../src/workers/sqljs-engine.ts'
import { ENGINES, MemoryBlobs, MemoryJournal, openTestStore, type EngineName } from '../support/engines.ts'
import { historyOf } from '../support/history-of.ts'

const SQL = await initSqlJs()
const folder = fileURLToPath(new URL('../fixtures/', import.meta.url))
const shipped = readdirSync(folder)
  .map((file) => /^schema-(\d+)\.db$/.exec(file)?.[1])
  .filter((version) => version !== undefined)
  .map(Number)
const scratch = mkdtempSync(join(tmpdir(), 'runnel-migrations-'))
afterAll(() => rmSync(scratch, { recursive: true }))

let copies = 0
function engineOf(name: EngineName, image: Uint8Array): SqlEngine {
  if (name === 'sql.js') return new SqlJsEngine(SQL, image)
  const copy = join(scratch, `${++copies}.db`)
  writeFileSync(copy, image)
  return new NodeSqliteEngine(copy)
}

const openStore = (engine: SqlEngine) =>
  Store.open({ engine, journal: new MemoryJournal(() => engine), blobs: new MemoryBlobs(() => 0), clock: () => 5 })

const tables = (engine: SqlEngine) =>
  engine.all(`select type, name, sql from sqlite_master where name not like 'sqlite_%' order by name`, [])

test('[MG1] every schema up to this one has an image', () => {
  expect(shipped.toSorted((a, b) => a - b)).toEqual(Array.from({ length: SCHEMA_VERSION }, (_, i) => i + 1))
})

describe.each(ENGINES)('images on %s', (name) => {
  test.each(shipped)(
    '[MG2] schema %i opens with everything in it, and is the same schema as a new store',
    async (version) => {
      const engine = engineOf(name, readFileSync(join(folder, `schema-${version}.db`)))
      const store = await openStore(engine)
      const experiment = await store.read((r) => findExperimentByName(r, 'fixture'))
      expect(experiment).toMatchObject({ lifecycleStage: 'active', tags: [{ key: 'team', value: 'cellar' }] })
      const run = await store.read((r) => getRun(r, 'a'.repeat(32) as RunId))
      expect(run.info).toMatchObject({ name: 'kept', number: 1, startTime: 1_700_000_000_000 })
      expect(run.data.params).toEqual([{ key: 'alpha', value: '0.2' }])
      expect(run.data.tags).toContainEqual({ key: 'colour', value: 'red' })
      expect(run.data.metrics.find(({ key }) => key === 'loss')).toMatchObject({
        last: { step: 2, value: Infinity },
        min: 1.5,
        max: Infinity,
        count: 3
      })
      expect(run.datasets[0]?.dataset.name).toBe('wine')
      const points = await historyOf(store, run.info.runId, 'loss')
      expect(points.map(({ value }) => value)).toEqual([1.5, NaN, Infinity])
      expect((await store.read((r) => getRunInfo(r, 'd'.repeat(32) as RunId))).lifecycleStage).toBe('deleted')
      expect(await store.read((r) => sessionMark(r, 'session-1'))).toBe(42)
      expect(await store.read((r) => hasGrant(r, 'http://127.0.0.1:8888'))).toBe(true)
      expect(await store.read((r) => readSetting(r, 'durability'))).toBe('strict')
      expect((await store.read((r) => experimentKeys(r, experiment!.experimentId))).metrics).toContain('loss')
      const next = await store.write((tx) => createRun(tx, { experimentId: experiment!.experimentId }))
      expect(next.number).toBe(3)

      const fresh = await openTestStore(name)
      expect(tables(engine)).toEqual(tables(fresh.engine))
    }
  )

  test('[MG4] schema 2 brought models, versions and the sign of zero', async () => {
    const store = await openStore(engineOf(name, readFileSync(join(folder, 'schema-2.db'))))
    const run = await store.read((r) => getRun(r, 'a'.repeat(32) as RunId))
    const [output] = run.modelOutputs
    const model = await store.read((r) => getLoggedModel(r, output!.modelId))
    expect(model).toMatchObject({ name: 'forest', params: [{ key: 'depth', value: '4' }] })
    expect(model.metrics).toMatchObject([{ key: 'accuracy', value: 0.75 }])
    const points = await historyOf(store, run.info.runId, 'drift')
    expect(points.map(({ value }) => value)).toEqual([-0])
    const champion = await store.read((r) => getModelVersionByAlias(r, 'Forest', 'champion'))
    expect(champion).toMatchObject({ version: 1, source: 's3://models/forest' })
  })

  test('[MG5] schema 3 brought saved views', async () => {
    const store = await openStore(engineOf(name, readFileSync(join(folder, 'schema-3.db'))))
    const experiment = await store.read((r) => findExperimentByName(r, 'fixture'))
    const views = await store.read((r) => listViews(r, experiment!.experimentId, 'runs'))
    expect(views).toMatchObject([{ name: 'best first', state: '{"order":"metrics.loss ASC"}' }])
  })

  test('[MG7] schema 5 brought what is shared: facts of two stores, what they do not agree on, and a comment', async () => {
    const store = await openStore(engineOf(name, readFileSync(join(folder, 'schema-5.db'))))
    const id = 'c'.repeat(32) as RunId
    const [room] = await store.read(listRooms)
    expect(room).toMatchObject({ role: 'owner', host: 'http://127.0.0.1:5000', isWhole: true })
    expect((await store.read((r) => getRun(r, id))).data.params).toHaveLength(1)
    const [conflict] = await store.read((r) => conflictsOf(r, id))
    expect([conflict?.used, conflict?.others[0]?.value].sort()).toEqual(['0.1', '0.2'])
    expect(await store.read((r) => commentsOf(r, id))).toMatchObject([{ author: 'Kim', text: 'why so fast?' }])
    // What was said under the name of an earlier opening is there to be told.
    const records = await recordsOfRoom(store, room!.sharedId)
    expect(new Set(records.filter(({ subject }) => subject === `r${id}`).map(({ writer }) => writer)).size).toBe(2)
  })

  test('[MG8] schema 6 brought a registry that is shared: versions with ids, and numbers a host gave', async () => {
    const store = await openStore(engineOf(name, readFileSync(join(folder, 'schema-6.db'))))
    const search = { filter: null, orderBy: [], limit: 10, offset: 0 }
    const versions = await store.read((r) => searchModelVersions(r, search))
    const seen = versions.map(({ version, source, isProvisional }) => `${version}${isProvisional ? '?' : ''} ${source}`)
    expect(seen.sort()).toEqual([
      '1 s3://host/forest',
      '2 s3://models/second',
      '3 s3://models/forest',
      '4? s3://models/third'
    ])
    const champion = await store.read((r) => getModelVersionByAlias(r, 'Forest', 'champion'))
    expect(champion.source).toBe('s3://models/forest')
    expect(await recordsOfRoom(store, REGISTRY)).not.toEqual([])
  })

  test('[MG9] versions of older schemas get the same ids in every copy', async () => {
    const ids = async () => {
      const engine = engineOf(name, readFileSync(join(folder, 'schema-5.db')))
      await openStore(engine)
      return engine.all('select runnel_id from model_versions', []).map((row) => row['runnel_id'])
    }
    const first = await ids()
    expect(first).toEqual([expect.stringMatching(/^[0-7][0-9A-HJKMNP-TV-Z]{25}$/)])
    expect(await ids()).toEqual(first)
  })

  test('[MG6] points of many pages, in no order of time, with values SQL has no word for, come to chunks whole', async () => {
    const engine = engineOf(name, readFileSync(join(folder, 'schema-3.db')))
    const run = 'a'.repeat(32) as RunId
    const odd = [0, NaN, -0, Infinity, -Infinity]
    const points = Array.from({ length: 20_000 }, (_, i) => ({
      step: Math.floor(i / 5) - 50,
      timestamp: 1_700_000_000_000 - Math.floor(i / 10),
      value: i % 1000 < 10 ? odd[i % 5]! : i
    }))
    engine.run('begin', [])
    for (const { step, timestamp, value } of points) {
      const kind = Number.isNaN(value) ? 1 : Object.is(value, -0) ? 2 : 0
      const row = [run, 'odd\n', step, timestamp, kind === 0 ? value : 0, kind]
      engine.run('insert into metrics (run_uuid, key, step, timestamp, value, is_nan) values (?, ?, ?, ?, ?, ?)', row)
    }
    engine.run(
      `insert into latest_metrics (run_uuid, key, value, timestamp, step, is_nan, min_value, max_value, point_count)
       values (?, ?, ?, ?, ?, 0, ?, ?, ?)`,
      [run, 'odd\n', 19_999, points.at(-1)!.timestamp, points.at(-1)!.step, -Infinity, Infinity, points.length]
    )
    engine.run('commit', [])
    const store = await openStore(engine)
    expect(await historyOf(store, run, 'odd\n')).toEqual(pointsOf(inOrder(seriesOf(points))))
    const info = await store.read((r) => getRunInfo(r, run))
    await store.write((tx) => logSeries(tx, info, new Map([['odd\n', seriesOf(points.slice(3, 9000))]])))
    expect((await store.read((r) => findMetric(r, run, 'odd\n')))?.count).toBe(points.length)
  })

  test('[MG3] an image of a newer schema is refused with what to do, and not written to', async () => {
    const engine = engineOf(name, readFileSync(join(folder, `schema-${SCHEMA_VERSION}.db`)))
    engine.run('update runnel_schema set version = ?', [SCHEMA_VERSION + 1])
    const before = engine.all('select * from runs', [])
    await expect(openStore(engine)).rejects.toMatchObject({
      code: 'INVALID_STATE',
      message: expect.stringContaining('newer Runnel') as string
    })
    expect(engine.all('select * from runs', [])).toEqual(before)
  })
})
