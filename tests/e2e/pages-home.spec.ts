import AxeBuilder from '@axe-core/playwright'
import type { Locator, Page } from '@playwright/test'
import { expect, test } from '../support/fixtures.ts'

const row = (page: Page, name: string): Locator => page.locator('tbody tr').filter({ hasText: name })
const toast = (page: Page, text: string): Locator => page.getByRole('status').getByText(text)

/** Nothing axe knows of, on the page as it stands. */
const expectAccessible = async (page: Page): Promise<void> => {
  const { violations } = await new AxeBuilder({ page }).analyze()
  expect(violations.map(({ id, nodes }) => ({ id, where: nodes.map(({ html }) => html) }))).toEqual([])
}

const createExperiment = async (page: Page, name: string): Promise<void> => {
  await page.getByRole('button', { name: 'New experiment' }).first().click()
  await page.getByRole('dialog').getByLabel('Name').fill(name)
  await page.getByRole('button', { name: 'Create' }).click()
  await expect(page).toHaveURL(/\/experiments\/\d+/)
}

/** Home, where `names` have been made. */
const homeWith = async (page: Page, origin: string, ...names: string[]): Promise<void> => {
  await page.goto(origin)
  for (const name of names) await createExperiment(page, name)
  await page.getByRole('link', { name: 'Runnel, home' }).click()
}

test('an empty store says what to do, with snippets of this address that can be copied', async ({
  page,
  context,
  host
}) => {
  await context.grantPermissions(['clipboard-read', 'clipboard-write'])
  await page.goto(host.origin)
  await expect(page.getByRole('heading', { level: 1 })).toHaveText('This tab is your tracking server.')
  await expect(page.getByRole('button', { name: 'Run the demo' })).toBeVisible()
  await page.getByRole('button', { name: 'Copy: From a notebook cell' }).click()
  await expect(page.getByText('Copied')).toBeAttached()
  expect(await page.evaluate(() => navigator.clipboard.readText())).toContain(`"${host.origin}/runnel.js"`)
  await expectAccessible(page)
})

test('the demo trains three real runs while it is watched, and goes on while pages change', async ({ page, host }) => {
  await page.goto(host.origin)
  await page.getByRole('button', { name: 'Run the demo' }).click()
  await expect(page).toHaveURL(/\/experiments\/\d+/)
  const status = page.getByRole('contentinfo', { name: 'Status' })
  await expect(status).toContainText(/Demo: Run 1 of 3, epoch \d+ of 200/)
  await page.getByRole('link', { name: 'Settings' }).click()
  await expect(status).toContainText(/Demo: Run 2 of 3/, { timeout: 20_000 })
  await expect(status).not.toContainText('Demo', { timeout: 40_000 })
  await page.getByRole('link', { name: 'Runnel, home' }).click()
  await expect(row(page, 'iris demo').locator('td').nth(1)).toHaveText('3')

  const runs = await page.evaluate(async () => {
    interface ApiRun {
      info: { run_name: string; status: string }
      data: { metrics: { key: string; value: number; step: string | number }[] }
    }
    type Answer = { runs: ApiRun[]; experiments: { experiment_id: string }[] }
    const post = async (path: string, body: object): Promise<Answer> => {
      const headers = { 'Content-Type': 'application/json' }
      const answer = await fetch(`/api/2.0/mlflow/${path}`, { method: 'POST', headers, body: JSON.stringify(body) })
      if (!answer.ok) throw new Error(`${path}: ${await answer.text()}`)
      return (await answer.json()) as Answer
    }
    const { experiments } = await post('experiments/search', { filter: "name = 'iris demo'", max_results: 1 })
    const found = await post('runs/search', { experiment_ids: experiments.map((one) => one.experiment_id) })
    return found.runs.map(({ info, data }) => ({
      name: info.run_name,
      status: info.status,
      accuracy: data.metrics.find(({ key }) => key === 'eval/accuracy')!.value,
      last: Number(data.metrics.find(({ key }) => key === 'train/loss')!.step)
    }))
  })
  expect(runs.map(({ name, status, last }) => [name, status, last]).sort()).toEqual([
    ['rate 0.01', 'FINISHED', 200],
    ['rate 0.1', 'FINISHED', 200],
    ['rate 1', 'FINISHED', 200]
  ])
  // The same seed, the same flowers, the same arithmetic: the same result in every browser.
  expect(runs.find(({ name }) => name === 'rate 1')!.accuracy).toBeCloseTo(43 / 45, 10)
})

test('the demo can be stopped, and says so in its run', async ({ page, host }) => {
  await page.goto(host.origin)
  await page.getByRole('button', { name: 'Run the demo' }).click()
  await expect(page.getByText(/epoch [1-9]\d* of 200/)).toBeVisible()
  await page.getByRole('button', { name: 'Stop', exact: true }).click()
  await expect(page.getByText(/Demo: /)).toHaveCount(0)
  await expect(page.getByRole('grid', { name: 'Runs' }).getByText('killed').last()).toBeVisible()
})

