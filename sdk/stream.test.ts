import { afterEach, describe, expect, test, vi } from 'vitest'
import { createNotebookSession, type NotebookSession } from '#lib/bridge/notebook-session.ts'
import type { PortMessageToClient, Put, SessionOp } from '#lib/bridge/protocol.ts'
import { RunnelError } from '#lib/domain/errors.ts'
import type { RunId } from '#lib/domain/ids.ts'
import { BRIDGE } from '#lib/domain/limits.ts'
import { deleteRun, getRun } from '#lib/store/runs.ts'
import { ENGINES, openTestStore, type TestStore } from '../tests/support/engines.ts'
import { RunLog } from './run-log.ts'
import { OpStream } from './stream.ts'
import { historyOf } from '../tests/support/history-of.ts'

const RUN = 'a'.repeat(32) as RunId

/** A stream, and a cable to a real session of a real store that a test may cut and mend. */
class Cable {
  readonly stream: OpStream
  readonly run: RunLog
  readonly sent: Put[] = []
  readonly received: PortMessageToClient[] = []
  /** While true, the connection dies between the disk and the ack. */
  losesAcks = false
  #port: MessagePort | null = null
  #session: NotebookSession | null = null
  readonly #test: TestStore
  readonly #name: string

  constructor(test: TestStore, name = 'session-1') {
    this.#test = test
    this.#name = name
    this.stream = new OpStream({ session: name, onNeeded: () => undefined, onChange: () => undefined })
    this.run = new RunLog(this.stream, RUN)
    cables.push(this)
  }

  connect(): void {
    const { port1, port2 } = new MessageChannel()
    this.#port = port1
    port1.onmessage = ({ data }: MessageEvent<PortMessageToClient>) => {
      this.received.push(data)
      if (data.t === 'welcome') this.stream.connected((put, transfer) => this.#send(put, transfer), data)
      else if (data.t === 'ack' && !this.losesAcks) this.stream.acked(data)
      else if (data.t === 'nack') this.stream.nacked(data)
      else if (data.t === 'ping') port1.postMessage({ t: 'pong' })
    }
    this.#session = createNotebookSession({
      store: this.#test.store,
      api: async () => new Response(null, { status: 404 }),
      port: port2,
      session: this.#name,
      writer: 'w1',
      origin: 'http://notebook.test',
      epoch: 'e1',
      onClose: () => undefined
    })
  }

  #send(put: Put, transfer: ArrayBuffer[]): void {
    this.sent.push(put)
    this.#port?.postMessage(put, transfer)
  }

  /** As a killed worker or a reloaded page does: without a word to either side. */
  cut(): void {
    if (this.#port !== null) this.#port.onmessage = null
    this.#port?.close()
    this.#session?.close('close')
    this.#port = null
    this.stream.disconnected()
  }
}

const cables: Cable[] = []
afterEach(() => {
  for (const cable of cables.splice(0)) cable.cut()
  vi.restoreAllMocks()
})

const start: SessionOp = { op: 'startRun', runId: RUN, startTime: 1, tags: [] }

async function opened(engine: (typeof ENGINES)[number] = 'node:sqlite') {
  const test = await openTestStore(engine)
  const cable = new Cable(test)
  void cable.stream.op(start)
  cable.connect()
  await cable.stream.flush()
  return { test, cable }
}

const stepsOf = (test: TestStore, key: string) =>
  historyOf(test.store, RUN, key).then((points) => points.map(({ step }) => step).sort((a, b) => a - b))

const range = (n: number) => Array.from({ length: n }, (_, i) => i)

