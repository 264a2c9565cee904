import type { Selectable } from 'kysely'
import { runArtifactUri } from '#lib/domain/artifact.ts'
import type { RunState } from '#lib/domain/bulk.ts'
import { RunnelError, absent, invalid } from '#lib/domain/errors.ts'
import { newRunId, type ExperimentId, type RunId } from '#lib/domain/ids.ts'
import type { LifecycleStage } from '#lib/domain/lifecycle.ts'
import type { NewRun, Run, RunInfo, RunStatus, RunUpdate } from '#lib/domain/run.ts'
import { newRunName } from '#lib/domain/run-name.ts'
import { TAGS, type Tag } from '#lib/domain/tag.ts'
import { chunks } from './chunks.ts'
import type { Reader, Tx } from './database.ts'
import { requireActiveExperiment } from './experiments.ts'
import { inputsOfRuns } from './datasets.ts'
import { metricsOfRuns } from './metrics.ts'
import { modelEdgesOfRuns } from './model-edges.ts'
import { paramsOfRuns } from './params.ts'
import type { RunsTable } from './schema.ts'
import { setRunTags, tagsOfRuns } from './tags.ts'

/**
 * Start a run. The name comes from `name`, else the tag `mlflow.runName`, else is made up; column and tag always agree.
 * Fails when the experiment is absent or not active, when name and tag disagree, and when the id is taken.
 */
export async function createRun(tx: Tx, input: NewRun): Promise<RunInfo> {
  const experiment = await requireActiveExperiment(tx, input.experimentId)
  const { name, tags } = nameAndTags(input)
  const runId = input.runId ?? newRunId()
  if (await runRow(tx, runId)) throw new RunnelError('RESOURCE_ALREADY_EXISTS', `Run with id=${runId} already exists.`)
  const row: Selectable<RunsTable> = {
    run_uuid: runId,
    name,
    source_type: 'UNKNOWN',
    source_name: '',
    entry_point_name: '',
    user_id: input.userId ?? '',
    status: 'RUNNING',
    start_time: input.startTime ?? tx.now,
    end_time: null,
    source_version: '',
    lifecycle_stage: 'active',
    artifact_uri: runArtifactUri(experiment.artifactLocation, runId),
    experiment_id: Number(input.experimentId),
    deleted_time: null,
    runnel_number: await nextNumber(tx, input.experimentId)
  }
  await tx.db.insertInto('runs').values(row).execute()
  tx.changes.add('run', { run: runId, experiment: input.experimentId })
  const info = rowToInfo(row)
  await setRunTags(tx, info, tags)
  return info
}

async function nextNumber(tx: Tx, id: ExperimentId): Promise<number> {
  const { runnel_runs_made } = await tx.db
    .updateTable('experiments')
    .set((eb) => ({ runnel_runs_made: eb('runnel_runs_made', '+', 1) }))
    .where('experiment_id', '=', Number(id))
    .returning('runnel_runs_made')
    .executeTakeFirstOrThrow()
  return runnel_runs_made
}

function nameAndTags(input: NewRun): { name: string; tags: readonly Tag[] } {
  const given = input.tags ?? []
  const keys = new Set(given.map((tag) => tag.key))
  if (keys.size < given.length) throw new RunnelError('BAD_REQUEST', 'Duplicate tag keys were given for the new run.')
  const tagged = given.find((tag) => tag.key === TAGS.runName)?.value
  if (input.name && tagged && input.name !== tagged)
    throw invalid(
      `Both 'run_name' argument and 'mlflow.runName' tag are specified, but with different values (run_name='${input.name}', mlflow.runName='${tagged}').`
    )
  const name = input.name || tagged || newRunName()
  return { name, tags: [...given.filter((tag) => tag.key !== TAGS.runName), { key: TAGS.runName, value: name }] }
}

/** Fails with RESOURCE_DOES_NOT_EXIST. Deleted runs are found too. */
export async function getRunInfo(r: Reader, id: RunId): Promise<RunInfo> {
  const row = await runRow(r, id)
  if (!row) throw absent(`Run with id=${id} not found`)
  return rowToInfo(row)
}

export async function findRunInfo(r: Reader, id: RunId): Promise<RunInfo | null> {
  const row = await runRow(r, id)
  return row ? rowToInfo(row) : null
}

/** The run, if it may be written to. Fails when it is absent or deleted. */
export async function requireActiveRun(r: Reader, id: RunId): Promise<RunInfo> {
  const info = await getRunInfo(r, id)
  if (info.lifecycleStage !== 'active')
    throw invalid(`The run ${id} must be in the 'active' state. Current state is ${info.lifecycleStage}.`)
  return info
}

export async function getRun(r: Reader, id: RunId): Promise<Run> {
  const [run] = await getRuns(r, [id])
  if (!run) throw absent(`Run with id=${id} not found`)
  return run
}

