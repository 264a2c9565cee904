import AxeBuilder from '@axe-core/playwright'
import type { Locator, Page } from '@playwright/test'
import { expect, test } from '../support/fixtures.ts'

interface RunSeed {
  readonly name: string
  readonly params?: Readonly<Record<string, string>>
  /** Key to values, one per step, a second apart. */
  readonly metrics?: Readonly<Record<string, readonly (number | 'NaN' | 'Infinity')[]>>
  readonly tags?: Readonly<Record<string, string>>
  readonly status?: string
  /** Name of an earlier run of the same seed. */
  readonly parent?: string
}

interface Seeded {
  readonly experiment: string
  readonly runs: Readonly<Record<string, string>>
}

/** Runs in the store of this browser, oldest first, written through the API that the service worker answers. */
const seed = async (page: Page, origin: string, name: string, runs: readonly RunSeed[]): Promise<Seeded> => {
  await page.goto(origin)
  await page.waitForFunction(() => navigator.serviceWorker.controller !== null)
  await expect(page.getByRole('contentinfo')).toContainText('Saved')
  return page.evaluate(
    async ({ name, runs }) => {
      const call = async <T>(path: string, body: unknown): Promise<T> => {
        const answer = await fetch(`/api/2.0/mlflow/${path}`, {
          method: 'POST',
          headers: { 'content-type': 'application/json' },
          body: JSON.stringify(body)
        })
        if (!answer.ok) throw new Error(`${path}: ${await answer.text()}`)
        return (await answer.json()) as T
      }
      const entries = (pairs: Readonly<Record<string, string>> = {}): { key: string; value: string }[] =>
        Object.entries(pairs).map(([key, value]) => ({ key, value }))
      const { experiment_id: experiment } = await call<{ experiment_id: string }>('experiments/create', { name })
      const ids: Record<string, string> = {}
      const began = Date.now() - 3_600_000
      for (const [index, run] of runs.entries()) {
        const start = began + index * 60_000
        const parent = run.parent === undefined ? {} : { 'mlflow.parentRunId': ids[run.parent]! }
        const made = await call<{ run: { info: { run_id: string } } }>('runs/create', {
          experiment_id: experiment,
          run_name: run.name,
          start_time: start,
          tags: entries({ ...run.tags, ...parent })
        })
        const id = (ids[run.name] = made.run.info.run_id)
        const points = Object.entries(run.metrics ?? {}).flatMap(([key, values]) =>
          values.map((value, step) => ({ key, value, step, timestamp: start + step * 1000 }))
        )
        for (let at = 0; at === 0 || at < points.length; at += 800)
          await call('runs/log-batch', {
            run_id: id,
            metrics: points.slice(at, at + 800),
            params: at === 0 ? entries(run.params) : []
          })
        const status = run.status ?? 'FINISHED'
        if (status !== 'RUNNING') await call('runs/update', { run_id: id, status, end_time: start + 8400 })
      }
      return { experiment, runs: ids }
    },
    { name, runs }
  )
}

const logArtifact = (page: Page, seeded: Seeded, run: string, path: string, text: string): Promise<void> =>
  page.evaluate(
    async ({ path, text }) => {
      const answer = await fetch(`/api/2.0/mlflow-artifacts/artifacts/${path}`, { method: 'PUT', body: text })
      if (!answer.ok) throw new Error(await answer.text())
    },
    { path: `${seeded.experiment}/${seeded.runs[run]}/artifacts/${path}`, text }
  )

const logPoint = (page: Page, runId: string, key: string, value: number, step: number): Promise<void> =>
  page.evaluate(
    async (point) => {
      const answer = await fetch('/api/2.0/mlflow/runs/log-metric', {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify(point)
      })
      if (!answer.ok) throw new Error(await answer.text())
    },
    { run_id: runId, key, value, step, timestamp: Date.now() }
  )

/** Nothing axe knows of, on the page as it stands. */
const expectAccessible = async (page: Page): Promise<void> => {
  const { violations } = await new AxeBuilder({ page }).analyze()
  expect(violations.map(({ id, nodes }) => ({ id, where: nodes.map(({ html }) => html) }))).toEqual([])
}

const grid = (page: Page): Locator => page.getByRole('grid', { name: 'Runs' })
const row = (page: Page, name: string): Locator => grid(page).getByRole('row').filter({ hasText: name })
/** Rows there are, the two of the head left out. */
const expectRows = (page: Page, count: number): Promise<void> =>
  expect(grid(page)).toHaveAttribute('aria-rowcount', String(count + 2))
