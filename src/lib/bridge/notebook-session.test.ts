import { afterEach, describe, expect, test } from 'vitest'
import { RunnelError } from '#lib/domain/errors.ts'
import type { RunId } from '#lib/domain/ids.ts'
import { findArtifact } from '#lib/store/artifacts.ts'
import { deleteRun, findRunInfo, getRun } from '#lib/store/runs.ts'
import { sessionMark } from '#lib/store/sessions.ts'
import { openTestStore, type TestStore } from '../../../tests/support/engines.ts'
import { createNotebookSession, type NotebookSession } from './notebook-session.ts'
import type { PortMessageToClient, PortMessageToStore, Put, SessionOp } from './protocol.ts'
import { historyOf } from '../../../tests/support/history-of.ts'

/** Says what it was asked; one file breaks off while it is read, and one is larger than a port may carry. */
async function answer(request: Request): Promise<Response> {
  const path = new URL(request.url).pathname
  if (path === '/broken') {
    const body = new ReadableStream({ pull: (controller) => controller.error(new Error('/data/blobs/ab: EIO')) })
    return new Response(body)
  }
  if (path === '/large') return new Response('x', { headers: { 'Content-Length': '1001' } })
  return Response.json({ path, body: await request.text() })
}

/** A notebook by hand: it says exactly what a test tells it to, and keeps what it hears. */
class HandNotebook {
  readonly heard: PortMessageToClient[] = []
  readonly session: NotebookSession
  readonly #port: MessagePort
  readonly #waiting = new Set<() => void>()
  closed = false

