// What a bench puts into a notebook page to log as training does. Bundled by history-size.ts.
import type * as Runnel from '../../sdk/runnel.ts'
import { METRIC_KINDS, metricSeries } from './metric-series.ts'

declare global {
  var logTraining: (options: { run: string; metrics: number; points: number; seed: number }) => Promise<string>
}

const { runnel } = globalThis as unknown as { runnel: typeof Runnel }

/** A run whose metrics are of all kinds in turn, a step after the other. Resolves with its id once everything is durable. */
globalThis.logTraining = async ({ run: name, metrics, points, seed }) => {
  const run = await runnel.startRun({ experiment: 'history', runName: name })
  // Of its own for each metric and run: the same bytes would be kept once.
  const series = Array.from({ length: metrics }, (_, i) =>
    metricSeries(METRIC_KINDS[i % METRIC_KINDS.length]!, points, seed * metrics + i + 1)
  )
  for (let i = 0; i < points; i++) {
    const values: Record<string, number> = {}
    series.forEach((one, at) => (values[`metric_${at}`] = one.values[i]!))
    const { steps, timestamps } = series[0]!
    void run.logMetrics(values, { step: steps[i]!, timestamp: timestamps[i]! })
    if (i % 500 === 499) await new Promise((resolve) => setTimeout(resolve))
  }
  await runnel.flush()
  await run.end()
  return run.runId
}
