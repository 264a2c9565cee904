/**
 * Never lose what was acknowledged: processes are killed at random moments while a notebook logs numbered points and records each
 * acknowledgement outside the browser. RUNNEL_KILL_ROUNDS sets how often (10 unless said); RUNNEL_KILL_SEED replays a run.
 */
import { launchBrowser, newProfile, removeProfile } from '../support/browser.ts'
import { expect, test } from '../support/fixtures.ts'
import {
  connectNotebook,
  openHome,
  openNotebookPage,
  restHistory,
  type NotebookGlobals
} from '../support/notebook-page.ts'
import type { NotebookServer } from '../support/notebook-server.ts'
import type { Page } from '@playwright/test'

const ROUNDS = Number(process.env['RUNNEL_KILL_ROUNDS'] ?? 10)
const SEED = Number(process.env['RUNNEL_KILL_SEED'] ?? Date.now() % 2 ** 31)
/** A kill comes between these after the first acknowledgement. */
const KILL_AFTER_MS = [5, 700] as const

interface Acknowledged {
  readonly runId: string
  readonly step: number
}

const isAck = (report: unknown): report is Acknowledged =>
  typeof report === 'object' && report !== null && 'step' in report

/** Start a run and log points 0, 1, 2 … with several calls on their way at once; each acknowledgement is posted as it comes. */
async function logForEver(page: Page): Promise<string> {
  return page.evaluate(async () => {
    const { runnel } = globalThis as unknown as NotebookGlobals
    const run = await runnel.startRun({ experiment: 'killed' })
    const { runId } = run
    let next = 0
    const lane = async () => {
      for (;;) {
        const step = next++
        await run.logMetric('n', step, { step })
        // Not awaited: the acknowledgement is out of the page's hands the moment the request is.
        void fetch('/report', { method: 'POST', body: JSON.stringify({ runId, step }), keepalive: true })
      }
    }
    for (let i = 0; i < 4; i++) lane().catch(() => undefined)
    return runId
  })
}

function expectWhole(
  points: readonly { step: number; value: number }[],
  notebook: NotebookServer,
  runId: string
): number {
  const acknowledged = notebook.reports.filter(isAck).filter((ack) => ack.runId === runId)
  const steps = points.map(({ step }) => step)
  expect(new Set(steps).size, 'no point is there twice').toBe(steps.length)
  const kept = new Set(steps)
  const lost = acknowledged.map(({ step }) => step).filter((step) => !kept.has(step))
  expect(
    { lost: lost.length, from: lost[0] ?? null },
    `every acknowledged point is there (${acknowledged.length} acknowledged, ${steps.length} stored)`
  ).toEqual({ lost: 0, from: null })
  // Operations are one ordered stream, so what is kept has no hole either.
  expect(steps.length === 0 || Math.max(...steps) === steps.length - 1, 'no hole').toBe(true)
  for (const { step, value } of points) expect(value).toBe(step)
  return acknowledged.length
}

function seeded(seed: number): () => number {
  let state = seed >>> 0
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0
    return state / 2 ** 32
  }
}

test(`the browser is killed ${ROUNDS} times while a notebook logs`, async ({ host, notebook }) => {
  test.setTimeout(60_000 + ROUNDS * 30_000)
  console.log(`RUNNEL_KILL_SEED=${SEED}`)
  const random = seeded(SEED)
  const profile = await newProfile()
  const runs: string[] = []
  let acknowledged = 0
  try {
    for (let round = 0; round < ROUNDS; round++) {
      const browser = await launchBrowser({ profile })
      const tab = await openHome(browser.context, host.origin, browser.context.pages()[0])
      for (const runId of runs.slice(-1))
        acknowledged += expectWhole(await restHistory(tab, runId, 'n'), notebook, runId)
      const page = await openNotebookPage(browser.context, notebook, host.origin)
      await connectNotebook(page, round === 0 ? tab : null)
      const since = notebook.reports.length
      runs.push(await logForEver(page))
      await notebook.waitForReport(isAck, { since })
      const [least, most] = KILL_AFTER_MS
      await new Promise((resolve) => setTimeout(resolve, least + random() * (most - least)))
      await browser.kill()
    }
    const browser = await launchBrowser({ profile })
    const tab = await openHome(browser.context, host.origin, browser.context.pages()[0])
    let last = 0
    for (const runId of runs) {
      const points = await restHistory(tab, runId, 'n')
      last = expectWhole(points, notebook, runId)
    }
    acknowledged += last
    await browser.close()
  } finally {
    await removeProfile(profile)
  }
  console.log(`${acknowledged} points were acknowledged over ${ROUNDS} kills, and all are there`)
  expect(acknowledged).toBeGreaterThan(ROUNDS)
})

