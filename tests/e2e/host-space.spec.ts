import AxeBuilder from '@axe-core/playwright'
import type { Locator, Page } from '@playwright/test'
import { hasCopyOfRun, worksWithoutHost } from '../support/away.ts'
import { expect, test as base } from '../support/fixtures.ts'
import { startFullHost, type FullHost } from '../support/full-host.ts'
import { logRun, newExperiment, openBrowserSpace } from '../support/shared-pages.ts'

const TOKEN = 'sesame-1f6c'
/** The issue's own bound, for the middle of several; one alone may meet a busy machine. */
const LIVE_MS = 500
const SINGLE_MS = 3000

const test = base.extend<{ readonly full: FullHost; readonly locked: FullHost }>({
  full: async ({}, use) => {
    const host = await startFullHost()
    await use(host)
    await host.stop()
  },
  locked: async ({}, use) => {
    const host = await startFullHost({ token: TOKEN })
    await use(host)
    await host.stop()
  }
})

const status = (page: Page): Locator => page.getByRole('contentinfo', { name: 'Status' })
const switcher = (page: Page): Locator => page.getByRole('button', { name: /^Space:/ })
const switchTo = async (page: Page, name: 'This browser' | 'This host'): Promise<void> => {
  await switcher(page).click()
  await page.getByRole('menuitemradio', { name }).click()
  await expect(switcher(page)).toContainText(name)
}

/** What went wrong on a page since it was opened: errors of its scripts and in its console, and requests that failed. */
const listenForTrouble = (page: Page): string[] => {
  const trouble: string[] = []
  page.on('pageerror', (error) => trouble.push(error.message))
  page.on('console', (message) => message.type() === 'error' && trouble.push(message.text()))
  page.on('response', (answer) => answer.status() >= 400 && trouble.push(`${answer.status()} ${answer.url()}`))
  return trouble
}

const expectAccessible = async (page: Page): Promise<void> => {
  const { violations } = await new AxeBuilder({ page }).analyze()
  expect(violations.map(({ id, nodes }) => ({ id, where: nodes.map(({ html }) => html) }))).toEqual([])
}

interface Made {
  readonly experiment: string
  readonly run: string
  readonly model: string
}

interface MadeRun {
  readonly run: { readonly info: { readonly run_id: string } }
}

const makeExperiment = async (host: FullHost, name: string): Promise<string> =>
  (await host.call<{ experiment_id: string }>('experiments/create', { name })).experiment_id

const makeRun = async (host: FullHost, experiment: string, name: string): Promise<string> =>
  (
    await host.call<MadeRun>('runs/create', {
      experiment_id: experiment,
      run_name: name,
      start_time: Date.now() - 60_000,
      user_id: 'ada',
      tags: [
        { key: 'mlflow.source.name', value: 'train.py' },
        { key: 'team', value: 'wine' }
      ]
    })
  ).run.info.run_id

const logMetric = (host: FullHost, run: string, key: string, value: number, step: number): Promise<unknown> =>
  host.call('runs/log-metric', { run_id: run, key, value, step, timestamp: Date.now() })

/** One experiment as a script leaves it: a finished run with everything a run can have, and one that is running. */
const seed = async (host: FullHost): Promise<Made> => {
  const experiment = await makeExperiment(host, 'wine quality')
  const run = await makeRun(host, experiment, 'elastic net')
  const began = Date.now() - 60_000
  const metrics = ['loss', 'eval/rmse'].flatMap((key, index) =>
    Array.from({ length: 80 }, (_, step) => ({
      key,
      value: (1 + index) * Math.exp(-step / 30) + 0.05 * Math.sin(step),
      step,
      timestamp: began + step * 500
    }))
  )
  await host.call('runs/log-batch', {
    run_id: run,
    metrics,
    params: [
      { key: 'alpha', value: '0.2' },
      { key: 'l1_ratio', value: '0.5' }
    ]
  })
  const root = `${experiment}/${run}/artifacts`
  await host.putArtifact(`${root}/notes.md`, '# What I saw\n\nThe *second* rate learns fastest.\n')
  await host.putArtifact(`${root}/table.csv`, 'step,loss\n1,0.9\n2,0.5\n')
  await host.putArtifact(`${root}/report/summary.json`, '{"rmse": 0.62, "rows": [1, 2, 3]}')
  await host.putArtifact(
    `${root}/plot.svg`,
    '<svg xmlns="http://www.w3.org/2000/svg" width="60" height="40"><path d="M0 40 60 0" stroke="teal"/></svg>'
  )
  const model = await makeModel(host, experiment, run)
  await host.call('runs/update', { run_id: run, status: 'FINISHED', end_time: Date.now() })
  await makeRun(host, experiment, 'still running')
  return { experiment, run, model }
}

