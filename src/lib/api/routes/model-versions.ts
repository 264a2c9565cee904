import { LIMITS } from '#lib/domain/limits.ts'
import { parseStage, parseVersion, validateVersionTag } from '#lib/domain/model-version.ts'
import { validateModelName } from '#lib/domain/registered-model.ts'
import { parseModelVersionFilter, parseModelVersionOrderBy } from '#lib/domain/search/registry.ts'
import { validateTagKey } from '#lib/domain/validate.ts'
import {
  deleteModelVersion,
  deleteModelVersionTag,
  getModelVersion,
  getModelVersionDownloadUri,
  setModelVersionTag,
  transitionModelVersion,
  updateModelVersion
} from '#lib/store/model-versions.ts'
import { createModelVersion } from '#lib/store/new-model-version.ts'
import { searchModelVersions } from '#lib/store/search/model-versions.ts'
import type { Store } from '#lib/store/store.ts'
import type { Endpoint, Endpoints } from '../endpoint.ts'
import { parseMaxResults, parsePageToken, readPage } from '../page-token.ts'
import type { Fields } from '../wire/fields.ts'
import { modelVersionToWire } from '../wire/model-version.ts'
import { parseTags, unlessEmpty } from '../wire/tag.ts'

export const modelVersionEndpoints: Endpoints = (store, origin) => [
  ...lookups(store),
  ...changes(store, origin),
  ...tagChanges(store, origin)
]

/** The version a request is about; both fields must be there before either is read. */
function versionOf(fields: Fields): { readonly name: string; readonly version: number } {
  const [name, version] = [fields.requiredText('name'), fields.requiredText('version')]
  validateModelName(name)
  return { name, version: parseVersion(version) }
}

const lookups = (store: Store): Endpoint[] => [
  {
    methods: ['GET'],
    path: 'model-versions/get',
    answer: async (fields) => {
      const { name, version } = versionOf(fields)
      return { model_version: modelVersionToWire(await store.read((r) => getModelVersion(r, name, version))) }
    }
  },
  {
    methods: ['GET'],
    path: 'model-versions/get-download-uri',
    answer: async (fields) => {
      const name = fields.text('name') ?? ''
      validateModelName(name)
      const version = parseVersion(fields.text('version') ?? '')
      return { artifact_uri: await store.read((r) => getModelVersionDownloadUri(r, name, version)) }
    }
  },
  {
    methods: ['GET'],
    path: 'model-versions/search',
    lists: ['order_by'],
    answer: async (fields) => {
      const asked = fields.integer('max_results') ?? LIMITS.modelVersionMaxResults
      const most = parseMaxResults(asked, LIMITS.modelVersionMaxResults)
      const start = parsePageToken(fields.text('page_token'))
      const search = {
        filter: parseModelVersionFilter(fields.text('filter') ?? ''),
        orderBy: parseModelVersionOrderBy(fields.texts('order_by'))
      }
      const page = await store.read((r) =>
        readPage(most, start, (limit, offset) => searchModelVersions(r, { ...search, limit, offset }))
      )
      return {
        model_versions: unlessEmpty(page.items.map(modelVersionToWire)),
        next_page_token: page.nextPageToken
      }
    }
  }
]

const changes = (store: Store, origin: string): Endpoint[] => [
  {
    methods: ['POST'],
    path: 'model-versions/create',
    answer: async (fields) => {
      const input = {
        name: fields.requiredText('name'),
        source: fields.requiredText('source'),
        runId: fields.text('run_id'),
        modelId: fields.text('model_id'),
        runLink: fields.text('run_link'),
        description: fields.text('description'),
        tags: parseTags(fields.messages('tags'))
      }
      validateModelName(input.name)
      input.tags.forEach(validateVersionTag)
      const version = await store.write((tx) => createModelVersion(tx, input), origin)
      return { model_version: modelVersionToWire(version) }
    }
  },
  {
    methods: ['PATCH'],
    path: 'model-versions/update',
    answer: async (fields) => {
      const { name, version } = versionOf(fields)
      const description = fields.text('description') ?? null
      const updated = await store.write((tx) => updateModelVersion(tx, name, version, description), origin)
      return { model_version: modelVersionToWire(updated) }
    }
  },
  {
    methods: ['DELETE'],
    path: 'model-versions/delete',
    answer: async (fields) => {
      const { name, version } = versionOf(fields)
      await store.write((tx) => deleteModelVersion(tx, name, version), origin)
      return {}
    }
  },
  {
    methods: ['POST'],
    path: 'model-versions/transition-stage',
    answer: async (fields) => {
      const { name, version } = versionOf(fields)
      const to = {
        stage: parseStage(fields.requiredText('stage')),
        archiveExisting: fields.boolean('archive_existing_versions') ?? false
      }
      const moved = await store.write((tx) => transitionModelVersion(tx, name, version, to), origin)
      return { model_version: modelVersionToWire(moved) }
    }
  }
]

const tagChanges = (store: Store, origin: string): Endpoint[] => [
  {
    methods: ['POST'],
    path: 'model-versions/set-tag',
    answer: async (fields) => {
      const { name, version } = versionOf(fields)
      const tag = { key: fields.requiredText('key'), value: fields.text('value') ?? '' }
      validateVersionTag(tag)
      await store.write((tx) => setModelVersionTag(tx, name, version, tag), origin)
      return {}
    }
  },
  {
    methods: ['DELETE'],
    path: 'model-versions/delete-tag',
    answer: async (fields) => {
      const { name, version } = versionOf(fields)
      const key = fields.requiredText('key')
      validateTagKey(key)
      await store.write((tx) => deleteModelVersionTag(tx, name, version, key), origin)
      return {}
    }
  }
]
