import type { LineContent } from './line-plot.ts'
import type { PaintQueue } from './paint-queue.ts'

/** So long a chart waits for lines it asked for before it shows another range without them: they mostly come, and it is drawn once. */
const AWAITED_MS = 40
/** How often charts that grow are drawn, all of a page in one frame: each frame costs the page more than a few points do. */
const LIVE_MS = 100
/** What is out of sight is drawn this long after it changed, so that it is not blank where it comes into sight. */
const OUT_OF_SIGHT_MS = 1000

/**
 * When a chart shows what it was told last: with the next frame, unless it may wait, or somebody does.
 *
 *   lines that were asked for have come     at once
 *   lines that were asked for are to come   when they are there, or have not come for a while
 *   points came, and nobody asked           with all other charts of the page
 *   it is out of sight                      once a second, or when it comes into sight
 */
export class PlotTurns {
  readonly #queue: PaintQueue
  readonly #show: () => void
  readonly #sight: IntersectionObserver
  #isInSight = true
  #told: LineContent | null = null
  #timer: ReturnType<typeof setTimeout> | undefined
  /** When the timer ends, as performance.now() says; Infinity without one. */
  #due = Infinity

  /** `show` is called when it is time to take what was told. */
  constructor(host: HTMLElement, queue: PaintQueue, show: () => void) {
    this.#queue = queue
    this.#show = show
    this.#sight = new IntersectionObserver((entries) => {
      this.#isInSight = entries.at(-1)!.isIntersecting
      if (this.#isInSight && this.#told !== null) this.#soon()
    })
    this.#sight.observe(host)
  }

  /** `shown`: what the chart shows now. */
  tell(content: LineContent, shown: LineContent): void {
    const before = this.#told ?? shown
    this.#told = content
    const wait = this.#isInSight ? waitFor(content, before) : OUT_OF_SIGHT_MS
    if (wait === 0) return isAnswer(content, before) ? this.#now() : this.#soon()
    // What is told again and again waits no longer for that.
    const due = performance.now() + wait
    if (due >= this.#due) return
    this.#rest()
    this.#due = due
    this.#timer = setTimeout(() => this.#soon(), wait)
  }

  /** Whether what was told waits for its lines. */
  get isWaiting(): boolean {
    return this.#told?.isAwaited === true && this.#due < Infinity
  }

  /** What was told and not taken yet; null when there is nothing. */
  take(): LineContent | null {
    const content = this.#told
    if (content === null) return null
    this.#told = null
    this.#rest()
    return content
  }

  destroy(): void {
    this.#rest()
    this.#sight.disconnect()
  }

  #soon(): void {
    this.#rest()
    this.#queue.soon(this, this.#show)
  }

  #now(): void {
    this.#rest()
    this.#queue.now(this, this.#show)
  }

  #rest(): void {
    if (this.#due < Infinity) clearTimeout(this.#timer)
    this.#due = Infinity
    this.#queue.remove(this)
  }
}

/** Whether lines have come for another range: those that somebody waits for. */
const isAnswer = (content: LineContent, before: LineContent): boolean =>
  content.lines !== before.lines && (before.isAwaited || content.range !== before.range)

/** How long content may wait, ms, so that it is drawn less often. */
function waitFor(content: LineContent, before: LineContent): number {
  const hasLines = content.lines !== before.lines
  if (content.isAwaited) return hasLines ? 0 : AWAITED_MS
  if (before.isAwaited || content.range !== before.range || !hasLines) return 0
  // Nobody asked: points came.
  return LIVE_MS - (performance.now() % LIVE_MS)
}
