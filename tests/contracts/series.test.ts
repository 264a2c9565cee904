/**
 * Histories however they are kept: in chunks inline, in sealed ones, in both; and sealing, whatever fails.
 * Ids: SE (sealing), HI (histories).
 */
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { DEFAULT_EXPERIMENT_ID, type RunId } from '#lib/domain/ids.ts'
import { RunnelError } from '#lib/domain/errors.ts'
import { CHUNK, SERIES } from '#lib/domain/limits.ts'
import { placeOf, type Point } from '#lib/domain/metric.ts'
import { comparePoints, inOrder } from '#lib/domain/series-order.ts'
import { pointsOf, seriesOf } from '#lib/domain/series.ts'
import { SeriesCache } from '#lib/live/series-cache.ts'
import { BLOB_GRACE_MS } from '#lib/store/blobs.ts'
import { findMetric, logPoints, logSeries } from '#lib/store/metrics.ts'
import { createRun, deleteRun } from '#lib/store/runs.ts'
import { sealRound } from '#lib/store/seal.ts'
import { Store } from '#lib/store/store.ts'
import { totals } from '#lib/store/totals.ts'
import { allInTrash, deleteForGood } from '#lib/store/trash.ts'
import { ENGINES, createEngine, openTestStore, type EngineName, type TestStore } from '../support/engines.ts'
import { historyOf } from '../support/history-of.ts'

const BOUNDS = { points: SERIES.sealPoints, chunks: SERIES.sealChunks }
const KEY = 'loss'

const newRun = (store: Store) => store.write((tx) => createRun(tx, { experimentId: DEFAULT_EXPERIMENT_ID }))

const log = (store: Store, run: Awaited<ReturnType<typeof newRun>>, points: readonly Point[]) =>
  store.write((tx) => logSeries(tx, run, new Map([[KEY, seriesOf(points)]])))

/** `count` points from step `from` on, all of them different. */
const climb = (count: number, from = 0): Point[] =>
  Array.from({ length: count }, (_, i) => ({ step: from + i, timestamp: 1000 + from + i, value: Math.sin(from + i) }))

const chunkRows = (store: Store) =>
  store.exclusive((engine) => {
    const rows = engine.all('select point_count, blob_id from runnel_chunks order by timestamp_high', [])
    return rows.map((row) => ({ count: Number(row['point_count']), sealed: row['blob_id'] !== null }))
  })

const sealAll = async (store: Store): Promise<void> => {
  while ((await sealRound(store, BOUNDS)) > 0);
}

/** What a store with no chunks at all would answer: every point once, in order. */
const plainHistory = (points: readonly Point[]): Point[] => pointsOf(inOrder(seriesOf(points)))

const special = fc.constantFrom(NaN, Infinity, -Infinity, -0, 0, Number.MIN_VALUE, Number.MAX_VALUE, 1)
const anyPoint: fc.Arbitrary<Point> = fc.record({
  step: fc.integer({ min: -5, max: 40 }),
  timestamp: fc.integer({ min: 0, max: 60 }),
  value: fc.oneof(special, fc.integer({ min: -3, max: 3 }))
})

