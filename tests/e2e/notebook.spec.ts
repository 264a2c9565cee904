import AxeBuilder from '@axe-core/playwright'
import type { BrowserContext, Page } from '@playwright/test'
import type * as Runnel from '../../sdk/runnel.ts'
import { launchBrowser, removeProfile } from '../support/browser.ts'
import { expect, test } from '../support/fixtures.ts'
import type { NotebookServer } from '../support/notebook-server.ts'

declare global {
  interface Window {
    /** What the notebook page has imported. */
    readonly runnel: typeof Runnel
    readonly imported: Promise<typeof Runnel>
    /** When a text came up in a Runnel page, epoch ms. */
    readonly seenAt: Record<string, number>
  }
}

const cell = (runnelOrigin: string, script = ''): string => `<!doctype html>
<html lang="en"><head><title>notes.ipynb</title></head><body><h1>Notebook</h1>
<script type="module">
  window.imported = import('${runnelOrigin}/runnel.js').then((runnel) => (window.runnel = runnel))
  await window.imported
  ${script}
</script></body></html>`

/** Open a notebook page that has imported runnel.js, on the same site as Runnel (127.0.0.1) or on another (localhost). */
async function openNotebook(
  context: BrowserContext,
  notebook: NotebookServer,
  runnel: string,
  site: 'same' | 'other'
): Promise<Page> {
  notebook.page('/cell.html', cell(runnel))
  const page = await context.newPage()
  await page.goto(`${site === 'same' ? notebook.origin : notebook.otherSite}/cell.html`)
  await page.evaluate(() => window.imported)
  return page
}

/** Open the app and wait until its store is open: only then can it be asked for consent. */
async function openRunnel(context: BrowserContext, origin: string, path = '/'): Promise<Page> {
  const page = await context.newPage()
  await page.goto(`${origin}${path}`)
  await expect(page.getByRole('status').filter({ hasText: 'Saved' })).toBeVisible()
  return page
}

const allow = (page: Page) => page.getByRole('button', { name: 'Allow' }).click()

/** Give the notebook's origin leave, as a person would, so that a test can be about something else. */
async function connectAllowed(tab: Page, notebookPage: Page): Promise<void> {
  const connected = notebookPage.evaluate(async () => (await window.runnel.connect()).state)
  await allow(tab)
  expect(await connected).toBe('open')
}

/** The steps of a metric that the store holds, in order, read through the notebook's own port. */
const storedSteps = (page: Page, key: string): Promise<number[]> =>
  page.evaluate(async (key) => {
    const [run] = await window.runnel.searchRuns({ filter: `metrics.${key} > -1`, experimentIds: ['0'] })
    if (run === undefined) return []
    return (await window.runnel.getMetricHistory(run.info.runId, key)).map(({ step }) => step).sort((a, b) => a - b)
  }, key)

const range = (n: number) => Array.from({ length: n }, (_, i) => i)

test('a notebook of the same site logs through a hidden frame, once the open tab has allowed it', async ({
  context,
  host,
  notebook
}) => {
  const tab = await openRunnel(context, host.origin)
  const page = await openNotebook(context, notebook, host.origin, 'same')
  const run = page.evaluate(async () => {
    const { runnel } = window
    const run = await runnel.startRun({ runName: 'first light', experiment: 'mnist', tags: { kind: 'test' } })
    void runnel.logParams({ lr: 0.1, layers: [64, 10] })
    for (let step = 0; step < 50; step++)
      void runnel.logMetrics({ loss: 1 / (step + 1), accuracy: step / 50 }, { step })
    await runnel.endRun()
    return runnel.getRun(run.runId)
  })
  await expect(tab.getByRole('dialog')).toContainText(notebook.origin)
  await expect(tab.getByRole('dialog')).toContainText('notes.ipynb')
  await allow(tab)
  expect((await run).info).toMatchObject({ runName: 'first light', status: 'FINISHED' })
  expect((await run).data).toMatchObject({
    params: { lr: '0.1', layers: '[64,10]' },
    metrics: { loss: 0.02, accuracy: 0.98 }
  })
  expect(context.pages()).toHaveLength(3)
  await tab.goto(`${host.origin}/runs/${(await run).info.runId}`)
  await expect(tab.getByRole('heading', { name: 'first light' })).toBeVisible()
})

