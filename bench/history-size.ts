// Bytes on disk, and of the store's worker, for 10,000,000 points: 20 metrics x 50 runs. See bench/README.md.
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { build } from 'esbuild'
import type * as Runnel from '../sdk/runnel.ts'
import { folderBytes } from './support/folder-bytes.ts'
import type { BenchLive } from './support/live-entry.ts'
import { addLive } from './support/live-page.ts'
import { openNotebookPage } from './support/notebook-page.ts'
import { report } from './support/report.ts'
import { onStage } from './support/stage.ts'
import { workerMemory } from './support/worker-memory.ts'

const RUNS = 50
const METRICS = 20
const POINTS = 10_000
const DEBUGGING_PORT = 9357
/** Long enough for the sealing, and then the checkpoint, that follow a pause in logging. */
const SETTLE_MS = 20_000

const training = await build({
  entryPoints: [fileURLToPath(new URL('./support/metric-series-entry.ts', import.meta.url))],
  bundle: true,
  write: false,
  format: 'iife',
  target: 'es2022'
})

await onStage(
  async (stage) => {
    const { context, profile, page: app } = stage
    const page = await openNotebookPage(stage)
    await page.evaluate(training.outputFiles[0]!.text)
    const started = performance.now()
    const ids: string[] = []
    for (let run = 0; run < RUNS; run++)
      ids.push(
        await page.evaluate((options) => globalThis.logTraining(options), {
          run: `run ${run}`,
          metrics: METRICS,
          points: POINTS,
          seed: run
        })
      )
    const seconds = (performance.now() - started) / 1000
    const busyMb = (await workerMemory(DEBUGGING_PORT)) / 1e6
    await page.waitForTimeout(SETTLE_MS)
    const counts = await page.evaluate(async (runIds) => {
      const { runnel } = globalThis as unknown as { runnel: typeof Runnel }
      const histories = await Promise.all(runIds.map((runId, i) => runnel.getMetricHistory(runId, `metric_${i % 20}`)))
      return histories.map((points) => points.length)
    }, ids)
    if (counts.some((count) => count !== POINTS)) throw new Error(`Points are missing: ${counts.join(', ')}`)
    await addLive(app)
    const storage = await app.evaluate(() =>
      (globalThis as unknown as { benchLive: BenchLive }).benchLive.ask({ kind: 'storage' })
    )
    const workerMb = (await workerMemory(DEBUGGING_PORT)) / 1e6
    await context.close()
    const disk = await folderBytes(join(profile, 'Default', 'IndexedDB'))
    const points = RUNS * METRICS * POINTS
    console.log(
      `logged in ${seconds.toFixed(1)} s; database in memory ${storage.databaseBytes}, log ${storage.logBytes}, ` +
        `files ${disk}; the worker held ${busyMb.toFixed(0)} MB right after`
    )
    report('history-size', {
      disk_bytes_per_point: disk / points,
      worker_mb: workerMb,
      worker_mb_busy: busyMb,
      image_bytes: storage.databaseBytes,
      logged_points_per_s: points / seconds
    })
  },
  { args: [`--remote-debugging-port=${DEBUGGING_PORT}`] }
)
