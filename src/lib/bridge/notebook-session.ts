/**
 * The host's end of one notebook's port.
 *
 *   put ─► check shape ─► queue ─► files ─► one write for a few messages ─► (durable) ─► ack
 *
 * Invariants
 * - Messages are queued only without gaps; whatever fails empties the queue and asks for a resend, once.
 * - The session's mark moves in the transaction that holds the data, and every write checks it first. So writes may follow each other
 *   before the first one is durable: when one is lost, those after it find a gap and are lost too.
 * - An ack is sent only for what is durable, in order.
 */
import { RunnelError, errorToWire, type ErrorCode, type WireError } from '#lib/domain/errors.ts'
import { BRIDGE } from '#lib/domain/limits.ts'
import type { Port } from '#lib/socket/port.ts'
import { advanceSession, sessionMark, sessionRefusals } from '#lib/store/sessions.ts'
import type { Store } from '#lib/store/store.ts'
import { splitAtFiles, storeFiles } from './artifact-files.ts'
import { GapError, writePuts, type Written } from './batch.ts'
import { LiveWriters, type Writer } from './live-writers.ts'
import {
  BRIDGE_VERSIONS,
  type Nack,
  type NackCode,
  type PortMessageToClient,
  type Refusal,
  type Res
} from './protocol.ts'
import { messageType, parsePut, parseReq, type ParsedPut } from './wire-check.ts'

export interface NotebookSessionOptions {
  readonly store: Store
  /** The MLflow REST routes over the same store. */
  readonly api: (request: Request) => Promise<Response>
  readonly port: Port
  /** As the notebook's hello gave them; admitted by whoever hands the port over. */
  readonly session: string
  readonly writer: string
  readonly origin: string
  /** The host's instance. */
  readonly epoch: string
  /** The largest answer to a request the port can carry; any unless given. */
  readonly answerBytes?: number
  /** A failure of the store in words that may leave this host; as it is unless given. */
  readonly describe?: (error: unknown) => WireError
  /** Called once, when the port is done with: closed by the notebook, fenced, silent for long, or closed from here. */
  readonly onClose: () => void
}

export interface NotebookSession {
  /** Say goodbye and let go. What was queued and not written is sent again by the notebook. */
  close(reason: 'upgrade' | 'close' | 'revoked'): void
}

/** How long a notebook may be silent before it is asked, and again before it is given up: hidden pages speak once a minute. */
const SILENCE_MS = 120_000
/**
 * Messages joined into one write: half the credit, so that the notebook can fill the next write while this one becomes durable. Fewer make
 * shorter inserts. On a busy machine a third and all of it measured alike, within the noise.
 */
const PUTS_PER_WRITE = BRIDGE.creditBatches / 2
/** The pause asked for after a failed write. */
const RETRY_MS: Readonly<Record<NackCode, number>> = { gap: 0, quota: 2000, io: 1000, fenced: 0, malformed: 0 }

/** The writers of each store in this host. */
const writersByStore = new WeakMap<Store, LiveWriters>()

function writersOf(store: Store): LiveWriters {
  let writers = writersByStore.get(store)
  if (writers === undefined) writersByStore.set(store, (writers = new LiveWriters()))
  return writers
}

/** MLflow's error body, for an answer that is not the api's. */
const errorAnswer = (status: number, code: ErrorCode, message: string) => ({
  status,
  contentType: 'application/json',
  body: JSON.stringify({ error_code: code, message })
})

/** Serve a notebook on `port` until it goes. Answers `welcome` when the session is this writer's, `nack fenced` when another has it. */
export function createNotebookSession(options: NotebookSessionOptions): NotebookSession {
  return new Session(options)
}

class Session implements NotebookSession, Writer {
  readonly name: string
  readonly #options: NotebookSessionOptions
  readonly #writers: LiveWriters
  readonly #heartbeat: ReturnType<typeof setInterval>
  #state: 'opening' | 'open' | 'closed' = 'opening'
  #queue: ParsedPut[] = []
  /** Last operation taken into the queue, and last one known to be durable. */
  #received = 0
  #durable = 0
  /** After a nack everything but the resend it asked for is on its way in vain. */
  #awaitsResend = false
  /** Counts nacks: a write begun before one does not send another. */
  #round = 0
  #isWriting = false
  #answers: Promise<unknown> = Promise.resolve()
  #lastHeard = Date.now()
  #listeners = new Set<() => void>()