test('a notebook of another site logs through a window, which asks', async ({ context, host, notebook }) => {
  const page = await openNotebook(context, notebook, host.origin, 'other')
  const opening = context.waitForEvent('page')
  const status = page.evaluate(async () => {
    const { runnel } = window
    await runnel.startRun({ runName: 'from elsewhere' })
    for (let step = 0; step < 10; step++) void runnel.logMetric('loss', step, { step })
    await runnel.endRun()
    return runnel.status()
  })
  const popup = await opening
  await expect(popup.getByRole('dialog')).toContainText(notebook.otherSite)
  await allow(popup)
  expect(await status).toEqual({ state: 'open', pending: 0, message: null })
  await expect(popup.getByRole('list', { name: 'Connected notebooks' })).toContainText('notes.ipynb')
  // The frame was partitioned, so nothing may have gone into a store of its own: the app's own tab sees the run.
  const tab = await openRunnel(context, host.origin, '/experiments/0')
  await expect(tab.getByRole('link', { name: 'from elsewhere' })).toBeVisible()
  // Leave is remembered: the next connection asks nobody.
  await page.reload()
  await page.evaluate(() => window.imported)
  expect(await page.evaluate(async () => (await window.runnel.connect({ timeoutMs: 10_000 })).state)).toBe('open')
})

test('a notebook that is denied says so, and may ask again', async ({ context, host, notebook }) => {
  const tab = await openRunnel(context, host.origin)
  const page = await openNotebook(context, notebook, host.origin, 'same')
  const outcome = page.evaluate(async () => {
    const { runnel } = window
    const started = runnel.startRun()
    const logged = runnel.logMetric('loss', 1)
    const reasons: string[] = []
    for (const call of [started, logged]) {
      await call.catch(({ code, message }: Runnel.RunnelError) => reasons.push(`${code}: ${message}`))
    }
    return { reasons, state: runnel.status().state }
  })
  await tab.getByRole('button', { name: 'Deny' }).click()
  const { reasons, state } = await outcome
  expect(state).toBe('denied')
  expect(reasons).toHaveLength(2)
  for (const text of reasons)
    expect(text).toContain(
      `PERMISSION_DENIED: ${notebook.origin} was not allowed to log to Runnel. Call connect() to ask again`
    )
  await connectAllowed(tab, page)
  expect(await page.evaluate(async () => (await window.runnel.startRun()).status)).toBe('RUNNING')
})

test('with no Runnel tab open, an allowed notebook logs through its frame, and a new one is asked in a window', async ({
  context,
  host,
  notebook
}) => {
  const page = await openNotebook(context, notebook, host.origin, 'same')
  const opening = context.waitForEvent('page')
  const connected = page.evaluate(async () => (await window.runnel.connect()).state)
  const popup = await opening
  await allow(popup)
  expect(await connected).toBe('open')
  await popup.close()
  await page.reload()
  await page.evaluate(() => window.imported)
  await page.evaluate(async () => {
    await window.runnel.startRun({ runName: 'nobody watches' })
    await window.runnel.logMetric('loss', 1)
  })
  expect(context.pages().filter((one) => one.url().startsWith(host.origin))).toHaveLength(0)
  const tab = await openRunnel(context, host.origin, '/experiments/0')
  await expect(tab.getByRole('link', { name: 'nobody watches' })).toBeVisible()
})

test('Runnel reloaded mid-run loses nothing and logs nothing twice', async ({ context, host, notebook }) => {
  const page = await openNotebook(context, notebook, host.origin, 'other')
  const opening = context.waitForEvent('page')
  const connected = page.evaluate(async () => (await window.runnel.connect()).state)
  const popup = await opening
  await allow(popup)
  expect(await connected).toBe('open')
  const logging = page.evaluate(async () => {
    const { runnel } = window
    await runnel.startRun()
    for (let step = 0; step < 3000; step++) {
      void runnel.logMetric('loss', step, { step })
      if (step % 10 === 0) await new Promise((resolve) => setTimeout(resolve, 5))
    }
    await runnel.endRun()
  })
  // The window is the only page of Runnel's, so each reload kills the store's worker with it.
  for (let i = 0; i < 3; i++) {
    await page.waitForTimeout(300)
    await popup.reload()
  }
  await logging
  expect(await storedSteps(page, 'loss')).toEqual(range(3000))
})

