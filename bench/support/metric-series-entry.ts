// What a bench puts into a notebook page to log as training does. Bundled by history-size.ts.
import type * as Runnel from '../../sdk/runnel.ts'
import { METRIC_KINDS, metricSeries } from './metric-series.ts'

declare global {
  var logTraining: (options: { run: string; metrics: number; points: number }) => Promise<string>
}

const { runnel } = globalThis as unknown as { runnel: typeof Runnel }

/** A run whose metrics are of all kinds in turn, a step after the other. Resolves with its id once everything is durable. */
globalThis.logTraining = async ({ run: name, metrics, points }) => {
  const run = await runnel.startRun({ experiment: 'history', runName: name })
  const kinds = METRIC_KINDS.map((kind) => metricSeries(kind, points))
  const keys = Array.from({ length: metrics }, (_, i) => `metric_${i}`)
  for (let i = 0; i < points; i++) {
    const values: Record<string, number> = {}
    keys.forEach((key, at) => (values[key] = kinds[at % kinds.length]!.values[i]!))
    const { steps, timestamps } = kinds[0]!
    void run.logMetrics(values, { step: steps[i]!, timestamp: timestamps[i]! })
    if (i % 500 === 499) await new Promise((resolve) => setTimeout(resolve))
  }
  await runnel.flush()
  await run.end()
  return run.runId
}
