// The first 100 rows of a filtered, ordered search over 10,000 runs, as a page sees them. See bench/README.md.
import type { BenchLive } from './support/live-entry.ts'
import { addLive } from './support/live-page.ts'
import { percentile, report } from './support/report.ts'
import { onStage } from './support/stage.ts'
import { fillTenThousandRuns } from './support/ten-thousand-runs.ts'

const ROUNDS = 50

await onStage(async ({ host, page }) => {
  await page.goto(host.origin)
  const experimentId = await fillTenThousandRuns(page)
  await addLive(page)
  const { times, total, first } = await page.evaluate(
    async ({ experimentId, rounds }) => {
      const { benchLive } = globalThis as unknown as { benchLive: BenchLive }
      const numbered = (kind: 'param' | 'metric' | 'tag', first: string) =>
        Array.from({ length: 20 }, (_, i) => ({ kind, key: i === 0 ? first : `${kind}_${i}` }))
      const columns = [...numbered('param', 'opt'), ...numbered('metric', 'loss'), ...numbered('tag', 'tag_0')]
      const query = {
        kind: 'runs' as const,
        experimentIds: [experimentId as never],
        filter: `metrics.loss < 0.5 and params.opt = 'adam'`,
        orderBy: ['metrics.metric_3 DESC'],
        view: 'ACTIVE_ONLY' as const,
        from: 0,
        to: 100,
        columns
      }
      const times: number[] = []
      let answer = await benchLive.ask(query)
      for (let round = 0; round < rounds; round++) {
        const started = performance.now()
        answer = await benchLive.ask(query)
        times.push(performance.now() - started)
      }
      return { times, total: answer.total, first: answer.rows[0]?.cells }
    },
    { experimentId, rounds: ROUNDS }
  )
  console.log(`${total} runs match; the first row: ${JSON.stringify(first)}`)
  if (total < 100) throw new Error('The workload should match more runs than a window holds.')
  report('search', { search_p50_ms: percentile(times, 0.5), search_p95_ms: percentile(times, 0.95) })
})
