// 1,000,000 points from a notebook page of another origin to durable, ten series. See bench/README.md.
import type * as Runnel from '../sdk/runnel.ts'
import { openNotebookPage } from './support/notebook-page.ts'
import { percentile, report } from './support/report.ts'
import { onStage } from './support/stage.ts'

const POINTS = 1_000_000
const SERIES = 10
const ROUNDS = 3

await onStage(async (stage) => {
  const page = await openNotebookPage(stage)
  const rates: number[] = []
  for (let round = 0; round < ROUNDS; round++) {
    const { ms, counts } = await page.evaluate(
      async ({ points, series }) => {
        const { runnel } = globalThis as unknown as { runnel: typeof Runnel }
        const run = await runnel.startRun({ experiment: 'ingest' })
        const keys = Array.from({ length: series }, (_, i) => `metric_${i}`)
        const started = performance.now()
        for (let step = 0; step < points / series; step++) {
          const values: Record<string, number> = {}
          for (const key of keys) values[key] = Math.sin(step / 1000) + step / points
          // Not awaited, as in a training loop; every ten thousand points the loop lets the page breathe, as a framework does.
          void run.logMetrics(values, { step })
          if (step % 1000 === 999) await new Promise((resolve) => setTimeout(resolve))
        }
        await runnel.flush()
        const ms = performance.now() - started
        await run.end()
        const history = await Promise.all(keys.map((key) => runnel.getMetricHistory(run.runId, key)))
        return { ms, counts: history.map((one) => one.length) }
      },
      { points: POINTS, series: SERIES }
    )
    if (counts.some((count) => count !== POINTS / SERIES)) throw new Error(`Points are missing: ${counts.join(', ')}`)
    console.log(
      `round ${round + 1}: ${POINTS} points in ${ms.toFixed(0)} ms, ${Math.round((POINTS / ms) * 1000)} points/s`
    )
    rates.push((POINTS / ms) * 1000)
  }
  report('ingest', {
    points_per_s: percentile(rates, 0.5),
    points_per_s_worst: Math.min(...rates),
    points_per_s_best: Math.max(...rates)
  })
})
