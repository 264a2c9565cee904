// The runs table over 10,000 runs and 12,000 columns, all of them shown: scrolled both ways, sorted and filtered. See bench/README.md.
import type { Page } from '@playwright/test'
import { framesWhile, type Frames } from './support/frames.ts'
import { percentile, report } from './support/report.ts'
import { onStage } from './support/stage.ts'
import { fillWideRuns } from './support/wide-runs.ts'

const RUNS = Number(process.env['BENCH_RUNS'] ?? 10_000)
const COLUMNS = 12_000
/** Long enough for the checkpoint that follows a pause in logging. */
const SETTLE_MS = 10_000
const ROUNDS = 10
/** CSS pixels, and per second: a hand that looks for something. */
const DISTANCE = 12_000
const SPEED = 4000

interface Watching {
  /** Milliseconds from the press to the frame that shows its effect; null until then. */
  took: number | null
}

declare global {
  var benchRepaint: Watching
}

await onStage(
  async ({ host, page }) => {
    await page.goto(host.origin)
    const experimentId = await fillWideRuns(page, { runs: RUNS, columns: COLUMNS })
    await page.waitForTimeout(SETTLE_MS)
    await page.goto(`${host.origin}/experiments/${experimentId}?cols=all`)
    await page.locator('[role=grid] [role=row] a[href*="/runs/"]').first().waitFor()
    await page.waitForFunction(
      () => Number(document.querySelector('[role=grid]')?.getAttribute('aria-colcount')) > 1000
    )
    const size = await page.locator('[role=grid]').evaluate((grid) => ({
      rows: Number(grid.getAttribute('aria-rowcount')) - 2,
      columns: Number(grid.getAttribute('aria-colcount')) - 2
    }))
    console.log(`${size.rows} rows, ${size.columns} columns, ${await page.locator('[role=grid] *').count()} elements`)
    if (size.rows !== RUNS || size.columns < COLUMNS - 3) throw new Error('The table does not show all of them.')

    const [down, right] = [await scrolled(page, 'y'), await scrolled(page, 'x')]
    const sorts = await sorted(page)
    const filters = await filtered(page)
    console.log(
      `sorted in ${sorts.map(Math.round).join(', ')} ms, filtered in ${filters.map(Math.round).join(', ')} ms`
    )
    report('table', {
      fps_median: percentile([...down.drawn, ...right.drawn], 0.5),
      fps_worst: Math.min(...down.drawn, ...right.drawn),
      main_fps_median: percentile([...down.main, ...right.main], 0.5),
      repaint_p50_ms: percentile([...sorts, ...filters], 0.5),
      repaint_p95_ms: percentile([...sorts, ...filters], 0.95)
    })
  },
  { viewport: { width: 1440, height: 900 } }
)

/** There and back, as the browser's own wheel would. */
async function scrolled(page: Page, axis: 'x' | 'y'): Promise<Frames> {
  const box = (await page.locator('[role=grid]').boundingBox())!
  const at = { x: box.x + box.width / 2, y: box.y + box.height / 2, gestureSourceType: 'mouse' as const, speed: SPEED }
  const frames = await framesWhile(page, async (session) => {
    for (const distance of [-DISTANCE, DISTANCE])
      await session.send('Input.synthesizeScrollGesture', {
        ...at,
        ...(axis === 'x' ? { xDistance: distance } : { yDistance: distance })
      })
  })
  console.log(`${axis}: drawn ${frames.drawn.join(', ')}; main ${frames.main.join(', ')}`)
  return frames
}

/** The heading of a metric, pressed again and again: the first row is another each time. */
async function sorted(page: Page): Promise<number[]> {
  const times: number[] = []
  for (let round = 0; round < ROUNDS; round++) {
    await watchRepaint(page, 'click')
    await page.locator('[data-column="metrics.loss"]').click()
    times.push(await repainted(page))
  }
  return times
}

/** Another filter each time, from Enter to rows that match it. Typed and entered at once: a pause would apply it by itself. */
async function filtered(page: Page): Promise<number[]> {
  const times: number[] = []
  for (let round = 0; round < ROUNDS; round++) {
    const more = round % 2 === 0 ? " and params.opt = 'adam'" : ''
    await watchRepaint(page, 'keydown')
    await page.getByRole('combobox', { name: 'Filter runs' }).evaluate(
      (field: HTMLInputElement, text) => {
        field.focus()
        field.value = text
        field.setSelectionRange(text.length, text.length)
        field.dispatchEvent(new InputEvent('input', { bubbles: true }))
        field.dispatchEvent(new KeyboardEvent('keydown', { key: 'Enter', bubbles: true, cancelable: true }))
      },
      `metrics.loss < ${(0.5 + round / 10).toFixed(1)}${more}`
    )
    times.push(await repainted(page))
  }
  return times
}

/** From the next event of this kind to the frame that shows other rows than now, or another number of them. */
async function watchRepaint(page: Page, event: 'click' | 'keydown'): Promise<void> {
  await page.evaluate((event) => {
    const watching: Watching = (globalThis.benchRepaint = { took: null })
    const shown = (): string => {
      const grid = document.querySelector('[role=grid]')
      const first = document.querySelector('[role=row][aria-rowindex="3"] a[href*="/runs/"]')
      return `${grid?.getAttribute('aria-rowcount')} ${first?.getAttribute('href')}`
    }
    const before = shown()
    const start = ({ timeStamp }: Event): void => {
      const look = (): void => {
        if (shown() === before) return void requestAnimationFrame(look)
        // The frame after the one in which the rows were seen has painted them.
        requestAnimationFrame((now) => (watching.took = now - timeStamp))
      }
      requestAnimationFrame(look)
    }
    addEventListener(event, start, { capture: true, once: true })
  }, event)
}

async function repainted(page: Page): Promise<number> {
  await page.waitForFunction(() => globalThis.benchRepaint.took !== null, undefined, { timeout: 20_000 })
  return page.evaluate(() => globalThis.benchRepaint.took!)
}
