/** What a browser tells of a page, or of a worker: in a worker there is less, and what is not there is not logged. */
import { MEGABYTE, metersOf, type Meter, type Readings } from './meter.ts'

/** The parts of a browser that are read, so that a test can hand in others. */
export interface PageParts {
  readonly now: () => number
  readonly document?: Pick<Document, 'hidden' | 'addEventListener' | 'removeEventListener'>
  readonly requestAnimationFrame?: (callback: () => void) => number
  readonly cancelAnimationFrame?: (handle: number) => void
  readonly PerformanceObserver?: typeof PerformanceObserver
  readonly performance?: PageMemory
}

/** What only some browsers have, and only some pages. */
interface PageMemory {
  /** Chromium. In steps, unless the page is isolated from others. */
  readonly memory?: { readonly usedJSHeapSize: number }
  /** Chromium, in pages that are isolated from others. May take half a minute: it waits for a garbage collection. */
  measureUserAgentSpecificMemory?(): Promise<{ readonly bytes: number }>
}

export function pageParts(): PageParts {
  const scope = globalThis as unknown as Omit<PageParts, 'now'>
  const { document, PerformanceObserver, performance } = scope
  const isPage = document !== undefined && scope.requestAnimationFrame !== undefined
  return {
    now: () => globalThis.performance.now(),
    ...(isPage && {
      document,
      requestAnimationFrame: (callback) => globalThis.requestAnimationFrame(callback),
      cancelAnimationFrame: (handle) => globalThis.cancelAnimationFrame(handle)
    }),
    ...(PerformanceObserver !== undefined && { PerformanceObserver }),
    ...(performance !== undefined && { performance })
  }
}

/** Those that this page, or worker, has. */
export function pageMeters(parts: PageParts): Meter[] {
  return metersOf([
    () => heapMeter(parts),
    () => pageMemoryMeter(parts),
    () => (parts.PerformanceObserver ? new LongTaskMeter(parts.PerformanceObserver) : null),
    () => (parts.document && parts.requestAnimationFrame ? new FrameMeter(parts) : null)
  ])
}

function heapMeter({ performance }: PageParts): Meter | null {
  if (performance?.memory === undefined) return null
  return { read: () => ({ js_heap_usage_megabytes: performance.memory!.usedJSHeapSize / MEGABYTE }) }
}

/** Asked for again once the answer is here, and told once. */
function pageMemoryMeter({ performance }: PageParts): Meter | null {
  if (performance?.measureUserAgentSpecificMemory === undefined) return null
  let answer: number | null = null
  let isAsked = false
  let isRefused = false
  const ask = (): void => {
    if (isAsked || isRefused) return
    isAsked = true
    performance.measureUserAgentSpecificMemory!().then(
      ({ bytes }) => {
        answer = bytes
        isAsked = false
      },
      () => (isRefused = true)
    )
  }
  ask()
  return {
    read: () => {
      const bytes = answer
      answer = null
      ask()
      return bytes === null ? {} : { page_memory_usage_megabytes: bytes / MEGABYTE }
    }
  }
}

class LongTaskMeter implements Meter {
  readonly #observer: PerformanceObserver
  #heldMs = 0

  /** Fails where long tasks are not told: in workers, and outside Chromium. */
  constructor(Observer: typeof PerformanceObserver) {
    if (!Observer.supportedEntryTypes.includes('longtask')) throw new Error('No long tasks are told here.')
    this.#observer = new Observer((list) => this.#add(list.getEntries()))
    this.#observer.observe({ type: 'longtask' })
  }

  #add(tasks: readonly PerformanceEntry[]): void {
    for (const { duration } of tasks) this.#heldMs += duration
  }

  read(): Readings {
    this.#add(this.#observer.takeRecords())
    const heldMs = this.#heldMs
    this.#heldMs = 0
    return { long_task_milliseconds: heldMs }
  }

  close(): void {
    this.#observer.disconnect()
  }
}

/** Frames are counted for this long in each sample: counting all the time takes 2 % of the page's thread, most of it for drawing nothing. */
const COUNT_MS = 1000
/** Shorter sights make no rate. */
const LEAST_SIGHT_MS = 200

/** Frames over the time the page was in sight. Out of sight there are none to come, which says nothing about the page. */
class FrameMeter implements Meter {
  readonly #parts: PageParts
  readonly #document: NonNullable<PageParts['document']>
  #frames = 0
  #seenMs = 0
  /** Since when frames are counted; null while they are not. */
  #since: number | null = null
  #isDone = false
  #handle = 0

  constructor(parts: PageParts) {
    this.#parts = parts
    this.#document = parts.document!
    this.#document.addEventListener('visibilitychange', this.#onSight)
    this.#onSight()
  }

  readonly #onSight = (): void => {
    if (this.#document.hidden) this.#pause()
    else if (this.#since === null && !this.#isDone) {
      this.#since = this.#parts.now()
      this.#next()
    }
  }

  #pause(): void {
    this.#seenMs = this.#seen
    this.#since = null
    this.#parts.cancelAnimationFrame?.(this.#handle)
  }

  get #seen(): number {
    return this.#seenMs + (this.#since === null ? 0 : this.#parts.now() - this.#since)
  }

  #next(): void {
    this.#handle = this.#parts.requestAnimationFrame!(() => {
      this.#frames++
      this.#isDone = this.#seen >= COUNT_MS
      if (this.#isDone) this.#pause()
      else this.#next()
    })
  }

  read(): Readings {
    this.#pause()
    const [frames, seenMs] = [this.#frames, this.#seenMs]
    this.#frames = this.#seenMs = 0
    this.#isDone = false
    this.#onSight()
    // A frame of another site that is scrolled away counts as in sight, and gets no frames either.
    if (seenMs < LEAST_SIGHT_MS || frames === 0) return {}
    return { frames_per_second: (1000 * frames) / seenMs }
  }

  close(): void {
    this.#document.removeEventListener('visibilitychange', this.#onSight)
    this.#pause()
  }
}
