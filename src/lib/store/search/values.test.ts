import { describe, expect, test } from 'vitest'
import { DEFAULT_EXPERIMENT_ID } from '#lib/domain/ids.ts'
import { LIVE } from '#lib/domain/limits.ts'
import type { Field } from '#lib/domain/search/tree.ts'
import { TAGS } from '#lib/domain/tag.ts'
import { ENGINES, openTestStore } from '../../../../tests/support/engines.ts'
import { logInputs } from '../datasets.ts'
import { createExperiment } from '../experiments.ts'
import { logPoints } from '../metrics.ts'
import { logParams } from '../params.ts'
import { createRun, deleteRun } from '../runs.ts'
import { setRunTags } from '../tags.ts'
import { fieldValues } from './values.ts'

const param: Field = { kind: 'param', key: 'opt' }

describe.each(ENGINES)('values of a field on %s', (name) => {
  async function open(values: readonly string[]) {
    const { store } = await openTestStore(name)
    await store.write(async (tx) => {
      for (const [at, value] of values.entries()) {
        const run = await createRun(tx, { experimentId: DEFAULT_EXPERIMENT_ID, name: `r${at}`, userId: 'ada' })
        await logParams(tx, run, [{ key: 'opt', value }])
      }
    })
    const ask = (field: Field, typed = '') =>
      store.read((r) => fieldValues(r, { experimentId: DEFAULT_EXPERIMENT_ID, field, typed }))
    return { store, ask }
  }

  test('[VA1] what most runs have comes first, then by text; typing narrows, capitals or not, % being itself', async () => {
    const { ask } = await open(['sgd', 'Adam', 'adam', 'Adam', '50%', ''])
    expect((await ask(param)).values).toEqual([
      { value: 'Adam', runs: 2 },
      { value: '50%', runs: 1 },
      { value: 'adam', runs: 1 },
      { value: 'sgd', runs: 1 }
    ])
    expect((await ask(param, 'AD')).values.map((each) => each.value)).toEqual(['Adam', 'adam'])
    expect((await ask(param, '%')).values.map((each) => each.value)).toEqual(['50%'])
  })

  test('[VA2] runs in the trash and of other experiments do not count', async () => {
    const { store, ask } = await open(['sgd'])
    await store.write(async (tx) => {
      const gone = await createRun(tx, { experimentId: DEFAULT_EXPERIMENT_ID })
      await logParams(tx, gone, [{ key: 'opt', value: 'gone' }])
      await deleteRun(tx, gone.runId)
      const other = await createRun(tx, { experimentId: await createExperiment(tx, { name: 'other' }) })
      await logParams(tx, other, [{ key: 'opt', value: 'other' }])
    })
    expect((await ask(param)).values).toEqual([{ value: 'sgd', runs: 1 }])
  })

  test('[VA3] only so many, and none that is long', async () => {
    const many = Array.from({ length: LIVE.fieldValues + 5 }, (_, at) => `v${at}`)
    const { ask } = await open([...many, 'x'.repeat(LIVE.offeredValueLength + 1)])
    const answer = await ask(param)
    expect([answer.values.length, answer.more]).toEqual([LIVE.fieldValues, true])
    expect((await ask(param, 'xx')).values).toEqual([])
  })

  test('[VA4] a metric has a range without NaN, or none; tags, users and datasets have values', async () => {
    const { store, ask } = await open([])
    await store.write(async (tx) => {
      for (const [at, value] of [2, NaN, -1].entries()) {
        const run = await createRun(tx, { experimentId: DEFAULT_EXPERIMENT_ID, name: `r${at}`, userId: 'ada' })
        await logPoints(tx, run, [{ key: 'loss', step: 0, timestamp: 0, value }])
        await setRunTags(tx, run, [{ key: 'team', value: 'cellar' }])
        const dataset = { name: 'wine', digest: 'd', sourceType: 's', source: 'x', schema: null, profile: null }
        await logInputs(tx, run, [{ dataset, tags: [{ key: TAGS.dataContext, value: 'training' }] }])
      }
    })
    const values = async (field: Field) => (await ask(field)).values
    expect((await ask({ kind: 'metric', key: 'loss' })).range).toEqual([-1, 2])
    expect((await ask({ kind: 'metric', key: 'none' })).range).toBeNull()
    expect(await values({ kind: 'tag', key: 'team' })).toEqual([{ value: 'cellar', runs: 3 }])
    expect(await values({ kind: 'attribute', key: 'user_id' })).toEqual([{ value: 'ada', runs: 3 }])
    expect(await values({ kind: 'attribute', key: 'run_name' })).toHaveLength(3)
    expect(await values({ kind: 'dataset', key: 'name' })).toEqual([{ value: 'wine', runs: 3 }])
    expect(await values({ kind: 'dataset', key: 'context' })).toEqual([{ value: 'training', runs: 3 }])
    expect(await values({ kind: 'attribute', key: 'start_time' })).toEqual([])
  })
})
