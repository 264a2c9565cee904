import { SERIES } from '#lib/domain/limits.ts'
import type { Change } from './changes.ts'
import { sealRound, type DueBounds } from './seal.ts'
import { inlinePointsDue } from './series-heads.ts'
import type { Store } from './store.ts'

const IDLE: DueBounds = { points: SERIES.sealPoints, chunks: SERIES.sealChunks }
const STEADY: DueBounds = { points: SERIES.steadySealPoints, chunks: SERIES.steadySealChunks }
const IDLE_MS = 1500
const LOOK_EVERY_MS = 1000
const STEADY_EVERY_MS = 20_000
/** After a failure (no room, most likely) nothing is lost: the points are where they were. Try again later. */
const RETRY_MS = 30_000

/**
 * Decides when series are sealed: all that is worth it in a pause, what has grown large where there is none, and at once when much lies
 * inline, as that is memory.
 */
export class Sealer {
  readonly #store: Store
  readonly #onSealed: () => void
  readonly #unsubscribe: () => void
  #idle: ReturnType<typeof setTimeout> | null = null
  #lastLook = 0
  /** Counts commits of points, so that a pause knows when it is over. */
  #commits = 0
  #lastSteady = performance.now()
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
    this.#commits++
    this.#waitForPause()
    const now = performance.now()
    if (now - this.#lastLook < LOOK_EVERY_MS) return
    this.#lastLook = now
    const isSteady = now - this.#lastSteady >= STEADY_EVERY_MS
    if (isSteady) this.#lastSteady = now
    this.#start(() => (isSteady ? this.#seal(STEADY) : this.#relieve()))
  }

  #waitForPause(): void {
    if (this.#idle) clearTimeout(this.#idle)
    if (this.#isClosed) return
    this.#idle = setTimeout(() => this.#start(() => this.#sealInPause()), IDLE_MS)
  }

  /** What is refused now waits for the next pause, as no commit may come to ask again. */
  #start(work: () => Promise<void>): void {
    if (this.#isRunning || performance.now() < this.#notBefore) return this.#waitForPause()
    this.#isRunning = true
    this.#running = this.#orLater(work).finally(() => (this.#isRunning = false))
  }

  async #orLater(work: () => Promise<void>): Promise<void> {
    try {
      await work()
    } catch (error) {
      this.#notBefore = performance.now() + RETRY_MS
      if (!this.#isClosed) console.warn('Runnel: sealing was put off.', error)
      this.#waitForPause()
    }
  }

  /** Until all is sealed, or points come again: whoever logs comes first, and the next pause goes on. */
  async #sealInPause(): Promise<void> {
    const commits = this.#commits
    while (commits === this.#commits && (await this.#sealRound(IDLE)));
  }

  async #seal(bounds: DueBounds): Promise<void> {
    while (await this.#sealRound(bounds));
  }

  /** The largest first, until half of what may lie inline is left. */
  async #relieve(): Promise<void> {
    const inline = () => this.#store.read((r) => inlinePointsDue(r))
    if ((await inline()) <= SERIES.inlinePoints) return
    while ((await this.#sealRound(IDLE)) && (await inline()) > SERIES.inlinePoints / 2);
  }

  /** Whether anything was sealed. */
  async #sealRound(bounds: DueBounds): Promise<boolean> {
    if (this.#isClosed || (await sealRound(this.#store, bounds)) === 0) return false
    this.#onSealed()
    return true
  }
}
