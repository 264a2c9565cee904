import AxeBuilder from '@axe-core/playwright'
import { connectNotebook, openHome, openNotebookPage, type NotebookGlobals } from '../support/notebook-page.ts'
import { startFullHost } from '../support/full-host.ts'
import { expect, test } from '../support/fixtures.ts'

test('[SM40] a page logs its memory, long tasks and frames, and nothing else', async ({ context, host, notebook }) => {
  const tab = await openHome(context, host.origin, context.pages()[0])
  const page = await openNotebookPage(context, notebook, host.origin)
  await connectNotebook(page, tab)
  const values = await page.evaluate(async () => {
    const { runnel } = globalThis as unknown as NotebookGlobals
    const run = await runnel.startRun({ systemMetrics: { intervalMs: 500 } })
    // The part is loaded when it is needed; what is held before it watches is not counted.
    const isLoaded = () =>
      performance.getEntriesByType('resource').some(({ name }) => name.endsWith('/runnel-system.js'))
    while (!isLoaded()) await new Promise((resolve) => setTimeout(resolve, 20))
    await new Promise((resolve) => setTimeout(resolve, 200))
    const end = performance.now() + 200
    while (performance.now() < end) Math.sqrt(2)
    await new Promise((resolve) => setTimeout(resolve, 1300))
    await runnel.endRun()
    const { data } = await runnel.getRun(run.runId)
    const histories = Object.keys(data.metrics).map(async (key) => {
      const points = await runnel.getMetricHistory(run.runId, key)
      return [key, points.map(({ value }) => value)] as const
    })
    return Object.fromEntries(await Promise.all(histories))
  })
  expect(Object.keys(values).sort()).toEqual([
    'system/frames_per_second',
    'system/js_heap_usage_megabytes',
    'system/long_task_milliseconds'
  ])
  expect(Math.max(...values['system/frames_per_second']!)).toBeGreaterThan(5)
  expect(values['system/js_heap_usage_megabytes']!.every((megabytes) => megabytes > 0.5)).toBe(true)
  const held = values['system/long_task_milliseconds']!
  expect(held.length).toBeGreaterThanOrEqual(3)
  expect(held.reduce((sum, ms) => sum + ms, 0)).toBeGreaterThanOrEqual(190)
})

test('[SM42] a run shows its system metrics on a tab of their own, and folded in its table', async ({ page, host }) => {
  await page.goto(host.origin)
  await page.waitForFunction(() => navigator.serviceWorker.controller !== null)
  await expect(page.getByRole('contentinfo')).toContainText('Saved')
  const [both, bare] = await page.evaluate(async () => {
    const call = async (path: string, body: unknown) => {
      const answer = await fetch(`/api/2.0/mlflow/${path}`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify(body)
      })
      return (await answer.json()) as { run: { info: { run_id: string } } }
    }
    const start = Date.now() - 60_000
    const make = async (keys: readonly string[]) => {
      const { run } = await call('runs/create', { experiment_id: '0', start_time: start })
      const id = run.info.run_id
      const metrics = keys.flatMap((key) =>
        [0, 1, 2, 3].map((step) => ({ key, value: 10 + step, step, timestamp: start + step * 10_000 }))
      )
      await call('runs/log-batch', { run_id: id, metrics })
      return id
    }
    const names = ['cpu_utilization_percentage', 'disk_usage_percentage', 'process_memory_usage_megabytes']
    return [await make(['loss', ...names.map((name) => `system/${name}`)]), await make(['loss'])]
  })

  await page.goto(`${host.origin}/runs/${both}`)
  const table = page.getByRole('region', { name: /^Metrics/ })
  await expect(table.getByRole('row')).toHaveCount(2)
  await expect(page.getByRole('article')).toHaveCount(1)
  await table.getByRole('button', { name: 'System metrics 3' }).click()
  await table.getByRole('button', { name: 'Disk usage, %' }).click()

  await expect(page).toHaveURL(/tab=system/)
  await expect(page.getByRole('heading', { level: 3 })).toHaveText(['CPU', 'Disk', 'Process'])
  const panel = page.getByRole('article', { name: 'system/disk_usage_percentage' })
  await expect(panel.getByRole('heading')).toHaveText('Disk usage, %')
  await expect(panel.getByRole('img')).toHaveAccessibleName(/relative: 4 points, last 13/)
  await expect(page.getByRole('radio', { name: 'Relative' })).toBeChecked()
  const { violations } = await new AxeBuilder({ page }).analyze()
  expect(violations).toEqual([])

  // What is chosen here is not carried over.
  await page.getByRole('radio', { name: 'Step' }).check()
  await expect(page).toHaveURL(/x=step/)
  await page.getByRole('navigation', { name: 'Run' }).getByRole('link', { name: 'Overview' }).click()
  await expect(page).not.toHaveURL(/x=|tab=/)

  await page.goto(`${host.origin}/runs/${bare}`)
  await expect(page.getByRole('link', { name: 'Artifacts' })).toBeVisible()
  await expect(page.getByRole('link', { name: 'System metrics' })).toHaveCount(0)
  await page.goto(`${host.origin}/runs/${bare}?tab=system`)
  await expect(page.getByText('This run has no system metrics.')).toBeVisible()
})

test('[SM41] a worker of a page logs what it has to a host', async ({ page, host, notebook }) => {
  const store = await startFullHost()
  try {
    notebook.page('/worker.html', '<!doctype html><html lang="en"><title>worker</title></html>')
    await page.goto(`${notebook.origin}/worker.html`)
    const said = await page.evaluate(
      ([address, url]) => {
        const code = `
          const warnings = []
          console.warn = (text) => warnings.push(text)
          const runnel = await import('${address}/runnel.js')
          await runnel.connect({ host: '${url}' })
          const run = await runnel.startRun({ systemMetrics: { intervalMs: 200 } })
          await new Promise((resolve) => setTimeout(resolve, 700))
          await run.end()
          const { data, info } = await runnel.getRun(run.runId)
          postMessage({ keys: Object.keys(data.metrics), status: info.status, warnings })`
        const blob = URL.createObjectURL(new Blob([code], { type: 'text/javascript' }))
        const worker = new Worker(blob, { type: 'module' })
        return new Promise((resolve, reject) => {
          worker.onmessage = ({ data }) => resolve(data)
          worker.onerror = ({ message }) => reject(new Error(message))
        })
      },
      [host.origin, store.origin] as const
    )
    expect(said).toMatchObject({ status: 'FINISHED', warnings: [] })
    // It has no frames and is told of no long tasks.
    const { keys } = said as { readonly keys: readonly string[] }
    expect(keys.filter((key) => key !== 'system/js_heap_usage_megabytes')).toEqual([])
  } finally {
    await store.stop()
  }
})
