import { artifactRootPath } from '#lib/domain/artifact.ts'
import type { ExperimentId, ModelId, RunId } from '#lib/domain/ids.ts'
import type { RunInfo } from '#lib/domain/run.ts'
import type { EpochMs } from '#lib/domain/time.ts'
import { deleteArtifacts } from './artifacts.ts'
import { chunks } from './chunks.ts'
import type { Reader, Tx } from './database.ts'
import { loggedModelInfos } from './logged-models.ts'
import { getRunInfos, rowToInfo } from './runs.ts'
import { deleteChunks } from './series-chunks.ts'
import type { Store } from './store.ts'
import { forgetRoom, listRooms } from './sync/rooms.ts'

/** Deleted runs whose experiment is not itself in the trash, last deleted first. */
export async function runsInTrash(r: Reader): Promise<(RunInfo & { readonly experimentName: string })[]> {
  const rows = await r.db
    .selectFrom('runs')
    .innerJoin('experiments', 'experiments.experiment_id', 'runs.experiment_id')
    .selectAll('runs')
    .select('experiments.name as experiment_name')
    .where('runs.lifecycle_stage', '=', 'deleted')
    .where('experiments.lifecycle_stage', '=', 'active')
    .orderBy('runs.deleted_time', 'desc')
    .orderBy('runs.run_uuid')
    .execute()
  return rows.map((row) => ({ ...rowToInfo(row), experimentName: row.experiment_name }))
}

/** What is to be deleted for good. Of it, what is not in the trash stays. */
export interface Doomed {
  readonly runs: readonly RunId[]
  /** They take all their runs and logged models along. */
  readonly experiments: readonly ExperimentId[]
  readonly loggedModels: readonly ModelId[]
}

/** How many of each were deleted for good, those that went with their experiment among them. */
export interface Purged {
  readonly experiments: number
  readonly runs: number
  readonly loggedModels: number
}

/** Runs in the trash that were put there at `time` (epoch ms) or before. */
export async function deletedRunsOlderThan(r: Reader, time: EpochMs): Promise<RunId[]> {
  const rows = await r.db
    .selectFrom('runs')
    .select('run_uuid')
    .where('lifecycle_stage', '=', 'deleted')
    .where((eb) => eb.or([eb('deleted_time', '<=', time), eb('deleted_time', 'is', null)]))
    .orderBy('run_uuid')
    .execute()
  return rows.map((row) => row.run_uuid as RunId)
}

/** The same of experiments: nothing but a restoration changes them in the trash, so their last update is when they were put there. */
export async function deletedExperimentsOlderThan(r: Reader, time: EpochMs): Promise<ExperimentId[]> {
  const rows = await r.db
    .selectFrom('experiments')
    .select('experiment_id')
    .where('lifecycle_stage', '=', 'deleted')
    .where((eb) => eb.or([eb('last_update_time', '<=', time), eb('last_update_time', 'is', null)]))
    .orderBy('experiment_id')
    .execute()
  return rows.map((row) => String(row.experiment_id) as ExperimentId)
}

/** The same of logged models. */
export async function deletedLoggedModelsOlderThan(r: Reader, time: EpochMs): Promise<ModelId[]> {
  const rows = await r.db
    .selectFrom('logged_models')
    .select('model_id')
    .where('lifecycle_stage', '=', 'deleted')
    .where('last_updated_timestamp_ms', '<=', time)
    .orderBy('model_id')
    .execute()
  return rows.map((row) => row.model_id as ModelId)
}

export async function allInTrash(r: Reader): Promise<Doomed> {
  const ever = Number.MAX_SAFE_INTEGER
  return {
    runs: await deletedRunsOlderThan(r, ever),
    experiments: await deletedExperimentsOlderThan(r, ever),
    loggedModels: await deletedLoggedModelsOlderThan(r, ever)
  }
}

/**
 * Delete for good what `choose` finds, in one transaction, then the files that clients wrote to this host's disk for it. The blobs go with
 * the next sweep.
 */
export async function deleteForGood(
  store: Store,
  choose: (r: Reader) => Promise<Doomed>,
  origin?: string
): Promise<Purged> {
  const { purged, roots } = await store.write(async (tx) => {
    const doomed = await choose(tx)
    return { roots: await artifactRootsOf(tx, doomed), purged: await purge(tx, doomed) }
  }, origin)
  // After the rows: files without a run are only room, a run without its files is broken.
  const { localArtifacts } = store
  for (const root of roots) if (localArtifacts?.serves(root)) await localArtifacts.remove(root)
  return purged
}

