import { existsSync } from 'node:fs'
import { gzipSync } from 'node:zlib'
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
  const isHello = (report: unknown): report is { origin: string } =>
    typeof report === 'object' && report !== null && 'origin' in report
  expect((await notebook.waitForReport(isHello)).origin).toBe(notebook.otherSite)
})

test('a cross-origin isolated notebook can frame the bridge, and nobody can frame a page', async ({
  page,
  host,
  notebook
}) => {
  const isolated = { 'Cross-Origin-Opener-Policy': 'same-origin', 'Cross-Origin-Embedder-Policy': 'require-corp' }
  notebook.page(
    '/cell.html',
    `<iframe name="bridge" src="${host.origin}/bridge"></iframe><iframe name="home" src="${host.origin}/"></iframe>`,
    isolated
  )
  await page.goto(`${notebook.origin}/cell.html`)
  expect(await page.evaluate(() => crossOriginIsolated)).toBe(true)
  const shown = async (name: string): Promise<string | undefined> => page.frame({ name })?.evaluate(() => location.href)
  await expect.poll(() => shown('bridge')).toBe(`${host.origin}/bridge`)
  expect(await shown('home')).toBe('chrome-error://chromewebdata/')
})

test('the SDK is one small module that imports nothing but its parts, when they are needed', async ({ host }) => {
  const code = await (await fetch(`${host.origin}/runnel.js`)).text()
  expect(gzipSync(code).byteLength).toBeLessThanOrEqual(15 * 1024)
  // From beside it, or as text from the host itself.
  let rest = code.replace('import(`data:text/javascript,', '')
  for (const part of ['runnel-host.js', 'runnel-system.js']) {
    expect(rest.split(`import("./${part}")`)).toHaveLength(2)
    rest = rest.replace(`import("./${part}")`, '')
    const answer = await fetch(`${host.origin}/${part}`)
    expect([answer.status, answer.headers.get('access-control-allow-origin')]).toEqual([200, '*'])
    expect(await answer.text()).not.toMatch(/\bimport\s*[({'"*]|\bfrom\s*['"]/)
  }
  expect(rest).not.toMatch(/\bimport\s*[({'"*]|\bfrom\s*['"]/)
  expect(await (await fetch(`${host.origin}/runnel@1.js`)).text()).toBe(code)
})

test('a notebook imports the SDK again after the host has gone', async ({ page, host, notebook }) => {
  notebook.page(
    '/cell.html',
    `<script type="module">import * as runnel from '${host.origin}/runnel.js'; window.names = Object.keys(runnel)</script>`
  )
  const names = (): Promise<string[] | undefined> => page.evaluate(() => (window as { names?: string[] }).names)
  await page.goto(`${notebook.otherSite}/cell.html`)
  await expect.poll(names).toContain('startRun')
  await host.stop()
  await page.goto('about:blank')
  await page.goto(`${notebook.otherSite}/cell.html`)
  await expect.poll(names).toContain('startRun')
})
