import { readFile } from 'node:fs/promises'
import AxeBuilder from '@axe-core/playwright'
import type { Locator, Page } from '@playwright/test'
import { browserStore, logCharts, logRun, type Call, type ChartRun } from '../support/chart-seed.ts'
import { expect, test } from '../support/fixtures.ts'
import { startFullHost } from '../support/full-host.ts'

const curve = (from: number, by: number, points = 40): number[] =>
  Array.from({ length: points }, (_, step) => from + by * Math.sqrt(step))

const run = (name: string, at: number): ChartRun => ({
  name,
  params: { lr: String([0.1, 0.01][at % 2]) },
  metrics: {
    epoch: curve(0, 1),
    'train/loss': curve(1 + at / 10, -0.1),
    'train/acc': curve(0.1, 0.1 + at / 100),
    'val/loss': curve(1.2, -0.1),
    'val/f1': [0.5 + at / 100]
  }
})

const runs = (count: number): readonly ChartRun[] => Array.from({ length: count }, (_, at) => run(`run ${at + 1}`, at))

const open = async (page: Page, origin: string, experiment: string, search = ''): Promise<void> => {
  await page.goto(`${origin}/experiments/${experiment}?tab=charts${search}`)
  await expect(panel(page, 'train/loss')).toBeVisible()
}

const panel = (page: Page, name: string): Locator => page.getByRole('article', { name, exact: true })
const group = (page: Page, name: string): Locator => page.getByRole('region', { name, exact: true })
const list = (page: Page): Locator => page.getByRole('list', { name: 'Runs' })
const eye = (page: Page, name: string): Locator => page.getByRole('button', { name: `Show ${name}`, exact: true })
const titles = (page: Page, name: string): Locator => group(page, name).getByRole('heading', { level: 4 })
const tool = (page: Page, name: string): Locator =>
  page.getByRole('toolbar', { name: 'Charts' }).getByRole('button', { name })

const fromMenu = async (page: Page, name: string, item: string): Promise<void> => {
  await panel(page, name).hover()
  await page.getByRole('button', { name: `Panel ${name}`, exact: true }).click()
  await page.getByRole('menuitem', { name: item, exact: true }).click()
}

/** Colours a panel's lines are drawn in, as far as its pixels say: transparent ones aside. */
const paintedPixels = (page: Page, name: string): Promise<number> =>
  panel(page, name).evaluate((card) => {
    let count = 0
    for (const canvas of card.querySelectorAll<HTMLCanvasElement>('.lines canvas')) {
      const { data } = canvas.getContext('2d')!.getImageData(0, 0, canvas.width, canvas.height)
      for (let at = 3; at < data.length; at += 4) if (data[at]! > 0) count++
    }
    return count
  })

const expectAccessible = async (page: Page): Promise<void> => {
  const { violations } = await new AxeBuilder({ page }).analyze()
  expect(violations.map(({ id, nodes }) => ({ id, where: nodes.map(({ html }) => html) }))).toEqual([])
}

