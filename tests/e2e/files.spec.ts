import { readFile } from 'node:fs/promises'
import AxeBuilder from '@axe-core/playwright'
import type { FileChooser, Page } from '@playwright/test'
import { launchBrowser, removeProfile } from '../support/browser.ts'
import { expect, test } from '../support/fixtures.ts'

const toast = (page: Page, text: RegExp) => page.getByRole('status').getByText(text)

/** An experiment with two runs, points of a metric, and a file, logged as any page of this origin can. */
async function logExperiment(page: Page, name: string): Promise<void> {
  await page.evaluate(async (name) => {
    const post = async (operation: string, body: unknown): Promise<Record<string, never>> => {
      const answer = await fetch(`/api/2.0/mlflow/${operation}`, {
        method: 'POST',
        headers: { 'Content-Type': 'application/json' },
        body: JSON.stringify(body)
      })
      if (!answer.ok) throw new Error(await answer.text())
      return (await answer.json()) as Record<string, never>
    }
    const { experiment_id } = (await post('experiments/create', { name })) as unknown as { experiment_id: string }
    for (const run_name of ['first', 'second']) {
      const { run } = (await post('runs/create', { experiment_id, run_name })) as unknown as {
        run: { info: { run_id: string; artifact_uri: string } }
      }
      const { run_id, artifact_uri } = run.info
      const metrics = Array.from({ length: 900 }, (_, step) => ({
        key: 'loss',
        value: 1 / (step + 1),
        step,
        timestamp: 1e12 + step
      }))
      await post('runs/log-batch', { run_id, metrics, params: [{ key: 'lr', value: '0.1' }] })
      const path = artifact_uri.replace('mlflow-artifacts:/', '')
      await fetch(`/api/2.0/mlflow-artifacts/artifacts/${path}/notes.txt`, {
        method: 'PUT',
        body: `notes of ${run_name}`
      })
      await post('runs/update', { run_id, status: 'FINISHED', end_time: Date.now() })
    }
  }, name)
}

/** Drag a file over the page and let it go, as a person would; `over` looks at the page in between. */
async function dropFile(page: Page, name: string, bytes: Buffer, over?: () => Promise<void>): Promise<void> {
  const transfer = await page.evaluateHandle(
    ({ name, base64 }) => {
      const transfer = new DataTransfer()
      const bytes = Uint8Array.from(atob(base64), (char) => char.charCodeAt(0))
      transfer.items.add(new File([bytes], name, { type: 'application/zip' }))
      return transfer
    },
    { name, base64: bytes.toString('base64') }
  )
  await page.dispatchEvent('main', 'dragenter', { dataTransfer: transfer })
  await page.dispatchEvent('main', 'dragover', { dataTransfer: transfer })
  await over?.()
  await page.dispatchEvent('main', 'drop', { dataTransfer: transfer })
}

test('[FE1] an experiment leaves one browser as a file, is dropped in another, and comes once', async ({
  page,
  host
}) => {
  await page.goto(host.origin)
  await expect(page.getByRole('heading', { level: 1 })).toBeVisible()
  await expect.poll(() => page.evaluate(() => navigator.serviceWorker.controller !== null)).toBe(true)
  await logExperiment(page, 'vision')
  await page.getByRole('button', { name: 'Actions of vision' }).click()
  const downloading = page.waitForEvent('download')
  await page.getByRole('menuitem', { name: 'Export' }).click()
  const download = await downloading
  expect(download.suggestedFilename()).toMatch(/^vision \d{4}-\d{2}-\d{2}\.runnel\.zip$/)
  await expect(toast(page, /Exported “vision”/)).toBeVisible()
  const bytes = await readFile(await download.path())

  const second = await launchBrowser()
  const other = second.context.pages()[0] ?? (await second.context.newPage())
  await other.goto(host.origin)
  await expect(other.getByRole('heading', { level: 1 })).toHaveText('This tab is your tracking server.')
  await dropFile(other, download.suggestedFilename(), bytes, () =>
    expect(other.getByText('Drop to merge its experiments into this store')).toBeVisible()
  )
  await expect(toast(other, /1 experiment and 2 runs came\./)).toBeVisible()
  await expect(other.getByText('Drop to merge')).toBeHidden()
  await other.getByRole('link', { name: 'vision' }).last().click()
  await expect(other.getByRole('link', { name: 'first', exact: true })).toBeVisible()
  await expect(other.getByRole('link', { name: 'second', exact: true })).toBeVisible()
  await other.getByRole('link', { name: 'first', exact: true }).click()
  await expect(other.getByRole('figure', { name: /loss/ }).or(other.locator('canvas')).first()).toBeVisible()
  const drawn = await other.evaluate(async () => {
    const id = /runs\/(\w+)/.exec(location.pathname)![1]!
    const answer = await fetch(`/api/2.0/mlflow/metrics/get-history?run_id=${id}&metric_key=loss`)
    const file = await fetch(`/get-artifact?run_id=${id}&path=notes.txt`)
    return [((await answer.json()) as { metrics: unknown[] }).metrics.length, await file.text()]
  })
  expect(drawn).toEqual([900, 'notes of first'])

  await dropFile(other, download.suggestedFilename(), bytes)
  await expect(toast(other, /Nothing new: all of it was here\./)).toBeVisible()
  await dropFile(other, 'letter.zip', Buffer.from('no zip'))
  await expect(toast(other, /“letter.zip” was not opened. This is no file of Runnel experiments./)).toBeVisible()
  await second.close()
  await removeProfile(second.profile)
})

test('[FE2] all experiments leave from the settings; a file is chosen by keyboard', async ({ page, host }) => {
  await page.goto(host.origin)
  await expect.poll(() => page.evaluate(() => navigator.serviceWorker.controller !== null)).toBe(true)
  await logExperiment(page, 'one')
  await logExperiment(page, 'two')
  await page.goto(`${host.origin}/settings#files`)
  const downloading = page.waitForEvent('download')
  await page.getByRole('button', { name: 'Export all experiments' }).click()
  const path = await (await downloading).path()
  const { violations } = await new AxeBuilder({ page }).include('#files').analyze()
  expect(violations).toEqual([])

  const second = await launchBrowser()
  const other = second.context.pages()[0] ?? (await second.context.newPage())
  await other.goto(host.origin)
  const button = other.getByRole('button', { name: 'Open a file…' })
  await expect(button).toBeVisible()
  // The page may be made anew while it finds out which stores there are: a key then goes nowhere.
  let chooser: FileChooser | undefined
  await expect(async () => {
    const choosing = other.waitForEvent('filechooser', { timeout: 3000 })
    await button.press('Enter')
    chooser = await choosing
  }).toPass()
  await chooser!.setFiles({ name: 'all.runnel.zip', mimeType: 'application/zip', buffer: await readFile(path) })
  await expect(toast(other, /2 experiments and 4 runs came\./)).toBeVisible()
  await second.close()
  await removeProfile(second.profile)
})
