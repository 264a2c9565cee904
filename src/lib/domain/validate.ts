/**
 * What may be logged: MLflow's rules for keys, lengths, batches and values, with its texts to the letter.
 *
 * Pure checks of text and limits; whether a run exists or is active is the store's business, and so is cutting long values. Every door
 * calls these before it opens a transaction. `path` says which part of a request is meant (`metrics[1]`); '' for a single item.
 * All of them fail with INVALID_PARAMETER_VALUE unless they say otherwise.
 *
 * source  mlflow/utils/validation.py at 3.11, as measured on the wire
 */
import { artifactRootPath, parseArtifactPath } from './artifact.ts'
import type { DatasetInput } from './dataset.ts'
import { RunnelError, invalid } from './errors.ts'
import { LIMITS } from './limits.ts'
import type { MetricPoint, Point } from './metric.ts'
import type { Param } from './param.ts'
import { pythonFloat, pythonJson } from './python-text.ts'
import type { Tag } from './tag.ts'

export interface Batch {
  readonly metrics: readonly MetricPoint[]
  readonly params: readonly Param[]
  readonly tags: readonly Tag[]
}

// ── keys ────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────

/** Python's `\w` is letters, numbers and `_`, without combining marks; its `$` lets one trailing newline pass. */
const KEY = /^[/\p{L}\p{N}_.\- :]*\n?$/u
const BAD_CHARACTER =
  'Names may only contain alphanumerics, underscores (_), dashes (-), periods (.), spaces ( ), colon(:) and slashes (/).'
const BAD_PATH =
  'Names may be treated as files in certain cases, and must not resolve to other names when treated as such.'

export function validateMetricKey(key: string, path = ''): void {
  validateKey(key, field(path, 'name'))
  validateLength('Metric name', LIMITS.metricKeyLength, key)
}

export function validateParamKey(key: string, path = ''): void {
  validateKey(key, field(path, 'key'))
  validateLength('Param key', LIMITS.paramKeyLength, key)
}

/** Run tags and experiment tags. */
export function validateTagKey(key: string, path = ''): void {
  validateKey(key, field(path, 'key'))
  validateLength(field(path, 'key'), LIMITS.tagKeyLength, key)
}

function validateKey(key: string, name: string): void {
  if (key === '') throw missing(name)
  if (!KEY.test(key)) throw invalidValue(name, key, BAD_CHARACTER)
  validateFileName(key, name)
}

/** MLflow keeps some names as files: one must not resolve to another. */
export function validateFileName(text: string, name: string): void {
  const resolved = normalizePath(text)
  if (resolved !== text || resolved === '.' || resolved.startsWith('..') || resolved.startsWith('/'))
    throw invalidValue(name, text, `${BAD_PATH} This name would resolve to '${resolved}'`)
}

/** Python's posixpath.normpath: exactly two leading slashes stay two. */
function normalizePath(path: string): string {
  const root = /^\/{2}(?!\/)/.test(path) ? '//' : path.startsWith('/') ? '/' : ''
  const kept: string[] = []
  for (const segment of path.split('/')) {
    if (segment === '' || segment === '.') continue
    if (segment === '..' && kept.length > 0 && kept.at(-1) !== '..') kept.pop()
    else if (segment !== '..' || root === '') kept.push(segment)
  }
  return root + kept.join('/') || '.'
}

// ── values ──────────────────────────────────────────────────────────────────────────────────────────────────────────────────────

/** NaN and ±Infinity are values like any other. */
export function validateMetricPoint(point: MetricPoint, path = ''): void {
  validateMetricKey(point.key, path)
  validatePoint(point.key, point, path)
}

