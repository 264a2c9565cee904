import { expect, test } from 'vitest'
import { DEFAULT_EXPERIMENT_ID } from '#lib/domain/ids.ts'
import { openTestStore } from '../../../tests/support/engines.ts'
import { deleteExperiment } from './experiments.ts'
import { experimentKeys } from './keys.ts'
import { logPoints } from './metrics.ts'
import { createRun } from './runs.ts'
import { purgeTrash } from './trash.ts'

test('the Default experiment, emptied from the trash, still shows the keys it is given again', async () => {
  const { store } = await openTestStore('node:sqlite')
  const logOne = () =>
    store.write(async (tx) => {
      const run = await createRun(tx, { experimentId: DEFAULT_EXPERIMENT_ID })
      await logPoints(tx, run, [{ key: 'loss', step: 0, timestamp: 0, value: 1 }])
    })
  await logOne()
  await store.write((tx) => deleteExperiment(tx, DEFAULT_EXPERIMENT_ID))
  await store.write((tx) => purgeTrash(tx))
  await logOne()
  expect((await store.read((r) => experimentKeys(r, DEFAULT_EXPERIMENT_ID))).metrics).toEqual(['loss'])
})
