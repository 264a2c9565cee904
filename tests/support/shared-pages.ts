/** Two people, each with a browser of their own, and a host between them. */
import type { Locator, Page } from '@playwright/test'
import { worksWithoutHost } from './away.ts'
import { launchBrowser, removeProfile, type TestBrowser } from './browser.ts'
import { expect, test as base } from './fixtures.ts'
import { startFullHost, type FullHost } from './full-host.ts'

export interface Person {
  readonly browser: TestBrowser
  readonly page: Page
  /** What went wrong on the page: errors of its scripts, and in its console. */
  readonly trouble: readonly string[]
}

interface Shared {
  readonly full: FullHost
  readonly ada: Person
  readonly ben: Person
}

const person = async (use: (person: Person) => Promise<void>): Promise<void> => {
  const browser = await launchBrowser({ viewport: { width: 1280, height: 860 } })
  const page = browser.context.pages()[0] ?? (await browser.context.newPage())
  const trouble: string[] = []
  page.on('pageerror', (error) => trouble.push(error.message))
  page.on('console', (message) => message.type() === 'error' && trouble.push(message.text()))
  await use({ browser, page, trouble })
  await browser.close()
  await removeProfile(browser.profile)
}

export const test = base.extend<Shared>({
  full: async ({}, use) => {
    const host = await startFullHost()
    await use(host)
    await host.stop()
  },
  ada: async ({}, use) => person(use),
  ben: async ({}, use) => person(use)
})

export { expect }

export const status = (page: Page): Locator => page.getByRole('contentinfo', { name: 'Status' })

/** Open the app and look at this browser's own store. */
export const openBrowserSpace = async (page: Page, origin: string): Promise<void> => {
  await page.goto(origin)
  await worksWithoutHost(page)
  const switcher = page.getByRole('button', { name: /^Space:/ })
  await switcher.click()
  await page.getByRole('menuitemradio', { name: 'This browser' }).click()
  await expect(switcher).toContainText('This browser')
  await expect(status(page)).toContainText('Saved')
}

export const newExperiment = async (page: Page, name: string): Promise<void> => {
  await page.getByRole('button', { name: 'New experiment' }).first().click()
  await page.getByRole('dialog').getByRole('textbox').fill(name)
  await page.keyboard.press('Enter')
  await expect(page.getByRole('heading', { level: 1, name })).toBeVisible()
}

/** Log a run to this browser's store. Returns its id. */
export const logRun = (page: Page, name: string, params: Readonly<Record<string, string>>): Promise<string> =>
  page.evaluate(
    async ({ name, params }) => {
      const call = async <T>(path: string, body: unknown): Promise<T> => {
        const answer = await fetch(`/api/2.0/mlflow/${path}?space=browser`, {
          method: 'POST',
          headers: { 'content-type': 'application/json' },
          body: JSON.stringify(body)
        })
        if (!answer.ok) throw new Error(`${path}: ${await answer.text()}`)
        return (await answer.json()) as T
      }
      const experiment = location.pathname.split('/').at(-1)
      const { run } = await call<{ run: { info: { run_id: string } } }>('runs/create', {
        experiment_id: experiment,
        run_name: name,
        start_time: Date.now()
      })
      const id = run.info.run_id
      await call('runs/log-batch', {
        run_id: id,
        params: Object.entries(params).map(([key, value]) => ({ key, value })),
        metrics: [1, 0.6, 0.4, 0.3].map((value, step) => ({ key: 'loss', value, step, timestamp: Date.now() + step }))
      })
      return id
    },
    { name, params }
  )

/** Make a link in the dialog that is open. */
export const makeLink = async (page: Page, role: 'Viewer' | 'Editor', forWhom: string): Promise<string> => {
  const dialog = page.getByRole('dialog', { name: /^Share/ })
  await dialog.getByRole('radio', { name: role }).check()
  await dialog.getByLabel('For whom').fill(forWhom)
  await dialog.getByRole('button', { name: 'Make a link' }).click()
  const field = dialog.getByRole('textbox', { name: /^Link for/ })
  await expect(field).toBeFocused()
  return field.inputValue()
}

export const join = async (page: Page, link: string, name: string): Promise<void> => {
  await page.goto(link)
  await page.getByLabel('Your name').fill(name)
  await page.getByRole('button', { name: 'Join' }).click()
  await page.waitForURL(/\/experiments\/\d+$/)
}