test('a notebook reloaded mid-run goes on under its session, exactly once', async ({ context, host, notebook }) => {
  const tab = await openRunnel(context, host.origin)
  const page = await openNotebook(context, notebook, host.origin, 'same')
  await connectAllowed(tab, page)
  const train = (steps: number) =>
    page.evaluate(async (steps) => {
      const { runnel } = window
      const run = await runnel.startRun({ session: 'cell-7', runName: 'replayed' })
      for (let step = 0; step < steps; step++) void runnel.logMetric('loss', step, { step })
      await runnel.flush()
      return run.runId
    }, steps)
  const first = await train(700)
  await page.reload()
  await page.evaluate(() => window.imported)
  expect(await train(1234)).toBe(first)
  expect(await storedSteps(page, 'loss')).toEqual(range(1234))
  // Executed again in the same page, as a notebook renders an output anew.
  expect(await train(1234)).toBe(first)
  expect(await storedSteps(page, 'loss')).toEqual(range(1234))
  expect(await page.evaluate(async () => (await window.runnel.searchRuns({ experimentIds: ['0'] })).length)).toBe(1)
})

test('each call is seen in an open tab within 250 ms', async ({ context, host, notebook }) => {
  const tab = await openRunnel(context, host.origin, '/experiments/0')
  const page = await openNotebook(context, notebook, host.origin, 'same')
  await connectAllowed(tab, page)
  await tab.evaluate(() => {
    const seenAt: Record<string, number> = {}
    Object.assign(window, { seenAt })
    new MutationObserver(() => {
      for (const [name] of document.body.innerText.matchAll(/seen-\d+/g)) seenAt[name] ??= Date.now()
    }).observe(document.body, { childList: true, subtree: true, characterData: true })
  })
  await tab.bringToFront()
  const calledAt: Record<string, number> = {}
  for (let i = 0; i < 10; i++) {
    const name = `seen-${i}`
    calledAt[name] = await page.evaluate(async (name) => {
      const at = Date.now()
      void window.runnel.startRun({ runName: name })
      await window.runnel.endRun()
      return at
    }, name)
    await expect(tab.getByText(name, { exact: true })).toBeVisible()
  }
  const seenAt = await tab.evaluate(() => window.seenAt)
  const delays = Object.entries(calledAt).map(([name, at]) => seenAt[name]! - at)
  expect(Math.max(...delays), `delays of ${delays.join(', ')} ms`).toBeLessThan(250)
})

test('artifacts, images, datasets, nested runs and searches', async ({ context, host, notebook }) => {
  const tab = await openRunnel(context, host.origin)
  const page = await openNotebook(context, notebook, host.origin, 'same')
  await connectAllowed(tab, page)
  const found = await page.evaluate(async () => {
    const { runnel } = window
    const experiment = await runnel.setExperiment('vision')
    const parent = await runnel.startRun({ runName: 'sweep', description: '# Why\nTo see.' })
    const child = await runnel.startRun({ nested: true, runName: 'lr 0.1' })
    const canvas = new OffscreenCanvas(600, 300)
    canvas.getContext('2d')!.fillRect(10, 10, 50, 50)
    void runnel.logImage(canvas, { key: 'val/sample', step: 3 })
    void runnel.logImage(canvas, 'plots/box.png')
    void runnel.logText('hello', 'notes/a.txt')
    void runnel.logDict({ layers: [1, 2] }, 'model.json')
    void runnel.logArtifact('weights.bin', new Float32Array([1, 2, 3]))
    void runnel.logInput(
      {
        name: 'iris',
        source: 'https://example.org/iris.csv',
        data: [
          { a: 1, b: 'x' },
          { a: 2, b: null }
        ]
      },
      { context: 'training' }
    )
    void runnel.logMetric('loss', NaN, { step: 0 })
    void runnel.logMetric('loss', 0.25, { step: 1 })
    await child.end()
    const isParentActive = runnel.activeRun() === parent
    await runnel.endRun()
    const client = new runnel.RunnelClient()
    const children = await runnel.searchRuns({
      filter: `tags.mlflow.parentRunId = '${parent.runId}' and metrics.loss < 0.5`,
      orderBy: ['metrics.loss ASC']
    })
    const images = await client.listArtifacts(child.runId, 'images')
    return {
      experimentId: experiment.experimentId,
      isParentActive,
      child: children.map(({ info, data, inputs }) => ({
        id: info.runId === child.runId,
        experimentId: info.experimentId,
        tags: data.tags,
        inputs
      })),
      files: (await client.listArtifacts(child.runId)).map(({ path }) => path),
      images: images.map(({ path }) => path.replace(/\d{13}/, 'TIME').replace(/[0-9a-f]{32}/, 'ID')),
      png: await createImageBitmap(await client.downloadArtifact(child.runId, images[1]!.path)).then(
        ({ width, height }) => [width, height]
      ),
      text: await (await client.downloadArtifact(child.runId, 'notes/a.txt')).text(),
      bytes: [...new Float32Array(await (await client.downloadArtifact(child.runId, 'weights.bin')).arrayBuffer())],
      history: (await runnel.getMetricHistory(child.runId, 'loss')).map(({ value }) => String(value)),
      names: (await runnel.searchExperiments()).map(({ name }) => name).sort(),
      missing: await runnel.getRun('0'.repeat(32)).catch((error: Runnel.RunnelError) => error.code)
    }
  })
  expect(found.isParentActive).toBe(true)
  expect(found.child).toHaveLength(1)
  expect(found.child[0]).toMatchObject({
    id: true,
    experimentId: found.experimentId,
    tags: { 'mlflow.loggedImages': 'True', 'mlflow.source.type': 'NOTEBOOK' }
  })
  expect(found.child[0]!.inputs).toMatchObject([
    { name: 'iris', sourceType: 'http', tags: { 'mlflow.data.context': 'training' } }
  ])
  expect(JSON.parse(found.child[0]!.inputs[0]!.schema!)).toEqual({
    mlflow_colspec: [
      { type: 'double', name: 'a', required: true },
      { type: 'string', name: 'b', required: false }
    ]
  })
  expect(found.files).toEqual(['images', 'model.json', 'notes', 'plots', 'weights.bin'])
  expect(found.images).toEqual([
    'images/val~sample+step+3+timestamp+TIME+ID+compressed.webp',
    'images/val~sample+step+3+timestamp+TIME+ID.png'
  ])
  expect(found.png).toEqual([600, 300])
  expect(found).toMatchObject({
    text: 'hello',
    bytes: [1, 2, 3],
    history: ['NaN', '0.25'],
    names: ['Default', 'vision'],
    missing: 'RESOURCE_DOES_NOT_EXIST'
  })
})