describe.each(ENGINES)('series on %s', (name) => {
  const open = () => openTestStore(name)

  test('[HI1] any points in any order, sealed in between or not, are a plain list of each of them once', async () => {
    const steps = fc.array(
      fc.oneof(
        { weight: 4, arbitrary: fc.array(anyPoint, { minLength: 1, maxLength: 12 }) },
        { weight: 1, arbitrary: fc.constant('seal' as const) },
        { weight: 1, arbitrary: fc.integer({ min: 0, max: 3 }).map((at) => ({ many: at * 700 })) }
      ),
      { minLength: 1, maxLength: 14 }
    )
    await fc.assert(
      fc.asyncProperty(steps, fc.nat(), fc.nat(), async (operations, offset, limit) => {
        const { store } = await open()
        const run = await newRun(store)
        const logged: Point[] = []
        for (const operation of operations) {
          if (operation === 'seal') {
            await sealAll(store)
            continue
          }
          const points = Array.isArray(operation) ? operation : climb(1100, operation.many)
          await log(store, run, points)
          logged.push(...points)
        }
        const expected = plainHistory(logged)
        expect(await historyOf(store, run.runId, KEY)).toEqual(expected)
        const window = { offset: offset % (expected.length + 2), limit: limit % (expected.length + 2) }
        expect(await historyOf(store, run.runId, KEY, window)).toEqual(
          expected.slice(window.offset, window.offset + window.limit)
        )
        expect((await store.read((r) => findMetric(r, run.runId, KEY)))?.count).toBe(expected.length || undefined)
      }),
      { numRuns: name === 'a file' ? 8 : 25 }
    )
  })

  test('[HI2] sealed points cannot be logged again, and late ones of old steps come in their place', async () => {
    const { store } = await open()
    const run = await newRun(store)
    await log(store, run, climb(3000))
    await sealAll(store)
    expect(await chunkRows(store)).toEqual([{ count: 3000, sealed: true }])
    await log(store, run, climb(3000))
    expect(await chunkRows(store)).toEqual([{ count: 3000, sealed: true }])
    const late = { step: 7, timestamp: 1007, value: 5 }
    await log(store, run, [late, climb(1, 7)[0]!])
    expect(await historyOf(store, run.runId, KEY)).toEqual(plainHistory([...climb(3000), late]))
    expect((await store.read((r) => findMetric(r, run.runId, KEY)))?.count).toBe(3001)
  })

  test('[HI4] steps and times beyond 2^53 are kept as they are, inline, sealed and as the latest', async () => {
    const { store, journal, blobs } = await open()
    const run = await newRun(store)
    const most = 2n ** 63n - 1n
    const points = Array.from({ length: 1100 }, (_, i) => ({
      ...placeOf(most - BigInt(i), 2n ** 60n + BigInt(i)),
      value: i
    }))
    await log(store, run, points)
    await log(store, run, [points[3]!, points[5]!])
    const expectAll = async (store: Store) => {
      const history = await historyOf(store, run.runId, KEY)
      expect(history).toEqual(points)
      const metric = await store.read((r) => findMetric(r, run.runId, KEY))
      expect(metric).toMatchObject({ count: 1100, last: { exact: { step: most, timestamp: 2n ** 60n } } })
    }
    await expectAll(store)
    await sealAll(store)
    await log(store, run, [points[7]!, points[9]!])
    await expectAll(store)
    expect(await chunkRows(store)).toEqual([{ count: 1100, sealed: true }])
    await expectAll(await Store.open({ engine: await journal.recover(), journal, blobs }))
  })

  test('[SE1] small chunks become one, sealed ones grow and are cut at their most, and little stays inline', async () => {
    const { store } = await open()
    const run = await newRun(store)
    for (let i = 0; i < SERIES.sealChunks; i++) await log(store, run, climb(2, i * 2))
    await sealAll(store)
    expect(await chunkRows(store)).toEqual([{ count: SERIES.sealChunks * 2, sealed: false }])
    await log(store, run, climb(2000, 1000))
    await sealAll(store)
    expect(await chunkRows(store)).toEqual([{ count: 2128, sealed: true }])
    await log(store, run, climb(CHUNK.points, 10_000))
    await sealAll(store)
    expect(await chunkRows(store)).toEqual([
      { count: CHUNK.points, sealed: true },
      { count: 2128, sealed: true }
    ])
    await log(store, run, climb(10, 200_000))
    await sealAll(store)
    expect((await chunkRows(store)).at(-1)).toEqual({ count: 10, sealed: false })
    expect((await store.read((r) => findMetric(r, run.runId, KEY)))?.count).toBe(CHUNK.points + 2138)
    expect((await store.read(totals)).sealedBytes).toBeGreaterThan(CHUNK.points)
  })

  test('[SE2] what is deleted for good goes with its chunks and blobs, and no other run’s', async () => {
    const { store, blobs, clock } = await open()
    const [kept, gone] = [await newRun(store), await newRun(store)]
    for (const run of [kept, gone]) await log(store, run, climb(2000, run === kept ? 0 : 5000))
    await sealAll(store)
    await store.write((tx) => deleteRun(tx, gone.runId))
    await deleteForGood(store, allInTrash)
    clock.now += 2 * BLOB_GRACE_MS
    expect(await store.sweepBlobs()).toBeGreaterThan(1000)
    expect(await chunkRows(store)).toEqual([{ count: 2000, sealed: true }])
    expect(await historyOf(store, kept.runId, KEY)).toEqual(climb(2000))
    expect(await blobs.olderThan(Infinity)).toHaveLength(1)
  })

  test('[SE3] a run deleted while it is sealed takes its points along', async () => {
    const test = await open()
    const run = await newRun(test.store)
    await log(test.store, run, climb(2000))
    onPut(test, async () => {
      await test.store.write((tx) => deleteRun(tx, run.runId))
      await deleteForGood(test.store, allInTrash)
    })
    expect(await sealRound(test.store, BOUNDS)).toBe(0)
    expect(await chunkRows(test.store)).toEqual([])
  })

  test('[SE4] points that come while it is sealed are not lost, nor sealed twice', async () => {
    const test = await open()
    const run = await newRun(test.store)
    await log(test.store, run, climb(2000))
    onPut(test, () => log(test.store, run, [...climb(10, 1990), ...climb(5, 2000)]))
    await sealRound(test.store, BOUNDS)
    expect(await historyOf(test.store, run.runId, KEY)).toEqual(climb(2005))
    expect(await chunkRows(test.store)).toEqual([
      { count: 2000, sealed: true },
      { count: 5, sealed: false }
    ])
  })

  test('[SE6] a series that has the number of one that was deleted meanwhile is not taken for it', async () => {
    const test = await open()
    const gone = await newRun(test.store)
    await log(test.store, gone, climb(2000))
    const others = climb(2000).map((point) => ({ ...point, value: -point.value }))
    let next = gone
    onPut(test, async () => {
      await test.store.write((tx) => deleteRun(tx, gone.runId))
      await deleteForGood(test.store, allInTrash)
      next = await newRun(test.store)
      await log(test.store, next, others)
    })
    await sealRound(test.store, BOUNDS)
    expect(await historyOf(test.store, next.runId, KEY)).toEqual(others)
  })

  test('[SE9] what takes the place of a commit that was lost meanwhile is not taken for it', async () => {
    const test = await open()
    const run = await newRun(test.store)
    const { promise, reject } = Promise.withResolvers<void>()
    const append = test.journal.append.bind(test.journal)
    test.journal.append = () => promise
    const lost = expect(log(test.store, run, climb(2000))).rejects.toThrow('The disk has gone.')
    const instead = climb(2000).map((point) => ({ ...point, value: -point.value }))
    onPut(test, async () => {
      test.journal.append = append
      reject(failure())
      await lost
      await log(test.store, run, instead)
    })
    await sealRound(test.store, BOUNDS)
    expect(await historyOf(test.store, run.runId, KEY)).toEqual(instead)
  })

  test('[SE7] a sealed chunk that cannot be read keeps nothing else from being sealed', async () => {
    const { store, journal, blobs } = await open()
    const [damaged, whole] = [await newRun(store), await newRun(store)]
    await log(store, damaged, climb(2000))
    await sealAll(store)
    await blobs.delete(await blobs.olderThan(Infinity), Infinity)
    const reopened = await Store.open({ engine: await journal.recover(), journal, blobs })
    await log(reopened, damaged, climb(3000, 2000))
    await log(reopened, whole, climb(1500))
    await sealAll(reopened)
    expect((await chunkRows(reopened)).filter(({ sealed }) => !sealed)).toEqual([])
    expect(await historyOf(reopened, whole.runId, KEY)).toEqual(climb(1500))
    expect(await historyOf(reopened, damaged.runId, KEY, { offset: 2000 })).toEqual(climb(3000, 2000))
    await expect(historyOf(reopened, damaged.runId, KEY)).rejects.toThrow('missing')
  })

  test('[SE8] a round takes no more of one series than of many', async () => {
    const { store } = await open()
    const run = await newRun(store)
    const count = SERIES.roundPoints + 2 * CHUNK.points
    await log(store, run, climb(count))
    const moved = await sealRound(store, BOUNDS)
    expect(moved).toBeGreaterThanOrEqual(SERIES.roundPoints)
    expect(moved).toBeLessThan(SERIES.roundPoints + CHUNK.points)
    await sealAll(store)
    expect((await chunkRows(store)).reduce((sum, chunk) => sum + chunk.count, 0)).toBe(count)
    const middle = { offset: SERIES.roundPoints - 10, limit: 100_000 }
    expect(await historyOf(store, run.runId, KEY, middle)).toEqual(climb(100_000, middle.offset))
  })

  test('[SE10] a round takes no more chunks than keep the store’s lock for a moment', async () => {
    const { store } = await open()
    const run = await newRun(store)
    const keys = ['a', 'b', 'c']
    const each = SERIES.roundChunks / 2 + 1
    await store.write(async (tx) => {
      for (const point of climb(each)) await logSeries(tx, run, new Map(keys.map((key) => [key, seriesOf([point])])))
    })
    expect(await sealRound(store, BOUNDS)).toBe(2 * each)
    expect(await sealRound(store, BOUNDS)).toBe(each)
    for (const key of keys) expect(await historyOf(store, run.runId, key)).toEqual(climb(each))
    await store.write(async (tx) => {
      for (const point of climb(SERIES.roundChunks + 100)) await logSeries(tx, run, new Map([[KEY, seriesOf([point])]]))
    })
    expect(await sealRound(store, BOUNDS)).toBe(SERIES.roundChunks)
    await sealAll(store)
    expect(await historyOf(store, run.runId, KEY)).toEqual(climb(SERIES.roundChunks + 100))
  })

  test('[HI5] whoever reads while chunks are replaced and their blobs swept gets those that took their place', async () => {
    const { store, blobs, clock } = await open()
    const run = await newRun(store)
    await log(store, run, climb(2000))
    await sealAll(store)
    clock.now += 2 * BLOB_GRACE_MS
    await log(store, run, climb(2000, 2000))
    const get = blobs.get.bind(blobs)
    blobs.get = async (id) => {
      blobs.get = get
      await sealAll(store)
      expect(await store.sweepBlobs()).toBeGreaterThan(0)
      return get(id)
    }
    const view = { axis: 'step', origin: 0, range: null, buckets: 10 } as const
    const drawn = await new SeriesCache().drawn(store, run.runId, KEY, view, new Map())
    expect(drawn).toMatchObject({ count: 4000 })
  })
})