  constructor(options: NotebookSessionOptions) {
    this.#options = options
    this.name = options.writer
    this.#writers = writersOf(options.store)
    this.#heartbeat = setInterval(() => void this.#checkSilence(), SILENCE_MS)
    options.port.onmessage = (event: MessageEvent<unknown>) => this.#onMessage(event.data)
    void this.#open()
  }

  async #open(): Promise<void> {
    const { store, session, origin, epoch } = this.#options
    let refused: readonly Refusal[]
    try {
      if (!(await this.#writers.admit(session, this))) return this.#refuseWriter()
      // A write, not a read: a read could see operations of a lost connection that are applied but not yet durable, and the notebook
      // would then let go of them.
      const known = await store.write(async (tx) => {
        const mark = await sessionMark(tx, session)
        if (mark > 0) await advanceSession(tx, session, mark)
        return { mark, refused: await sessionRefusals(tx, session) }
      }, origin)
      this.#durable = known.mark
      refused = known.refused
    } catch {
      // The store cannot be written to now; the notebook comes again after a pause.
      return this.close('close')
    }
    if (this.#state !== 'opening') return
    this.#received = this.#durable
    this.#state = 'open'
    const credit = { batches: BRIDGE.creditBatches, bytes: BRIDGE.creditBytes }
    this.#post({
      t: 'welcome',
      v: BRIDGE_VERSIONS[0],
      epoch,
      hwm: this.#durable,
      credit,
      ...(refused.length > 0 && { refused })
    })
  }