const filter = (page: Page): Locator => page.getByRole('combobox', { name: 'Filter runs' })
const openExperiment = async (page: Page, origin: string, seeded: Seeded, search = ''): Promise<void> => {
  await page.goto(`${origin}/experiments/${seeded.experiment}${search}`)
  await expect(grid(page)).toBeVisible()
}

const three: readonly RunSeed[] = [
  { name: 'first', params: { lr: '0.1' }, metrics: { loss: [0.9, 0.5] }, tags: { team: 'wine' } },
  { name: 'second', params: { lr: '0.2' }, metrics: { loss: [0.9, 0.3] } },
  { name: 'third', metrics: { loss: [0.9, 'NaN'] }, status: 'FAILED', parent: 'first' }
]

test('a deleted experiment says where its runs are', async ({ page, host }) => {
  const seeded = await seed(page, host.origin, 'gone', three)
  await page.evaluate(
    (id) =>
      fetch('/api/2.0/mlflow/experiments/delete', {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ experiment_id: id })
      }),
    seeded.experiment
  )
  await page.goto(`${host.origin}/experiments/${seeded.experiment}`)
  await expect(page.getByText('Its runs went to the trash with it.')).toBeVisible()
  await page.getByRole('button', { name: 'Show them' }).click()
  await expectRows(page, 3)
})

test('a link with a filter that cannot be read says so, and no more', async ({ page, host }) => {
  const seeded = await seed(page, host.origin, 'misread', three)
  await page.goto(`${host.origin}/experiments/${seeded.experiment}?filter=${encodeURIComponent('metrics.loss <')}`)
  await expect(page.getByText('Expected a number after <')).toBeVisible()
  await expect(page.getByText('Nothing to show until the filter can be read.')).toBeVisible()
  await expect(page.getByText('No run matches this filter.')).toHaveCount(0)
  await page.getByRole('button', { name: 'Clear the filter' }).last().click()
  await expectRows(page, 3)
})

test('an experiment without runs says how to log one', async ({ page, host }) => {
  const seeded = await seed(page, host.origin, 'empty', [])
  await page.goto(`${host.origin}/experiments/${seeded.experiment}`)
  await expect(page.getByText('No runs yet.')).toBeVisible()
  await expect(page.getByLabel('Log a run', { exact: true })).toContainText(`${host.origin}/runnel.js`)
  await expectAccessible(page)
})

test('the table shows values, the best of a sorted metric, NaN written and absence as a dash', async ({
  page,
  host
}) => {
  const seeded = await seed(page, host.origin, 'wine', three)
  await openExperiment(page, host.origin, seeded)
  await expectRows(page, 3)
  await expect(row(page, 'third')).toContainText('failed')
  await expect(row(page, 'third')).toContainText('NaN')
  await expect(row(page, 'third')).toContainText('—')

  const header = grid(page).getByRole('columnheader', { name: 'loss' })
  await header.getByRole('button', { name: 'loss', exact: true }).click()
  await expect(header).toHaveAttribute('aria-sort', 'ascending')
  await expect(page).toHaveURL(/order=metrics.loss\+asc/)
  await expect(grid(page).getByRole('rowheader')).toHaveText([/second/, /first/, /third/])
  await expect(grid(page).locator('.best')).toHaveText('0.3000')
  await header.getByRole('button', { name: 'loss', exact: true }).click()
  await expect(grid(page).getByRole('rowheader')).toHaveText([/first/, /second/, /third/])
  await page.goBack()
  await expect(header).toHaveAttribute('aria-sort', 'ascending')
  await expectAccessible(page)
})

test('a filter is completed, pointed at where it is wrong, applied, shared by its URL and taken back', async ({
  page,
  host
}) => {
  const seeded = await seed(page, host.origin, 'wine', three)
  await openExperiment(page, host.origin, seeded)
  await page.keyboard.press('/')
  await expect(filter(page)).toBeFocused()
  await page.keyboard.type('lo')
  await expect(page.getByRole('option', { name: 'metrics.loss' })).toHaveAttribute('aria-selected', 'true')
  await page.keyboard.press('Enter')
  await expect(filter(page)).toHaveValue('metrics.loss ')
  await page.keyboard.type("< 'x'")
  await page.keyboard.press('Escape')
  await page.keyboard.press('Enter')
  await expect(filter(page)).toHaveAttribute('aria-invalid', 'true')
  await expect(page.locator('.sentence')).toContainText('Expected a number')
  await expect(page.locator('.problem').first()).toHaveText("'x'")
  await expectRows(page, 3)
  await expectAccessible(page)

  await filter(page).fill("metrics.loss > 0.1 and (metrics.loss < 0.4 or tags.team = 'wine')")
  await page.keyboard.press('Enter')
  await expectRows(page, 2)
  await page.reload()
  await expectRows(page, 2)
  await filter(page).fill('metrics.loss < -1')
  await expect(page.getByText('No run matches this filter.')).toBeVisible()
  await page.getByRole('button', { name: 'Clear the filter' }).last().click()
  await expectRows(page, 3)
})

