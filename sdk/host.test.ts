import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, onTestFinished, test, vi } from 'vitest'
import { WebSocketServer } from 'ws'
import { DEFAULT_EXPERIMENT_ID, type RunId } from '#lib/domain/ids.ts'
import { BRIDGE } from '#lib/domain/limits.ts'
import { PROTOCOL } from '#lib/socket/agreement.ts'
import { encodeFrame } from '#lib/socket/frame.ts'
import { runIds } from '#lib/store/search/runs.ts'
import type { Store } from '#lib/store/store.ts'
import { bundleSdk } from '../scripts/build-sdk.mjs'
import { LocalFolder } from '../sync-server/files/local-artifacts.ts'
import { openTestStore } from '../tests/support/engines.ts'
import { startFullHost } from '../tests/support/full-host.ts'
import { startSocketHost, type SocketHost } from '../tests/support/socket-host.ts'
import * as runnel from './runnel.ts'
import { historyOf } from '../tests/support/history-of.ts'

let store: Store
let host: SocketHost

beforeEach(async () => {
  vi.spyOn(console, 'warn').mockImplementation(() => undefined)
  ;({ store } = await openTestStore('node:sqlite'))
  host = await startSocketHost(store)
})

afterEach(async () => {
  vi.restoreAllMocks()
  await host.close()
})

const pointsOf = async (runId: string) => {
  const history = await historyOf(store, runId as RunId, 'loss')
  return history.map(({ step, value }) => [step, value])
}

/** Of whatever runs there are. */
const allPoints = async () => {
  const ids = await store.read((r) =>
    runIds(r.db, { experimentIds: [DEFAULT_EXPERIMENT_ID], view: 'ALL', filter: null, orderBy: [] })
  )
  return (await Promise.all(ids.map(pointsOf))).flat()
}