describe.each(ENGINES)('a stream into a store on %s', (engine) => {
  test('100,000 points of 10 series, un-awaited, are exact', async () => {
    const { test, cable } = await opened(engine)
    for (let step = 0; step < 10_000; step++)
      void cable.run.logMetrics(Object.fromEntries(range(10).map((i) => [`m${i}`, step + i])), { step, timestamp: 5 })
    expect(cable.stream.pending).toBe(100_000)
    await cable.stream.flush()
    expect(cable.stream.pending).toBe(0)
    for (const key of ['m0', 'm9']) expect(await stepsOf(test, key)).toEqual(range(10_000))
    const { data } = await test.store.read((r) => getRun(r, RUN))
    expect(data.metrics.map(({ key, count, last }) => [key, count, last.value])).toContainEqual(['m3', 10_000, 10_002])
  })

  test('a cable cut at random loses nothing and repeats nothing', async () => {
    const { test, cable } = await opened(engine)
    // A seeded shuffle of what can happen, so that a failure can be repeated.
    let seed = 20261120
    const random = () => (seed = (seed * 1103515245 + 12345) % 2147483648) / 2147483648
    for (let step = 0; step < 5000; step++) {
      void cable.run.logMetric('loss', step, { step, timestamp: 5 })
      if (step % 97 === 0) void cable.run.setTag(`t${step}`, step)
      if (random() < 0.01) cable.cut()
      else if (random() < 0.02) cable.connect()
      if (random() < 0.05) await new Promise((resolve) => setTimeout(resolve, 1))
    }
    cable.cut()
    cable.connect()
    await cable.stream.flush()
    expect(await stepsOf(test, 'loss')).toEqual(range(5000))
    const { data } = await test.store.read((r) => getRun(r, RUN))
    expect(data.tags.filter(({ key }) => /^t\d+$/.test(key))).toHaveLength(Math.ceil(5000 / 97))
  })
})

