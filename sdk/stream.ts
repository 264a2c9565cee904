/**
 * The numbered stream of everything one session logs, and the part of it that is not yet safe.
 *
 *   acknowledged │ in flight (sent on this connection) │ waiting │ tail, still growing
 *   ─────────────┼─────────────────────────────────────┼─────────┼───────────────────►  operation numbers
 *
 * Invariants
 * - Numbers start at 1 and have no gaps. A segment never changes while it is in flight.
 * - What is not acknowledged is kept, and sent again from the start of the outbox after a nack or on a new connection; the store
 *   trims what it has. So everything is logged exactly once, in order.
 * - A point logged while nothing is in flight leaves in the same tick; otherwise it waits for its segment to fill or for the wire to
 *   be silent. So one awaited call is fast, and a fast loop sends full messages.
 */
import type { Ack, Credit, Nack, Put, Refusal, SessionOp, Welcome } from '#lib/bridge/protocol.ts'
import { RunnelError } from '#lib/domain/errors.ts'
import { BRIDGE } from '#lib/domain/limits.ts'
import { newFate, warnOnce, type Fate } from './fate.ts'
import { OpSegment, PointSegment, type Segment, type SeriesRef } from './segments.ts'

export type SendPut = (put: Put, transfer: ArrayBuffer[]) => void

export interface StreamOptions {
  readonly session: string
  /** The largest file an operation may carry; any unless given. */
  readonly fileBytes?: number
  /** Called when there is something to send and no connection. */
  readonly onNeeded: () => void
  /** Called when the count of waiting operations, or what is wrong, has changed. */
  readonly onChange: () => void
}

const storeIsGone = (): RunnelError =>
  new RunnelError(
    'RESOURCE_DOES_NOT_EXIST',
    'Runnel no longer has what this page logged: its site data was deleted. Call connect() and start a new run to go on.'
  )

const noRoom = (): RunnelError =>
  new RunnelError(
    'RESOURCE_EXHAUSTED',
    'This browser has no room left for Runnel, so this is not saved yet. It is kept in this page and tried again: empty Runnel’s trash or free disk space, and flush() tells when it is safe.'
  )

export class OpStream {
  readonly session: string
  readonly fileBytes: number
  /** What the store last complained of while it may still recover: its disk is full, say. */
  problem: RunnelError | null = null
  readonly #options: StreamOptions
  readonly #segments: Segment[] = []
  #next = 1
  /** Last operation known to be durable. */
  #acknowledged = 0
  #send: SendPut | null = null
  #credit: Credit = { batches: BRIDGE.creditBatches, bytes: BRIDGE.creditBytes }
  /** How many segments, from the oldest, are in flight, and their bytes. */
  #flying = 0
  #flyingBytes = 0
  #waitingBytes = 0
  #pause: ReturnType<typeof setTimeout> | null = null
  #failure: RunnelError | null = null
  #waiters: { readonly upTo: number; readonly fate: Fate }[] = []

  constructor(options: StreamOptions) {
    this.session = options.session
    this.fileBytes = options.fileBytes ?? Infinity
    this.#options = options
  }

  /** Operations that are not durable yet. */
  get pending(): number {
    return this.#next - 1 - this.#acknowledged
  }

  /** Why nothing can be logged here any more, if so. */
  get failure(): RunnelError | null {
    return this.#failure
  }

  // ── logging ───────────────────────────────────────────────────────────────────────────────────────────────────────────────────

