import AxeBuilder from '@axe-core/playwright'
import type { Page } from '@playwright/test'
import { worksWithoutHost } from '../support/away.ts'
import {
  expect,
  join,
  logRun,
  makeLink,
  newExperiment,
  openBrowserSpace,
  status,
  test
} from '../support/shared-pages.ts'

const expectAccessible = async (page: Page): Promise<void> => {
  const { violations } = await new AxeBuilder({ page }).analyze()
  expect(violations.map(({ id, nodes }) => ({ id, where: nodes.map(({ html }) => html) }))).toEqual([])
}

/** Whether the page has said since, for however short, that nobody else is here. */
async function noticesBeingAlone(page: Page): Promise<() => Promise<boolean>> {
  const noticed = await page.evaluateHandle(() => {
    const noticed = { alone: false }
    new MutationObserver(() => {
      noticed.alone ||= document.querySelector('[aria-label="1 other here"]') === null
    }).observe(document, { subtree: true, childList: true, attributes: true, attributeFilter: ['aria-label'] })
    return noticed
  })
  return () => noticed.evaluate(({ alone }) => alone)
}

test('[SG1] an experiment of a browser is shared by a link: runs, who is there, notes at once, and the end of it', async ({
  full,
  ada,
  ben
}) => {
  const { page } = ada
  await openBrowserSpace(page, full.origin)
  await newExperiment(page, 'vision')
  const runId = await logRun(page, 'first', { lr: '0.1' })
  await page.keyboard.press('s')
  await expectAccessible(page)
  const link = await makeLink(page, 'Editor', 'Ben')
  expect(link).toMatch(/#\/join\/\d+\.editor\.[\w-]{22}$/)
  await expect(page.getByRole('dialog').getByText('Ben', { exact: true })).toBeVisible()
  await expectAccessible(page)
  await page.keyboard.press('Escape')
  await expect(status(page).getByRole('button', { name: 'Synced' })).toBeVisible()

  // The secret is gone from the address before anything is asked.
  await ben.page.goto(link)
  await expect(ben.page.getByLabel('Your name')).toBeFocused()
  expect(ben.page.url()).not.toContain('join')
  await expectAccessible(ben.page)
  await join(ben.page, link, 'Ben Bitdiddle')
  await expect(ben.page.getByRole('heading', { level: 1, name: 'vision' })).toBeVisible()
  await expect(ben.page.getByRole('link', { name: 'first' })).toBeVisible()
  await expect(ben.page.getByText(/Shared with you as editor/)).toBeVisible()

  // Each sees the other, and where they look.
  await expect(page.getByRole('button', { name: '1 other here' })).toBeVisible()
  await expect(status(page).getByRole('button', { name: 'Synced with 1 other' })).toBeVisible()
  const alone = await noticesBeingAlone(page)
  await ben.page.getByRole('link', { name: 'first' }).click()
  await page.getByRole('button', { name: '1 other here' }).click()
  await expect(page.getByText('Ben Bitdiddle')).toBeVisible()
  await expect(page.getByRole('link', { name: 'looks at a run' })).toBeVisible()
  // Whoever goes from page to page is not told as gone in between.
  expect(await alone()).toBe(false)
  await page.getByRole('link', { name: 'looks at a run' }).click()
  await page.waitForURL(`**/runs/${runId}`)

  // Both write the note of the run at once.
  for (const who of [page, ben.page]) await who.getByRole('button', { name: 'Add a description' }).click()
  const note = (who: Page) => who.getByRole('textbox', { name: 'Run description' })
  await expect(note(page)).toBeFocused()
  await expect(note(ben.page)).toBeFocused()
  await Promise.all([page.keyboard.type('from ada. '), ben.page.keyboard.type('from ben. ')])
  for (const who of [page, ben.page]) {
    await expect(note(who)).toContainText('from ada')
    await expect(note(who)).toContainText('from ben')
  }
  await expect(page.getByText('Ben Bitdiddle writes here, too.')).toBeVisible()
  await expect(page.locator('.cm-ySelectionInfo')).toHaveText('Ben Bitdiddle')
  expect(
    await note(page)
      .locator('.cm-line')
      .first()
      .evaluate((line) => line.textContent.length)
  ).toBeGreaterThan(0)
  for (const who of [page, ben.page]) await who.getByRole('button', { name: 'Done' }).click()
  for (const who of [page, ben.page]) {
    const shown = who.getByRole('region', { name: 'Description' }).locator('.text')
    await expect(shown).toContainText('from ada')
    await expect(shown).toContainText('from ben')
  }

  // What one says the other reads.
  await ben.page.getByRole('textbox', { name: 'Comment on this run' }).fill('Looks good.\nTry a lower rate.')
  await ben.page.getByRole('button', { name: 'Comment', exact: true }).click()
  const comments = page.getByRole('region', { name: /Comments/ })
  await expect(comments.getByText('Looks good.')).toBeVisible()
  await expect(comments.getByText('Ben Bitdiddle')).toBeVisible()
  await expect(comments.getByRole('button', { name: 'Delete the comment' })).toHaveCount(0)
  await expectAccessible(page)

  // A point of a chart: by the pointer, and by the keyboard where the cursor is.
  const chart = (who: Page) => who.getByRole('application', { name: /^loss by step/ })
  await chart(page).focus()
  await page.keyboard.press('Home')
  await page.keyboard.press('ArrowRight')
  await page.keyboard.press('c')
  await expect(page.getByRole('dialog', { name: 'Comment on loss, step 1' })).toBeVisible()
  await expect(page.getByRole('textbox', { name: 'Comment', exact: true })).toBeFocused()
  await page.keyboard.type('A steep part.')
  await page.keyboard.press('Control+Enter')
  await expect(page.getByRole('dialog')).toHaveCount(0)
  const mark = ben.page.getByRole('button', { name: /^Step 1: .*A steep part\.$/ })
  await expect(mark).toBeVisible()
  await mark.click()
  await expect(ben.page.getByRole('listitem').filter({ hasText: 'A steep part.' })).toBeFocused()
  await ben.page.getByRole('button', { name: 'loss, step 1' }).click()
  await expect(ben.page.getByRole('article', { name: 'loss' })).toBeFocused()
  const box = (await chart(ben.page).boundingBox())!
  await ben.page.mouse.move(box.x + box.width - 30, box.y + 60)
  await ben.page.mouse.click(box.x + box.width - 30, box.y + 60, { button: 'right' })
  await expect(ben.page.getByRole('dialog', { name: 'Comment on loss, step 3' })).toBeVisible()
  await ben.page.keyboard.press('Escape')
  await expectAccessible(page)

  // The end of it.
  await page.getByRole('navigation', { name: 'Breadcrumb' }).getByRole('link', { name: 'vision' }).click()
  // A key pressed before the page has come is one for the page that goes.
  await expect(page.getByRole('navigation', { name: 'Experiment', exact: true })).toBeVisible()
  await page.keyboard.press('s')
  await page.getByRole('button', { name: 'Stop sharing…' }).click()
  await page.getByRole('button', { name: 'Stop sharing', exact: true }).click()
  await expect(page.getByRole('dialog')).toHaveCount(0)
  await expect(page.getByText(/^Shared through/)).toHaveCount(0)
  await expect(status(ben.page).getByRole('button', { name: /^Refused/ })).toBeVisible()
  await expect(ben.page.getByText('Looks good.')).toBeVisible()
  expect([ada.trouble, ben.trouble]).toEqual([[], []])
})

test('[SG2] a viewer of what a host keeps reads everything, changes nothing, and a link that ended says so', async ({
  full,
  ada,
  ben
}) => {
  const { experiment_id } = await full.call<{ experiment_id: string }>('experiments/create', { name: 'from python' })
  const { run } = await full.call<{ run: { info: { run_id: string } } }>('runs/create', {
    experiment_id,
    run_name: 'logged',
    start_time: Date.now()
  })
  await full.call('runs/log-parameter', { run_id: run.info.run_id, key: 'lr', value: '0.1' })
  await ada.page.goto(`${full.origin}/experiments/${experiment_id}`)
  await ada.page.getByRole('button', { name: 'Share' }).click()
  const link = await makeLink(ada.page, 'Viewer', 'the reviewers')
  await ada.page.keyboard.press('Escape')

  await join(ben.page, link, 'Rae')
  await expect(ben.page.getByRole('link', { name: 'logged' })).toBeVisible()
  // Logged later, seen at once.
  await full.call('runs/create', { experiment_id, run_name: 'logged later', start_time: Date.now() })
  await expect(ben.page.getByRole('link', { name: 'logged later' })).toBeVisible()

  await ben.page.getByRole('button', { name: 'More' }).click()
  await expect(ben.page.getByRole('menuitem', { name: /^Rename/ })).toBeDisabled()
  await expect(ben.page.getByRole('menuitem', { name: /^Move to trash/ })).toContainText('editors only')
  await ben.page.keyboard.press('Escape')
  await ben.page.getByRole('link', { name: 'logged', exact: true }).click()
  await expect(ben.page.getByRole('heading', { level: 1, name: 'logged' })).toBeVisible()
  await ben.page.keyboard.press('e')
  await ben.page.keyboard.press('Backspace')
  await expect(ben.page.getByRole('textbox', { name: 'Run name' })).toHaveCount(0)
  await expect(ben.page.getByRole('button', { name: 'Add a description' })).toHaveCount(0)
  await expect(ben.page.getByRole('button', { name: 'Add a tag' })).toBeDisabled()
  await expect(ben.page.getByRole('textbox', { name: 'Comment on this run' })).toHaveCount(0)
  await expectAccessible(ben.page)

  // Revoked: whoever has it is out at once, and it opens nothing any more.
  await ada.page.keyboard.press('s')
  await ada.page.getByRole('button', { name: 'Revoke the reviewers' }).click()
  await expect(ada.page.getByText(/sent away at once/)).toBeVisible()
  await ada.page.getByRole('button', { name: 'Revoke the link' }).click()
  await expect(status(ben.page).getByRole('button', { name: /^Refused/ })).toBeVisible()
  await ben.page.goto(link)
  await ben.page.getByRole('button', { name: 'Join' }).click()
  await expect(ben.page.getByRole('heading', { name: 'This link opens nothing any more.' })).toBeVisible()
  await ben.page.getByRole('button', { name: 'Go to your experiments' }).click()
  await expect(ben.page.getByRole('heading', { level: 1, name: 'Experiments' })).toBeVisible()
})

test('[SG3] what was set to two values apart is shown on the run, and changes made offline wait and arrive', async ({
  full,
  ada,
  ben
}) => {
  await openBrowserSpace(ada.page, full.origin)
  await newExperiment(ada.page, 'apart')
  const runId = await logRun(ada.page, 'first', { lr: '0.1' })
  await ada.page.keyboard.press('s')
  const link = await makeLink(ada.page, 'Editor', 'Ben')
  await ada.page.keyboard.press('Escape')
  await join(ben.page, link, 'Ben')
  await expect(ben.page.getByRole('link', { name: 'first' })).toBeVisible()
  await expect(status(ben.page).getByRole('button', { name: /^Synced/ })).toBeVisible()

  // Its own API answers in each browser by the service worker, which has to be there before the host is not.
  for (const who of [ada.page, ben.page]) await worksWithoutHost(who)
  await full.kill()
  for (const who of [ada.page, ben.page])
    await expect(status(who).getByRole('button', { name: /^Offline: changes are kept here/ })).toBeVisible()
  const setParam = (page: Page, value: string): Promise<void> =>
    page.evaluate(
      async ({ runId, value }) => {
        const answer = await fetch('/api/2.0/mlflow/runs/log-parameter?space=browser', {
          method: 'POST',
          headers: { 'content-type': 'application/json' },
          body: JSON.stringify({ run_id: runId, key: 'seed', value })
        })
        if (!answer.ok) throw new Error(await answer.text())
      },
      { runId, value }
    )
  await setParam(ada.page, '1')
  await setParam(ben.page, '2')
  await expect(status(ada.page).getByRole('button', { name: 'Offline: 1 change kept here' })).toBeVisible()
  await expect(status(ada.page).getByRole('button', { name: 'Try to sync again' })).toBeVisible()

  await full.start()
  for (const { page } of [ada, ben]) {
    await expect(status(page).getByRole('button', { name: /^Synced/ })).toBeVisible({ timeout: 60_000 })
    await page.getByRole('link', { name: 'first' }).click()
    const params = page.getByRole('region', { name: /Params/ })
    await expect(params.getByText(/One param was set to several values/)).toBeVisible()
    await params.getByRole('button', { name: 'seed has 2 values' }).click()
    await expect(page.getByRole('dialog', { name: 'Values of seed' })).toContainText('used: set first')
    await expectAccessible(page)
  }
})

test('[SG4] a file that is with the host alone is not here yet while the host is away, and comes when it is back', async ({
  full,
  ada,
  ben
}) => {
  const { experiment_id } = await full.call<{ experiment_id: string }>('experiments/create', { name: 'files' })
  const { run } = await full.call<{ run: { info: { run_id: string } } }>('runs/create', {
    experiment_id,
    run_name: 'logged',
    start_time: Date.now()
  })
  await full.putArtifact(`${experiment_id}/${run.info.run_id}/artifacts/notes.txt`, 'kept by the host')
  await ada.page.goto(`${full.origin}/experiments/${experiment_id}`)
  await ada.page.getByRole('button', { name: 'Share' }).click()
  const link = await makeLink(ada.page, 'Editor', 'Ben')
  await join(ben.page, link, 'Ben')
  await ben.page.getByRole('link', { name: 'logged' }).click()
  await ben.page.getByRole('link', { name: 'Artifacts' }).click()
  await expect(ben.page.getByText('notes.txt')).toBeVisible()
  await worksWithoutHost(ben.page)
  await full.kill()
  await ben.page.getByText('notes.txt').click()
  await expect(ben.page.getByText('This file is not here yet.')).toBeVisible()
  await full.start()
  await expect(async () => {
    await ben.page.getByRole('button', { name: 'Try again' }).click({ timeout: 1000 })
    await expect(ben.page.getByText('kept by the host')).toBeVisible({ timeout: 2000 })
  }).toPass()
  await full.kill()
  await ben.page.reload()
  await expect(ben.page.getByText('kept by the host')).toBeVisible()
})

test('[SG5] a page that no host serves shares through a host it is pointed at', async ({ host, full, ada, ben }) => {
  await ada.page.goto(host.origin)
  await expect(status(ada.page)).toContainText('Saved')
  await newExperiment(ada.page, 'from a static page')
  await ada.page.keyboard.press('s')
  const dialog = ada.page.getByRole('dialog', { name: /^Share/ })
  await dialog.getByLabel('Address of the host').fill('not an address')
  await dialog.getByRole('button', { name: 'Use this host' }).click()
  await expect(dialog.getByText(/^Type where the host is/)).toBeVisible()
  await dialog.getByLabel('Address of the host').fill(new URL(full.origin).host)
  await dialog.getByRole('button', { name: 'Use this host' }).click()
  const link = await makeLink(ada.page, 'Editor', 'Ben')
  expect(new URL(link).origin).toBe(full.origin)
  // The same in a page of another origin, which the link tells where to ask.
  await join(ben.page, `${host.origin}/${new URL(link).hash}?host=${encodeURIComponent(full.origin)}`, 'Ben')
  expect(new URL(ben.page.url()).origin).toBe(host.origin)
  await expect(ben.page.getByRole('heading', { level: 1, name: 'from a static page' })).toBeVisible()
  await ben.page.goto(`${host.origin}/settings#sharing`)
  await expect(ben.page.getByRole('textbox', { name: 'Your name' })).toHaveValue('Ben')
})

test('[SG6] a link that is not whole says so, and opens nothing', async ({ full, ada }) => {
  await ada.page.goto(`${full.origin}/#/join/12.editor.short`)
  await expect(ada.page.getByRole('heading', { name: 'This link is not whole.' })).toBeVisible()
  expect(new URL(ada.page.url()).hash).toBe('')
  await ada.page.getByRole('button', { name: 'Go to your experiments' }).click()
  await expect(status(ada.page)).toBeVisible()
})

test('[SG7] who keeps an experiment offline has all of it, without having looked at it', async ({ full, ada, ben }) => {
  const { experiment_id } = await full.call<{ experiment_id: string }>('experiments/create', { name: 'kept' })
  const { run } = await full.call<{ run: { info: { run_id: string } } }>('runs/create', {
    experiment_id,
    run_name: 'logged',
    start_time: Date.now()
  })
  await full.putArtifact(`${experiment_id}/${run.info.run_id}/artifacts/notes.txt`, 'kept by both')
  await ada.page.goto(`${full.origin}/experiments/${experiment_id}`)
  await ada.page.getByRole('button', { name: 'Share' }).click()
  const link = await makeLink(ada.page, 'Viewer', 'Ben')
  await join(ben.page, link, 'Ben')
  await expect(ben.page.getByRole('link', { name: 'logged' })).toBeVisible()
  await ben.page.getByRole('button', { name: 'Shared with you' }).click()
  const dialog = ben.page.getByRole('dialog', { name: /^Share/ })
  await expect(dialog.getByRole('progressbar')).toHaveAttribute('aria-valuenow', '0')
  await expectAccessible(ben.page)
  await dialog.getByRole('button', { name: 'Keep offline' }).click()
  await expect(dialog.getByText('All of it is here')).toBeVisible()
  await ben.page.keyboard.press('Escape')
  await worksWithoutHost(ben.page)
  await full.kill()
  await ben.page.goto(`${full.origin}/runs/${run.info.run_id}?tab=artifacts&path=notes.txt`)
  await expect(ben.page.getByText('kept by both')).toBeVisible()

  // Who leaves keeps what is here, and follows it no more.
  await ben.page.getByRole('navigation', { name: 'Breadcrumb' }).getByRole('link', { name: 'kept' }).click()
  // The key is the button's: it is heard once that is there.
  await expect(ben.page.getByRole('button', { name: 'Shared with you' })).toBeVisible()
  await ben.page.keyboard.press('s')
  await dialog.getByRole('button', { name: 'Leave…' }).click()
  await dialog.getByRole('button', { name: 'Leave', exact: true }).click()
  await expect(ben.page.getByText(/Shared with you/)).toHaveCount(0)
  await expect(ben.page.getByRole('link', { name: 'logged' })).toBeVisible()

  // And is asked before it becomes one with what is shared again.
  await full.start()
  await ben.page.goto(link)
  await ben.page.getByRole('button', { name: 'Join' }).click()
  await expect(ben.page.getByText(/“kept” is here already, as your own/)).toBeVisible()
  await expectAccessible(ben.page)
  await ben.page.getByRole('button', { name: 'Join with my copy' }).click()
  await expect(ben.page.getByRole('button', { name: 'Shared with you' })).toBeVisible()
})

test('[SG8] a version that is registered while the host is away has a number with a question mark, until the host is back', async ({
  full,
  ada
}) => {
  const { page } = ada
  await openBrowserSpace(page, full.origin)
  await newExperiment(page, 'models')
  const runId = await logRun(page, 'first', { lr: '0.1' })
  const call = (path: string, body: object): Promise<void> =>
    page.evaluate(
      async ({ path, body }) => {
        const answer = await fetch(`/api/2.0/mlflow/${path}?space=browser`, {
          method: 'POST',
          headers: { 'content-type': 'application/json' },
          body: JSON.stringify(body)
        })
        if (!answer.ok) throw new Error(await answer.text())
      },
      { path, body }
    )
  await call('registered-models/create', { name: 'forest' })
  await call('model-versions/create', { name: 'forest', source: `runs:/${runId}/model`, run_id: runId })
  await page.getByRole('link', { name: 'first' }).click()
  const versions = page.getByText('registered as forest version')
  await expect(versions).toHaveText(['registered as forest version 1'])

  await worksWithoutHost(page)
  await full.kill()
  await call('model-versions/create', { name: 'forest', source: `runs:/${runId}/again`, run_id: runId })
  await expect(versions).toHaveText(['registered as forest version 1', 'registered as forest version 2?'])
  await expect(status(page).getByRole('button', { name: 'Offline: 1 change kept here' })).toBeVisible()
  await expectAccessible(page)

  await full.start()
  await expect(versions).toHaveText(['registered as forest version 1', 'registered as forest version 2'], {
    timeout: 60_000
  })
})

test('[SG9] a point of a chart of many runs is commented on where it is seen, and read there', async ({
  full,
  ada
}) => {
  const { page } = ada
  const { experiment_id } = await full.call<{ experiment_id: string }>('experiments/create', { name: 'compared' })
  for (const [run_name, start] of [
    ['calm', 1],
    ['wild', 5]
  ] as const) {
    const { run } = await full.call<{ run: { info: { run_id: string } } }>('runs/create', {
      experiment_id,
      run_name,
      start_time: 1000
    })
    const metrics = [1, 2, 3].map((step) => ({ key: 'loss', value: start / step, step, timestamp: 1000 + step * 500 }))
    await full.call('runs/log-batch', { run_id: run.info.run_id, metrics })
  }
  await page.goto(`${full.origin}/experiments/${experiment_id}?tab=charts`)
  const chart = page.getByRole('application', { name: /^loss by/ })

  // By the keyboard, of a run that is chosen.
  await chart.focus()
  await page.keyboard.press('End')
  await page.keyboard.press('c')
  const dialog = page.getByRole('dialog', { name: 'Comment on loss, step 3' })
  await dialog.getByLabel('Run').selectOption('calm')
  await dialog.getByRole('textbox', { name: 'Comment' }).fill('As low as it gets.')
  await expectAccessible(page)
  await page.keyboard.press('Control+Enter')
  await expect(dialog).toHaveCount(0)
  await expect(chart).toBeFocused()
  const mark = page.getByRole('button', { name: /^Step 3: .* on calm: As low as it gets\.$/ })
  await expect(mark).toBeVisible()

  // By the pointer, of the line beneath it; along time too, where a comment still names a step.
  await page.goto(`${full.origin}/experiments/${experiment_id}?tab=charts&x=relative`)
  const box = (await chart.boundingBox())!
  // The first point of the higher line stands at the top left of the plot.
  await page.mouse.move(box.x + 60, box.y + 16)
  await page.mouse.click(box.x + 60, box.y + 16, { button: 'right' })
  await page.getByRole('dialog', { name: 'Comment on loss, step 1' }).getByRole('textbox').fill('Why so high?')
  await page.keyboard.press('Control+Enter')
  await expect(page.getByRole('dialog')).toHaveCount(0)
  await expect(mark).toHaveCount(0)
  await expect(page.getByText('It is marked on charts by step.')).toBeVisible()

  // Where a run is not drawn, neither is what was said of it.
  await page.goto(`${full.origin}/experiments/${experiment_id}?tab=charts`)
  const high = page.getByRole('button', { name: /^Step 1: .* on wild: Why so high\?$/ })
  await expect(high).toBeVisible()
  await page.getByRole('button', { name: 'Show wild' }).click()
  await expect(high).toHaveCount(0)
  await expect(mark).toBeVisible()
  await page.getByRole('button', { name: 'Show wild' }).click()
  // The key is a chart's that is pointed into, too.
  await page.locator('body').evaluate(() => (document.activeElement as HTMLElement).blur())
  await page.mouse.move(box.x + box.width / 2, box.y + box.height / 2)
  await expect(chart.locator('.readout')).toBeVisible()
  await page.keyboard.press('c')
  await expect(page.getByRole('dialog', { name: /^Comment on loss/ })).toBeVisible()
  await page.keyboard.press('Escape')
  await high.click()
  const read = page.getByRole('dialog', { name: 'loss, step 1' })
  await expect(read.getByText('Why so high?')).toBeVisible()
  await expectAccessible(page)
  await read.getByRole('link', { name: 'wild' }).click()
  await expect(page.getByRole('heading', { level: 1, name: 'wild' })).toBeVisible()
  await expect(page.getByRole('button', { name: /^Step 1: .*Why so high\?$/ })).toBeVisible()
  await expect(page.getByRole('dialog')).toHaveCount(0)
  expect(ada.trouble).toEqual([])
})
