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
    await new Promise((resolve) => setTimeout(resolve, 300))
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
