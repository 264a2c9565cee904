import { invalid } from '#lib/domain/errors.ts'
import { parseExperimentId } from '#lib/domain/ids.ts'
import { LIMITS } from '#lib/domain/limits.ts'
import { datasetSummaries } from '#lib/store/datasets.ts'
import type { Endpoints } from '../endpoint.ts'
import { unlessEmpty } from '../wire/tag.ts'

export const datasetEndpoints: Endpoints = (store) => [
  {
    methods: ['POST'],
    path: 'experiments/search-datasets',
    // MLflow declares it for clients too, but with a slash missing, so that nobody can reach it there.
    prefixes: ['/ajax-api'],
    answer: async (fields) => {
      const ids = fields.texts('experiment_ids')
      if (ids.length === 0) throw invalid('SearchDatasets request must specify at least one experiment_id.')
      if (ids.length > LIMITS.searchDatasetsExperiments)
        throw invalid(
          `SearchDatasets request cannot specify more than ${LIMITS.searchDatasetsExperiments} experiment_ids. ` +
            `Received ${ids.length} experiment_ids.`
        )
      const experimentIds = ids.map(parseExperimentId)
      const summaries = await store.read((r) => datasetSummaries(r, experimentIds, LIMITS.searchDatasetsResults))
      return {
        dataset_summaries: unlessEmpty(
          summaries.map(({ experimentId, name, digest, context }) => ({
            experiment_id: experimentId,
            name,
            digest,
            context: context ?? undefined
          }))
        )
      }
    }
  }
]
