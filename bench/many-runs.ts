// 1,000 runs of 1,000 points each on one panel of the Charts tab: pointing at it and panning. See bench/README.md.
import type { CDPSession, Page } from '@playwright/test'
import { traced, type Traced } from './support/main-thread.ts'
import { percentile, report } from './support/report.ts'
import { onStage } from './support/stage.ts'

const RUNS = 1000
const POINTS = 1000
const ROUNDS = 3
const WHILE_MS = 4000

await onStage(
  async ({ host, page }) => {
    await page.goto(host.origin)
    const experiment = await fill(page)
    await page.goto(`${host.origin}/experiments/${experiment}?tab=charts`)
    await page.getByRole('button', { name: 'Show all 1,000' }).click()
    await page.getByText('All 1,000 runs').waitFor()
    const plot = page.getByRole('article', { name: 'loss', exact: true }).locator('.u-over')
    await settled(page)
    const rounds: { readonly hover: Traced; readonly pan: Traced }[] = []
    for (let round = 0; round < ROUNDS; round++) {
      const box = (await plot.boundingBox())!
      const middle = box.y + box.height / 2
      const across = (t: number): number => box.x + box.width * (0.5 + 0.45 * Math.sin(t / 400))
      const hover = await traced(page, () =>
        forAWhile((t) => page.mouse.move(across(t), middle + (box.height / 3) * Math.sin(t / 150)))
      )
      await page.mouse.move(box.x + box.width * 0.3, middle)
      await page.mouse.down()
      await page.mouse.move(box.x + box.width * 0.7, middle, { steps: 5 })
      await page.mouse.up()
      await settled(page)
      await page.keyboard.down('Shift')
      await page.mouse.move(across(0), middle)
      await page.mouse.down()
      const input = await page.context().newCDPSession(page)
      const pan = await traced(page, () => forAWhile((t) => dragTo(input, across(t), middle)))
      await input.detach()
      await page.mouse.up()
      await page.keyboard.up('Shift')
      await page.keyboard.press('Escape')
      await plot.dblclick()
      await settled(page)
      rounds.push({ hover, pan })
      for (const [name, { framesPerSecond, longestTaskMs }] of Object.entries({ hover, pan }))
        console.log(
          `round ${round + 1}, ${name}: ${percentile(framesPerSecond, 0.5)} frames/s, longest task ${longestTaskMs.toFixed(0)} ms`
        )
    }
    const all = rounds.flatMap(({ hover, pan }) => [hover, pan])
    const fps = (of: readonly Traced[]): number =>
      percentile(
        of.flatMap((one) => one.framesPerSecond),
        0.5
      )
    report('many-runs', {
      fps_median: fps(all),
      hover_fps_median: fps(rounds.map(({ hover }) => hover)),
      pan_fps_median: fps(rounds.map(({ pan }) => pan)),
      longest_task_ms: percentile(
        all.map((one) => one.longestTaskMs),
        0.5
      ),
      longest_task_worst_ms: Math.max(...all.map((one) => one.longestTaskMs))
    })
  },
  { viewport: { width: 1440, height: 900 } }
)

/** Until the canvas stays as it is. */
async function settled(page: Page): Promise<void> {
  let before = ''
  for (;;) {
    await page.waitForTimeout(700)
    const now = await page.evaluate(() => {
      const canvas = document.querySelector<HTMLCanvasElement>('.sheet > canvas')
      return canvas === null || canvas.parentElement!.style.transform !== '' ? '' : canvas.toDataURL()
    })
    if (now !== '' && now === before) return
    before = now
  }
}

/** With Shift and the left button down. Playwright's own moves look for things that can be dropped then, which takes them two frames each. */
async function dragTo(input: CDPSession, x: number, y: number): Promise<void> {
  const SHIFT = 8
  await input.send('Input.dispatchMouseEvent', {
    type: 'mouseMoved',
    x,
    y,
    button: 'left',
    buttons: 1,
    modifiers: SHIFT
  })
}

async function forAWhile(step: (ms: number) => Promise<void>): Promise<void> {
  const began = performance.now()
  for (let t = 0; t < WHILE_MS; t = performance.now() - began) {
    await step(t)
    await new Promise((resolve) => setTimeout(resolve, 8))
  }
}

/** Through the routes the service worker answers. Seeded. Returns the experiment's id. */
async function fill(page: Page): Promise<string> {
  await page.waitForFunction(() => navigator.serviceWorker.controller !== null)
  return page.evaluate(
    async ({ runs, points }) => {
      let seed = 7
      const random = () => (seed = (Math.imul(seed, 1664525) + 1013904223) >>> 0) / 2 ** 32
      const call = async <T>(path: string, body: unknown): Promise<T> => {
        for (let attempt = 0; ; attempt++) {
          const answer = await fetch(`/api/2.0/mlflow/${path}`, {
            method: 'POST',
            headers: { 'Content-Type': 'application/json' },
            body: JSON.stringify(body)
          })
          if (answer.ok) return answer.json() as Promise<T>
          if (answer.status !== 503 || attempt > 20) throw new Error(`${path}: ${await answer.text()}`)
          await new Promise((resolve) => setTimeout(resolve, 250))
        }
      }
      const made = await call<{ experiment_id: string }>('experiments/create', { name: 'a thousand runs' })
      const one = async (at: number) => {
        const start = 1_700_000_000_000 + at * 60_000
        const { run } = await call<{ run: { info: { run_id: string } } }>('runs/create', {
          experiment_id: made.experiment_id,
          start_time: start,
          run_name: `run ${at}`
        })
        let value = random() * 4
        const metrics = Array.from({ length: points }, (_, step) => {
          value += (random() - 0.5) * 0.3
          return { key: 'loss', value, step, timestamp: start + step }
        })
        await call('runs/log-batch', { run_id: run.info.run_id, metrics })
      }
      let next = 0
      const lane = async () => {
        while (next < runs) await one(next++)
      }
      await Promise.all(Array.from({ length: 8 }, lane))
      return made.experiment_id
    },
    { runs: RUNS, points: POINTS }
  )
}
