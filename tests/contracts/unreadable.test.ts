/** What one store said that nobody can read keeps nobody from the rest: of other runs, of the same run by others, of other points. */
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { packSeries, unpackSeries } from '#lib/domain/chunk/chunk.ts'
import { RunnelError } from '#lib/domain/errors.ts'
import type { BlobId, ExperimentId, RunId } from '#lib/domain/ids.ts'
import { seriesOf } from '#lib/domain/series.ts'
import { runSubject, type SharedId } from '#lib/domain/sync/subject.ts'
import type { SealedPart, SealedSeries, Writer } from '#lib/domain/sync/facts.ts'
import { createExperiment } from '#lib/store/experiments.ts'
import { logSeries } from '#lib/store/metrics.ts'
import { createRun, findRunInfo, getRun, requireActiveRun } from '#lib/store/runs.ts'
import { awaitedBlobs } from '#lib/store/sync/awaited-rows.ts'
import { takeBlob } from '#lib/store/sync/awaited.ts'
import type { Incoming } from '#lib/store/sync/merge.ts'
import { mergeReadable } from '#lib/store/sync/merge-readable.ts'
import { recordsOf, recordsOfRoom } from '#lib/store/sync/publication.ts'
import { joinRoom, shareExperiment } from '#lib/store/sync/sharing.ts'
import { setRunTags } from '#lib/store/tags.ts'
import { ENGINES, openTestStore, type TestStore } from '../support/engines.ts'
import { historyOf } from '../support/history-of.ts'

const EVE = 'EEEEEEEEEEE' as Writer
const point = (step: number) => ({ step, timestamp: 1000 + step, value: step / 4 })
const latest = packSeries(seriesOf([point(9)]))
const bent = latest.with(latest.length - 1, latest.at(-1)! ^ 255).slice(0, -1)

const part = (blobId: string, count = 3, offset = 0, length = 40): SealedPart => ({
  blobId: blobId as BlobId,
  offset,
  length,
  envelopeLength: 4,
  count,
  stepLow: 1,
  stepHigh: 9,
  timestampLow: 1001,
  timestampHigh: 1009
})

/** What no row can stand for: two of these parts would be at one place, as numbers end. */
const impossible: SealedSeries = {
  latest,
  min: 0,
  max: 1,
  parts: [2 ** 53 - 1, 1, 1, 1].map((count, at) => part('ab'.repeat(32), count, at))
}

