import { test as base } from '@playwright/test'
import { launchBrowser, removeProfile, type TestBrowser } from './browser.ts'
import { startHost, type Host } from './host.ts'
import { startNotebookServer, type NotebookServer } from './notebook-server.ts'

interface TestFixtures {
  /** This test's own Chromium, on a profile of its own. `page` and `context` are its. */
  readonly chromiumWithProfile: TestBrowser
  /** A Runnel of this test's own: another port is another origin, so no test sees another's service worker or store. */
  readonly host: Host
  /** A second origin of this test's own. */
  readonly notebook: NotebookServer
}

/** Playwright's `test` with a served Runnel, a second origin and a real profile. `page.goto(host.origin)` opens the app. */
export const test = base.extend<TestFixtures>({
  host: async ({}, use) => {
    const host = await startHost()
    await use(host)
    await host.stop()
  },
  notebook: async ({}, use) => {
    const notebook = await startNotebookServer()
    await use(notebook)
    await notebook.stop()
  },
  chromiumWithProfile: async ({ viewport, colorScheme }, use) => {
    const browser = await launchBrowser({
      ...(viewport && { viewport }),
      ...((colorScheme === 'light' || colorScheme === 'dark') && { colorScheme })
    })
    await use(browser)
    await browser.close()
    await removeProfile(browser.profile)
  },
  context: async ({ chromiumWithProfile }, use) => {
    await use(chromiumWithProfile.context)
  },
  page: async ({ context }, use) => {
    await use(context.pages()[0] ?? (await context.newPage()))
  }
})

export { expect } from '@playwright/test'
