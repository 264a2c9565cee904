import { randomUUID } from 'node:crypto'
import { createWriteStream } from 'node:fs'
import { mkdir, rename, rm } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { Readable, Transform } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import type { ReadableStream } from 'node:stream/web'
import { parseArtifactPath } from '#lib/domain/artifact.ts'
import { absent } from '#lib/domain/errors.ts'
import type { Io } from './io.ts'
import { listOf, textOf } from './pages-of.ts'
import { showProgress } from './progress.ts'
import type { Tracking } from './tracking.ts'

interface Download {
  readonly runId: string
  /** A file or folder inside the run's artifacts; empty for all of them. */
  readonly path: string
  /** The folder of this machine they are put in, under the path they have in the run. */
  readonly into: string
}

/**
 * Download an artifact, or all in a folder of them.
 *
 * returns  where it lies now
 * fails    RESOURCE_DOES_NOT_EXIST when there is nothing; a file is there whole or not at all
 */
export const downloadArtifacts = async (
  tracking: Tracking,
  io: Io,
  { runId, path, into }: Download
): Promise<string> => {
  const root = parseArtifactPath(path, { allowRoot: true })
  const found = await filesOf(tracking, runId, root)
  const files = found.length > 0 || root === '' ? found : [root]
  await mkdir(into, { recursive: true })
  for (const file of files) await downloadFile(tracking, io, { runId, path: file, into })
  return placeOf(into, root)
}

/** All files below a folder; none when it is a file. */
const filesOf = async (tracking: Tracking, runId: string, folder: string): Promise<string[]> => {
  const { files } = await tracking.get('artifacts/list', { run_id: runId, path: folder })
  const found: string[] = []
  for (const entry of listOf(files)) {
    // What a host calls its files is not to say where on this machine they go.
    const path = parseArtifactPath(textOf(entry['path']))
    // MLflow lists a file as its own only child.
    if (path === folder) continue
    if (entry['is_dir'] === true) found.push(...(await filesOf(tracking, runId, path)))
    else found.push(path)
  }
  return found
}

const downloadFile = async (tracking: Tracking, io: Io, { runId, path, into }: Download): Promise<void> => {
  const response = await tracking.fetch(`/get-artifact?${new URLSearchParams({ run_id: runId, path })}`)
  if (response.body === null) throw absent(`No such artifact: ${path}`)
  const place = placeOf(into, path)
  // Under a name that nothing has: another artifact, or a file of the reader's, may end in .part.
  const arriving = `${place}.${randomUUID()}.part`
  const size = Number(response.headers.get('content-length') ?? NaN)
  const progress = showProgress(io, path, Number.isNaN(size) ? null : size)
  await mkdir(dirname(place), { recursive: true })
  try {
    const count = new Transform({
      transform: (chunk: Buffer, _, next) => {
        progress.add(chunk.byteLength)
        next(null, chunk)
      }
    })
    await pipeline(Readable.fromWeb(response.body as ReadableStream), count, createWriteStream(arriving))
    await rename(arriving, place)
  } catch (error) {
    await rm(arriving, { force: true })
    throw error
  } finally {
    progress.done()
  }
}

const placeOf = (into: string, path: string): string => join(into, ...path.split('/'))
