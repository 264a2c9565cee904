import { experimentArtifactLocation } from '#lib/domain/artifact.ts'
import { RunnelError, absent, invalid } from '#lib/domain/errors.ts'
import type { Experiment, ExperimentSummary, NewExperiment } from '#lib/domain/experiment.ts'
import { newExperimentId, type ExperimentId, type RunId } from '#lib/domain/ids.ts'
import type { LifecycleStage, ViewType } from '#lib/domain/lifecycle.ts'
import type { Tag } from '#lib/domain/tag.ts'
import type { Selectable } from 'kysely'
import { chunks } from './chunks.ts'
import type { Reader, Tx } from './database.ts'
import type { ExperimentsTable } from './schema.ts'
import { settleName } from './sync/experiment-rows.ts'

/** Fails with RESOURCE_ALREADY_EXISTS when any experiment, deleted ones too, has the name. */
export async function createExperiment(
  tx: Tx,
  { name, artifactLocation, tags = [] }: NewExperiment
): Promise<ExperimentId> {
  if (await findExperimentByName(tx, name))
    throw new RunnelError('RESOURCE_ALREADY_EXISTS', `Experiment(name=${name}) already exists.`)
  const id = newExperimentId()
  await tx.db
    .insertInto('experiments')
    .values({
      experiment_id: Number(id),
      name,
      artifact_location: artifactLocation || experimentArtifactLocation(id, tx.artifactRoot),
      lifecycle_stage: 'active',
      creation_time: tx.now,
      last_update_time: tx.now
    })
    .execute()
  for (const { key, value } of tags) await putTag(tx, id, key, value)
  tx.changes.add('experiment', { experiment: id })
  return id
}

/** Fails with RESOURCE_DOES_NOT_EXIST. */
export async function getExperiment(r: Reader, id: ExperimentId): Promise<Experiment> {
  const row = await experimentRow(r, id)
  if (!row) throw absent(`No Experiment with id=${id} exists`)
  const [experiment] = await withTags(r, [row])
  return experiment!
}

export async function findExperimentByName(r: Reader, name: string): Promise<Experiment | null> {
  const row = await r.db.selectFrom('experiments').selectAll().where('name', '=', name).executeTakeFirst()
  if (!row) return null
  const [experiment] = await withTags(r, [row])
  return experiment!
}

/** In the order of `ids`; unknown ids are left out. */
export async function getExperiments(r: Reader, ids: readonly ExperimentId[]): Promise<Experiment[]> {
  const rows: Selectable<ExperimentsTable>[] = []
  for (const part of chunks(ids.map(Number)))
    rows.push(...(await r.db.selectFrom('experiments').selectAll().where('experiment_id', 'in', part).execute()))
  const byId = new Map((await withTags(r, rows)).map((experiment) => [experiment.experimentId, experiment]))
  return ids.flatMap((id) => byId.get(id) ?? [])
}

/** Fails when the name is taken (BAD_REQUEST, as MLflow's constraint does) or the experiment is not active. */
export async function renameExperiment(tx: Tx, id: ExperimentId, name: string): Promise<void> {
  const row = await experimentRow(tx, id)
  if (!row) throw absent(`No Experiment with id=${id} exists`)
  if (row.lifecycle_stage !== 'active') throw new RunnelError('INVALID_STATE', 'Cannot rename a non-active experiment.')
  const holder = await findExperimentByName(tx, name)
  if (holder && holder.experimentId !== id)
    throw new RunnelError('BAD_REQUEST', `Experiment(name=${name}) already exists.`)
  await tx.db
    .updateTable('experiments')
    .set({ name, runnel_claim: null, last_update_time: tx.now })
    .where('experiment_id', '=', Number(id))
    .execute()
  // Another may have waited for the name that is free now.
  await settleName(tx, row.runnel_claim ?? row.name)
  tx.changes.add('experiment', { experiment: id })
}

/** Its active runs go to the trash with it. Fails when it is not active. */
export async function deleteExperiment(tx: Tx, id: ExperimentId): Promise<void> {
  await moveStage(tx, id, 'active', 'deleted')
  await moveRunsStage(tx, id, 'deleted')
}

/** All its runs come back with it, those deleted on their own before too, as in MLflow. Fails when it is not deleted. */
export async function restoreExperiment(tx: Tx, id: ExperimentId): Promise<void> {
  await moveStage(tx, id, 'deleted', 'active')
  await moveRunsStage(tx, id, 'active')
}

async function moveRunsStage(tx: Tx, id: ExperimentId, to: LifecycleStage): Promise<void> {
  const runs = await tx.db.selectFrom('runs').select('run_uuid').where('experiment_id', '=', Number(id)).execute()
  await tx.db
    .updateTable('runs')
    .set({ lifecycle_stage: to, deleted_time: to === 'deleted' ? tx.now : null })
    .where('experiment_id', '=', Number(id))
    .execute()
  for (const { run_uuid } of runs) tx.changes.add('run', { run: run_uuid as RunId })
}

