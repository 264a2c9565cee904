import { expect, type Page } from '@playwright/test'

export interface ChartRun {
  readonly name: string
  readonly params?: Readonly<Record<string, string>>
  /** Key to values, one per step, a second apart. */
  readonly metrics: Readonly<Record<string, readonly (number | 'NaN' | 'Infinity')[]>>
}

/** Calls MLflow's REST API: a host's, or the one the service worker of an open page answers. */
export type Call = <T>(path: string, body: unknown) => Promise<T>

/** The store of this browser, asked as a page of Runnel asks it. Opens the home page. */
export const browserStore = async (page: Page, origin: string): Promise<Call> => {
  await page.goto(origin)
  await page.waitForFunction(() => navigator.serviceWorker.controller !== null)
  await expect(page.getByRole('contentinfo')).toContainText('Saved')
  return <T>(path: string, body: unknown): Promise<T> =>
    page.evaluate(
      async ([path, body]) => {
        const answer = await fetch(`/api/2.0/mlflow/${path}`, {
          method: 'POST',
          headers: { 'content-type': 'application/json' },
          body: JSON.stringify(body)
        })
        if (!answer.ok) throw new Error(`${path}: ${await answer.text()}`)
        return (await answer.json()) as T
      },
      [path, body] as const
    )
}

/** An experiment with finished runs, oldest first, a minute apart. Returns its id, and the runs' by name. */
export const logCharts = async (
  call: Call,
  name: string,
  runs: readonly ChartRun[]
): Promise<{ readonly experiment: string; readonly runs: Readonly<Record<string, string>> }> => {
  const { experiment_id: experiment } = await call<{ experiment_id: string }>('experiments/create', { name })
  const ids: Record<string, string> = {}
  const began = Date.now() - 3_600_000 * 5
  for (const [at, run] of runs.entries()) ids[run.name] = await logRun(call, experiment, run, began + at * 60_000)
  return { experiment, runs: ids }
}

export const logRun = async (call: Call, experiment: string, run: ChartRun, start: number): Promise<string> => {
  const made = await call<{ run: { info: { run_id: string } } }>('runs/create', {
    experiment_id: experiment,
    run_name: run.name,
    start_time: start
  })
  const id = made.run.info.run_id
  const params = Object.entries(run.params ?? {}).map(([key, value]) => ({ key, value }))
  const points = Object.entries(run.metrics).flatMap(([key, values]) =>
    values.map((value, step) => ({ key, value, step, timestamp: start + step * 1000 }))
  )
  for (let at = 0; at === 0 || at < points.length; at += 800)
    await call('runs/log-batch', {
      run_id: id,
      metrics: points.slice(at, at + 800),
      params: at === 0 ? params : []
    })
  await call('runs/update', { run_id: id, status: 'FINISHED', end_time: start + 30_000 })
  return id
}
