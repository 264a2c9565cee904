/** Every way in which Runnel is known to answer otherwise than MLflow, and why. The replay fails on any other, and on one listed in vain. */
import type { Difference } from './differences/difference.ts'
import { artifactsDifferences } from './differences/artifacts.ts'
import { errorsDifferences } from './differences/errors.ts'
import { httpDifferences } from './differences/http.ts'
import { inputDifferences } from './differences/input.ts'
import { scopeDifferences } from './differences/scope.ts'
import { searchDifferences } from './differences/search.ts'

export const differences: readonly Difference[] = [
  ...errorsDifferences,
  ...inputDifferences,
  ...searchDifferences,
  ...artifactsDifferences,
  ...httpDifferences,
  ...scopeDifferences
]
