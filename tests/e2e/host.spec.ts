import { existsSync } from 'node:fs'
import { launchBrowser, removeProfile } from '../support/browser.ts'
import { expect, test } from '../support/fixtures.ts'

test('the built app opens on its own address', async ({ page, host }) => {
  const failures: string[] = []
  page.on('pageerror', (error) => failures.push(error.message))
  page.on('response', (response) => {
    if (response.status() >= 400) failures.push(`${response.status()} ${response.url()}`)
  })
  await page.goto(host.origin)
  await expect(page.locator('h1').first()).toBeVisible()
  expect(failures).toEqual([])
})

test('a killed browser comes back to the same profile', async ({ host }) => {
  const first = await launchBrowser()
  const page = first.context.pages()[0]!
  await page.goto(`${host.origin}/icon.svg`)
  await page.evaluate(() => localStorage.setItem('kept', 'yes'))
  await first.close()
  const second = await launchBrowser({ profile: first.profile })
  await second.context.pages()[0]!.goto(`${host.origin}/icon.svg`)
  await second.kill()
  const third = await launchBrowser({ profile: first.profile })
  await third.context.pages()[0]!.goto(`${host.origin}/icon.svg`)
  expect(await third.context.pages()[0]!.evaluate(() => localStorage.getItem('kept'))).toBe('yes')
  await third.close()
  await removeProfile(first.profile)
  expect(existsSync(first.profile)).toBe(false)
})

test('a page of the second origin reports to its server', async ({ page, notebook }) => {
  notebook.page('/cell.html', `<script>fetch('/report', { method: 'POST', body: JSON.stringify({ origin }) })</script>`)
  await page.goto(`${notebook.otherSite}/cell.html`)
  const isHello = (report: unknown): report is { origin: string } => typeof report === 'object' && report !== null && 'origin' in report
  expect((await notebook.waitForReport(isHello)).origin).toBe(notebook.otherSite)
})
