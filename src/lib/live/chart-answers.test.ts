import { expect, test } from 'vitest'
import { DEFAULT_EXPERIMENT_ID, type RunId } from '#lib/domain/ids.ts'
import type { Point } from '#lib/domain/metric.ts'
import { seriesOf } from '#lib/domain/series.ts'
import type { Change } from '#lib/store/changes.ts'
import { logSeries } from '#lib/store/metrics.ts'
import { createRun } from '#lib/store/runs.ts'
import type { Store } from '#lib/store/store.ts'
import { openTestStore } from '../../../tests/support/engines.ts'
import { ChartAnswers } from './chart-answers.ts'
import type { ChartQuery } from './protocol.ts'
import { SeriesCache } from './series-cache.ts'

const START = 1_700_000_000_000

const newRun = (store: Store, startTime = START) =>
  store.write((tx) => createRun(tx, { experimentId: DEFAULT_EXPERIMENT_ID, startTime }))

async function log(store: Store, run: Awaited<ReturnType<typeof newRun>>, key: string, points: readonly Point[]) {
  await store.write((tx) => logSeries(tx, run, new Map([[key, seriesOf(points)]])))
}

const changeOf = (run: RunId): Change => ({
  clock: 1,
  origin: null,
  experiments: new Set([DEFAULT_EXPERIMENT_ID]),
  runs: new Set([run]),
  models: new Set(),
  registered: new Set(),
  kinds: new Set(['metric'])
})

const at = (step: number, value: number, timestamp = START + step * 1000): Point => ({ step, value, timestamp })

const ask = (runIds: readonly RunId[], more: Partial<ChartQuery> = {}): ChartQuery => ({
  kind: 'chart',
  runIds,
  key: 'loss',
  x: 'step',
  range: null,
  buckets: 100,
  smoothing: null,
  groups: null,
  ...more
})

/** Two runs: one starts ten seconds after the other; the second logs every other step, and one NaN. */
async function twoRuns() {
  const { store } = await openTestStore('node:sqlite')
  const one = await newRun(store)
  const two = await newRun(store, START + 10_000)
  await log(store, one, 'loss', [at(0, 4), at(1, 3), at(2, 2), at(3, 1)])
  await log(store, two, 'loss', [at(0, 2, START + 10_000), at(2, 6, START + 12_000), at(4, NaN, START + 14_000)])
  return { store, one, two, ids: [one.runId, two.runId], answers: new ChartAnswers(), cache: new SeriesCache() }
}

test('[CQ1] many runs in one question, each in its place, those without points empty', async () => {
  const { store, ids, answers, cache } = await twoRuns()
  const unknown = 'nobody' as RunId
  const { lines, bands } = await answers.answer(store, cache, ask([ids[1]!, unknown, ids[0]!]))
  expect(lines.map(({ runId }) => runId)).toEqual([ids[1], unknown, ids[0]])
  expect(lines.map(({ raw }) => [...raw.y])).toEqual([[2, 6], [], [4, 3, 2, 1]])
  expect(lines[0]!.raw).toMatchObject({ nanCount: 1, count: 3, sampled: false })
  expect([...lines[0]!.raw.nanX]).toEqual([4])
  expect(lines.map(({ smooth }) => smooth)).toEqual([null, null, null])
  expect(bands).toBeNull()
})

test('[CQ2] by time, by time since each start, and by another metric', async () => {
  const { store, one, two, ids, answers, cache } = await twoRuns()
  const time = await answers.answer(store, cache, ask(ids, { x: 'time' }))
  expect([...time.lines[1]!.raw.x]).toEqual([START + 10_000, START + 12_000])
  const relative = await answers.answer(store, cache, ask(ids, { x: 'relative' }))
  expect(relative.lines.map(({ raw }) => [...raw.x])).toEqual([
    [0, 1000, 2000, 3000],
    [0, 2000]
  ])
  await log(store, one, 'lr', [at(0, 0.5), at(1, 0.1), at(1, 0.2, START + 5000), at(3, NaN)])
  await log(store, two, 'lr', [])
  const across = await answers.answer(store, cache, ask(ids, { x: { metric: 'lr' } }))
  expect(across.lines.map(({ raw, unplaced }) => [[...raw.x], [...raw.y], unplaced])).toEqual([
    [[0.2, 0.5], [3, 4], 2],
    [[], [], 3]
  ])
})