describe('runnel.js to a host', () => {
  afterEach(() => runnel.disconnect().catch(() => undefined))

  test('[SD1] logs and reads back what it logged', async () => {
    await runnel.connect({ host: host.url })
    const run = await runnel.startRun({ experiment: 'mnist', runName: 'one' })
    void runnel.logParams({ lr: 0.1 })
    for (let step = 0; step < 2500; step++)
      void runnel.logMetric('loss', step === 7 ? NaN : step, { step, timestamp: step })
    void runnel.logText('hello', 'notes/a.txt')
    await runnel.endRun()
    const record = await runnel.getRun(run.runId)
    expect(record).toMatchObject({ info: { runName: 'one', status: 'FINISHED' }, data: { params: { lr: '0.1' } } })
    const points = await pointsOf(run.runId)
    expect(points).toHaveLength(2500)
    expect(points[7]).toEqual([7, NaN])
    const client = new runnel.RunnelClient()
    const file = await client.downloadArtifact(run.runId, 'notes/a.txt')
    expect([await file.text(), file.type]).toEqual(['hello', 'text/plain;charset=utf-8'])
    await expect(client.downloadArtifact(run.runId, 'none')).rejects.toMatchObject({ code: 'RESOURCE_DOES_NOT_EXIST' })
    await host.close()
    await expect(client.downloadArtifact(run.runId, 'notes/a.txt')).rejects.toMatchObject({
      code: 'TEMPORARILY_UNAVAILABLE',
      message: expect.stringMatching(/does not answer.*Try again\.$/) as string
    })
  })

  test('[SD2] asks for the token, and tells when it is wrong', async () => {
    await host.close()
    host = await startSocketHost(store, { token: 'a b/c+ü' })
    for (const token of [undefined, 'wrong']) {
      const connecting = runnel.connect({ host: host.url, ...(token !== undefined && { token }) })
      await expect(connecting).rejects.toMatchObject({ code: 'UNAUTHENTICATED' })
      expect(runnel.status().state).toBe('denied')
    }
    await runnel.connect({ host: host.url, token: 'a b/c+ü' })
    await runnel.logMetric('loss', 1)
    expect(runnel.status()).toEqual({ state: 'open', pending: 0, message: null })
  })

  test('[SD3] keeps what is logged while the host is away, and says so', async () => {
    const { port, url } = host
    await host.close()
    const connecting = runnel.connect({ host: url })
    const run = runnel.startRun()
    const logged = Array.from({ length: 50 }, (_, step) => runnel.logMetric('loss', step, { step }))
    await vi.waitFor(() =>
      expect(runnel.status()).toMatchObject({
        state: 'connecting',
        pending: 51,
        message: expect.stringContaining('does not answer') as string
      })
    )
    // A program shows no status by itself: it says so once.
    expect(console.warn).toHaveBeenCalledExactlyOnceWith(expect.stringContaining('does not answer'))
    host = await startSocketHost(store, { port })
    await connecting
    const { runId } = await run
    await Promise.all(logged)
    expect(await pointsOf(runId)).toHaveLength(50)
    // And again, once it was open.
    await host.close()
    await vi.waitFor(() => expect(runnel.status().state).toBe('lost'))
    const late = runnel.logMetric('loss', 50, { step: 50 })
    host = await startSocketHost(store, { port })
    await late
    expect(await pointsOf(runId)).toHaveLength(51)
  })

  test('[SD11] a file of a run that keeps its own in a folder goes there, also as the run begins', async () => {
    await host.close()
    const root = await mkdtemp(join(tmpdir(), 'runnel-local-'))
    onTestFinished(() => rm(root, { recursive: true, force: true }))
    const localArtifacts = await LocalFolder.open(root)
    ;({ store } = await openTestStore('node:sqlite', { artifactRoot: localArtifacts.uri, localArtifacts }))
    host = await startSocketHost(store)
    const changed: RunId[] = []
    store.changes.subscribe(({ kinds, runs }) => void (kinds.has('artifact') && changed.push(...runs)))
    const connecting = runnel.connect({ host: host.url })
    // All before there is a connection, so that it leaves in one message.
    const starting = runnel.startRun()
    const logged = [runnel.logText('early', 'notes/a.txt'), runnel.logParam('lr', 0.1), runnel.logText('late', 'b.txt')]
    await Promise.all([connecting, ...logged])
    const { runId } = await starting
    const folder = join(root, '0', runId, 'artifacts')
    expect(await readFile(join(folder, 'notes', 'a.txt'), 'utf8')).toBe('early')
    expect(await readFile(join(folder, 'b.txt'), 'utf8')).toBe('late')
    expect(changed).toContain(runId)
    expect(await (await new runnel.RunnelClient().downloadArtifact(runId, 'notes/a.txt')).text()).toBe('early')
    await expect(runnel.logText('x', 'notes')).rejects.toMatchObject({ code: 'INVALID_PARAMETER_VALUE' })
    await expect(runnel.logText('x', '../out.txt')).rejects.toMatchObject({ code: 'INVALID_PARAMETER_VALUE' })
    await runnel.logParam('momentum', 0.9)
  })

  test('[SD12] a host that lets go of every connection at once is not stormed', async () => {
    const welcome = { t: 'welcome', v: 1, epoch: 'e', hwm: 0, credit: { batches: 16, bytes: 1_000_000 } }
    let welcomed = 0
    const server = new WebSocketServer({ port: 0, host: '127.0.0.1', handleProtocols: () => PROTOCOL })
    onTestFinished(() => server.close())
    server.on('connection', (socket) => {
      welcomed++
      socket.send(encodeFrame('message', 0, welcome) as Uint8Array)
      socket.close()
    })
    await once(server, 'listening')
    await runnel.connect({ host: `http://127.0.0.1:${(server.address() as AddressInfo).port}` })
    await new Promise((resolve) => setTimeout(resolve, 600))
    expect(welcomed).toBeGreaterThan(1)
    expect(welcomed).toBeLessThan(4)
  })

  test('[SD13] says what is missing where there are no sockets, instead of waiting for ever', async () => {
    vi.stubGlobal('WebSocket', undefined)
    onTestFinished(() => void vi.unstubAllGlobals())
    void runnel.connect({ host: host.url }).catch(() => undefined)
    await expect(runnel.startRun()).rejects.toThrow('Node has from version 22')
  })

  test('[SD4] refuses a file that no message can hold, alone', async () => {
    await runnel.connect({ host: host.url })
    const run = await runnel.startRun()
    const large = new Blob([new Uint8Array(BRIDGE.socketFileBytes + 1)])
    await expect(runnel.logArtifact('large.bin', large)).rejects.toMatchObject({ code: 'INVALID_PARAMETER_VALUE' })
    const files = Array.from({ length: 10 }, (_, i) => [`${i}.bin`, new Uint8Array(6 * 1024 * 1024).fill(i)] as const)
    await runnel.logArtifacts(Object.fromEntries(files))
    const entries = await new runnel.RunnelClient().listArtifacts(run.runId)
    expect(entries).toHaveLength(10)
    await expect(runnel.connect({ host: 'ftp://x' })).rejects.toMatchObject({ code: 'INVALID_PARAMETER_VALUE' })
  })

  test('[SD5] is shown to the pages of the host while it is connected', async () => {
    const { connectHost } = await import('#lib/live/host-connection.ts')
    await runnel.connect({ host: host.url })
    const page = connectHost({ url: host.url, token: null, role: 'tab' })
    let names: string[] = []
    page.watch(
      { kind: 'notebooks' },
      { onAnswer: ({ connected }) => (names = connected.map(({ name }) => name)), onRefused: () => undefined }
    )
    await vi.waitFor(() => expect(names).toEqual(['A program']))
    await runnel.disconnect()
    await vi.waitFor(() => expect(names).toEqual([]))
    page.close()
  })
})

