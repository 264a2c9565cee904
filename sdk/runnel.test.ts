import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { createApi } from '#lib/api/app.ts'
import { createNotebookSession } from '#lib/bridge/notebook-session.ts'
import type { Store } from '#lib/store/store.ts'
import { openTestStore } from '../tests/support/engines.ts'
import { describeDataset } from './datasets.ts'
import { hashText } from './hash.ts'
import * as runnel from './runnel.ts'

let writers = 0

/** What a page of Runnel's own origin does: make a channel and hand one end to the store. */
function openPort(store: Store, session: string): MessagePort {
  const { port1, port2 } = new MessageChannel()
  const api = createApi(store, { version: 'test' })
  createNotebookSession({
    store,
    api: async (request) => api.fetch(request),
    port: port2,
    session,
    writer: `w${++writers}`,
    origin: 'http://runnel.test',
    epoch: 'e1',
    onClose: () => undefined
  })
  return port1
}

let store: Store

beforeEach(async () => {
  vi.spyOn(console, 'warn').mockImplementation(() => undefined)
  ;({ store } = await openTestStore('node:sqlite'))
  await runnel.connect({ port: () => openPort(store, `s${writers}`) })
})

afterEach(async () => {
  await runnel.disconnect()
  vi.restoreAllMocks()
})

describe('runnel.js over a given port', () => {
  test('logs in MLflow’s words and reads back what it logged', async () => {
    await runnel.setExperiment('mnist')
    const run = await runnel.startRun({ runName: 'one', tags: { team: 'a' }, description: 'Why.' })
    expect(runnel.activeRun()).toBe(run)
    void runnel.logParams({ lr: 0.1, opt: 'adam', layers: [1, 2], flag: true, none: null })
    void runnel.logMetrics({ loss: 0.5, acc: NaN }, { step: 3, timestamp: 7 })
    void runnel.setTags({ team: 'b' })
    void runnel.deleteTag('team')
    await runnel.endRun()
    const record = await runnel.getRun(run.runId)
    expect(record.info).toMatchObject({ runName: 'one', status: 'FINISHED' })
    expect(record.data.params).toEqual({ lr: '0.1', opt: 'adam', layers: '[1,2]', flag: 'true', none: 'null' })
    expect(record.data.metrics).toEqual({ loss: 0.5, acc: NaN })
    expect(record.data.tags).toEqual({ 'mlflow.runName': 'one', 'mlflow.note.content': 'Why.' })
    expect(await runnel.getMetricHistory(run.runId, 'loss')).toEqual([
      { key: 'loss', step: 3, timestamp: 7, value: 0.5 }
    ])
    expect(await runnel.getExperimentByName('mnist')).toMatchObject({ experimentId: record.info.experimentId })
    expect(await runnel.getExperimentByName('nothing')).toBeNull()
  })

  test('what is logged right after an un-awaited start belongs to it', async () => {
    void runnel.startRun({ runName: 'eager' })
    void runnel.logMetric('loss', 1)
    const { runId } = runnel.activeRun()!
    await runnel.endRun('KILLED')
    expect(await runnel.getRun(runId)).toMatchObject({ info: { status: 'KILLED' }, data: { metrics: { loss: 1 } } })
    expect(runnel.activeRun()).toBeNull()
    expect(runnel.lastActiveRun()?.runId).toBe(runId)
  })

  test('starts a run by itself when something is logged without one', async () => {
    await runnel.logMetric('loss', 2)
    expect((await runnel.searchRuns()).map(({ data }) => data.metrics)).toEqual([{ loss: 2 }])
    await runnel.endRun()
  })

  test('nests runs in the active one, and refuses a second one beside it', async () => {
    const parent = await runnel.startRun({ experiment: 'sweep' })
    await expect(runnel.startRun()).rejects.toMatchObject({ code: 'INVALID_STATE' })
    const child = await runnel.startRun({ nested: true })
    expect(child.parentRunId).toBe(parent.runId)
    await runnel.endRun()
    expect(runnel.activeRun()).toBe(parent)
    await runnel.endRun()
    const [found] = await runnel.searchRuns({
      experimentNames: ['sweep'],
      filter: `tags.mlflow.parentRunId = '${parent.runId}'`
    })
    expect(found?.info.runId).toBe(child.runId)
  })

  test('withRun ends FINISHED with the value, or FAILED with the error thrown on', async () => {
    const value = await runnel.withRun({ runName: 'good' }, async (run) => run.logMetric('x', 1).then(() => 42))
    expect(value).toBe(42)
    await expect(
      runnel.withRun({ runName: 'bad' }, () => {
        throw new Error('diverged')
      })
    ).rejects.toThrow('diverged')
    const states = (await runnel.searchRuns()).map(({ info }) => [info.runName, info.status])
    expect(Object.fromEntries(states)).toEqual({ good: 'FINISHED', bad: 'FAILED' })
  })

  test('a run in an `await using` block ends with it', async () => {
    let id: string
    {
      await using run = await runnel.startRun()
      id = run.runId
    }
    expect((await runnel.getRun(id)).info.status).toBe('FINISHED')
    expect(runnel.activeRun()).toBeNull()
  })

  test('resumes a run by id, and refuses to resume one that is not there', async () => {
    const { runId } = await runnel.startRun({ runName: 'again' })
    await runnel.endRun()
    await runnel.startRun({ runId })
    expect((await runnel.getRun(runId)).info).toMatchObject({ runName: 'again', status: 'RUNNING' })
    await runnel.endRun()
    await expect(runnel.startRun({ runId: 'f'.repeat(32) })).rejects.toMatchObject({ code: 'RESOURCE_DOES_NOT_EXIST' })
    expect(runnel.activeRun()).toBeNull()
  })

  test('takes what JavaScript hands it without breaking the connection', async () => {
    await runnel.startRun()
    const odd = <T>(value: unknown) => value as T
    const outcomes = await Promise.allSettled([
      runnel.logMetric(odd(7), 1),
      runnel.logMetric('x', odd('1')),
      runnel.logMetric('x', 1, { step: NaN }),
      runnel.logMetric('x', 1, { timestamp: -1 }),
      runnel.logMetric('', 1),
      runnel.logParam(odd(Symbol('s')), 1),
      runnel.endRun(odd('DONE')),
      runnel.logText('x', '/etc/passwd'),
      runnel.logDict(odd({ big: 1n }), 'a.json'),
      runnel.logInput({ name: odd(undefined), digest: 'x'.repeat(99) })
    ])
    const codes = outcomes.map((one) => (one.status === 'fulfilled' ? 'kept' : (one.reason as runnel.RunnelError).code))
    expect(codes).toEqual([
      'kept',
      ...Array<string>(4).fill('INVALID_PARAMETER_VALUE'),
      'INVALID_PARAMETER_VALUE',
      ...Array<string>(4).fill('INVALID_PARAMETER_VALUE')
    ])
    expect(runnel.status().state).toBe('open')
    await runnel.endRun()
  })

  test('the client speaks by run id', async () => {
    const client = new runnel.RunnelClient()
    const experimentId = await client.createExperiment('by id', { tags: { owner: 'me' } })
    await expect(client.createExperiment('by id')).rejects.toMatchObject({ code: 'RESOURCE_ALREADY_EXISTS' })
    const { info } = await client.createRun(experimentId, { runName: 'c', startTime: 5 })
    await client.logBatch(info.runId, {
      metrics: [
        { key: 'a', value: 1 },
        { key: 'a', value: 2, step: 1 }
      ],
      params: { p: 1 },
      tags: { t: 2 }
    })
    await client.setTerminated(info.runId, 'FAILED', 9)
    expect(await client.getRun(info.runId)).toMatchObject({
      info: { startTime: 5, endTime: 9, status: 'FAILED', experimentId },
      data: { metrics: { a: 2 }, params: { p: '1' } }
    })
    await client.updateRun(info.runId, { name: 'renamed' })
    await client.deleteRun(info.runId)
    expect(await client.searchRuns({ experimentIds: [experimentId] })).toEqual([])
    expect((await client.searchRuns({ experimentIds: [experimentId], view: 'DELETED_ONLY' }))[0]?.info.runName).toBe(
      'renamed'
    )
    expect((await client.getExperiment(experimentId)).tags).toEqual({ owner: 'me' })
  })

  test('more results than one page come as one list', async () => {
    const { runId } = await runnel.startRun()
    for (let step = 0; step < 26_000; step++) void runnel.logMetric('loss', step, { step, timestamp: 1 })
    await runnel.endRun()
    expect(await runnel.getMetricHistory(runId, 'loss')).toHaveLength(26_000)
  })

  test('says how it stands', async () => {
    const seen: string[] = []
    const stop = runnel.onStatus(({ state }) => seen.at(-1) !== state && seen.push(state))
    await runnel.disconnect()
    expect(runnel.status()).toEqual({ state: 'idle', pending: 0, message: null })
    await runnel.connect({ port: () => openPort(store, 'later') })
    expect(runnel.status()).toEqual({ state: 'open', pending: 0, message: null })
    stop()
    expect(seen[0]).toBe('open')
    expect(seen.at(-1)).toBe('open')
    expect(seen).toContain('idle')
  })
})

