/** Programs of their own that log what they take: bundled as published, to a host over a socket. */
import { spawn } from 'node:child_process'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, beforeEach, expect, onTestFinished, test } from 'vitest'
import type { RunId } from '#lib/domain/ids.ts'
import { MLFLOW_SYSTEM_METRICS, isSystemMetric } from '#lib/domain/system-metrics.ts'
import { getRun } from '#lib/store/runs.ts'
import type { Store } from '#lib/store/store.ts'
import { bundleSdk } from '../../scripts/build-sdk.mjs'
import { openTestStore } from '../support/engines.ts'
import { historyOf } from '../support/history-of.ts'
import { startSocketHost, type SocketHost } from '../support/socket-host.ts'

let folder: string
let store: Store
let host: SocketHost

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'runnel-system-'))
  await bundleSdk(folder)
})
afterAll(() => rm(folder, { recursive: true, force: true }))

beforeEach(async () => {
  ;({ store } = await openTestStore('node:sqlite'))
  host = await startSocketHost(store)
})
afterEach(() => host.close())

/** Runs a program to its end, which it comes to by itself; what it says last is a run's id. */
async function runProgram(source: string, env: Readonly<Record<string, string>> = {}): Promise<RunId> {
  const beside = JSON.stringify(join(folder, 'runnel.js'))
  const head = `const runnel = await import(${beside}); runnel.connect({ host: '${host.url}' });`
  const child = spawn(process.execPath, ['--input-type=module', '--eval', head + source], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, ...env }
  })
  onTestFinished(() => void child.kill('SIGKILL'))
  let said = ''
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk: Buffer) => (said += chunk.toString()))
  expect(await new Promise((resolve) => child.on('exit', resolve)), said).toBe(0)
  expect(said).toMatch(/^[0-9a-f]{32}\n$/)
  return said.trim() as RunId
}

const metricsOf = async (runId: RunId) => {
  const { data } = await store.read((r) => getRun(r, runId))
  return new Map(data.metrics.map((metric) => [metric.key, metric.last.value]))
}
const stepsOf = async (runId: RunId, key: string) => (await historyOf(store, runId, key)).map(({ step }) => step)

const wait = (ms: number): string => `await new Promise((resolve) => setTimeout(resolve, ${ms}));`
/** Keeps one processor busy. */
const train = (ms: number): string => `{ const end = Date.now() + ${ms}; while (Date.now() < end) Math.sqrt(2) }`

test('[SM30] a program logs what it and its machine take, and ends by itself', { timeout: 30_000 }, async () => {
  const runId = await runProgram(`
    const run = await runnel.startRun({ systemMetrics: { intervalMs: 400 } });
    const [from, began] = [process.cpuUsage(), performance.now()]
    ${train(300)} ${wait(300)} ${train(300)} ${wait(300)}
    const { user, system } = process.cpuUsage(from)
    runnel.logMetric('busy', (user + system) / 10 / (performance.now() - began))
    await runnel.endRun()
    console.log(run.runId)`)
  const metrics = await metricsOf(runId)
  const own = ['process_cpu_utilization_percentage', 'process_memory_usage_megabytes', 'process_heap_usage_megabytes']
  const onLinux = process.platform === 'linux'
  const stock = Object.keys(MLFLOW_SYSTEM_METRICS).filter((name) => onLinux || !name.startsWith('network'))
  for (const name of [...stock, ...own, 'event_loop_delay_milliseconds'])
    expect([...metrics.keys()]).toContain(`system/${name}`)
  expect([...metrics.keys()].filter((key) => /frames|long_task|js_heap|page_memory/.test(key))).toEqual([])
  const value = (name: string): number => metrics.get(`system/${name}`) ?? NaN
  // The last sample is of an instant in which nothing may have happened.
  const machine = await historyOf(store, runId, 'system/cpu_utilization_percentage')
  expect(Math.max(...machine.map((point) => point.value))).toBeGreaterThan(0)
  for (const point of machine) expect(point.value).toBeLessThanOrEqual(100)
  expect(value('system_memory_usage_percentage')).toBeGreaterThan(0)
  expect(value('system_memory_usage_percentage')).toBeLessThan(100)
  expect(value('disk_available_megabytes')).toBeGreaterThan(1)
  // Node takes more than 20 MB, and its heap is a part of that.
  expect(value('process_memory_usage_megabytes')).toBeGreaterThan(20)
  expect(value('process_heap_usage_megabytes')).toBeLessThan(value('process_memory_usage_megabytes'))
  const busy = await historyOf(store, runId, 'system/process_cpu_utilization_percentage')
  // How much it got of a machine that others use, too, it says itself; some sample is of no less than all of them together.
  expect(metrics.get('busy')).toBeGreaterThan(0)
  expect(Math.max(...busy.map((point) => point.value))).toBeGreaterThan(0.8 * metrics.get('busy')!)
  const late = await historyOf(store, runId, 'system/event_loop_delay_milliseconds')
  expect(Math.max(...late.map((point) => point.value))).toBeGreaterThan(100)
  const steps = await stepsOf(runId, 'system/process_memory_usage_megabytes')
  expect(steps.length).toBeGreaterThanOrEqual(3)
  expect(steps).toEqual(steps.map((_, index) => index))
})