  close(reason: 'upgrade' | 'close' | 'revoked'): void {
    if (this.#state === 'closed') return
    this.#post({ t: 'bye', reason })
    this.#letGo()
  }

  // ── Writer ────────────────────────────────────────────────────────────────────────────────────────────────────────────────────

  async isAlive(): Promise<boolean> {
    if (this.#state === 'closed') return false
    this.#post({ t: 'ping' })
    return new Promise((resolve) => {
      const settle = (isAlive: boolean): void => {
        clearTimeout(timer)
        this.#listeners.delete(onHeard)
        resolve(isAlive)
      }
      // A closed port is no sign of life.
      const onHeard = (): void => settle(this.#state !== 'closed')
      const timer = setTimeout(() => settle(false), BRIDGE.lostAfterMs)
      this.#listeners.add(onHeard)
    })
  }

  replaced(by: string): void {
    if (by === this.name) this.close('close')
    else if (this.#state !== 'closed') this.#refuseWriter()
  }

  #refuseWriter(): void {
    const message =
      'Another page is logging under the same session, so this one may not. Give each its own session, or close the other page.'
    this.#nack('fenced', message)
    this.#letGo()
  }

  // ── messages ──────────────────────────────────────────────────────────────────────────────────────────────────────────────────

  #onMessage(message: unknown): void {
    if (this.#state === 'closed') return
    this.#lastHeard = Date.now()
    const type = messageType(message)
    if (type === 'close') this.#letGo()
    for (const listener of [...this.#listeners]) listener()
    if (type === 'ping') this.#post({ t: 'pong' })
    else if (type === 'put' && this.#state === 'open') this.#onPut(message)
    else if (type === 'req' && this.#state === 'open') void this.#onReq(message)
  }

  #onPut(message: unknown): void {
    const put = parsePut(message)
    if (put === null) {
      this.#nack(
        'malformed',
        'The message is not one of protocol 1. Load runnel.js from this Runnel, then start a new run.'
      )
      return this.#letGo()
    }
    const end = put.from + put.n - 1
    if (end <= this.#durable) return this.#post({ t: 'ack', upTo: this.#durable })
    if (put.from > this.#received + 1) {
      // What was taken before the gap is good; only one resend is asked for, however many messages come after it.
      if (!this.#awaitsResend) this.#nack('gap', `Operation ${this.#received + 1} is missing.`)
      this.#awaitsResend = true
      return
    }
    this.#awaitsResend = false
    if (end <= this.#received) return
    this.#received = end
    this.#queue.push(put)
    if (!this.#isWriting) void this.#drain()
  }

  async #onReq(message: unknown): Promise<void> {
    const req = parseReq(message)
    if (req === null) return
    const { id, method, path, body } = req
    try {
      const headers = body === null ? {} : { 'Content-Type': 'application/json' }
      const request = new Request(`http://runnel.invalid${path}`, { method, headers, body })
      this.#post({ t: 'res', id, ...(await this.#answerOf(request)) })
    } catch (error) {
      // The api answers its own failures; this is a request that could not even be made (a method no Request may have), or a file that
      // could not be read to its end.
      const { describe = errorToWire } = this.#options
      this.#post({ t: 'res', id, ...errorAnswer(400, 'BAD_REQUEST', describe(error).message) })
    }
  }

  async #answerOf(request: Request): Promise<Pick<Res, 'status' | 'contentType' | 'body'>> {
    const { api, answerBytes = Infinity } = this.#options
    const response = await api(request)
    const { status } = response
    const contentType = response.headers.get('Content-Type') ?? ''
    if (Number(response.headers.get('Content-Length') ?? 0) > answerBytes) {
      await response.body?.cancel()
      return errorAnswer(
        413,
        'RESOURCE_EXHAUSTED',
        'This is too large for a connection like this. Ask for it over HTTP.'
      )
    }
    const isJson = contentType.startsWith('application/json')
    return { status, contentType, body: isJson ? await response.text() : await response.blob() }
  }

  // ── writing ───────────────────────────────────────────────────────────────────────────────────────────────────────────────────

  /** Write what is queued, again and again. The next write starts when the last one is applied, not when it is durable. */
  async #drain(): Promise<void> {
    this.#isWriting = true
    while (this.#queue.length > 0) {
      const round = this.#round
      const puts = this.#queue.splice(0, PUTS_PER_WRITE)
      const writes = this.#options.store.localArtifacts === null ? [puts] : splitAtFiles(puts)
      // What follows a write that was lost comes again with it.
      for (const write of writes) if (round === this.#round) await this.#write(write)
    }
    this.#isWriting = false
  }

  async #write(puts: readonly ParsedPut[]): Promise<void> {
    const { store, session, origin, describe = errorToWire } = this.#options
    const round = this.#round
    const files = await storeFiles(store, puts, describe)
    await new Promise<void>((isApplied) => {
      const durable = store.write((tx) => writePuts(tx, session, puts, files).finally(isApplied), origin)
      // Should the store fail before it runs our part, nobody else would move us on.
      durable.catch(() => isApplied())
      const settled = durable.then(
        (written) => ({ written }),
        (error: unknown) => ({ error })
      )
      this.#answers = this.#answers.then(async () => {
        const outcome = await settled
        if ('written' in outcome) this.#acknowledge(outcome.written)
        else if (round === this.#round) this.#failed(outcome.error)
      })
    })
  }

  #acknowledge({ upTo, refused }: Written): void {
    this.#durable = Math.max(this.#durable, upTo)
    this.#received = Math.max(this.#received, upTo)
    this.#post({ t: 'ack', upTo, ...(refused.length > 0 && { refused }) })
  }

  #failed(error: unknown): void {
    if (error instanceof GapError) {
      this.#durable = error.mark
      this.#startOver('gap', error.message)
    } else if (error instanceof RunnelError && error.code === 'RESOURCE_EXHAUSTED')
      this.#startOver('quota', error.message)
    else this.#startOver('io', (this.#options.describe ?? errorToWire)(error).message)
  }

  /** Nothing that is not durable was kept, nor will be: have all of it sent again. */
  #startOver(code: NackCode, message: string): void {
    this.#round++
    this.#queue = []
    this.#received = this.#durable
    this.#awaitsResend = true
    this.#nack(code, message)
  }

  // ── the port ──────────────────────────────────────────────────────────────────────────────────────────────────────────────────

  #nack(code: NackCode, message: string): void {
    this.#post({ t: 'nack', from: this.#received + 1, code, message, retryAfterMs: RETRY_MS[code] } satisfies Nack)
  }

  #post(message: PortMessageToClient): void {
    if (this.#state !== 'closed') this.#options.port.postMessage(message)
  }

  async #checkSilence(): Promise<void> {
    if (Date.now() - this.#lastHeard < SILENCE_MS || (await this.isAlive())) return
    this.close('close')
  }

  #letGo(): void {
    if (this.#state === 'closed') return
    this.#state = 'closed'
    clearInterval(this.#heartbeat)
    this.#writers.release(this.#options.session, this)
    this.#options.port.close()
    this.#options.onClose()
  }
}
