/** Before a host is taken away: what a page needs to go on without it has to be there, and nothing on screen says when it is. */
import { expect, type Page } from '@playwright/test'

/** From now on the page opens, and its own API answers, though nobody serves it: the service worker's cache is whole before it takes over. */
export const worksWithoutHost = async (page: Page): Promise<void> => {
  await page.waitForFunction(() => navigator.serviceWorker.controller !== null)
}

/** From now on this browser can show a run of its host by itself. */
export const hasCopyOfRun = async (page: Page, runId: string): Promise<void> => {
  await worksWithoutHost(page)
  const status = (): Promise<number> =>
    page.evaluate(async (id) => (await fetch(`/api/2.0/mlflow/runs/get?run_id=${id}&space=browser`)).status, runId)
  await expect.poll(status, { timeout: 60_000 }).toBe(200)
}
