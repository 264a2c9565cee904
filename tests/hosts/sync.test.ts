/** Browsers' stores and a real host, over real HTTP and sockets. */
import { afterEach, describe, expect, test } from 'vitest'
import type { ExperimentId, RunId } from '#lib/domain/ids.ts'
import { seriesOf } from '#lib/domain/series.ts'
import { artifactRootPath } from '#lib/domain/artifact.ts'
import { putArtifact } from '#lib/store/artifacts.ts'
import { createExperiment, getExperiment } from '#lib/store/experiments.ts'
import { logSeries } from '#lib/store/metrics.ts'
import { logParams } from '#lib/store/params.ts'
import { createRun, findRunInfo, getRun, getRunInfos, requireActiveRun, updateRun } from '#lib/store/runs.ts'
import { setRunTags } from '#lib/store/tags.ts'
import { conflictsOf } from '#lib/store/sync/conflicts.ts'
import { ROOMS_PATH, SHARES_PATH } from '#lib/sync/agreement.ts'
import { BlobCourier } from '#lib/sync/blob-courier.ts'
import { HostLink } from '#lib/sync/host-link.ts'
import { openBrowserStore, type BrowserStore } from '../support/browser-store.ts'
import { historyOf } from '../support/history-of.ts'
import { startNodeHost, type NodeHost } from '../support/node-host.ts'

const ends: (() => Promise<unknown>)[] = []
afterEach(async () => {
  for (const end of ends.splice(0).reverse()) await end()
})

const WAIT = { timeout: 30_000, interval: 20 }

async function start(...flags: string[]): Promise<NodeHost> {
  const host = await startNodeHost(flags)
  ends.push(host.end)
  return host
}

async function browser(origin: string, options?: { readonly isOwnHost: boolean }): Promise<BrowserStore> {
  const opened = await openBrowserStore(origin, options)
  ends.push(opened.close)
  return opened
}

const point = (step: number, value: number) => ({ step, timestamp: 1000 + step, value })

/** An experiment with a run, its points, and a file. */
async function made({ store }: BrowserStore): Promise<{ experimentId: ExperimentId; runId: RunId }> {
  const { blobId, size } = await store.blobs.put(new Blob(['hello']))
  return store.write(async (tx) => {
    const experimentId = await createExperiment(tx, { name: 'vision' })
    const run = await createRun(tx, { experimentId, name: 'first' })
    await logParams(tx, run, [{ key: 'lr', value: '0.1' }])
    await logSeries(tx, run, new Map([['loss', seriesOf([point(1, 0.5), point(2, 0.25)])]]))
    const path = `${artifactRootPath(run.artifactUri)}/notes.txt`
    await putArtifact(tx, { path, blobId, size, mediaType: 'text/plain', createdTime: tx.now })
    return { experimentId, runId: run.runId }
  })
}

async function sharedBetween(host: NodeHost, role: 'viewer' | 'editor' = 'editor') {
  const a = await browser(host.address)
  const b = await browser(host.address)
  await a.sharing.setHost({ address: host.address, token: null })
  const { experimentId, runId } = await made(a)
  const { link, share } = await a.sharing.share(experimentId, { role, name: 'team', expiresTime: null })
  await b.sharing.setPersonName('Bea')
  const joined = await b.sharing.join(link, false)
  await expect.poll(() => b.store.read((r) => findRunInfo(r, runId)), WAIT).not.toBeNull()
  return { a, b, experimentId, runId, joined, link, share }
}

const tag = ({ store }: BrowserStore, id: RunId, key: string, value: string) =>
  store.write(async (tx) => setRunTags(tx, await requireActiveRun(tx, id), [{ key, value }]))

const tagsOf = async ({ store }: BrowserStore, id: RunId) =>
  Object.fromEntries((await store.read((r) => getRun(r, id))).data.tags.map(({ key, value }) => [key, value]))

