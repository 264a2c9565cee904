/** The durable store of a Node host: one process per file, and nothing lost that was promised. Ids: NS. */
import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { link, mkdir, mkdtemp, readFile, readdir, rename, rm, stat, symlink, writeFile } from 'node:fs/promises'
import { DatabaseSync } from 'node:sqlite'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { afterEach, beforeEach, expect, test } from 'vitest'
import type { RunnelError } from '#lib/domain/errors.ts'
import { DEFAULT_EXPERIMENT_ID } from '#lib/domain/ids.ts'
import type { SaveState } from '#lib/store/journal.ts'
import { logSeries } from '#lib/store/metrics.ts'
import { SCHEMA_VERSION } from '#lib/store/migrations.ts'
import { createRun, getRun } from '#lib/store/runs.ts'
import type { Store } from '#lib/store/store.ts'
import { openNodeStore, type NodeStore } from '../../sync-server/store/open-store.ts'
import { MemoryBlobs, dumpStore } from '../support/engines.ts'

const program = fileURLToPath(new URL('./store-child.ts', import.meta.url))
const KILLS = 20
/** A child lives this long once it is open, ms: each a little longer, so that the kill falls everywhere. */
const lifetimeMs = (round: number): number => 5 + 9 * round

let folder: string
let file: string
const opened: NodeStore[] = []
const children: ChildProcess[] = []

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'runnel-node-store-'))
  file = join(folder, 'runnel.db')
})

afterEach(async () => {
  for (const child of children.splice(0)) child.kill('SIGKILL')
  for (const store of opened.splice(0)) await store.close()
  await rm(folder, { recursive: true, force: true })
})

async function open(databaseFile = file, onFailure: (error: RunnelError) => void = rethrow): Promise<NodeStore> {
  const store = await openNodeStore({ databaseFile, blobs: new MemoryBlobs(Date.now), onFailure })
  opened.push(store)
  return store
}

const rethrow = (error: RunnelError): never => {
  throw error
}

const refusal = async (databaseFile = file): Promise<RunnelError> =>
  open(databaseFile).then(
    () => expect.fail('it was opened'),
    (error: unknown) => error as RunnelError
  )

const newRun = (store: Store, name = 'kept') =>
  store.write((tx) => createRun(tx, { experimentId: DEFAULT_EXPERIMENT_ID, name }))

const countUp = (length: number) => Float64Array.from({ length }, (_, i) => i)

const logPoints = (store: Store, run: Awaited<ReturnType<typeof newRun>>, key: string, count: number) => {
  const steps = countUp(count)
  return store.write((tx) =>
    logSeries(tx, run, new Map([[key, { steps, timestamps: steps, values: steps.map(Math.sin) }]]))
  )
}

interface Child {
  readonly process: ChildProcess
  /** What it printed, line by line. */
  readonly lines: string[]
}

async function startChild(...args: readonly string[]): Promise<Child> {
  const child = spawn(process.execPath, [program, file, ...args], { stdio: ['ignore', 'pipe', 'inherit'] })
  children.push(child)
  const lines: string[] = []
  const reader = createInterface({ input: child.stdout })
  reader.on('line', (line) => lines.push(line))
  await once(reader, 'line')
  expect(lines[0]).toBe('open')
  return { process: child, lines }
}

/** Resolves when the process is gone and all it printed is read. */
async function kill({ process: child }: Child): Promise<void> {
  const closed = once(child, 'close')
  child.kill('SIGKILL')
  await closed
}

test('[NS1] a store that is opened again holds everything', async () => {
  const first = await open()
  const run = await newRun(first.store)
  await logPoints(first.store, run, 'loss', 1000)
  const before = await dumpStore(first.store)
  await first.close()
  const second = await open()
  expect(await dumpStore(second.store)).toEqual(before)
  expect((await second.store.read((r) => getRun(r, run.runId))).data.metrics[0]?.count).toBe(1000)
})

test('[NS2] a closed store is one plain file, and answers that it is stopping', async () => {
  const { store, close } = await open()
  await newRun(store)
  await Promise.all([close(), close()])
  expect((await readdir(folder)).sort()).toEqual(['runnel.db', 'runnel.db.lock'])
  const stranger = new DatabaseSync(file, { readOnly: true })
  expect(stranger.prepare('pragma integrity_check').get()).toEqual({ integrity_check: 'ok' })
  expect(stranger.prepare('select name from runs').all()).toMatchObject([{ name: 'kept' }])
  stranger.close()
  await expect(newRun(store)).rejects.toMatchObject({ code: 'TEMPORARILY_UNAVAILABLE', message: /stopping/ })
})

