import { invalid } from './errors.ts'
import { LIMITS } from './limits.ts'
import { PROMPT_TEXT_TAG, validateRegistryTag } from './registered-model.ts'
import type { Tag } from './tag.ts'
import type { EpochMs } from './time.ts'
import { validateInteger } from './validate.ts'

/** In MLflow's order. Staging and Production are the active ones. */
export const STAGES = ['None', 'Staging', 'Production', 'Archived'] as const
export type Stage = (typeof STAGES)[number]

export const ACTIVE_STAGES = ['Staging', 'Production'] as const satisfies readonly Stage[]

/** What stands as the stage of a deleted version, whose row is kept so that its number is not used again. */
export const DELETED_STAGE = 'Deleted_Internal'

export type ModelVersionStatus = 'READY' | 'PENDING_REGISTRATION' | 'FAILED_REGISTRATION'

/** One numbered state of a registered model. */
export interface ModelVersion {
  readonly name: string
  /** From 1. */
  readonly version: number
  /** Taken while the host that gives numbers was away: it may become another. */
  readonly isProvisional: boolean
  readonly creationTime: EpochMs
  readonly lastUpdateTime: EpochMs
  /** Null once it was taken away; `''` when none was given. */
  readonly description: string | null
  readonly userId: string | null
  readonly stage: string
  /** Where the model came from, as the caller said. */
  readonly source: string
  /** The run that made it, as the caller said: nobody checks that there is such a run. `''` for none. */
  readonly runId: string | null
  readonly runLink: string | null
  readonly status: ModelVersionStatus
  readonly statusMessage: string | null
  readonly tags: readonly Tag[]
  /** Empty in lists, where MLflow leaves them out. */
  readonly aliases: readonly string[]
}

export interface NewModelVersion {
  readonly name: string
  readonly source: string
  /** Not given is one thing, `''` another: a `models:/…` source brings its run along only when none is given. */
  readonly runId?: string | undefined
  readonly modelId?: string | undefined
  readonly runLink?: string | undefined
  readonly description?: string | undefined
  /** Of equal keys the last wins. */
  readonly tags?: readonly Tag[]
}

/** On a logged model: the versions registered of it, as JSON. */
export const MODEL_VERSIONS_TAG = 'mlflow.modelVersions'

/** A stage in any case. Fails with INVALID_PARAMETER_VALUE. */
export function parseStage(text: string): Stage {
  const stage = STAGES.find((known) => known.toLowerCase() === text.toLowerCase())
  if (stage === undefined)
    throw invalid(`Invalid Model Version stage: ${text}. Value must be one of ${STAGES.join(', ')}.`)
  return stage
}

/** What Python's `int` reads of ASCII digits: spaces around, a sign, single underscores between. */
const INTEGER = /^\s*[+-]?\d+(?:_\d+)*\s*$/

/** A version's number, which may be of none there is. Fails with INVALID_PARAMETER_VALUE. */
export function parseVersion(text: string): number {
  if (!INTEGER.test(text)) throw invalid(`Parameter 'version' must be an integer, got '${text}'.`)
  const version = Number(text.replaceAll('_', ''))
  // MLflow answers 500 to a number past 64 bits.
  validateInteger(version, 'version')
  return version + 0
}

export function validateVersionTag(tag: Tag): void {
  if (tag.key === PROMPT_TEXT_TAG && tag.value.length > LIMITS.registryTagValueLength)
    throw invalid(`Prompt text exceeds max length of ${LIMITS.registryTagValueLength} characters.`)
  validateRegistryTag(tag)
}