  /** Log one point. The promise is shared with the points of the series that travel together, and settles when they are durable. */
  point(series: SeriesRef, step: number, timestamp: number, value: number): Promise<void> {
    if (this.#failure !== null) return this.#refused()
    const last = this.#tail()
    const tail = last instanceof PointSegment ? last : this.#open(new PointSegment(this.#next))
    const told = tail.push(series, step, timestamp, value)
    this.#next++
    if (tail.isFull || this.#flying === 0) this.#pump()
    return told
  }

  /** Log one small operation, or hold its place while it is being made. */
  op(op: SessionOp | Promise<SessionOp>): Promise<void> {
    if (this.#failure !== null) return this.#refused()
    const last = this.#tail()
    const tail = last instanceof OpSegment ? last : this.#open(new OpSegment(this.#next))
    const told = op instanceof Promise ? tail.pushLater(op, () => this.#pump()) : tail.push(op)
    this.#next++
    if (tail.isFull || this.#flying === 0) this.#pump()
    return told
  }

  /** Resolves when everything logged so far is settled: durable, or refused with its own promise told. Rejects when the stream fails. */
  flush(): Promise<void> {
    if (this.#failure !== null) return this.#refused()
    if (this.pending === 0) return Promise.resolve()
    const waiter = { upTo: this.#next - 1, fate: newFate() }
    this.#waiters.push(waiter)
    this.#pump(true)
    return waiter.fate.promise
  }

  /** Send all there is, credit or not: the page is about to go. */
  push(): void {
    this.#pump(true, true)
  }

  // ── the connection ────────────────────────────────────────────────────────────────────────────────────────────────────────────

  /**
   * A store has answered: it has this session up to `hwm`, but for what it refused. Fails the stream when the store has lost what it acknowledged, because
   * what came before cannot be sent again.
   */
  connected(send: SendPut, { hwm, credit, refused }: Pick<Welcome, 'hwm' | 'credit' | 'refused'>): void {
    if (hwm < this.#acknowledged) return this.fail(storeIsGone())
    this.#rewind()
    this.#credit = credit
    this.#send = send
    this.problem = null
    this.#refuse(refused)
    this.#acknowledge(hwm)
    this.#pump()
    this.#options.onChange()
  }

  /** The store allows more, or less, in flight. */
  credited(credit: Credit): void {
    this.#credit = credit
    this.#pump()
  }

  disconnected(): void {
    this.#send = null
    this.#rewind()
  }

  acked({ upTo, refused }: Ack): void {
    this.#refuse(refused)
    this.problem = null
    this.#acknowledge(upTo)
    this.#pump()
    this.#options.onChange()
  }

  #refuse(refused: readonly Refusal[] = []): void {
    for (const { from, n, error } of refused) {
      for (const segment of this.#segments) {
        if (segment.from >= from + n) break
        segment.refuse(from, n, new RunnelError(error.code, error.message))
      }
    }
  }

  /** Nothing from `nack.from` on was kept: go back and send it again, after the pause the store asks for. */
  nacked(nack: Nack): void {
    if (nack.code === 'fenced') return this.fail(new RunnelError('INVALID_STATE', nack.message))
    if (nack.code === 'malformed') return this.fail(new RunnelError('INTERNAL_ERROR', nack.message))
    if (nack.from <= this.#acknowledged) return this.fail(storeIsGone())
    this.#rewind()
    if (nack.code === 'quota') {
      this.problem = noRoom()
      // Whoever waits is told at once: room may come in a second or never. What they logged stays in the outbox all the same.
      for (const segment of this.#segments) segment.settle(this.problem)
    } else if (nack.code === 'io') {
      this.problem = new RunnelError('TEMPORARILY_UNAVAILABLE', nack.message)
      warnOnce(`${nack.message} What was logged is kept in this page and tried again.`)
    }
    this.#pause = setTimeout(() => {
      this.#pause = null
      this.#pump()
    }, nack.retryAfterMs)
    this.#options.onChange()
  }

  /** The end: everybody who waits is told, and whoever logs after this. */
  fail(error: RunnelError): void {
    if (this.#failure !== null) return
    this.#failure = error
    this.disconnected()
    for (const segment of this.#segments) segment.settle(error)
    this.#segments.length = 0
    for (const { fate } of this.#waiters.splice(0)) fate.reject(error)
    this.#options.onChange()
  }

  // ── the outbox ────────────────────────────────────────────────────────────────────────────────────────────────────────────────

  /** The segment that may still grow: the last one, unless it is full or in flight. */
  #tail(): Segment | null {
    const last = this.#segments[this.#segments.length - 1]
    return last !== undefined && !last.isFull && this.#segments.length > this.#flying ? last : null
  }

  #open<S extends Segment>(segment: S): S {
    const before = this.#segments[this.#segments.length - 1]
    this.#segments.push(segment)
    if (before === undefined) return segment
    this.#waitingBytes += before.bytes
    if (this.#segments.length > BRIDGE.outboxBatches || this.#waitingBytes > BRIDGE.outboxBytes)
      warnOnce(
        `${this.pending.toLocaleString('en')} operations wait to be saved. Await some of the log calls, so that Runnel can keep up.`
      )
    return segment
  }

  /** Send as far as credit goes. The growing tail leaves when nothing is in flight, or when `flush`ed. */
  #pump(flush = false, beyondCredit = false): void {
    if (this.#segments.length > 0 && this.#send === null) this.#options.onNeeded()
    while (this.#send !== null && this.#pause === null && this.#flying < this.#segments.length) {
      const segment = this.#segments[this.#flying]!
      if (!segment.isReady) return
      if (this.#flying > 0) {
        const isOverdrawn =
          this.#flying >= this.#credit.batches || this.#flyingBytes + segment.bytes > this.#credit.bytes
        if (isOverdrawn && !beyondCredit) return
        if (this.#flying === this.#segments.length - 1 && !segment.isFull && !flush) return
      }
      const { put, transfer } = segment.toPut()
      this.#flying++
      this.#flyingBytes += segment.bytes
      this.#send(put, transfer)
    }
  }

  #rewind(): void {
    this.#flying = 0
    this.#flyingBytes = 0
    if (this.#pause !== null) clearTimeout(this.#pause)
    this.#pause = null
  }

  #acknowledge(upTo: number): void {
    if (upTo <= this.#acknowledged) return
    // A session that is replayed may be told of operations it has not come to yet: they will be trimmed by the store.
    this.#acknowledged = Math.min(upTo, this.#next - 1)
    while (this.#segments.length > 0) {
      const segment = this.#segments[0]!
      if (segment.from + segment.n - 1 > upTo) break
      this.#segments.shift()
      this.#waitingBytes = Math.max(0, this.#waitingBytes - segment.bytes)
      if (this.#flying > 0) {
        this.#flying--
        this.#flyingBytes -= segment.bytes
      }
      segment.settle(null)
    }
    if (this.#segments.length === 0) this.#waitingBytes = 0
    while (this.#waiters.length > 0 && this.#waiters[0]!.upTo <= upTo) this.#waiters.shift()!.fate.resolve()
  }

  #refused(): Promise<void> {
    const fate = newFate()
    fate.reject(this.#failure!)
    return fate.promise
  }
}
