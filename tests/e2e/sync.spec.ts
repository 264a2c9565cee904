/**
 * Live sync between browsers and programs, with everything real: profiles on disk, the shared worker, a host in a process of its own, and
 * MLflow's own Python client. RUNNEL_KILL_ROUNDS sets how often the host is killed (10 unless said).
 */
import { spawn } from 'node:child_process'
import type { Page } from '@playwright/test'
import { ensurePython, pythonProgram } from '../../scripts/python.mjs'
import { hasCopyOfRun, worksWithoutHost } from '../support/away.ts'
import { launchBrowser, removeProfile, type TestBrowser } from '../support/browser.ts'
import { startFullHost, type FullHost } from '../support/full-host.ts'
import { expect, test as base } from '../support/fixtures.ts'
import { layWire, type Wire } from '../support/wire.ts'
import { linkTo } from '../../bench/support/share-link.ts'

const ROUNDS = Number(process.env['RUNNEL_KILL_ROUNDS'] ?? 10)
/** A kill comes between these after all writers have been acknowledged something. */
const KILL_AFTER_MS = [50, 500] as const
/** In the end, all is everywhere within this. */
const SETTLED = { timeout: 60_000, intervals: [250] }

interface RunAnswer {
  readonly info: { readonly run_id: string; readonly run_name: string; readonly lifecycle_stage: string }
  readonly data: {
    readonly params?: readonly { readonly key: string; readonly value: string }[]
    readonly tags?: readonly { readonly key: string; readonly value: string }[]
  }
}

/** One of those who write: a browser's own store, or the host as programs see it. */
interface Peer {
  readonly call: <T>(path: string, body: unknown) => Promise<T>
  readonly steps: (runId: string, key: string) => Promise<number[]>
}

const test = base.extend<{ readonly full: FullHost; readonly second: TestBrowser }>({
  full: async ({}, use) => {
    const host = await startFullHost()
    await use(host)
    await host.stop()
  },
  second: async ({}, use) => {
    const browser = await launchBrowser()
    await use(browser)
    await browser.close()
    await removeProfile(browser.profile)
  }
})

/** The store of the page's browser, over REST as the service worker answers it, whatever the page looks at. */
const browserPeer = (page: Page): Peer => {
  const ask = <T>(method: 'GET' | 'POST', path: string, body: unknown): Promise<T> =>
    page.evaluate(
      async ({ method, path, body }) => {
        const address = `/api/2.0/mlflow/${path}${path.includes('?') ? '&' : '?'}space=browser`
        for (let attempt = 0; ; attempt++) {
          const answer = await fetch(address, {
            method,
            ...(method === 'POST' && {
              headers: { 'Content-Type': 'application/json' },
              body: JSON.stringify(body)
            })
          })
          // Until the store has opened the service worker has nobody to ask.
          if (answer.status === 503 && attempt < 40) await new Promise((resolve) => setTimeout(resolve, 250))
          else if (!answer.ok) throw new Error(`${path}: ${answer.status} ${await answer.text()}`)
          else return (await answer.json()) as never
        }
      },
      { method, path, body }
    )
  return {
    call: (path, body) => ask('POST', path, body),
    steps: async (runId, key) => {
      const path = `metrics/get-history?run_id=${runId}&metric_key=${key}`
      const { metrics = [] } = await ask<{ metrics?: { step: string | number }[] }>('GET', path, null)
      return metrics.map(({ step }) => Number(step))
    }
  }
}

const hostPeer = (host: FullHost): Peer => ({
  call: (path, body) => host.call(path, body),
  steps: async (runId, key) => {
    const answer = await fetch(`${host.origin}/api/2.0/mlflow/metrics/get-history?run_id=${runId}&metric_key=${key}`)
    const { metrics = [] } = (await answer.json()) as { metrics?: { step: string | number }[] }
    return metrics.map(({ step }) => Number(step))
  }
})

const runOf = async (peer: Peer, experiment: string, runId: string): Promise<RunAnswer | undefined> => {
  const search = { experiment_ids: [experiment], run_view_type: 'ALL', max_results: 1000 }
  const { runs = [] } = await peer.call<{ runs?: RunAnswer[] }>('runs/search', search)
  return runs.find(({ info }) => info.run_id === runId)
}

const makeRun = async (peer: Peer, experiment: string, name: string): Promise<string> => {
  const body = { experiment_id: experiment, run_name: name, start_time: Date.now() }
  return (await peer.call<{ run: RunAnswer }>('runs/create', body)).run.info.run_id
}

