import { artifactRootPath, MODELS_FOLDER, type ArtifactEntry, type ArtifactFile } from '#lib/domain/artifact.ts'
import { invalid } from '#lib/domain/errors.ts'
import { isModelId, isRunId, type BlobId, type ExperimentId } from '#lib/domain/ids.ts'
import type { Selectable } from 'kysely'
import { chunks } from './chunks.ts'
import type { Reader, Tx } from './database.ts'
import type { ArtifactsTable } from './schema.ts'

/**
 * Point a path at a blob that is already durable; an older file of that path is replaced.
 * Fails with INVALID_PARAMETER_VALUE when the path runs through a file, or a folder stands there.
 */
export async function putArtifact(tx: Tx, file: ArtifactFile): Promise<void> {
  await refuseClash(tx, file.path)
  const row = {
    blob_id: file.blobId,
    size_bytes: file.size,
    media_type: file.mediaType,
    created_time: file.createdTime
  }
  await tx.db
    .insertInto('runnel_artifacts')
    .values({ path: file.path, ...row })
    .onConflict((conflict) => conflict.column('path').doUpdateSet(row))
    .execute()
  touch(tx, file.path)
}

async function refuseClash(tx: Tx, path: string): Promise<void> {
  const segments = path.split('/')
  const parents = segments.slice(1).map((_, i) => segments.slice(0, i + 1).join('/'))
  if (parents.length > 0) {
    const file = await tx.db
      .selectFrom('runnel_artifacts')
      .select('path')
      .where('path', 'in', parents)
      .executeTakeFirst()
    if (file) throw invalid(`Invalid path: '${file.path}' is a file, so nothing can stand below it.`)
  }
  const child = await below(tx, path).select('path').limit(1).executeTakeFirst()
  if (child) throw invalid(`Invalid path: '${path}' is a folder.`)
}

export async function findArtifact(r: Reader, path: string): Promise<ArtifactFile | null> {
  const row = await r.db.selectFrom('runnel_artifacts').selectAll().where('path', '=', path).executeTakeFirst()
  return row ? rowToFile(row) : null
}

/** Every file below a folder, in the order of their paths. */
export async function artifactsBelow(r: Reader, dirPath: string): Promise<ArtifactFile[]> {
  const rows = await below(r, dirPath).selectAll().orderBy('path').execute()
  return rows.map(rowToFile)
}

/** What stands directly in a folder, folders and files in one binary text order, with full paths. Empty for a file or nothing. */
export async function listArtifacts(r: Reader, dirPath: string): Promise<ArtifactEntry[]> {
  const prefix = dirPath === '' ? '' : `${dirPath}/`
  const rows = await below(r, dirPath).select(['path', 'size_bytes']).orderBy('path').execute()
  const entries = new Map<string, ArtifactEntry>()
  for (const { path, size_bytes } of rows) {
    const rest = path.slice(prefix.length)
    const slash = rest.indexOf('/')
    if (slash < 0) entries.set(path, { path, isDir: false, size: size_bytes })
    else {
      const folder = prefix + rest.slice(0, slash)
      if (!entries.has(folder)) entries.set(folder, { path: folder, isDir: true, size: 0 })
    }
  }
  return [...entries.values()]
}

/**
 * Remove a file, or a folder with all below it, except what stands below one of the folders in `kept`; nothing there is fine.
 * The blobs go with the next sweep.
 */
export async function deleteArtifacts(tx: Tx, path: string, kept: readonly string[] = []): Promise<void> {
  tx.makeRoom()
  const inside = kept.filter((folder) => folder === path || folder.startsWith(`${path}/`))
  if (inside.length > 0) return deleteAround(tx, path, inside)
  const { numDeletedRows } = await tx.db
    .deleteFrom('runnel_artifacts')
    .where((eb) => eb.or([eb('path', '=', path), eb.and([eb('path', '>=', `${path}/`), eb('path', '<', `${path}0`)])]))
    .executeTakeFirst()
  if (numDeletedRows > 0n) touch(tx, path)
}