/** Where the artifacts of what `purge` would delete lie. */
async function artifactRootsOf(r: Reader, doomed: Doomed): Promise<string[]> {
  const roots: (string | null)[] = []
  const runs = r.db.selectFrom('runs').select('artifact_uri')
  const models = r.db.selectFrom('logged_models').select('artifact_location')
  for (const part of chunks(doomed.runs))
    roots.push(
      ...(await runs.where('run_uuid', 'in', part).where('lifecycle_stage', '=', 'deleted').execute()).map(
        (row) => row.artifact_uri
      )
    )
  for (const part of chunks(doomed.loggedModels))
    roots.push(
      ...(await models.where('model_id', 'in', part).where('lifecycle_stage', '=', 'deleted').execute()).map(
        (row) => row.artifact_location
      )
    )
  for (const part of chunks(doomed.experiments.map(Number))) {
    const deleted = r.db
      .selectFrom('experiments')
      .select('experiment_id')
      .where('experiment_id', 'in', part)
      .where('lifecycle_stage', '=', 'deleted')
    roots.push(...(await runs.where('experiment_id', 'in', deleted).execute()).map((row) => row.artifact_uri))
    roots.push(...(await models.where('experiment_id', 'in', deleted).execute()).map((row) => row.artifact_location))
  }
  return [...new Set(roots)].filter((root) => root !== null)
}

/**
 * Delete the rows of what is doomed for good; its blobs go with the next sweep.
 * The Default experiment's row stays, back in the active stage, as MLflow makes it again at every open.
 */
export async function purge(tx: Tx, asked: Doomed): Promise<Purged> {
  tx.makeRoom()
  const doomed = await withoutOthers(tx, asked)
  const experiments: number[] = []
  for (const part of chunks(doomed.experiments.map(Number))) {
    const rows = await tx.db
      .selectFrom('experiments')
      .select('experiment_id')
      .where('experiment_id', 'in', part)
      .where('lifecycle_stage', '=', 'deleted')
      .execute()
    experiments.push(...rows.map((row) => row.experiment_id))
  }
  // What is said of an experiment that goes is forgotten first: that it is gone from here is nobody else's business.
  for (const id of experiments) await forgetRoom(tx, String(id) as ExperimentId)
  const runs = await purgeRuns(tx, doomed.runs, experiments)
  const loggedModels = await purgeModels(tx, doomed.loggedModels, experiments)
  const kept = experiments.length > 0 ? await artifactRoots(tx) : []
  for (const id of experiments) await purgeExperimentRows(tx, id, kept)
  return { experiments: experiments.length, runs, loggedModels }
}

/** Without runs and models of experiments that somebody else shares: only who shares them may delete them for good, for all. */
async function withoutOthers(r: Reader, doomed: Doomed): Promise<Doomed> {
  const others = (await listRooms(r)).filter(({ role }) => role !== 'owner').map(({ experimentId }) => experimentId)
  if (others.length === 0) return doomed
  const theirs = new Set<ExperimentId>(others)
  const runs = await getRunInfos(r, doomed.runs)
  const models = await loggedModelInfos(r, doomed.loggedModels)
  return {
    experiments: doomed.experiments,
    runs: runs.filter(({ experimentId }) => !theirs.has(experimentId)).map(({ runId }) => runId),
    loggedModels: models.filter(({ experimentId }) => !theirs.has(experimentId)).map(({ modelId }) => modelId)
  }
}

async function purgeExperimentRows(tx: Tx, id: number, kept: readonly string[]): Promise<void> {
  await tx.db.deleteFrom('datasets').where('experiment_id', '=', id).execute()
  await tx.db.deleteFrom('experiment_tags').where('experiment_id', '=', id).execute()
  await tx.db.deleteFrom('runnel_views').where('experiment_id', '=', id).execute()
  // The Default experiment lives on, and what hot paths know of its keys (`tx.known`) must stay true.
  await tx.db.deleteFrom('runnel_keys').where('experiment_id', '=', id).where('experiment_id', '!=', 0).execute()
  await deleteArtifacts(tx, String(id), kept)
  await tx.db.deleteFrom('experiments').where('experiment_id', '=', id).where('experiment_id', '!=', 0).execute()
  if (id === 0)
    await tx.db
      .updateTable('experiments')
      .set({ lifecycle_stage: 'active', last_update_time: tx.now })
      .where('experiment_id', '=', 0)
      .execute()
  tx.changes.add('experiment', { experiment: String(id) as ExperimentId })
}

/** Where in this store the artifacts of every run and model that there is are: some lie below the folder of another experiment than theirs. */
async function artifactRoots(r: Reader): Promise<string[]> {
  const runs = await r.db.selectFrom('runs').select('artifact_uri').execute()
  const models = await r.db.selectFrom('logged_models').select('artifact_location as artifact_uri').execute()
  const roots = [...runs, ...models].map(({ artifact_uri }) => artifactRootPath(artifact_uri ?? '') ?? '')
  return roots.filter((root) => root !== '')
}

// ── runs ────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────

async function purgeRuns(tx: Tx, ids: readonly RunId[], experiments: readonly number[]): Promise<number> {
  const runs = new Map<RunId, RunInfo>()
  const remember = (info: RunInfo) => runs.set(info.runId, info)
  for (const part of chunks(ids)) {
    const rows = await tx.db
      .selectFrom('runs')
      .selectAll()
      .where('run_uuid', 'in', part)
      .where('lifecycle_stage', '=', 'deleted')
      .execute()
    rows.map(rowToInfo).forEach(remember)
  }
  for (const part of chunks(experiments)) {
    const rows = await tx.db.selectFrom('runs').selectAll().where('experiment_id', 'in', part).execute()
    rows.map(rowToInfo).forEach(remember)
  }
  await purgeRunInfos(tx, [...runs.values()])
  return runs.size
}

