import { VIEW_TYPES } from '#lib/domain/lifecycle.ts'
import { absent } from '#lib/domain/errors.ts'
import { parseExperimentId } from '#lib/domain/ids.ts'
import { LIMITS } from '#lib/domain/limits.ts'
import { parseExperimentFilter } from '#lib/domain/search/parse-filter.ts'
import { parseExperimentOrderBy } from '#lib/domain/search/parse-order-by.ts'
import {
  validateArtifactLocation,
  validateExperimentName,
  validateExperimentTag,
  validateNewTags
} from '#lib/domain/validate.ts'
import {
  createExperiment,
  deleteExperiment,
  deleteExperimentTag,
  findExperimentByName,
  getExperiment,
  getExperiments,
  renameExperiment,
  restoreExperiment,
  setExperimentTag
} from '#lib/store/experiments.ts'
import { experimentIds } from '#lib/store/search/experiments.ts'
import type { Store } from '#lib/store/store.ts'
import type { Endpoint, Endpoints } from '../endpoint.ts'
import { parseMaxResults, parsePageToken, readPage } from '../page-token.ts'
import { experimentToWire } from '../wire/experiment.ts'
import type { Fields } from '../wire/fields.ts'
import { parseTags, unlessEmpty } from '../wire/tag.ts'

export const experimentEndpoints: Endpoints = (store, origin) => [
  ...lookups(store),
  ...changes(store, origin),
  ...tagChanges(store, origin)
]

const experimentId = (fields: Fields) => parseExperimentId(fields.requiredText('experiment_id'))

const lookups = (store: Store): Endpoint[] => [
  {
    methods: ['GET'],
    path: 'experiments/get',
    answer: async (fields) => {
      const id = experimentId(fields)
      return { experiment: experimentToWire(await store.read((r) => getExperiment(r, id))) }
    }
  },
  {
    methods: ['GET'],
    path: 'experiments/get-by-name',
    answer: async (fields) => {
      const name = fields.requiredText('experiment_name')
      const experiment = await store.read((r) => findExperimentByName(r, name))
      if (!experiment) throw absent(`Could not find experiment with name '${name}'`)
      return { experiment: experimentToWire(experiment) }
    }
  },
  {
    methods: ['GET', 'POST'],
    path: 'experiments/search',
    lists: ['order_by'],
    answer: async (fields) => {
      // 0, and so a 400, when absent: MLflow demands it here, and only here.
      const most = parseMaxResults(fields.integer('max_results') ?? 0, LIMITS.searchMaxResults)
      const start = parsePageToken(fields.text('page_token'))
      const search = {
        filter: parseExperimentFilter(fields.text('filter') ?? ''),
        orderBy: parseExperimentOrderBy(fields.texts('order_by')),
        view: fields.oneOf('view_type', VIEW_TYPES) ?? 'ACTIVE_ONLY'
      }
      const { experiments, nextPageToken } = await store.read(async (r) => {
        const page = await readPage(most, start, (limit, offset) => experimentIds(r.db, { ...search, limit, offset }))
        return { experiments: await getExperiments(r, page.items), nextPageToken: page.nextPageToken }
      })
      return { experiments: unlessEmpty(experiments.map(experimentToWire)), next_page_token: nextPageToken }
    }
  }
]

const changes = (store: Store, origin: string): Endpoint[] => [
  {
    methods: ['POST'],
    path: 'experiments/create',
    answer: async (fields) => {
      const name = fields.requiredText('name')
      const artifactLocation = fields.text('artifact_location') ?? ''
      const tags = parseTags(fields.messages('tags'))
      validateExperimentName(name)
      validateArtifactLocation(artifactLocation)
      tags.forEach(validateExperimentTag)
      validateNewTags(tags)
      const id = await store.write((tx) => createExperiment(tx, { name, artifactLocation, tags }), origin)
      return { experiment_id: id }
    }
  },
  {
    methods: ['POST'],
    path: 'experiments/update',
    answer: async (fields) => {
      const id = experimentId(fields)
      const name = fields.requiredText('new_name')
      validateExperimentName(name)
      await store.write((tx) => renameExperiment(tx, id, name), origin)
      return {}
    }
  },
  {
    methods: ['POST'],
    path: 'experiments/delete',
    answer: async (fields) => {
      const id = experimentId(fields)
      await store.write((tx) => deleteExperiment(tx, id), origin)
      return {}
    }
  },
  {
    methods: ['POST'],
    path: 'experiments/restore',
    answer: async (fields) => {
      const id = experimentId(fields)
      await store.write((tx) => restoreExperiment(tx, id), origin)
      return {}
    }
  }
]

const tagChanges = (store: Store, origin: string): Endpoint[] => [
  {
    methods: ['POST'],
    path: 'experiments/set-experiment-tag',
    answer: async (fields) => {
      const id = experimentId(fields)
      const tag = { key: fields.requiredText('key'), value: fields.text('value') ?? '' }
      validateExperimentTag(tag)
      await store.write((tx) => setExperimentTag(tx, id, tag.key, tag.value), origin)
      return {}
    }
  },
  {
    methods: ['POST'],
    path: 'experiments/delete-experiment-tag',
    answer: async (fields) => {
      const id = experimentId(fields)
      const key = fields.requiredText('key')
      await store.write((tx) => deleteExperimentTag(tx, id, key), origin)
      return {}
    }
  }
]
