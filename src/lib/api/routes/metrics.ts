import { isRunId } from '#lib/domain/ids.ts'
import { metricHistory } from '#lib/store/metrics.ts'
import type { Endpoints } from '../endpoint.ts'
import { parseMaxResults, parsePageToken, readPage } from '../page-token.ts'
import { metricPointToWire } from '../wire/metric.ts'
import { unlessEmpty } from '../wire/tag.ts'

const ALL = Number.MAX_SAFE_INTEGER - 1

export const metricEndpoints: Endpoints = (store) => [
  {
    methods: ['GET'],
    path: 'metrics/get-history',
    answer: async (fields) => {
      const runId = fields.requiredRunId()
      const key = fields.requiredText('metric_key')
      // Without max_results MLflow answers no points and a token, by mistake; clients that leave it out want them all. Nor does it set a
      // most: its own client asks for 25,000 at a time by itself.
      const most = parseMaxResults(fields.integer('max_results') ?? ALL, ALL)
      const start = parsePageToken(fields.text('page_token'))
      if (!isRunId(runId)) return {}
      const page = await store.read((r) =>
        readPage(most, start, (limit, offset) => metricHistory(r, runId, key, { limit, offset }))
      )
      return {
        metrics: unlessEmpty(page.items.map((point) => metricPointToWire({ key, ...point }))),
        next_page_token: page.nextPageToken
      }
    }
  }
]
