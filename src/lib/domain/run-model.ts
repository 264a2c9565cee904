import type { ModelId } from './ids.ts'
import type { LoggedModelStatus } from './logged-model.ts'

/** A logged model as the page of a run shows it. */
export interface RunModel {
  readonly modelId: ModelId
  readonly name: string
  /** `''` when none was given. */
  readonly modelType: string
  readonly status: LoggedModelStatus
  /** Whether the run made it or was fed it. */
  readonly role: 'output' | 'input'
  /** What was registered of it, by name and version. */
  readonly versions: readonly RunModelVersion[]
}

/** A version in the registry as the page of a run shows it. */
export interface RunModelVersion {
  readonly name: string
  readonly version: number
  /** It may become another. */
  readonly isProvisional: boolean
  readonly stage: string
  /** In the order of their names. */
  readonly aliases: readonly string[]
}

export interface RunModels {
  /** What it made, then what it was fed; deleted models are left out. */
  readonly models: readonly RunModel[]
  /** What was registered of its files without a logged model in between. */
  readonly versions: readonly RunModelVersion[]
}
