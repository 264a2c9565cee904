import type { BlobId, ExperimentId, ModelId, RunId } from './ids.ts'
import { invalid } from './errors.ts'
import { LIMITS } from './limits.ts'
import type { EpochMs } from './time.ts'

/** A file or folder under an artifact root. `path` is relative to that root, `/` between segments. */
export interface ArtifactEntry {
  readonly path: string
  readonly isDir: boolean
  /** Bytes; 0 for a folder. */
  readonly size: number
}

/** A stored file: where it stands and which blob holds its bytes. */
export interface ArtifactFile {
  readonly path: string
  readonly blobId: BlobId
  readonly size: number
  readonly mediaType: string
  readonly createdTime: EpochMs
}

/** The scheme under which this store serves artifacts, as MLflow's own proxy names it. */
export const ARTIFACT_SCHEME = 'mlflow-artifacts:/'

/** Where a new experiment's artifacts go. `root` is the URI the host was told, or this store's own. */
export const experimentArtifactLocation = (id: ExperimentId, root: string = ARTIFACT_SCHEME): string =>
  `${root.replace(/\/+$/, '')}/${id}`

export const runArtifactUri = (artifactLocation: string, runId: RunId): string =>
  `${artifactLocation.replace(/\/+$/, '')}/${runId}/artifacts`

/** Within an experiment's folder, beside those of its runs. */
export const MODELS_FOLDER = 'models'

export const modelArtifactUri = (artifactLocation: string, modelId: ModelId): string =>
  `${artifactLocation.replace(/\/+$/, '')}/${MODELS_FOLDER}/${modelId}/artifacts`

/** The path of an artifact URI below this store's artifact root, or null when the URI points elsewhere. */
export function artifactRootPath(artifactUri: string): string | null {
  if (!artifactUri.startsWith(ARTIFACT_SCHEME) || artifactUri.startsWith(`${ARTIFACT_SCHEME}/`)) return null
  return artifactUri.slice(ARTIFACT_SCHEME.length).replace(/\/+$/, '')
}

/** Rounds of percent-decoding tried before a path counts as hostile; MLflow tries as many. */
const DECODE_ROUNDS = 10
const INVALID_PATH = 'Invalid path'

/**
 * The one function every artifact path goes through, whichever door it came by.
 *
 * text     a path relative to an artifact root, possibly percent-encoded (any number of times); may end in one `/`
 * returns  the path, decoded, without a trailing `/`; `''` for the root when `allowRoot`
 * fails    INVALID_PARAMETER_VALUE `Invalid path` for anything that is absolute, climbs (`..`), holds `\`, `#`, `;`, NUL or another
 *          control character, an empty or `.` segment, a drive letter or scheme, or is too long
 * source   MLflow's validate_path_is_safe and the CVEs behind it
 */
export function parseArtifactPath(text: string, options: { readonly allowRoot?: boolean } = {}): string {
  const path = decodeFully(text).replace(/\/$/, '')
  if (path === '') {
    if (options.allowRoot && text === '') return ''
    throw invalid(INVALID_PATH)
  }
  if (path.length > LIMITS.artifactPathLength) throw invalid(INVALID_PATH)
  // eslint-disable-next-line no-control-regex -- control characters are exactly what is refused
  if (/[\u0000-\u001f\u007f\\#;]/.test(path) || /^(?:[a-zA-Z]?:|[a-zA-Z][\w+.-]*:\/)/.test(path))
    throw invalid(INVALID_PATH)
  for (const segment of path.split('/')) {
    if (segment === '' || segment === '.' || segment === '..' || segment.length > LIMITS.artifactSegmentLength)
      throw invalid(INVALID_PATH)
  }
  // A lone surrogate has no UTF-8 form, so no host could store the name it stands for.
  if (!path.isWellFormed()) throw invalid(INVALID_PATH)
  return path
}

/**
 * Percent-decode until nothing changes. A `%` that starts no valid sequence stays, as in `dog%step%100`; so do control characters other than
 * NUL, tab and the line ends, which no path means and which would otherwise make `%100` unreadable.
 */
function decodeFully(text: string): string {
  let current = text
  for (let round = 0; round < DECODE_ROUNDS; round++) {
    const next = current.replace(ESCAPES, (escapes) => {
      try {
        return decodeURIComponent(escapes)
      } catch {
        // Not UTF-8: decode byte by byte so that a hidden `..` or NUL between broken bytes is still seen.
        return escapes.replace(/%([0-7][0-9a-fA-F])/g, (_, hex: string) => String.fromCharCode(parseInt(hex, 16)))
      }
    })
    if (next === current) return current
    current = next
  }
  throw invalid(INVALID_PATH)
}

const ESCAPES = /(?:%(?!0[1-8bBcCeEfF]|1[0-9a-fA-F]|7[fF])[0-9a-fA-F]{2})+/g

export const baseName = (path: string): string => path.slice(path.lastIndexOf('/') + 1)