test('experiments are made, renamed in place, moved to trash and taken back', async ({ page, host }) => {
  await homeWith(page, host.origin, 'wine quality', 'churn')
  await expect(page.locator('tbody tr')).toHaveCount(3)
  await expectAccessible(page)

  await page.getByRole('button', { name: 'Actions of churn' }).click()
  await page.getByRole('menuitem', { name: 'Rename' }).click()
  await page.getByLabel('Experiment name').fill('wine quality')
  await page.keyboard.press('Enter')
  await expect(page.getByRole('alert')).toContainText('There is an experiment of that name already')
  await page.getByLabel('Experiment name').fill('churn, logistic')
  await page.keyboard.press('Enter')
  await expect(row(page, 'churn, logistic')).toBeVisible()

  await page.getByRole('button', { name: 'Actions of churn, logistic' }).click()
  await page.getByRole('menuitem', { name: 'Move to trash' }).click()
  await expect(toast(page, 'Moved “churn, logistic” to trash.')).toBeVisible()
  await expect(row(page, 'churn, logistic')).toHaveCount(0)
  await page.getByRole('button', { name: 'Undo' }).click()
  await expect(row(page, 'churn, logistic')).toBeVisible()
})

test('the keyboard alone does the same', async ({ page, host }) => {
  await homeWith(page, host.origin, 'alpha', 'beta')
  await expect(page.locator('tbody tr')).toHaveCount(3)
  await page.keyboard.press('j')
  await page.keyboard.press('j')
  await expect(page.getByRole('link', { name: 'alpha' }).last()).toBeFocused()
  await page.keyboard.press('e')
  await page.keyboard.type('gamma')
  await page.keyboard.press('Enter')
  await expect(page.locator('tbody').getByRole('link', { name: 'gamma' })).toBeFocused()
  await page.keyboard.press('Backspace')
  await expect(row(page, 'gamma')).toHaveCount(0)
  await page.keyboard.press('Control+z')
  await expect(row(page, 'gamma')).toBeVisible()
  // The Default experiment has no way to the trash.
  await page.locator('tbody').getByRole('link', { name: 'Default' }).focus()
  await page.keyboard.press('Backspace')
  await expect(row(page, 'Default')).toBeVisible()
  await page.keyboard.press('?')
  await expect(page.getByRole('dialog', { name: 'Keys' })).toContainText('Rename the experiment')
  await expectAccessible(page)
  await page.keyboard.press('Escape')
  await page.keyboard.press('g')
  await page.keyboard.press('s')
  await expect(page.getByRole('heading', { level: 1, name: 'Settings' })).toBeVisible()
  await page.keyboard.press('/')
  await page.keyboard.type('bet')
  const rail = page.getByRole('navigation', { name: 'Experiments and pages' })
  await expect(rail.getByRole('link', { name: 'beta' })).toBeVisible()
  await expect(rail.getByRole('link', { name: 'gamma' })).toHaveCount(0)
})

test('the palette finds experiments and does things', async ({ page, host }) => {
  await homeWith(page, host.origin, 'wine quality')
  await page.keyboard.press('Control+k')
  const field = page.getByRole('dialog').getByRole('combobox')
  await expect(field).toBeFocused()
  await field.fill('wine')
  await expect(page.getByRole('option', { name: 'wine quality' })).toHaveAttribute('aria-selected', 'true')
  await expectAccessible(page)
  await page.keyboard.press('Enter')
  await expect(page).toHaveURL(/\/experiments\/\d+/)
  await page.keyboard.press('Control+k')
  await field.fill('dark')
  await page.keyboard.press('Enter')
  await expect(page.locator('html')).toHaveAttribute('data-theme', 'dark')
  await page.keyboard.press('Control+k')
  await field.fill('nothing is called this')
  await expect(page.getByText('Nothing is called “nothing is called this”.')).toBeVisible()
  await page.keyboard.press('Escape')
  await expect(page.getByRole('dialog')).toHaveCount(0)
})

test('the trash restores, and is emptied only after a question', async ({ page, host }) => {
  await homeWith(page, host.origin, 'one', 'two')
  for (const name of ['one', 'two']) {
    await page.locator('tbody').getByRole('link', { name }).focus()
    await page.keyboard.press('Backspace')
    await expect(row(page, name)).toHaveCount(0)
  }
  await page.getByRole('link', { name: 'Trash' }).click()
  await expect(page.locator('tbody tr')).toHaveCount(2)
  await expectAccessible(page)
  await page.getByRole('button', { name: 'Restore one' }).click()
  await expect(page.locator('tbody tr')).toHaveCount(1)
  await page.getByRole('button', { name: 'Empty trash' }).click()
  const question = page.getByRole('dialog', { name: 'Empty the trash?' })
  await expect(question).toContainText('1 experiment')
  await expect(question.getByRole('button', { name: 'Cancel' })).toBeFocused()
  await expectAccessible(page)
  await question.getByRole('button', { name: 'Delete for good' }).click()
  await expect(page.getByText('The trash is empty.')).toBeVisible()
  await page.getByRole('link', { name: 'Runnel, home' }).click()
  await expect(row(page, 'one')).toBeVisible()
  await expect(row(page, 'two')).toHaveCount(0)
})