async function moveStage(tx: Tx, id: ExperimentId, from: LifecycleStage, to: LifecycleStage): Promise<void> {
  const row = await experimentRow(tx, id)
  if (!row || row.lifecycle_stage !== from) throw absent(`No Experiment with id=${id} exists`)
  if (to === 'deleted') tx.makeRoom()
  await tx.db
    .updateTable('experiments')
    .set({ lifecycle_stage: to, last_update_time: tx.now })
    .where('experiment_id', '=', Number(id))
    .execute()
  tx.changes.add('experiment', { experiment: id })
  tx.changes.add('run')
}

export async function setExperimentTag(tx: Tx, id: ExperimentId, key: string, value: string): Promise<void> {
  await requireActiveExperiment(tx, id)
  await putTag(tx, id, key, value)
  tx.changes.add('experiment', { experiment: id })
}

export async function deleteExperimentTag(tx: Tx, id: ExperimentId, key: string): Promise<void> {
  await requireActiveExperiment(tx, id)
  const { numDeletedRows } = await tx.db
    .deleteFrom('experiment_tags')
    .where('experiment_id', '=', Number(id))
    .where('key', '=', key)
    .executeTakeFirst()
  if (numDeletedRows === 0n) throw absent(`No tag with name: ${key} in experiment with id ${id}`)
  tx.changes.add('experiment', { experiment: id })
}

export async function requireActiveExperiment(r: Reader, id: ExperimentId): Promise<Experiment> {
  const experiment = await getExperiment(r, id)
  if (experiment.lifecycleStage !== 'active')
    throw invalid(`The experiment ${id} must be in the 'active' state. Current state is ${experiment.lifecycleStage}.`)
  return experiment
}

/** Experiments as a list page shows them, newest activity first. */
export async function experimentSummaries(
  r: Reader,
  view: ViewType,
  only?: ExperimentId
): Promise<ExperimentSummary[]> {
  let query = r.db.selectFrom('experiments').selectAll()
  if (view !== 'ALL') query = query.where('lifecycle_stage', '=', view === 'ACTIVE_ONLY' ? 'active' : 'deleted')
  if (only !== undefined) query = query.where('experiment_id', '=', Number(only))
  const experiments = await withTags(r, await query.execute())

  let counting = r.db
    .selectFrom('runs')
    .select(({ fn, eb }) => [
      'experiment_id',
      fn.countAll<number>().as('run_count'),
      fn.sum<number>(eb.case().when('status', '=', 'RUNNING').then(1).else(0).end()).as('running_count'),
      fn.max('start_time').as('last_start'),
      fn.max('end_time').as('last_end')
    ])
    .groupBy('experiment_id')
  // In the trash an experiment's runs are deleted with it, and still counted: they come back with it.
  if (view !== 'DELETED_ONLY') counting = counting.where('lifecycle_stage', '=', 'active')
  if (only !== undefined) counting = counting.where('experiment_id', '=', Number(only))
  const counts = new Map((await counting.execute()).map((row) => [String(row.experiment_id), row]))

  const summaries = experiments.map((experiment): ExperimentSummary => {
    const count = counts.get(experiment.experimentId)
    const last = Math.max(count?.last_start ?? 0, count?.last_end ?? 0)
    return {
      ...experiment,
      runCount: count?.run_count ?? 0,
      runningCount: count?.running_count ?? 0,
      lastActivity: last > 0 ? last : null
    }
  })
  const activity = (summary: ExperimentSummary) => summary.lastActivity ?? summary.creationTime
  return summaries.sort((a, b) => activity(b) - activity(a) || a.name.localeCompare(b.name))
}

function experimentRow(r: Reader, id: ExperimentId) {
  return r.db.selectFrom('experiments').selectAll().where('experiment_id', '=', Number(id)).executeTakeFirst()
}

async function putTag(tx: Tx, id: ExperimentId, key: string, value: string): Promise<void> {
  await tx.db
    .insertInto('experiment_tags')
    .values({ experiment_id: Number(id), key, value })
    .onConflict((conflict) => conflict.columns(['experiment_id', 'key']).doUpdateSet({ value }))
    .execute()
}

async function withTags(r: Reader, rows: readonly Selectable<ExperimentsTable>[]): Promise<Experiment[]> {
  const tags = new Map<number, Tag[]>()
  for (const part of chunks(rows.map((row) => row.experiment_id))) {
    const found = await r.db.selectFrom('experiment_tags').selectAll().where('experiment_id', 'in', part).execute()
    for (const { experiment_id, key, value } of found) {
      const tag = { key, value: value ?? '' }
      const known = tags.get(experiment_id)
      if (known) known.push(tag)
      else tags.set(experiment_id, [tag])
    }
  }
  return rows.map((row) => ({
    experimentId: String(row.experiment_id) as ExperimentId,
    name: row.name,
    artifactLocation: row.artifact_location ?? '',
    lifecycleStage: row.lifecycle_stage as LifecycleStage,
    creationTime: row.creation_time ?? 0,
    lastUpdateTime: row.last_update_time ?? 0,
    tags: tags.get(row.experiment_id) ?? []
  }))
}
