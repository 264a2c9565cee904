// A metric logged in one browser until it is painted in another, both members of an experiment shared through a host. See bench/README.md.
import type { Page } from '@playwright/test'
import { launchBrowser, removeProfile, type TestBrowser } from '../tests/support/browser.ts'
import { startFullHost } from '../tests/support/full-host.ts'
import { startHost } from '../tests/support/host.ts'
import { percentile, report } from './support/report.ts'
import { linkTo } from './support/share-link.ts'

const POINTS = Number(process.env['BENCH_POINTS'] ?? 200)
const EVERY_MS = 300
const WARM = 10
const MUST = { propagate_p50_ms: 150, propagate_p95_ms: 400 }

declare global {
  /** When a number was painted, epoch milliseconds, by its text. */
  var benchPainted: Record<string, number>
}

const pages = await startHost()
const host = await startFullHost()
const browsers: TestBrowser[] = []
try {
  const { experiment_id: experiment } = await host.call<{ experiment_id: string }>('experiments/create', {
    name: 'far'
  })
  const created = await host.call<{ run: { info: { run_id: string } } }>('runs/create', { experiment_id: experiment })
  const runId = created.run.info.run_id
  await host.call('runs/log-metric', { run_id: runId, key: 'loss', value: 1, step: 0, timestamp: 1 })
  const link = await linkTo({ host: host.origin, reachedAt: host.origin, pages: pages.origin, experiment })
  const [writer, reader] = [await join(link), await join(link)]
  await reader.goto(`${pages.origin}/runs/${runId}`)
  await reader.getByRole('rowheader', { name: 'loss' }).waitFor()
  await watch(reader)
  const logged = await log(writer, runId)
  await reader.waitForFunction((last) => last in globalThis.benchPainted, [...logged.keys()].at(-1)!, {
    timeout: 10_000
  })
  const painted = await reader.evaluate(() => globalThis.benchPainted)
  const delays = [...logged].slice(WARM).map(([text, at]) => (painted[text] ?? Infinity) - at)
  const figures = {
    propagate_p50_ms: percentile(delays, 0.5),
    propagate_p95_ms: percentile(delays, 0.95),
    worst_ms: Math.max(...delays)
  }
  report('propagate', figures)
  if (Object.entries(MUST).some(([name, most]) => !(figures[name as keyof typeof MUST] <= most))) process.exitCode = 1
} finally {
  for (const browser of browsers) {
    await browser.close()
    await removeProfile(browser.profile)
  }
  await host.stop()
  await pages.stop()
}

/** A browser of its own that has joined. */
async function join(link: string): Promise<Page> {
  const browser = await launchBrowser({ viewport: { width: 1440, height: 900 } })
  browsers.push(browser)
  const page = browser.context.pages()[0]!
  await page.goto(link)
  await page.getByLabel('Your name').fill('Somebody')
  await page.waitForFunction(() => navigator.serviceWorker.controller !== null)
  await page.getByRole('button', { name: 'Join' }).click()
  await page.locator('[role=grid] [role=row] a[href*="/runs/"]').first().waitFor()
  return page
}

/** Note what the metric's row shows, in the frame after the one it was put there in. */
function watch(page: Page): Promise<void> {
  return page.evaluate(() => {
    globalThis.benchPainted = {}
    const row = [...document.querySelectorAll('[role=rowheader], th')]
      .find(({ textContent }) => textContent.trim() === 'loss')!
      .closest<HTMLElement>('tr, [role=row]')!
    const look = (): void => {
      const texts = row.innerText.match(/\b7\.\d+\b/g) ?? []
      requestAnimationFrame(() => {
        requestAnimationFrame(() => {
          for (const text of texts) globalThis.benchPainted[text] ??= performance.timeOrigin + performance.now()
        })
      })
    }
    new MutationObserver(look).observe(row, { subtree: true, childList: true, characterData: true })
  })
}

/** Log points one by one to the store of the page's browser. Returns when each was begun, by its text. */
async function log(page: Page, runId: string): Promise<Map<string, number>> {
  const times = await page.evaluate(
    async ({ runId, points, everyMs }) => {
      const times: [string, number][] = []
      for (let step = 1; step <= points; step++) {
        const value = 7 + step / 1000
        const began = performance.timeOrigin + performance.now()
        times.push([value.toFixed(3), began])
        const answer = await fetch('/api/2.0/mlflow/runs/log-metric', {
          method: 'POST',
          headers: { 'Content-Type': 'application/json' },
          body: JSON.stringify({ run_id: runId, key: 'loss', value, step, timestamp: Date.now() })
        })
        if (!answer.ok) throw new Error(await answer.text())
        await new Promise((resolve) =>
          setTimeout(resolve, began + everyMs - performance.timeOrigin - performance.now())
        )
      }
      return times
    },
    { runId, points: POINTS, everyMs: EVERY_MS }
  )
  return new Map(times)
}
