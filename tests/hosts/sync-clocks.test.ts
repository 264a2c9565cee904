/** Clocks that are days off: of a host that was set right since, of everybody at once, and of a host that says so. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterEach, describe, expect, test, vi } from 'vitest'
import type { ExperimentId, RunId } from '#lib/domain/ids.ts'
import { seriesOf } from '#lib/domain/series.ts'
import { createExperiment } from '#lib/store/experiments.ts'
import { logSeries } from '#lib/store/metrics.ts'
import { logParams } from '#lib/store/params.ts'
import { createRun, findRunInfo, getRun, requireActiveRun } from '#lib/store/runs.ts'
import { setRunTags } from '#lib/store/tags.ts'
import { ROOMS_PATH, roomName, SHARES_PATH, TOKEN_PATH, type TokenAnswer } from '#lib/sync/agreement.ts'
import { parseCapability, writeJoinLink } from '#lib/sync/link.ts'
import { FolderBlobs } from '../../sync-server/files/folder-blobs.ts'
import { openNodeStore } from '../../sync-server/store/open-store.ts'
import { openBrowserStore, type BrowserStore } from '../support/browser-store.ts'
import { historyOf } from '../support/history-of.ts'
import { startNodeHost, type NodeHost } from '../support/node-host.ts'

const ends: (() => unknown)[] = []
afterEach(async () => {
  vi.restoreAllMocks()
  for (const end of ends.splice(0).reverse()) await end()
})

const WAIT = { timeout: 30_000, interval: 20 }
const DAY = 24 * 3_600_000
const now = Date.now

/** The clock of this machine, on which all of them are, is so far off. */
function setClock(aheadMs: number): void {
  vi.mocked(Date.now).mockRestore?.()
  if (aheadMs !== 0) vi.spyOn(Date, 'now').mockImplementation(() => now.call(Date) + aheadMs)
}

async function start(): Promise<NodeHost> {
  const host = await startNodeHost()
  ends.push(host.end)
  return host
}

async function browser(host: NodeHost): Promise<BrowserStore> {
  const opened = await openBrowserStore(host.address)
  ends.push(opened.close)
  return opened
}

async function shared({ store, sharing }: BrowserStore, host: NodeHost) {
  await sharing.setHost({ address: host.address, token: null })
  const { experimentId, runId } = await store.write(async (tx) => {
    const experimentId = await createExperiment(tx, { name: 'vision' })
    const run = await createRun(tx, { experimentId })
    await logParams(tx, run, [{ key: 'lr', value: '0.1' }])
    await logSeries(tx, run, new Map([['loss', seriesOf([{ step: 1, timestamp: 1, value: 0.5 }])]]))
    return { experimentId, runId: run.runId }
  })
  const { link } = await sharing.share(experimentId, { role: 'editor', name: '', expiresTime: null })
  return { experimentId, runId, link }
}

const tag = ({ store }: BrowserStore, id: RunId, key: string, value: string) =>
  store.write(async (tx) => setRunTags(tx, await requireActiveRun(tx, id), [{ key, value }]))

const tagOf = async ({ store }: BrowserStore, id: RunId, key: string) =>
  (await store.read((r) => getRun(r, id))).data.tags.find((one) => one.key === key)?.value

/** As a program does. */
const tagAt = async (host: NodeHost, run_id: RunId, key: string, value: string) =>
  expect((await host.api('runs/set-tag', { run_id, key, value })).status).toBe(200)

const tagAtHost = async (host: NodeHost, id: RunId, key: string) => {
  const answer = await host.api(`runs/get?run_id=${id}`)
  const { run } = (await answer.json()) as { run: { data: { tags: { key: string; value: string }[] } } }
  return run.data.tags.find((one) => one.key === key)?.value
}

const isSynced = async ({ sharing }: BrowserStore, id: ExperimentId) => {
  const { sync, pending, problem } = await sharing.view(id)
  return { sync, pending, problem }
}
const SYNCED = { sync: 'synced', pending: 0, problem: null }

