/** More than goes over a socket in one piece: what is shared first, what was done while the host was away, and a line that is cut. */
import { cp, rm } from 'node:fs/promises'
import { createServer, connect, type Server, type Socket } from 'node:net'
import { afterEach, describe, expect, test } from 'vitest'
import type { ExperimentId, RunId } from '#lib/domain/ids.ts'
import { seriesOf } from '#lib/domain/series.ts'
import { createExperiment } from '#lib/store/experiments.ts'
import { logSeries } from '#lib/store/metrics.ts'
import { createRun, requireActiveRun, updateRun } from '#lib/store/runs.ts'
import { listRooms, syncedUpTo } from '#lib/store/sync/rooms.ts'
import { setRunTags } from '#lib/store/tags.ts'
import { openBrowserStore, type BrowserStore } from '../support/browser-store.ts'
import { startNodeHost, type NodeHost } from '../support/node-host.ts'

const ends: (() => Promise<unknown>)[] = []
afterEach(async () => {
  for (const end of ends.splice(0).reverse()) await end()
})

const WAIT = { timeout: 30_000, interval: 50 }

async function start(): Promise<NodeHost> {
  const host = await startNodeHost()
  ends.push(host.end)
  return host
}

async function browser(origin: string): Promise<BrowserStore> {
  const opened = await openBrowserStore(origin)
  ends.push(opened.close)
  return opened
}

