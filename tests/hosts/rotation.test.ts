/** A room that begins again by itself, as it has become too large, while members of it log. */
import { afterEach, expect, test } from 'vitest'
import type { RunId } from '#lib/domain/ids.ts'
import { seriesOf } from '#lib/domain/series.ts'
import { createExperiment } from '#lib/store/experiments.ts'
import { logSeries } from '#lib/store/metrics.ts'
import { logParams } from '#lib/store/params.ts'
import { createRun, findRunInfo, getRun, requireActiveRun, updateRun } from '#lib/store/runs.ts'
import type { Store } from '#lib/store/store.ts'
import { setRunTags } from '#lib/store/tags.ts'
import { ROOMS_PATH } from '#lib/sync/agreement.ts'
import { openBrowserStore, type BrowserStore } from '../support/browser-store.ts'
import { historyOf } from '../support/history-of.ts'
import { startNodeHost } from '../support/node-host.ts'

const ends: (() => Promise<unknown>)[] = []
afterEach(async () => {
  for (const end of ends.splice(0).reverse()) await end()
})

const WAIT = { timeout: 20_000, interval: 50 }
const RUNS = 3
const ROUNDS = 60

async function browser(origin: string): Promise<BrowserStore> {
  const opened = await openBrowserStore(origin)
  ends.push(opened.close)
  return opened
}

/** Of each run, one after the other: a param nobody named before, so that records name another list of keys; a point; and it ends. */
async function log({ store }: BrowserStore, runs: readonly RunId[], who: string): Promise<void> {
  for (let round = 0; round < ROUNDS; round++) {
    const runId = runs[round % RUNS]!
    const point = { step: round, timestamp: 1000 + round, value: round / 8 }
    await store.write(async (tx) => {
      const run = await requireActiveRun(tx, runId)
      await logParams(tx, run, [{ key: `a param of ${who} that was named in round ${round}`, value: String(round) }])
      await setRunTags(tx, run, [{ key: who, value: String(round) }])
      await logSeries(tx, run, new Map([[`loss of ${who}`, seriesOf([point])]]))
      await updateRun(tx, runId, { status: 'FINISHED', endTime: 5000 + round })
    })
    await new Promise((resolve) => setTimeout(resolve, 25))
  }
}

/** All that a store has of some runs: params, tags, and points one by one. */
async function allOf(store: Store, runs: readonly RunId[]): Promise<unknown> {
  const all = []
  for (const runId of runs) {
    const { data } = await store.read((r) => getRun(r, runId))
    const points = []
    for (const { key, count } of data.metrics) points.push([key, count, await historyOf(store, runId, key)])
    const pairs = (list: readonly { readonly key: string; readonly value: string }[]) =>
      list.map(({ key, value }) => `${key}=${value}`).sort()
    all.push({ params: pairs(data.params), tags: pairs(data.tags), points })
  }
  return all
}

test('[RT1] nothing is lost or doubled by members who go on logging while it does', { timeout: 90_000 }, async () => {
  const host = await startNodeHost([], undefined, { logBytes: 4096, logUpdates: 5000, roomBytes: 8192 })
  ends.push(host.end)
  const [a, b] = [await browser(host.address), await browser(host.address)]
  await a.sharing.setHost({ address: host.address, token: null })
  const { experimentId, runs } = await a.store.write(async (tx) => {
    const experimentId = await createExperiment(tx, { name: 'grows' })
    const runs: RunId[] = []
    for (let i = 0; i < RUNS; i++) runs.push((await createRun(tx, { experimentId, name: `run ${i}` })).runId)
    return { experimentId, runs }
  })
  const { link } = await a.sharing.share(experimentId, { role: 'editor', name: '', expiresTime: null })
  await b.sharing.setPersonName('Bea')
  const joined = await b.sharing.join(link, false)
  await expect.poll(() => b.store.read((r) => findRunInfo(r, runs.at(-1)!)), WAIT).not.toBeNull()

  const epochs = new Set<string>()
  const epoch = async (): Promise<void> => {
    const snapshot = await fetch(`${host.address}${ROOMS_PATH}/x.${experimentId}/snapshot`)
    expect(snapshot.status).toBe(200)
    await snapshot.arrayBuffer()
    epochs.add(/"(\d+)\./.exec(snapshot.headers.get('etag')!)![1]!)
  }
  await epoch()
  const logging = Promise.all([log(a, runs, 'Ada'), log(b, runs, 'Bea')])
  let isOver = false
  const watching = (async () => {
    while (!isOver) await epoch()
  })()
  await logging
  await expect.poll(async () => (await a.sharing.view(experimentId)).sync, WAIT).toBe('synced')
  await expect.poll(async () => (await b.sharing.view(joined)).sync, WAIT).toBe('synced')
  isOver = true
  await watching
  // The first, and several after it.
  expect(epochs.size).toBeGreaterThan(3)

  const named = async () => JSON.stringify(await allOf(a.store, runs)).match(/a param of/g)?.length
  await expect.poll(named, WAIT).toBe(2 * ROUNDS)
  const own = await allOf(a.store, runs)
  await expect.poll(() => allOf(b.store, runs), WAIT).toEqual(own)
  // Who comes only now has it from what the room began with last, and from nobody else.
  for (const { close } of [a, b]) await close()
  const late = await browser(host.address)
  await late.sharing.join(link, false)
  await expect.poll(() => late.store.read((r) => findRunInfo(r, runs.at(-1)!)), WAIT).not.toBeNull()
  await expect.poll(() => allOf(late.store, runs), WAIT).toEqual(own)
  const points = (own as { points: [string, number, unknown[]][] }[]).flatMap((run) => run.points)
  expect(points.map(([, count, history]) => [count, history.length])).toEqual(
    points.map(() => [ROUNDS / RUNS, ROUNDS / RUNS])
  )
})