/** One point of a series whose key has been checked: series arrive in columns, and their key once. */
export function validatePoint(key: string, { step, timestamp, value, exact }: Point, path = ''): void {
  const shown = () => `metric '${key}' (value=${pythonFloat(value)}).`
  if (typeof value !== 'number')
    throw invalidValue(
      field(path, 'value'),
      value,
      `(timestamp=${timestamp}). Please specify value as a valid double (64-bit floating point)`
    )
  if (typeof timestamp !== 'number' || !(timestamp >= 0))
    throw invalidValue(
      field(path, 'timestamp'),
      timestamp,
      `${shown()} Timestamp must be a nonnegative long (64-bit integer) `
    )
  if (!exact) validateInteger(timestamp, field(path, 'timestamp'))
  if (typeof step !== 'number' || Number.isNaN(step))
    throw invalidValue(field(path, 'step'), step, `${shown()} Step must be a valid long (64-bit integer).`)
  if (!exact) validateInteger(step, field(path, 'step'))
}

/**
 * Most integers live as doubles: outside ±2^53 they would be changed in silence, as MLflow's int64 would not. Refusing them is ours; the steps
 * and times of points are kept whatever they are.
 */
export function validateInteger(value: number, name: string): void {
  if (Number.isSafeInteger(value)) return
  if (Number.isFinite(value) && !Number.isInteger(value)) throw invalidValue(name, value, 'It must be an integer.')
  throw invalid(`Parameter '${name}' is outside ±${Number.MAX_SAFE_INTEGER}, the integers this store keeps exactly.`)
}

export function validateParam({ key, value }: Param, path = ''): void {
  validateParamKey(key, path)
  validateText(value, field(path, 'value'))
}

export function validateRunTag({ key, value }: Tag, path = ''): void {
  validateTagKey(key, path)
  validateText(value, field(path, 'value'))
}

/** Long values of experiment tags are refused, never cut. */
export function validateExperimentTag({ key, value }: Tag): void {
  validateTagKey(key)
  validateText(value, 'value')
  validateLength('value', LIMITS.experimentTagValueLength, value)
}

/** A lone surrogate has no UTF-8 form: engines would each store something else in its place. */
export function validateText(text: string, name: string): void {
  if (!text.isWellFormed()) throw invalidValue(name, text, 'It must be well-formed Unicode text.')
}

// ── batches ─────────────────────────────────────────────────────────────────────────────────────────────────────────────────────

/** Everything a log-batch request must satisfy before the store is asked, in MLflow's order. */
export function validateBatch({ metrics, params, tags }: Batch): void {
  metrics.forEach((point, index) => validateMetricPoint(point, `metrics[${index}]`))
  params.forEach((param, index) => validateParam(param, `params[${index}]`))
  tags.forEach((tag, index) => validateRunTag(tag, `tags[${index}]`))
  validateBatchSize('metrics', metrics.length, LIMITS.batchMetrics)
  validateBatchSize('params', params.length, LIMITS.batchParams)
  validateBatchSize('tags', tags.length, LIMITS.batchTags)
  validateBatchSize('metrics, params, and tags', metrics.length + params.length + tags.length, LIMITS.batchTotal)
  validateDistinctParams(params)
}

function validateBatchSize(what: string, length: number, most: number): void {
  if (length > most)
    throw invalid(
      `A batch logging request can contain at most ${most} ${what}. Got ${length} ${what}. ` +
        `Please split up ${what} across multiple requests and try again.`
    )
}

/** The same key twice is refused even with equal values, as in MLflow. */
export function validateDistinctParams(params: readonly Param[]): void {
  const repeated = repeatedKeys(params)
  if (repeated.length > 0)
    throw invalid(
      `Duplicate parameter keys have been submitted: ${pythonList(repeated)}. ` +
        'Please ensure the request contains only one param value per param key.'
    )
}

/** Tags given when something is created are not checked (MLflow's rule), but a key may stand only once: BAD_REQUEST. */
export function validateNewTags(tags: readonly Tag[]): void {
  const repeated = repeatedKeys(tags)
  if (repeated.length > 0)
    throw new RunnelError('BAD_REQUEST', `Duplicate tag keys have been submitted: ${pythonList(repeated)}.`)
}

function repeatedKeys(items: readonly { readonly key: string }[]): string[] {
  const seen = new Set<string>()
  const repeated = new Set<string>()
  for (const { key } of items) (seen.has(key) ? repeated : seen).add(key)
  return [...repeated]
}