  constructor({ store }: TestStore, options: { session?: string; writer?: string; silent?: boolean } = {}) {
    const { port1, port2 } = new MessageChannel()
    this.#port = port1
    port1.onmessage = ({ data }: MessageEvent<PortMessageToClient>) => {
      if (data.t === 'ping' && !options.silent) this.say({ t: 'pong' })
      this.heard.push(data)
      for (const look of [...this.#waiting]) look()
    }
    this.session = createNotebookSession({
      store,
      api: answer,
      answerBytes: 1000,
      port: port2,
      session: options.session ?? 'cell-1',
      writer: options.writer ?? 'w1',
      origin: 'http://notebook.test',
      epoch: 'e1',
      onClose: () => (this.closed = true)
    })
    open.push(this)
  }

  say(message: PortMessageToStore | object): void {
    this.#port.postMessage(message)
  }

  close(): void {
    this.session.close('close')
    this.#port.close()
  }

  /** The first message of a kind from index `since` on. */
  async next<T extends PortMessageToClient['t']>(t: T, since = 0): Promise<Extract<PortMessageToClient, { t: T }>> {
    for (;;) {
      const found = this.heard.slice(since).find((message) => message.t === t)
      if (found) return found as Extract<PortMessageToClient, { t: T }>
      await new Promise<void>((resolve) => {
        const look = () => {
          this.#waiting.delete(look)
          resolve()
        }
        this.#waiting.add(look)
      })
    }
  }

  /** Every refusal heard, in order. */
  refused() {
    return this.heard.flatMap((message) => (message.t === 'ack' ? (message.refused ?? []) : []))
  }

  async acked(upTo: number): Promise<void> {
    for (let since = 0; ;) {
      const ack = await this.next('ack', since)
      if (ack.upTo >= upTo) return
      since = this.heard.indexOf(ack) + 1
    }
  }
}

const open: HandNotebook[] = []
afterEach(() => {
  for (const notebook of open.splice(0)) notebook.close()
})

const RUN = 'a'.repeat(32) as RunId
const start = (runId: string = RUN): SessionOp => ({ op: 'startRun', runId, startTime: 1, tags: [] })
const ops = (from: number, ...list: SessionOp[]): Put => ({ t: 'put', from, n: list.length, ops: list })

/** Points numbered `from` … : the value of each is its operation number, its step too. */
function points(from: number, n: number, series: [string, string][] = [[RUN, 'loss']]): Put {
  const numbers = Float64Array.from({ length: n }, (_, i) => from + i)
  return {
    t: 'put',
    from,
    n,
    points: {
      series,
      k: Uint16Array.from({ length: n }, (_, i) => i % series.length),
      s: numbers,
      t: new Float64Array(n).fill(1000),
      v: numbers
    }
  }
}

const history = ({ store }: TestStore, key = 'loss') =>
  historyOf(store, RUN, key).then((points) => points.map((point) => point.value))

const numbers = (from: number, to: number) => Array.from({ length: to - from + 1 }, (_, i) => from + i)

async function started(options?: ConstructorParameters<typeof HandNotebook>[1]) {
  const test = await openTestStore('node:sqlite')
  const notebook = new HandNotebook(test, options)
  await notebook.next('welcome')
  notebook.say(ops(1, start()))
  await notebook.acked(1)
  return { ...test, test, notebook }
}

describe('a notebook session', () => {
  test('welcomes a new session at 0 and a known one where it stands', async () => {
    const { test, notebook } = await started()
    expect(notebook.heard[0]).toMatchObject({ t: 'welcome', hwm: 0, epoch: 'e1', v: 1, credit: { batches: 16 } })
    notebook.say({ t: 'close' })
    const again = new HandNotebook(test, { writer: 'w2' })
    expect(await again.next('welcome')).toMatchObject({ hwm: 1 })
    expect(notebook.closed).toBe(true)
  })

  test('keeps each operation once, however the messages are cut and repeated', async () => {
    const { test, notebook } = await started()
    for (const put of [points(2, 10), points(2, 10), points(2, 40), points(30, 30), points(12, 3), points(60, 1)])
      notebook.say(put)
    await notebook.acked(60)
    expect(await history(test)).toEqual(numbers(2, 60))
    // And again after the fact, cut differently: nothing but an acknowledgement.
    const since = notebook.heard.length
    notebook.say(points(50, 11))
    expect((await notebook.next('ack', since)).upTo).toBe(60)
    expect(await history(test)).toEqual(numbers(2, 60))
  })

  test('asks once for what is missing, and keeps what came before the gap', async () => {
    const { test, notebook } = await started()
    notebook.say(points(2, 5))
    notebook.say(points(17, 5))
    notebook.say(points(22, 5))
    const nack = await notebook.next('nack')
    expect(nack).toMatchObject({ code: 'gap', from: 7 })
    await notebook.acked(6)
    notebook.say(points(2, 25))
    await notebook.acked(26)
    expect(notebook.heard.filter((message) => message.t === 'nack')).toHaveLength(1)
    expect(await history(test)).toEqual(numbers(2, 26))
  })

  test('turns down what the rules refuse and keeps the rest of the message', async () => {
    const { test, store, notebook } = await started()
    notebook.say(
      ops(
        2,
        { op: 'param', runId: RUN, key: 'lr', value: '1' },
        { op: 'param', runId: RUN, key: 'lr', value: '2' },
        { op: 'tag', runId: RUN, key: 'a//b', value: 'x' },
        { op: 'tag', runId: RUN, key: 'kept', value: 'yes' },
        { op: 'deleteTag', runId: RUN, key: 'never set' },
        { op: 'startRun', runId: 'b'.repeat(32), resume: true, startTime: 1, tags: [] },
        { op: 'artifact', runId: RUN, path: '../out', blob: new Blob(['x']), mediaType: 'text/plain' },
        { op: 'skip' }
      )
    )
    await notebook.acked(9)
    expect(notebook.refused().map(({ from, n, error }) => [from, n, error.code])).toEqual([
      [3, 1, 'INVALID_PARAMETER_VALUE'],
      [4, 1, 'INVALID_PARAMETER_VALUE'],
      [6, 1, 'RESOURCE_DOES_NOT_EXIST'],
      [7, 1, 'RESOURCE_DOES_NOT_EXIST'],
      [8, 1, 'INVALID_PARAMETER_VALUE']
    ])
    const run = await store.read((r) => getRun(r, RUN))
    expect(run.data.params).toEqual([{ key: 'lr', value: '1' }])
    expect(run.data.tags.find((tag) => tag.key === 'kept')?.value).toBe('yes')
    expect(await store.read((r) => sessionMark(r, 'cell-1'))).toBe(9)
    expect(await history(test)).toEqual([])
  })

  test('refuses an operation it does not know, or whose fields are wrong, and no other', async () => {
    const { store, notebook } = await started()
    const tag = (value: unknown) => ({ op: 'tag', runId: RUN, key: 'k', value })
    const wrong = [
      { op: 'dropTables', runId: RUN },
      tag(7),
      null,
      { op: 'endRun', runId: RUN, status: 'DONE', endTime: 1 }
    ]
    notebook.say({ t: 'put', from: 2, n: 5, ops: [...wrong, tag('kept')] })
    await notebook.acked(6)
    expect(notebook.refused()).toMatchObject([{ from: 2, n: 4, error: { code: 'INVALID_PARAMETER_VALUE' } }])
    expect((await store.read((r) => getRun(r, RUN))).data.tags).toContainEqual({ key: 'k', value: 'kept' })
  })

  test('refuses the points of a deleted run and of a bad key, and no others', async () => {
    const { test, store, notebook } = await started()
    const other = 'c'.repeat(32)
    notebook.say(ops(2, start(other)))
    await notebook.acked(2)
    await store.write((tx) => deleteRun(tx, other as RunId))
    notebook.say(
      points(3, 9, [
        [RUN, 'loss'],
        [other, 'loss'],
        [RUN, 'a//b']
      ])
    )
    await notebook.acked(11)
    expect(await history(test)).toEqual([3, 6, 9])
    const refused = notebook.refused()
    expect(refused.map(({ from }) => from)).toEqual([4, 5, 7, 8, 10, 11])
    expect(refused[0]!.error.message).toContain("must be in the 'active' state")
  })

  test('a second writer is fenced while the first answers, and takes over when it does not', async () => {
    const { test, notebook } = await started()
    const second = new HandNotebook(test, { writer: 'w2' })
    expect(await second.next('nack')).toMatchObject({ code: 'fenced' })
    expect(second.closed).toBe(true)
    notebook.say(points(2, 3))
    await notebook.acked(4)

    const mute = await started({ silent: true })
    const heir = new HandNotebook(mute.test, { writer: 'w2' })
    expect(await heir.next('welcome')).toMatchObject({ hwm: 1 })
    expect(mute.notebook.closed).toBe(true)
  }, 15_000)

  test('the same writer on a new port takes over at once', async () => {
    const { test, notebook } = await started()
    notebook.say(points(2, 10))
    const again = new HandNotebook(test)
    const { hwm } = await again.next('welcome')
    expect([1, 11]).toContain(hwm)
    again.say(points(hwm + 1, 20 - hwm))
    await again.acked(20)
    expect(notebook.closed).toBe(true)
    expect(await history(test)).toEqual(numbers(2, 20))
  })

  test('a full disk is a pause: nothing is lost, and logging resumes', async () => {
    const { test, journal, notebook } = await started()
    journal.failWith(new RunnelError('RESOURCE_EXHAUSTED', 'The disk is full.'))
    notebook.say(points(2, 5))
    notebook.say(points(7, 5))
    const nack = await notebook.next('nack')
    expect(nack).toMatchObject({ code: 'quota', from: 2, message: 'The disk is full.' })
    expect(nack.retryAfterMs).toBeGreaterThan(0)
    expect(await history(test)).toEqual([])
    journal.failWith(null)
    notebook.say(points(2, 10))
    await notebook.acked(11)
    expect(notebook.heard.filter((message) => message.t === 'nack')).toHaveLength(1)
    expect(await history(test)).toEqual(numbers(2, 11))
  })

  test('an artifact that does not fit is refused, and what follows is kept', async () => {
    const { test, store, blobs, notebook } = await started()
    const put = blobs.put.bind(blobs)
    blobs.put = async () => {
      throw new RunnelError('RESOURCE_EXHAUSTED', 'No room for 9 bytes.')
    }
    const artifact: SessionOp = {
      op: 'artifact',
      runId: RUN,
      path: 'a/b.txt',
      blob: new Blob(['123456789']),
      mediaType: 'text/plain'
    }
    notebook.say(ops(2, artifact))
    notebook.say(points(3, 2))
    await notebook.acked(4)
    expect(notebook.refused()).toMatchObject([{ from: 2, n: 1, error: { code: 'RESOURCE_EXHAUSTED' } }])
    expect(await history(test)).toEqual([3, 4])
    blobs.put = put
    notebook.say(ops(5, artifact))
    await notebook.acked(5)
    const path = `0/${RUN}/artifacts/a/b.txt`
    expect(await store.read((r) => findArtifact(r, path))).toMatchObject({ size: 9, mediaType: 'text/plain' })
  })

  test.each([
    ['columns of unequal length', { ...points(2, 3), n: 4 }],
    [
      'a series index out of range',
      { ...points(2, 3), points: { ...points(2, 3).points!, k: Uint16Array.of(0, 1, 0) } }
    ],
    ['a step that is no integer', { ...points(2, 1), points: { ...points(2, 1).points!, s: Float64Array.of(0.5) } }],
    ['plain arrays', { ...points(2, 1), points: { ...points(2, 1).points!, v: [1] } }],
    ['both kinds at once', { ...points(2, 1), ops: [{ op: 'skip' }] }],
    ['neither kind', { t: 'put', from: 2, n: 1 }],
    ['a number below 1', { ...points(0, 1) }]
  ])('a message with %s is malformed, and ends the connection', async (_, message) => {
    const { store, notebook } = await started()
    notebook.say(message)
    expect(await notebook.next('nack')).toMatchObject({ code: 'malformed' })
    expect(notebook.closed).toBe(true)
    expect(await store.read((r) => sessionMark(r, 'cell-1'))).toBe(1)
  })

  test('ignores what it does not know, answers pings, and routes requests', async () => {
    const { notebook } = await started()
    for (const message of [null, 'text', {}, { t: 'nonsense' }]) notebook.say(message as object)
    notebook.say({ t: 'ping' })
    await notebook.next('pong')
    notebook.say({ t: 'req', id: 7, method: 'POST', path: '/api/2.0/mlflow/runs/search', body: '{}' })
    const res = await notebook.next('res')
    expect(res).toMatchObject({ id: 7, status: 200 })
    expect(JSON.parse(res.body as string)).toEqual({ path: '/api/2.0/mlflow/runs/search', body: '{}' })
    const since = notebook.heard.length
    notebook.say({ t: 'req', id: 8, method: 'CONNECT', path: '/x', body: null })
    expect(await notebook.next('res', since)).toMatchObject({ id: 8, status: 400 })
  })

  test('[SD9] answers for a file that cannot be read, or carried, and goes on', async () => {
    const { notebook } = await started()
    for (const [path, status] of [
      ['/broken', 400],
      ['/large', 413],
      ['/fine', 200]
    ] as const) {
      const since = notebook.heard.length
      notebook.say({ t: 'req', id: 1, method: 'GET', path, body: null })
      expect(await notebook.next('res', since)).toMatchObject({ status })
    }
  })

  test('what was sent before a close is still written', async () => {
    const { test, notebook } = await started()
    notebook.say(points(2, 10))
    notebook.say(points(12, 10))
    notebook.say({ t: 'close' })
    await expect.poll(() => history(test)).toEqual(numbers(2, 21))
  })

  test('starts a run in an experiment by name, made when absent, and refuses one in the trash', async () => {
    const { store, notebook } = await started()
    const named = (runId: string): SessionOp => ({
      op: 'startRun',
      runId,
      experimentName: 'mnist',
      runName: 'first',
      startTime: 5,
      tags: []
    })
    notebook.say(ops(2, named('d'.repeat(32)), named('e'.repeat(32))))
    await notebook.acked(3)
    const infos = await store.read(async (r) => [
      await findRunInfo(r, 'd'.repeat(32) as RunId),
      await findRunInfo(r, 'e'.repeat(32) as RunId)
    ])
    expect(infos[0]).toMatchObject({ name: 'first', status: 'RUNNING', startTime: 5 })
    expect(infos[1]!.experimentId).toBe(infos[0]!.experimentId)
  })
})
