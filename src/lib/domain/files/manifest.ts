/** `runnel.json`: what a file of experiments says of itself. docs/export-format.md is the grammar. */
import { RunnelError, invalid } from '../errors.ts'
import type { Json } from '../json.ts'
import { FILES, LIMITS } from '../limits.ts'
import { parseSubject, type SharedId } from '../sync/subject.ts'
import type { EpochMs } from '../time.ts'
import { damaged } from '../zip/zip-reader.ts'

/** It goes up when a Runnel that knows the older one could not read the newer. */
export const FILE_FORMAT = 1

export const MANIFEST_NAME = 'runnel.json'
export const factsName = (id: SharedId): string => `facts/${id}`
export const blobName = (id: string): string => `blobs/${id}`

export interface FiledExperiment {
  readonly id: SharedId
  /** As it was called when the file was written. */
  readonly name: string
}

export interface Manifest {
  readonly experiments: readonly FiledExperiment[]
  /** What wrote it: the program and its version. */
  readonly writtenBy: string
  readonly writtenTime: EpochMs
}

export function writeManifest({ experiments, writtenBy, writtenTime }: Manifest): string {
  return `${JSON.stringify({ format: FILE_FORMAT, writtenBy, writtenTime, experiments }, null, 1)}\n`
}

/** Fails with INVALID_PARAMETER_VALUE when it is of no such file or of a newer one, with DATA_LOSS when it cannot be read. */
export function parseManifest(text: string): Manifest {
  const body = objectOf(text)
  const { format, writtenBy, writtenTime, experiments } = body
  if (typeof format !== 'number' || !Number.isSafeInteger(format) || format < 1)
    throw invalid('This is no file of Runnel experiments.')
  if (format > FILE_FORMAT)
    throw new RunnelError(
      'NOT_IMPLEMENTED',
      `This file was written by a newer Runnel (format ${format}, this one reads ${FILE_FORMAT}). Reload this page, or update Runnel, and open it again.`
    )
  if (!Array.isArray(experiments) || experiments.length > FILES.experiments) throw damaged('it lists no experiments')
  const listed = experiments.map(experimentOf)
  if (new Set(listed.map(({ id }) => id)).size < listed.length) throw damaged('an experiment is in it twice')
  return {
    experiments: listed,
    writtenBy: typeof writtenBy === 'string' ? writtenBy.slice(0, 200) : '',
    writtenTime: typeof writtenTime === 'number' && Number.isFinite(writtenTime) ? writtenTime : 0
  }
}

function objectOf(text: string): Readonly<Record<string, Json>> {
  let body: Json
  try {
    body = JSON.parse(text) as Json
  } catch {
    throw damaged(`${MANIFEST_NAME} is no JSON`)
  }
  if (body === null || typeof body !== 'object' || Array.isArray(body)) throw damaged(`${MANIFEST_NAME} says nothing`)
  return body as Readonly<Record<string, Json>>
}

function experimentOf(value: Json): FiledExperiment {
  const { id, name } = (value ?? {}) as { readonly id?: Json; readonly name?: Json }
  if (
    typeof id !== 'string' ||
    parseSubject(`x${id}`) === null ||
    Number(id) > Number.MAX_SAFE_INTEGER ||
    Number(id) < 1
  )
    throw damaged('an experiment in it has no number')
  return { id: id as SharedId, name: typeof name === 'string' ? name.slice(0, LIMITS.experimentNameLength) : '' }
}