/** A logged model with a file, registered twice; and a version of the run's own files, as older clients register. */
const makeModel = async (host: FullHost, experiment: string, run: string): Promise<string> => {
  const { model } = await host.call<{ model: { info: { model_id: string } } }>('logged-models', {
    experiment_id: experiment,
    name: 'net',
    model_type: 'sklearn',
    source_run_id: run
  })
  const id = model.info.model_id
  await host.call('runs/outputs', { run_id: run, models: [{ model_id: id, step: '0' }] })
  await host.call(`logged-models/${id}`, { model_id: id, status: 'LOGGED_MODEL_READY' }, 'PATCH')
  await host.putArtifact(`${experiment}/models/${id}/artifacts/MLmodel`, 'flavors:\n  sklearn:\n    code: null\n')
  await host.call('registered-models/create', { name: 'wine-net' })
  const version = { name: 'wine-net', run_id: run }
  await host.call('model-versions/create', { ...version, source: `models:/${id}`, model_id: id })
  await host.call('model-versions/create', { ...version, source: `models:/${id}`, model_id: id })
  await host.call('model-versions/create', { ...version, source: `runs:/${run}/report` })
  await host.call('registered-models/alias', { name: 'wine-net', alias: 'champion', version: '2' })
  return id
}

test('[HS1] what is logged to the host from outside is on the open page within half a second', async ({
  page,
  full
}) => {
  const { experiment } = await seed(full)
  const run = await makeRun(full, experiment, 'live')
  await logMetric(full, run, 'loss', 0.5, 0)
  await page.goto(`${full.origin}/runs/${run}`)
  await expect(page.getByRole('rowheader', { name: 'loss' })).toBeVisible()
  await page.evaluate(() => {
    const seen: Record<string, number> = {}
    Object.assign(window, { seen })
    const look = (): void => {
      for (const [text] of document.body.innerText.matchAll(/\b7\.\d{3}\b/g)) seen[text] ??= Date.now()
    }
    new MutationObserver(look).observe(document.body, { subtree: true, childList: true, characterData: true })
  })
  const delays: number[] = []
  for (let step = 1; step <= 15; step++) {
    const text = (7 + step / 1000).toFixed(3)
    await logMetric(full, run, 'loss', Number(text), step)
    const answered = Date.now()
    const seen = await page.waitForFunction(
      (wanted) => (window as unknown as { seen: Record<string, number> }).seen[wanted],
      text
    )
    delays.push(((await seen.jsonValue()) as number) - answered)
  }
  delays.sort((a, b) => a - b)
  console.log(`from the host's answer to the page: ${delays.join(', ')} ms`)
  expect(delays[Math.floor(delays.length / 2)]).toBeLessThan(LIVE_MS)
  expect(delays.at(-1)).toBeLessThan(SINGLE_MS)
})

test('[HS2] a new experiment and a new run come into the open list and table by themselves', async ({ page, full }) => {
  const experiment = await makeExperiment(full, 'first')
  await page.goto(`${full.origin}/experiments/${experiment}`)
  await expect(page.getByText('No runs yet.')).toBeVisible()
  await expect(page.getByLabel('Log a run', { exact: true })).toContainText(`mlflow.set_tracking_uri("${full.origin}")`)
  await makeRun(full, experiment, 'from afar')
  await expect(page.getByRole('grid', { name: 'Runs' }).getByRole('row').filter({ hasText: 'from afar' })).toBeVisible()
  await makeExperiment(full, 'second')
  await expect(
    page.getByRole('navigation', { name: 'Experiments and pages' }).getByRole('link', { name: 'second' })
  ).toBeVisible()
})

const looks = [
  { name: 'wide, light', size: { width: 1440, height: 900 }, scheme: 'light' },
  { name: 'wide, dark', size: { width: 1440, height: 900 }, scheme: 'dark' },
  { name: 'narrow, light', size: { width: 360, height: 780 }, scheme: 'light' },
  { name: 'narrow, dark', size: { width: 390, height: 780 }, scheme: 'dark' }
] as const

