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
