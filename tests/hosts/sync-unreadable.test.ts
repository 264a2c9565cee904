/** What somebody puts into a room, or among its files, that nobody can read: over real HTTP and sockets, the rest is everybody's. */
import { createHash } from 'node:crypto'
import { afterEach, describe, expect, test, vi } from 'vitest'
import { packSeries, unpackSeries } from '#lib/domain/chunk/chunk.ts'
import type { BlobId, ExperimentId, RunId } from '#lib/domain/ids.ts'
import { seriesOf } from '#lib/domain/series.ts'
import { runSubject, type SharedId } from '#lib/domain/sync/subject.ts'
import type { SealedPart, Writer } from '#lib/domain/sync/facts.ts'
import { createExperiment } from '#lib/store/experiments.ts'
import { logSeries } from '#lib/store/metrics.ts'
import { createRun, requireActiveRun } from '#lib/store/runs.ts'
import { mergeFacts, type Incoming } from '#lib/store/sync/merge.ts'
import { recordsOfRoom } from '#lib/store/sync/publication.ts'
import { joinRoom } from '#lib/store/sync/sharing.ts'
import { BLOBS_PATH, ROOMS_PATH, roomName } from '#lib/sync/agreement.ts'
import { RoomDoc } from '#lib/sync/room-doc.ts'
import { openBrowserStore, type BrowserStore } from '../support/browser-store.ts'
import { openTestStore } from '../support/engines.ts'
import { startNodeHost, type NodeHost } from '../support/node-host.ts'
import { joinAs, type Peer } from '../support/relay.ts'

const ends: (() => unknown)[] = []
afterEach(async () => {
  for (const end of ends.splice(0).reverse()) await end()
  vi.restoreAllMocks()
})

const WAIT = { timeout: 20_000, interval: 20 }
const EVE = 'EEEEEEEEEEE' as Writer
const point = (step: number) => ({ step, timestamp: 1000 + step, value: step / 8 })
const latest = packSeries(seriesOf([point(9)]))
/** Said to be of a form of values there is none of. */
const bent = latest.map((byte, at) => (at === latest.length - 1 ? byte ^ 0x40 : byte)).slice(0, -1)

async function start(): Promise<NodeHost> {
  const host = await startNodeHost()
  ends.push(host.end)
  return host
}

async function browser(host: NodeHost): Promise<BrowserStore> {
  const opened = await openBrowserStore(host.address)
  ends.push(opened.close)
  await opened.sharing.setHost({ address: host.address, token: null })
  return opened
}

/** An experiment with a run and a point, shared. */
async function shared({ store, sharing }: BrowserStore, name: string) {
  const made = await store.write(async (tx) => {
    const experimentId = await createExperiment(tx, { name })
    const run = await createRun(tx, { experimentId })
    await logSeries(tx, run, new Map([['loss', seriesOf([point(100_000)])]]))
    return { experimentId, runId: run.runId }
  })
  await sharing.share(made.experimentId, { role: 'editor', name: '', expiresTime: null })
  return { ...made, room: made.experimentId as string as SharedId }
}

/** Somebody who is let in, and says what they like. */
async function enter(host: NodeHost, room: SharedId): Promise<Peer> {
  const peer = joinAs({ url: host.address.replace('http', 'ws') + ROOMS_PATH }, { room: roomName('x', room) })
  ends.push(() => peer.close())
  await expect.poll(() => peer.provider.synced, WAIT).toBe(true)
  return peer
}

function put(peer: Peer, records: readonly Incoming[]): void {
  const doc = new RoomDoc(peer.doc)
  peer.doc.transact(() => {
    for (const { subject, writer, facts } of records) doc.putRecord(subject, writer, facts)
  })
}

const part = (blobId: BlobId): SealedPart => ({
  blobId,
  offset: 0,
  length: 40,
  envelopeLength: 4,
  count: 3,
  stepLow: 1,
  stepHigh: 3,
  timestampLow: 1001,
  timestampHigh: 1003
})

async function runsAt(host: NodeHost, experimentId: ExperimentId): Promise<number> {
  const answer = await host.api('runs/search', { experiment_ids: [experimentId], max_results: 100 })
  return ((await answer.json()) as { runs?: unknown[] }).runs?.length ?? 0
}

async function pointsAt(host: NodeHost, runId: RunId): Promise<number> {
  const answer = await host.api(`metrics/get-history?run_id=${runId}&metric_key=loss`)
  return ((await answer.json()) as { metrics?: unknown[] }).metrics?.length ?? 0
}

