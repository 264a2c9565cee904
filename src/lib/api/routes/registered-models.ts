import { LIMITS } from '#lib/domain/limits.ts'
import { parseStage, parseVersion } from '#lib/domain/model-version.ts'
import {
  validateAlias,
  validateModelName,
  validateNewAlias,
  validateRegistryTag
} from '#lib/domain/registered-model.ts'
import { parseRegisteredModelFilter, parseRegisteredModelOrderBy } from '#lib/domain/search/registry.ts'
import { validateTagKey } from '#lib/domain/validate.ts'
import { deleteModelAlias, getModelVersionByAlias, setModelAlias } from '#lib/store/model-aliases.ts'
import { getLatestVersions } from '#lib/store/model-versions.ts'
import {
  createRegisteredModel,
  deleteRegisteredModel,
  deleteRegisteredModelTag,
  getRegisteredModel,
  renameRegisteredModel,
  setRegisteredModelTag,
  updateRegisteredModel
} from '#lib/store/registered-models.ts'
import { searchRegisteredModels } from '#lib/store/search/registered-models.ts'
import type { Store } from '#lib/store/store.ts'
import type { Endpoint, Endpoints } from '../endpoint.ts'
import { parseMaxResults, parsePageToken, readPage } from '../page-token.ts'
import type { Fields } from '../wire/fields.ts'
import { modelVersionToWire } from '../wire/model-version.ts'
import { registeredModelToWire } from '../wire/registered-model.ts'
import { parseTags, unlessEmpty } from '../wire/tag.ts'

/** `deployment_job_id` is not read: it is of a service that MLflow's own store does not have either. */
export const registeredModelEndpoints: Endpoints = (store, origin) => [
  ...lookups(store),
  ...changes(store, origin),
  ...tagChanges(store, origin),
  ...aliases(store, origin)
]

function modelName(fields: Fields): string {
  const name = fields.requiredText('name')
  validateModelName(name)
  return name
}

const lookups = (store: Store): Endpoint[] => [
  {
    methods: ['GET'],
    path: 'registered-models/get',
    answer: async (fields) => {
      const name = modelName(fields)
      return { registered_model: registeredModelToWire(await store.read((r) => getRegisteredModel(r, name))) }
    }
  },
  {
    methods: ['GET', 'POST'],
    path: 'registered-models/get-latest-versions',
    lists: ['stages'],
    answer: async (fields) => {
      const name = modelName(fields)
      const stages = fields.texts('stages').map(parseStage)
      const versions = await store.read((r) => getLatestVersions(r, name, stages))
      return { model_versions: unlessEmpty(versions.map(modelVersionToWire)) }
    }
  },
  {
    methods: ['GET'],
    path: 'registered-models/search',
    lists: ['order_by'],
    answer: async (fields) => {
      const asked = fields.integer('max_results') ?? LIMITS.registeredModelDefaultResults
      // None at all may be asked for, here alone. A negative number, to which MLflow answers with some, is refused.
      const most = asked === 0 ? 0 : parseMaxResults(asked, LIMITS.registeredModelMaxResults)
      const start = parsePageToken(fields.text('page_token'))
      const search = {
        filter: parseRegisteredModelFilter(fields.text('filter') ?? ''),
        orderBy: parseRegisteredModelOrderBy(fields.texts('order_by'))
      }
      const page = await store.read((r) =>
        readPage(most, start, (limit, offset) => searchRegisteredModels(r, { ...search, limit, offset }))
      )
      return {
        registered_models: unlessEmpty(page.items.map(registeredModelToWire)),
        next_page_token: page.nextPageToken
      }
    }
  }
]

const changes = (store: Store, origin: string): Endpoint[] => [
  {
    methods: ['POST'],
    path: 'registered-models/create',
    answer: async (fields) => {
      const name = modelName(fields)
      const description = fields.text('description') ?? ''
      const tags = parseTags(fields.messages('tags'))
      tags.forEach(validateRegistryTag)
      const model = await store.write((tx) => createRegisteredModel(tx, { name, description, tags }), origin)
      return { registered_model: registeredModelToWire(model) }
    }
  },
  {
    methods: ['POST'],
    path: 'registered-models/rename',
    answer: async (fields) => {
      const name = fields.requiredText('name')
      const newName = fields.requiredText('new_name')
      validateModelName(newName, 'new_name')
      validateModelName(name)
      const model = await store.write((tx) => renameRegisteredModel(tx, name, newName), origin)
      return { registered_model: registeredModelToWire(model) }
    }
  },
  {
    methods: ['PATCH'],
    path: 'registered-models/update',
    answer: async (fields) => {
      const name = modelName(fields)
      const description = fields.text('description') ?? ''
      const model = await store.write((tx) => updateRegisteredModel(tx, name, description), origin)
      return { registered_model: registeredModelToWire(model) }
    }
  },
  {
    methods: ['DELETE'],
    path: 'registered-models/delete',
    answer: async (fields) => {
      const name = modelName(fields)
      await store.write((tx) => deleteRegisteredModel(tx, name), origin)
      return {}
    }
  }
]

const tagChanges = (store: Store, origin: string): Endpoint[] => [
  {
    methods: ['POST'],
    path: 'registered-models/set-tag',
    answer: async (fields) => {
      const tag = { key: fields.requiredText('key'), value: fields.text('value') ?? '' }
      const name = modelName(fields)
      validateRegistryTag(tag)
      await store.write((tx) => setRegisteredModelTag(tx, name, tag), origin)
      return {}
    }
  },
  {
    methods: ['DELETE'],
    path: 'registered-models/delete-tag',
    answer: async (fields) => {
      const name = modelName(fields)
      const key = fields.requiredText('key')
      validateTagKey(key)
      await store.write((tx) => deleteRegisteredModelTag(tx, name, key), origin)
      return {}
    }
  }
]

/** One path, three methods. */
const aliases = (store: Store, origin: string): Endpoint[] => [
  {
    methods: ['GET'],
    path: 'registered-models/alias',
    answer: async (fields) => {
      const name = modelName(fields)
      const alias = fields.requiredText('alias')
      validateAlias(alias)
      return { model_version: modelVersionToWire(await store.read((r) => getModelVersionByAlias(r, name, alias))) }
    }
  },
  {
    methods: ['POST'],
    path: 'registered-models/alias',
    answer: async (fields) => {
      const name = modelName(fields)
      const alias = fields.requiredText('alias')
      const version = fields.requiredText('version')
      validateNewAlias(alias)
      const number = parseVersion(version)
      await store.write((tx) => setModelAlias(tx, name, alias, number), origin)
      return {}
    }
  },
  {
    methods: ['DELETE'],
    path: 'registered-models/alias',
    answer: async (fields) => {
      const name = modelName(fields)
      const alias = fields.requiredText('alias')
      validateAlias(alias)
      await store.write((tx) => deleteModelAlias(tx, name, alias), origin)
      return {}
    }
  }
]