async function deleteAround(tx: Tx, path: string, kept: readonly string[]): Promise<void> {
  const rows = await below(tx, path).select('path').execute()
  const folders = new Set(kept)
  const isKept = (file: string): boolean => {
    for (let slash = file.length; slash > 0; slash = file.lastIndexOf('/', slash - 1))
      if (folders.has(file.slice(0, slash))) return true
    return false
  }
  const gone = rows.map((row) => row.path).filter((file) => !isKept(file))
  for (const part of chunks(gone)) await tx.db.deleteFrom('runnel_artifacts').where('path', 'in', part).execute()
  if (gone.length > 0) touch(tx, path)
}

export async function referredBlobs(r: Reader): Promise<Set<BlobId>> {
  const rows = await r.db.selectFrom('runnel_artifacts').select('blob_id').distinct().execute()
  return new Set(rows.map((row) => row.blob_id as BlobId))
}

export async function artifactUsage(r: Reader): Promise<{ readonly count: number; readonly bytes: number }> {
  const row = await r.db
    .selectFrom('runnel_artifacts')
    .select(({ fn }) => [fn.countAll<number>().as('count'), fn.sum<number | null>('size_bytes').as('bytes')])
    .executeTakeFirstOrThrow()
  return { count: row.count, bytes: row.bytes ?? 0 }
}

/**
 * Bytes of the artifacts of runs and logged models in the trash, and of those in experiments in the trash. Blobs that others hold too are
 * counted.
 */
export async function artifactBytesInTrash(r: Reader): Promise<number> {
  const runs = await r.db
    .selectFrom('runs')
    .innerJoin('experiments', 'experiments.experiment_id', 'runs.experiment_id')
    .select('runs.artifact_uri')
    .where((eb) =>
      eb.or([eb('runs.lifecycle_stage', '=', 'deleted'), eb('experiments.lifecycle_stage', '=', 'deleted')])
    )
    .execute()
  const models = await r.db
    .selectFrom('logged_models')
    .innerJoin('experiments', 'experiments.experiment_id', 'logged_models.experiment_id')
    .select('logged_models.artifact_location as artifact_uri')
    .where((eb) =>
      eb.or([eb('logged_models.lifecycle_stage', '=', 'deleted'), eb('experiments.lifecycle_stage', '=', 'deleted')])
    )
    .execute()
  let bytes = 0
  for (const { artifact_uri } of [...runs, ...models]) {
    const root = artifactRootPath(artifact_uri ?? '')
    if (root === null || root === '') continue
    const row = await below(r, root)
      .select(({ fn }) => fn.sum<number | null>('size_bytes').as('bytes'))
      .executeTakeFirstOrThrow()
    bytes += row.bytes ?? 0
  }
  return bytes
}

/** Files strictly below a folder: a range of the primary key, as `0` is the character after `/`. */
function below(r: Reader, dirPath: string) {
  const files = r.db.selectFrom('runnel_artifacts')
  return dirPath === '' ? files : files.where('path', '>=', `${dirPath}/`).where('path', '<', `${dirPath}0`)
}

/** An experiment may keep its artifacts at any depth, so any folder of the path may be the run's. */
function touch(tx: Tx, path: string): void {
  const [experiment, ...folders] = path.split('/')
  tx.changes.add('artifact', { experiment: experiment as ExperimentId })
  for (const [place, folder] of folders.entries()) {
    if (isRunId(folder)) tx.changes.add('artifact', { run: folder })
    if (folders[place - 1] === MODELS_FOLDER && isModelId(folder)) tx.changes.add('artifact', { model: folder })
  }
}

function rowToFile(row: Selectable<ArtifactsTable>): ArtifactFile {
  return {
    path: row.path,
    blobId: row.blob_id as BlobId,
    size: row.size_bytes,
    mediaType: row.media_type,
    createdTime: row.created_time
  }
}