/** For good, in the trash or not: others have said so. Absent ones are fine. */
export async function purgeRunsNow(tx: Tx, ids: readonly RunId[]): Promise<void> {
  await purgeRunInfos(tx, await getRunInfos(tx, ids))
  // What others measured of them may be here though they never were.
  for (const part of chunks(ids)) await purgeRunRows(tx, part)
}

async function purgeRunInfos(tx: Tx, runs: readonly RunInfo[]): Promise<void> {
  for (const run of runs) {
    await purgeFiles(tx, run.artifactUri)
    tx.changes.add('run', { run: run.runId, experiment: run.experimentId })
  }
  for (const part of chunks(runs.map(({ runId }) => runId))) await purgeRunRows(tx, part)
}

async function purgeRunRows(tx: Tx, ids: readonly RunId[]): Promise<void> {
  const inputs = await tx.db
    .selectFrom('inputs')
    .select('input_uuid')
    .where('destination_type', '=', 'RUN')
    .where('destination_id', 'in', ids)
    .execute()
  for (const part of chunks(inputs.map((row) => row.input_uuid)))
    await tx.db.deleteFrom('input_tags').where('input_uuid', 'in', part).execute()
  await tx.db.deleteFrom('inputs').where('destination_type', '=', 'RUN').where('destination_id', 'in', ids).execute()
  await tx.db
    .deleteFrom('inputs')
    .where('source_type', 'in', ['RUN_INPUT', 'RUN_OUTPUT'])
    .where('source_id', 'in', ids)
    .execute()
  await tx.db.deleteFrom('logged_model_metrics').where('run_id', 'in', ids).execute()
  await deleteChunks(tx, ids)
  for (const table of ['latest_metrics', 'params', 'tags', 'runnel_comments', 'runnel_awaited', 'runnel_told_blobs', 'runs'] as const)
    await tx.db.deleteFrom(table).where('run_uuid', 'in', ids).execute()
}

// ── logged models ───────────────────────────────────────────────────────────────────────────────────────────────────────────────

async function purgeModels(tx: Tx, ids: readonly ModelId[], experiments: readonly number[]): Promise<number> {
  const models = new Map<string, { readonly artifact_location: string; readonly experiment_id: number }>()
  const columns = ['model_id', 'artifact_location', 'experiment_id'] as const
  for (const part of chunks(ids)) {
    const rows = await tx.db
      .selectFrom('logged_models')
      .select(columns)
      .where('model_id', 'in', part)
      .where('lifecycle_stage', '=', 'deleted')
      .execute()
    for (const row of rows) models.set(row.model_id, row)
  }
  for (const part of chunks(experiments)) {
    const rows = await tx.db.selectFrom('logged_models').select(columns).where('experiment_id', 'in', part).execute()
    for (const row of rows) models.set(row.model_id, row)
  }
  await purgeTheseModels(tx, models)
  return models.size
}

/** For good, in the trash or not: others have said so. Absent ones are fine. */
export async function purgeModelsNow(tx: Tx, ids: readonly ModelId[]): Promise<void> {
  const infos = await loggedModelInfos(tx, ids)
  await purgeTheseModels(
    tx,
    new Map(
      infos.map(({ modelId, artifactUri, experimentId }) => [
        modelId as string,
        { artifact_location: artifactUri, experiment_id: Number(experimentId) }
      ])
    )
  )
  for (const part of chunks(ids)) await purgeModelRows(tx, part)
}

async function purgeTheseModels(
  tx: Tx,
  models: ReadonlyMap<string, { readonly artifact_location: string; readonly experiment_id: number }>
): Promise<void> {
  for (const [id, { artifact_location, experiment_id }] of models) {
    await purgeFiles(tx, artifact_location)
    tx.changes.add('logged-model', { experiment: String(experiment_id) as ExperimentId, model: id as ModelId })
  }
  for (const part of chunks([...models.keys()])) await purgeModelRows(tx, part)
}

/** With the edges of runs that live on: MLflow leaves those, and its pages then ask for a model that is not there. */
async function purgeModelRows(tx: Tx, ids: readonly string[]): Promise<void> {
  for (const table of ['logged_model_metrics', 'logged_model_params', 'logged_model_tags', 'logged_models'] as const)
    await tx.db.deleteFrom(table).where('model_id', 'in', ids).execute()
  await tx.db
    .deleteFrom('inputs')
    .where('destination_type', 'in', ['MODEL_INPUT', 'MODEL_OUTPUT'])
    .where('destination_id', 'in', ids)
    .execute()
}

/** Only what this store keeps: an artifact URI elsewhere is not ours to empty. */
async function purgeFiles(tx: Tx, artifactUri: string): Promise<void> {
  const root = artifactRootPath(artifactUri)
  if (root !== null && root !== '') await deleteArtifacts(tx, root)
}
