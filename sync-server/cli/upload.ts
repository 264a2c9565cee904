import { openAsBlob } from 'node:fs'
import { copyFile, mkdir, readdir, stat } from 'node:fs/promises'
import { dirname, isAbsolute, join, relative } from 'node:path'
import { fileURLToPath } from 'node:url'
import { artifactRootPath, parseArtifactPath } from '#lib/domain/artifact.ts'
import { RunnelError } from '#lib/domain/errors.ts'
import type { Io } from './io.ts'
import { fieldsOf, textOf } from './pages-of.ts'
import { showProgress } from './progress.ts'
import type { Tracking } from './tracking.ts'

/** A file of this machine, and its path among what is logged, with `/`. */
export interface LocalFile {
  readonly file: string
  readonly path: string
}

interface Upload {
  readonly runId: string
  /** Inside the run's artifacts; empty for their root. */
  readonly folder: string
  readonly files: readonly LocalFile[]
}

/** All files in a folder and below it, in order. */
export const filesUnder = async (folder: string): Promise<LocalFile[]> => {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true }).catch(() => {
    throw new RunnelError('RESOURCE_DOES_NOT_EXIST', `There is no folder ${folder}.`)
  })
  return entries
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
    .sort()
    .map((file) => ({ file, path: relative(folder, file).replaceAll('\\', '/') }))
}

/**
 * Log files to a run: through the store, or straight to the folder its artifacts are in, as MLflow's client does.
 *
 * returns  their paths inside the run's artifacts, in the order of `files`
 * fails    at the first that cannot be logged; those before it are
 */
export const uploadFiles = async (tracking: Tracking, io: Io, { runId, folder, files }: Upload): Promise<string[]> => {
  const { run } = await tracking.get('runs/get', { run_id: runId })
  const put = destination(tracking, textOf(fieldsOf(fieldsOf(run)['info'])['artifact_uri']))
  const base = parseArtifactPath(folder, { allowRoot: true })
  const logged: string[] = []
  for (const { file, path } of files) {
    const place = parseArtifactPath(base === '' ? path : `${base}/${path}`)
    const size = await sizeOf(file)
    const progress = showProgress(io, place, size)
    try {
      await put(place, file)
    } finally {
      progress.done()
    }
    logged.push(place)
  }
  return logged
}

type Put = (path: string, file: string) => Promise<unknown>

const destination = (tracking: Tracking, artifactUri: string): Put => {
  if (artifactUri.startsWith('file:') || isAbsolute(artifactUri)) {
    const root = isAbsolute(artifactUri) ? artifactUri : fileURLToPath(artifactUri)
    return async (path, file) => {
      const target = join(root, ...path.split('/'))
      await mkdir(dirname(target), { recursive: true })
      await copyFile(file, target)
    }
  }
  const root = artifactRootPath(artifactUri)
  if (root === null)
    throw new RunnelError(
      'NOT_IMPLEMENTED',
      `The artifacts of this run are in ${artifactUri}, which this command cannot reach.`
    )
  return async (path, file) => {
    const url = [...root.split('/'), ...path.split('/')].filter(Boolean).map(encodeURIComponent).join('/')
    // Read from the disk while it is sent.
    const body = await openAsBlob(file)
    return tracking.fetch(`/api/2.0/mlflow-artifacts/artifacts/${url}`, { method: 'PUT', body })
  }
}

const sizeOf = async (file: string): Promise<number> => {
  const found = await stat(file).catch(() => null)
  if (!found?.isFile()) throw new RunnelError('RESOURCE_DOES_NOT_EXIST', `There is no file ${file}.`)
  return found.size
}
