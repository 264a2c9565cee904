import { RunnelError } from '#lib/domain/errors.ts'
import { parseExperimentId } from '#lib/domain/ids.ts'
import { VIEW_TYPES } from '#lib/domain/lifecycle.ts'
import { LIMITS } from '#lib/domain/limits.ts'
import { RUN_STATUSES, type NewRun, type RunUpdate } from '#lib/domain/run.ts'
import { parseRunFilter } from '#lib/domain/search/parse-filter.ts'
import { parseRunOrderBy } from '#lib/domain/search/parse-order-by.ts'
import { validateNewTags } from '#lib/domain/validate.ts'
import { createRun, deleteRun, getRun, getRuns, restoreRun, updateRun } from '#lib/store/runs.ts'
import { runIds } from '#lib/store/search/runs.ts'
import type { Store } from '#lib/store/store.ts'
import type { Endpoint, Endpoints } from '../endpoint.ts'
import { parseMaxResults, parsePageToken, readPage } from '../page-token.ts'
import type { Fields } from '../wire/fields.ts'
import { runIdOf } from '../wire/run-id.ts'
import { runInfoToWire, runToWire } from '../wire/run.ts'
import { parseTags, unlessEmpty } from '../wire/tag.ts'

export const runEndpoints: Endpoints = (store, origin) => [...lookups(store), ...changes(store, origin)]

const lookups = (store: Store): Endpoint[] => [
  {
    methods: ['GET'],
    path: 'runs/get',
    answer: async (fields) => {
      const id = runIdOf(fields)
      return { run: runToWire(await store.read((r) => getRun(r, id))) }
    }
  },
  {
    methods: ['POST'],
    path: 'runs/search',
    answer: async (fields) => {
      const most = parseMaxResults(
        fields.integer('max_results') ?? LIMITS.searchDefaultResults,
        LIMITS.searchMaxResults
      )
      const start = parsePageToken(fields.text('page_token'))
      const search = {
        experimentIds: fields.texts('experiment_ids').map(parseExperimentId),
        filter: parseRunFilter(fields.text('filter') ?? ''),
        orderBy: parseRunOrderBy(fields.texts('order_by')),
        view: fields.oneOf('run_view_type', VIEW_TYPES) ?? 'ACTIVE_ONLY'
      }
      const { runs, nextPageToken } = await store.read(async (r) => {
        const page = await readPage(most, start, (limit, offset) => runIds(r.db, { ...search, limit, offset }))
        return { runs: await getRuns(r, page.items), nextPageToken: page.nextPageToken }
      })
      return { runs: unlessEmpty(runs.map((run) => runToWire(run, { found: true }))), next_page_token: nextPageToken }
    }
  }
]

const changes = (store: Store, origin: string): Endpoint[] => [
  {
    methods: ['POST'],
    path: 'runs/create',
    answer: async (fields) => {
      const input = parseNewRun(fields)
      const run = await store.write(async (tx) => getRun(tx, (await createRun(tx, input)).runId), origin)
      return { run: runToWire(run, { created: true }) }
    }
  },
  {
    methods: ['POST'],
    path: 'runs/update',
    answer: async (fields) => {
      const id = runIdOf(fields)
      const update = parseRunUpdate(fields)
      return { run_info: runInfoToWire(await store.write((tx) => updateRun(tx, id, update), origin)) }
    }
  },
  {
    methods: ['POST'],
    path: 'runs/delete',
    answer: async (fields) => {
      const id = runIdOf(fields)
      await store.write((tx) => deleteRun(tx, id), origin)
      return {}
    }
  },
  {
    methods: ['POST'],
    path: 'runs/restore',
    answer: async (fields) => {
      const id = runIdOf(fields)
      await store.write((tx) => restoreRun(tx, id), origin)
      return {}
    }
  }
]

/** Tags are not checked here, as in MLflow: a client's own 300-character key starts a run. */
function parseNewRun(fields: Fields): NewRun {
  const experimentId = fields.text('experiment_id')
  if (!experimentId)
    throw new RunnelError(
      'BAD_REQUEST',
      "Missing value for required parameter 'experiment_id': a run belongs to an experiment."
    )
  const name = fields.text('run_name')
  const userId = fields.text('user_id')
  const tags = parseTags(fields.messages('tags'))
  validateNewTags(tags)
  return {
    experimentId: parseExperimentId(experimentId),
    ...(name && { name }),
    ...(userId !== undefined && { userId }),
    startTime: fields.integer('start_time') ?? 0,
    tags
  }
}

/** Each part applies when it was sent; an empty name and an unknown status do not, as in MLflow. */
function parseRunUpdate(fields: Fields): RunUpdate {
  const status = fields.oneOf('status', RUN_STATUSES)
  const endTime = fields.integer('end_time')
  const name = fields.text('run_name')
  return {
    ...(status !== undefined && { status }),
    ...(endTime !== undefined && { endTime }),
    ...(name && { name })
  }
}
