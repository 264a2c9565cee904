import type { CDPSession, Page } from '@playwright/test'

interface TraceEvent {
  readonly name: string
  /** Microseconds. */
  readonly ts: number
}

/** What the browser's own trace says of a while. */
export interface Frames {
  /** Frames put on the screen in each whole window, as frames per second. */
  readonly drawn: readonly number[]
  /** The same for frames of the page's own thread: those in which it could change anything. */
  readonly main: readonly number[]
}

const WINDOW_MS = 500
const DRAWN = 'DrawFrame'
const MAIN = 'BeginMainThreadFrame'

/** Do something and read from the trace how often frames came meanwhile. */
export async function framesWhile(page: Page, act: (session: CDPSession) => Promise<void>): Promise<Frames> {
  const session = await page.context().newCDPSession(page)
  const events: TraceEvent[] = []
  session.on('Tracing.dataCollected', ({ value }) => void events.push(...(value as unknown as TraceEvent[])))
  await session.send('Tracing.start', {
    transferMode: 'ReportEvents',
    traceConfig: { includedCategories: ['disabled-by-default-devtools.timeline.frame', 'devtools.timeline.frame'] }
  })
  await act(session)
  const complete = new Promise((resolve) => session.once('Tracing.tracingComplete', resolve))
  await session.send('Tracing.end')
  await complete
  await session.detach()
  return { drawn: ratesOf(events, DRAWN), main: ratesOf(events, MAIN) }
}

/** Per second, in each window from the first of these events to the last; windows in which none came count as well. */
function ratesOf(events: readonly TraceEvent[], name: string): number[] {
  const times = events.flatMap((event) => (event.name === name ? event.ts / 1000 : [])).sort((a, b) => a - b)
  const [first = 0, last = 0] = [times[0], times.at(-1)]
  const counts = Array.from({ length: Math.floor((last - first) / WINDOW_MS) }, () => 0)
  for (const time of times) {
    const at = Math.floor((time - first) / WINDOW_MS)
    if (at < counts.length) counts[at]!++
  }
  return counts.map((count) => (count * 1000) / WINDOW_MS)
}