describe('an experiment that is shared', () => {
  test('[SY1] is with whoever opens the link: runs, points, and files when they are looked at', async () => {
    const { b, runId, joined } = await sharedBetween(await start())
    expect((await b.store.read((r) => getExperiment(r, joined))).name).toBe('vision')
    const run = await b.store.read((r) => getRun(r, runId))
    expect(run.data.params).toEqual([{ key: 'lr', value: '0.1' }])
    expect(await historyOf(b.store, runId, 'loss')).toEqual([point(1, 0.5), point(2, 0.25)])
    const rows = await b.store.exclusive((e) => e.all('select blob_id from runnel_artifacts', []))
    const blob = await b.store.blobs.get(rows[0]!['blob_id'] as never)
    expect(await blob!.text()).toBe('hello')
  })

  test('[SY2] changes on either side, and nothing waits in the end', async () => {
    const { a, b, runId, experimentId } = await sharedBetween(await start())
    await tag(b, runId, 'from', 'b')
    await a.store.write(async (tx) => {
      const run = await requireActiveRun(tx, runId)
      await logSeries(tx, run, new Map([['loss', seriesOf([point(3, 0.1)])]]))
      await updateRun(tx, runId, { status: 'FINISHED', endTime: 5000 })
    })
    await expect.poll(async () => (await tagsOf(a, runId))['from'], WAIT).toBe('b')
    await expect.poll(async () => (await historyOf(b.store, runId, 'loss')).length, WAIT).toBe(3)
    await expect.poll(async () => (await b.store.read((r) => getRun(r, runId))).info.status, WAIT).toBe('FINISHED')
    await expect.poll(async () => (await a.sharing.view(experimentId)).sync, WAIT).toBe('synced')
    expect((await a.sharing.view(experimentId)).pending).toBe(0)
  })

  test('[SY3] keeps what was done while the host was away, on both sides', async () => {
    const host = await start()
    const { a, b, runId, joined } = await sharedBetween(host)
    await host.stop()
    await expect.poll(async () => (await b.sharing.view(joined)).sync, WAIT).toBe('offline')
    await tag(a, runId, 'a', 'offline')
    await tag(b, runId, 'b', 'offline')
    await a.store.write(async (tx) => logParams(tx, await requireActiveRun(tx, runId), [{ key: 'depth', value: '4' }]))
    await b.store.write(async (tx) => logParams(tx, await requireActiveRun(tx, runId), [{ key: 'depth', value: '8' }]))
    await expect.poll(async () => (await b.sharing.view(joined)).pending, WAIT).toBe(1)
    const later = await b.reopen()
    ends.push(later.close)
    await host.startAgain()
    await a.sharing.retry()
    await later.sharing.retry()
    await expect.poll(async () => (await tagsOf(a, runId))['b'], WAIT).toBe('offline')
    await expect.poll(async () => (await tagsOf(later, runId))['a'], WAIT).toBe('offline')
    const conflict = await later.store.read((r) => conflictsOf(r, runId))
    expect(conflict).toMatchObject([{ key: 'depth', used: '4', others: [{ value: '8' }] }])
  })

  test('[SY4] is not changed by a viewer, who is told why', async () => {
    const { b, runId } = await sharedBetween(await start(), 'viewer')
    await expect(tag(b, runId, 'from', 'b')).rejects.toMatchObject({ code: 'PERMISSION_DENIED' })
    expect(await tagsOf(b, runId)).not.toHaveProperty('from')
  })

  test('[SY5] is nobody else’s from the moment it is no longer shared', async () => {
    const { a, b, experimentId, joined, runId } = await sharedBetween(await start())
    await a.sharing.stopSharing(experimentId)
    await expect.poll(async () => (await b.sharing.view(joined)).sync, WAIT).toBe('refused')
    expect((await b.sharing.view(joined)).problem).toMatch(/lets nobody in any more/)
    await tag(b, runId, 'after', 'b')
    expect((await b.sharing.view(joined)).sync).toBe('refused')
  })

  test('[SY6] shows who is there, and where they look', async () => {
    const { a, b, experimentId, joined, runId } = await sharedBetween(await start())
    const leave = await b.sharing.present(joined, runId)
    await expect
      .poll(async () => (await a.sharing.view(experimentId)).people, WAIT)
      .toMatchObject([{ name: 'Bea', role: 'editor', isSelf: false, runId }])
    leave()
    await expect.poll(async () => (await a.sharing.view(experimentId)).people, WAIT).toEqual([])
  })
})

