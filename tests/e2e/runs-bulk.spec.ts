// What is done to many runs of a table at once, on a host of this test's own: seeded over REST, looked at through the pages.
import AxeBuilder from '@axe-core/playwright'
import type { Locator, Page } from '@playwright/test'
import { readFile } from 'node:fs/promises'
import { siteFolder } from '../../sync-server/config.ts'
import { expect, test as base } from '../support/fixtures.ts'
import { startNodeHost, type NodeHost } from '../support/node-host.ts'

interface Lab {
  readonly host: NodeHost
  readonly page: Page
  readonly call: <T>(operation: string, body: unknown) => Promise<T>
  /** Ids of two experiments. */
  readonly wine: string
  readonly iris: string
}

/** Runs `a`, `b`, `c` of `wine` (with `c` below `b`), and an empty `iris`. */
const test = base.extend<{ lab: Lab }>({
  lab: async ({ page }, use) => {
    const host = await startNodeHost([], siteFolder(process.env))
    const call = async <T>(operation: string, body: unknown): Promise<T> => {
      const answer = await host.api(operation, body)
      if (!answer.ok) throw new Error(`${operation}: ${await answer.text()}`)
      return (await answer.json()) as T
    }
    const experiment = async (name: string): Promise<string> =>
      (await call<{ experiment_id: string }>('experiments/create', { name })).experiment_id
    const [wine, iris] = [await experiment('wine'), await experiment('iris')]
    const ids: Record<string, string> = {}
    for (const [at, name] of ['a', 'b', 'c'].entries()) {
      const tags = name === 'c' ? [{ key: 'mlflow.parentRunId', value: ids['b']! }] : []
      const made = await call<{ run: { info: { run_id: string } } }>('runs/create', {
        experiment_id: wine,
        run_name: `run ${name}`,
        start_time: 1_700_000_000_000 + at * 60_000,
        tags
      })
      const id = (ids[name] = made.run.info.run_id)
      await call('runs/log-batch', {
        run_id: id,
        params: [
          { key: 'lr', value: String((at + 1) / 10) },
          { key: 'opt', value: name === 'a' ? 'sgd' : 'adam' },
          { key: 'note', value: '=1+1' }
        ],
        metrics: [{ key: 'loss', value: at + 0.5, step: 1, timestamp: 1 }],
        tags: []
      })
    }
    await page.goto(`${host.address}/experiments/${wine}`)
    await expect(row(page, 'run a')).toBeVisible()
    await use({ host, page, call, wine, iris })
    await host.end()
  }
})

const row = (page: Page, name: string): Locator =>
  page.getByRole('row').filter({ has: page.getByRole('link', { name, exact: true }) })
const toast = (page: Page, text: string): Locator => page.getByRole('status').getByText(text)
const bar = (page: Page): Locator => page.getByRole('toolbar', { name: 'Selected runs' })

const select = async (page: Page, ...names: string[]): Promise<void> => {
  for (const name of names) await page.getByRole('checkbox', { name: `Select ${name}`, exact: true }).click()
  await expect(bar(page)).toContainText(`${names.length} run`)
}

/** Nothing axe knows of, on the page as it stands. */
const expectAccessible = async (page: Page): Promise<void> => {
  const { violations } = await new AxeBuilder({ page }).analyze()
  expect(violations.map(({ id, nodes }) => ({ id, where: nodes.map(({ html }) => html) }))).toEqual([])
}

