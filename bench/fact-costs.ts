// What sharing adds to a write, and what facts of a run take. See bench/README.md.
import { createExperiment } from '#lib/store/experiments.ts'
import type { RunInfo } from '#lib/domain/run.ts'
import { logPoints } from '#lib/store/metrics.ts'
import { logParams } from '#lib/store/params.ts'
import { createRun } from '#lib/store/runs.ts'
import { setRunTags } from '#lib/store/tags.ts'
import type { Tx } from '#lib/store/database.ts'
import { shareExperiment } from '#lib/store/sync/sharing.ts'
import { recordsOfRoom } from '#lib/store/sync/publication.ts'
import { encodeFacts } from '#lib/domain/sync/facts-codec.ts'
import { KeyListMap } from '#lib/domain/sync/key-lists.ts'
import { openTestStore } from '../tests/support/engines.ts'
import { percentile, report } from './support/report.ts'

const ROUNDS = 400
/** A run has as many params as most have. */
const RUN_ROUNDS = 20

type Work = (tx: Tx, run: RunInfo, round: number) => Promise<unknown>

const WORK: Readonly<Record<string, Work>> = {
  log_param: (tx, run, i) => logParams(tx, run, [{ key: `p${i}`, value: '1' }]),
  log_metric: (tx, run, i) => logPoints(tx, run, [{ key: 'loss', step: i, timestamp: i, value: i / 7 }]),
  log_batch: async (tx, run, i) => {
    await logPoints(
      tx,
      run,
      Array.from({ length: 100 }, (_, k) => ({
        key: `m${k % 10}`,
        step: i * 10 + k,
        timestamp: i * 10 + k,
        value: k / 3
      }))
    )
    await logParams(
      tx,
      run,
      Array.from({ length: 5 }, (_, k) => ({ key: `p${k}`, value: 'v' }))
    )
    await setRunTags(tx, run, [{ key: 'epoch', value: String(i) }])
  }
}

/** Median, in microseconds. */
async function medianUs(work: Work, isShared: boolean): Promise<number> {
  const { store, clock } = await openTestStore('node:sqlite')
  const experimentId = await store.write((tx) => createExperiment(tx, { name: 'costs' }))
  if (isShared) await shareExperiment(store, experimentId, '')
  const times: number[] = []
  let run = await store.write((tx) => createRun(tx, { experimentId }))
  for (let i = 0; i < ROUNDS; i++) {
    clock.now += 1
    if (i % RUN_ROUNDS === 0) run = await store.write((tx) => createRun(tx, { experimentId }))
    const start = performance.now()
    await store.write((tx) => work(tx, run, i))
    times.push((performance.now() - start) * 1000)
  }
  return percentile(times.slice(20), 0.5)
}

const figures: Record<string, number> = {}
for (const [name, work] of Object.entries(WORK)) {
  const [alone, shared] = [await medianUs(work, false), await medianUs(work, true)]
  figures[`${name}_us`] = alone
  figures[`${name}_shared_us`] = shared
}

const { store } = await openTestStore('node:sqlite')
const experimentId = await store.write((tx) => createExperiment(tx, { name: 'bytes' }))
const RUNS = 200
for (let i = 0; i < RUNS; i++)
  await store.write(async (tx) => {
    const run = await createRun(tx, { experimentId, name: `run ${i}` })
    const keys = Array.from({ length: 20 }, (_, k) => k)
    await logParams(
      tx,
      run,
      keys.map((k) => ({ key: `param_${k}`, value: String((i * 31 + k * 7) % 97) }))
    )
    await setRunTags(
      tx,
      run,
      keys.map((k) => ({ key: `tag_${k}`, value: `value ${(i * 17 + k) % 53}` }))
    )
    await logPoints(
      tx,
      run,
      keys.map((k) => ({ key: `metric_${k}`, step: i, timestamp: 1.7e12 + i, value: Math.sin(i * k) }))
    )
  })
const { sharedId } = await shareExperiment(store, experimentId, '')
const lists = new KeyListMap()
const records = (await recordsOfRoom(store, sharedId)).filter(({ subject }) => subject.startsWith('r'))
figures['bytes_per_run'] = records.reduce((sum, { facts }) => sum + encodeFacts(facts, lists).length, 0) / RUNS
report('fact-costs', figures)
