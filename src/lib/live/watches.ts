import { errorToWire, type WireError } from '#lib/domain/errors.ts'
import { SearchSyntaxError } from '#lib/domain/search/syntax-error.ts'
import type { Change } from '#lib/store/changes.ts'
import type { Store } from '#lib/store/store.ts'
import { AnswerRound } from './answer-round.ts'
import { WatchMemory, type Answering } from './answers.ts'
import type { LiveEvent, NumberedQuery, Query, QueryKind, WatchAnswer } from './protocol.ts'
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
  ask: number
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

  /** How many queries there are once these are watched, too. */
  countWith(queries: readonly NumberedQuery[]): number {
    return new Set([...this.#watches.keys(), ...queries.map(({ watch }) => watch)]).size
  }

  set(queries: readonly NumberedQuery[]): void {
    this.#inOneRound((round) => {
      for (const query of queries) this.#set(query, round)
    })
  }

  #set({ watch: number, ask, query }: NumberedQuery, round: AnswerRound): void {
    const known = this.#watches.get(number)
    const watch: Watch =
      known && known.query.kind === query.kind
        ? known
        : { query, ask, memory: new WatchMemory(), version: 0, dirty: false, running: false, timer: null, restUntil: 0 }
    watch.query = query
    watch.ask = ask
    watch.version++
    this.#watches.set(number, watch)
    // A window that moved is answered at once: somebody is scrolling.
    watch.restUntil = 0
    this.#schedule(number, watch, round)
  }

  remove(number: number): void {
    const watch = this.#watches.get(number)
    if (watch === undefined) return
    if (watch.timer !== null) clearTimeout(watch.timer)
    watch.memory.isOver = true
    this.#watches.delete(number)
  }

  clear(): void {
    for (const number of [...this.#watches.keys()]) this.remove(number)
  }

  onChange(change: Change): void {
    this.#inOneRound((round) => {
      for (const [number, watch] of this.#watches) {
        if (!touches(change, watch.query, watch.memory)) continue
        watch.memory.invalidate(change)
        this.#schedule(number, watch, round)
      }
    })
  }

  /** Answer everything again: what was read before may have been lost. */
  onLoss(): void {
    this.#inOneRound((round) => {
      for (const [number, watch] of this.#watches) {
        watch.memory.invalidate(null)
        this.#schedule(number, watch, round)
      }
    })
  }

  /** Answer again what the store does not announce. */
  refresh(kind: QueryKind): void {
    this.#inOneRound((round) => {
      for (const [number, watch] of this.#watches) if (watch.query.kind === kind) this.#schedule(number, watch, round)
    })
  }

  /** What is answered at once is answered in one round; what rests first, in a round of its own. */
  #inOneRound(work: (round: AnswerRound) => void): void {
    const round = new AnswerRound((answers) => this.#emit({ t: 'answers', answers }))
    work(round)
    round.begun()
  }

  #schedule(number: number, watch: Watch, round: AnswerRound): void {
    watch.dirty = true
    if (watch.running || watch.timer !== null) {
      // Whatever waits or runs will see the newest query; only a long rest is cut short.
      if (watch.timer === null || watch.restUntil !== 0) return
      clearTimeout(watch.timer)
      watch.timer = null
    }
    const wait = Math.max(0, watch.restUntil - performance.now())
    if (wait === 0) void this.#run(number, watch, round)
    else watch.timer = setTimeout(() => this.#inOneRound((own) => void this.#run(number, watch, own)), wait)
  }

  async #run(number: number, watch: Watch, round: AnswerRound): Promise<void> {
    round.begin()
    watch.timer = null
    watch.running = true
    watch.dirty = false
    const version = watch.version
    const started = performance.now()
    const answer = await this.#answer(number, watch)
    const cost = performance.now() - started
    watch.running = false
    const isWatched = this.#watches.get(number) === watch
    const isWanted = isWatched && version === watch.version
    round.end(isWanted ? answer : null)
    if (!isWatched) return
    if (isWanted) watch.restUntil = performance.now() + restAfter(watch.query.kind, cost)
    if (watch.dirty || !isWanted) this.#inOneRound((next) => this.#schedule(number, watch, next))
  }

  async #answer(number: number, watch: Watch): Promise<WatchAnswer> {
    const { ask } = watch
    try {
      const value = await this.#answering.answer(this.#store, watch.query, watch.memory)
      return { watch: number, ask, value }
    } catch (error) {
      const detail = error instanceof SearchSyntaxError ? { detail: error.detail } : {}
      return { watch: number, ask, error: { ...this.#describe(error), ...detail } }
    }
  }
}

function restAfter(kind: QueryKind, costMs: number): number {
  const least = kind === 'storage' ? STORAGE_MS : kind === 'values' ? VALUES_MS : FRAME_MS
  return Math.max(least, costMs * REST_FACTOR)
}
