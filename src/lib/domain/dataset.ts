import type { ExperimentId } from './ids.ts'
import type { Tag } from './tag.ts'

/** What a run was fed. Identity within an experiment: (name, digest). */
export interface Dataset {
  readonly name: string
  readonly digest: string
  readonly sourceType: string
  readonly source: string
  readonly schema: string | null
  readonly profile: string | null
}

export interface DatasetInput {
  readonly dataset: Dataset
  /** `mlflow.data.context` among them says how it was used (training, eval). */
  readonly tags: readonly Tag[]
}

/** A dataset that some run was fed, and how it was used there: once for each context. */
export interface DatasetSummary {
  readonly experimentId: ExperimentId
  readonly name: string
  readonly digest: string
  /** Null when it was not said. */
  readonly context: string | null
}
