import { expect, test } from 'vitest'
import { DEFAULT_EXPERIMENT_ID, newRunId, type RunId } from '#lib/domain/ids.ts'
import { BULK } from '#lib/domain/limits.ts'
import { createExperiment } from '#lib/store/experiments.ts'
import { logParams } from '#lib/store/params.ts'
import { createRun, getRun, updateRun } from '#lib/store/runs.ts'
import { dumpStore, openTestStore } from '../../../tests/support/engines.ts'
import { createBulkCommands } from './bulk-commands.ts'

const refused = { code: 'INVALID_PARAMETER_VALUE' }

async function open(count: number) {
  const { store, clock } = await openTestStore('node:sqlite')
  const ids = await store.write(async (tx) => {
    const ids: RunId[] = []
    for (let at = 0; at < count; at++) {
      const run = await createRun(tx, { experimentId: DEFAULT_EXPERIMENT_ID, name: `run ${at}`, startTime: at })
      await logParams(tx, run, [{ key: 'lr', value: String(at) }])
      ids.push(run.runId)
    }
    return ids
  })
  const tag = async (id: RunId, key: string) =>
    (await store.read((r) => getRun(r, id))).data.tags.find((each) => each.key === key)?.value
  const info = async (id: RunId) => (await store.read((r) => getRun(r, id))).info
  return { store, clock, ids, commands: createBulkCommands(store), tag, info }
}

test('[BU1] only what was changed is undone: runs in the trash before stay there, and living ones live', async () => {
  const { commands, ids, info } = await open(2)
  const [first, second] = ids as [RunId, RunId]
  await commands.deleteRuns([first])
  const gone = await commands.deleteRuns([first, second, second])
  expect(gone).toEqual([second])
  expect(await commands.restoreRuns(gone)).toEqual([second])
  expect((await info(first)).lifecycleStage).toBe('deleted')
  expect(await commands.restoreRuns(ids)).toEqual([first])
})

test('[BU2] renaming gives back the names there were, and refuses a blank one whole', async () => {
  const { store, commands, ids, info } = await open(2)
  const before = await dumpStore(store)
  const names = await commands.renameRuns(ids.map((runId, at) => ({ runId, name: `new ${at}` })))
  expect((await info(ids[1]!)).name).toBe('new 1')
  await commands.renameRuns(names)
  expect(await dumpStore(store)).toEqual(before)
  const blank = ids.map((runId, at) => ({ runId, name: at === 0 ? 'x' : ' ' }))
  expect(() => commands.renameRuns(blank)).toThrow(expect.objectContaining(refused))
  expect(await dumpStore(store)).toEqual(before)
})

test('[BU3] tags are set, changed and taken away, and what comes back undoes it, a key named twice too', async () => {
  const { commands, ids, tag } = await open(2)
  const [first, second] = ids as [RunId, RunId]
  await commands.tagRuns([{ runId: first, key: 'team', value: 'cellar' }])
  const earlier = await commands.tagRuns([
    { runId: first, key: 'team', value: null },
    { runId: second, key: 'team', value: 'a' },
    { runId: second, key: 'team', value: 'b' },
    { runId: second, key: 'absent', value: null }
  ])
  expect([await tag(first, 'team'), await tag(second, 'team')]).toEqual([undefined, 'b'])
  await commands.tagRuns(earlier)
  expect([await tag(first, 'team'), await tag(second, 'team')]).toEqual(['cellar', undefined])
  const name = { runId: first, key: 'mlflow.runName', value: 'x' }
  expect(() => commands.tagRuns([name])).toThrow(expect.objectContaining(refused))
})

test('[BU4] ending runs keeps an end that is known, and is undone with the absence of one', async () => {
  const { store, clock, commands, ids, info } = await open(2)
  const [running, failed] = ids as [RunId, RunId]
  await store.write((tx) => updateRun(tx, failed, { status: 'FAILED', endTime: 7 }))
  const states = await commands.endRuns(ids, 'KILLED')
  expect(await info(running)).toMatchObject({ status: 'KILLED', endTime: clock.now })
  expect(await info(failed)).toMatchObject({ status: 'KILLED', endTime: 7 })
  await commands.setRunStates(states)
  expect(await info(running)).toMatchObject({ status: 'RUNNING', endTime: null })
  expect(await info(failed)).toMatchObject({ status: 'FAILED', endTime: 7 })
  expect(() => commands.endRuns(ids, 'RUNNING')).toThrow(expect.objectContaining(refused))
})

test('[BU5] one run that may not be changed leaves all of a call undone', async () => {
  const { store, commands, ids } = await open(2)
  await commands.deleteRuns([ids[1]!])
  const before = await dumpStore(store)
  for (const call of [
    commands.tagRuns(ids.map((runId) => ({ runId, key: 'a', value: 'b' }))),
    commands.endRuns(ids, 'FINISHED'),
    commands.renameRuns(ids.map((runId) => ({ runId, name: 'x' })))
  ])
    await expect(call).rejects.toMatchObject(refused)
  await expect(commands.moveRuns([ids[0]!, newRunId()], DEFAULT_EXPERIMENT_ID)).rejects.toMatchObject({
    code: 'RESOURCE_DOES_NOT_EXIST'
  })
  expect(await dumpStore(store)).toEqual(before)
})

test('[BU6] runs move and move back, and rows of them come in the order asked for', async () => {
  const { store, commands, ids, info } = await open(3)
  const to = await store.write((tx) => createExperiment(tx, { name: 'to' }))
  const moved = await commands.moveRuns(ids.slice(0, 2), to)
  expect((await info(ids[1]!)).experimentId).toBe(to)
  await commands.moveRunsBack(moved)
  expect(await info(ids[1]!)).toMatchObject({ experimentId: DEFAULT_EXPERIMENT_ID, number: 2 })
  const rows = await commands.runRows([ids[2]!, ids[0]!, newRunId()], [{ kind: 'param', key: 'lr' }])
  expect(rows.map((row) => row.cells)).toEqual([['2'], ['0']])
})

test('[BU7] a call that names too many runs, or no list of them, is refused', async () => {
  const { commands } = await open(0)
  const many = Array.from({ length: BULK.commandRuns + 1 }, () => 'a' as RunId)
  expect(() => commands.moveRuns(many, DEFAULT_EXPERIMENT_ID)).toThrow(expect.objectContaining(refused))
  expect(() => commands.endRuns('abc' as never, 'KILLED')).toThrow(expect.objectContaining(refused))
})
