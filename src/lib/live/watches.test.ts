import { expect, test, vi } from 'vitest'
import { RunnelError } from '#lib/domain/errors.ts'
import { DEFAULT_EXPERIMENT_ID } from '#lib/domain/ids.ts'
import { logPoints } from '#lib/store/metrics.ts'
import { createRun } from '#lib/store/runs.ts'
import { openTestStore } from '../../../tests/support/engines.ts'
import { LiveHost } from './host.ts'
import { ChartReader, type ChartParcel } from './chart-parcel.ts'
import type { LiveEvent } from './protocol.ts'

test('a chart that saw points which are then lost is drawn again without them, and never with them', async () => {
  const { store, journal } = await openTestStore('node:sqlite')
  const run = await store.write((tx) => createRun(tx, { experimentId: DEFAULT_EXPERIMENT_ID }))
  const log = (step: number, value: number) =>
    store.write((tx) => logPoints(tx, run, [{ key: 'loss', step, timestamp: step, value }]))
  await log(0, 1)
  const host = new LiveHost({
    store,
    info: { epoch: 'e1', version: '1' },
    ownOrigin: 'http://runnel.test',
    attachNotebook: () => Promise.reject(new Error('No notebook comes.')),
    sizes: () => ({ databaseBytes: 0, logBytes: 0 }),
    applyDurability: () => undefined,
    giveRoomBack: () => Promise.resolve(),
    whenFree: () => new Promise(() => undefined)
  })
  let seen: number[] = []
  const reader = new ChartReader()
  const onEvent = (event: LiveEvent) => {
    for (const answer of event.t === 'answers' ? event.answers : [])
      if ('value' in answer) seen = [...reader.read(answer.value as ChartParcel).lines[0]!.raw.y]
  }
  const session = await host.door.open('tab', 'lock', onEvent)

  // The disk answers late, and then says no.
  const append = journal.append.bind(journal)
  journal.append = async (statements) => {
    await new Promise((resolve) => setTimeout(resolve, 50))
    return append(statements)
  }
  journal.failWith(new RunnelError('RESOURCE_EXHAUSTED', 'full'))
  const losing = log(1, 666)
  const chart = { kind: 'chart', runIds: [run.runId], key: 'loss', x: 'step', range: null, buckets: 100 } as const
  await session.watch([{ watch: 1, ask: 1, query: { ...chart, smoothing: null, groups: null } }])
  await vi.waitFor(() => expect(seen).toEqual([1, 666]))
  await expect(losing).rejects.toMatchObject({ code: 'RESOURCE_EXHAUSTED' })
  await vi.waitFor(() => expect(seen).toEqual([1]))
  journal.failWith(null)
  await log(1, 2)
  await vi.waitFor(() => expect(seen).toEqual([1, 2]))
})