test('[UB1] several runs are renamed by a pattern that is shown first, and named as before again', async ({ lab }) => {
  const { page } = lab
  await select(page, 'run a', 'run b')
  await bar(page).getByRole('button', { name: 'Rename' }).click()
  const dialog = page.getByRole('dialog', { name: 'Rename 2 runs' })
  await dialog.getByLabel('Name').fill('{n}: {params.opt} at {params.lr}')
  // In the order of the table: the newest first.
  await expect(dialog.getByRole('row').first()).toContainText('1: adam at 0.2')
  await expect(dialog.getByRole('row').last()).toContainText('2: sgd at 0.1')
  await expectAccessible(page)
  await dialog.getByLabel('Name').fill('{what}')
  await expect(dialog).toContainText('{what} is not known')
  await expect(dialog.getByRole('button', { name: 'Rename' })).toBeDisabled()
  await dialog.getByLabel('Name').fill('{n}: {params.opt}')
  await page.keyboard.press('Enter')
  await expect(toast(page, 'Renamed 2 runs.')).toBeVisible()
  await expect(row(page, '2: sgd')).toBeVisible()
  await page.keyboard.press('Control+z')
  await expect(row(page, 'run a')).toBeVisible()
  await expect(row(page, '2: sgd')).toHaveCount(0)
})

test('[UB2] a tag is set on the selected runs and taken back, by the keyboard alone', async ({ lab }) => {
  const { page, call, wine } = lab
  const tagged = async (): Promise<number> => {
    const found = await call<{ runs?: unknown[] }>('runs/search', {
      experiment_ids: [wine],
      filter: "tags.team = 'cellar'"
    })
    return found.runs?.length ?? 0
  }
  await page.getByRole('grid', { name: 'Runs' }).focus()
  await page.keyboard.press('Control+a')
  await expect(bar(page)).toContainText('3 runs selected')
  await page.keyboard.press('t')
  await expectAccessible(page)
  await page.keyboard.type('team')
  await page.keyboard.press('Tab')
  await page.keyboard.type('cellar')
  await page.keyboard.press('Enter')
  await expect(toast(page, 'Set “team” on 3 runs.')).toBeVisible()
  expect(await tagged()).toBe(3)
  await page.keyboard.press('Control+z')
  await expect.poll(tagged).toBe(0)
})

test('[UB3] runs move to another experiment with those below them, and come back with their numbers', async ({
  lab
}) => {
  const { page, host, wine, iris } = lab
  await select(page, 'run b')
  await bar(page).getByRole('button', { name: 'Move', exact: true }).click()
  const dialog = page.getByRole('dialog', { name: 'Move 1 run to another experiment' })
  await expect(dialog).toContainText('1 run below it will move too.')
  await expect(dialog.getByRole('option', { name: /^wine/ })).toHaveCount(0)
  await expectAccessible(page)
  await page.keyboard.type('ir')
  await page.keyboard.press('Enter')
  await expect(toast(page, 'Moved 2 runs to “iris”.')).toBeVisible()
  await expect(row(page, 'run b')).toHaveCount(0)
  await expect(row(page, 'run a')).toBeVisible()
  const rail = page.getByRole('navigation', { name: 'Experiments and pages' })
  await expect(rail.getByRole('link', { name: /iris/ })).toContainText('2')
  await page.getByRole('button', { name: 'Undo' }).click()
  await expect(row(page, 'run c')).toBeVisible()
  await page.goto(`${host.address}/experiments/${iris}`)
  await expect(page.getByText('No runs yet.')).toBeVisible()
  await page.goto(`${host.address}/experiments/${wine}`)
  await expect(row(page, 'run b')).toBeVisible()
})

test('[UB4] a run dragged by its name onto an experiment of the rail moves there', async ({ lab }) => {
  const { page } = lab
  await select(page, 'run b', 'run c')
  const target = page.getByRole('navigation', { name: 'Experiments and pages' }).getByRole('link', { name: /iris/ })
  await page.getByRole('link', { name: 'run c', exact: true }).dragTo(target)
  await expect(toast(page, 'Moved 2 runs to “iris”.')).toBeVisible()
  await expect(row(page, 'run c')).toHaveCount(0)
  await expect(bar(page)).toHaveCount(0)
  await page.keyboard.press('Control+z')
  await expect(row(page, 'run c')).toBeVisible()
})