test('[CE1] an experiment has a chart for each metric, in groups, of its newest runs', async ({ page, host }) => {
  const { experiment } = await logCharts(await browserStore(page, host.origin), 'wine', runs(18))
  await page.goto(`${host.origin}/experiments/${experiment}`)
  await page.getByRole('navigation', { name: 'Experiment', exact: true }).getByRole('link', { name: 'Charts' }).click()
  await expect(page.getByText('The 15 newest of 18')).toBeVisible()
  await expect(panel(page, 'epoch')).toBeVisible()
  await expect(titles(page, 'train')).toHaveText(['acc', 'loss'])
  await expect.poll(() => paintedPixels(page, 'train/loss')).toBeGreaterThan(500)
  await expect(eye(page, 'run 18')).toHaveAttribute('aria-pressed', 'true')
  await expect(eye(page, 'run 3')).toHaveAttribute('aria-pressed', 'false')
  await expectAccessible(page)

  await page.getByRole('button', { name: 'Show all 18' }).click()
  await expect(page.getByText('All 18 runs')).toBeVisible()
  await eye(page, 'run 18').click()
  await expect(page.getByText('17 of 18 runs')).toBeVisible()
  await eye(page, 'run 2').click({ modifiers: ['Alt'] })
  await expect(page.getByText('1 of 18 runs')).toBeVisible()
  await page.reload()
  await expect(page.getByText('1 of 18 runs')).toBeVisible()
  await expect(eye(page, 'run 2')).toHaveAttribute('aria-pressed', 'true')
  await page.getByRole('button', { name: 'None' }).click()
  await expect(page.getByText('All runs are hidden.')).toBeVisible()
  await page.getByRole('button', { name: 'Show the newest 15' }).click()
  await expect(page.getByText('The 15 newest of 18')).toBeVisible()

  await page.getByRole('combobox', { name: 'Filter runs' }).fill("params.lr = '0.01'")
  await page.keyboard.press('Enter')
  await expect(page.getByText('All 9 runs')).toBeVisible()
  await page.getByRole('navigation', { name: 'Experiment', exact: true }).getByRole('link', { name: 'Runs' }).click()
  await expect(page.getByRole('combobox', { name: 'Filter runs' })).toHaveValue("params.lr = '0.01'")
})

test('[CE2] the list of runs is one stop of the Tab key, and the arrows move in it', async ({ page, host }) => {
  const { experiment } = await logCharts(await browserStore(page, host.origin), 'wine', runs(3))
  await open(page, host.origin, experiment)
  await eye(page, 'run 3').focus()
  await page.keyboard.press('ArrowDown')
  await expect(eye(page, 'run 2')).toBeFocused()
  await page.keyboard.press('Space')
  await expect(page.getByText('2 of 3 runs')).toBeVisible()
  await page.keyboard.press('ArrowRight')
  await expect(list(page).getByRole('link', { name: 'run 2' })).toBeFocused()
  await page.keyboard.press('End')
  await page.keyboard.press('s')
  await expect(page.getByText('1 of 3 runs')).toBeVisible()
  await expect(eye(page, 'run 1')).toHaveAttribute('aria-pressed', 'true')
  await page.keyboard.press('Tab')
  await expect(list(page).locator(':focus')).toHaveCount(0)
})

test('[CE3] panels are searched by regular expression, and one that is none is said in place', async ({
  page,
  host
}) => {
  const { experiment } = await logCharts(await browserStore(page, host.origin), 'wine', runs(2))
  await open(page, host.origin, experiment)
  const find = page.getByRole('textbox', { name: 'Panels matching' })
  await find.fill('^train/')
  await expect(panel(page, 'val/loss')).toHaveCount(0)
  await expect(page).toHaveURL(/find=%5Etrain/)
  await find.fill('^train/(')
  await expect(page.getByText('Unterminated group.')).toBeVisible()
  await expect(panel(page, 'train/loss')).toBeVisible()
  await expectAccessible(page)
  await find.fill('nothing like it')
  await expect(page.getByText('No panel matches nothing like it.')).toBeVisible()
  await page.getByRole('button', { name: 'Show all panels' }).click()
  await expect(panel(page, 'val/loss')).toBeVisible()
  await page.goto(`${host.origin}/experiments/${experiment}?tab=charts&find=loss(`)
  await expect(page.getByText('Unterminated group.')).toBeVisible()
})