describe('a host whose clock was days ahead', () => {
  test('[CK1] and is right again: what was done in its store then is everybody’s, and so is what is done now', async () => {
    vi.spyOn(console, 'warn').mockImplementation(() => undefined)
    const host = await start()
    const a = await browser(host)
    const { experimentId, runId } = await shared(a, host)
    await expect.poll(async () => (await host.api(`runs/get?run_id=${runId}`)).status, WAIT).toBe(200)
    await host.stop()
    const clock = () => Date.now() + 3 * DAY
    const blobs = await FolderBlobs.open(join(host.folder, 'runnel-data', 'artifacts'), clock)
    const opened = await openNodeStore({
      databaseFile: join(host.folder, 'runnel-data', 'runnel.db'),
      blobs,
      clock,
      onFailure: () => undefined
    })
    const made = await opened.store.write((tx) => createRun(tx, { experimentId, name: 'made then' }))
    await opened.close()
    await host.startAgain()
    await a.sharing.retry()
    await expect.poll(() => a.store.read((r) => findRunInfo(r, made.runId)), WAIT).not.toBeNull()
    await tagAt(host, runId, 'of', 'a program')
    await expect.poll(() => tagOf(a, runId, 'of'), WAIT).toBe('a program')
    await expect.poll(() => isSynced(a, experimentId), WAIT).toEqual(SYNCED)
  })

  test('[CK2] as were those of all who went by it: nothing is lost, and nothing of then comes back when its time has come', async () => {
    vi.spyOn(console, 'warn').mockImplementation(() => undefined)
    setClock(3 * DAY)
    const host = await start()
    const [a, b] = [await browser(host), await browser(host)]
    const { experimentId, runId, link } = await shared(a, host)
    await b.sharing.join(link, false)
    await expect.poll(() => b.store.read((r) => findRunInfo(r, runId)), WAIT).not.toBeNull()
    await tag(b, runId, 'of', 'Bea, then')
    await expect.poll(() => tagAtHost(host, runId, 'of'), WAIT).toBe('Bea, then')
    await tagAt(host, runId, 'by', 'a program, then')
    const [{ runId: ofBea }, { runId: ofHost }] = [
      await b.store.write((tx) => createRun(tx, { experimentId, name: 'of Bea' })),
      await runAt(host, experimentId)
    ]
    for (const id of [ofBea, ofHost])
      await expect.poll(() => a.store.read((r) => findRunInfo(r, id)), WAIT).not.toBeNull()
    await tag(b, ofBea, 'state', 'then')
    await expect.poll(() => tagOf(a, ofBea, 'state'), WAIT).toBe('then')
    await expect.poll(() => isSynced(b, experimentId), WAIT).toEqual(SYNCED)
    await b.close()
    await host.stop()
    await a.sharing.close()
    await tag(b, runId, 'offline', 'Bea, then')

    setClock(0)
    await host.startAgain()
    const again = await a.reopen()
    ends.push(again.close)
    // Others are put back that the host has lost: after ten seconds at most.
    await expect.poll(() => isSynced(again, experimentId), WAIT).toEqual(SYNCED)
    await tag(again, runId, 'of', 'Ada, now')
    await tag(again, ofBea, 'state', 'now')
    await expect.poll(() => tagAtHost(host, runId, 'of'), WAIT).toBe('Ada, now')
    await new Promise((resolve) => setTimeout(resolve, 11_000))
    expect(await isSynced(again, experimentId)).toEqual(SYNCED)

    const late = await browser(host)
    await late.sharing.join(link, false)
    for (const id of [runId, ofBea, ofHost])
      await expect.poll(() => late.store.read((r) => findRunInfo(r, id)), WAIT).not.toBeNull()
    expect(await historyOf(late.store, runId, 'loss')).toHaveLength(1)
    expect((await late.store.read((r) => getRun(r, runId))).data.params).toEqual([{ key: 'lr', value: '0.1' }])
    const latest = async () => [await tagOf(late, runId, 'of'), await tagOf(late, runId, 'by')]
    await expect.poll(latest, WAIT).toEqual(['Ada, now', 'a program, then'])
    await expect.poll(() => isSynced(late, experimentId), WAIT).toEqual(SYNCED)

    // What Bea said then was changed since; what she has not told yet was not.
    const back = await b.reopen()
    ends.push(back.close)
    await expect.poll(() => tagOf(late, runId, 'offline'), WAIT).toBe('Bea, then')
    await expect.poll(() => tagOf(back, runId, 'of'), WAIT).toBe('Ada, now')
    await expect.poll(() => isSynced(back, experimentId), WAIT).toEqual(SYNCED)
    expect(await tagAtHost(host, runId, 'of')).toBe('Ada, now')
    for (const one of [back, late, again]) await expect.poll(() => tagOf(one, ofBea, 'state'), WAIT).toBe('now')
    expect(await tagAtHost(host, ofBea, 'state')).toBe('now')

    // Its time has come.
    for (const opened of [again, late, back]) await opened.close()
    await host.stop()
    setClock(3 * DAY + 3_600_000)
    await host.startAgain()
    const last = await browser(host)
    await last.sharing.join(link, false)
    await expect.poll(() => tagOf(last, runId, 'of').catch(() => null), WAIT).toBe('Ada, now')
    expect(await tagAtHost(host, runId, 'of')).toBe('Ada, now')
  }, 90_000)

  test('[CK3] and still runs: who comes is told that something is left out, and until when, and the host what to do', async () => {
    const logged = vi.spyOn(console, 'error').mockImplementation(() => undefined)
    vi.spyOn(console, 'warn').mockImplementation(() => undefined)
    setClock(3 * DAY)
    const host = await start()
    const a = await browser(host)
    const { experimentId, link } = await shared(a, host)
    await expect.poll(() => isSynced(a, experimentId), WAIT).toEqual(SYNCED)
    await a.close()
    setClock(0)
    const b = await browser(host)
    await b.sharing.join(link, false)
    await expect
      .poll(async () => (await b.sharing.view(experimentId)).problem, WAIT)
      .toMatch(/of a time to come, .* UTC/)
    await runAt(host, experimentId)
    await runAt(host, experimentId)
    expect(logged.mock.calls.flat()).toMatchObject([expect.stringMatching(/set back by 72 hours.*Start it again/)])
  })
})