for (const { name, size, scheme } of looks) {
  test(`[HS3] every page of the host's space is whole and quiet: ${name}`, async ({ page, full }) => {
    const trouble = listenForTrouble(page)
    await page.setViewportSize(size)
    await page.emulateMedia({ colorScheme: scheme })
    await page.goto(full.origin)
    await expect(page.getByRole('heading', { level: 1 })).toHaveText('This host is your tracking server.')
    await expectAccessible(page)
    await look(page, `${name} welcome`)
    const { experiment, run, model } = await seed(full)
    await full.call('experiments/delete', { experiment_id: await makeExperiment(full, 'thrown away') })
    const paths: readonly (readonly [string, string, string])[] = [
      ['home', '/', 'Experiments'],
      ['experiment', `/experiments/${experiment}`, 'wine quality'],
      ['notes', `/experiments/${experiment}?tab=notes`, 'wine quality'],
      ['run', `/runs/${run}`, 'elastic net'],
      ['artifacts', `/runs/${run}?tab=artifacts&path=notes.md`, 'elastic net'],
      ['picture', `/runs/${run}?tab=artifacts&path=plot.svg`, 'elastic net'],
      ['model', `/runs/${run}?tab=artifacts&model=${model}&path=MLmodel`, 'elastic net'],
      ['trash', '/trash', 'Trash'],
      ['settings', '/settings', 'Settings'],
      ['missing', `/runs/${'0'.repeat(32)}`, 'No such run']
    ]
    for (const [what, path, heading] of paths) {
      await page.goto(full.origin + path)
      await expect(page.getByRole('heading', { level: 1 })).toContainText(heading)
      await expect(status(page)).toContainText('Connected')
      await expectAccessible(page)
      await look(page, `${name} ${what}`)
      const overflow = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth)
      expect(overflow, what).toBe(0)
    }
    if (size.width < 700) await page.getByRole('button', { name: 'Menu' }).click()
    await switcher(page).click()
    await look(page, `${name} switcher`)
    await expectAccessible(page)
    expect(trouble).toEqual([])
  })
}

test('[HS14] the links that Python prints lead to the run and the experiment', async ({ page, full }) => {
  const experiment = await makeExperiment(full, 'printed')
  const run = await makeRun(full, experiment, 'linked')
  await page.goto(`${full.origin}/#/experiments/${experiment}/runs/${run}`)
  await expect(page.getByRole('heading', { name: 'linked' })).toBeVisible()
  expect(new URL(page.url()).pathname).toBe(`/runs/${run}`)
  await page.goto('about:blank')
  await page.goto(`${full.origin}/#/experiments/${experiment}`)
  await expect(page.getByRole('heading', { name: 'printed' })).toBeVisible()
  // And over the address of an open page, which loads nothing by itself.
  await page.goto(full.origin)
  await expect(page.getByRole('heading', { name: 'Experiments' })).toBeVisible()
  await page.goto(`${full.origin}/#/experiments/${experiment}/runs/${run}`)
  await expect(page.getByRole('heading', { name: 'linked' })).toBeVisible()
})

test('[HS4] the host comes first; what is chosen is kept, by pointer, key and palette', async ({ page, full }) => {
  await makeExperiment(full, 'of the host')
  await page.goto(full.origin)
  await expect(switcher(page)).toContainText('This host')
  await expect(page.locator('tbody')).toContainText('of the host')

  await switchTo(page, 'This browser')
  await expect(switcher(page)).toBeFocused()
  await expect(page.getByRole('heading', { level: 1 })).toHaveText('This tab is your tracking server.')
  await expect(status(page)).toContainText('Saved')
  await page.reload()
  await expect(switcher(page)).toContainText('This browser')

  await page.keyboard.press('g')
  await page.keyboard.press('o')
  await expect(switcher(page)).toContainText('This host')
  await page.keyboard.press('Control+k')
  await page.getByRole('dialog').getByRole('combobox').fill('this browser')
  await page.keyboard.press('Enter')
  await expect(switcher(page)).toContainText('This browser')

  // Pages that are in every space stay; others give way to the list.
  await page.getByRole('link', { name: 'Settings' }).click()
  await switchTo(page, 'This host')
  await expect(page).toHaveURL(/\/settings$/)
  await expect(page.getByRole('region', { name: 'Host' })).toContainText(full.origin)
  await expect(page.getByText('Durability')).toHaveCount(0)
  await page.getByRole('link', { name: 'of the host' }).click()
  await expect(page).toHaveURL(/\/experiments\/\d+/)
  await switchTo(page, 'This browser')
  await expect(page).toHaveURL(`${full.origin}/`)
})