/** Log points 0, 1, 2 … of a run until told to stop; a step is noted once it was acknowledged. What fails is tried again. */
function logUntilStopped(peer: Peer, runId: string, everyMs: number) {
  const acknowledged: number[] = []
  let isOver = false
  const done = (async () => {
    for (let step = 0; !isOver;) {
      const point = { run_id: runId, key: 'n', value: step, step, timestamp: 1_700_000_000_000 + step }
      try {
        await peer.call('runs/log-metric', point)
        acknowledged.push(step++)
      } catch {
        // The host is dead just now: whether it has the point is not known, and saying it again is harmless.
      }
      await new Promise((resolve) => setTimeout(resolve, everyMs))
    }
  })()
  return {
    acknowledged,
    stop: async () => {
      isOver = true
      await done
    }
  }
}

/** MLflow's own client, logging points of a run until its input ends; says each step once it was acknowledged. */
const PYTHON = `
import sys, threading, mlflow
over = threading.Event()
threading.Thread(target=lambda: (sys.stdin.read(), over.set()), daemon=True).start()
client = mlflow.MlflowClient(sys.argv[1])
run, step = sys.argv[2], 0
while not over.is_set():
    try:
        client.log_metric(run, "n", step, timestamp=1700000000000 + step, step=step)
        print(step, flush=True)
        step += 1
        if step % 5 == 0:
            client.set_tag(run, "seen by python", str(step))
    except Exception:
        pass
    over.wait(0.05)
mlflow.set_tracking_uri(sys.argv[1])
found = mlflow.search_runs([sys.argv[3]], run_view_type=3, output_format="list")
print("found", sorted((r.info.run_id, r.info.run_name, r.data.metrics.get("n")) for r in found), flush=True)
`

function startPython(host: string, runId: string, experiment: string) {
  const env = {
    ...process.env,
    MLFLOW_HTTP_REQUEST_MAX_RETRIES: '0',
    MLFLOW_DISABLE_TELEMETRY: 'true',
    DO_NOT_TRACK: '1'
  }
  const child = spawn(pythonProgram('v3', 'python'), ['-c', PYTHON, host, runId, experiment], { env })
  const acknowledged: number[] = []
  const said: string[] = []
  let found = ''
  child.stderr.on('data', (bytes: Buffer) => said.push(bytes.toString()))
  let rest = ''
  child.stdout.on('data', (bytes: Buffer) => {
    const lines = (rest + bytes.toString()).split('\n')
    rest = lines.pop() ?? ''
    for (const line of lines)
      if (line.startsWith('found')) found = line
      else acknowledged.push(Number(line))
  })
  const ended = new Promise<number | null>((resolve) => child.once('exit', resolve))
  return {
    acknowledged,
    /** What `mlflow.search_runs` says in the end. */
    stop: async (): Promise<string> => {
      child.stdin.end()
      if ((await ended) !== 0) throw new Error(said.join(''))
      return found
    },
    kill: () => void child.kill('SIGKILL')
  }
}

const openHostPage = async (page: Page, origin: string): Promise<Peer> => {
  await page.goto(origin)
  await worksWithoutHost(page)
  return browserPeer(page)
}

const hasRun = (peer: Peer, experiment: string, runId: string): Promise<void> =>
  expect.poll(async () => (await runOf(peer, experiment, runId)) !== undefined, SETTLED).toBe(true)

