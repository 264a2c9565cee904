/**
 * Where a model version may come from. A source is a URI its readers will follow, some of them inside the host, so one that points at
 * this store's own files must lie in the folder of the run or logged model it is said to come from.
 *
 * source  MLflow 3.17's handlers of model-versions/create, which is stricter than 3.11's: `mlflow-artifacts:` and `runs:` sources need
 *         their run or model too, and schemes that name a host to connect to are refused
 */
import { invalid, type RunnelError } from './errors.ts'

/** A URI cut as Python's urlparse cuts it, which is not how the Web does. */
export interface SourceUri {
  readonly text: string
  /** Lower case; `''` for a path. */
  readonly scheme: string
  readonly authority: string
  /** As it was sent, percent-encoding and all, without query and fragment. */
  readonly path: string
}

/** The run or logged model that a version is said to come from. */
export interface SourceOwner {
  readonly parameter: 'run_id' | 'model_id'
  /** `''` when none was named. */
  readonly id: string
  /** Null when there is none of that id. */
  readonly artifactUri: string | null
}

/** What a `models:/…` URI stands for. */
export type ModelUri =
  | { readonly kind: 'logged-model'; readonly modelId: string }
  | { readonly kind: 'version'; readonly name: string; readonly version: string }
  | { readonly kind: 'alias'; readonly name: string; readonly alias: string }
  /** The highest version, of one stage or of all. */
  | { readonly kind: 'latest'; readonly name: string; readonly stage: string | null }