test('the renderer that hosts the store is killed while a second tab lives', async ({
  context,
  page,
  host,
  notebook
}) => {
  // The first tab to ask for the shared worker hosts it.
  const hosting = await openHome(context, host.origin, page)
  const second = await openHome(context, host.origin)
  const cell = await openNotebookPage(context, notebook, host.origin)
  await connectNotebook(cell, second)
  const runId = await logForEver(cell)
  const holder = () =>
    second.evaluate(
      async () => (await navigator.locks.query()).held?.find(({ name }) => name === 'runnel:store')?.clientId
    )
  const before = await holder()
  await notebook.waitForReport(isAck)

  const session = await context.newCDPSession(hosting)
  void session.send('Page.crash').catch(() => undefined)
  await expect.poll(holder).not.toBe(before)

  const since = notebook.reports.length
  await notebook.waitForReport(isAck, { since, timeoutMs: 20_000 })
  await expect(second.getByRole('status').filter({ hasText: 'Saved' })).toBeVisible()
  await second.goto(`${host.origin}/runs/${runId}`)
  await expect(second.getByRole('heading', { level: 1 })).toBeVisible()
  await cell.close()
  expectWhole(await restHistory(second, runId, 'n'), notebook, runId)
})

test('two tabs show the same thing live, and either may be closed', async ({ context, page, host }) => {
  const first = await openHome(context, host.origin, page)
  const second = await openHome(context, host.origin)
  const create = (tab: Page, name: string) =>
    tab.evaluate(
      (name) =>
        fetch('/api/2.0/mlflow/experiments/create', {
          method: 'POST',
          headers: { 'Content-Type': 'application/json' },
          body: JSON.stringify({ name })
        }).then((response) => response.status),
      name
    )
  const shown = (tab: Page, name: string) => expect(tab.getByRole('link', { name }).first()).toBeVisible()
  await first.waitForFunction(() => navigator.serviceWorker.controller !== null)
  expect(await create(first, 'made in the first')).toBe(200)
  await shown(first, 'made in the first')
  await shown(second, 'made in the first')
  await first.close()
  await second.bringToFront()
  await second.waitForFunction(() => navigator.serviceWorker.controller !== null)
  expect(await create(second, 'made after')).toBe(200)
  await shown(second, 'made after')
  const third = await openHome(context, host.origin)
  await shown(third, 'made in the first')
  await shown(third, 'made after')
})

test('when its databases are deleted under it, the store starts afresh and the open page goes on', async ({
  context,
  page,
  host
}) => {
  const tab = await openHome(context, host.origin, page)
  await tab.waitForFunction(() => navigator.serviceWorker.controller !== null)
  const create = (name: string) =>
    tab.evaluate(async (name) => {
      const response = await fetch('/api/2.0/mlflow/experiments/create', {
        method: 'POST',
        headers: { 'Content-Type': 'application/json' },
        body: JSON.stringify({ name })
      })
      return response.status
    }, name)
  expect(await create('before')).toBe(200)
  await expect(tab.getByRole('link', { name: 'before' }).first()).toBeVisible()
  await tab.evaluate(async () => {
    for (const name of ['runnel', 'runnel-blobs'])
      await new Promise((resolve, reject) => {
        const deleting = indexedDB.deleteDatabase(name)
        deleting.onsuccess = resolve
        deleting.onerror = reject
      })
  })
  await expect.poll(() => create('after'), { timeout: 20_000 }).toBe(200)
  await expect(tab.getByRole('link', { name: 'after' }).first()).toBeVisible()
  await expect(tab.getByRole('link', { name: 'before' })).toHaveCount(0)
})