test('[SY1] two browsers and MLflow write at once, while the host is killed ten times and the network cut', async ({
  page,
  second,
  full
}) => {
  test.setTimeout(600_000)
  const missing = await ensurePython('v3')
  test.skip(missing !== undefined, missing)
  const other = second.context.pages()[0]!
  const wire = await layWire(Number(new URL(full.origin).port))
  const host = hostPeer(full)
  const { experiment_id: experiment } = await full.call<{ experiment_id: string }>('experiments/create', {
    name: 'together'
  })
  const pythons = await makeRun(host, experiment, 'of python')
  const python = startPython(full.origin, pythons, experiment)
  try {
    const a = await openHostPage(page, full.origin)
    // The other browser's way to the host can be cut.
    const b = await openHostPage(other, wire.origin)
    for (const peer of [a, b]) await hasRun(peer, experiment, pythons)
    const [as, bs] = [await makeRun(a, experiment, 'of a'), await makeRun(b, experiment, 'of b')]
    const writers = [logUntilStopped(a, as, 40), logUntilStopped(b, bs, 40)]
    await killRounds(full, wire, () => [python.acknowledged, ...writers.map(({ acknowledged }) => acknowledged)])
    await editAtOnce([a, b], experiment, pythons, wire)
    await Promise.all(writers.map((writer) => writer.stop()))
    const runs = [
      { runId: as, acknowledged: writers[0]!.acknowledged },
      { runId: bs, acknowledged: writers[1]!.acknowledged }
    ]
    for (const peer of [a, b, host])
      for (const { runId, acknowledged } of runs) await expectWhole(peer, runId, acknowledged)
    const found = await python.stop()
    for (const peer of [a, b, host]) await expectWhole(peer, pythons, python.acknowledged)
    for (const [runId, name, last] of [
      [as, 'of a', writers[0]!.acknowledged.at(-1)],
      [bs, 'of b', writers[1]!.acknowledged.at(-1)],
      [pythons, 'renamed', python.acknowledged.at(-1)]
    ] as const)
      expect(found).toContain(`('${runId}', '${name}', ${last}.0)`)
    await expectSame([a, b, host], experiment, pythons)
    await page.goto(`${full.origin}/runs/${pythons}`)
    await expect(page.getByRole('button', { name: 'depth has 2 values' })).toBeVisible()
  } finally {
    python.kill()
    await wire.stop()
  }
})

/** Kill the host and start it again, in the middle of everything; now and then the wire is cut instead. */
async function killRounds(
  full: FullHost,
  wire: Wire,
  acknowledged: () => readonly (readonly number[])[]
): Promise<void> {
  for (let round = 0; round < ROUNDS; round++) {
    const before = acknowledged().map(({ length }) => length)
    await expect
      .poll(() => acknowledged().every(({ length }, i) => length > before[i]!), { timeout: 120_000, intervals: [20] })
      .toBe(true)
    const [least, most] = KILL_AFTER_MS
    await new Promise((resolve) => setTimeout(resolve, least + Math.random() * (most - least)))
    if (round % 3 === 1) wire.cut()
    await full.kill()
    await full.start()
    wire.mend()
  }
}

/** Both rename, tag, delete and restore what is not theirs, one of them cut off: what they do to the same thing is settled. */
async function editAtOnce([a, b]: readonly [Peer, Peer], experiment: string, runId: string, wire: Wire): Promise<void> {
  wire.cut()
  await Promise.all([
    a.call('runs/log-parameter', { run_id: runId, key: 'depth', value: '4' }),
    b.call('runs/log-parameter', { run_id: runId, key: 'depth', value: '8' }),
    a.call('runs/set-tag', { run_id: runId, key: 'from a', value: 'yes' }),
    b.call('runs/set-tag', { run_id: runId, key: 'from b', value: 'yes' })
  ])
  const thrown = await makeRun(b, experiment, 'thrown away')
  await b.call('runs/delete', { run_id: thrown })
  const brought = await makeRun(a, experiment, 'brought back')
  await a.call('runs/delete', { run_id: brought })
  await a.call('runs/restore', { run_id: brought })
  await b.call('runs/update', { run_id: runId, run_name: 'renamed' })
  wire.mend()
  await expect.poll(async () => (await runOf(a, experiment, thrown))?.info.lifecycle_stage, SETTLED).toBe('deleted')
  await expect.poll(async () => (await runOf(b, experiment, brought))?.info.lifecycle_stage, SETTLED).toBe('active')
  await expect.poll(async () => (await runOf(a, experiment, runId))?.info.run_name, SETTLED).toBe('renamed')
}

async function expectWhole(peer: Peer, runId: string, acknowledged: readonly number[]): Promise<void> {
  expect(acknowledged.length).toBeGreaterThan(ROUNDS)
  const lost = async (): Promise<number[]> => {
    const there = new Set(await peer.steps(runId, 'n'))
    return acknowledged.filter((step) => !there.has(step))
  }
  await expect.poll(lost, SETTLED).toEqual([])
  const steps = await peer.steps(runId, 'n')
  expect(new Set(steps).size, 'no point is there twice').toBe(steps.length)
}

/** A run as everybody has it, order aside. */
async function expectSame(peers: readonly Peer[], experiment: string, runId: string): Promise<void> {
  const views = async (): Promise<number> => {
    const all = await Promise.all(peers.map((peer) => runOf(peer, experiment, runId)))
    return new Set(
      all.map((run) => JSON.stringify([run?.info.run_name, sorted(run?.data.params), sorted(run?.data.tags)]))
    ).size
  }
  await expect.poll(views, SETTLED).toBe(1)
  const run = await runOf(peers[0]!, experiment, runId)
  const tags = Object.fromEntries((run?.data.tags ?? []).map(({ key, value }) => [key, value]))
  expect(tags).toMatchObject({ 'from a': 'yes', 'from b': 'yes' })
}