/** Whole runs in the order of `ids`; unknown ids are left out. */
export async function getRuns(r: Reader, ids: readonly RunId[]): Promise<Run[]> {
  const infos = await getRunInfos(r, ids)
  const known = infos.map((info) => info.runId)
  const params = await paramsOfRuns(r, known)
  const tags = await tagsOfRuns(r, known)
  const metrics = await metricsOfRuns(r, known)
  const datasets = await inputsOfRuns(r, known)
  const models = await modelEdgesOfRuns(r, known)
  return infos.map((info) => ({
    info,
    data: {
      params: params.get(info.runId) ?? [],
      tags: tags.get(info.runId) ?? [],
      metrics: metrics.get(info.runId) ?? []
    },
    datasets: datasets.get(info.runId) ?? [],
    modelInputs: models.get(info.runId)?.inputs ?? [],
    modelOutputs: models.get(info.runId)?.outputs ?? []
  }))
}

/** In the order of `ids`; unknown ids are left out. */
export async function getRunInfos(r: Reader, ids: readonly RunId[]): Promise<RunInfo[]> {
  const byId = new Map<string, RunInfo>()
  for (const part of chunks(ids)) {
    const rows = await r.db.selectFrom('runs').selectAll().where('run_uuid', 'in', part).execute()
    for (const row of rows) byId.set(row.run_uuid, rowToInfo(row))
  }
  return ids.flatMap((id) => byId.get(id) ?? [])
}

/** Runs that name `id` as their parent, newest first. */
export async function childrenOf(r: Reader, id: RunId): Promise<RunInfo[]> {
  const rows = await r.db
    .selectFrom('tags')
    .innerJoin('runs', 'runs.run_uuid', 'tags.run_uuid')
    .selectAll('runs')
    .where('tags.key', '=', TAGS.parentRunId)
    .where('tags.value', '=', id)
    .where('runs.lifecycle_stage', '=', 'active')
    .orderBy('runs.start_time', 'desc')
    .orderBy('runs.run_uuid')
    .execute()
  return rows.map(rowToInfo)
}

/** Apply what is set; an empty name is ignored. `endTime` is never set on its own accord, as in MLflow. */
export async function updateRun(tx: Tx, id: RunId, update: RunUpdate): Promise<RunInfo> {
  const info = await requireActiveRun(tx, id)
  if (update.name && update.name !== info.name) await setRunTags(tx, info, [{ key: TAGS.runName, value: update.name }])
  if (update.status !== undefined || update.endTime !== undefined) {
    await tx.db
      .updateTable('runs')
      .set({
        ...(update.status !== undefined && { status: update.status }),
        ...(update.endTime !== undefined && { end_time: update.endTime })
      })
      .where('run_uuid', '=', id)
      .execute()
  }
  tx.changes.add('run', { run: id, experiment: info.experimentId })
  return getRunInfo(tx, id)
}

/** Put a run where it was: status and end, the absence of one too. Fails as `updateRun` does. */
export async function setRunState(tx: Tx, { runId, status, endTime }: RunState): Promise<void> {
  const info = await requireActiveRun(tx, runId)
  await tx.db.updateTable('runs').set({ status, end_time: endTime }).where('run_uuid', '=', runId).execute()
  tx.changes.add('run', { run: runId, experiment: info.experimentId })
}

/** Idempotent. Returns whether it was not in the trash before. */
export async function deleteRun(tx: Tx, id: RunId): Promise<boolean> {
  return setLifecycle(tx, id, 'deleted')
}

/** Idempotent. Allowed inside a deleted experiment, as in MLflow. Returns whether it was in the trash before. */
export async function restoreRun(tx: Tx, id: RunId): Promise<boolean> {
  return setLifecycle(tx, id, 'active')
}

async function setLifecycle(tx: Tx, id: RunId, stage: LifecycleStage): Promise<boolean> {
  const info = await getRunInfo(tx, id)
  if (stage === 'deleted') tx.makeRoom()
  await tx.db
    .updateTable('runs')
    .set({ lifecycle_stage: stage, deleted_time: stage === 'deleted' ? tx.now : null })
    .where('run_uuid', '=', id)
    .execute()
  tx.changes.add('run', { run: id, experiment: info.experimentId })
  return info.lifecycleStage !== stage
}

function runRow(r: Reader, id: RunId) {
  return r.db.selectFrom('runs').selectAll().where('run_uuid', '=', id).executeTakeFirst()
}

export function rowToInfo(row: Selectable<RunsTable>): RunInfo {
  return {
    runId: row.run_uuid as RunId,
    experimentId: String(row.experiment_id) as ExperimentId,
    name: row.name ?? '',
    userId: row.user_id ?? '',
    status: row.status as RunStatus,
    startTime: row.start_time ?? 0,
    endTime: row.end_time,
    lifecycleStage: row.lifecycle_stage as LifecycleStage,
    deletedTime: row.deleted_time,
    artifactUri: row.artifact_uri ?? '',
    number: row.runnel_number
  }
}
