import AxeBuilder from '@axe-core/playwright'
import type { Locator, Page } from '@playwright/test'
import { expect, test } from '../support/fixtures.ts'

interface RunSeed {
  readonly name: string
  readonly params?: Readonly<Record<string, string>>
  /** Key to values, one per step. */
  readonly metrics?: Readonly<Record<string, readonly number[]>>
  /** Name of an earlier run of the same seed. */
  readonly parent?: string
}

/** Runs in the store of this browser, oldest first. Returns the experiment's id. */
const seed = async (page: Page, origin: string, runs: readonly RunSeed[]): Promise<string> => {
  await page.goto(origin)
  await page.waitForFunction(() => navigator.serviceWorker.controller !== null)
  await expect(page.getByRole('contentinfo')).toContainText('Saved')
  return page.evaluate(async (runs) => {
    const call = async <T>(path: string, body: unknown): Promise<T> => {
      const answer = await fetch(`/api/2.0/mlflow/${path}`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify(body)
      })
      if (!answer.ok) throw new Error(`${path}: ${await answer.text()}`)
      return (await answer.json()) as T
    }
    const { experiment_id } = await call<{ experiment_id: string }>('experiments/create', { name: 'table' })
    const ids: Record<string, string> = {}
    const began = Date.now() - 3_600_000
    for (const [index, { name, params = {}, metrics = {}, parent }] of runs.entries()) {
      const start = began + index * 60_000
      const tags = parent === undefined ? [] : [{ key: 'mlflow.parentRunId', value: ids[parent]! }]
      const made = await call<{ run: { info: { run_id: string } } }>('runs/create', {
        experiment_id,
        run_name: name,
        start_time: start,
        tags
      })
      const run_id = (ids[name] = made.run.info.run_id)
      await call('runs/log-batch', {
        run_id,
        params: Object.entries(params).map(([key, value]) => ({ key, value })),
        metrics: Object.entries(metrics).flatMap(([key, values]) =>
          values.map((value, step) => ({ key, value, step, timestamp: start + step * 1000 }))
        )
      })
      await call('runs/update', { run_id, status: 'FINISHED', end_time: start + 1000 * (index + 1) })
    }
    return experiment_id
  }, runs)
}

const expectAccessible = async (page: Page): Promise<void> => {
  const { violations } = await new AxeBuilder({ page }).analyze()
  expect(violations.map(({ id, nodes }) => ({ id, where: nodes.map(({ html }) => html) }))).toEqual([])
}

const table = (page: Page): Locator => page.getByLabel('Runs', { exact: true }).and(page.locator('.grid'))
const row = (page: Page, name: string): Locator => table(page).getByRole('row').filter({ hasText: name })
const heading = (page: Page, name: string): Locator => table(page).getByRole('columnheader', { name, exact: true })
const sortBy = (page: Page, id: string): Locator => table(page).locator(`[data-column="${id}"]`)
const names = (page: Page): Promise<string[]> =>
  table(page)
    .getByRole('rowheader')
    .evaluateAll((headers) =>
      headers
        .map((header) => ({ at: Number(header.closest('[role=row]')!.getAttribute('aria-rowindex')), header }))
        .sort((a, b) => a.at - b.at)
        .map(({ header }) => header.querySelector('a')?.textContent ?? header.textContent.replace(/\s+/g, ' ').trim())
    )
const expectNames = (page: Page, expected: readonly string[]): Promise<void> =>
  expect.poll(() => names(page)).toEqual(expected)

const menu = async (page: Page, column: string, item: string): Promise<void> => {
  await heading(page, column).hover()
  await heading(page, column)
    .getByRole('button', { name: `Column ${column}` })
    .click()
  await page.getByRole('menu').getByText(item, { exact: true }).click()
}

const FAMILY: readonly RunSeed[] = [
  { name: 'sweep', params: { opt: 'none' }, metrics: { loss: [9] } },
  { name: 'a', parent: 'sweep', params: { opt: 'adam', lr: '1' }, metrics: { loss: [3, 1, 2], acc: [0.1, 0.9, 0.5] } },
  { name: 'b', parent: 'sweep', params: { opt: 'sgd', lr: '1' }, metrics: { loss: [5, 4], acc: [0.3, 0.2] } },
  { name: 'c', parent: 'b', params: { opt: 'adam', lr: '1' }, metrics: { loss: [2, 7] } },
  { name: 'alone', params: { opt: 'adam', lr: '1' }, metrics: { loss: [6] } }
]

