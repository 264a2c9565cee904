import type { BrowserContext, Page } from '@playwright/test'
import { launchBrowser, removeProfile, type LaunchOptions } from '../../tests/support/browser.ts'
import { startHost, type Host } from '../../tests/support/host.ts'
import { startNotebookServer, type NotebookServer } from '../../tests/support/notebook-server.ts'

/** What a bench runs on: the built app on its own port, a second origin, and a headless Chromium with a profile on disk. */
export interface Stage {
  readonly host: Host
  readonly notebook: NotebookServer
  readonly context: BrowserContext
  /** The browser's first page, still blank. */
  readonly page: Page
  /** Where the browser keeps its data, for benches about bytes on disk. */
  readonly profile: string
}

/** Set the stage, run the bench on it, and clear up however it ends. */
export const onStage = async (bench: (stage: Stage) => Promise<void>, options: LaunchOptions = {}): Promise<void> => {
  const host = await startHost()
  const notebook = await startNotebookServer()
  const browser = await launchBrowser(options)
  try {
    const page = browser.context.pages()[0] ?? (await browser.context.newPage())
    await bench({ host, notebook, context: browser.context, page, profile: browser.profile })
  } finally {
    await browser.close()
    await Promise.all([host.stop(), notebook.stop()])
    if (options.profile === undefined) await removeProfile(browser.profile)
  }
}