describe('a link to an experiment that is here already', () => {
  test('[SY20] shares no copy with anybody before the person said so, and then is one with it', async () => {
    const a = await browser('http://127.0.0.1:1')
    const { experimentId, runId } = await made(a)
    // Whoever was once told its number makes a link to it on a host of their own.
    const evil = await start()
    const post = async (path: string, body: unknown) =>
      (await (
        await fetch(evil.address + path, {
          method: 'POST',
          headers: { 'Content-Type': 'application/json' },
          body: JSON.stringify(body)
        })
      ).json()) as { capability: string }
    await post(ROOMS_PATH, { experiment: experimentId })
    const rooms = [`x.${experimentId}`, `n.${experimentId}`]
    const { capability } = await post(SHARES_PATH, { rooms, role: 'editor' })
    const link = `${evil.address}/#/join/${capability}`
    await expect(a.sharing.join(link, false)).rejects.toMatchObject({ code: 'RESOURCE_ALREADY_EXISTS' })
    expect(await a.sharing.view(experimentId)).toMatchObject({ role: null, sync: 'synced' })
    const there = () => evil.api('runs/search', { experiment_ids: [experimentId] }).then((answer) => answer.text())
    expect(await there()).not.toContain(runId)
    expect(await a.sharing.join(link, true)).toBe(experimentId)
    await expect.poll(there, WAIT).toContain(runId)
  })

  test('[SY21] takes nothing from its owner, nor from an editor who opens one for viewers', async () => {
    const { a, b, experimentId, joined, runId } = await sharedBetween(await start())
    const { link } = await a.sharing.share(experimentId, { role: 'viewer', name: '', expiresTime: null })
    expect([await a.sharing.join(link, false), await b.sharing.join(link, false)]).toEqual([experimentId, joined])
    expect([(await a.sharing.view(experimentId)).role, (await b.sharing.view(joined)).role]).toEqual([
      'owner',
      'editor'
    ])
    await tag(a, runId, 'still', 'a')
    await tag(b, runId, 'still too', 'b')
    await expect.poll(() => tagsOf(a, runId), WAIT).toMatchObject({ still: 'a', 'still too': 'b' })
  })

  test('[SY22] says so when it is followed through another host', async () => {
    const { b, joined } = await sharedBetween(await start())
    const other = await start()
    const c = await browser(other.address)
    await c.sharing.setHost({ address: other.address, token: null })
    await fetch(other.address + ROOMS_PATH, { method: 'POST', body: JSON.stringify({ experiment: joined }) })
    const made = await fetch(other.address + SHARES_PATH, {
      method: 'POST',
      headers: { 'Content-Type': 'application/json' },
      body: JSON.stringify({ rooms: [`x.${joined}`], role: 'editor' })
    })
    const { capability } = (await made.json()) as { capability: string }
    await expect(b.sharing.join(`${other.address}/#/join/${capability}`, true)).rejects.toMatchObject({
      code: 'INVALID_STATE'
    })
    expect(await b.sharing.view(joined)).toMatchObject({ role: 'editor', sync: 'synced' })
  })

  test('[SY23] is one’s own again once it is left, and can be joined again', async () => {
    const { b, joined, runId, link } = await sharedBetween(await start(), 'viewer')
    await b.sharing.stopSharing(joined)
    await tag(b, runId, 'mine', 'b')
    expect(await tagsOf(b, runId)).toMatchObject({ mine: 'b' })
    await expect(b.sharing.join(link, false)).rejects.toMatchObject({ code: 'RESOURCE_ALREADY_EXISTS' })
    expect(await b.sharing.join(link, true)).toBe(joined)
    expect((await b.sharing.view(joined)).role).toBe('viewer')
  })
})

describe('a page that a host serves', () => {
  test('[SY24] follows nothing again that was left, or is shared no more from here, until somebody says so', async () => {
    const host = await start()
    const a = await browser(host.address, { isOwnHost: true })
    const { experimentId, runId } = await made(a)
    const b = await browser(host.address, { isOwnHost: true })
    const { link } = await a.sharing.share(experimentId, { role: 'editor', name: '', expiresTime: null })
    const joined = await b.sharing.join(link, false)
    await expect.poll(() => b.store.read((r) => findRunInfo(r, runId)), WAIT).not.toBeNull()
    await Promise.all([a.sharing.stopSharing(experimentId), b.sharing.stopSharing(joined)])
    for (const [one, id, name] of [
      [a, experimentId, 'of a'],
      [b, joined, 'of b']
    ] as const) {
      const { runId } = await one.store.write((tx) => createRun(tx, { experimentId: id, name }))
      const again = await one.reopen()
      ends.push(again.close)
      // All that the host has is followed once this is.
      const other = await host.api('experiments/create', { name: `after ${name}` })
      const { experiment_id } = (await other.json()) as { experiment_id: string }
      await expect
        .poll(async () => (await again.sharing.summary())?.experiments.map(({ experimentId }) => experimentId), WAIT)
        .toContain(experiment_id)
      expect(await again.sharing.view(id)).toMatchObject({ role: null })
      const there = await host.api('runs/search', { experiment_ids: [experimentId] })
      expect(await there.text()).not.toContain(runId)
    }
  })

  test('[SY25] keeps no host that is none, or does not take the token', async () => {
    const [open, closed] = [await start(), await start('--token', 'the-right-token-of-the-host')]
    const a = await browser('http://127.0.0.1:1')
    await a.sharing.setHost({ address: open.address, token: null })
    await expect(a.sharing.setHost({ address: 'http://127.0.0.1:9', token: null })).rejects.toMatchObject({
      code: 'TEMPORARILY_UNAVAILABLE'
    })
    await expect(a.sharing.setHost({ address: closed.address, token: 'a wrong one' })).rejects.toMatchObject({
      code: 'UNAUTHENTICATED'
    })
    expect((await a.sharing.settings()).host).toEqual({ address: open.address, hasToken: false })
  })
})

