// First sync of a shared experiment into an empty browser, by its link: from "Join" to the first rows painted, and what went over the wire.
// See bench/README.md.
import type { Page } from '@playwright/test'
import { launchBrowser, removeProfile } from '../tests/support/browser.ts'
import { startFullHost } from '../tests/support/full-host.ts'
import { startHost } from '../tests/support/host.ts'
import { layWire } from '../tests/support/wire.ts'
import { logRuns } from './support/logged-runs.ts'
import { percentile, report } from './support/report.ts'
import { linkTo } from './support/share-link.ts'

const ROUNDS = Number(process.env['BENCH_ROUNDS'] ?? 5)
const SIZES = process.env['BENCH_RUNS']?.split(',').map(Number) ?? [1000, 10_000]
const MUST: Readonly<Record<string, number>> = { join_1k_ms: 800, join_10k_ms: 3000, join_10k_mb: 4 }

interface Joined {
  /** From the click to the frame that shows rows. */
  readonly paintedMs: number
  /** From the click until every run is here. */
  readonly wholeMs: number
  readonly bytes: number
}

declare global {
  var benchJoin: { clicked: number; painted: number; whole: number } | undefined
}

// The pages come from elsewhere: those of the host itself follow all of it, and would have what is to be joined.
const pages = await startHost()
try {
  const figures: Record<string, number> = {}
  for (const runs of SIZES) Object.assign(figures, await measure(runs))
  report('join', figures)
  if (Object.entries(MUST).some(([name, most]) => (figures[name] ?? 0) > most)) process.exitCode = 1
} finally {
  await pages.stop()
}

async function measure(runs: number): Promise<Record<string, number>> {
  const host = await startFullHost()
  const wire = await layWire(Number(new URL(host.origin).port))
  try {
    const experiment = await logRuns(host, runs)
    const link = await linkTo({ host: host.origin, reachedAt: wire.origin, pages: pages.origin, experiment })
    const rounds: Joined[] = []
    for (let round = 0; round < ROUNDS; round++) {
      const joined = await join(link, runs, wire.received)
      const { paintedMs, wholeMs, bytes } = joined
      console.log(
        `${runs} runs: rows after ${Math.round(paintedMs)} ms, all after ${Math.round(wholeMs)} ms, ${bytes} bytes`
      )
      rounds.push(joined)
    }
    const name = `join_${runs / 1000}k`
    const middle = (of: (joined: Joined) => number): number => percentile(rounds.map(of), 0.5)
    return {
      [`${name}_ms`]: middle(({ paintedMs }) => paintedMs),
      [`${name}_whole_ms`]: middle(({ wholeMs }) => wholeMs),
      [`${name}_mb`]: middle(({ bytes }) => bytes) / 1e6
    }
  } finally {
    await wire.stop()
    await host.stop()
  }
}

async function join(link: string, runs: number, received: () => number): Promise<Joined> {
  const browser = await launchBrowser({ viewport: { width: 1440, height: 900 } })
  try {
    const page = browser.context.pages()[0]!
    await page.goto(link)
    await page.getByLabel('Your name').fill('Bea')
    // The store has opened, and what belongs to a first visit is over.
    await page.waitForFunction(() => navigator.serviceWorker.controller !== null)
    await page.waitForTimeout(1000)
    const before = received()
    await clickJoin(page, runs)
    await page.waitForFunction(() => Boolean(globalThis.benchJoin?.whole && globalThis.benchJoin.painted), undefined, {
      timeout: 120_000
    })
    const { clicked, painted, whole } = (await page.evaluate(() => globalThis.benchJoin))!
    return { paintedMs: painted - clicked, wholeMs: whole - clicked, bytes: received() - before }
  } finally {
    await browser.close()
    await removeProfile(browser.profile)
  }
}

/** Press "Join" and watch what the page shows, in the page itself: nothing waits for the debugger. */
function clickJoin(page: Page, runs: number): Promise<void> {
  return page.evaluate((runs) => {
    const button = [...document.querySelectorAll('button')].find(({ textContent }) => textContent.trim() === 'Join')!
    const seen = { clicked: performance.now(), painted: 0, whole: 0 }
    globalThis.benchJoin = seen
    const look = (): void => {
      const grid = document.querySelector('[role=grid]')
      const hasRows = grid?.querySelector('[role=row][aria-rowindex] a[href*="/runs/"]') != null
      // The frame after the one in which something was found has painted it.
      if (hasRows && seen.painted === 0) requestAnimationFrame(() => (seen.painted = performance.now()))
      if (hasRows && Number(grid.getAttribute('aria-rowcount')) - 2 >= runs) seen.whole = performance.now()
      else requestAnimationFrame(look)
    }
    requestAnimationFrame(look)
    button.click()
  }, runs)
}