test('a refused call rejects with its code, and un-awaited ones never reach the page as errors', async ({
  context,
  host,
  notebook
}) => {
  const tab = await openRunnel(context, host.origin)
  const page = await openNotebook(context, notebook, host.origin, 'same')
  const failures: string[] = []
  const warnings: string[] = []
  page.on('pageerror', (error) => failures.push(error.message))
  page.on('console', (message) => message.type() === 'warning' && warnings.push(message.text()))
  await connectAllowed(tab, page)
  const outcome = await page.evaluate(async () => {
    const { runnel } = window
    const run = await runnel.startRun()
    const code = (error: Runnel.RunnelError) => error.code
    await runnel.logParam('lr', 1)
    for (let i = 0; i < 5; i++) void runnel.logParam('lr', 2)
    void runnel.logMetric('a//b', 1)
    const awaited = [
      await runnel.logParam('lr', 3).catch(code),
      await runnel.logMetric('x', 1, { step: 0.5 }).catch(code),
      await runnel.logText('x', '../up.txt').catch(code),
      await runnel.startRun().catch(code),
      await runnel.deleteTag('never').catch(code)
    ]
    await new runnel.RunnelClient().deleteRun(run.runId)
    return {
      awaited,
      afterDelete: await runnel.logMetric('x', 1).catch(code),
      kept: await runnel.getRun(run.runId).then(({ data }) => data.params)
    }
  })
  expect(outcome).toEqual({
    awaited: [
      'INVALID_PARAMETER_VALUE',
      'INVALID_PARAMETER_VALUE',
      'INVALID_PARAMETER_VALUE',
      'INVALID_STATE',
      'RESOURCE_DOES_NOT_EXIST'
    ],
    afterDelete: 'INVALID_PARAMETER_VALUE',
    kept: { lr: '1' }
  })
  expect(failures).toEqual([])
  expect(warnings.filter((text) => text.includes("new value '2'"))).toHaveLength(1)
})