test('[HS5] a link to what is only in the other space says so, and leads there', async ({ page, full }) => {
  // The browser has what its host has; the host, not what is this browser's alone.
  await openBrowserSpace(page, full.origin)
  await newExperiment(page, 'wine quality')
  const run = await logRun(page, 'elastic net', { alpha: '0.1' })
  const path = new URL(page.url()).pathname
  for (const [where, noun, name] of [
    [path, 'experiment', 'wine quality'],
    [`/runs/${run}`, 'run', 'elastic net']
  ] as const) {
    await page.goto(full.origin)
    await switchTo(page, 'This host')
    await page.goto(full.origin + where)
    await expect(page.getByText(`This ${noun} is not in this host, but in this browser.`)).toBeVisible()
    await expectAccessible(page)
    await page.getByRole('button', { name: 'Look at this browser' }).click()
    await expect(page.getByRole('heading', { level: 1 })).toContainText(name)
    await expect(page).toHaveURL(full.origin + where)
  }
  await page.goto(`${full.origin}/runs/${'0'.repeat(32)}`)
  await expect(page.getByText('There is no run with this id.')).toBeVisible()
})

test('[HS6] a host with a token shows nothing without it; it is kept as the person says', async ({
  page,
  context,
  locked
}) => {
  await makeExperiment(locked, 'secret')
  await page.goto(locked.origin)
  await expect(page.getByRole('heading', { level: 1 })).toHaveText('This host asks for a token.')
  await expect(page.getByLabel('Token')).toBeFocused()
  await expectAccessible(page)
  await look(page, 'token page')
  await page.getByRole('button', { name: 'Open this host' }).click()
  await expect(page.getByText('Type or paste the token.')).toBeVisible()
  await page.getByLabel('Token').fill('a guess')
  await page.keyboard.press('Enter')
  await expect(page.getByText('The host does not take this token.')).toBeVisible()
  await expect(page.getByText('secret')).toHaveCount(0)
  await look(page, 'token refused')

  await page.getByLabel('Token').fill(TOKEN)
  await page.keyboard.press('Enter')
  await expect(page.locator('tbody')).toContainText('secret')
  await page.reload()
  await expect(page.locator('tbody')).toContainText('secret')
  const other = await context.newPage()
  await other.goto(locked.origin)
  await expect(other.getByRole('heading', { level: 1 })).toHaveText('This host asks for a token.')

  await other.getByLabel('Token').fill(TOKEN)
  await other.getByLabel('Remember it in this browser').check()
  await other.keyboard.press('Enter')
  await expect(other.locator('tbody')).toContainText('secret')
  const third = await context.newPage()
  await third.goto(`${locked.origin}/settings`)
  await expect(third.getByText('Remembered in this browser')).toBeVisible()
  await third.getByRole('button', { name: 'Forget the token' }).click()
  await expect(third.getByRole('heading', { level: 1 })).toHaveText('This host asks for a token.')
  await third.getByRole('button', { name: 'Look at this browser instead' }).click()
  await expect(status(third)).toContainText('Saved')
})

test('[HS7] a token in the link opens the host and leaves the address at once', async ({ page, locked }) => {
  const experiment = await makeExperiment(locked, 'secret')
  await page.goto(`${locked.origin}/experiments/${experiment}?tab=notes#token=${TOKEN}`)
  await expect(page.getByRole('heading', { level: 1 })).toContainText('secret')
  expect(page.url()).toBe(`${locked.origin}/experiments/${experiment}?tab=notes`)
  await page.getByRole('link', { name: 'Runnel, home' }).click()
  // Going back while the click is still on its way would leave the app.
  await expect(page).toHaveURL(`${locked.origin}/`)
  await page.goBack()
  expect(page.url()).not.toContain(TOKEN)
  await expect(page.getByRole('heading', { level: 1 })).toContainText('secret')
})