test('[RT11] runs are sorted by several keys, by press and by menu, and a link says so', async ({ page, host }) => {
  const id = await seed(page, host.origin, FAMILY)
  await page.goto(`${host.origin}/experiments/${id}?col=params.opt&col=metrics.loss`)
  await expectNames(page, ['alone', 'c', 'b', 'a', 'sweep'])
  await sortBy(page, 'params.opt').click()
  await sortBy(page, 'metrics.loss').click({ modifiers: ['Shift'] })
  await expectNames(page, ['a', 'alone', 'c', 'sweep', 'b'])
  await expect(heading(page, 'opt')).toHaveAttribute('aria-sort', 'ascending')
  await expect(sortBy(page, 'metrics.loss')).toContainText('2')
  await sortBy(page, 'metrics.loss').press('Shift+Enter')
  await expectNames(page, ['c', 'alone', 'a', 'sweep', 'b'])
  await expectAccessible(page)
  await page.reload()
  await expectNames(page, ['c', 'alone', 'a', 'sweep', 'b'])
  await menu(page, 'loss', 'Least value')
  await expect(heading(page, 'loss min')).toBeVisible()
  await menu(page, 'loss min', 'Sort ascending')
  await expectNames(page, ['a', 'c', 'b', 'alone', 'sweep'])
  await expect(table(page).locator('.best')).toHaveText('1')
})

test('[RT12] a column shows the value at the best step of another metric', async ({ page, host }) => {
  const id = await seed(page, host.origin, FAMILY)
  await page.goto(`${host.origin}/experiments/${id}?col=metrics.acc`)
  await menu(page, 'acc', 'Value at the best step of…')
  const dialog = page.getByRole('dialog', { name: 'acc at the best step of…' })
  await expectAccessible(page)
  await dialog.getByRole('textbox', { name: 'Find the other metric' }).fill('los')
  await dialog.getByRole('button', { name: 'loss' }).click()
  await expect(heading(page, 'acc at min loss')).toBeVisible()
  await expect(row(page, 'a').filter({ hasText: '0.9000' })).toBeVisible()
  await expect(row(page, 'b').filter({ hasText: '0.2000' })).toBeVisible()
  await expect(page).toHaveURL(/col=at-min%3Aloss%3Ametrics.acc/)
})

test('[RT13] nested runs stand below their parents, whole under a filter, and fold by key and by press', async ({
  page,
  host
}) => {
  const id = await seed(page, host.origin, FAMILY)
  await page.goto(`${host.origin}/experiments/${id}`)
  await expectNames(page, ['alone', 'c', 'b', 'a', 'sweep'])
  await page.getByRole('button', { name: 'Group', exact: true }).click()
  await page.getByRole('checkbox', { name: 'Children below their parents' }).check()
  await page.keyboard.press('Escape')
  await expectNames(page, ['alone', 'sweep', 'b', 'c', 'a'])
  await expect(table(page)).toHaveAttribute('role', 'treegrid')
  await expect(row(page, 'sweep')).toHaveAttribute('aria-expanded', 'true')
  await expect(row(page, 'sweep')).toHaveAttribute('aria-level', '1')
  await expectAccessible(page)

  await table(page).focus()
  await page.keyboard.press('ArrowDown')
  await page.keyboard.press('ArrowLeft')
  await expectNames(page, ['alone', 'sweep'])
  await page.keyboard.press('ArrowRight')
  await expectNames(page, ['alone', 'sweep', 'b', 'c', 'a'])

  const filter = page.getByRole('combobox', { name: 'Filter runs' })
  await filter.fill('metrics.loss = 7')
  await filter.press('Enter')
  await expectNames(page, ['sweep', 'b', 'c'])
  await expect(row(page, 'does not match')).toHaveCount(2)
  await expect(page.getByRole('status').filter({ hasText: '1 run shown' })).toHaveCount(1)
  await row(page, 'sweep').getByRole('button', { name: 'Fold' }).click()
  await expectNames(page, ['sweep'])
  await page.reload()
  await expectNames(page, ['sweep', 'b', 'c'])
})

test('[RT14] runs are grouped by what they have in common, and groups say what they add up to', async ({
  page,
  host
}) => {
  const id = await seed(page, host.origin, FAMILY)
  await page.goto(`${host.origin}/experiments/${id}?col=metrics.loss&col=params.opt`)
  await menu(page, 'opt', 'Group by it')
  await expectNames(page, ['opt adam 3 runs', 'opt sgd 1 run', 'opt none 1 run'])
  await expect(row(page, 'adam')).toContainText('5 ±2.6')
  await expectAccessible(page)
  await table(page).focus()
  await page.keyboard.press('Enter')
  await expectNames(page, ['opt adam 3 runs', 'alone', 'c', 'a', 'opt sgd 1 run', 'opt none 1 run'])
  await page.keyboard.press('ArrowDown')
  await page.keyboard.press('x')
  await page.keyboard.press('Shift+ArrowDown')
  await expect(page.getByRole('toolbar', { name: 'Selected runs' })).toContainText('2 runs selected')
  await page.keyboard.press('Escape')

  await page.getByRole('button', { name: 'Grouped by opt' }).click()
  await page.getByLabel('Groups show').selectOption('Greatest')
  await expect(row(page, 'adam').first()).toContainText('7')
  await page.getByRole('checkbox', { name: 'lr' }).check()
  await expect(page).toHaveURL(/group=params.opt&group=params.lr&show=max/)
  await expectAccessible(page)
  await page.getByRole('button', { name: 'No groups' }).click()
  await expectNames(page, ['alone', 'c', 'b', 'a', 'sweep'])
})