test('without a click the browser opens no window: a button does, and it connects again after the window was closed', async ({
  host,
  notebook
}) => {
  // Playwright turns pop-up blocking off; this test is about it.
  const { context, profile, close } = await launchBrowser({ withoutArgs: ['--disable-popup-blocking'] })
  // Every look of Playwright's into the page counts as a click for five seconds, so the page tells by itself how it fares.
  notebook.page(
    '/auto.html',
    cell(
      host.origin,
      `const report = (name) => fetch('/report', { method: 'POST', body: JSON.stringify({ name }) })
       let last = null
       runnel.onStatus(({ state }) => state !== last && report((last = state)))
       await runnel.startRun()
       await report('started')
       await new Promise((resolve) => setTimeout(resolve, 8000))
       await runnel.logMetric('loss', 1)
       await report('logged')`
    )
  )
  const isReport =
    (name: string) =>
    (report: unknown): report is { name: string } =>
      (report as { name?: unknown }).name === name
  const page = context.pages()[0]!
  await page.goto(`${notebook.otherSite}/auto.html`)
  await notebook.waitForReport(isReport('click'))
  expect(context.pages()).toHaveLength(1)
  const opening = context.waitForEvent('page')
  await page.getByRole('button', { name: 'Connect to Runnel' }).click()
  await allow(await opening)
  await notebook.waitForReport(isReport('started'))
  const since = notebook.reports.length

  await context.pages()[1]!.close()
  await notebook.waitForReport(isReport('lost'), { since, timeoutMs: 20_000 })
  await notebook.waitForReport(isReport('click'), { since, timeoutMs: 20_000 })
  const again = context.waitForEvent('page')
  await page.getByRole('button', { name: 'Connect to Runnel' }).click()
  await again
  await notebook.waitForReport(isReport('logged'), { since, timeoutMs: 20_000 })
  await close()
  await removeProfile(profile)
})

test('a page that isolates itself hears why it cannot connect', async ({ context, host, notebook }) => {
  notebook.page('/coop.html', cell(host.origin), { 'Cross-Origin-Opener-Policy': 'same-origin' })
  const page = await context.newPage()
  await page.goto(`${notebook.otherSite}/coop.html`)
  await page.evaluate(() => window.imported)
  const error = await page.evaluate(() =>
    window.runnel.startRun().catch(({ code, message }: Runnel.RunnelError) => ({ code, message }))
  )
  if (!('code' in error)) throw new Error('The run was started.')
  expect(error.code).toBe('INVALID_STATE')
  expect(error.message).toContain('same-origin-allow-popups')
})

test('the frame shows nothing, and the window has a name and a way to the app', async ({ context, host, notebook }) => {
  const tab = await openRunnel(context, host.origin)
  const page = await openNotebook(context, notebook, host.origin, 'same')
  await connectAllowed(tab, page)
  const frame = page.frames().find((one) => one.url() === `${host.origin}/bridge`)!
  expect(await frame.locator('main, dialog, button').count()).toBe(0)
  const popup = await openRunnelWindow(context, host.origin)
  await expect(popup).toHaveTitle('Notebook connection · Runnel')
  await expect(popup.getByRole('link', { name: 'Open Runnel' })).toHaveAttribute('href', '/')
  await expect(popup.getByRole('list', { name: 'Connected notebooks' })).toContainText(notebook.origin)
  expect((await new AxeBuilder({ page: popup }).analyze()).violations.map(({ id }) => id)).toEqual([])
})

async function openRunnelWindow(context: BrowserContext, origin: string): Promise<Page> {
  const page = await context.newPage()
  await page.goto(`${origin}/bridge`)
  await expect(page.getByRole('heading', { name: 'Notebook connection' })).toBeVisible()
  return page
}

test('200,000 points from a loop that waits for nothing are all there, in order', async ({
  context,
  host,
  notebook
}) => {
  const tab = await openRunnel(context, host.origin)
  const page = await openNotebook(context, notebook, host.origin, 'same')
  await connectAllowed(tab, page)
  const { runId, ms } = await page.evaluate(async () => {
    const { runnel } = window
    const { runId } = await runnel.startRun()
    const keys = Array.from({ length: 10 }, (_, i) => `m${i}`)
    const from = performance.now()
    for (let step = 0; step < 20_000; step++) {
      const values: Record<string, number> = {}
      for (const key of keys) values[key] = step
      void runnel.logMetrics(values, { step })
    }
    await runnel.flush()
    return { runId, ms: performance.now() - from }
  })
  const counts = await page.evaluate(
    async (runId) =>
      Promise.all(
        ['m0', 'm9'].map(
          async (key) => new Set((await window.runnel.getMetricHistory(runId, key)).map(({ step }) => step)).size
        )
      ),
    runId
  )
  expect(counts).toEqual([20_000, 20_000])
  console.log(`200,000 points durable in ${Math.round(ms)} ms: ${Math.round(200_000 / ms)} per ms`)
})