test('[HS8] a host that goes away leaves the page readable, and is found again with what came meanwhile', async ({
  page,
  full
}) => {
  const { experiment, run } = await seed(full)
  await page.goto(`${full.origin}/experiments/${experiment}`)
  const row = page.getByRole('grid', { name: 'Runs' }).getByRole('row').filter({ hasText: 'elastic net' })
  await expect(row).toBeVisible()
  await hasCopyOfRun(page, run)
  await full.kill()
  await expect(status(page)).toContainText('The host does not answer')
  await expect(page.getByText('What you see is what it said last.')).toBeVisible()
  await expect(row).toBeVisible()
  await look(page, 'host gone')
  await expectAccessible(page)

  // The page itself comes from this browser, and so does what it has of the host.
  await page.reload()
  await expect(status(page)).toContainText('The host is away: its copy in this browser')
  await expect(status(page)).toContainText('Saved')
  await expect(row).toBeVisible()
  await look(page, 'copy of a host')
  await expectAccessible(page)
  await page.getByRole('button', { name: 'New experiment' }).first().click()
  await page.getByRole('dialog').getByLabel('Name').fill('made while it was away')
  await page.getByRole('button', { name: 'Create' }).click()
  await expect(page.getByRole('heading', { level: 1 })).toContainText('made while it was away')

  await switchTo(page, 'This host')
  await full.start()
  await expect(status(page)).toContainText('Connected', { timeout: 20_000 })
  await makeRun(full, experiment, 'after the fall')
  await page.getByRole('link', { name: 'wine quality' }).first().click()
  await expect(
    page.getByRole('grid', { name: 'Runs' }).getByRole('row').filter({ hasText: 'after the fall' })
  ).toBeVisible()
})

test('[HS15] artifacts of a host that went away are listed when it is back, and until then it is said', async ({
  page,
  full
}) => {
  const run = await makeRun(full, await makeExperiment(full, 'gone'), 'with files')
  await page.goto(`${full.origin}/runs/${run}`)
  await expect(page.getByRole('heading', { name: 'with files' })).toBeVisible()
  await worksWithoutHost(page)
  await full.kill()
  await page.getByRole('link', { name: 'Artifacts' }).click()
  await expect(page.getByRole('alert')).toContainText('The host does not answer. They are listed as soon as it does.')
  await full.start()
  await expect(page.getByText('No artifacts yet.')).toBeVisible({ timeout: 20_000 })
})

test('[HS9] a host without a store shows one space, and asks for nothing that is not there', async ({ page, host }) => {
  const trouble = listenForTrouble(page)
  await page.goto(host.origin)
  await expect(status(page)).toContainText('Saved')
  await expect(page.getByText('This browser', { exact: true })).toBeVisible()
  await expect(switcher(page)).toHaveCount(0)
  await page.keyboard.press('?')
  await expect(page.getByRole('dialog', { name: 'Keys' })).toContainText('Go to trash')
  await expect(page.getByRole('dialog', { name: 'Keys' })).not.toContainText('this host')
  await page.reload()
  await expect(status(page)).toContainText('Saved')
  expect(trouble).toEqual([])
})

