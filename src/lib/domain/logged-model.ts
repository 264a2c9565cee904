import { invalid } from './errors.ts'
import type { ExperimentId, ModelId, RunId } from './ids.ts'
import type { LifecycleStage } from './lifecycle.ts'
import { LIMITS } from './limits.ts'
import type { MetricPoint } from './metric.ts'
import type { Param } from './param.ts'
import { pythonText } from './python-text.ts'
import type { Tag } from './tag.ts'
import type { EpochMs } from './time.ts'
import { validateLength, validateText } from './validate.ts'

/** In the order of MLflow's numbers, which start at 0 and are what is stored. */
export const LOGGED_MODEL_STATUSES = ['UNSPECIFIED', 'PENDING', 'READY', 'UPLOAD_FAILED'] as const
export type LoggedModelStatus = (typeof LOGGED_MODEL_STATUSES)[number]

/** A model as one training run, or none, left it: its files stand below `artifactUri`. Not a version in the registry. */
export interface LoggedModel {
  readonly modelId: ModelId
  readonly experimentId: ExperimentId
  readonly name: string
  readonly artifactUri: string
  readonly creationTime: EpochMs
  readonly lastUpdateTime: EpochMs
  readonly status: LoggedModelStatus
  readonly statusMessage: string
  readonly lifecycleStage: LifecycleStage
  /** `''` when none was given. */
  readonly modelType: string
  /** The run that made it, as the caller said: nobody checks that there is such a run. `''` for none. */
  readonly sourceRunId: string
  readonly params: readonly Param[]
  readonly tags: readonly Tag[]
  readonly metrics: readonly ModelMetric[]
}

/** A point of a run that was measured of a model, on a dataset or on none in particular. */
export interface ModelMetric extends MetricPoint {
  readonly runId: RunId
  readonly dataset: DatasetName | null
}

/** A dataset by its name and digest alone. */
export interface DatasetName {
  readonly name: string
  readonly digest: string
}

/** A point as it is logged to a run, which may say which model it was measured of. */
export interface LoggedPoint extends MetricPoint {
  readonly modelId?: ModelId
  readonly dataset?: DatasetName
}

export interface NewLoggedModel {
  readonly experimentId: ExperimentId
  /** Made up when left out. */
  readonly name?: string
  readonly modelType?: string
  readonly sourceRunId?: string
  readonly params?: readonly Param[]
  readonly tags?: readonly Tag[]
}

/** A model that a run was fed. */
export interface ModelInput {
  readonly modelId: ModelId
}

/** A model that a run made, at a step of it. */
export interface ModelOutput {
  readonly modelId: ModelId
  readonly step: number
}

/** Signs that would make a name a path, a URI or a quoted text. */
const FORBIDDEN = ['/', ':', '.', '%', '"', "'"] as const

/** Fails with INVALID_PARAMETER_VALUE. */
export function validateLoggedModelName(name: string): void {
  validateText(name, 'name')
  if (name === '' || FORBIDDEN.some((sign) => name.includes(sign)))
    throw invalid(
      `Invalid model name (${pythonText(name)}) provided. Model name must be a non-empty string and cannot contain the following ` +
        `characters: (${FORBIDDEN.map(pythonText).join(', ')})`
    )
  // MLflow's column holds as many, which SQLite does not heed: the bound is ours.
  validateLength('name', LIMITS.loggedModelNameLength, name)
}