test('[UB5] the menu of a row is about the row, or the selection it is part of, and opens by the keyboard', async ({
  lab
}) => {
  const { page } = lab
  await row(page, 'run a').click({ button: 'right' })
  const menu = page.getByRole('menu', { name: 'Actions on the chosen runs' })
  await expect(menu).toBeVisible()
  await expectAccessible(page)
  await menu.getByRole('menuitem', { name: 'Mark as killed' }).click()
  await expect(row(page, 'run a')).toContainText('killed')
  await expect(toast(page, 'Marked 1 run as killed.')).toBeVisible()
  await page.keyboard.press('Control+z')
  await expect(row(page, 'run a')).toContainText('running')

  await select(page, 'run a', 'run b')
  await page.getByRole('grid', { name: 'Runs' }).focus()
  await page.keyboard.press('Shift+F10')
  await menu.getByRole('menuitem', { name: 'Move to trash' }).click()
  await expect(toast(page, 'Moved 2 runs to trash.')).toBeVisible()
  await expect(row(page, 'run a')).toHaveCount(0)
  await page.keyboard.press('Control+z')
  await expect(row(page, 'run a')).toBeVisible()
})

test('[UB6] runs are copied with the columns shown and every digit, and a formula is disarmed and said so', async ({
  lab,
  context
}) => {
  const { page } = lab
  await context.grantPermissions(['clipboard-read', 'clipboard-write'])
  await select(page, 'run a')
  await bar(page).getByRole('button', { name: 'Copy' }).click()
  await page.getByRole('menuitem', { name: 'Copy as CSV' }).click()
  await expect(toast(page, 'Copied 1 run as CSV. 1 value that a spreadsheet would run')).toBeVisible()
  const [head, line] = (await page.evaluate(() => navigator.clipboard.readText())).split('\r\n')
  expect(head).toContain('metrics.loss,params.lr,params.note,params.opt')
  expect(line).toContain(",0.5,0.1,'=1+1,sgd")

  await page.getByRole('button', { name: 'Copy all runs that match' }).click()
  const download = page.waitForEvent('download')
  await page.getByRole('menuitem', { name: 'Download JSON' }).click()
  const file = await download
  expect(file.suggestedFilename()).toBe('wine runs.json')
  const runs = JSON.parse(await readFile(await file.path(), 'utf8')) as { run_name: string; 'metrics.loss': number }[]
  expect(runs.map((run) => [run.run_name, run['metrics.loss']])).toEqual([
    ['run c', 2.5],
    ['run b', 1.5],
    ['run a', 0.5]
  ])
})

test('[UB7] a view is saved, picked again, said to be modified, renamed, deleted and taken back; a link keeps what it showed', async ({
  lab
}) => {
  const { page, host, wine } = lab
  await page.goto(`${host.address}/experiments/${wine}?filter=${encodeURIComponent("params.opt = 'adam'")}`)
  await expect(row(page, 'run a')).toHaveCount(0)
  await page.getByRole('button', { name: 'Views' }).click()
  await page.getByLabel('Save what shows as').fill('only adam')
  await page.keyboard.press('Enter')
  await expect(toast(page, 'Saved “only adam”.')).toBeVisible()
  const trigger = page.getByRole('button', { name: /^only adam/ })
  await expect(trigger).not.toContainText('modified')

  await page.getByLabel('Filter runs').fill('')
  await page.keyboard.press('Enter')
  await expect(row(page, 'run a')).toBeVisible()
  await expect(trigger).toContainText('modified')
  const link = page.url()
  await trigger.click()
  await expectAccessible(page)
  await page.getByRole('button', { name: 'Back to it' }).click()
  await expect(row(page, 'run a')).toHaveCount(0)
  await page.keyboard.press('Escape')

  // Its name alone is a link, too.
  await page.goto(`${host.address}/experiments/${wine}?saved=only+adam`)
  await expect(row(page, 'run b')).toBeVisible()
  await expect(row(page, 'run a')).toHaveCount(0)
  await trigger.click()
  await page.getByRole('button', { name: 'Rename the view only adam' }).click()
  await page.getByLabel('Name of the view').fill('adam, all of it')
  await page.keyboard.press('Enter')
  await page.getByRole('button', { name: 'Delete the view adam, all of it' }).click()
  await expect(toast(page, 'Deleted the view “adam, all of it”.')).toBeVisible()
  await page.keyboard.press('Escape')
  await page.goto(link)
  await expect(row(page, 'run a')).toBeVisible()
  await page.getByRole('button', { name: 'Views' }).click()
  await expect(page.getByText('There is no view “only adam” here any more.')).toBeVisible()
})

