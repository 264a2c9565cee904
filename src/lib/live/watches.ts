import { errorToWire, type WireError } from '#lib/domain/errors.ts'
import { SearchSyntaxError } from '#lib/domain/search/syntax-error.ts'
import type { Change } from '#lib/store/changes.ts'
import type { Store } from '#lib/store/store.ts'
import { WatchMemory, type Answering } from './answers.ts'
import type { LiveEvent, Query, QueryKind } from './protocol.ts'
import { touches } from './touches.ts'

/** At most one answer per query and frame. */
const FRAME_MS = 16
/** Counting everything is for a line at the bottom of the screen: it can wait. */
const STORAGE_MS = 2000
/** A list that is offered need not follow every point that is logged. */
const VALUES_MS = 1000
/** An expensive query is given this many times its own cost in rest, so that watching never crowds out logging. */
const REST_FACTOR = 3

interface Watch {
  query: Query
  readonly memory: WatchMemory
  /** Counts replacements, so that an answer to an older query is not sent as one to the newer. */
  version: number
  dirty: boolean
  running: boolean
  timer: ReturnType<typeof setTimeout> | null
  restUntil: number
}

/** The queries one page watches, answered again when a commit touches them. */
export class Watches {
  readonly #store: Store
  readonly #answering: Answering
  readonly #emit: (event: LiveEvent) => void
  readonly #describe: (error: unknown) => WireError
  readonly #watches = new Map<number, Watch>()

  constructor(
    store: Store,
    answering: Answering,
    emit: (event: LiveEvent) => void,
    describe: (error: unknown) => WireError = errorToWire
  ) {
    this.#store = store
    this.#answering = answering
    this.#emit = emit
    this.#describe = describe
  }

  get count(): number {
    return this.#watches.size
  }

  set(number: number, query: Query): void {
    const known = this.#watches.get(number)
    const watch: Watch =
      known && known.query.kind === query.kind
        ? known
        : { query, memory: new WatchMemory(), version: 0, dirty: false, running: false, timer: null, restUntil: 0 }
    watch.query = query
    watch.version++
    this.#watches.set(number, watch)
    // A window that moved is answered at once: somebody is scrolling.
    watch.restUntil = 0
    this.#schedule(number, watch)
  }

  remove(number: number): void {
    const watch = this.#watches.get(number)
    if (watch?.timer) clearTimeout(watch.timer)
    this.#watches.delete(number)
  }

  clear(): void {
    for (const number of [...this.#watches.keys()]) this.remove(number)
  }

  onChange(change: Change): void {
    for (const [number, watch] of this.#watches) {
      if (!touches(change, watch.query, watch.memory)) continue
      watch.memory.invalidate(change)
      this.#schedule(number, watch)
    }
  }

  /** Answer everything again: what was read before may have been lost. */
  onLoss(): void {
    for (const [number, watch] of this.#watches) {
      watch.memory.invalidate(null)
      this.#schedule(number, watch)
    }
  }

  /** Answer again what the store does not announce. */
  refresh(kind: QueryKind): void {
    for (const [number, watch] of this.#watches) if (watch.query.kind === kind) this.#schedule(number, watch)
  }

  #schedule(number: number, watch: Watch): void {
    watch.dirty = true
    if (watch.running || watch.timer !== null) {
      // Whatever waits or runs will see the newest query; only a long rest is cut short.
      if (watch.timer === null || watch.restUntil !== 0) return
      clearTimeout(watch.timer)
      watch.timer = null
    }
    const wait = Math.max(0, watch.restUntil - performance.now())
    if (wait === 0) void this.#run(number, watch)
    else watch.timer = setTimeout(() => void this.#run(number, watch), wait)
  }

  async #run(number: number, watch: Watch): Promise<void> {
    watch.timer = null
    watch.running = true
    watch.dirty = false
    const version = watch.version
    const started = performance.now()
    const event = await this.#answer(number, watch)
    const cost = performance.now() - started
    watch.running = false
    if (this.#watches.get(number) !== watch) return
    if (version === watch.version) {
      this.#emit(event)
      watch.restUntil = performance.now() + restAfter(watch.query.kind, cost)
    }
    if (watch.dirty || version !== watch.version) this.#schedule(number, watch)
  }

  async #answer(number: number, watch: Watch): Promise<LiveEvent> {
    try {
      const value = await this.#answering.answer(this.#store, watch.query, watch.memory)
      return { t: 'answer', watch: number, value }
    } catch (error) {
      const detail = error instanceof SearchSyntaxError ? { detail: error.detail } : {}
      return { t: 'refused', watch: number, error: { ...this.#describe(error), ...detail } }
    }
  }
}

function restAfter(kind: QueryKind, costMs: number): number {
  const least = kind === 'storage' ? STORAGE_MS : kind === 'values' ? VALUES_MS : FRAME_MS
  return Math.max(least, costMs * REST_FACTOR)
}
