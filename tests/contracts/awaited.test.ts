/** Points that cannot be compared, as what they may repeat lies in a blob that is elsewhere. */
import { beforeEach, describe, expect, test } from 'vitest'
import { CHUNK, SERIES } from '#lib/domain/limits.ts'
import type { RunId } from '#lib/domain/ids.ts'
import { isSameSeries } from '#lib/domain/series-order.ts'
import type { Series } from '#lib/domain/series.ts'
import { runSubject, type SharedId } from '#lib/domain/sync/subject.ts'
import { BLOB_GRACE_MS } from '#lib/store/blobs.ts'
import { createExperiment } from '#lib/store/experiments.ts'
import { metricHistory } from '#lib/store/histories.ts'
import { logSeries } from '#lib/store/metrics.ts'
import { createRun, deleteRun, requireActiveRun } from '#lib/store/runs.ts'
import { sealRound } from '#lib/store/seal.ts'
import { chunkBlobs } from '#lib/store/series-chunks.ts'
import { awaitedBlobs } from '#lib/store/sync/awaited-rows.ts'
import { takeBlob } from '#lib/store/sync/awaited.ts'
import { mergeFacts } from '#lib/store/sync/merge.ts'
import { recordsOf, recordsOfRoom } from '#lib/store/sync/publication.ts'
import { joinRoom, shareExperiment } from '#lib/store/sync/sharing.ts'
import { purge } from '#lib/store/trash.ts'
import { ENGINES, openTestStore, type TestStore } from '../support/engines.ts'

/** Steps from `low`, every `by`th; each point at a time and of a value that follow from its step. */
function stretch(low: number, count: number, by = 1): Series {
  const steps = Float64Array.from({ length: count }, (_, i) => low + i * by)
  return { steps, timestamps: steps.map((step) => 1000 + step), values: steps.map((step) => step / 3) }
}

const log = ({ store }: TestStore, runId: RunId, points: Series): Promise<void> =>
  store.write(async (tx) => logSeries(tx, await requireActiveRun(tx, runId), new Map([['loss', points]])))

const pull = async (from: TestStore, to: TestStore, room: SharedId) =>
  mergeFacts(to.store, room, await recordsOfRoom(from.store, room))

const waiting = ({ store }: TestStore): Promise<number> =>
  store.exclusive((engine) => engine.all('select 1 from runnel_awaited where points is not null', []).length)

