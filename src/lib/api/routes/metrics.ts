import { invalid } from '#lib/domain/errors.ts'
import { isRunId, type RunId } from '#lib/domain/ids.ts'
import { LIMITS } from '#lib/domain/limits.ts'
import { pointsOf, type Series } from '#lib/domain/series.ts'
import { bulkHistory, metricHistory, sampledHistory, type StepRange } from '#lib/store/histories.ts'
import { SEE_DOCS } from '#lib/domain/validate.ts'
import type { Store } from '#lib/store/store.ts'
import type { Endpoint, Endpoints } from '../endpoint.ts'
import { parsePageToken, readPage } from '../page-token.ts'
import type { Fields } from '../wire/fields.ts'
import type { Message } from '../wire/json.ts'
import { metricPointToWire } from '../wire/metric.ts'
import { unlessEmpty } from '../wire/tag.ts'

export const metricEndpoints: Endpoints = (store) => [history(store), bulk(store), bulkInterval(store)]

const ALL = Number.MAX_SAFE_INTEGER - 1

const history = (store: Store): Endpoint => ({
  methods: ['GET'],
  path: 'metrics/get-history',
  answer: async (fields) => {
    const runId = fields.requiredRunId()
    const key = fields.requiredText('metric_key')
    // Clients that leave it out want all points, and MLflow sets no most: its own client asks for 25,000 at a time by itself.
    const most = fields.integer('max_results') ?? ALL
    if (most < 1)
      throw invalid(`Invalid value ${most} for parameter 'max_results' supplied. It must be a positive integer.`)
    const start = parsePageToken(fields.text('page_token'))
    if (!isRunId(runId)) return {}
    const page = await readPage(Math.min(most, ALL), start, async (limit, offset) =>
      pointsOf(await metricHistory(store, runId, key, { limit, offset }))
    )
    return {
      metrics: unlessEmpty(page.items.map((point) => metricPointToWire({ key, ...point }))),
      next_page_token: page.nextPageToken
    }
  }
})

/**
 * For MLflow's own pages. A NaN is the text `NaN`, as everywhere else; MLflow writes it bare here, which JSON does not have.
 */
const bulk = (store: Store): Endpoint => ({
  methods: ['GET'],
  path: 'metrics/get-history-bulk',
  prefixes: ['/ajax-api'],
  lists: ['run_id'],
  answer: async (fields) => {
    const runIds = fields.texts('run_id')
    if (runIds.length === 0) throw invalid('GetMetricHistoryBulk request must specify at least one run_id.')
    if (runIds.length > LIMITS.bulkHistoryRuns)
      throw invalid(
        `GetMetricHistoryBulk request cannot specify more than ${LIMITS.bulkHistoryRuns} run_ids. Received ${runIds.length} run_ids.`
      )
    const key = fields.text('metric_key')
    if (key === undefined) throw invalid('GetMetricHistoryBulk request must specify a metric_key.')
    const most = fields.integer('max_results') ?? LIMITS.bulkHistoryPoints
    if (most < 0) throw invalid(`Invalid value ${most} for parameter 'max_results' supplied. It must not be negative.`)
    const limit = Math.min(most, LIMITS.bulkHistoryPoints)
    const histories = await bulkHistory(store, runIds.filter(isRunId), key, limit)
    return { metrics: histories.flatMap(({ runId, points }) => runPointsToWire(key, runId, points)) }
  }
})

/** Per run, in the order the runs were given. Unknown runs have no points. */
const bulkInterval = (store: Store): Endpoint => ({
  methods: ['GET'],
  path: 'metrics/get-history-bulk-interval',
  lists: ['run_ids'],
  answer: async (fields) => {
    const runIds = fields.requiredTexts('run_ids')
    if (runIds.length > LIMITS.bulkHistoryRuns)
      throw invalid(
        `GetMetricHistoryBulkInterval request must specify at most ${LIMITS.bulkHistoryRuns} run_ids. ` +
          `Received ${runIds.length} run_ids. ${SEE_DOCS}`
      )
    const key = fields.requiredText('metric_key')
    const range = parseStepRange(fields)
    const most = fields.integer('max_results') ?? LIMITS.bulkIntervalPoints
    if (most < 1 || most > LIMITS.bulkIntervalPoints)
      throw invalid(`max_results must be between 1 and ${LIMITS.bulkIntervalPoints}. ${SEE_DOCS}`)
    const metrics: Message[] = []
    for (const runId of runIds.filter(isRunId))
      metrics.push(...runPointsToWire(key, runId, await sampledHistory(store, runId, key, most, range)))
    return { metrics: unlessEmpty(metrics) }
  }
})

function parseStepRange(fields: Fields): StepRange | null {
  const from = fields.integer('start_step')
  const to = fields.integer('end_step')
  if (from === undefined && to === undefined) return null
  if (from === undefined || to === undefined)
    throw invalid('If either start step or end step are specified, both must be specified.')
  if (from > to) throw invalid(`end_step must be greater than start_step. Found start_step=${from} and end_step=${to}.`)
  return { from, to }
}

const runPointsToWire = (key: string, runId: RunId, points: Series): Message[] =>
  pointsOf(points).map((point) => ({ ...metricPointToWire({ key, ...point }), run_id: runId }))