test('[NS3] close waits for what is on its way', async () => {
  const { store, close } = await open()
  const writes = Array.from({ length: 20 }, (_, i) => newRun(store, `run ${i}`))
  await close()
  const done = await Promise.allSettled(writes)
  const names = done.flatMap((one) => (one.status === 'fulfilled' ? [one.value.name] : []))
  expect(names.length).toBeGreaterThan(0)
  const again = await open()
  const kept = await again.store.read((r) => r.db.selectFrom('runs').select('name').orderBy('runnel_number').execute())
  expect(kept.map(({ name }) => name)).toEqual(names)
})

test('[NS4] a second process is refused by name and address, and let in after the first was killed', async () => {
  const child = await startChild('hold')
  const error = await refusal()
  expect(error.code).toBe('INVALID_STATE')
  expect(error.message).toContain(
    `Another Runnel (process ${child.process.pid}, http://127.0.0.1:5000) has ${file} open`
  )
  await kill(child)
  const { store } = await open()
  await newRun(store)
})

test('[NS5] one file is one store, by whatever path', async () => {
  await mkdir(join(folder, 'data'))
  const real = join(folder, 'data', 'real.db')
  await symlink(real, file)
  await symlink(join(folder, 'data'), join(folder, 'alias'))
  const { store } = await open(file)
  await newRun(store)
  for (const path of [file, real, join(folder, 'alias', 'real.db'), join(folder, 'data', '..', 'data', 'real.db')])
    expect((await refusal(path)).message).toContain(`Another Runnel (process ${process.pid}) has ${real} open`)
  // Another file in the same folder is another store.
  await open(join(folder, 'data', 'other.db'))
  await opened.shift()!.close()
  await link(real, join(folder, 'second-name.db'))
  expect((await refusal(real)).message).toMatch(/second name \(a hard link\)/)
})

test('[NS6] SIGKILL while it logs: what was promised is there, whole and once', { timeout: 120_000 }, async () => {
  const promised: string[] = []
  for (let round = 0; round < KILLS; round++) {
    const child = await startChild('log', String(round))
    await new Promise((resolve) => setTimeout(resolve, lifetimeMs(round)))
    await kill(child)
    promised.push(...child.lines.slice(1))
  }
  const { store } = await open()
  const rows = await store.read((r) =>
    r.db
      .selectFrom('runs')
      .leftJoin('latest_metrics', 'latest_metrics.run_uuid', 'runs.run_uuid')
      .select(['runs.name', 'latest_metrics.point_count'])
      .execute()
  )
  const names = rows.map(({ name }) => name)
  expect(new Set(names).size).toBe(names.length)
  expect(promised.filter((name) => !names.includes(name))).toEqual([])
  expect(new Set(rows.map((row) => row.point_count))).toEqual(new Set([200]))
  // One run of each line may have been on its way; what was not promised may be there or not.
  expect(names.length - promised.length).toBeLessThanOrEqual(4 * KILLS)
  expect(promised.length).toBeGreaterThan(4 * KILLS)
  expect(await store.exclusive((engine) => engine.all('pragma integrity_check', []))).toEqual([
    { integrity_check: 'ok' }
  ])
})

test(
  '[NS7] the log stays small while much is logged, and another program may read meanwhile',
  { timeout: 180_000 },
  async () => {
    const { store, close } = await open()
    const run = await newRun(store)
    let largest = 0
    for (let i = 0; i < 700; i++) {
      await logPoints(store, run, `metric ${i}`, 10_000)
      largest = Math.max(largest, (await stat(`${file}-wal`)).size)
    }
    const reader = new DatabaseSync(file, { readOnly: true })
    expect(reader.prepare('select sum(point_count) as n from runnel_chunks').get()).toEqual({ n: 7_000_000 })
    reader.close()
    const written = store.size()
    // How small it is in the end depends on what was sealed with what, and so on who else uses the machine.
    expect(written).toBeGreaterThan(25_000_000)
    expect(largest).toBeLessThan(24_000_000)
    await close()
    expect((await stat(file)).size).toBe(written)
  }
)