/** A host in a process whose clock is so far ahead. Returns its address. */
async function startProcess(aheadMs: number): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'runnel-ahead-'))
  const main = fileURLToPath(new URL('../../sync-server/main.ts', import.meta.url))
  const ahead = `data:text/javascript,const now = Date.now; Date.now = () => now() + ${aheadMs}`
  const child = spawn(process.execPath, ['--import', ahead, main, 'server', '--port', '0', '--data', folder], {
    cwd: folder,
    env: { ...process.env, RUNNEL_OUT: folder }
  })
  ends.push(async () => {
    const exited = once(child, 'exit')
    child.kill('SIGTERM')
    await exited
    await rm(folder, { recursive: true, force: true })
  })
  let output = ''
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (bytes: Buffer) => (output += bytes.toString()))
  const address = () => /(http:\/\/127\S+?:\d+)/.exec(output)?.[1] ?? null
  await expect.poll(address, WAIT).not.toBeNull()
  return address()!
}

const runAt = async (host: NodeHost, experiment_id: ExperimentId) => {
  const answer = await host.api('runs/create', { experiment_id })
  const { run } = (await answer.json()) as { run: { info: { run_id: RunId } } }
  return { runId: run.info.run_id }
}

describe('a host that says it is another time', () => {
  /** Says so to whoever asks, and keeps another. */
  function lie(host: NodeHost, aheadMs: number): void {
    const real = globalThis.fetch
    vi.spyOn(globalThis, 'fetch').mockImplementation(async (input, init) => {
      const answer = await real(input, init)
      const { url } = new Request(input, { method: 'GET' })
      if (url !== host.address + TOKEN_PATH) return answer
      const token = (await answer.json()) as TokenAnswer
      return Response.json({
        ...token,
        server_time: token.server_time + aheadMs,
        expires_at: token.expires_at + aheadMs
      })
    })
  }

  test('[CK4] is joined by a link: the clock stays what it was, and other hosts go on taking what is said', async () => {
    const [good, other] = [await start(), await start()]
    const [a, b] = [await browser(good), await browser(other)]
    const { experimentId, runId } = await shared(a, good)
    const { link } = await shared(b, other)
    lie(other, 2 * DAY)
    await a.sharing.join(link, false)
    await tag(a, runId, 'after', 'the link')
    await expect.poll(() => tagAtHost(good, runId, 'after'), WAIT).toBe('the link')
    await expect.poll(() => isSynced(a, experimentId), WAIT).toEqual(SYNCED)
  })

  test('[CK7] and really has another: what it says is left and told, and the room of another host goes on', async () => {
    const good = await start()
    const address = await startProcess(2 * DAY)
    const ask = async (path: string, body: object) =>
      (await (
        await fetch(address + path, {
          method: 'POST',
          headers: { 'Content-Type': 'application/json' },
          body: JSON.stringify(body)
        })
      ).json()) as Record<string, string>
    const { experiment_id } = await ask('/api/2.0/mlflow/experiments/create', { name: 'of days to come' })
    await ask('/api/2.0/mlflow/runs/create', { experiment_id })
    await ask(ROOMS_PATH, { experiment: experiment_id })
    const rooms = [roomName('x', experiment_id!), roomName('n', experiment_id!)]
    const { capability } = await ask(SHARES_PATH, { rooms, role: 'editor', name: '' })
    const a = await browser(good)
    const { experimentId, runId } = await shared(a, good)
    const joined = await a.sharing.join(
      writeJoinLink(address, { capability: parseCapability(capability!)!, host: null }),
      false
    )
    await expect.poll(async () => (await a.sharing.view(joined)).problem, WAIT).toMatch(/of a time to come/)
    await tag(a, runId, 'after', 'the link')
    await expect.poll(() => tagAtHost(good, runId, 'after'), WAIT).toBe('the link')
    await expect.poll(() => isSynced(a, experimentId), WAIT).toEqual(SYNCED)
    // It takes what it is told, all the same.
    await a.store.write((tx) => createRun(tx, { experimentId: joined, name: 'of today' }))
    await expect.poll(async () => (await a.sharing.view(joined)).pending, WAIT).toBe(0)
  })

  test('[CK8] was wrong for a while: what was said then is refused, said again at the right time, and nobody has to do anything', async () => {
    const host = await start()
    const a = await browser(host)
    const { experimentId, runId } = await shared(a, host)
    lie(host, DAY / 2)
    await a.sharing.setHost({ address: host.address, token: null })
    expect(a.store.replica.clock.nowMs()).toBeGreaterThan(Date.now() + DAY / 3)
    vi.mocked(fetch).mockRestore()
    await tag(a, runId, 'said', 'ahead')
    await expect.poll(() => tagAtHost(host, runId, 'said'), WAIT).toBe('ahead')
    await expect.poll(() => isSynced(a, experimentId), WAIT).toEqual(SYNCED)
  })

  test('[CK5] is the one that was chosen, and more than a day off: the person is told, and no clock is changed', async () => {
    const host = await start()
    const a = await browser(host)
    lie(host, 2 * DAY)
    await expect(a.sharing.setHost({ address: host.address, token: null })).rejects.toThrow(/more than a day apart/)
    expect(a.store.replica.clock.nowMs()).toBeLessThan(Date.now() + DAY)
    vi.mocked(fetch).mockRestore()
    lie(host, 3_600_000)
    await a.sharing.setHost({ address: host.address, token: null })
    expect(a.store.replica.clock.nowMs()).toBeGreaterThan(Date.now() + 3_500_000)
  })

  test('[CK6] and was believed once: what it led to is said at right times when this store is opened again', async () => {
    const host = await start()
    const a = await browser(host)
    const { experimentId, runId } = await shared(a, host)
    await expect.poll(() => isSynced(a, experimentId), WAIT).toEqual(SYNCED)
    await host.stop()
    a.store.replica.clock.correct(Date.now() + 2 * DAY)
    await tag(a, runId, 'of', 'a time to come')
    const again = await a.reopen()
    await host.startAgain()
    await again.sharing.retry()
    ends.push(again.close)
    await expect.poll(() => tagAtHost(host, runId, 'of'), WAIT).toBe('a time to come')
    await expect.poll(() => isSynced(again, experimentId), WAIT).toEqual(SYNCED)
  })
})