const pythonList = (texts: readonly string[]): string => `[${texts.map((text) => `'${text}'`).join(', ')}]`

// ── experiments and datasets ────────────────────────────────────────────────────────────────────────────────────────────────────

export function validateExperimentName(name: string, path = 'name'): void {
  if (name === '') throw missing(path)
  validateText(name, path)
  validateLength('name', LIMITS.experimentNameLength, name)
}

/** `''` stands for the default location. A location of this store's own scheme must be a path it can serve. */
/** The schemes whose last segment may end in `;params`; in a bucket's name of a file a semicolon is a letter like any other. */
const HAS_PARAMS = /^(?:https?:|s?ftp:|hdl:|prospero:|shttp:|rtsps?:|sips?:|mms:|tel:|(?![a-z][a-z0-9+.-]*:))/i

export function validateArtifactLocation(location: string): void {
  const name = 'artifact_location'
  validateText(location, name)
  if (location.length > LIMITS.artifactLocationLength)
    throw invalid(
      'Invalid artifact path length. The length of the artifact path cannot be greater than ' +
        `${LIMITS.artifactLocationLength} characters.`
    )
  if (/^runs:/i.test(location)) throw invalid(`Artifact location cannot be a runs:/ URI. Given: '${location}'`)
  const [, path = '', query = '', fragment = ''] = /^([^?#]*)\??([^#]*)#?([^]*)$/.exec(location) ?? []
  if (fragment !== '' || (path.includes(';') && HAS_PARAMS.test(path)))
    throw invalid("'artifact_location' URL can't include fragments or params.")
  if (/(?:\.|%2e){2}/i.test(query)) throw invalid('Invalid query string')
  const root = artifactRootPath(location)
  if (root !== null) parseArtifactPath(root, { allowRoot: true })
}

export function validateDatasetInput({ dataset, tags }: DatasetInput, path = ''): void {
  const at = field(path, 'dataset')
  if (dataset.name === '') throw missing(field(at, 'name'))
  bounded('name', LIMITS.datasetNameLength, dataset.name, at)
  bounded('digest', LIMITS.datasetDigestLength, dataset.digest, at)
  bounded('source_type', LIMITS.datasetSourceTypeLength, dataset.sourceType, at)
  bounded('source', LIMITS.datasetSourceLength, dataset.source, at)
  bounded('schema', LIMITS.datasetSchemaLength, dataset.schema ?? '', at)
  bounded('profile', LIMITS.datasetProfileLength, dataset.profile ?? '', at)
  tags.forEach((tag, index) => {
    const tagPath = field(path, `tags[${index}]`)
    if (tag.key === '') throw missing(field(tagPath, 'key'))
    bounded('key', LIMITS.inputTagKeyLength, tag.key, tagPath)
    bounded('value', LIMITS.inputTagValueLength, tag.value, tagPath)
  })
  validateNewTags(tags)
}

function bounded(name: string, most: number, text: string, path: string): void {
  validateText(text, field(path, name))
  validateLength(name, most, text)
}

// ── texts ───────────────────────────────────────────────────────────────────────────────────────────────────────────────────────

export const SEE_DOCS = 'See the API docs for more information about request parameters.'

/** Absent, null and empty all count as missing. */
export const missing = (name: string): RunnelError =>
  invalid(`Missing value for required parameter '${name}'. ${SEE_DOCS}`)

/** A value of the wrong type; `typeName` is what Python calls the type it has. The two spaces are MLflow's. */
export const wrongType = (name: string, value: unknown, typeName: string): RunnelError =>
  invalidValue(name, value, ` Hint: Value was of type '${typeName}'. ${SEE_DOCS}`)

export const invalidValue = (name: string, value: unknown, why: string): RunnelError =>
  invalid(`Invalid value ${pythonJson(value)} for parameter '${name}' supplied: ${why}`)

const field = (path: string, name: string): string => (path === '' ? name : `${path}.${name}`)

export function validateLength(name: string, most: number, text: string): void {
  if (text.length > most) throw invalid(`'${name}' exceeds the maximum length of ${most} characters`)
}
