import { expect, test } from '../support/fixtures.ts'
import type { Page } from '@playwright/test'

/** The first visit has done its work once the worker controls the page: the cache is filled before it activates. */
const untilControlled = async (page: Page): Promise<void> => {
  await page.waitForFunction(() => navigator.serviceWorker.controller !== null)
}

const searchExperiments = (page: Page): Promise<{ status: number; body: unknown }> =>
  page.evaluate(async () => {
    const response = await fetch('/api/2.0/mlflow/experiments/search', {
      method: 'POST',
      headers: { 'Content-Type': 'application/json' },
      body: JSON.stringify({ max_results: 10 })
    })
    return { status: response.status, body: (await response.json()) as unknown }
  })

test('after one visit the app opens with the host gone', async ({ page, host }) => {
  await page.goto(host.origin)
  await untilControlled(page)
  await host.stop()
  for (const path of ['/', '/experiments/0', '/settings']) {
    await page.goto(host.origin + path)
    await expect(page.locator('h1').first()).toBeVisible()
  }
})

test('the bridge page keeps its own framing rules when it comes from the cache', async ({ page, host }) => {
  await page.goto(host.origin)
  await untilControlled(page)
  await host.stop()
  const bridge = await page.goto(`${host.origin}/bridge?v=1`)
  expect(bridge?.headers()).toMatchObject({
    'content-security-policy': 'frame-ancestors *',
    'cross-origin-embedder-policy': 'credentialless',
    'cross-origin-resource-policy': 'cross-origin'
  })
  const home = await page.goto(host.origin)
  expect(home?.headers()).toMatchObject({
    'content-security-policy': "frame-ancestors 'none'",
    'x-frame-options': 'DENY'
  })
})

test('a page of this origin asks the store under /api, with the host gone too', async ({ page, host }) => {
  await page.goto(host.origin)
  await untilControlled(page)
  await host.stop()
  await expect.poll(async () => (await searchExperiments(page)).status).toBe(200)
  expect(await searchExperiments(page)).toMatchObject({
    status: 200,
    body: { experiments: [{ experiment_id: '0', name: 'Default' }] }
  })
  expect(await page.evaluate(async () => (await fetch('/health')).text())).toBe('OK')
})

test('a service worker that was stopped answers again', async ({ page, host, context }) => {
  await page.goto(host.origin)
  await untilControlled(page)
  await expect.poll(async () => (await searchExperiments(page)).status).toBe(200)
  const devtools = await context.newCDPSession(page)
  await devtools.send('ServiceWorker.enable')
  await devtools.send('ServiceWorker.stopAllWorkers')
  expect((await searchExperiments(page)).status).toBe(200)
})

test('with no tab open, the answer says so and when to try again', async ({ page, host }) => {
  await page.goto(host.origin)
  await untilControlled(page)
  // A file of the origin starts no store, and its page is controlled all the same.
  await page.goto(`${host.origin}/icon.svg`)
  const answer = await page.evaluate(async () => {
    const response = await fetch('/api/2.0/mlflow/experiments/get?experiment_id=0')
    return {
      status: response.status,
      retryAfter: response.headers.get('retry-after'),
      body: (await response.json()) as unknown
    }
  })
  expect(answer).toMatchObject({ status: 503, retryAfter: '2', body: { error_code: 'TEMPORARILY_UNAVAILABLE' } })
})

test('a form of another site cannot change the store', async ({ page, host, notebook }) => {
  await page.goto(host.origin)
  await untilControlled(page)
  notebook.page(
    '/attack.html',
    `<form method="post" enctype="text/plain" action="${host.origin}/api/2.0/mlflow/experiments/create"><input name='{"name":"x","y":"' value='"}'></form>`
  )
  await page.goto(`${notebook.otherSite}/attack.html`)
  const [answer] = await Promise.all([page.waitForNavigation(), page.evaluate(() => document.forms[0]?.submit())])
  expect([answer?.status(), await answer?.json()]).toEqual([
    403,
    { error_code: 'PERMISSION_DENIED', message: 'Only a page of this origin may call the API.' }
  ])
})
