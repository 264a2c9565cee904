// Cold start of the app on a store of 10,000 runs: navigation to the first row painted, and the longest main-thread task until then.
// See bench/README.md.
import { launchBrowser, newProfile, removeProfile } from '../tests/support/browser.ts'
import { startHost } from '../tests/support/host.ts'
import { percentile, report } from './support/report.ts'
import { fillTenThousandRuns } from './support/ten-thousand-runs.ts'

const ROUNDS = 7
/** Long enough for the checkpoint that follows a pause in logging. */
const SETTLE_MS = 10_000

interface Opened {
  readonly openMs: number
  readonly longestTaskMs: number
}

declare global {
  var benchOpened: Opened | undefined
}

const profile = await newProfile()
const host = await startHost()
try {
  const filling = await launchBrowser({ profile })
  const fillPage = filling.context.pages()[0]!
  await fillPage.goto(host.origin)
  const experimentId = await fillTenThousandRuns(fillPage)
  await fillPage.waitForTimeout(SETTLE_MS)
  await filling.close()

  const opened: Opened[] = []
  for (let round = 0; round < ROUNDS; round++) {
    // A browser of its own each time: nothing is warm but the disk.
    const browser = await launchBrowser({ profile })
    const page = browser.context.pages()[0]!
    await page.addInitScript(watchOpening)
    await page.goto(`${host.origin}/experiments/${experimentId}`)
    await page.waitForFunction(() => globalThis.benchOpened !== undefined, undefined, { timeout: 30_000 })
    const result = await page.evaluate(() => globalThis.benchOpened!)
    console.log(
      `round ${round + 1}: ${result.openMs.toFixed(0)} ms, longest task ${result.longestTaskMs.toFixed(0)} ms`
    )
    opened.push(result)
    await browser.close()
  }
  report('open', {
    open_ms: percentile(
      opened.map((one) => one.openMs),
      0.5
    ),
    open_worst_ms: Math.max(...opened.map((one) => one.openMs)),
    longest_task_ms: percentile(
      opened.map((one) => one.longestTaskMs),
      0.5
    ),
    longest_task_worst_ms: Math.max(...opened.map((one) => one.longestTaskMs))
  })
} finally {
  await host.stop()
  await removeProfile(profile)
}

/** Runs in the page before anything of it: waits for the first row of the runs table and the frame that shows it. */
function watchOpening(): void {
  let longestTaskMs = 0
  new PerformanceObserver((list) => {
    for (const entry of list.getEntries()) longestTaskMs = Math.max(longestTaskMs, entry.duration)
  }).observe({ type: 'longtask', buffered: true })
  const look = (): void => {
    if (document.querySelector('[role="grid"] [role="row"][aria-rowindex] a[href*="/runs/"]') === null) {
      requestAnimationFrame(look)
      return
    }
    // The frame after the one the row was found in has painted it.
    requestAnimationFrame(() => {
      const openMs = performance.now()
      // Long tasks are reported after they end; the one the row came in may still be on its way.
      setTimeout(() => (globalThis.benchOpened = { openMs, longestTaskMs }), 200)
    })
  }
  requestAnimationFrame(look)
}
