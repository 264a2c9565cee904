import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { Page } from '@playwright/test'
import { build } from 'esbuild'
import { siteFolder } from '../../sync-server/config.ts'

/**
 * Give a page of Runnel's origin the app's own live client, as `globalThis.benchLive`, on the very worker the app's tabs share.
 * The script goes in through the debugger: the page's content policy lets no other one in.
 */
export async function addLive(page: Page): Promise<void> {
  const bundle = await build({
    entryPoints: [fileURLToPath(new URL('./live-entry.ts', import.meta.url))],
    bundle: true,
    write: false,
    format: 'iife',
    target: 'es2022'
  })
  const workers = join(siteFolder(process.env), '_app', 'immutable', 'workers')
  const worker = readdirSync(workers).find((file) => file.startsWith('store.worker'))
  if (worker === undefined) throw new Error('The built app has no store worker')
  const session = await page.context().newCDPSession(page)
  const url = `/_app/immutable/workers/${worker}`
  const expression = `${bundle.outputFiles[0]!.text}; globalThis.benchLive = openBenchLive(${JSON.stringify(url)}); 'ready'`
  const { exceptionDetails } = await session.send('Runtime.evaluate', { expression })
  if (exceptionDetails) throw new Error(exceptionDetails.exception?.description ?? exceptionDetails.text)
  await session.detach()
}
