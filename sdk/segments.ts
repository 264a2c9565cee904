import type { RunnelError } from '#lib/domain/errors.ts'
import { BRIDGE } from '#lib/domain/limits.ts'
import type { Put, SessionOp } from '#lib/bridge/protocol.ts'
import { newFate, type Fate } from './fate.ts'

/**
 * A stretch of a session's operations that travels as one message: points, or small operations. It grows until it is sent for the
 * first time, and is kept as it is until acknowledged, so that a resend carries the same operations under the same numbers.
 */
export interface Segment {
  readonly from: number
  readonly n: number
  /** Bytes as credit counts them; a Blob travels by reference and counts its head only. */
  readonly bytes: number
  /** Takes no more: it is full, or its callers have been told. */
  readonly isFull: boolean
  /** False while an operation is still being made (an image is encoded): it holds its place, and what follows waits. */
  readonly isReady: boolean
  toPut(): { readonly put: Put; readonly transfer: ArrayBuffer[] }
  /** Tell the callers of operations `from` … `from + n - 1`, as far as they are here. */
  refuse(from: number, n: number, error: RunnelError): void
  /** Tell everybody not told yet; nobody joins it after that. */
  settle(error: RunnelError | null): void
}

/** A series as its logger keeps it between calls: where it stands in the segment that is being filled. */
export interface SeriesRef {
  readonly runId: string
  readonly key: string
  segment: PointSegment | null
  index: number
}

const FIRST_CAPACITY = 16
const BYTES_PER_POINT = 2 + 3 * 8
/** Half a kilobyte covers the frame of any message. */
const MESSAGE_BYTES = 512

/** Points in growing columns: nothing is allocated per point. */
export class PointSegment implements Segment {
  readonly from: number
  readonly isReady = true
  n = 0
  #isTold = false
  readonly #series: (readonly [string, string])[] = []
  /** One fate per series: its points of one segment are written together. */
  readonly #fates: Fate[] = []
  #k = new Uint16Array(FIRST_CAPACITY)
  #s = new Float64Array(FIRST_CAPACITY)
  #t = new Float64Array(FIRST_CAPACITY)
  #v = new Float64Array(FIRST_CAPACITY)

  constructor(from: number) {
    this.from = from
  }

  get isFull(): boolean {
    return this.n === BRIDGE.batchPoints || this.#isTold
  }

  get bytes(): number {
    return MESSAGE_BYTES + this.n * BYTES_PER_POINT + this.#series.length * 2 * 64
  }

  /** Append one point; the segment is not full. Returns the fate it shares with the series' other points here. */
  push(series: SeriesRef, step: number, timestamp: number, value: number): Promise<void> {
    if (series.segment !== this) this.#admit(series)
    const at = this.n++
    if (at === this.#k.length) this.#grow()
    this.#k[at] = series.index
    this.#s[at] = step
    this.#t[at] = timestamp
    this.#v[at] = value
    return this.#fates[series.index]!.promise
  }

  #admit(series: SeriesRef): void {
    series.segment = this
    series.index = this.#series.length
    this.#series.push([series.runId, series.key])
    this.#fates.push(newFate())
  }

  #grow(): void {
    const capacity = Math.min(this.#k.length * 4, BRIDGE.batchPoints)
    const k = new Uint16Array(capacity)
    k.set(this.#k)
    this.#k = k
    this.#s = grown(this.#s, capacity)
    this.#t = grown(this.#t, capacity)
    this.#v = grown(this.#v, capacity)
  }

  toPut(): { put: Put; transfer: ArrayBuffer[] } {
    const isWhole = this.n === this.#k.length
    // A view clones its whole buffer: a part is cut out first and moved, a whole one is cloned because a resend may need it.
    const cut = <A extends Uint16Array<ArrayBuffer> | Float64Array<ArrayBuffer>>(column: A): A =>
      isWhole ? column : (column.slice(0, this.n) as A)
    const points = { series: this.#series, k: cut(this.#k), s: cut(this.#s), t: cut(this.#t), v: cut(this.#v) }
    const transfer = isWhole ? [] : [points.k.buffer, points.s.buffer, points.t.buffer, points.v.buffer]
    return { put: { t: 'put', from: this.from, n: this.n, points }, transfer }
  }

  refuse(from: number, n: number, error: RunnelError): void {
    const first = Math.max(from - this.from, 0)
    const end = Math.min(from + n - this.from, this.n)
    for (let i = first; i < end; i++) this.#fates[this.#k[i]!]!.reject(error)
  }

  settle(error: RunnelError | null): void {
    this.#isTold = true
    for (const fate of this.#fates) {
      if (error === null) fate.resolve()
      else fate.reject(error)
    }
  }
}

function grown(column: Float64Array<ArrayBuffer>, capacity: number): Float64Array<ArrayBuffer> {
  const longer = new Float64Array(capacity)
  longer.set(column)
  return longer
}

/** Small operations, each with its own fate. */
export class OpSegment implements Segment {
  readonly from: number
  bytes = MESSAGE_BYTES
  readonly #ops: SessionOp[] = []
  readonly #fates: Fate[] = []
  /** Of the files in it: over a socket they travel in the message. */
  #fileBytes = 0
  #unmade = 0
  #isTold = false

  constructor(from: number) {
    this.from = from
  }

  get n(): number {
    return this.#ops.length
  }

  get isFull(): boolean {
    const isLarge = this.bytes >= BRIDGE.creditBytes / 8 || this.#fileBytes >= BRIDGE.creditBytes
    return this.n === BRIDGE.batchOps || isLarge || this.#isTold
  }

  get isReady(): boolean {
    return this.#unmade === 0
  }

  push(op: SessionOp): Promise<void> {
    const fate = newFate()
    this.#ops.push(op)
    this.#fates.push(fate)
    this.#count(op)
    return fate.promise
  }

  /**
   * Hold a place for an operation that is still being made. When making it fails its number is spent on nothing, so that the numbers
   * after it stay what they are. `onMade` is called either way.
   */
  pushLater(making: Promise<SessionOp>, onMade: () => void): Promise<void> {
    const at = this.n
    const told = this.push({ op: 'skip' })
    this.#unmade++
    void making
      .then(
        (op) => {
          this.#ops[at] = op
          this.#count(op)
        },
        (error: unknown) => this.#fates[at]!.reject(error instanceof Error ? error : new Error(String(error)))
      )
      .then(() => {
        this.#unmade--
        onMade()
      })
    return told
  }

  #count(op: SessionOp): void {
    this.bytes += opBytes(op)
    if ('blob' in op) this.#fileBytes += op.blob.size
  }

  toPut(): { put: Put; transfer: ArrayBuffer[] } {
    return { put: { t: 'put', from: this.from, n: this.n, ops: this.#ops }, transfer: [] }
  }

  refuse(from: number, n: number, error: RunnelError): void {
    const first = Math.max(from - this.from, 0)
    const end = Math.min(from + n - this.from, this.n)
    for (let i = first; i < end; i++) this.#fates[i]!.reject(error)
  }

  settle(error: RunnelError | null): void {
    this.#isTold = true
    for (const fate of this.#fates) {
      if (error === null) fate.resolve()
      else fate.reject(error)
    }
  }
}

/** Two bytes per character of every text, and a little for the rest. */
function opBytes(op: SessionOp): number {
  let units = 32
  for (const value of Object.values(op)) if (typeof value === 'string') units += value.length
  if ('tags' in op) for (const tag of op.tags) units += tag.key.length + tag.value.length
  if ('dataset' in op) for (const value of Object.values(op.dataset)) units += value?.length ?? 0
  return 2 * units
}
