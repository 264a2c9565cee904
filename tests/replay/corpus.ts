/** Everything that is replayed. The order is the order of play; every scenario makes what it needs. */
import type { Scenario } from './request.ts'
import { artifacts } from './scenarios/artifacts.ts'
import { experiments } from './scenarios/experiments.ts'
import { histories } from './scenarios/histories.ts'
import { datasets } from './scenarios/datasets.ts'
import { loggedModels } from './scenarios/logged-models.ts'
import { modelVersions } from './scenarios/model-versions.ts'
import { outOfScope } from './scenarios/out-of-scope.ts'
import { registeredModels } from './scenarios/registered-models.ts'
import { batches, metrics, params, tags } from './scenarios/run-data.ts'
import { runs } from './scenarios/runs.ts'
import { searchExperiments } from './scenarios/search-experiments.ts'
import { searchLoggedModels } from './scenarios/search-logged-models.ts'
import { searchRegistry } from './scenarios/search-registry.ts'
import { searchRuns } from './scenarios/search-runs.ts'
import { transport } from './scenarios/transport.ts'

export const corpus: readonly Scenario[] = [
  experiments,
  runs,
  metrics,
  params,
  tags,
  batches,
  histories,
  datasets,
  loggedModels,
  registeredModels,
  modelVersions,
  artifacts,
  searchRuns,
  searchExperiments,
  searchLoggedModels,
  searchRegistry,
  transport,
  outOfScope
]