describe('a large experiment', () => {
  test('[SY8] is joined as soon as its newest runs are here, and the rest follows', async () => {
    const host = await start()
    const a = await browser(host.address)
    await a.sharing.setHost({ address: host.address, token: null })
    const { experimentId } = await made(a)
    const { link } = await a.sharing.share(experimentId, { role: 'editor', name: '', expiresTime: null })
    const runs: RunId[] = []
    for (let i = 0; i < 120; i++)
      runs.push((await a.store.write((tx) => createRun(tx, { experimentId, name: `run ${i}` }))).runId)
    const search = { experiment_ids: [experimentId], max_results: 1000 }
    const atHost = async () => ((await (await host.api('runs/search', search)).json()) as { runs?: unknown[] }).runs
    await expect.poll(async () => (await atHost())?.length, WAIT).toBe(121)
    const b = await browser(host.address)
    await b.sharing.join(link, false)
    const newest = await b.store.read((r) => getRunInfos(r, runs.slice(-10)))
    expect(newest).toHaveLength(10)
    await expect.poll(async () => (await b.store.read((r) => getRunInfos(r, runs))).length, WAIT).toBe(120)
  })
})

describe('a file that is fetched', () => {
  test('[SY9] goes on where it was when the connection ends in between', async () => {
    const host = await start()
    const bytes = crypto.getRandomValues(new Uint8Array(60_000))
    const there = await browser(host.address)
    const { blobId } = await there.store.blobs.put(new Blob([bytes]))
    const asked: string[] = []
    // A network that ends every answer after its first third.
    const cut: typeof fetch = async (input, init) => {
      const answer = await fetch(input, init)
      if (!new Request(input).url.includes(blobId) || init?.method === 'PUT' || answer.body === null) return answer
      asked.push(new Headers(init?.headers).get('range') ?? '')
      const body = await answer.arrayBuffer()
      let isSent = asked.length > 3
      const part = isSent ? body : body.slice(0, Math.ceil(body.byteLength / 3))
      return new Response(
        new ReadableStream({
          pull: (controller) => {
            if (part.byteLength > 0 && !isSent) {
              controller.enqueue(new Uint8Array(part))
              isSent = true
            } else if (asked.length > 3) {
              controller.enqueue(new Uint8Array(part))
              controller.close()
            } else controller.error(new TypeError('network error'))
          }
        }),
        { status: answer.status, headers: answer.headers }
      )
    }
    const link = (network: typeof fetch) =>
      new HostLink({
        address: host.address,
        credential: { kind: 'owner', secret: '' },
        personName: () => '',
        client: 'test',
        now: Date.now,
        onHostTime: () => undefined,
        fetch: network
      })
    await link(fetch).putBlob(blobId, new Blob([bytes]))
    const here = await browser(host.address)
    expect(await new BlobCourier(here.store, link(cut)).fetch(blobId)).toBe(true)
    expect(new Uint8Array(await (await here.blobs.get(blobId))!.arrayBuffer())).toEqual(bytes)
    expect(asked).toEqual(['', 'bytes=20000-', 'bytes=33334-', 'bytes=42223-'])
  })
})

describe('the page of a host', () => {
  test('[SY7] follows what programs log there, and what is changed in it is seen by them', async () => {
    const host = await start()
    const post = async (path: string, body: object) => {
      const answer = await fetch(`${host.address}/api/2.0/mlflow/${path}`, {
        method: 'POST',
        headers: { 'Content-Type': 'application/json' },
        body: JSON.stringify(body)
      })
      return (await answer.json()) as unknown
    }
    const { experiment_id } = (await post('experiments/create', { name: 'from python' })) as { experiment_id: string }
    const page = await browser(host.address, { isOwnHost: true })
    const run = (await post('runs/create', { experiment_id })) as { run: { info: { run_id: RunId } } }
    const id = run.run.info.run_id
    await expect.poll(() => page.store.read((r) => findRunInfo(r, id)), WAIT).not.toBeNull()
    await post('runs/log-metric', { run_id: id, key: 'loss', value: 0.5, timestamp: 1, step: 1 })
    await expect.poll(async () => (await historyOf(page.store, id, 'loss')).length, WAIT).toBe(1)
    await tag(page, id, 'reviewed', 'yes')
    await expect
      .poll(async () => {
        const found = (await post('runs/search', {
          experiment_ids: [experiment_id],
          filter: "tags.reviewed = 'yes'"
        })) as { runs?: unknown[] }
        return found.runs?.length
      }, WAIT)
      .toBe(1)
  })
})
