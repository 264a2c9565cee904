import type { Page } from '@playwright/test'
import type { Stage } from './stage.ts'

/** A notebook page of another origin with the SDK loaded as `globalThis.runnel`, allowed to log by the person in an open Runnel tab. */
export async function openNotebookPage({ host, notebook, context, page: app }: Stage): Promise<Page> {
  notebook.page(
    '/notebook.html',
    `<!doctype html><title>bench notebook</title><script type="module">
      import * as runnel from '${host.origin}/runnel.js'
      globalThis.runnel = runnel
    </script>`
  )
  await app.goto(host.origin)
  const page = await context.newPage()
  await page.goto(`${notebook.origin}/notebook.html`)
  await page.waitForFunction(() => 'runnel' in globalThis)
  const connected = page.evaluate(() =>
    (globalThis as unknown as { runnel: { connect(): Promise<unknown> } }).runnel.connect().then(() => undefined)
  )
  await app.bringToFront()
  await app.getByRole('button', { name: 'Allow' }).click()
  await connected
  await page.bringToFront()
  return page
}