for (const withToken of [false, true]) {
  test(`[HS10] artifacts are read from the host as far as they are looked at${withToken ? ', with its token' : ''}`, async ({
    page,
    full,
    locked
  }) => {
    const host = withToken ? locked : full
    const { experiment, run } = await seed(host)
    const root = `${experiment}/${run}/artifacts`
    const big = new Uint8Array(24 * 1024 * 1024).fill(7)
    await host.putArtifact(`${root}/weights.bin`, big)
    await host.putArtifact(`${root}/long.log`, 'a line of a log\n'.repeat(1_000_000))
    const asked: { method: string; range: string | undefined; path: string | null }[] = []
    page.on('request', (request) => {
      const url = new URL(request.url())
      if (url.pathname === '/get-artifact')
        asked.push({ method: request.method(), range: request.headers()['range'], path: url.searchParams.get('path') })
    })
    const open = (path: string): Promise<unknown> =>
      page.goto(`${host.origin}/runs/${run}?tab=artifacts&path=${path}${withToken ? `#token=${TOKEN}` : ''}`)

    await open('report/summary.json')
    await expect(page.getByText('0.62')).toBeVisible()
    await open('table.csv')
    await expect(page.getByRole('cell', { name: '0.5' })).toBeVisible()
    await open('plot.svg')
    await expect(page.getByRole('img', { name: 'plot.svg' })).toBeVisible()
    await open('long.log')
    await expect(page.getByText('The first 262 KB of 16 MB.')).toBeVisible()
    expect(asked.filter(({ path, method }) => path === 'long.log' && method === 'GET')).toEqual([
      { method: 'GET', range: 'bytes=0-262143', path: 'long.log' }
    ])

    await open('weights.bin')
    await expect(page.getByText('There is no preview for this kind of file.')).toBeVisible()
    expect(asked.filter(({ path }) => path === 'weights.bin').map(({ method }) => method)).toEqual(['HEAD'])
    const [download] = await Promise.all([
      page.waitForEvent('download'),
      page.getByRole('button', { name: 'Download' }).click()
    ])
    expect(download.suggestedFilename()).toBe('weights.bin')
    const stream = await download.createReadStream()
    let bytes = 0
    for await (const chunk of stream) bytes += (chunk as Buffer).byteLength
    expect(bytes).toBe(big.byteLength)

    await open('gone.txt')
    await expect(page.getByText('There is no such file.')).toBeVisible()
  })
}

test('[HS11] the demo trains into the space that is looked at', async ({ page, full }) => {
  await page.goto(full.origin)
  await page.getByRole('button', { name: 'Run the demo' }).click()
  await expect(page).toHaveURL(/\/experiments\/\d+/)
  await expect(status(page)).toContainText(/Demo: Run 1 of 3, epoch [1-9]/)
  await switchTo(page, 'This browser')
  // This browser joins what its host has, sooner or later: it is there as the host's, or not yet, and never as one of its own.
  await expect(page.locator('tbody')).toContainText('Default')
  const own = page.getByRole('row').filter({ hasText: 'iris demo', hasNotText: 'Shared through this host' })
  await expect(own).toHaveCount(0)
  await page.getByRole('button', { name: 'Stop', exact: true }).click()
  await expect(status(page)).not.toContainText('Demo')
  const { experiments } = await full.call<{ experiments: { name: string; experiment_id: string }[] }>(
    'experiments/search',
    { max_results: 10 }
  )
  const demo = experiments.find(({ name }) => name === 'iris demo')!
  const { runs } = await full.call<{ runs: { info: { status: string }; data: { metrics: unknown[] } }[] }>(
    'runs/search',
    { experiment_ids: [demo.experiment_id] }
  )
  expect(runs[0]!.data.metrics.length).toBeGreaterThan(0)
  // Stopped in the middle of a run, or between two of the three.
  const statuses = runs.map(({ info }) => info.status)
  expect(statuses).not.toContain('RUNNING')
  expect(statuses.includes('KILLED') || runs.length < 3).toBe(true)
})

test('[HS12] a notebook asks its question in a tab that looks at the host, and logs to this browser', async ({
  page,
  context,
  full,
  notebook
}) => {
  await page.goto(full.origin)
  await expect(switcher(page)).toContainText('This host')
  notebook.page(
    '/cell.html',
    `<title>wine.ipynb</title><script type="module">
      import * as runnel from '${full.origin}/runnel.js'
      runnel.startRun({ experiment: 'from a notebook' }).then(() => fetch('/report', { method: 'POST', body: '"started"' }))
    </script>`
  )
  const cell = await context.newPage()
  await cell.goto(`${notebook.origin}/cell.html`)
  await page.bringToFront()
  await page.getByRole('dialog', { name: 'A notebook asks to log here' }).getByRole('button', { name: 'Allow' }).click()
  await notebook.waitForReport((report): report is string => report === 'started')
  await expect(page.getByText('from a notebook')).toHaveCount(0)
  await switchTo(page, 'This browser')
  await expect(page.locator('tbody')).toContainText('from a notebook')
})

test('[HS13] a run shows the models it made, what was registered of them, and their files', async ({ page, full }) => {
  const { run, model } = await seed(full)
  await page.goto(`${full.origin}/runs/${run}`)
  const models = page.getByRole('region', { name: 'Models' })
  await expect(models).toContainText('net')
  await expect(models).toContainText('sklearn')
  await expect(models).toContainText('ready')
  await expect(models).toContainText(model)
  await expect(models.getByText('registered as wine-net version')).toHaveText([
    /version 1/,
    /version 2.*@champion/,
    /version 3/
  ])
  await full.call('registered-models/alias', { name: 'wine-net', alias: 'newest', version: '3' })
  await expect(models).toContainText('@newest')
  await models.getByRole('link', { name: 'Files' }).click()
  await expect(page.getByText('Files of the model net.')).toBeVisible()
  await page.getByRole('button', { name: 'MLmodel' }).click()
  await expect(page.getByRole('region', { name: 'Text' })).toContainText('code: null')
  await page.getByRole('link', { name: 'Files of the run' }).click()
  await expect(page.getByRole('button', { name: 'notes.md' })).toBeVisible()
})

/** Set RUNNEL_SHOTS to a folder to look at the pages. */
const look = async (page: Page, name: string): Promise<void> => {
  const folder = process.env['RUNNEL_SHOTS']
  if (folder !== undefined) await page.screenshot({ path: `${folder}/${name.replaceAll(/\W+/g, '-')}.png` })
}
