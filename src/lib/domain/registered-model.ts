/** Names in the model registry, and what may be said of them: MLflow's rules with its texts, checked by every door before it writes. */
import { invalid } from './errors.ts'
import { LIMITS } from './limits.ts'
import type { ModelVersion } from './model-version.ts'
import type { Tag } from './tag.ts'
import type { EpochMs } from './time.ts'
import { validateFileName, validateLength, validateTagKey, validateText } from './validate.ts'

/** A name in the registry under which versions of a model are kept. */
export interface RegisteredModel {
  readonly name: string
  /** Null when it was never set; MLflow shows that and `''` alike. */
  readonly description: string | null
  readonly creationTime: EpochMs
  readonly lastUpdateTime: EpochMs
  /** The highest version of each stage, the stage of the lowest version first. Their own aliases are left out, as in MLflow. */
  readonly latestVersions: readonly ModelVersion[]
  readonly tags: readonly Tag[]
  readonly aliases: readonly Alias[]
}

/** A name for one version of a model that can be moved to another. */
export interface Alias {
  readonly alias: string
  readonly version: number
}

export interface NewRegisteredModel {
  readonly name: string
  readonly description?: string
  /** Of equal keys the last wins. */
  readonly tags?: readonly Tag[]
}

/** Prompts live among the registered models: this tag, being `true`, tells them apart. */
export const IS_PROMPT_TAG = 'mlflow.prompt.is_prompt'
/** A prompt's text, a tag of its version. */
export const PROMPT_TEXT_TAG = 'mlflow.prompt.text'

export const isPrompt = (tags: readonly Tag[]): boolean =>
  tags.findLast((tag) => tag.key === IS_PROMPT_TAG)?.value.toLowerCase() === 'true'

/** `field` is what the request calls it. Fails with INVALID_PARAMETER_VALUE, as all of these do. */
export function validateModelName(name: string, field = 'name'): void {
  if (name.trim() === '') throw invalid(`Missing value for required parameter '${field}'.`)
  validateText(name, field)
  if (/[/:]/.test(name)) throw invalid(`Invalid model name '${name}'. Names cannot contain '/' or ':'.`)
  validateFileName(name, 'name')
}

/** Longer values are refused, never cut. */
export function validateRegistryTag({ key, value }: Tag): void {
  validateTagKey(key)
  validateText(value, 'value')
  validateLength('value', LIMITS.registryTagValueLength, value)
}

/** Python's `\w` is letters, numbers and `_`, without combining marks; its `$` lets one trailing newline pass. */
const ALIAS = /^[\p{L}\p{N}_-]*\n?$/u
const VERSION_ALIAS = /^v\p{Nd}+\n?$/iu

/** An alias that is asked for or deleted: reserved ones are too. */
export function validateAlias(alias: string): void {
  if (alias === '') throw invalid('Registered model alias name cannot be empty.')
  if (!ALIAS.test(alias))
    throw invalid(
      `Invalid alias name: '${alias}'. Names may only contain alphanumerics, underscores (_), and dashes (-).`
    )
  validateLength('Registered model alias name', LIMITS.aliasLength, alias)
}

/** An alias that is set. */
export function validateNewAlias(alias: string): void {
  validateAlias(alias)
  if (isLatestAlias(alias)) throw invalid("'latest' alias name (case insensitive) is reserved.")
  if (VERSION_ALIAS.test(alias)) throw invalid(`Version alias name '${alias}' is reserved.`)
}

/** It stands for the highest version of all, wherever an alias is read. */
export const isLatestAlias = (alias: string): boolean => alias.toLowerCase() === 'latest'
