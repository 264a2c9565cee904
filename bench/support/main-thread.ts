import type { CDPSession, Page } from '@playwright/test'

interface TraceEvent {
  readonly name: string
  readonly pid: number
  readonly tid: number
  /** Microseconds. */
  readonly ts: number
  readonly dur?: number
}

/** What the browser's own trace says of a while. */
export interface Traced {
  /** Frames put on the screen, per second, in each half second. */
  readonly framesPerSecond: readonly number[]
  /** The longest task of the page's thread. */
  readonly longestTaskMs: number
}

const WINDOW_MS = 500

/** Do something, and read from the trace how often frames came meanwhile and how long tasks were. */
export async function traced(page: Page, act: () => Promise<void>): Promise<Traced> {
  const session = await page.context().newCDPSession(page)
  const events: TraceEvent[] = []
  session.on('Tracing.dataCollected', ({ value }) => void events.push(...(value as unknown as TraceEvent[])))
  const includedCategories = [
    'devtools.timeline',
    'disabled-by-default-devtools.timeline',
    'disabled-by-default-devtools.timeline.frame'
  ]
  await session.send('Tracing.start', { transferMode: 'ReportEvents', traceConfig: { includedCategories } })
  await act()
  const complete = new Promise((resolve) => session.once('Tracing.tracingComplete', resolve))
  await session.send('Tracing.end')
  await complete
  await session.detach()
  return { framesPerSecond: ratesOf(events), longestTaskMs: longestTask(events) }
}

/** In each window from the first frame to the last; windows in which none came count as well. */
function ratesOf(events: readonly TraceEvent[]): number[] {
  const times = events.flatMap(({ name, ts }) => (name === 'DrawFrame' ? ts / 1000 : [])).sort((a, b) => a - b)
  const [first = 0, last = 0] = [times[0], times.at(-1)]
  const counts = Array.from({ length: Math.floor((last - first) / WINDOW_MS) }, () => 0)
  for (const time of times) {
    const at = Math.floor((time - first) / WINDOW_MS)
    if (at < counts.length) counts[at]!++
  }
  return counts.map((count) => (count * 1000) / WINDOW_MS)
}

/** Of the thread that runs the page's frames: the one that was asked for most of them. */
function longestTask(events: readonly TraceEvent[]): number {
  const asked = new Map<string, number>()
  const longest = new Map<string, number>()
  for (const { name, pid, tid, dur = 0 } of events) {
    const thread = `${pid}/${tid}`
    if (name === 'FireAnimationFrame') asked.set(thread, (asked.get(thread) ?? 0) + 1)
    if (name === 'RunTask') longest.set(thread, Math.max(longest.get(thread) ?? 0, dur / 1000))
  }
  const [thread] = [...asked].sort(([, a], [, b]) => b - a)[0] ?? []
  const found = thread === undefined ? undefined : longest.get(thread)
  if (found === undefined) throw new Error('The trace holds no task of the page.')
  return found
}

export interface Usage {
  /** What the page's thread worked since it was made. */
  readonly taskSeconds: number
  /** JavaScript objects that are in use, and what typed arrays hold, after a collection. */
  readonly heapMb: number
  readonly arraysMb: number
  readonly at: number
}

export async function usageOf(session: CDPSession): Promise<Usage> {
  await session.send('HeapProfiler.collectGarbage')
  const { metrics } = await session.send('Performance.getMetrics')
  const heap = (await session.send('Runtime.getHeapUsage')) as { usedSize: number; backingStorageSize?: number }
  const taskSeconds = metrics.find(({ name }) => name === 'TaskDuration')?.value ?? NaN
  const mb = (bytes: number): number => bytes / 1024 / 1024
  return { taskSeconds, heapMb: mb(heap.usedSize), arraysMb: mb(heap.backingStorageSize ?? 0), at: performance.now() }
}