test('[NS8] a full database refuses with what to do, keeps nothing of what it refused, and goes on once there is room', async () => {
  const { store } = await open()
  const run = await newRun(store)
  const pages = (count: number) => store.exclusive((engine) => void engine.all(`pragma max_page_count = ${count}`, []))
  await pages(1)
  const before = await dumpStore(store)
  const [big, inParts] = await Promise.allSettled([
    logPoints(store, run, 'loss', 50_000),
    store.write(async (tx) => {
      const points = { steps: countUp(50_000), timestamps: countUp(50_000), values: countUp(50_000) }
      const part = () => logSeries(tx, run, new Map([['a', points]]))
      // The disk ends the whole transaction: what follows a refused part must not be kept alone.
      await tx.attempt(part).catch(() => undefined)
      await createRun(tx, { experimentId: DEFAULT_EXPERIMENT_ID, name: 'after' })
    })
  ])
  for (const refused of [big, inParts])
    expect(refused).toMatchObject({
      status: 'rejected',
      reason: { code: 'RESOURCE_EXHAUSTED', message: /Free disk space/ }
    })
  expect(await dumpStore(store)).toEqual(before)
  await pages(1_000_000)
  await logPoints(store, run, 'loss', 50_000)
  expect((await store.read((r) => getRun(r, run.runId))).data.metrics[0]?.count).toBe(50_000)
})

test('[NS9] files that are moved away while it runs: nothing more is promised, and the host hears of it once', async () => {
  const failures: RunnelError[] = []
  const states: SaveState[] = []
  const node = await open(file, (error) => failures.push(error))
  node.onSaveState = (state) => states.push(state)
  const run = await newRun(node.store)
  await rename(`${file}-wal`, join(folder, 'elsewhere'))
  const lost = await Promise.allSettled([newRun(node.store), newRun(node.store)])
  for (const one of lost) expect(one).toMatchObject({ status: 'rejected', reason: { message: /moved or deleted/ } })
  await expect(newRun(node.store)).rejects.toMatchObject({ code: 'TEMPORARILY_UNAVAILABLE' })
  await expect(node.store.read((r) => getRun(r, run.runId))).rejects.toMatchObject({ message: /moved or deleted/ })
  expect(failures).toHaveLength(1)
  expect(states.at(-1)).toBe('failing')
  await node.close()
  const again = await open()
  expect((await again.store.read((r) => getRun(r, run.runId))).info.name).toBe('kept')
})

test('[NS10] what is no store of ours is refused, and left as it is', async () => {
  const refuse = async (write: (path: string) => Promise<void> | void, sentence: RegExp) => {
    const stranger = join(folder, 'stranger.db')
    await write(stranger)
    const bytes = await readFile(stranger)
    const before = await readdir(folder)
    expect((await refusal(stranger)).message).toMatch(sentence)
    expect(await readFile(stranger)).toEqual(bytes)
    expect(await readdir(folder)).toEqual(before)
    await rm(stranger)
  }
  const withTables = (sql: string) => (path: string) => {
    const db = new DatabaseSync(path)
    db.exec(sql)
    db.close()
  }
  await refuse((path) => writeFile(path, 'a diary, not a database'), /is not a SQLite database/)
  await refuse(
    withTables('create table alembic_version (version_num text); create table runs (a)'),
    /database of MLflow/
  )
  await refuse(withTables('create table cats (a)'), /database of another program/)
  await refuse(
    withTables(
      `create table runnel_schema (version integer); insert into runnel_schema values (${SCHEMA_VERSION + 1})`
    ),
    /newer Runnel/
  )
  await refuse(
    (path) => writeFile(path, Buffer.concat([Buffer.from('SQLite format 3\0'), Buffer.alloc(5000, 7)])),
    /cannot be read/
  )
  expect((await refusal(folder)).message).toMatch(/is not a file/)
  await writeFile(join(folder, 'file'), '')
  expect(await refusal(join(folder, 'file', 'runnel.db'))).toMatchObject({
    code: 'PERMISSION_DENIED',
    message: /cannot write/
  })
  // An empty file, as a program makes it that picks a name first, is a new store.
  await writeFile(file, '')
  await newRun((await open()).store)
})