/** Do something between the moment a blob is put and the moment rows refer to it. */
function onPut({ blobs }: TestStore, work: () => Promise<void>): void {
  const put = blobs.put.bind(blobs)
  blobs.put = async (source) => {
    blobs.put = put
    const stored = await put(source)
    await work()
    return stored
  }
}

/** Every call that sealing makes of the disk, in order; the one at `fatal` fails, before or after it has done its work. */
class Faults {
  readonly calls: string[] = []
  #fatal: { readonly at: number; readonly after: boolean } | null = null

  failAt(at: number, after: boolean): void {
    this.calls.length = 0
    this.#fatal = { at, after }
  }

  heal(): void {
    this.#fatal = null
  }

  async around<T>(call: string, work: () => Promise<T>): Promise<T> {
    this.calls.push(call)
    const isFatal = this.#fatal?.at === this.calls.length - 1
    if (isFatal && !this.#fatal!.after) throw failure()
    const value = await work()
    if (isFatal) throw failure()
    return value
  }
}

const failure = () => new RunnelError('TEMPORARILY_UNAVAILABLE', 'The disk has gone.')

function haunt({ blobs, journal }: TestStore): Faults {
  const faults = new Faults()
  const [put, get, append] = [blobs.put.bind(blobs), blobs.get.bind(blobs), journal.append.bind(journal)]
  blobs.put = (source) => faults.around('put', () => put(source))
  blobs.get = (id) => faults.around('get', () => get(id))
  journal.append = (statements, options) => faults.around('append', () => append(statements, options))
  return faults
}

describe.each(['sql.js', 'node:sqlite'] as const)('[SE5] sealing on %s, interrupted', (name: EngineName) => {
  const logged = [...climb(3000), { step: 5, timestamp: 1005, value: NaN }, { step: 9, timestamp: 1009, value: -0 }]

  /** A store with something sealed, something inline, and a second series. */
  async function prepared() {
    const opened = await openTestStore(name)
    const run = await newRun(opened.store)
    await log(opened.store, run, climb(1500))
    await sealAll(opened.store)
    await log(opened.store, run, logged)
    await opened.store.write((tx) =>
      logPoints(
        tx,
        run,
        climb(1200).map((point) => ({ key: 'other', ...point }))
      )
    )
    return { ...opened, runId: run.runId }
  }

  const expectWhole = async (store: Store, runId: RunId): Promise<void> => {
    expect(await historyOf(store, runId, KEY)).toEqual(plainHistory(logged))
    expect(await historyOf(store, runId, 'other')).toEqual(climb(1200))
    expect((await store.read((r) => findMetric(r, runId, KEY)))?.count).toBe(3002)
  }

  test('at every call of the disk, whether it was done or not, keeps every point once, here and after a restart', async () => {
    const calm = await prepared()
    const counting = haunt(calm)
    await sealAll(calm.store)
    const calls = [...counting.calls]
    expect(calls).toContain('put')
    expect(calls).toContain('get')
    expect(calls).toContain('append')
    for (const after of [false, true]) {
      for (let at = 0; at < calls.length; at++) {
        const opened = await prepared()
        const faults = haunt(opened)
        faults.failAt(at, after)
        await expect(sealAll(opened.store)).rejects.toThrow('The disk has gone.')
        faults.heal()

        // The process ends here: what is left is what was durable.
        const engine = createEngine(name)
        const { replay } = await import('#lib/store/engine.ts')
        for (const commit of opened.journal.commits) replay(engine, commit)
        const restarted = await Store.open({ ...opened, engine, clock: () => opened.clock.now })
        await expectWhole(restarted, opened.runId)

        // Or it does not.
        if (!(after && calls[at] === 'append')) {
          await expectWhole(opened.store, opened.runId)
          await sealAll(opened.store)
          await expectWhole(opened.store, opened.runId)
          expect((await chunkRows(opened.store)).filter(({ sealed }) => !sealed)).toEqual([])
        }
      }
    }
  })

  test('a chunk that reads back otherwise than it was written is not taken', async () => {
    const { store, blobs, runId } = await prepared()
    const get = blobs.get.bind(blobs)
    const known = new Set(await blobs.olderThan(Infinity))
    blobs.get = async (id) => {
      const bytes = await (await get(id))!.bytes()
      if (!known.has(id)) bytes[bytes.length >> 1]! ^= 1
      return new Blob([bytes])
    }
    await expect(sealAll(store)).rejects.toThrow()
    blobs.get = get
    await expectWhole(store, runId)
    expect((await chunkRows(store)).filter(({ sealed }) => sealed)).toHaveLength(1)
  })

  test('a blob that has grown old on the way is not referred to', async () => {
    const opened = await prepared()
    onPut(opened, () => {
      opened.clock.now += BLOB_GRACE_MS
      return Promise.resolve()
    })
    await expect(sealAll(opened.store)).rejects.toThrow('while it is young')
    await expectWhole(opened.store, opened.runId)
  })
})

test('[HI3] the order of points is whole: by time, step and value, NaN and -0 as 0, then 0, NaN, -0', () => {
  const point = (timestamp: number, step: number, value: number): Point => ({ timestamp, step, value })
  const ordered = [
    point(0, 9, 9),
    point(1, 0, -1),
    point(1, 0, 0),
    point(1, 0, NaN),
    point(1, 0, -0),
    point(1, 0, 1),
    point(1, 1, -Infinity),
    point(2, -1, 0)
  ]
  const series = seriesOf(ordered)
  for (let i = 0; i < ordered.length; i++)
    for (let j = 0; j < ordered.length; j++)
      expect(Math.sign(comparePoints(series, i, series, j))).toBe(Math.sign(i - j))
  expect(pointsOf(inOrder(seriesOf([...ordered, ...ordered].reverse())))).toEqual(ordered)
})
