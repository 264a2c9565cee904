/** A host that came back from an old backup, or lost files: who has them brings them back. */
import { cp, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { afterEach, describe, expect, test } from 'vitest'
import { artifactRootPath } from '#lib/domain/artifact.ts'
import type { BlobId, ExperimentId, RunId } from '#lib/domain/ids.ts'
import { seriesOf } from '#lib/domain/series.ts'
import { putArtifact } from '#lib/store/artifacts.ts'
import { BLOB_GRACE_MS } from '#lib/store/blobs.ts'
import { createExperiment } from '#lib/store/experiments.ts'
import { logSeries } from '#lib/store/metrics.ts'
import { createRun, findRunInfo, requireActiveRun, updateRun } from '#lib/store/runs.ts'
import { ROOMS_PATH } from '#lib/sync/agreement.ts'
import { BlobCourier } from '#lib/sync/blob-courier.ts'
import { HostLink } from '#lib/sync/host-link.ts'
import { openBrowserStore, type BrowserStore } from '../support/browser-store.ts'
import { historyOf } from '../support/history-of.ts'
import { startNodeHost, type NodeHost } from '../support/node-host.ts'
import { startSharedHost } from '../support/shared-host.ts'

const ends: (() => Promise<unknown>)[] = []
afterEach(async () => {
  for (const end of ends.splice(0).reverse()) await end()
})

/** Whoever has files waits up to ten seconds, so that one of many brings them. */
const WAIT = { timeout: 30_000, interval: 100 }

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

const noise = (from: number, count: number) =>
  seriesOf(Array.from({ length: count }, (_, at) => ({ step: from + at, timestamp: from + at, value: Math.random() })))

interface Run {
  readonly experimentId: ExperimentId
  readonly runId: RunId
  /** Of its file, as the host's API has it. */
  readonly path: string
}

/** An experiment with a run that goes on, shared. */
async function shared(a: BrowserStore, host: NodeHost): Promise<Run & { readonly link: string }> {
  const made = await a.store.write(async (tx) => {
    const experimentId = await createExperiment(tx, { name: 'far' })
    const run = await createRun(tx, { experimentId, name: 'first' })
    await logSeries(tx, run, new Map([['loss', noise(0, 100)]]))
    return { experimentId, runId: run.runId, path: `${artifactRootPath(run.artifactUri)}/notes.txt` }
  })
  await a.sharing.setHost({ address: host.address, token: null })
  const { link } = await a.sharing.share(made.experimentId, { role: 'editor', name: '', expiresTime: null })
  await synced(a, made.experimentId)
  return { ...made, link }
}

/** It logs more points than travel by themselves, and a file, and ends. */
async function finish({ store }: BrowserStore, { runId, path }: Run): Promise<void> {
  const { blobId, size } = await store.blobs.put(new Blob(['hello']))
  await store.write(async (tx) => {
    await logSeries(tx, await requireActiveRun(tx, runId), new Map([['loss', noise(100, 3000)]]))
    await putArtifact(tx, { path, blobId, size, mediaType: 'text/plain', createdTime: tx.now })
    await updateRun(tx, runId, { status: 'FINISHED', endTime: 5000 })
  })
}

const synced = (a: BrowserStore, id: ExperimentId) =>
  expect
    .poll(async () => {
      const { sync, pending, problem } = await a.sharing.view(id)
      return { sync, pending, problem }
    }, WAIT)
    .toEqual({ sync: 'synced', pending: 0, problem: null })

/** What a program is told by the host: how many points there are, and what is in the file; statuses where they are not to be had. */
async function atHost(
  host: NodeHost,
  { runId, path }: Run
): Promise<{ readonly points: number; readonly file: string }> {
  const history = await host.api(`metrics/get-history?run_id=${runId}&metric_key=loss&max_results=25000`)
  const file = await fetch(`${host.address}/api/2.0/mlflow-artifacts/artifacts/${path}`)
  const { metrics = [] } = (await history.json()) as { metrics?: unknown[] }
  return {
    points: history.ok ? metrics.length : -history.status,
    file: file.ok ? await file.text() : String(file.status)
  }
}
const ALL = { points: 3100, file: 'hello' }

/** Keep what a host has now. Returns what puts it back in the place of what it has then. */
async function backup(host: NodeHost): Promise<() => Promise<void>> {
  const kept = `${host.folder}-backup`
  ends.push(() => rm(kept, { recursive: true, force: true }))
  await host.stop()
  await cp(host.folder, kept, { recursive: true })
  await host.startAgain()
  return async () => {
    await host.stop()
    await rm(host.folder, { recursive: true })
    await cp(kept, host.folder, { recursive: true })
    await host.startAgain()
  }
}

const linkTo = (address: string) =>
  new HostLink({
    address,
    credential: { kind: 'owner', secret: '' },
    personName: () => '',
    client: 'test',
    now: Date.now,
    onHostTime: () => undefined
  })

describe('a host that came back from an old backup', () => {
  test.each(['stays open', 'is opened again'])(
    '[SB1] has files and sealed points again from a browser that %s',
    async (how) => {
      const host = await start()
      const a = await browser(host.address)
      const run = await shared(a, host)
      const putBack = await backup(host)
      await a.sharing.retry()
      await synced(a, run.experimentId)
      await finish(a, run)
      await synced(a, run.experimentId)
      await expect.poll(() => atHost(host, run), WAIT).toEqual(ALL)
      await putBack()
      let later = a
      await a.sharing.retry()
      await synced(a, run.experimentId)
      // What it says is the host's again; nobody has brought a file by then.
      if (how === 'is opened again') ends.push((later = await a.reopen()).close)
      await expect.poll(() => atHost(host, run), WAIT).toEqual(ALL)
      await synced(later, run.experimentId)
    },
    60_000
  )

  test('[SB2] has them from who only looked at them, when who logged them is gone', async () => {
    const host = await start()
    const a = await browser(host.address)
    const run = await shared(a, host)
    const putBack = await backup(host)
    await a.sharing.retry()
    await finish(a, run)
    await synced(a, run.experimentId)
    const b = await browser(host.address)
    const joined = await b.sharing.join(run.link, false)
    await expect.poll(() => b.store.read((r) => findRunInfo(r, run.runId)), WAIT).toMatchObject({ status: 'FINISHED' })
    await b.sharing.keepOffline(joined, true)
    await expect.poll(async () => (await historyOf(b.store, run.runId, 'loss')).length, WAIT).toBe(3100)
    await expect.poll(async () => (await b.sharing.view(joined)).offline, WAIT).toMatchObject({ isFetching: false })
    await a.sharing.close()
    await putBack()
    await b.sharing.retry()
    await expect.poll(() => atHost(host, run), WAIT).toEqual(ALL)
  }, 60_000)
})

describe('what a host has', () => {
  test('[SB3] is what it had when it was last asked, and not for ever', async () => {
    const host = await start()
    const a = await browser(host.address)
    let now = Date.now()
    const courier = new BlobCourier(a.store, linkTo(host.address), () => now)
    const { blobId } = await a.store.blobs.put(new Blob(['hello']))
    const isThere = async () => (await linkTo(host.address).getBlob(blobId)) !== null
    const lose = () => rm(join(host.folder, 'runnel-data', 'artifacts', blobId.slice(0, 2), blobId.slice(2)))
    await courier.offer([blobId])
    expect(await isThere()).toBe(true)
    await lose()
    now += BLOB_GRACE_MS
    await courier.offer([blobId])
    expect(await isThere()).toBe(true)
    await lose()
    courier.forget()
    await courier.offer([blobId])
    expect(await isThere()).toBe(true)
  })

  test('[SB4] is not noted of a file that was not here when it was to be sent', async () => {
    const host = await start()
    const a = await browser(host.address)
    const courier = new BlobCourier(a.store, linkTo(host.address))
    const blobId = '2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824' as BlobId
    await courier.offer([blobId])
    await a.store.blobs.put(new Blob(['hello']))
    await courier.offer([blobId])
    expect(await linkTo(host.address).getBlob(blobId)).not.toBeNull()
  })

  test('[SB5] is told, as what it lacks, to who may bring it: of rooms that were given, and no others', async () => {
    const { host, shared, other, ask, share } = await startSharedHost()
    ends.push(host.end)
    const { token } = await share()
    const viewer = (await share({ role: 'viewer' })).token
    const lacking = (who: string | null, experiment: string) => ask(who, `${ROOMS_PATH}/x.${experiment}/lacking-blobs`)
    const blobs = join(host.folder, 'runnel-data', 'artifacts')
    expect(await (await lacking(token, shared.experimentId)).json()).toEqual({ blobs: [], more: false })
    await rm(blobs, { recursive: true })
    const statuses = [
      await lacking(token, shared.experimentId),
      await lacking(viewer, shared.experimentId),
      await lacking(token, other.experimentId),
      await lacking(null, shared.experimentId)
    ].map(({ status }) => status)
    expect(statuses).toEqual([200, 403, 403, 401])
  })
})
