import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { RunnelError } from '#lib/domain/errors.ts'
import { DEFAULT_EXPERIMENT_ID } from '#lib/domain/ids.ts'
import { SERIES } from '#lib/domain/limits.ts'
import type { RunInfo } from '#lib/domain/run.ts'
import { openTestStore, type TestStore } from '../../../tests/support/engines.ts'
import { logSeries } from './metrics.ts'
import { createRun } from './runs.ts'
import { Sealer } from './sealer.ts'

let opened: TestStore
let run: RunInfo
let onSealed: ReturnType<typeof vi.fn<() => void>>
let sealer: Sealer

beforeEach(async () => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] })
  opened = await openTestStore('node:sqlite')
  run = await opened.store.write((tx) => createRun(tx, { experimentId: DEFAULT_EXPERIMENT_ID }))
  onSealed = vi.fn<() => void>()
  sealer = new Sealer(opened.store, onSealed)
})

afterEach(async () => {
  await sealer.close()
  vi.useRealTimers()
})

const log = (key: string, count: number, from = 0) => {
  const steps = Float64Array.from({ length: count }, (_, i) => from + i)
  return opened.store.write((tx) => logSeries(tx, run, new Map([[key, { steps, timestamps: steps, values: steps }]])))
}

/** Let `ms` pass, and whatever began then come to its end: it waits for no timer. */
async function pass(ms: number): Promise<void> {
  await vi.advanceTimersByTimeAsync(ms)
  for (let turn = 0; turn < 400; turn++) await new Promise((resolve) => setImmediate(resolve))
}

const sealedPoints = () =>
  opened.store.exclusive((engine) =>
    Number(engine.all('select sum(point_count) as n from runnel_chunks where blob_id is not null', [])[0]?.['n'] ?? 0)
  )

/** Compression takes threads, and they take their time: timers stand nearly still meanwhile. */
const untilSealed = (points: number) =>
  vi.waitFor(async () => expect(await sealedPoints()).toBe(points), { timeout: 20_000, interval: 1 })

test('[SL1] a pause seals what is worth it, and says so; less stays inline', async () => {
  await log('long', SERIES.sealPoints)
  await log('short', SERIES.sealPoints - 1)
  await pass(1400)
  expect(await sealedPoints()).toBe(0)
  await pass(200)
  await untilSealed(SERIES.sealPoints)
  expect(onSealed).toHaveBeenCalledTimes(1)
})

test('[SL2] where points never cease, what has grown large is sealed now and then', async () => {
  await log('long', SERIES.steadySealPoints)
  await log('other', SERIES.sealPoints)
  for (let second = 0; second < 19; second++) {
    await log('steady', 1, second)
    await pass(1000)
  }
  expect(await sealedPoints()).toBe(0)
  for (let second = 19; second < 23; second++) {
    await log('steady', 1, second)
    await pass(1000)
  }
  await untilSealed(SERIES.steadySealPoints)
})

test('[SL3] much that lies inline is sealed at once, the largest first', async () => {
  for (let i = 0; i < 10; i++) await log(`many ${i}`, SERIES.inlinePoints / 10)
  await log('small', SERIES.sealPoints)
  await pass(1000)
  await log('small', 1, SERIES.sealPoints)
  const sealed = async () => expect(await sealedPoints()).toBeGreaterThanOrEqual(SERIES.inlinePoints / 2)
  await vi.waitFor(sealed, { timeout: 20_000, interval: 1 })
})

test('[SL4] after a failure it waits, and tries again', async () => {
  const put = opened.blobs.put.bind(opened.blobs)
  const warn = vi.spyOn(console, 'warn').mockReturnValue()
  opened.blobs.put = () => Promise.reject(new RunnelError('RESOURCE_EXHAUSTED', 'The disk is full.'))
  await log('long', SERIES.sealPoints)
  await pass(2000)
  await vi.waitFor(() => expect(warn).toHaveBeenCalledTimes(1), { timeout: 20_000, interval: 1 })
  opened.blobs.put = put
  await log('long', 1, SERIES.sealPoints)
  await pass(2000)
  expect(await sealedPoints()).toBe(0)
  await pass(30_000)
  await untilSealed(SERIES.sealPoints + 1)
  warn.mockRestore()
})

test('[SL6] a pause that comes while something else is sealed has its turn after', async () => {
  const put = opened.blobs.put.bind(opened.blobs)
  const { promise, resolve } = Promise.withResolvers<void>()
  opened.blobs.put = async (source) => {
    await promise
    return put(source)
  }
  await log('long', SERIES.steadySealPoints)
  for (let second = 0; second < 23; second++) {
    await log('steady', 1, second)
    await pass(1000)
  }
  await log('late', SERIES.sealPoints)
  await pass(2000)
  resolve()
  await untilSealed(SERIES.steadySealPoints)
  await pass(2000)
  await untilSealed(SERIES.steadySealPoints + SERIES.sealPoints)
})

test('[SL7] a pause that is over leaves the rest to the next', async () => {
  const put = opened.blobs.put.bind(opened.blobs)
  // Each round begins by reading what is due.
  const read = vi.spyOn(opened.store, 'read')
  opened.blobs.put = async (source) => {
    opened.blobs.put = put
    read.mockClear()
    await log('fresh', 1)
    return put(source)
  }
  await log('first', SERIES.roundPoints)
  await log('second', SERIES.roundPoints - 1)
  await pass(1600)
  await untilSealed(SERIES.roundPoints)
  await pass(0)
  expect(read).not.toHaveBeenCalled()
  await pass(1600)
  await untilSealed(2 * SERIES.roundPoints - 1)
})

test('[SL5] what an earlier host left is sealed without a commit, and nothing runs after the end', async () => {
  await sealer.close()
  await log('long', SERIES.sealPoints)
  await pass(5000)
  expect(await sealedPoints()).toBe(0)
  sealer = new Sealer(opened.store, onSealed)
  await pass(2000)
  await untilSealed(SERIES.sealPoints)
})