describe('datasets', () => {
  test('the same content has the same digest; a digest fits MLflow’s limit', () => {
    const rows = [{ a: 1 }, { a: 2 }]
    const one = describeDataset({ name: 'n', data: rows })
    expect(describeDataset({ name: 'n', data: [{ a: 1 }, { a: 2 }] }).digest).toBe(one.digest)
    expect(describeDataset({ name: 'n', data: [{ a: 1 }, { a: 3 }] }).digest).not.toBe(one.digest)
    expect(one.digest).toMatch(/^[0-9a-f]{16}$/)
    expect(one).toMatchObject({ sourceType: 'code', profile: '{"num_rows":2,"num_elements":2}' })
    expect(describeDataset({ name: 'n', source: 'https://x.test/a.csv' })).toMatchObject({
      sourceType: 'http',
      source: '{"url":"https://x.test/a.csv"}'
    })
    const bytes = new Float64Array([1, 2])
    expect(describeDataset({ name: 'n', data: bytes }).digest).toBe(
      describeDataset({ name: 'n', data: bytes.buffer }).digest
    )
  })

  test('names made of a session and a number do not collide', () => {
    const names = new Set(Array.from({ length: 20_000 }, (_, i) => hashText(`cell\n${i}`)))
    expect(names.size).toBe(20_000)
    expect([...names].every((name) => /^[0-9a-f]{32}$/.test(name))).toBe(true)
  })
})