describe('a program of its own', () => {
  let folder: string
  const children: ChildProcess[] = []

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'runnel-sdk-'))
    await bundleSdk(folder)
  })
  afterEach(() => {
    for (const child of children.splice(0)) child.kill('SIGKILL')
  })
  afterAll(() => rm(folder, { recursive: true, force: true }))

  /** What a program says at its end, after what it may have warned of. */
  const runIdIn = (said: string): string => /^[0-9a-f]{32}$/m.exec(said)?.[0] ?? `no run id in: ${said}`

  function runProgram(source: string): {
    readonly child: ChildProcess
    readonly exit: Promise<number | null>
    readonly said: () => string
  } {
    const child = spawn(process.execPath, ['--input-type=module', '--eval', source], {
      stdio: ['ignore', 'pipe', 'pipe']
    })
    children.push(child)
    let said = ''
    for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk: Buffer) => (said += chunk.toString()))
    return { child, exit: new Promise((resolve) => child.on('exit', resolve)), said: () => said }
  }

  const STEPS = 4000
  const training = (url: string) => `
    const runnel = await import(${JSON.stringify(join(folder, 'runnel.js'))})
    void runnel.connect({ host: ${JSON.stringify(url)}, session: 'training' })
    const run = runnel.startRun({ runName: 'killed' })
    void runnel.logParam('lr', 0.1)
    for (let step = 0; step < ${STEPS}; step++) {
      void runnel.logMetric('loss', step / 2, { step, timestamp: step })
      if (step % 20 === 0) await new Promise((resolve) => setTimeout(resolve, 1))
      if (step % 1000 === 0) void runnel.logText('at ' + step, step + '.txt')
    }
    await runnel.endRun()
    console.log((await run).runId)`

  test(
    '[SD6] killed and started again, its host too, loses nothing and logs nothing twice',
    { timeout: 60_000 },
    async () => {
      const { port, url } = host
      const kept: number[] = []
      for (let round = 0; round < 6; round++) {
        const { child, exit } = runProgram(training(url))
        await new Promise((resolve) => setTimeout(resolve, 150 + 60 * round))
        if (round % 2 === 1) {
          await host.close()
          host = await startSocketHost(store, { port })
          await new Promise((resolve) => setTimeout(resolve, 100))
        }
        child.kill('SIGKILL')
        await exit
        kept.push((await allPoints()).length)
      }
      // Or nothing was ever cut off halfway.
      expect(kept.some((count) => count > 0 && count < STEPS)).toBe(true)
      const { exit, said } = runProgram(training(url))
      expect(await exit, said()).toBe(0)
      const runId = runIdIn(said())
      expect(await pointsOf(runId)).toEqual(Array.from({ length: STEPS }, (_, step) => [step, step / 2]))
      await runnel.connect({ host: url })
      expect(await runnel.searchRuns({ experimentIds: ['0'] })).toHaveLength(1)
      expect(await new runnel.RunnelClient().listArtifacts(runId)).toHaveLength(4)
      await runnel.disconnect()
    }
  )

  test(
    '[SD10] a real host, killed while a program logs to it, has everything once when it is back',
    { timeout: 60_000 },
    async () => {
      const real = await startFullHost()
      try {
        const { exit, said } = runProgram(training(real.origin))
        for (let round = 0; round < 3; round++) {
          await new Promise((resolve) => setTimeout(resolve, 400))
          await real.kill()
          await real.start()
        }
        expect(await exit, said()).toBe(0)
        await runnel.connect({ host: real.origin })
        const history = await runnel.getMetricHistory(runIdIn(said()), 'loss')
        expect(history.map(({ step }) => step)).toEqual(Array.from({ length: STEPS }, (_, step) => step))
        await runnel.disconnect()
      } finally {
        await real.stop()
      }
    }
  )

  test('[SD7] ends by itself when all is safe, also loaded as text', async () => {
    const files = {
      '/runnel.js': await readFile(join(folder, 'runnel.js'), 'utf8'),
      '/runnel-host.js': await readFile(join(folder, 'runnel-host.js'), 'utf8')
    }
    await host.close()
    host = await startSocketHost(store, { files })
    const { exit, said } = runProgram(`
      const text = await (await fetch('${host.url}/runnel.js')).text()
      const runnel = await import('data:text/javascript,' + encodeURIComponent(text))
      void runnel.connect({ host: '${host.url}' })
      void runnel.startRun({ runName: 'left alone' })
      runnel.logMetric('loss', 1)
      setTimeout(() => runnel.logMetric('loss', 2, { step: 1 }), 4000)`)
    expect(await exit, said()).toBe(0)
    expect(said()).toBe('')
    await runnel.connect({ host: host.url })
    const [run] = await runnel.searchRuns({ experimentIds: ['0'] })
    expect(await pointsOf(run!.info.runId)).toEqual([
      [0, 1],
      [1, 2]
    ])
    await runnel.disconnect()
  })
})
