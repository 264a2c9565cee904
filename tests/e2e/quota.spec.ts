/** A full disk: calls say so, nothing acknowledged is lost, reading goes on, and logging resumes when there is room. */
import type { Page } from '@playwright/test'
import { expect, test } from '../support/fixtures.ts'
import {
  connectNotebook,
  openHome,
  openNotebookPage,
  restHistory,
  type NotebookGlobals
} from '../support/notebook-page.ts'

/**
 * Set how many bytes the origin may keep. Chromium remembers for half a minute how much room it saw, so the first limit is set before the
 * origin is first visited; a higher one is noticed at once.
 */
async function setQuota(page: Page, origin: string, bytes: number): Promise<void> {
  const session = await page.context().newCDPSession(page)
  await session.send('Storage.overrideQuotaForOrigin', { origin, quotaSize: bytes })
}

/** The app's own files and the reserve of the log take most of it. */
const SMALL_BYTES = 12_000_000
const AMPLE_BYTES = 1_000_000_000

/** Log 1,000 points at once from the page's current run, and say what became of the call. */
const logThousand = (page: Page, from: number) =>
  page.evaluate(async (from) => {
    const { runnel } = globalThis as unknown as NotebookGlobals
    const calls = Array.from({ length: 1000 }, (_, i) => runnel.logMetric('n', Math.random(), { step: from + i }))
    const outcomes = await Promise.allSettled(calls)
    const refused = outcomes.find((outcome) => outcome.status === 'rejected')
    return refused === undefined
      ? null
      : { code: (refused.reason as { code: string }).code, message: (refused.reason as Error).message }
  }, from)

/** Fill the disk with files until one is refused: points are so small that they alone would take minutes. */
const fillWithFiles = (page: Page): Promise<string> =>
  page.evaluate(async () => {
    const { runnel } = globalThis as unknown as NotebookGlobals
    for (let i = 0; i < 100; i++) {
      const bytes = new Uint8Array(256 * 1024)
      for (let at = 0; at < bytes.length; at += 65_536) crypto.getRandomValues(bytes.subarray(at, at + 65_536))
      const outcome = await runnel.logArtifact(`ballast/${i}.bin`, bytes).then(
        () => 'kept',
        (error: { code: string }) => error.code
      )
      if (outcome !== 'kept') return outcome
    }
    return 'everything was kept'
  })

test('over quota: refused clearly, nothing lost, read on, resumed', async ({ context, page, host, notebook }) => {
  await setQuota(page, host.origin, SMALL_BYTES)
  const tab = await openHome(context, host.origin, page)
  await tab.waitForFunction(() => navigator.serviceWorker.controller !== null)
  const ballast = await tab.evaluate(createExperiment, 'ballast')
  const cell = await openNotebookPage(context, notebook, host.origin)
  await connectNotebook(cell, tab)
  const runId = await cell.evaluate(async () => {
    const { runnel } = globalThis as unknown as NotebookGlobals
    return (await runnel.startRun({ experiment: 'full' })).runId
  })
  expect(await logThousand(cell, 0)).toBeNull()
  expect(await fillWithFiles(cell)).toBe('RESOURCE_EXHAUSTED')

  let from = 1000
  let acknowledged = 1000
  let refused: { code: string; message: string } | null = null
  for (; refused === null && from < 200_000; from += 1000) {
    refused = await logThousand(cell, from)
    if (refused === null) acknowledged += 1000
  }
  expect(refused).toMatchObject({ code: 'RESOURCE_EXHAUSTED' })
  expect(refused?.message).toContain('no room left')

  // Everything acknowledged is there, and reading goes on.
  const held = new Set(await allSteps(tab, runId))
  const lost = Array.from({ length: acknowledged }, (_, step) => step).filter((step) => !held.has(step))
  expect(lost, `of ${acknowledged} acknowledged points`).toEqual([])
  await expect(tab.getByText('Not saving')).toBeVisible()
  await expect(tab.getByText('Nothing new is being saved.')).toBeVisible()

  // A file does not fit either, and a command in the page says so too.
  const file = await cell.evaluate(async () => {
    const { runnel } = globalThis as unknown as NotebookGlobals
    return runnel.logArtifact('big.bin', new Uint8Array(8 << 20)).then(
      () => 'kept',
      (error: { code: string }) => error.code
    )
  })
  expect(file).toBe('RESOURCE_EXHAUSTED')

  // A full disk can be emptied all the same.
  expect(await tab.evaluate(deleteExperiment, ballast)).toBe(200)
  await tab.goto(`${host.origin}/trash`)
  await tab.getByRole('button', { name: 'Empty trash' }).click()
  await tab.getByRole('button', { name: 'Delete for good' }).click()
  await expect(tab.getByText('Trash emptied.')).toBeVisible()
  await expect(tab.getByText('The trash is empty.')).toBeVisible()

  await setQuota(tab, host.origin, AMPLE_BYTES)
  await cell.evaluate(() => (globalThis as unknown as NotebookGlobals).runnel.flush())
  expect(await logThousand(cell, from)).toBeNull()
  const after = await allSteps(tab, runId)
  // What was refused was kept in the page and tried again: each point once.
  expect(after).toEqual(Array.from({ length: from + 1000 }, (_, i) => i))
  await expect(tab.getByRole('status').filter({ hasText: 'Saved' })).toBeVisible()
})

