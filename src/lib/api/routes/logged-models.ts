import { invalid } from '#lib/domain/errors.ts'
import { parseExperimentId, type ModelId } from '#lib/domain/ids.ts'
import { LIMITS, SEARCH } from '#lib/domain/limits.ts'
import { validateLoggedModelName, type NewLoggedModel } from '#lib/domain/logged-model.ts'
import {
  parseLoggedModelFilter,
  parseLoggedModelOrder,
  type LoggedModelOrderItem
} from '#lib/domain/search/logged-model.ts'
import {
  createLoggedModel,
  deleteLoggedModel,
  deleteLoggedModelTag,
  finalizeLoggedModel,
  getLoggedModel,
  logLoggedModelParams,
  loggedModelsOf,
  setLoggedModelTags
} from '#lib/store/logged-models.ts'
import { loggedModelIds, type DatasetFilter } from '#lib/store/search/logged-models.ts'
import type { Store } from '#lib/store/store.ts'
import type { Endpoint, Endpoints } from '../endpoint.ts'
import { loggedModelPageToken, parseLoggedModelPageToken } from '../logged-model-page-token.ts'
import { parseMaxResults, readPage } from '../page-token.ts'
import type { Fields } from '../wire/fields.ts'
import { loggedModelToWire, requiredStatus } from '../wire/logged-model.ts'
import { modelIdOf } from '../wire/model-id.ts'
import { parseTags, unlessEmpty } from '../wire/tag.ts'

/** The files of a model are the artifact routes' business. */
export const loggedModelEndpoints: Endpoints = (store, origin) => [
  ...lookups(store),
  ...changes(store, origin),
  ...dataChanges(store, origin)
]

const lookups = (store: Store): Endpoint[] => [
  {
    methods: ['GET'],
    path: 'logged-models/:model_id',
    answer: async (fields, { model_id = '' }) => {
      const id = modelIdOf(model_id)
      const allowDeleted = fields.boolean('allow_deleted') ?? false
      return { model: loggedModelToWire(await store.read((r) => getLoggedModel(r, id, { allowDeleted }))) }
    }
  },
  {
    methods: ['POST'],
    path: 'logged-models/search',
    answer: async (fields) => {
      const asked = {
        experimentIds: fields.requiredTexts('experiment_ids'),
        filter: fields.text('filter') ?? '',
        orderBy: fields.messages('order_by').map(parseOrderItem)
      }
      const most = parseMaxResults(
        fields.integer('max_results') ?? LIMITS.loggedModelDefaultResults,
        LIMITS.searchMaxResults
      )
      const search = {
        experimentIds: asked.experimentIds.map(parseExperimentId),
        filter: parseLoggedModelFilter(asked.filter),
        orderBy: parseLoggedModelOrder(asked.orderBy),
        datasets: parseDatasetFilters(fields.messages('datasets'))
      }
      const start = parseLoggedModelPageToken(fields.text('page_token'), asked)
      const { models, nextPageToken } = await store.read(async (r) => {
        const read = (limit: number, offset: number) => loggedModelIds(r.db, { ...search, limit, offset })
        const page = await readPage(most, start, read, (offset) => loggedModelPageToken(asked, offset))
        return { models: await loggedModelsOf(r, page.items), nextPageToken: page.nextPageToken }
      })
      return { models: unlessEmpty(models.map(loggedModelToWire)), next_page_token: nextPageToken }
    }
  }
]

const changes = (store: Store, origin: string): Endpoint[] => [
  {
    methods: ['POST'],
    path: 'logged-models',
    answer: async (fields) => {
      const input = parseNewModel(fields)
      return { model: loggedModelToWire(await store.write((tx) => createLoggedModel(tx, input), origin)) }
    }
  },
  {
    methods: ['PATCH'],
    path: 'logged-models/:model_id',
    answer: async (fields, { model_id = '' }) => {
      const id = confirmedId(fields, model_id)
      const status = requiredStatus(fields)
      return { model: loggedModelToWire(await store.write((tx) => finalizeLoggedModel(tx, id, status), origin)) }
    }
  },
  {
    methods: ['DELETE'],
    path: 'logged-models/:model_id',
    answer: async (_, { model_id = '' }) => {
      const id = modelIdOf(model_id)
      await store.write((tx) => deleteLoggedModel(tx, id), origin)
      return {}
    }
  }
]

const dataChanges = (store: Store, origin: string): Endpoint[] => [
  {
    methods: ['PATCH'],
    path: 'logged-models/:model_id/tags',
    answer: async (fields, { model_id = '' }) => {
      const id = modelIdOf(model_id)
      const tags = parseTags(fields.messages('tags'))
      await store.write((tx) => setLoggedModelTags(tx, id, tags), origin)
      return {}
    }
  },
  {
    methods: ['DELETE'],
    // The Python client writes a key as it is, slashes and all, where MLflow's own server then finds no such path.
    path: 'logged-models/:model_id/tags/:tag_key{.+}',
    answer: async (_, { model_id = '', tag_key = '' }) => {
      const id = modelIdOf(model_id)
      await store.write((tx) => deleteLoggedModelTag(tx, id, tag_key), origin)
      return {}
    }
  },
  {
    methods: ['POST'],
    path: 'logged-models/:model_id/params',
    answer: async (fields, { model_id = '' }) => {
      const id = confirmedId(fields, model_id)
      const params = parseTags(fields.messages('params'))
      await store.write((tx) => logLoggedModelParams(tx, id, params), origin)
      return {}
    }
  }
]

/** MLflow demands the id in the body too, and when it is another one takes sometimes the one, sometimes the other; here that is refused. */
function confirmedId(fields: Fields, inPath: string): ModelId {
  const inBody = fields.requiredText('model_id')
  const id = modelIdOf(inBody)
  if (inBody !== inPath)
    throw invalid(
      `The body is about model '${inBody}', the path about model '${inPath.slice(0, LIMITS.tagKeyLength)}'.`
    )
  return id
}

function parseNewModel(fields: Fields): NewLoggedModel {
  const experimentId = parseExperimentId(fields.requiredText('experiment_id'))
  const name = fields.text('name') ?? ''
  if (name !== '') validateLoggedModelName(name)
  return {
    experimentId,
    name,
    modelType: fields.text('model_type') ?? '',
    sourceRunId: fields.text('source_run_id') ?? '',
    params: parseTags(fields.messages('params')),
    tags: parseTags(fields.messages('tags'))
  }
}

const parseOrderItem = (fields: Fields): LoggedModelOrderItem => ({
  fieldName: fields.text('field_name') ?? '',
  ascending: fields.boolean('ascending') ?? true,
  datasetName: fields.text('dataset_name') || null,
  datasetDigest: fields.text('dataset_digest') || null
})

function parseDatasetFilters(messages: readonly Fields[]): DatasetFilter[] {
  if (messages.length > SEARCH.datasets)
    throw invalid(`datasets holds at most ${SEARCH.datasets} items, got ${messages.length}`)
  return messages.map(parseDatasetFilter)
}

function parseDatasetFilter(fields: Fields): DatasetFilter {
  const name = fields.text('dataset_name')
  if (!name) throw invalid('`dataset_name` in the `datasets` clause must be specified.')
  return { name, digest: fields.text('dataset_digest') || null }
}