test('settings keep the theme before the next page is painted, and the durability', async ({ page, host }) => {
  await page.goto(`${host.origin}/settings`)
  await page.getByLabel('Dark').check()
  await page.getByLabel('Strict').check()
  await expect(page.getByText('Experiments', { exact: true }).last()).toBeVisible()
  await expectAccessible(page)
  await page.reload()
  await expect(page.locator('html')).toHaveAttribute('data-theme', 'dark')
  await expect(page.getByLabel('Strict')).toBeChecked()
  await page.getByRole('button', { name: 'Keep this data' }).click()
  await expect(page.getByText(/The browser (agreed to keep it|did not agree)/)).toBeVisible()
})

test('a page that is not there says so', async ({ page, host }) => {
  await page.goto(`${host.origin}/no/such/page`)
  await expect(page.getByRole('heading', { level: 1 })).toHaveText('There is no such page.')
  await expectAccessible(page)
})

for (const width of [360, 390]) {
  test(`at ${width} px nothing is cut off and nothing is out of reach`, async ({ page, host }) => {
    await page.setViewportSize({ width, height: 780 })
    await page.goto(host.origin)
    await page.getByRole('button', { name: 'New experiment' }).click()
    await page
      .getByRole('dialog')
      .getByLabel('Name')
      .fill('a name that is much longer than any narrow screen has room for')
    await page.getByRole('button', { name: 'Create' }).click()
    await expect(page).toHaveURL(/\/experiments\/\d+/)
    for (const path of ['', 'trash', 'settings']) {
      await page.goto(`${host.origin}/${path}`)
      await expect(page.getByRole('heading', { level: 1 })).toBeVisible()
      const overflow = await page.evaluate(() => {
        const main = document.querySelector('main')!
        return [document.documentElement.scrollWidth - innerWidth, main.scrollWidth - main.clientWidth]
      })
      expect(overflow, path).toEqual([0, 0])
      await expectAccessible(page)
    }
    await page.getByRole('button', { name: 'Menu' }).click()
    await expectAccessible(page)
    await page.getByRole('dialog').getByRole('link', { name: 'Trash' }).click()
    await expect(page.getByRole('heading', { level: 1, name: 'Trash' })).toBeVisible()
    await expect(page.getByRole('dialog')).toHaveCount(0)
  })
}

test('a notebook of another address is let in by a person, not by a key that was meant for the page', async ({
  page,
  context,
  host,
  notebook
}) => {
  await page.goto(host.origin)
  await expect(page.getByRole('heading', { level: 1 })).toBeVisible()
  notebook.page(
    '/cell.html',
    `<title>wine.ipynb</title><script type="module">
      import * as runnel from '${host.origin}/runnel.js'
      runnel.startRun({ experiment: 'from afar' }).then(
        () => fetch('/report', { method: 'POST', body: '"started"' }),
        (error) => fetch('/report', { method: 'POST', body: JSON.stringify(error.code) }))
    </script>`
  )
  const cell = await context.newPage()
  await cell.goto(`${notebook.origin}/cell.html`)
  const question = page.getByRole('dialog', { name: 'A notebook asks to log here' })
  await expect(question).toContainText(notebook.origin)
  await expect(question).toContainText('It calls itself wine.ipynb')
  await page.bringToFront()
  await expectAccessible(page)
  for (const key of ['Enter', 'Space', 'Escape', 'Escape']) await page.keyboard.press(key)
  await expect(question).toBeVisible()
  expect(notebook.reports).toEqual([])
  await question.getByRole('button', { name: 'Allow' }).click()
  await notebook.waitForReport((report): report is string => report === 'started')
  await expect(question).toHaveCount(0)
  await expect(page.getByRole('contentinfo', { name: 'Status' })).toContainText('1 notebook connected')
  await page.goto(`${host.origin}/settings`)
  await page.getByRole('button', { name: `Revoke ${notebook.origin}` }).click()
  await expect(page.getByText('None yet. A notebook that wants to log asks first.')).toBeVisible()
})

test('two tabs show the same thing at once', async ({ page, context, host }) => {
  await homeWith(page, host.origin, 'seen twice')
  const other = await context.newPage()
  await other.goto(host.origin)
  await expect(row(other, 'seen twice')).toBeVisible()
  await page.locator('tbody').getByRole('link', { name: 'seen twice' }).focus()
  await page.keyboard.press('Backspace')
  await expect(row(other, 'seen twice')).toHaveCount(0)
})
