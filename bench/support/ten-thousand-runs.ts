import type { Page } from '@playwright/test'

/** The store the search, open and store-size benches look at. */
export const RUNS = 10_000
const VALUES = 20

/**
 * Fill this browser's store: one experiment of 10,000 runs, each with 20 params, 20 tags and 20 metrics, through the REST routes the service
 * worker answers. Seeded, so every fill is the same. Returns the experiment's id.
 */
export async function fillTenThousandRuns(page: Page): Promise<string> {
  await page.waitForFunction(() => navigator.serviceWorker.controller !== null)
  return page.evaluate(
    async ({ runs, values }) => {
      let seed = 42
      const random = () => {
        seed = (Math.imul(seed, 1664525) + 1013904223) >>> 0
        return seed / 2 ** 32
      }
      const call = async (path: string, body: unknown): Promise<Record<string, never>> => {
        for (let attempt = 0; ; attempt++) {
          const response = await fetch(`/api/2.0/mlflow/${path}`, {
            method: 'POST',
            headers: { 'Content-Type': 'application/json' },
            body: JSON.stringify(body)
          })
          if (response.ok) return response.json() as Promise<Record<string, never>>
          // The service worker answers 503 until the store has opened.
          if (response.status !== 503 || attempt > 20)
            throw new Error(`${path}: ${response.status} ${await response.text()}`)
          await new Promise((resolve) => setTimeout(resolve, 250))
        }
      }
      const numbered = <T>(make: (i: number) => T) => Array.from({ length: values }, (_, i) => make(i))
      const optimisers = ['adam', 'sgd', 'rmsprop', 'adagrad', 'lion', 'adamw', 'lamb', 'nadam']
      const { experiment_id: experimentId } = await call('experiments/create', { name: 'ten thousand runs' })
      const one = async (at: number) => {
        const startTime = 1_700_000_000_000 + at * 60_000
        const params = numbered((i) =>
          i === 0
            ? { key: 'opt', value: optimisers[Math.floor(random() * 8)] }
            : { key: `param_${i}`, value: String(Math.floor(random() * 1000) / 1000) }
        )
        const tags = numbered((i) => ({ key: `tag_${i}`, value: `value ${Math.floor(random() * 50)}` }))
        const metrics = numbered((i) => ({
          key: i === 0 ? 'loss' : `metric_${i}`,
          value: random() * 2,
          timestamp: startTime + i,
          step: 10
        }))
        const created = (await call('runs/create', {
          experiment_id: experimentId,
          start_time: startTime,
          run_name: `run ${at}`,
          tags
        })) as unknown as { run: { info: { run_id: string } } }
        await call('runs/log-batch', { run_id: created.run.info.run_id, params, metrics })
        await call('runs/update', { run_id: created.run.info.run_id, status: 'FINISHED', end_time: startTime + 1000 })
      }
      let next = 0
      const lane = async () => {
        while (next < runs) await one(next++)
      }
      await Promise.all(Array.from({ length: 16 }, lane))
      return experimentId as unknown as string
    },
    { runs: RUNS, values: VALUES }
  )
}