describe.each(ENGINES)('what cannot be read, on %s', (engine) => {
  /** `a` says all of it; `b` is to have what can be had. */
  let a: TestStore
  let b: TestStore
  let room: SharedId
  let experimentId: ExperimentId
  let runs: RunId[]

  beforeEach(async () => {
    ;[a, b] = [await openTestStore('node:sqlite'), await openTestStore(engine)]
    experimentId = await a.store.write((tx) => createExperiment(tx, { name: 'vision' }))
    runs = []
    for (let i = 0; i < 12; i++)
      runs.push((await a.store.write((tx) => createRun(tx, { experimentId, name: `run ${i}` }))).runId)
    room = (await shareExperiment(a.store, experimentId, '')).sharedId
    await joinRoom(b.store, room, 'editor', 'http://host')
  })
  afterEach(() => void vi.restoreAllMocks())

  const eveSays = (runId: RunId, sealed: SealedSeries, cells: Incoming['facts']['cells'] = []): Incoming => ({
    subject: runSubject(runId),
    writer: EVE,
    facts: { from: 1, to: 1, cells, series: [{ key: 'loss', to: 1, points: null, sealed }] }
  })

  const here = async (): Promise<number> => {
    const found = await Promise.all(runs.map((id) => b.store.read((r) => findRunInfo(r, id))))
    return found.filter((run) => run !== null).length
  }

  test('[UR1] a latest point that cannot be read: the run comes, and its points once their file is here', async () => {
    await a.store.write(async (tx) => {
      const run = await requireActiveRun(tx, runs[3]!)
      await logSeries(tx, run, new Map([['loss', seriesOf(Array.from({ length: 2000 }, (_, i) => point(i)))]]))
    })
    const records = (await recordsOfRoom(a.store, room)).map((record) => ({
      ...record,
      facts: {
        ...record.facts,
        series: record.facts.series.map((one) => ({ ...one, sealed: one.sealed && { ...one.sealed, latest: bent } }))
      }
    }))
    expect(records.flatMap(({ facts }) => facts.series.filter(({ sealed }) => sealed !== null))).toHaveLength(1)
    expect(() => unpackSeries(bent)).toThrow()
    expect(await mergeReadable(b.store, room, records)).toMatchObject({ unreadable: [] })
    expect(await here()).toBe(12)
    for (const [, bytes] of a.blobs.all()) await b.blobs.put(bytes)
    for (const id of await b.store.read(awaitedBlobs)) await takeBlob(b.store, id)
    expect(await historyOf(b.store, runs[3]!, 'loss')).toHaveLength(2000)
  })

  test('[UR2] a run of which nothing can be merged is named, and the others come', async () => {
    const records = await recordsOfRoom(a.store, room)
    const bad = records.find(({ subject }) => subject === runSubject(runs[5]!))!
    const merged = await mergeReadable(b.store, room, [
      ...records.filter((record) => record !== bad),
      { ...bad, writer: EVE, facts: eveSays(runs[5]!, impossible, bad.facts.cells).facts }
    ])
    expect(merged.unreadable).toMatchObject([{ subject: runSubject(runs[5]!), writer: EVE }])
    expect(await here()).toBe(11)
    expect(merged.changed).toHaveLength(12)
  })

  test('[UR3] of a run somebody says what cannot be merged: what others say of it comes, in whatever order', async () => {
    const [runId] = runs as [RunId]
    const began = await recordsOf(a.store, [runSubject(runId)])
    // Another writer's, which builds on how the run began.
    const c = await openTestStore('node:sqlite')
    await joinRoom(c.store, room, 'editor', 'http://host')
    await mergeReadable(c.store, room, await recordsOfRoom(a.store, room))
    await c.store.write(async (tx) =>
      setRunTags(tx, await requireActiveRun(tx, runId), [{ key: 'of', value: 'another' }])
    )
    const all = await recordsOf(c.store, [runSubject(runId)])
    const built = all.filter(({ writer }) => writer !== began[0]!.writer)
    expect(built).toHaveLength(1)
    const merged = await mergeReadable(b.store, room, [...built, eveSays(runId, impossible), ...began])
    expect(merged.unreadable).toMatchObject([{ writer: EVE }])
    const { data } = await b.store.read((r) => getRun(r, runId))
    expect(data.tags).toContainEqual({ key: 'of', value: 'another' })
  })

  test('[UR4] a disk that keeps nothing is not taken for it', async () => {
    const full = new RunnelError('RESOURCE_EXHAUSTED', 'The disk is full.')
    b.journal.failWith(full)
    await expect(mergeReadable(b.store, room, await recordsOfRoom(a.store, room))).rejects.toBe(full)
    b.journal.failWith(null)
    expect(await mergeReadable(b.store, room, await recordsOfRoom(a.store, room))).toMatchObject({ unreadable: [] })
    expect(await here()).toBe(12)
  })

  describe('points that wait for a file', () => {
    let junk: BlobId
    const waiting = () => b.store.read(awaitedBlobs)

    /** `b` has a point of each of two series, so that sealed parts of them wait. */
    beforeEach(async () => {
      await mergeReadable(b.store, room, await recordsOfRoom(a.store, room))
      for (const id of runs.slice(0, 2))
        await b.store.write(async (tx) =>
          logSeries(tx, await requireActiveRun(tx, id), new Map([['loss', seriesOf([point(100_000)])]]))
        )
      junk = (await b.blobs.put(new Blob(['no chunk of anything, only forty bytes so']))).blobId
      await a.store.write(async (tx) => {
        const run = await requireActiveRun(tx, runs[1]!)
        await logSeries(tx, run, new Map([['loss', seriesOf(Array.from({ length: 2000 }, (_, i) => point(i)))]]))
      })
      await mergeReadable(b.store, room, await recordsOfRoom(a.store, room))
      for (const [, bytes] of a.blobs.all()) await b.blobs.put(bytes)
    })

    test('[UR5] a file that holds none is waited for no longer, and it is said whose points they were to be', async () => {
      await mergeReadable(b.store, room, [eveSays(runs[0]!, { latest, min: 0, max: 1, parts: [part(junk)] })])
      expect(await waiting()).toContain(junk)
      expect(await takeBlob(b.store, junk)).toMatchObject([{ runId: runs[0], key: 'loss' }])
      expect(await waiting()).not.toContain(junk)
      expect(await takeBlob(b.store, junk)).toEqual([])
    })

    test('[UR6] a part of a file that is none, or lies outside of it, keeps no other part of it from its series', async () => {
      const [good] = await waiting()
      const size = (await b.blobs.get(good!))!.size
      await mergeReadable(b.store, room, [
        eveSays(runs[0]!, { latest, min: 0, max: 1, parts: [part(good!, 3, 7), part(good!, 3, size - 1)] })
      ])
      expect(await takeBlob(b.store, good!)).toHaveLength(2)
      expect(await historyOf(b.store, runs[1]!, 'loss')).toHaveLength(2001)
      expect(await waiting()).toEqual([])
    })

    test('[UR7] a file that is damaged here is waited for until it is right again', async () => {
      const [good] = await waiting()
      const right = (await b.blobs.get(good!))!
      const get = vi.spyOn(b.blobs, 'get').mockResolvedValue(new Blob([new Uint8Array(right.size)]))
      await expect(takeBlob(b.store, good!)).rejects.toMatchObject({ code: 'DATA_LOSS' })
      get.mockRestore()
      expect(await waiting()).toEqual([good])
    })
  })
})