test('runs are selected, renamed, deleted and brought back by keyboard alone', async ({ page, host }) => {
  const seeded = await seed(page, host.origin, 'wine', three)
  await openExperiment(page, host.origin, seeded)
  await expectRows(page, 3)
  await page.keyboard.press('j')
  await expect(grid(page)).toBeFocused()
  await expect(grid(page)).toHaveAttribute('aria-activedescendant', /./)
  await page.keyboard.press('j')
  await page.keyboard.press('e')
  await expect(page.getByRole('textbox', { name: 'Run name' })).toBeFocused()
  await page.keyboard.type('renamed')
  await page.keyboard.press('Enter')
  await expect(row(page, 'renamed')).toBeVisible()
  await expect(grid(page)).toBeFocused()

  await page.keyboard.press('x')
  await page.keyboard.press('Shift+ArrowDown')
  await expect(row(page, 'renamed')).toHaveAttribute('aria-selected', 'true')
  await expect(page.getByRole('toolbar', { name: 'Selected runs' })).toContainText('2 runs selected')
  await expectAccessible(page)
  await page.keyboard.press('Backspace')
  await expectRows(page, 1)
  await expect(page.getByText('Moved 2 runs to trash.')).toBeVisible()
  await page.keyboard.press('Control+z')
  await expectRows(page, 3)

  await grid(page).focus()
  await page.keyboard.press('Home')
  await page.keyboard.press('Enter')
  await expect(page.getByRole('heading', { level: 1 })).toContainText('third')
})

test('deleted runs have a view of their own and can be restored there', async ({ page, host }) => {
  const seeded = await seed(page, host.origin, 'wine', three)
  await openExperiment(page, host.origin, seeded)
  await row(page, 'second').getByRole('checkbox').click()
  await page.getByRole('button', { name: 'Move to trash' }).click()
  await expectRows(page, 2)
  await page.getByRole('button', { name: 'Active' }).click()
  await page.getByRole('menuitemradio', { name: 'Deleted' }).click()
  await expect(page).toHaveURL(/view=deleted/)
  await expectRows(page, 1)
  await grid(page).getByRole('checkbox', { name: 'Select all runs that match' }).click()
  await page.getByRole('button', { name: 'Restore' }).click()
  await expect(page.getByText('No run of this experiment is in the trash.')).toBeVisible()
})

test('columns are chosen by search, remembered, and stay where they are', async ({ page, host }) => {
  const seeded = await seed(page, host.origin, 'wine', three)
  await openExperiment(page, host.origin, seeded)
  await page.getByRole('button', { name: 'Columns' }).click()
  await page.keyboard.type('team')
  await page.getByRole('checkbox', { name: 'team' }).check()
  await page.keyboard.press('Escape')
  await expect(grid(page).getByRole('columnheader', { name: 'team' })).toBeVisible()
  await expect(row(page, 'first')).toContainText('wine')
  await expect(page).toHaveURL(/col=tags.team/)
  await openExperiment(page, host.origin, seeded)
  await expect(grid(page).getByRole('columnheader', { name: 'team' })).toBeVisible()
})

test('hundreds of runs scroll with only the rows in view drawn', async ({ page, host }) => {
  const many = Array.from({ length: 300 }, (_, index): RunSeed => ({
    name: `run-${index}`,
    metrics: { loss: [index] }
  }))
  const seeded = await seed(page, host.origin, 'many', many)
  await openExperiment(page, host.origin, seeded)
  await expectRows(page, 300)
  expect(await grid(page).getByRole('row').count()).toBeLessThan(60)
  await grid(page).focus()
  await page.keyboard.press('End')
  await expect(row(page, 'run-0').last()).toBeVisible()
  await expect(row(page, 'run-0').last()).toHaveAttribute('aria-rowindex', '302')
  await grid(page).getByRole('checkbox', { name: 'Select all runs that match' }).click()
  await expect(page.getByRole('toolbar', { name: 'Selected runs' })).toContainText('300 runs selected')
  await page.keyboard.press('Escape')

  const top = (): Promise<number> => grid(page).evaluate((element) => element.scrollTop)
  await grid(page).evaluate((element) => (element.scrollTop = 4000))
  await row(page, 'run-160').getByRole('link').click()
  await expect(page.getByRole('heading', { level: 1 })).toContainText('run-160')
  await page.goBack()
  await expect(row(page, 'run-160')).toBeInViewport()
  await expect.poll(top).toBeGreaterThan(3900)
})

