// Bytes on disk for 10,000 runs x 20 params x 20 tags x 20 metrics. See bench/README.md.
import { join } from 'node:path'
import { folderBytes } from './support/folder-bytes.ts'
import type { BenchLive } from './support/live-entry.ts'
import { addLive } from './support/live-page.ts'
import { report } from './support/report.ts'
import { onStage } from './support/stage.ts'
import { fillTenThousandRuns } from './support/ten-thousand-runs.ts'

/** Long enough for the checkpoint that follows a pause in logging. */
const SETTLE_MS = 10_000

await onStage(async ({ host, page, profile, context }) => {
  await page.goto(host.origin)
  await fillTenThousandRuns(page)
  await addLive(page)
  await page.waitForTimeout(SETTLE_MS)
  const storage = await page.evaluate(() =>
    (globalThis as unknown as { benchLive: BenchLive }).benchLive.ask({ kind: 'storage' })
  )
  const estimate = await page.evaluate(async () => (await navigator.storage.estimate()).usage ?? 0)
  await context.close()
  const disk = await folderBytes(join(profile, 'Default', 'IndexedDB'))
  console.log(
    `database in memory ${storage.databaseBytes}, log ${storage.logBytes}, the browser's own estimate ${estimate}, files ${disk}`
  )
  report('store-size', {
    store_bytes: disk,
    image_bytes: storage.databaseBytes,
    log_bytes: storage.logBytes,
    estimate_bytes: estimate
  })
})