/** A way to a host on which what is sent arrives later, and which can be cut. */
async function wireTo(port: number, delayMs: number): Promise<{ readonly address: string; readonly cut: () => void }> {
  const open = new Set<Socket>()
  const later = (to: Socket) => (bytes: Buffer) => void setTimeout(() => to.write(bytes), delayMs)
  const server: Server = createServer((near) => {
    const far = connect(port, '127.0.0.1')
    for (const [from, to] of [
      [near, far],
      [far, near]
    ] as const) {
      open.add(from)
      from.on('data', later(to))
      from.on('error', () => undefined)
      from.on('close', () => {
        open.delete(from)
        to.destroy()
      })
    }
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port: own } = server.address() as { port: number }
  const cut = (): void => {
    for (const socket of open) socket.destroy()
  }
  ends.push(async () => {
    cut()
    await new Promise((resolve) => server.close(resolve))
  })
  return { address: `http://127.0.0.1:${own}`, cut }
}

const points = (count: number) =>
  seriesOf(Array.from({ length: count }, (_, step) => ({ step, timestamp: 1000 + step, value: Math.random() })))

/** An experiment of so many finished runs, each with about 4 kB for each of its metrics. */
async function large({ store }: BrowserStore, runs: number, metrics: number): Promise<ExperimentId> {
  const experimentId = await store.write((tx) => createExperiment(tx, { name: 'large' }))
  for (let i = 0; i < runs; i++) {
    const series = new Map(Array.from({ length: metrics }, (_, at) => [`metric ${at}`, points(400)]))
    await store.write(async (tx) => {
      const run = await createRun(tx, { experimentId, name: `run ${i}` })
      await logSeries(tx, run, series)
      await updateRun(tx, run.runId, { status: 'FINISHED', endTime: 5000 })
    })
  }
  return experimentId
}

const share = async (a: BrowserStore, address: string, id: ExperimentId) => {
  await a.sharing.setHost({ address, token: null })
  return a.sharing.share(id, { role: 'editor', name: '', expiresTime: null })
}

const stateOf = async (a: BrowserStore, id: ExperimentId) => {
  const { sync, pending, problem } = await a.sharing.view(id)
  return { sync, pending, problem }
}
const SYNCED = { sync: 'synced', pending: 0, problem: null }

interface SearchedRun {
  readonly info: { readonly status: string }
  readonly data: {
    readonly tags?: readonly { readonly key: string; readonly value: string }[]
    readonly metrics?: readonly unknown[]
  }
}

async function runsAt(host: NodeHost): Promise<readonly SearchedRun[]> {
  const ids = (await (await host.api('experiments/search', { max_results: 100 })).json()) as {
    experiments: { experiment_id: string }[]
  }
  const search = { experiment_ids: ids.experiments.map((one) => one.experiment_id), max_results: 1000 }
  return ((await (await host.api('runs/search', search)).json()) as { runs?: SearchedRun[] }).runs ?? []
}

/** Runs of which a host is told their tags while it is not there: 25 of 7 kB each. */
async function manyTags({ store }: BrowserStore, experimentId: ExperimentId, runs: number): Promise<void> {
  for (let i = 0; i < runs; i++)
    await store.write(async (tx) => {
      const run = await createRun(tx, { experimentId, name: `run ${i}` })
      const tags = Array.from({ length: 25 }, (_, at) => ({
        key: `tag ${at}`,
        value: `${i} `.repeat(2400).slice(0, 7000)
      }))
      await setRunTags(tx, run, tags)
    })
}

const tagged = (runs: readonly SearchedRun[]) =>
  runs.filter(({ data }) => (data.tags ?? []).filter(({ key }) => key.startsWith('tag ')).length === 25).length

describe('more than one update may have', () => {
  test('[SV1] is shared: an experiment of 24 MB', async () => {
    const host = await start()
    const a = await browser(host.address)
    const id = await large(a, 60, 100)
    await share(a, host.address, id)
    await expect.poll(() => stateOf(a, id), WAIT).toEqual(SYNCED)
    await expect
      .poll(async () => (await runsAt(host)).filter(({ data }) => data.metrics?.length === 100).length, WAIT)
      .toBe(60)
  }, 120_000)

  test.each([
    [110, 0],
    [110, 100],
    [230, 0]
  ])(
    '[SV2] is told when the host is back: %i runs made while it was not there, %i ms away',
    async (runs, delayMs) => {
      const host = await start()
      const wire = await wireTo(host.port, delayMs)
      const a = await browser(wire.address)
      const id = await large(a, 1, 1)
      await share(a, wire.address, id)
      await expect.poll(() => stateOf(a, id), WAIT).toEqual(SYNCED)
      await host.stop()
      await expect.poll(async () => (await stateOf(a, id)).sync, WAIT).toBe('offline')
      await manyTags(a, id, runs)
      await expect.poll(async () => (await stateOf(a, id)).pending, WAIT).toBe(runs)
      await host.startAgain()
      await a.sharing.retry()
      await expect.poll(() => stateOf(a, id), WAIT).toEqual(SYNCED)
      // From then on it is the host's.
      await host.stop()
      await host.startAgain()
      await expect.poll(async () => tagged(await runsAt(host)), WAIT).toBe(runs)
    },
    120_000
  )

  test('[SV3] is told after a restart, too', async () => {
    const host = await start()
    const a = await browser(host.address)
    const id = await large(a, 1, 1)
    await share(a, host.address, id)
    await expect.poll(() => stateOf(a, id), WAIT).toEqual(SYNCED)
    await host.stop()
    await manyTags(a, id, 110)
    const again = await a.reopen()
    ends.push(again.close)
    await expect.poll(() => stateOf(again, id), WAIT).toMatchObject({ sync: 'offline', pending: 110 })
    await host.startAgain()
    await again.sharing.retry()
    await expect.poll(() => stateOf(again, id), WAIT).toEqual(SYNCED)
    await expect.poll(async () => tagged(await runsAt(host)), WAIT).toBe(110)
  }, 120_000)

  test('[SV4] is told again to a host that came back without it', async () => {
    const host = await start()
    const a = await browser(host.address)
    const id = await large(a, 1, 1)
    await share(a, host.address, id)
    await expect.poll(() => stateOf(a, id), WAIT).toEqual(SYNCED)
    await host.stop()
    await cp(host.folder, `${host.folder}-backup`, { recursive: true })
    ends.push(() => rm(`${host.folder}-backup`, { recursive: true, force: true }))
    await host.startAgain()
    await a.sharing.retry()
    await manyTags(a, id, 110)
    await expect.poll(async () => (await stateOf(a, id)).pending, WAIT).toBe(0)
    await expect.poll(() => stateOf(a, id), WAIT).toEqual(SYNCED)
    await host.stop()
    await rm(host.folder, { recursive: true })
    await cp(`${host.folder}-backup`, host.folder, { recursive: true })
    await host.startAgain()
    await a.sharing.retry()
    await expect.poll(async () => tagged(await runsAt(host)), WAIT).toBe(110)
    await expect.poll(() => stateOf(a, id), WAIT).toEqual(SYNCED)
  }, 120_000)
})

describe('a line that is cut', () => {
  const tag = ({ store }: BrowserStore, id: RunId, value: string) =>
    store.write(async (tx) => setRunTags(tx, await requireActiveRun(tx, id), [{ key: 'said', value }]))
  const saidAt = async (host: NodeHost) =>
    (await runsAt(host)).map(({ data }) => data.tags?.find(({ key }) => key === 'said')?.value)
  const syncedOver = async (wire: { readonly address: string }) => {
    const a = await browser(wire.address)
    const id = await large(a, 1, 1)
    await share(a, wire.address, id)
    await expect.poll(() => stateOf(a, id), WAIT).toEqual(SYNCED)
    const [run] = await a.store.read((r) => r.db.selectFrom('runs').select('run_uuid').execute())
    return { a, id, runId: run!.run_uuid as RunId }
  }

  test('[SV5] between what was said and its acknowledgement: it is acknowledged when it is back', async () => {
    const host = await start()
    const wire = await wireTo(host.port, 300)
    const { a, id, runId } = await syncedOver(wire)
    await tag(a, runId, 'this')
    await expect.poll(() => saidAt(host), WAIT).toEqual(['this'])
    wire.cut()
    await expect.poll(async () => (await stateOf(a, id)).sync, WAIT).toBe('offline')
    expect((await stateOf(a, id)).pending).toBe(1)
    await a.sharing.retry()
    await expect.poll(() => stateOf(a, id), WAIT).toEqual(SYNCED)
  })

  test('[SV6] while more is being said: what nobody has acknowledged waits, after a restart too', async () => {
    const host = await start()
    const wire = await wireTo(host.port, 50)
    const { a, id, runId } = await syncedOver(wire)
    const [room] = await a.store.read(listRooms)
    const rest = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms))
    // Somewhere among these the first is acknowledged while the second is not even published.
    for (let gap = 90; gap < 220; gap += 12) {
      await tag(a, runId, `first ${gap}`)
      await rest(gap)
      await tag(a, runId, `second ${gap}`)
      const said = a.store.replica.clock.last
      await rest(30)
      expect(await a.store.read((r) => syncedUpTo(r, room!.sharedId))).toBeLessThan(said)
      await rest(250)
    }
    await tag(a, runId, 'last')
    wire.cut()
    await host.stop()
    const again = await a.reopen()
    ends.push(again.close)
    await expect.poll(() => stateOf(again, id), WAIT).toMatchObject({ sync: 'offline', pending: 1 })
    await host.startAgain()
    await again.sharing.retry()
    await expect.poll(() => saidAt(host), WAIT).toEqual(['last'])
  })
})
