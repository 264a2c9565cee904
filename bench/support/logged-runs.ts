import type { FullHost } from '../../tests/support/full-host.ts'

const VALUES = 20
const LANES = 16
const OPTIMISERS = ['adam', 'sgd', 'rmsprop', 'adagrad', 'lion', 'adamw', 'lamb', 'nadam']

/**
 * Log an experiment of finished runs to a host, each with 20 params, 20 tags and 20 metrics of one point, as MLflow's clients do. Seeded, so
 * that every fill says the same; the values are those of the search, open and store-size benches. Returns the experiment's id.
 */
export async function logRuns(host: FullHost, runs: number): Promise<string> {
  let seed = 42
  const random = (): number => {
    seed = (Math.imul(seed, 1664525) + 1013904223) >>> 0
    return seed / 2 ** 32
  }
  const numbered = <T>(make: (i: number) => T): T[] => Array.from({ length: VALUES }, (_, i) => make(i))
  const { experiment_id } = await host.call<{ experiment_id: string }>('experiments/create', { name: `${runs} runs` })
  const one = async (at: number): Promise<void> => {
    const start_time = 1_700_000_000_000 + at * 60_000
    const params = numbered((i) =>
      i === 0
        ? { key: 'opt', value: OPTIMISERS[Math.floor(random() * 8)] }
        : { key: `param_${i}`, value: String(Math.floor(random() * 1000) / 1000) }
    )
    const tags = numbered((i) => ({ key: `tag_${i}`, value: `value ${Math.floor(random() * 50)}` }))
    const metrics = numbered((i) => ({
      key: i === 0 ? 'loss' : `metric_${i}`,
      value: random() * 2,
      timestamp: start_time + i,
      step: 10
    }))
    const created = { experiment_id, start_time, run_name: `run ${at}`, tags }
    const { run } = await host.call<{ run: { info: { run_id: string } } }>('runs/create', created)
    const { run_id } = run.info
    await host.call('runs/log-batch', { run_id, params, metrics })
    await host.call('runs/update', { run_id, status: 'FINISHED', end_time: start_time + 1000 })
  }
  let next = 0
  const lane = async (): Promise<void> => {
    while (next < runs) await one(next++)
  }
  await Promise.all(Array.from({ length: LANES }, lane))
  return experiment_id
}
