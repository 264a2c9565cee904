import { SERIES } from '#lib/domain/limits.ts'
import type { Change } from './changes.ts'
import { sealRound, type DueBounds } from './seal.ts'
import type { Store } from './store.ts'

/** While points come, only what has grown large is sealed, so that chunks are large; in a pause, all that is worth it. */
const BUSY: DueBounds = { points: SERIES.busySealPoints, chunks: SERIES.busySealChunks }
const IDLE: DueBounds = { points: SERIES.sealPoints, chunks: SERIES.sealChunks }
const BUSY_EVERY_MS = 1000
const IDLE_MS = 1500
/** After a failure (no room, most likely) nothing is lost: the points are where they were. Try again later. */
const RETRY_MS = 30_000

/** Decides when series are sealed: the large ones while points come, the rest in a pause. */
export class Sealer {
  readonly #store: Store
  readonly #onSealed: () => void
  readonly #unsubscribe: () => void
  #idle: ReturnType<typeof setTimeout> | null = null
  #lastBusy = 0
  #notBefore = 0
  #running: Promise<void> = Promise.resolve()
  #isRunning = false
  #isClosed = false

  /** `onSealed` is called after rows have changed: nobody else hears of it, as no point did. */
  constructor(store: Store, onSealed: () => void = () => undefined) {
    this.#store = store
    this.#onSealed = onSealed
    this.#unsubscribe = store.changes.subscribe((change) => this.#onCommit(change))
    // What a host that ended left behind.
    this.#waitForPause()
  }

  /** Ends it; resolves when nothing of it runs any more. What is half done is left as it was. */
  close(): Promise<void> {
    this.#isClosed = true
    this.#unsubscribe()
    if (this.#idle) clearTimeout(this.#idle)
    return this.#running
  }

  #onCommit({ kinds }: Change): void {
    if (!kinds.has('metric')) return
    this.#waitForPause()
    if (performance.now() - this.#lastBusy < BUSY_EVERY_MS) return
    this.#lastBusy = performance.now()
    this.#start(BUSY)
  }

  #waitForPause(): void {
    if (this.#idle) clearTimeout(this.#idle)
    this.#idle = setTimeout(() => this.#start(IDLE), IDLE_MS)
  }

  #start(bounds: DueBounds): void {
    if (this.#isRunning || this.#isClosed || performance.now() < this.#notBefore) return
    this.#isRunning = true
    this.#running = this.#seal(bounds).finally(() => (this.#isRunning = false))
  }

  async #seal(bounds: DueBounds): Promise<void> {
    try {
      while (!this.#isClosed && (await sealRound(this.#store, bounds)) > 0) this.#onSealed()
    } catch (error) {
      this.#notBefore = performance.now() + RETRY_MS
      if (!this.#isClosed) console.warn('Runnel: sealing was put off.', error)
    }
  }
}
