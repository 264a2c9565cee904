// A click on a run with 1,000,000 points in one metric and 19 others of 100,000, to the first six charts being right; and one zoom of them.
// See bench/README.md.
import type { Page } from '@playwright/test'
import type * as Runnel from '../sdk/runnel.ts'
import { launchBrowser, newProfile, removeProfile } from '../tests/support/browser.ts'
import { startHost } from '../tests/support/host.ts'
import { startNotebookServer } from '../tests/support/notebook-server.ts'
import { openNotebookPage } from './support/notebook-page.ts'
import { percentile, report } from './support/report.ts'
import { installWaveWatch } from './support/wave-check.ts'

const ROUNDS = 7
const ZOOMS = 60
const CHARTS = 6
const METRICS = 20
const STEPS = 1_000_000
/** Swings over all steps. */
const SLOW = 5
const FAST = 400
/** Long enough for the sealing, and then the checkpoint, that follow a pause in logging. */
const SETTLE_MS = 20_000
const viewport = { width: 1440, height: 1100 }

const profile = await newProfile()
const host = await startHost()
const notebook = await startNotebookServer()
try {
  const experiment = await fill()
  const opened: number[] = []
  const zoomed: number[] = []
  for (let round = 0; round < ROUNDS; round++) {
    // A browser of its own each time: nothing is warm but the disk.
    const browser = await launchBrowser({ profile, viewport })
    const page = browser.context.pages()[0]!
    await page.addInitScript(installWaveWatch, { charts: CHARTS, steps: STEPS, slow: SLOW, fast: FAST })
    await page.goto(`${host.origin}/experiments/${experiment}`)
    const link = page.getByRole('link', { name: 'waves' })
    await link.waitFor()
    await page.waitForTimeout(3000)
    opened.push(await timed(page, 'open', () => link.click()))
    console.log(`round ${round + 1}: open ${opened.at(-1)!.toFixed(0)} ms`)
    if (round === ROUNDS - 1) for (let zoom = 0; zoom < ZOOMS; zoom++) zoomed.push(await zoomOnce(page, zoom))
    await browser.close()
  }
  report('chart-open', {
    chart_open_ms: percentile(opened, 0.5),
    chart_open_worst_ms: Math.max(...opened),
    zoom_p50_ms: percentile(zoomed, 0.5),
    zoom_p95_ms: percentile(zoomed, 0.95)
  })
} finally {
  await Promise.all([host.stop(), notebook.stop()])
  await removeProfile(profile)
}

/** Log the run in this browser's store, through the SDK. Returns its experiment. */
async function fill(): Promise<string> {
  const browser = await launchBrowser({ profile })
  const app = browser.context.pages()[0]!
  const page = await openNotebookPage({ host, notebook, context: browser.context, page: app, profile })
  const experiment = await page.evaluate(logWaves, { metrics: METRICS, steps: STEPS, slow: SLOW, fast: FAST })
  await page.waitForTimeout(SETTLE_MS)
  await browser.close()
  return experiment
}

/** Runs in the notebook page. The first metric has a point at each step, the others one at every tenth. */
async function logWaves(options: { metrics: number; steps: number; slow: number; fast: number }): Promise<string> {
  const { runnel } = globalThis as unknown as { runnel: typeof Runnel }
  const run = await runnel.startRun({ experiment: 'chart-open', runName: 'waves' })
  const keys = Array.from({ length: options.metrics }, (_, at) => `wave_${String(at).padStart(2, '0')}`)
  const began = Date.now() - options.steps * 100
  for (let step = 0; step < options.steps; step++) {
    const value =
      Math.sin((2 * Math.PI * options.slow * step) / options.steps) +
      0.5 * Math.sin((2 * Math.PI * options.fast * step) / options.steps)
    const at = { step, timestamp: began + step * 100 }
    if (step % 10 === 0) void run.logMetrics(Object.fromEntries(keys.map((key) => [key, value])), at)
    else void run.logMetric(keys[0]!, value, at)
    if (step % 1000 === 999) await new Promise((resolve) => setTimeout(resolve))
  }
  await runnel.flush()
  await run.end()
  const info = await runnel.getRun(run.runId)
  return info.info.experimentId
}

/** From the last click or release that `act` makes, to the charts being right. */
async function timed(page: Page, what: 'open' | 'zoom', act: () => Promise<void>): Promise<number> {
  await page.evaluate((what) => globalThis.waveWatch.start(what), what)
  await act()
  try {
    await page.waitForFunction(() => globalThis.waveWatch.state.rightMs !== null, undefined, { timeout: 30_000 })
  } catch (error) {
    throw new Error(`The charts are not right: ${await page.evaluate(() => globalThis.waveWatch.state.problem)}`, {
      cause: error
    })
  }
  return page.evaluate(() => globalThis.waveWatch.state.rightMs!)
}

/** A box of a twenty-fifth in one chart, somewhere else each time; every other time a double click back to all of it. */
async function zoomOnce(page: Page, zoom: number): Promise<number> {
  const plot = page.locator('article[id^="chart-"] .u-over').first()
  const box = (await plot.boundingBox())!
  const y = box.y + box.height / 2
  if (zoom % 2 === 1) return timed(page, 'zoom', () => page.mouse.dblclick(box.x + box.width / 2, y))
  const from = box.x + box.width * (0.1 + 0.75 * ((zoom * 0.618) % 1))
  await page.mouse.move(from, y)
  await page.mouse.down()
  await page.mouse.move(from + box.width / 25, y, { steps: 4 })
  return timed(page, 'zoom', () => page.mouse.up())
}