test('[CE4] how charts are looked at stands in the URL, and is kept for the next time', async ({ page, host }) => {
  const { experiment } = await logCharts(await browserStore(page, host.origin), 'wine', runs(4))
  await open(page, host.origin, experiment)
  await page.getByRole('radio', { name: 'Log', exact: true }).check({ force: true })
  await tool(page, 'Step').click()
  await page.getByRole('radio', { name: 'Relative time' }).check({ force: true })
  await page.keyboard.press('Escape')
  await tool(page, 'Smoothing').click()
  await page.getByRole('radio', { name: 'EMA' }).check({ force: true })
  await page.getByRole('spinbutton', { name: 'Weight' }).fill('0.9')
  await page.keyboard.press('Enter')
  await page.keyboard.press('Escape')
  await tool(page, 'Group by').click()
  await page.getByRole('button', { name: 'lr param' }).click()
  await expect(page).toHaveURL(/y=log/)
  await expect(page).toHaveURL(/x=relative/)
  await expect(page).toHaveURL(/smooth=ema%3A0.9/)
  await expect(page).toHaveURL(/bands=params.lr/)
  const legend = page.getByRole('list', { name: /^Groups/ })
  await expect(legend.getByRole('listitem')).toHaveText([/lr = 0.01 ?2 runs/, /lr = 0.1 ?2 runs/])
  await expectAccessible(page)

  // Saved after a pause; a link without settings then finds them.
  await page.waitForTimeout(800)
  await open(page, host.origin, experiment)
  await expect(legend).toBeVisible()
  await expect(tool(page, 'Relative time')).toBeVisible()
  await expect(tool(page, 'Smoothing 0.9')).toBeVisible()
  await open(page, host.origin, experiment, '&x=step&y=linear&smooth=none&bands=none')
  await expect(tool(page, 'Step')).toBeVisible()
  await expect(legend).toHaveCount(0)
})

test('[CE5] a box in one chart zooms all, and one press shows everything again', async ({ page, host }) => {
  const { experiment } = await logCharts(await browserStore(page, host.origin), 'wine', runs(2))
  await open(page, host.origin, experiment)
  await expect.poll(() => paintedPixels(page, 'train/loss')).toBeGreaterThan(100)
  const zoom = async (name: string): Promise<void> => {
    const box = (await panel(page, name).locator('.u-over').boundingBox())!
    await page.mouse.move(box.x + box.width * 0.25, box.y + box.height / 2)
    await page.mouse.down()
    await page.mouse.move(box.x + box.width * 0.5, box.y + box.height / 2, { steps: 4 })
    await page.mouse.up()
  }
  await zoom('train/loss')
  await expect(page).toHaveURL(/range=[\d.]+%2C[\d.]+/)
  const [from, to] = new URL(page.url()).searchParams.get('range')!.split(',').map(Number)
  expect(from).toBeGreaterThan(7)
  expect(to).toBeLessThan(22)
  await tool(page, 'Reset zoom').click()
  await expect(page).not.toHaveURL(/range=/)

  await tool(page, 'Step').click()
  const linked = page.getByRole('checkbox', { name: 'A zoom in one chart zooms all' })
  await linked.click()
  await expect(linked).not.toBeChecked()
  await page.keyboard.press('Escape')
  await zoom('train/acc')
  await expect(tool(page, 'Reset zoom')).toBeEnabled()
  await expect(page).not.toHaveURL(/range=/)
})

test('[CE6] panels are moved, resized, hidden and brought back by keyboard, and stay so', async ({ page, host }) => {
  const { experiment } = await logCharts(await browserStore(page, host.origin), 'wine', runs(2))
  await open(page, host.origin, experiment)
  const grip = page.getByRole('button', { name: 'Move train/loss' })
  await grip.focus()
  await page.keyboard.press('ArrowLeft')
  await expect(titles(page, 'train')).toHaveText(['loss', 'acc'])
  await expect(grip).toBeFocused()
  await expect(page.getByText('train/loss is now 1 of 2.')).toBeAttached()
  const width = async (): Promise<number> => (await panel(page, 'train/loss').boundingBox())!.width
  const before = await width()
  await page.keyboard.press('Shift+ArrowRight')
  await expect.poll(width).toBeGreaterThan(before * 1.8)
  await page.keyboard.press('Shift+ArrowDown')
  await expect(page.getByText('train/loss: 2 columns wide, 240 pixels high.')).toBeAttached()
  await fromMenu(page, 'train/acc', 'Hide')
  await expect(titles(page, 'train')).toHaveText(['loss'])

  await page.waitForTimeout(800)
  await page.reload()
  await expect(titles(page, 'train')).toHaveText(['loss'])
  await expect.poll(width).toBeGreaterThan(before * 1.8)
  await page.getByRole('button', { name: 'Panels', exact: true }).click()
  await page.getByRole('menuitem', { name: 'Show train/acc' }).click()
  await expect(titles(page, 'train')).toHaveText(['loss', 'acc'])
  await page.getByRole('button', { name: 'Panels', exact: true }).click()
  await page.getByRole('menuitem', { name: 'Reset the arrangement' }).click()
  await expect(titles(page, 'train')).toHaveText(['acc', 'loss'])
  await page.keyboard.press('Control+z')
  await expect(titles(page, 'train')).toHaveText(['loss', 'acc'])
  await expectAccessible(page)
})

