// One logMetric awaited, 500 in a row, from a notebook page of another origin. See bench/README.md.
import type * as Runnel from '../sdk/runnel.ts'
import { openNotebookPage } from './support/notebook-page.ts'
import { percentile, report } from './support/report.ts'
import { onStage } from './support/stage.ts'

const CALLS = 500
const ROUNDS = 3

await onStage(async (stage) => {
  const page = await openNotebookPage(stage)
  const p50: number[] = []
  const p95: number[] = []
  for (let round = 0; round < ROUNDS; round++) {
    const times = await page.evaluate(async (calls) => {
      const { runnel } = globalThis as unknown as { runnel: typeof Runnel }
      const run = await runnel.startRun({ experiment: 'ack' })
      const times: number[] = []
      for (let step = 0; step < calls; step++) {
        const started = performance.now()
        await run.logMetric('loss', 1 / (step + 1), { step })
        times.push(performance.now() - started)
      }
      await run.end()
      return times
    }, CALLS)
    p50.push(percentile(times, 0.5))
    p95.push(percentile(times, 0.95))
    console.log(
      `round ${round + 1}: p50 ${p50.at(-1)!.toFixed(2)} ms, p95 ${p95.at(-1)!.toFixed(2)} ms, worst ${Math.max(...times).toFixed(1)} ms`
    )
  }
  report('ack', {
    ack_p50_ms: percentile(p50, 0.5),
    ack_p95_ms: percentile(p95, 0.5),
    ack_p95_worst_ms: Math.max(...p95)
  })
})