const sorted = (pairs: readonly { readonly key: string }[] = []) => [...pairs].sort((x, y) => (x.key < y.key ? -1 : 1))

test('[SY2] a page of a host goes on without it, and what was changed meanwhile is on the host when it is back', async ({
  page,
  full
}) => {
  const host = hostPeer(full)
  const { experiment_id: experiment } = await full.call<{ experiment_id: string }>('experiments/create', {
    name: 'wine'
  })
  const run = await makeRun(host, experiment, 'elastic net')
  const ofDefault = await makeRun(host, '0', 'of the default')
  const own = await openHostPage(page, `${full.origin}/experiments/${experiment}`)
  const row = (name: string) => page.getByRole('grid', { name: 'Runs' }).getByRole('row').filter({ hasText: name })
  await expect(row('elastic net')).toBeVisible()
  await hasRun(own, experiment, run)
  await hasCopyOfRun(page, ofDefault)

  await full.kill()
  await page.reload()
  const status = page.getByRole('contentinfo', { name: 'Status' })
  await expect(status).toContainText('The host is away: its copy in this browser')
  await expect(row('elastic net')).toBeVisible()
  expect(new URL(page.url()).pathname).toBe(`/experiments/${experiment}`)
  await page.goto(`${full.origin}/experiments/0`)
  await expect(row('of the default')).toBeVisible()
  await page.goto(`${full.origin}/runs/${run}`)
  await expect(page.getByRole('heading', { level: 1 })).toContainText('elastic net')
  await own.call('runs/set-tag', { run_id: run, key: 'reviewed', value: 'yes' })

  await full.start()
  const found = async (): Promise<number | undefined> => {
    const search = { experiment_ids: [experiment], filter: "tags.reviewed = 'yes'" }
    return (await full.call<{ runs?: unknown[] }>('runs/search', search)).runs?.length
  }
  await expect.poll(found, SETTLED).toBe(1)
  await expect(status).toContainText('A copy of this host, in this browser')
  await page.getByRole('button', { name: 'Look at the host' }).click()
  await expect(status).toContainText('Connected')
  await expect(page.getByRole('heading', { level: 1 })).toContainText('elastic net')
})

test('[SY3] a browser that comes back is not sent again what it was sent, and what changed meanwhile is', async ({
  host: pages,
  full
}) => {
  const host = hostPeer(full)
  const wire = await layWire(Number(new URL(full.origin).port))
  const { experiment_id: experiment } = await full.call<{ experiment_id: string }>('experiments/create', {
    name: 'wine'
  })
  // Of names that do not pack well.
  const name = (): string => Array.from({ length: 10 }, () => crypto.randomUUID()).join(' ')
  for (let i = 0; i < 100; i++) await makeRun(host, experiment, name())
  const link = await linkTo({ host: full.origin, reachedAt: wire.origin, pages: pages.origin, experiment })
  let browser = await launchBrowser()
  try {
    let page = browser.context.pages()[0]!
    await page.goto(link)
    await page.getByLabel('Your name').fill('Bea')
    await page.getByRole('button', { name: 'Join' }).click()
    const runs = page.getByRole('grid', { name: 'Runs' })
    await expect(runs).toHaveAttribute('aria-rowcount', /^10\d$/)
    const address = page.url()
    const isSynced = (page: Page) => expect(page.getByRole('contentinfo', { name: 'Status' })).toContainText('Synced')
    await isSynced(page)
    const all = wire.received()
    expect(all).toBeGreaterThan(20_000)
    const comeBack = async (): Promise<number> => {
      await browser.close()
      const before = wire.received()
      browser = await launchBrowser({ profile: browser.profile })
      page = browser.context.pages()[0]!
      await page.goto(address)
      await isSynced(page)
      return wire.received() - before
    }
    expect(await comeBack()).toBeLessThan(all / 2)
    const run = await makeRun(host, experiment, 'one more')
    await comeBack()
    const experimentHere = /experiments\/([^/?#]+)/.exec(address)![1]!
    await hasRun(browserPeer(page), experimentHere, run)
  } finally {
    await browser.close()
    await removeProfile(browser.profile)
    await wire.stop()
  }
})