test('[CE7] a panel is dragged to its place, and made larger at its corner', async ({ page, host }) => {
  const { experiment } = await logCharts(await browserStore(page, host.origin), 'wine', runs(2))
  await open(page, host.origin, experiment)
  await panel(page, 'val/loss').hover()
  const grip = (await page.getByRole('button', { name: 'Move val/loss' }).boundingBox())!
  const target = (await panel(page, 'val/f1').boundingBox())!
  await page.mouse.move(grip.x + 8, grip.y + 8)
  await page.mouse.down()
  await page.mouse.move(target.x + 30, target.y + 60, { steps: 5 })
  await expect(panel(page, 'val/f1')).toHaveClass(/before/)
  await page.mouse.up()
  await expect(titles(page, 'val')).toHaveText(['loss', 'f1'])

  await panel(page, 'val/loss').hover()
  const card = (await panel(page, 'val/loss').boundingBox())!
  await page.mouse.move(card.x + card.width - 5, card.y + card.height - 5)
  await page.mouse.down()
  await page.mouse.move(card.x + card.width * 1.9, card.y + card.height + 100, { steps: 5 })
  await page.mouse.up()
  await expect.poll(async () => (await panel(page, 'val/loss').boundingBox())!.width).toBeGreaterThan(card.width * 1.8)
  expect((await panel(page, 'val/loss').boundingBox())!.height).toBeCloseTo(card.height + 100, -2)
})

test('[CE8] a panel is added, put to full screen, read as a table and kept as a file', async ({ page, host }) => {
  const { experiment } = await logCharts(await browserStore(page, host.origin), 'wine', runs(3))
  await open(page, host.origin, experiment)
  await page.getByRole('button', { name: 'Add panel' }).click()
  const dialog = page.getByRole('dialog', { name: 'Add a panel' })
  await dialog.getByRole('radio', { name: 'Scatter' }).check({ force: true })
  await dialog.getByRole('list', { name: 'Across' }).getByRole('button', { name: 'lr param' }).click()
  await dialog.getByRole('list', { name: 'Up' }).getByRole('button', { name: 'val/f1' }).click()
  await expectAccessible(page)
  await dialog.getByRole('button', { name: 'Add panel' }).click()
  const scatter = panel(page, 'val/f1 by lr')
  await expect(scatter).toBeFocused()

  await fromMenu(page, 'train/loss', 'Data')
  await expect(page.getByRole('region', { name: 'Data of train/loss' })).toContainText('run 3')
  await expectAccessible(page)
  await page.keyboard.press('Escape')

  const download = page.waitForEvent('download')
  await fromMenu(page, 'train/loss', 'Save as CSV')
  const csv = await readFile(await (await download).path(), 'utf8')
  expect((await download).suggestedFilename()).toBe('train-loss.csv')
  expect(csv.trim().split('\r\n')).toHaveLength(1 + 3 * 40)
  expect(csv).toContain('run 2')
  const picture = page.waitForEvent('download')
  await fromMenu(page, 'train/loss', 'Save as PNG')
  expect((await readFile(await (await picture).path())).subarray(1, 4).toString()).toBe('PNG')

  await panel(page, 'train/loss').hover()
  await page.getByRole('button', { name: 'Full screen: train/loss' }).click()
  await expect(page.getByRole('dialog', { name: 'train/loss' })).toBeVisible()
  await expect(page).toHaveURL(/panel=metric%3Atrain%2Floss/)
  await page.reload()
  await expect(page.getByRole('dialog', { name: 'train/loss' })).toBeVisible()
  await expectAccessible(page)
  await page.keyboard.press('Escape')
  await expect(page).not.toHaveURL(/panel=/)

  await fromMenu(page, 'val/f1 by lr', 'Remove')
  await expect(scatter).toHaveCount(0)
})

