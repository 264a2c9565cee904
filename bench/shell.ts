// The JavaScript a first visit to the home page fetches before the worker and the wasm, and the SDK a notebook imports.
// See bench/README.md.
import { gzipSync } from 'node:zlib'
import type { Response } from '@playwright/test'
import { report } from './support/report.ts'
import { onStage } from './support/stage.ts'

/** What the page itself asked for: not the worker's script, nor what the service worker keeps for later. */
const isPageScript = (response: Response): boolean => {
  const { pathname } = new URL(response.url())
  const isScript = (response.headers()['content-type'] ?? '').startsWith('text/javascript')
  return isScript && response.request().serviceWorker() === null && !/\/workers\/|service-worker/.test(pathname)
}

/** No script for this long: the page has what it starts with. */
const quietMs = 2_000

const gzipKb = (bytes: Uint8Array): number => gzipSync(bytes).byteLength / 1024

await onStage(async ({ host, page, context }) => {
  const scripts: Response[] = []
  let lastMs = 0
  page.on('response', (response) => {
    if (!isPageScript(response)) return
    scripts.push(response)
    lastMs = Date.now()
  })
  await page.goto(host.origin, { waitUntil: 'load' })
  // Not Playwright's `networkidle`: a shared worker's script stays an open request for as long as the worker lives.
  while (Date.now() - lastMs < quietMs) await page.waitForTimeout(quietMs / 4)
  let shellKb = 0
  for (const response of scripts) {
    const kb = gzipKb(await response.body())
    shellKb += kb
    console.log(`${kb.toFixed(1).padStart(7)} KB  ${new URL(response.url()).pathname}`)
  }
  const sdk = await context.request.get(`${host.origin}/runnel.js`)
  if (!sdk.ok()) throw new Error(`runnel.js was answered with ${sdk.status()}`)
  report('shell', { shell_gz_kb: shellKb, sdk_gz_kb: gzipKb(await sdk.body()) })
})