const createExperiment = async (name: string): Promise<string> => {
  const response = await fetch('/api/2.0/mlflow/experiments/create', {
    method: 'POST',
    headers: { 'Content-Type': 'application/json' },
    body: JSON.stringify({ name })
  })
  return ((await response.json()) as { experiment_id: string }).experiment_id
}

const deleteExperiment = async (experimentId: string): Promise<number> => {
  const response = await fetch('/api/2.0/mlflow/experiments/delete', {
    method: 'POST',
    headers: { 'Content-Type': 'application/json' },
    body: JSON.stringify({ experiment_id: experimentId })
  })
  return response.status
}

async function allSteps(tab: Page, runId: string): Promise<number[]> {
  const points = await restHistory(tab, runId, 'n')
  return points.map(({ step }) => step).sort((a, b) => a - b)
}

test('a full disk is read after a restart of the store, and emptied', async ({ context, page, host, notebook }) => {
  await setQuota(page, host.origin, SMALL_BYTES)
  const tab = await openHome(context, host.origin, page)
  await tab.waitForFunction(() => navigator.serviceWorker.controller !== null)
  const cell = await openNotebookPage(context, notebook, host.origin)
  await connectNotebook(cell, tab)
  const runId = await cell.evaluate(async () => {
    const { runnel } = globalThis as unknown as NotebookGlobals
    return (await runnel.startRun({ experiment: 'full' })).runId
  })
  expect(await fillWithFiles(cell)).toBe('RESOURCE_EXHAUSTED')
  let acknowledged = 0
  while ((await logThousand(cell, acknowledged)) === null) acknowledged += 1000

  // The notebook goes and the only tab is left: the next page starts a store of its own.
  await cell.close()
  await tab.goto('about:blank')
  await tab.goto(host.origin)
  await expect(tab.getByRole('link', { name: 'full' }).first()).toBeVisible()
  const held = new Set(await allSteps(tab, runId))
  expect(Array.from({ length: acknowledged }, (_, step) => step).filter((step) => !held.has(step))).toEqual([])
  const experimentId = await tab.evaluate(async () => {
    const response = await fetch('/api/2.0/mlflow/experiments/get-by-name?experiment_name=full')
    return ((await response.json()) as { experiment: { experiment_id: string } }).experiment.experiment_id
  })
  expect(await tab.evaluate(deleteExperiment, experimentId)).toBe(200)
  await tab.goto(`${host.origin}/trash`)
  await tab.getByRole('button', { name: 'Empty trash' }).click()
  await tab.getByRole('button', { name: 'Delete for good' }).click()
  await expect(tab.getByText('The trash is empty.')).toBeVisible()
})