/** Eleven runs of another store, one of them with sealed points of which the latest is `of`. */
async function elevenRuns(room: SharedId, parts: readonly SealedPart[], of: Uint8Array): Promise<Incoming[]> {
  const { store, clock } = await openTestStore('node:sqlite')
  clock.now = Date.now()
  const { experimentId } = await joinRoom(store, room, 'editor', 'http://host')
  for (let i = 0; i < 11; i++) await store.write((tx) => createRun(tx, { experimentId, name: `run ${i}` }))
  const records = (await recordsOfRoom(store, room)).filter(({ subject }) => subject.startsWith('r'))
  const series = [{ key: 'loss', to: 1, points: null, sealed: { latest: of, min: 0, max: 1, parts } }]
  return records.map((record, at) => (at === 4 ? { ...record, facts: { ...record.facts, series } } : record))
}

describe('what is put into a room', () => {
  test('[UH1] with a latest point that cannot be read: every run is at the host', async () => {
    expect(() => unpackSeries(bent)).toThrow()
    const host = await start()
    const { experimentId, room } = await shared(await browser(host), 'vision')
    const eve = await enter(host, room)
    put(eve, await elevenRuns(room, [part('ab'.repeat(32) as BlobId)], bent))
    await expect.poll(() => runsAt(host, experimentId), WAIT).toBe(12)
  })

  test('[UH2] of which one run can be merged by nobody: the others are there, and the host says so once', async () => {
    const logged = vi.spyOn(console, 'error').mockImplementation(() => undefined)
    const host = await start()
    const a = await browser(host)
    const { experimentId, room } = await shared(a, 'vision')
    const eve = await enter(host, room)
    const parts = [2 ** 53 - 1, 1, 1, 1].map((count) => ({ ...part('ab'.repeat(32) as BlobId), count }))
    put(eve, await elevenRuns(room, parts, latest))
    await expect.poll(() => runsAt(host, experimentId), WAIT).toBe(11)
    const view = async () => (await a.sharing.view(experimentId)).problem
    await expect.poll(view, WAIT).toMatch(/said of the run \w{32} cannot be read/)
    await a.store.write((tx) => createRun(tx, { experimentId, name: 'another' }))
    await expect.poll(() => runsAt(host, experimentId), WAIT).toBe(12)
    const said = logged.mock.calls.flat().filter((text) => String(text).includes('cannot be read'))
    expect(said).toHaveLength(1)
    expect(said[0]).toContain(roomName('x', room))
  })
})

describe('what is put among the files', () => {
  test('[UH3] and holds no points: those of another experiment come to their series all the same', async () => {
    const warned = vi.spyOn(console, 'warn').mockImplementation(() => undefined)
    const host = await start()
    const a = await browser(host)
    const [evil, good] = [await shared(a, 'of Eve'), await shared(a, 'of Ada')]
    await expect.poll(() => pointsAt(host, good.runId), WAIT).toBe(1)
    // It is looked at before any other, as it begins with 00.
    const junk = blobBeginning('00')
    await upload(host, junk)
    put(await enter(host, evil.room), [sealed(evil.runId, [part(junk.id)], latest)])

    // Ada logs elsewhere, and her points are sealed.
    const ada = await openTestStore('node:sqlite')
    ada.clock.now = Date.now()
    await joinRoom(ada.store, good.room, 'editor', 'http://host')
    await mergeFacts(ada.store, good.room, await recordsOfRoom(a.store, good.room))
    await ada.store.write(async (tx) => {
      const run = await requireActiveRun(tx, good.runId)
      await logSeries(tx, run, new Map([['loss', seriesOf(Array.from({ length: 2000 }, (_, i) => point(i)))]]))
    })
    const records = await recordsOfRoom(ada.store, good.room)
    for (const [id, blob] of ada.blobs.all()) await upload(host, { id, bytes: await blob.bytes() })
    put(await enter(host, good.room), records)
    await expect.poll(() => pointsAt(host, good.runId), WAIT).toBe(2001)
    // Once by the host, and once by Ada's browser, which fetched it.
    await expect
      .poll(() => warned.mock.calls.flat().filter((text) => String(text).includes(evil.runId)).length, WAIT)
      .toBe(2)
  })
})

const sealed = (runId: RunId, parts: readonly SealedPart[], of: Uint8Array): Incoming => ({
  subject: runSubject(runId),
  writer: EVE,
  facts: {
    from: 1,
    to: 1,
    cells: [],
    series: [{ key: 'loss', to: 1, points: null, sealed: { latest: of, min: 0, max: 1, parts } }]
  }
})

interface Bytes {
  readonly id: BlobId
  readonly bytes: Uint8Array<ArrayBuffer>
}

async function upload(host: NodeHost, { id, bytes }: Bytes): Promise<void> {
  const answer = await fetch(`${host.address}${BLOBS_PATH}/${id}`, { method: 'PUT', body: bytes })
  expect(answer.status).toBeLessThan(300)
}

function blobBeginning(digits: string): Bytes {
  for (let i = 0; ; i++) {
    const bytes = new TextEncoder().encode(`junk, and more of it so that a part of it fits ${i}`)
    const id = createHash('sha256').update(bytes).digest('hex')
    if (id.startsWith(digits)) return { id: id as BlobId, bytes }
  }
}
