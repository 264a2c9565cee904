import { expect, test, vi } from 'vitest'
import { DEFAULT_EXPERIMENT_ID } from '#lib/domain/ids.ts'
import { seriesOf } from '#lib/domain/series.ts'
import { logSeries } from '#lib/store/metrics.ts'
import { createRun } from '#lib/store/runs.ts'
import { openTestStore } from '../../../tests/support/engines.ts'
import { ChartReader, type ChartParcel } from './chart-parcel.ts'
import { LiveHost } from './host.ts'
import type { ChartAnswer, ChartQuery, LiveEvent } from './protocol.ts'

/** A host and a page, and everything the page was sent. */
async function openPage() {
  const { store } = await openTestStore('node:sqlite')
  const host = new LiveHost({
    store,
    info: { epoch: 'e1', version: '1' },
    ownOrigin: null,
    attachNotebook: () => Promise.reject(new Error('No notebook comes.')),
    sizes: () => ({ databaseBytes: 0, logBytes: 0 }),
    applyDurability: () => undefined,
    giveRoomBack: () => Promise.resolve(),
    whenFree: () => new Promise(() => undefined)
  })
  const parcels: ChartParcel[] = []
  const reader = new ChartReader()
  let answer: ChartAnswer | null = null
  const onEvent = (event: LiveEvent): void => {
    for (const one of event.t === 'answers' ? event.answers : []) {
      if ('error' in one) continue
      // As a port does: nothing is shared with the host.
      const parcel = structuredClone(one.value as ChartParcel)
      parcels.push(parcel)
      answer = reader.read(parcel)
    }
  }
  const session = await host.door.open('tab', 'lock', onEvent)
  return { store, session, parcels, answer: () => answer }
}

test('[CQ8] points that are appended are all that crosses, a late one sends what follows it, and readers see what a new question would', async () => {
  const { store, session, parcels, answer } = await openPage()
  const [one, two] = [
    await store.write((tx) => createRun(tx, { experimentId: DEFAULT_EXPERIMENT_ID })),
    await store.write((tx) => createRun(tx, { experimentId: DEFAULT_EXPERIMENT_ID }))
  ]
  const pointAt = (step: number) => ({ step, timestamp: 1000 + step, value: Math.sin(step) })
  const log = (run: typeof one, steps: readonly number[]) =>
    store.write((tx) => logSeries(tx, run, new Map([['loss', seriesOf(steps.map(pointAt))]])))
  const upTo = (from: number, to: number) => Array.from({ length: to - from }, (_, i) => from + i)
  await log(one, upTo(0, 500))
  await log(two, upTo(0, 500))
  const query: ChartQuery = {
    kind: 'chart',
    runIds: [one.runId, two.runId],
    key: 'loss',
    x: 'step',
    range: null,
    buckets: 200,
    smoothing: null,
    groups: null
  }
  const steps = (line: number): number[] => [...(answer()?.lines[line]?.raw.x ?? [])]
  await session.watch([{ watch: 1, ask: 1, query: query }])
  await vi.waitFor(() => expect(steps(1)).toEqual(upTo(0, 500)))
  expect(parcels.at(-1)).toMatchObject({ whole: true })

  await log(one, [500, 501])
  await vi.waitFor(() => expect(steps(0)).toEqual(upTo(0, 502)))
  expect(parcels.at(-1)).toMatchObject({ whole: false, lines: [{ at: 0 }] })
  expect([...parcels.at(-1)!.numbers]).toEqual([500, 501, Math.sin(500), Math.sin(501)])

  // A series that grows past four points a pixel is sampled: it crosses once more, and then again only where it grows.
  await log(one, upTo(502, 2000))
  await vi.waitFor(() => expect(answer()!.lines[0]!.raw).toMatchObject({ count: 2000, sampled: true }))
  await log(one, [2000])
  await vi.waitFor(() => expect(answer()!.lines[0]!.raw.count).toBe(2001))
  expect(parcels.at(-1)!.numbers.length).toBeLessThan(20)

  await log(two, [-5])
  await vi.waitFor(() => expect(steps(1)).toEqual([-5, ...upTo(0, 500)]))
  const seen = structuredClone(answer())
  await session.watch([{ watch: 1, ask: 1, query: { ...query } }])
  await vi.waitFor(() => expect(parcels.at(-1)).toMatchObject({ whole: true }))
  expect(answer()).toEqual(seen)
})