test('[CE9] what is logged while one looks joins at the end and moves nothing', async ({ page, host, context }) => {
  const call = await browserStore(page, host.origin)
  const { experiment, runs: ids } = await logCharts(call, 'wine', runs(2))
  const looking = await context.newPage()
  await open(looking, host.origin, experiment)
  await expect(titles(looking, 'train')).toHaveText(['acc', 'loss'])
  const place = (): Promise<{ x: number; y: number } | null> => panel(looking, 'val/loss').boundingBox()
  const before = await place()
  const log = (key: string): Promise<unknown> =>
    call('runs/log-metric', { run_id: ids['run 2'], key, value: 1, step: 0, timestamp: Date.now() })
  await log('train/aaa')
  await log('aaa/first')
  await expect(titles(looking, 'train')).toHaveText(['acc', 'loss', 'aaa'])
  await expect(group(looking, 'aaa')).toBeVisible()
  expect(await place()).toEqual(before)
  await logRun(call, experiment, run('run 3', 2), Date.now())
  await expect(list(looking).getByRole('listitem')).toHaveText([/run 3/, /run 2/, /run 1/])
  await expect(looking.getByText('All 3 runs')).toBeVisible()
})

test('[CE10] empty places say why, and what to do', async ({ page, host }) => {
  const call = await browserStore(page, host.origin)
  const { experiment: empty } = await logCharts(call, 'empty', [])
  await page.goto(`${host.origin}/experiments/${empty}?tab=charts`)
  await expect(page.getByText('No runs yet.')).toBeVisible()
  await expectAccessible(page)
  const { experiment: bare } = await logCharts(call, 'bare', [{ name: 'run 1', metrics: {} }])
  await page.goto(`${host.origin}/experiments/${bare}?tab=charts`)
  await expect(page.getByText('No metrics yet.')).toBeVisible()
  const { experiment } = await logCharts(call, 'wine', [run('run 1', 0), { name: 'other', metrics: { other: [1, 2] } }])
  await open(page, host.origin, experiment, '&runs=none&on=2')
  await expect(panel(page, 'train/loss')).toContainText('No run in sight has this metric.')
  await page.goto(`${host.origin}/experiments/${experiment}?tab=charts&filter=metrics.other%20>%207`)
  await expect(page.getByText('No run matches this filter.')).toBeVisible()
  await page.getByRole('button', { name: 'Clear the filter' }).last().click()
  await expect(page.getByText('All 2 runs')).toBeVisible()
})

test.describe('narrow, on a host', () => {
  test.use({ viewport: { width: 390, height: 844 } })

  test('[CE11] runs are a sheet, panels one column', async ({ page }) => {
    const host = await startFullHost()
    try {
      const call: Call = (path, body) => host.call(path, body)
      const { experiment } = await logCharts(call, 'wine', runs(3))
      await open(page, host.origin, experiment)
      const places = await Promise.all(['train/acc', 'train/loss'].map((name) => panel(page, name).boundingBox()))
      expect(places[0]!.x).toBe(places[1]!.x)
      expect(places[0]!.width).toBeGreaterThan(340)
      expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBe(390)
      await page.getByRole('button', { name: '3 of 3 runs' }).click()
      await expectAccessible(page)
      await page.getByRole('dialog', { name: 'Runs' }).getByRole('button', { name: 'Show run 3' }).click()
      await page.keyboard.press('Escape')
      await expect(page.getByRole('button', { name: '2 of 3 runs' })).toBeVisible()
      await expectAccessible(page)
    } finally {
      await host.stop()
    }
  })
})