export function parseSourceUri(text: string): SourceUri {
  const [, scheme = '', rest = ''] = /^(?:([a-zA-Z][a-zA-Z0-9+.-]*):)?([^]*)$/.exec(text) ?? []
  const [, authority = '', path = ''] = /^(?:\/\/([^/?#]*))?([^?#]*)/.exec(rest) ?? []
  return { text, scheme: scheme.toLowerCase(), authority, path }
}

/** The two texts MLflow itself writes as the source of a prompt's version, which has none. */
const PROMPT_SOURCES = ['prompt-template', 'dummy-source']

export function validatePromptSource(source: string): void {
  if (!PROMPT_SOURCES.includes(source))
    throw invalid(`Invalid prompt source: '${source}'. Prompt sources must use an MLflow placeholder.`)
}

/** Schemes whose URI names the host to connect to, whatever it is: whoever serves files of such a version could be sent anywhere. */
const HOST_SCHEMES = ['ftp', 'sftp', 'hdfs', 'viewfs', 'http', 'https', 'r2', 'b2', 'abfss']

/** MLflow's sentence goes on to name a switch of its own, which this store has not. */
export function refuseForeignHost({ scheme, authority }: SourceUri): void {
  if (HOST_SCHEMES.includes(scheme) || (scheme === 'mlflow-artifacts' && authority !== ''))
    throw invalid(
      `'source' cannot use the '${scheme}' scheme: the '${scheme}' scheme addresses a host other than the tracking server's ` +
        'configured artifact storage, so the server would connect to the host named in the URI.'
    )
}

/** `models:/<name>/<version, stage or latest>`, `models:/<name>@<alias>` or `models:/<model id>`. */
export function parseModelUri(uri: SourceUri): ModelUri {
  // Here a `#` is part of the name, as in MLflow.
  const path = uri.text.slice(uri.text.indexOf(':') + 1).split('?', 1)[0]!
  const parts = /^\/+([^]+)$/.exec(path)?.[1]?.split('/') ?? []
  const [name = '', suffix] = parts
  if (parts.length > 2 || name.trim() === '' || suffix?.trim() === '') throw mustOwn(uri.text, 'model_id')
  if (suffix === undefined) {
    const at = name.lastIndexOf('@')
    if (at < 0) return { kind: 'logged-model', modelId: name }
    if (name.slice(at + 1).trim() === '') throw mustOwn(uri.text, 'model_id')
    return { kind: 'alias', name: name.slice(0, at), alias: name.slice(at + 1) }
  }
  if (/^\d+$/.test(suffix)) return { kind: 'version', name, version: suffix }
  return { kind: 'latest', name, stage: suffix.toLowerCase() === 'latest' ? null : suffix }
}

/**
 * Whether a source of any scheme but `models:/<name>/…` may be a version's, given where it is said to come from.
 *
 * - a path or `file:` URI must lie inside the owner's folder, and that folder be one on disk
 * - `mlflow-artifacts:` must lie inside the owner's folder; `runs:` and `models:` must name the owner
 * - any other must be absolute and hold no `.` or `..`, however encoded
 */
export function validateSource(uri: SourceUri, owner: SourceOwner): void {
  if (isLocal(uri)) {
    if (!isInsideFolder(uri, owner.artifactUri)) throw outsideFolder(uri.text, owner.parameter)
    return
  }
  refuseRelative(uri)
  if (!isOwned(uri, owner)) throw mustOwn(uri.text, owner.parameter)
}

function isOwned({ scheme, authority, path }: SourceUri, { parameter, id, artifactUri }: SourceOwner): boolean {
  const [first = ''] = path.slice(1).split('/', 1)
  switch (scheme) {
    case 'runs':
      return parameter === 'run_id' && id !== '' && authority === '' && first === id
    case 'models':
      return parameter === 'model_id' && id !== '' && authority === '' && first === id
    case 'mlflow-artifacts': {
      const root = parseSourceUri(artifactUri ?? '')
      return root.scheme === scheme && root.authority === authority && isBelow(segments(path), segments(root.path))
    }
    default:
      return true
  }
}

// ── local paths ─────────────────────────────────────────────────────────────────────────────────────────────────────────────────

/** A scheme of one letter is a drive, on whatever system this runs. */
const isLocal = ({ scheme }: SourceUri): boolean => scheme.length < 2 || scheme === 'file'

/** MLflow resolves `..` and relative paths in the server's own folder; here neither is a place inside any other. */
function isInsideFolder(uri: SourceUri, artifactUri: string | null): boolean {
  const root = parseSourceUri(artifactUri ?? '')
  if (!isLocal(root) || !isHere(root) || !isHere(uri)) return false
  const [inside, folder] = [segments(uri.path), segments(root.path)]
  return !inside.some((segment) => segment === '..' || segment.includes('\0')) && isBelow(inside, folder)
}

const isHere = ({ authority, path }: SourceUri): boolean =>
  path.startsWith('/') && (authority === '' || /^(?:localhost|127\.0\.0\.1)(?::\d*)?$/i.test(authority))

// ── paths ───────────────────────────────────────────────────────────────────────────────────────────────────────────────────────

/** A folder of no segments is the whole disk or store, and nobody's own. */
const isBelow = (path: readonly string[], folder: readonly string[]): boolean =>
  folder.length > 0 && folder.every((segment, at) => path[at] === segment)

/** The segments of a path, decoded; empty ones and `.` mean nothing. */
function segments(path: string): string[] {
  const decoded = decodeFully(path, decodeOnce)
  return (decoded ?? '..').split('/').filter((segment) => segment !== '' && segment !== '.')
}

function refuseRelative({ text }: SourceUri): void {
  const decoded = decodeFully(text, (part) => decodeOnce(part.replaceAll('+', ' ')))
  const path = parseSourceUri(decoded ?? '').path.replace(/\/+$/, '')
  const isAbsolute = decoded !== null && path.startsWith('/') && !/\/\.\.?(?:\/|$)/.test(path)
  // eslint-disable-next-line no-control-regex -- control characters are what no address holds
  if (!isAbsolute || decoded.split('/').includes('..') || /[\u0000-\u001f\u007f]/.test(decoded))
    throw invalid(
      `Invalid model version source: '${text}'. If supplying a source as an http, https, local file path, ftp, objectstore, or ` +
        'mlflow-artifacts uri, an absolute path must be provided without relative path references present. ' +
        'Please provide an absolute path.'
    )
}

/** Rounds of percent-decoding before a text counts as hostile. */
const DECODE_ROUNDS = 10

/** Null for what is still encoded after all rounds. */
function decodeFully(text: string, decode: (text: string) => string): string | null {
  let current = text
  for (let round = 0; round < DECODE_ROUNDS; round++) {
    const next = decode(current)
    if (next === current) return current
    current = next
  }
  return null
}

/** Bytes that are not UTF-8 become U+FFFD, as in Python: they can hide no dot and no slash. */
const decodeOnce = (text: string): string =>
  text.replace(/(?:%[0-9a-fA-F]{2})+/g, (escapes) =>
    UTF8.decode(Uint8Array.from(escapes.slice(1).split('%'), (hex) => parseInt(hex, 16)))
  )

const UTF8 = new TextDecoder('utf-8', { ignoreBOM: true })

// ── refusals ────────────────────────────────────────────────────────────────────────────────────────────────────────────────────

const outsideFolder = (source: string, parameter: SourceOwner['parameter']): RunnelError =>
  invalid(
    `Invalid model version source: '${source}'. To use a local path as a model version source, the ${parameter} request parameter ` +
      'has to be specified and the local path has to be contained within the artifact directory of the run specified by the ' +
      `${parameter}.`
  )

const mustOwn = (source: string, parameter: SourceOwner['parameter']): RunnelError =>
  invalid(
    `Invalid model version source: '${source}'. The ${parameter} request parameter must identify the resource that contains the source.`
  )