describe('a stream', () => {
  test('sends an awaited point in its own tick, and a burst in full messages', async () => {
    const { cable } = await opened()
    cable.sent.length = 0
    const first = cable.run.logMetric('loss', 1, { step: 0 })
    expect(cable.sent.map(({ n }) => n)).toEqual([1])
    for (let step = 1; step <= 2500; step++) void cable.run.logMetric('loss', 1, { step })
    expect(cable.sent.map(({ n }) => n)).toEqual([1, 1000, 1000])
    await first
    await cable.stream.flush()
    expect(cable.sent.map(({ n }) => n)).toEqual([1, 1000, 1000, 500])
  })

  test('keeps within its credit', async () => {
    const test = await openTestStore('node:sqlite')
    const cable = new Cable(test)
    void cable.stream.op(start)
    for (let step = 0; step < 60_000; step++) void cable.run.logMetric('loss', 1, { step })
    let inFlight = 0
    cable.stream.connected((put) => void (inFlight += put.n), {
      hwm: 0,
      credit: { batches: 4, bytes: BRIDGE.creditBytes }
    })
    expect(inFlight).toBe(1 + 3 * BRIDGE.batchPoints)
    cable.stream.acked({ t: 'ack', upTo: 1 + BRIDGE.batchPoints })
    expect(inFlight).toBe(1 + 5 * BRIDGE.batchPoints)
    cable.stream.credited({ batches: 16, bytes: 3000 * 26 })
    cable.stream.acked({ t: 'ack', upTo: 1 + 2 * BRIDGE.batchPoints })
    expect(inFlight).toBe(1 + 5 * BRIDGE.batchPoints)
  })

  test('tells each caller what became of what they logged', async () => {
    const { cable } = await opened()
    vi.spyOn(console, 'warn').mockImplementation(() => undefined)
    const outcomes = await Promise.allSettled([
      cable.run.logParam('lr', 1),
      cable.run.logParam('lr', 2),
      cable.run.logParam('momentum', 0.9),
      cable.run.deleteTag('never'),
      cable.run.logMetric('loss', 1),
      cable.run.logMetric('bad//key', 1)
    ])
    expect(
      outcomes.map((outcome) => (outcome.status === 'rejected' ? (outcome.reason as RunnelError).code : 'kept'))
    ).toEqual(['kept', 'INVALID_PARAMETER_VALUE', 'kept', 'RESOURCE_DOES_NOT_EXIST', 'kept', 'INVALID_PARAMETER_VALUE'])
  })

  test('a refusal nobody awaits is one line, not an unhandled rejection', async () => {
    const warn = vi.spyOn(console, 'warn').mockImplementation(() => undefined)
    const unhandled = vi.fn()
    process.on('unhandledRejection', unhandled)
    const { test, cable } = await opened()
    await test.store.write((tx) => deleteRun(tx, RUN))
    for (let step = 0; step < 3000; step++) void cable.run.logMetrics({ a: 1, b: 2 }, { step })
    await cable.stream.flush()
    await new Promise((resolve) => setTimeout(resolve, 10))
    process.off('unhandledRejection', unhandled)
    expect(unhandled).not.toHaveBeenCalled()
    expect(warn.mock.calls.filter(([text]) => String(text).includes("'active' state"))).toHaveLength(1)
  })

  test('holds the place of what is still being made, and spends its number when it cannot be', async () => {
    const { test, cable } = await opened()
    vi.spyOn(console, 'warn').mockImplementation(() => undefined)
    let make!: (op: SessionOp) => void
    const made = cable.stream.op(new Promise<SessionOp>((resolve) => (make = resolve)))
    const failed = cable.stream.op(Promise.reject(new Error('no pixels')))
    const after = cable.run.logMetric('loss', 1, { step: 7 })
    await new Promise((resolve) => setTimeout(resolve, 20))
    expect(await stepsOf(test, 'loss')).toEqual([])
    make({ op: 'tag', runId: RUN, key: 'made', value: 'late' })
    await Promise.all([made, after])
    await expect(failed).rejects.toThrow('no pixels')
    expect(await stepsOf(test, 'loss')).toEqual([7])
  })

  test('a full disk is told to whoever waits, and what they logged is kept and saved once there is room', async () => {
    vi.spyOn(console, 'warn').mockImplementation(() => undefined)
    const { test, cable } = await opened()
    test.journal.failWith(new RunnelError('RESOURCE_EXHAUSTED', 'The disk is full.'))
    await expect(cable.run.logMetric('loss', 1, { step: 0 })).rejects.toMatchObject({ code: 'RESOURCE_EXHAUSTED' })
    expect(cable.stream.problem?.code).toBe('RESOURCE_EXHAUSTED')
    // A call made after that is not told of the failure before it: it has a chance of its own.
    test.journal.failWith(null)
    const later = cable.run.logMetric('loss', 2, { step: 1 })
    await cable.stream.flush()
    await later
    expect(cable.stream.problem).toBeNull()
    expect(await stepsOf(test, 'loss')).toEqual([0, 1])
  })

  test('a replay of a session, cut differently and longer, adds only what is new', async () => {
    const { test, cable } = await opened()
    for (let step = 0; step < 1500; step++) void cable.run.logMetric('loss', step, { step, timestamp: 1 })
    await cable.stream.flush()
    cable.cut()
    const replay = new Cable(test)
    void replay.stream.op(start)
    replay.connect()
    for (let step = 0; step < 2000; step++) {
      const told = replay.run.logMetric('loss', step, { step, timestamp: 2 })
      if (step % 7 === 0 && step < 100) await told
    }
    await replay.stream.flush()
    expect(await stepsOf(test, 'loss')).toEqual(range(2000))
  })

  test('[SD8] a refusal is heard also when the ack that told of it was lost', async () => {
    vi.spyOn(console, 'warn').mockImplementation(() => undefined)
    const { cable } = await opened()
    cable.losesAcks = true
    const said = cable.received.length
    const kept = cable.run.logParam('lr', 1)
    const refused = cable.run.logParam('lr', 2)
    const last = cable.run.logParam('opt', 'adam')
    void cable.stream.flush()
    const isDurable = () => cable.received.slice(said).some((message) => message.t === 'ack' && message.upTo === 4)
    await vi.waitFor(() => expect(isDurable()).toBe(true))
    cable.cut()
    cable.losesAcks = false
    cable.connect()
    await Promise.all([kept, last])
    await expect(refused).rejects.toMatchObject({ code: 'INVALID_PARAMETER_VALUE' })
  })

  test('fails for good when fenced, and when the store has lost what it acknowledged', async () => {
    vi.spyOn(console, 'warn').mockImplementation(() => undefined)
    const { cable } = await opened()
    const logged = cable.run.logMetric('loss', 1)
    cable.stream.nacked({ t: 'nack', from: 1, code: 'fenced', message: 'Another page logs here.', retryAfterMs: 0 })
    await expect(logged).rejects.toMatchObject({ code: 'INVALID_STATE' })
    await expect(cable.run.logParam('a', 1)).rejects.toMatchObject({ code: 'INVALID_STATE' })

    const other = await opened()
    other.cable.cut()
    other.cable.stream.connected(() => undefined, { hwm: 0, credit: { batches: 16, bytes: 1000 } })
    await expect(other.cable.run.logMetric('loss', 1)).rejects.toMatchObject({ code: 'RESOURCE_DOES_NOT_EXIST' })
  })
})