test('a run shows what is known of it, its charts live, and the points behind them', async ({ page, host }) => {
  const seeded = await seed(page, host.origin, 'wine', [
    { name: 'parent' },
    {
      name: 'child',
      parent: 'parent',
      status: 'RUNNING',
      params: { lr: '0.1' },
      metrics: {
        'train/loss': Array.from({ length: 50 }, (_, step) => (step === 20 ? 'NaN' : 1 / (step + 1))),
        acc: [0.5]
      },
      tags: { team: 'wine', 'mlflow.source.name': 'train.py', 'mlflow.note.content': '**bold** words' }
    }
  ])
  const id = seeded.runs['child']!
  await page.goto(`${host.origin}/runs/${id}`)
  await expect(page.getByRole('heading', { level: 1 })).toContainText('child')
  await expect(page.getByText('train.py').first()).toBeVisible()
  await expect(page.getByRole('link', { name: 'parent' })).toBeVisible()
  await expect(page.locator('strong')).toHaveText('bold')
  const panel = page.getByRole('article', { name: 'train/loss' })
  await expect(panel).toContainText('1 NaN')
  await expect(panel.getByRole('img')).toHaveAttribute('aria-label', /train\/loss by step: 50 points, last 0.02000/)
  await expectAccessible(page)

  await logPoint(page, id, 'train/loss', 7, 50)
  await expect(panel.getByRole('img')).toHaveAttribute('aria-label', /51 points, last 7/)
  await expect(page.getByRole('row', { name: /train\/loss/ })).toContainText('7')

  await panel.getByRole('button', { name: 'Data of train/loss' }).click()
  await expect(page.getByRole('dialog').getByRole('row')).toHaveCount(52)
  await expect(page.getByRole('dialog')).toContainText('NaN')
  await expectAccessible(page)
  await page.keyboard.press('Escape')

  await page.getByRole('button', { name: 'train/loss', exact: true }).click()
  await expect(panel).toBeFocused()
})

test('a box drawn in one chart zooms all of them, and a double click shows everything again', async ({
  page,
  host
}) => {
  const values = Array.from({ length: 2000 }, (_, step) => Math.sin(step / 50))
  const seeded = await seed(page, host.origin, 'wave', [
    { name: 'wave', metrics: { a: values, b: values.slice(0, 40) } }
  ])
  await page.goto(`${host.origin}/runs/${seeded.runs['wave']}`)
  const plot = page.getByRole('article', { name: 'a', exact: true }).locator('.u-over')
  await plot.hover({ position: { x: 2, y: 50 } })
  await expect(page.getByRole('article', { name: 'b', exact: true }).getByText(/step \d+/)).toBeVisible()
  const box = (await plot.boundingBox())!
  await page.mouse.move(box.x + box.width * 0.5, box.y + 50)
  await page.mouse.down()
  await page.mouse.move(box.x + box.width * 0.6, box.y + 50, { steps: 5 })
  await page.mouse.up()
  await expect(page).toHaveURL(/x=step&range=\d+%2C\d+/)
  await expect(page.getByRole('article', { name: 'b', exact: true })).toContainText('No point in this range.')
  await plot.dblclick()
  await expect(page).not.toHaveURL(/range=/)
  await page.getByRole('button', { name: 'Zoom in' }).click()
  await expect(page).toHaveURL(/range=/)
  // Whoever leaves right after stays away, and comes back to what they left.
  const before = page.url()
  await page.getByRole('button', { name: 'Zoom in' }).click()
  await expect(page).not.toHaveURL(before)
  const left = page.url()
  await page.getByRole('link', { name: 'Trash' }).click()
  await expect(page.getByRole('heading', { name: 'Trash' })).toBeVisible()
  await page.waitForTimeout(1000)
  expect(new URL(page.url()).pathname).toBe('/trash')
  await page.goBack()
  await expect(page).toHaveURL(left)
  await page.getByRole('button', { name: 'Show all' }).click()
  await expect(page).not.toHaveURL(/range=/)
  await page.getByRole('radio', { name: 'Relative' }).check()
  await page.getByRole('radio', { name: 'Log' }).check()
  await expect(page).toHaveURL(/y=log/)
  await expect(page.getByRole('article', { name: 'a', exact: true })).toContainText('not above 0')
  await page.goto(`${host.origin}/runs/${seeded.runs['wave']}`)
  await expect(page.getByRole('radio', { name: 'Relative' })).toBeChecked()
})