describe.each(ENGINES)('points that wait for a blob, on %s', (engine) => {
  /** `a` has the blob; `b` knows of it. */
  let a: TestStore
  let b: TestStore
  let room: SharedId
  let runId: RunId

  beforeEach(async () => {
    ;[a, b] = [await openTestStore('node:sqlite'), await openTestStore(engine)]
    const made = await a.store.write(async (tx) => {
      const experimentId = await createExperiment(tx, { name: 'vision' })
      return { experimentId, runId: (await createRun(tx, { experimentId })).runId }
    })
    runId = made.runId
    // Every thousandth step, so that there is something between.
    await log(a, runId, stretch(0, 2000, 1000))
    room = (await shareExperiment(a.store, made.experimentId, '')).sharedId
    await joinRoom(b.store, room, 'editor', 'http://host')
    await pull(a, b, room)
    expect(b.blobs.all()).toEqual([])
  })

  async function bring(): Promise<void> {
    for (const [, bytes] of a.blobs.all()) await b.blobs.put(bytes)
    for (const blobId of await b.store.read(awaitedBlobs)) await takeBlob(b.store, blobId)
  }

  test('[AW1] may be any number, and come to their series, each once, when it is here', async () => {
    // More than one row holds, some of them twice, and some that the blob has.
    await log(b, runId, stretch(0, 40_000))
    await log(b, runId, stretch(30_000, 40_000))
    await log(b, runId, stretch(70_000, 70_000))
    expect(await waiting(b)).toBe(Math.ceil(140_000 / CHUNK.points))
    await log(b, runId, stretch(1000, 10))
    // Others are told of them all the same.
    await pull(b, a, room)
    await bring()
    expect(await waiting(b)).toBe(0)
    const [inA, inB] = [await metricHistory(a.store, runId, 'loss'), await metricHistory(b.store, runId, 'loss')]
    expect(inB.values.length).toBe(140_000 + 2000 - 140)
    expect(isSameSeries(inA, inB)).toBe(true)
    expect(new Set(inB.steps).size).toBe(inB.steps.length)
  })

  test('[AW2] that are more than a record can say are told when it is here, and keep nothing else from being told', async () => {
    const other = await b.store.write(async (tx) => {
      const { experimentId } = await requireActiveRun(tx, runId)
      return (await createRun(tx, { experimentId, name: 'another' })).runId
    })
    for (let low = 0; low < CHUNK.readPoints; low += CHUNK.points) await log(b, runId, stretch(low, CHUNK.points))
    await log(b, runId, stretch(CHUNK.readPoints, 1))
    const left: string[] = []
    const subjects = [runSubject(runId), runSubject(other)]
    const told = await recordsOf(b.store, subjects, undefined, (subject) => left.push(subject))
    expect(new Set(left)).toEqual(new Set([runSubject(runId)]))
    expect(told.map(({ subject }) => subject)).toEqual([runSubject(other)])
    await expect(recordsOf(b.store, subjects)).rejects.toMatchObject({ code: 'RESOURCE_EXHAUSTED' })
    await bring()
    const count = CHUNK.readPoints + 1 + 2000 - Math.ceil((CHUNK.readPoints + 1) / 1000)
    expect((await metricHistory(b.store, runId, 'loss')).values.length).toBe(count)
    await pull(b, a, room)
    for (const [, bytes] of b.blobs.all()) await a.blobs.put(bytes)
    for (const blobId of await a.store.read(awaitedBlobs)) await takeBlob(a.store, blobId)
    expect((await metricHistory(a.store, runId, 'loss')).values.length).toBe(count)
  })

  test('[AW3] are there for whoever comes later, though everybody has sealed and swept since', async () => {
    const early = await recordsOfRoom(a.store, room)
    for (const [, bytes] of a.blobs.all()) await b.blobs.put(bytes)
    const named = a.blobs.all().map(([id]) => id)
    // What was sealed is little beside what comes now, and is sealed with it.
    await log(a, runId, stretch(3_000_000, 2000))
    const late = (await recordsOfRoom(a.store, room)).filter(({ subject }) => subject === runSubject(runId))
    await mergeFacts(b.store, room, late)
    for (const one of [a, b]) {
      await log(one, runId, stretch(6_000_000, 3000))
      await sealRound(one.store, { points: SERIES.sealPoints, chunks: SERIES.sealChunks })
      const inRows = await one.store.read(chunkBlobs)
      expect(named.filter((id) => inRows.has(id))).toEqual([])
      one.clock.now += 2 * BLOB_GRACE_MS
      await one.store.sweepBlobs()
      for (const id of named) expect(await one.blobs.get(id)).not.toBeNull()
    }
    const newcomer = await openTestStore(engine)
    await joinRoom(newcomer.store, room, 'viewer', 'http://host')
    await mergeFacts(newcomer.store, room, early)
    for (const id of named) await newcomer.blobs.put((await b.blobs.get(id))!)
    expect((await metricHistory(newcomer.store, runId, 'loss')).values.length).toBe(2000)
    // They go with their run.
    await a.store.write((tx) => deleteRun(tx, runId))
    await a.store.write((tx) => purge(tx, { runs: [runId], experiments: [], loggedModels: [] }))
    a.clock.now += 2 * BLOB_GRACE_MS
    await a.store.sweepBlobs()
    expect(a.blobs.all()).toEqual([])
  })
})