test('[CQ3] a range comes with a point beyond each end, and buckets bound what is sent', async () => {
  const { store, ids, answers, cache } = await twoRuns()
  const { lines } = await answers.answer(store, cache, ask(ids, { range: [1.5, 2.5] }))
  expect([...lines[0]!.raw.x]).toEqual([1, 2, 3])
  const long = await newRun(store)
  await log(
    store,
    long,
    'loss',
    Array.from({ length: 5000 }, (_, i) => at(i, i === 1234 ? 9 : Math.sin(i)))
  )
  const [line] = (await answers.answer(store, cache, ask([long.runId], { buckets: 50 }))).lines
  expect(line!.raw.sampled).toBe(true)
  expect(line!.raw.x.length).toBeLessThanOrEqual(200)
  expect(Math.max(...line!.raw.y)).toBe(9)
})

test('[CQ4] smoothed over all points, NaN skipped, the points as they were beside it', async () => {
  const { store, ids, answers, cache } = await twoRuns()
  const query = ask(ids, { smoothing: { kind: 'ema', weight: 0.5 }, range: [2, 4] })
  const { lines } = await answers.answer(store, cache, query)
  // (4·¼ + 3·½) / ¾ at step 1, and so on: the range changes nothing.
  expect([...lines[0]!.smooth!.x]).toEqual([1, 2, 3])
  expect(lines[0]!.smooth!.y[0]).toBeCloseTo(10 / 3)
  expect([...lines[0]!.raw.y]).toEqual([3, 2, 1])
  expect([...lines[1]!.smooth!.x]).toEqual([0, 2])
  expect(lines[1]!.smooth!.y[1]).toBeCloseTo(14 / 3)
})

test('[CQ5] a band by step: a run that skips one counts with its line', async () => {
  const { store, ids, answers, cache } = await twoRuns()
  const { bands } = await answers.answer(store, cache, ask(ids, { groups: [7, 7] }))
  expect(bands!.map(({ group }) => group)).toEqual([7])
  const [band] = bands!
  expect([...band!.x]).toEqual([0, 1, 2, 3])
  expect([...band!.mean]).toEqual([3, 3.5, 4, 1])
  expect([...band!.min]).toEqual([2, 3, 2, 1])
  expect([...band!.max]).toEqual([4, 4, 6, 1])
  expect([...band!.runs]).toEqual([2, 2, 2, 1])
})

test('[CQ6] only the runs that a commit touched are looked at again', async () => {
  const { store, one, ids, answers, cache } = await twoRuns()
  const query = ask(ids)
  const before = await answers.answer(store, cache, query)
  await log(store, one, 'loss', [at(4, 0)])
  expect((await answers.answer(store, cache, query)).lines[0]).toBe(before.lines[0])
  answers.invalidate(changeOf(one.runId))
  const after = await answers.answer(store, cache, query)
  expect([...after.lines[0]!.raw.y]).toEqual([4, 3, 2, 1, 0])
  expect(after.lines[1]).toBe(before.lines[1])
})

test('[CQ7] groups that do not fit the runs are refused', async () => {
  const { store, ids, answers, cache } = await twoRuns()
  await expect(answers.answer(store, cache, ask(ids, { groups: [1] }))).rejects.toMatchObject({
    code: 'INVALID_PARAMETER_VALUE'
  })
})

test('[CQ8] another range shows a point that came while where the series lies was being read', async () => {
  const { store, one, ids, answers, cache } = await twoRuns()
  const read = store.read.bind(store)
  store.read = async (work) => {
    const found = await read(work)
    store.read = read
    await log(store, one, 'loss', [at(4, 0)])
    answers.invalidate(changeOf(one.runId))
    return found
  }
  await answers.answer(store, cache, ask(ids))
  const { lines } = await answers.answer(store, cache, ask(ids, { range: [0, 10] }))
  expect([...lines[0]!.raw.y]).toEqual([4, 3, 2, 1, 0])
})