test('name, description and tags are changed in place', async ({ page, host }) => {
  const seeded = await seed(page, host.origin, 'wine', three)
  await page.goto(`${host.origin}/runs/${seeded.runs['first']}`)
  await expect(page.getByRole('heading', { level: 1 })).toContainText('first')
  await page.keyboard.press('e')
  await page.keyboard.type('better name')
  await page.keyboard.press('Enter')
  await expect(page.getByRole('heading', { level: 1 })).toContainText('better name')

  await page.getByRole('button', { name: 'Add a description' }).click()
  await page.getByRole('textbox', { name: 'Run description' }).fill('# What I saw\n\n- [x] it *works*')
  await page.keyboard.press('Control+Enter')
  await expect(page.getByRole('heading', { name: 'What I saw' })).toBeVisible()

  await page.getByRole('button', { name: 'Add a tag' }).click()
  await page.getByRole('textbox', { name: 'Key' }).fill('stage')
  await page.getByRole('textbox', { name: 'Value' }).fill('draft')
  await page.keyboard.press('Enter')
  await expect(page.getByRole('region', { name: /Tags/ })).toContainText('draft')
  await page.getByRole('region', { name: /Tags/ }).getByText('draft').hover()
  await page.getByRole('button', { name: 'Delete tag stage' }).click()
  await expect(page.getByRole('region', { name: /Tags/ })).not.toContainText('draft')
  await page.getByRole('button', { name: 'Undo' }).click()
  await expect(page.getByRole('region', { name: /Tags/ })).toContainText('draft')
  await expectAccessible(page)
})

test('a run left behind can be marked as killed, and a deleted one restored', async ({ page, host }) => {
  const seeded = await seed(page, host.origin, 'wine', [{ name: 'lost', status: 'RUNNING', metrics: { loss: [1] } }])
  await page.goto(`${host.origin}/runs/${seeded.runs['lost']}`)
  await expect(page.getByText('Its process may be gone.')).toBeVisible()
  await page.getByRole('button', { name: 'Mark as killed' }).click()
  await expect(page.locator('dd', { hasText: 'killed' })).toBeVisible()
  await page.getByRole('button', { name: 'More' }).click()
  await page.getByRole('menuitem', { name: 'Move to trash' }).click()
  await expect(page.getByText('This run is in the trash.')).toBeVisible()
  await page.getByRole('button', { name: 'Restore' }).click()
  await expect(page.getByText('This run is in the trash.')).toBeHidden()
})

test('a description can neither run nor fetch anything', async ({ page, host }) => {
  const hostile = [
    '<script>document.title = "ran"</script>',
    '<img src=x onerror="document.title = \'ran\'">',
    '<svg onload="document.title = \'ran\'"></svg>',
    '[link](javascript:document.title="ran") [out](https://example.org) [in](/settings)',
    '![picture](https://example.org/track.png)',
    '<form id="forms"><input name="attributes"></form><a id="location">named</a>',
    '<style>body { display: none }</style><p style="position:fixed" class="x">styled</p>'
  ].join('\n\n')
  const seeded = await seed(page, host.origin, 'wine', [{ name: 'hostile', tags: { 'mlflow.note.content': hostile } }])
  const asked: string[] = []
  page.on('request', (request) => asked.push(request.url()))
  await page.goto(`${host.origin}/runs/${seeded.runs['hostile']}`)
  const description = page.getByRole('region', { name: 'Description' }).locator('.text')
  await expect(description.getByRole('link', { name: 'out' })).toHaveAttribute('rel', 'noopener noreferrer')
  await expect(
    description.locator('script, style, form, input, svg, img, [onerror], [style], [class="x"]')
  ).toHaveCount(0)
  await expect(description.locator('a[href]')).toHaveCount(1)
  await expect(description.locator('#location, #forms')).toHaveCount(0)
  await expect(page).toHaveTitle(/hostile/)
  expect(asked.filter((url) => !url.startsWith(host.origin) && !/^(data|blob):/.test(url))).toEqual([])
})