test(
  '[SM31] asked for by the environment as MLflow’s clients are, and refused by a run',
  { timeout: 30_000 },
  async () => {
    const env = { MLFLOW_ENABLE_SYSTEM_METRICS_LOGGING: 'true', MLFLOW_SYSTEM_METRICS_SAMPLING_INTERVAL: '0.2' }
    const program = (options: string): string => `
    const run = await runnel.startRun(${options}); ${wait(700)}
    await run.end(); console.log(run.runId)`
    const steps = await stepsOf(await runProgram(program(''), env), 'system/process_memory_usage_megabytes')
    expect(steps.length).toBeGreaterThanOrEqual(3)
    const refused = await metricsOf(await runProgram(program('{ systemMetrics: false }'), env))
    expect([...refused.keys()].filter(isSystemMetric)).toEqual([])
    expect([...(await metricsOf(await runProgram(program('')))).keys()]).toEqual([])
  }
)

test(
  '[SM32] a run shorter than the interval has its one point; a resumed run goes on',
  { timeout: 30_000 },
  async () => {
    const program = (options: string): string => `
    runnel.enableSystemMetrics({ samplesBeforeLogging: 5 })
    const run = await runnel.startRun(${options}); ${wait(400)}
    void run.end(); console.log(run.runId)`
    const runId = await runProgram(program(''))
    const key = 'system/process_memory_usage_megabytes'
    expect(await stepsOf(runId, key)).toEqual([0])
    await runProgram(program(`{ runId: '${runId}' }`))
    expect(await stepsOf(runId, key)).toEqual([0, 1])
  }
)

test('[SM33] a program that leaves its run open ends all the same', { timeout: 30_000 }, async () => {
  const runId = await runProgram(`
    runnel.enableSystemMetrics({ intervalMs: 100 })
    const run = await runnel.startRun()
    runnel.logMetric('loss', 1)
    console.log(run.runId)`)
  expect([...(await metricsOf(runId)).keys()]).toContain('loss')
})

test(
  '[SM34] a session that is replayed logs its points once, whatever was sampled meanwhile',
  { timeout: 30_000 },
  async () => {
    const program = (steps: number): string => `
    const run = await runnel.startRun({ session: 'cell', systemMetrics: { intervalMs: 100 } })
    for (let step = 0; step < ${steps}; step++) { runnel.logMetric('loss', step, { step, timestamp: step }); ${wait(20)} }
    ${steps < 30 ? 'await runnel.flush(); console.log(run.runId); process.exit(0)' : 'await run.end(); console.log(run.runId)'}`
    const runId = await runProgram(program(20))
    expect(await runProgram(program(40))).toBe(runId)
    expect(await stepsOf(runId, 'loss')).toEqual(Array.from({ length: 40 }, (_, step) => step))
    const steps = await stepsOf(runId, 'system/process_memory_usage_megabytes')
    expect(steps).toEqual(steps.map((_, index) => index))
    expect(steps.length).toBeGreaterThan(4)
  }
)

test(
  '[SM35] loaded as text the part comes from the host; without it the run goes on, with a warning',
  { timeout: 30_000 },
  async () => {
    const files = Object.fromEntries(
      await Promise.all(
        ['runnel', 'runnel-host', 'runnel-system'].map(
          async (name) => [`/${name}.js`, await readFile(join(folder, `${name}.js`), 'utf8')] as const
        )
      )
    )
    const program = `
    const text = await (await fetch('${'$'}{url}/runnel.js')).text()
    const loaded = await import('data:text/javascript,' + encodeURIComponent(text))
    const warnings = []
    console.warn = (text) => warnings.push(text)
    void loaded.connect({ host: '${'$'}{url}' })
    const run = await loaded.startRun({ systemMetrics: true }); ${wait(400)}
    await loaded.logParam('warnings', warnings.join())
    await run.end(); console.log(run.runId)`
    const { port } = host
    await host.close()
    host = await startSocketHost(store, { port, files })
    const runId = await runProgram(program.replaceAll('${url}', host.url))
    expect(await stepsOf(runId, 'system/process_memory_usage_megabytes')).toEqual([0])
    await host.close()
    const { ['/runnel-system.js']: _, ...without } = files
    host = await startSocketHost(store, { port, files: without })
    const bare = await runProgram(program.replaceAll('${url}', host.url))
    expect([...(await metricsOf(bare)).keys()]).toEqual([])
    const { data } = await store.read((r) => getRun(r, bare))
    expect(data.params).toMatchObject([
      { key: 'warnings', value: expect.stringMatching(/^runnel: System metrics are not/) as string }
    ])
  }
)
