import type { Page } from '@playwright/test'

export interface WideFill {
  readonly runs: number
  /** Distinct keys, a third of each kind, the common ones counted. */
  readonly columns: number
}

/** Values of each kind that a run has; the first is common to all of them. */
const VALUES = 20

/**
 * Fill this browser's store: one experiment of many runs, each with 20 params, 20 tags and 20 metrics out of thousands of keys, through the
 * REST routes the service worker answers. Every key is used; seeded, so every fill is the same. Returns the experiment's id.
 */
export async function fillWideRuns(page: Page, fill: WideFill): Promise<string> {
  await page.waitForFunction(() => navigator.serviceWorker.controller !== null)
  return page.evaluate(
    async ({ runs, columns, values }) => {
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
      const optimisers = ['adam', 'sgd', 'rmsprop', 'adagrad', 'lion', 'adamw', 'lamb', 'nadam']
      const perKind = Math.floor(columns / 3)
      const { experiment_id: experimentId } = await call('experiments/create', { name: 'wide' })
      const one = async (at: number) => {
        const startTime = 1_700_000_000_000 + at * 60_000
        // Neighbours in age use neighbouring keys, as families of models do.
        const keyAt = (kind: string, i: number) =>
          `${kind}_${String(1 + ((at * (values - 1) + i) % (perKind - 1))).padStart(5, '0')}`
        const rest = Array.from({ length: values - 1 }, (_, i) => i)
        const params = [
          { key: 'opt', value: optimisers[Math.floor(random() * 8)] },
          ...rest.map((i) => ({ key: keyAt('param', i), value: String(Math.floor(random() * 1000) / 1000) }))
        ]
        const tags = [
          { key: 'team', value: `team ${Math.floor(random() * 5)}` },
          ...rest.map((i) => ({ key: keyAt('tag', i), value: `value ${Math.floor(random() * 50)}` }))
        ]
        const metrics = [
          { key: 'loss', value: random() * 2, timestamp: startTime, step: 10 },
          ...rest.map((i) => ({ key: keyAt('metric', i), value: random() * 2, timestamp: startTime + i, step: 10 }))
        ]
        const created = (await call('runs/create', {
          experiment_id: experimentId,
          start_time: startTime,
          run_name: `run ${at}`,
          tags
        })) as unknown as { run: { info: { run_id: string } } }
        const run_id = created.run.info.run_id
        await call('runs/log-batch', { run_id, params, metrics })
        await call('runs/update', { run_id, status: 'FINISHED', end_time: startTime + 1000 + at })
      }
      let next = 0
      const lane = async () => {
        while (next < runs) await one(next++)
      }
      await Promise.all(Array.from({ length: 16 }, lane))
      return experimentId as unknown as string
    },
    { ...fill, values: VALUES }
  )
}
