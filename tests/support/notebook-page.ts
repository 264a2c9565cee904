import type { BrowserContext, Page } from '@playwright/test'
import type * as Runnel from '../../sdk/runnel.ts'
import { expect } from './fixtures.ts'
import type { NotebookServer } from './notebook-server.ts'

/** What a notebook page that has imported runnel.js offers to `page.evaluate`. */
export interface NotebookGlobals {
  readonly runnel: typeof Runnel
}

/** Open the app's home and wait until its store is open: only then can it be asked for consent. */
export async function openHome(context: BrowserContext, origin: string, page?: Page): Promise<Page> {
  const tab = page ?? (await context.newPage())
  await tab.goto(origin)
  await expect(tab.getByRole('status').filter({ hasText: 'Saved' })).toBeVisible()
  return tab
}

/** Open a page of the second origin with the SDK as `globalThis.runnel`. */
export async function openNotebookPage(
  context: BrowserContext,
  notebook: NotebookServer,
  runnelOrigin: string
): Promise<Page> {
  notebook.page(
    '/notes.html',
    `<!doctype html><html lang="en"><title>notes</title><script type="module">
      globalThis.runnel = await import('${runnelOrigin}/runnel.js')
    </script></html>`
  )
  const page = await context.newPage()
  await page.goto(`${notebook.origin}/notes.html`)
  await page.waitForFunction(() => 'runnel' in globalThis)
  return page
}

/** Connect a notebook page, answering the question in `tab` the first time. */
export async function connectNotebook(page: Page, tab: Page | null): Promise<void> {
  const connected = page.evaluate(async () => {
    const { runnel } = globalThis as unknown as NotebookGlobals
    return (await runnel.connect({ timeoutMs: 30_000 })).state
  })
  if (tab) await tab.getByRole('button', { name: 'Allow' }).click()
  expect(await connected).toBe('open')
}

/** Every point of a metric, in order, read over REST from a page of Runnel's own origin. */
export async function restHistory(tab: Page, runId: string, key: string): Promise<{ step: number; value: number }[]> {
  // A browser that was killed may have forgotten its service worker: the store is open before the new one answers for it.
  await tab.waitForFunction(() => navigator.serviceWorker.controller !== null)
  return tab.evaluate(
    async ({ runId, key }) => {
      const query = new URLSearchParams({ run_id: runId, metric_key: key })
      for (let attempt = 0; ; attempt++) {
        const response = await fetch(`/api/2.0/mlflow/metrics/get-history?${query}`)
        // Until the store has opened the service worker has nobody to ask.
        if (response.status === 503 && attempt < 40) await new Promise((resolve) => setTimeout(resolve, 250))
        else if (!response.ok) throw new Error(`${response.status} ${await response.text()}`)
        else return ((await response.json()) as { metrics?: { step: number; value: number }[] }).metrics ?? []
      }
    },
    { runId, key }
  )
}
