// A notebook logs 20 metrics of 20 runs ten times a second for a minute, while a page shows 12 charts of them. See bench/README.md.
import { openNotebookPage } from './support/notebook-page.ts'
import { usageOf } from './support/main-thread.ts'
import { report } from './support/report.ts'
import { onStage } from './support/stage.ts'

const RUNS = 20
const METRICS = 20
/** Charts on the page, all of them in view: the others are left out by what is searched for. */
const PANELS = 12
const EVERY_MS = 100
const WARM_MS = 5000
const MEASURED_MS = 60_000
const STEPS = (WARM_MS + MEASURED_MS) / EVERY_MS

interface BenchRun {
  logMetrics(metrics: Readonly<Record<string, number>>, options: { readonly step: number }): unknown
  end(): Promise<void>
}

interface BenchRunnel {
  startRun(options: {
    readonly experiment: string
    readonly runName: string
    readonly nested: boolean
  }): Promise<BenchRun>
  flush(): Promise<void>
}

await onStage(
  async (stage) => {
    const notebook = await openNotebookPage(stage)
    const { page, host } = stage
    await notebook.evaluate(async (runs) => {
      const { runnel } = globalThis as unknown as { runnel: BenchRunnel }
      const made: BenchRun[] = []
      // The others inside the first one: a notebook has one run at a time.
      for (let at = 0; at < runs; at++)
        made.push(await runnel.startRun({ experiment: 'live', runName: `run ${at}`, nested: at > 0 }))
      await runnel.flush()
      Object.assign(globalThis, { benchRuns: made })
    }, RUNS)
    const experiment = await page.evaluate(async () => {
      const answer = await fetch('/api/2.0/mlflow/experiments/get-by-name?experiment_name=live')
      return ((await answer.json()) as { experiment: { experiment_id: string } }).experiment.experiment_id
    })
    await page.bringToFront()
    const logging = notebook.evaluate(
      async ({ metrics, steps, everyMs }) => {
        const { runnel, benchRuns } = globalThis as unknown as { runnel: BenchRunnel; benchRuns: BenchRun[] }
        const began = performance.now()
        for (let step = 0; step < steps; step++) {
          for (const [at, run] of benchRuns.entries()) {
            const values = Array.from({ length: metrics }, (_, i) => [
              `metric_${i}`,
              Math.exp(-step / 200) * (1 + at / 10) + Math.sin(step * (i + 1)) / 20
            ])
            run.logMetrics(Object.fromEntries(values) as Record<string, number>, { step })
          }
          // By the clock, as a timer of a page that is not in front comes late.
          const wait = began + (step + 1) * everyMs - performance.now()
          if (wait > 0) await new Promise((resolve) => setTimeout(resolve, wait))
        }
        await runnel.flush()
        return performance.now() - began
      },
      { metrics: METRICS, steps: STEPS, everyMs: EVERY_MS }
    )
    const find = encodeURIComponent(`^metric_(${Array.from({ length: PANELS }, (_, at) => at).join('|')})$`)
    await page.goto(`${host.origin}/experiments/${experiment}?tab=charts&runs=all&find=${find}`)
    await page.getByText(`All ${RUNS} runs`).waitFor()
    const panels = page.locator('article:has(.sheet > canvas)')
    await panels.nth(PANELS - 1).waitFor()
    const shown = await panels.count()
    if (shown !== PANELS) throw new Error(`${shown} charts are shown, and ${PANELS} were to be.`)
    const session = await page.context().newCDPSession(page)
    await session.send('Performance.enable')
    await page.waitForTimeout(WARM_MS)
    const before = await usageOf(session)
    await page.waitForTimeout(MEASURED_MS - (performance.now() - before.at))
    const after = await usageOf(session)
    const tookMs = await logging
    const found = await countPoints()
    const wanted = RUNS * METRICS * STEPS
    console.log(`${shown} charts, ${found} of ${wanted} points, logged in ${(tookMs / 1000).toFixed(1)} s`)
    if (found !== wanted) throw new Error(`${wanted - found} points are missing.`)
    const minutes = (after.at - before.at) / 60_000
    report('live', {
      main_busy_pct: ((after.taskSeconds - before.taskSeconds) * 100) / (minutes * 60),
      heap_growth_mb: (after.heapMb - before.heapMb) / minutes,
      arrays_growth_mb: (after.arraysMb - before.arraysMb) / minutes,
      charts: shown
    })

    async function countPoints(): Promise<number> {
      return page.evaluate(
        async ({ experiment, metrics }) => {
          const ask = async <T>(path: string, init?: RequestInit): Promise<T> => {
            const answer = await fetch(`/api/2.0/mlflow/${path}`, init)
            if (!answer.ok) throw new Error(`${path}: ${await answer.text()}`)
            return answer.json() as Promise<T>
          }
          const { runs } = await ask<{ runs: { info: { run_id: string } }[] }>('runs/search', {
            method: 'POST',
            headers: { 'Content-Type': 'application/json' },
            body: JSON.stringify({ experiment_ids: [experiment] })
          })
          let count = 0
          for (const { info } of runs)
            for (let i = 0; i < metrics; i++) {
              const path = `metrics/get-history?run_id=${info.run_id}&metric_key=metric_${i}`
              const { metrics: points } = await ask<{ metrics?: { step: number }[] }>(path)
              count += new Set(points?.map(({ step }) => step)).size
            }
          return count
        },
        { experiment, metrics: METRICS }
      )
    }
  },
  { viewport: { width: 1440, height: 1100 } }
)