test('[UB8] a filter is built from rows that edit its text, with the keys and values the runs have', async ({
  lab
}) => {
  const { page } = lab
  await page.getByRole('button', { name: 'Filter', exact: true }).click()
  const rows = page.getByRole('dialog', { name: 'The filter as rows' })
  await rows.getByRole('button', { name: 'Add a condition' }).click()
  await expect(rows.locator('datalist option[value="params.opt"]')).toBeAttached()
  await rows.getByLabel('Key 1').fill('params.opt')
  await rows.getByLabel('Value 1').focus()
  await expect(rows.locator('datalist option[value="adam"]')).toHaveText('2 runs')
  await expectAccessible(page)
  await rows.getByLabel('Value 1').fill('adam')
  await expect(page.getByLabel('Filter runs')).toHaveValue("params.opt = 'adam'")
  await expect(row(page, 'run a')).toHaveCount(0)
  await rows.getByRole('button', { name: 'Add a condition' }).click()
  await rows.getByLabel('Key 2').fill('metrics.loss')
  await rows.getByLabel('Comparator 2').selectOption('>')
  await rows.getByLabel('Value 2').focus()
  await expect(rows).toContainText('Its last values go from 0.5000 to 2.500.')
  await rows.getByLabel('Value 2').fill('2')
  await expect(page.getByLabel('Filter runs')).toHaveValue("params.opt = 'adam' AND metrics.loss > 2")
  await rows.getByRole('button', { name: 'Remove condition 1' }).click()
  await expect(page.getByLabel('Filter runs')).toHaveValue('metrics.loss > 2')
  await page.keyboard.press('Escape')

  const field = page.getByLabel('Filter runs')
  await field.fill("metrics.loss > 2 or params.opt = 's")
  await page.getByRole('option', { name: "'sgd' 1 run" }).click()
  await field.press('Enter')
  await expect(row(page, 'run a')).toBeVisible()
  await page.getByRole('button', { name: 'Filter', exact: true }).click()
  await expect(rows.getByRole('list', { name: 'What the filter says' })).toContainText('any of')
})

test('[UB9] a run that is not shown says why, with what shows it', async ({ lab }) => {
  const { page, host, wine } = lab
  const filter = "params.opt = 'adam' and metrics.loss > 0"
  await page.goto(`${host.address}/experiments/${wine}?filter=${encodeURIComponent(filter)}`)
  await expect(row(page, 'run b')).toBeVisible()
  await page.keyboard.press('Control+k')
  await page.keyboard.type('why a run')
  await page.keyboard.press('Enter')
  const dialog = page.getByRole('dialog', { name: 'Why is a run not shown?' })
  await page.keyboard.type('run a')
  await expect(dialog.getByRole('listitem').filter({ hasText: 'does not hold:' })).toContainText("params.opt = 'adam'")
  await expectAccessible(page)
  await dialog.getByRole('button', { name: 'Take out what does not hold' }).click()
  await expect(dialog).toContainText('It is shown, as row 3 of 3.')
  await dialog.getByRole('button', { name: 'Go to it' }).click()
  await expect(page.getByLabel('Filter runs')).toHaveValue('metrics.loss > 0')
  await expect(row(page, 'run a')).toBeVisible()
})