test('[RT15] columns are pinned, moved and resized, by pointer and by key, and a link carries it', async ({
  page,
  host
}) => {
  const id = await seed(page, host.origin, FAMILY)
  await page.goto(`${host.origin}/experiments/${id}?col=status&col=metrics.loss&col=metrics.acc&col=params.opt`)
  const order = (): Promise<string[]> =>
    table(page)
      .locator('[data-column]')
      .evaluateAll((headings) => headings.map((heading) => heading.getAttribute('data-column')!))
  await expectNames(page, ['alone', 'c', 'b', 'a', 'sweep'])
  await sortBy(page, 'params.opt').press('Control+ArrowLeft')
  await expect.poll(order).toEqual(['status', 'metrics.loss', 'params.opt', 'metrics.acc'])
  await expect(sortBy(page, 'params.opt')).toBeFocused()
  const from = (await heading(page, 'opt').boundingBox())!
  const to = (await heading(page, 'Status').boundingBox())!
  await page.mouse.move(from.x + from.width - 20, from.y + 10)
  await page.mouse.down()
  await page.mouse.move(to.x + 40, to.y + 10, { steps: 4 })
  await page.mouse.move(to.x + 10, to.y + 10)
  await expect(page.locator('.landing')).toBeVisible()
  await page.mouse.up()
  await expect.poll(order).toEqual(['params.opt', 'status', 'metrics.loss', 'metrics.acc'])
  // A drag is no press: nothing was sorted.
  await expect(page).not.toHaveURL(/order=/)

  const width = async (): Promise<number> => (await heading(page, 'loss').boundingBox())!.width
  const narrow = await width()
  await sortBy(page, 'metrics.loss').press('Shift+ArrowRight')
  await expect.poll(width).toBe(narrow + 16)
  const box = (await heading(page, 'loss').boundingBox())!
  await page.mouse.move(box.x + box.width, box.y + 10)
  await page.mouse.down()
  await page.mouse.move(box.x + box.width + 60, box.y + 10, { steps: 3 })
  await page.mouse.up()
  await expect.poll(width).toBe(narrow + 76)

  await menu(page, 'acc', 'Keep at the left')
  await expect.poll(order).toEqual(['metrics.acc', 'params.opt', 'status', 'metrics.loss'])
  await expect(heading(page, 'acc')).toHaveAttribute('aria-colindex', '3')
  await page.reload()
  await expect.poll(order).toEqual(['metrics.acc', 'params.opt', 'status', 'metrics.loss'])
  expect(await width()).toBe(narrow + 76)
  await expectAccessible(page)
})

test('[RT16] thousands of columns are shown and chosen with only those in view drawn; what does not vary can be left out', async ({
  page,
  host
}) => {
  const wide = (from: number): Record<string, string> =>
    Object.fromEntries(
      Array.from({ length: 90 }, (_, at) => [`key_${String(from + at).padStart(4, '0')}`, `${at % 7}`])
    )
  const runs = Array.from({ length: 24 }, (_, at): RunSeed => ({
    name: `run ${at}`,
    params: { ...wide(at * 90), same: 'x', opt: at % 2 === 0 ? 'adam' : 'sgd' },
    metrics: { loss: [at] }
  }))
  const id = await seed(page, host.origin, runs)
  await page.goto(`${host.origin}/experiments/${id}`)
  await page.getByRole('button', { name: 'Columns' }).click()
  await expect(page.getByText('2,168 in all')).toBeVisible()
  expect(await page.getByRole('listitem').count()).toBeLessThan(60)
  await page.keyboard.type('key_2159')
  await page.getByRole('checkbox', { name: 'key_2159' }).check()
  await expect(heading(page, 'key_2159')).toBeAttached()
  await page.getByRole('checkbox', { name: 'All columns there are' }).check()
  await page.keyboard.press('Escape')
  // The tick and the name, three facts, every key, and the tag that holds a run's name.
  await expect(table(page)).toHaveAttribute('aria-colcount', String(2 + 3 + 2163 + 1))
  expect(await table(page).getByRole('columnheader').count()).toBeLessThan(60)
  await table(page).evaluate((grid) => (grid.scrollLeft = grid.scrollWidth))
  await expect(heading(page, 'mlflow.runName')).toBeInViewport()
  await expect(row(page, 'run 23').getByRole('gridcell').last()).toHaveText('run 23')
  await expectAccessible(page)

  await page.getByRole('button', { name: 'Columns' }).click()
  await page.getByRole('checkbox', { name: 'Only what varies' }).check()
  await page.keyboard.press('Escape')
  await expect(page).toHaveURL(/cols=all&varies=1/)
  await table(page).evaluate((grid) => (grid.scrollLeft = 0))
  await expect(table(page)).toHaveAttribute('aria-colcount', String(2 + 3 + 3))
  await expect(heading(page, 'opt')).toBeVisible()
  await expect(heading(page, 'same')).toHaveCount(0)
})