test('artifacts are listed, previewed and downloaded, and nothing in them runs', async ({ page, host }) => {
  const seeded = await seed(page, host.origin, 'wine', [{ name: 'files' }])
  const log = (path: string, text: string): Promise<void> => logArtifact(page, seeded, 'files', path, text)
  await log(
    'plots/drawn.svg',
    '<svg xmlns="http://www.w3.org/2000/svg" width="40" height="30"><script>parent.document.title = "ran"</script></svg>'
  )
  await log('table.csv', 'name,value\nplain,1\nformula,"=HYPERLINK(""https://example.org"")"\n')
  await log('config.json', '{"model": {"depth": 12}, "list": [1, 2]}')
  await log(
    'page.html',
    '<h1>Page</h1><script>parent.document.title = "ran"; document.body.append("script ran")</script>'
  )
  await log('notes.md', '# Notes\n\n<img src=x onerror="document.title = \'ran\'">')
  await log('long.log', 'a line of text\n'.repeat(30_000))
  await log('model.bin', '\u0000\u0001')
  await page.goto(`${host.origin}/runs/${seeded.runs['files']}?tab=artifacts`)

  const list = page.getByRole('navigation', { name: 'Artifacts' })
  const pick = (name: string): Promise<void> => list.getByRole('button', { name }).click()
  await pick('plots/')
  await pick('drawn.svg')
  await expect(page.getByRole('img', { name: 'drawn.svg' })).toBeVisible()
  await expect(page.getByText('40 × 30')).toBeVisible()
  await expectAccessible(page)
  await pick('table.csv')
  await expect(page.getByRole('cell', { name: '=HYPERLINK("https://example.org")' })).toBeVisible()
  await expect(page.getByText('2 rows · 2 columns')).toBeVisible()
  await pick('config.json')
  await expect(page.getByText('"depth"')).toBeVisible()
  await page.getByRole('button', { name: /"model"/ }).click()
  await expect(page.getByText('"depth"')).toBeHidden()
  await pick('page.html')
  const frame = page.frameLocator('iframe')
  await expect(frame.getByRole('heading', { name: 'Page' })).toBeVisible()
  await expect(frame.getByText('script ran')).toHaveCount(0)
  await pick('notes.md')
  await expect(page.getByRole('heading', { name: 'Notes', exact: true })).toBeVisible()
  await pick('long.log')
  await expect(page.getByText('The first 262 KB of 450 KB.')).toBeVisible()
  await page.getByRole('button', { name: 'Show more' }).click()
  await expect(page.getByRole('button', { name: 'Show more' })).toBeHidden()
  await pick('model.bin')
  await expect(page.getByText('There is no preview for this kind of file.')).toBeVisible()
  const [download] = await Promise.all([
    page.waitForEvent('download'),
    page.getByRole('button', { name: 'Download' }).click()
  ])
  expect(download.suggestedFilename()).toBe('model.bin')
  await expect(page).toHaveURL(/path=model.bin/)
  await expect(page).toHaveTitle(/files/)
})

test('everything works at 360 px in the dark', async ({ page, host }) => {
  await page.setViewportSize({ width: 360, height: 740 })
  await page.emulateMedia({ colorScheme: 'dark' })
  const seeded = await seed(page, host.origin, 'wine', three)
  await openExperiment(page, host.origin, seeded)
  await expect(grid(page).getByRole('columnheader', { name: 'loss' })).toBeInViewport()
  await expectAccessible(page)
  await row(page, 'first').getByRole('checkbox').click()
  await page.getByRole('toolbar', { name: 'Selected runs' }).getByRole('button', { name: 'Actions' }).click()
  await expect(page.getByRole('menuitem', { name: /^Rename/ })).toBeInViewport({ ratio: 1 })
  await expect(page.getByRole('menuitem', { name: 'Move to trash' })).toBeInViewport({ ratio: 1 })
  await page.keyboard.press('Escape')
  await row(page, 'first').getByRole('link').click()
  await expect(page.getByRole('article', { name: 'loss' })).toBeVisible()
  await expectAccessible(page)
  const overflow = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth)
  expect(overflow).toBe(0)
})

test('an id that nothing has says so', async ({ page, host }) => {
  await page.goto(`${host.origin}/runs/nosuchrun`)
  await expect(page.getByText('There is no run with this id.')).toBeVisible()
  await page.goto(`${host.origin}/experiments/123456`)
  await expect(page.getByText('There is no experiment with this id.')).toBeVisible()
  await expectAccessible(page)
})
