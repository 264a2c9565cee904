import { artifactRootPath } from '#lib/domain/artifact.ts'
import type { ExperimentId, RunId } from '#lib/domain/ids.ts'
import type { RunInfo } from '#lib/domain/run.ts'
import { deleteArtifacts } from './artifacts.ts'
import { chunks } from './chunks.ts'
import type { Reader, Tx } from './database.ts'
import { rowToInfo } from './runs.ts'

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

export interface Purged {
  readonly experiments: number
  readonly runs: number
}

/**
 * Delete the rows of everything in the trash for good (their blobs go with the next sweep): deleted runs, and deleted experiments with all their runs and datasets.
 * The Default experiment's row stays, back in the active stage, as MLflow makes it again at every open.
 */
export async function purgeTrash(tx: Tx): Promise<Purged> {
  tx.makeRoom()
  const experiments = await tx.db
    .selectFrom('experiments')
    .selectAll()
    .where('lifecycle_stage', '=', 'deleted')
    .execute()
  const experimentIds = experiments.map((row) => row.experiment_id)
  const runs = await tx.db
    .selectFrom('runs')
    .selectAll()
    .where((eb) =>
      eb.or([
        eb('lifecycle_stage', '=', 'deleted'),
        ...(experimentIds.length > 0 ? [eb('experiment_id', 'in', experimentIds)] : [])
      ])
    )
    .execute()

  for (const row of runs) await purgeRunFiles(tx, rowToInfo(row))
  for (const part of chunks(runs.map((row) => row.run_uuid))) await purgeRunRows(tx, part)
  for (const id of experimentIds) {
    await tx.db.deleteFrom('datasets').where('experiment_id', '=', id).execute()
    await tx.db.deleteFrom('experiment_tags').where('experiment_id', '=', id).execute()
    // The Default experiment lives on, and what hot paths know of its keys (`tx.known`) must stay true.
    await tx.db.deleteFrom('runnel_keys').where('experiment_id', '=', id).where('experiment_id', '!=', 0).execute()
    await deleteArtifacts(tx, String(id))
    await tx.db.deleteFrom('experiments').where('experiment_id', '=', id).where('experiment_id', '!=', 0).execute()
    tx.changes.add('experiment', { experiment: String(id) as ExperimentId })
  }
  await tx.db
    .updateTable('experiments')
    .set({ lifecycle_stage: 'active', last_update_time: tx.now })
    .where('experiment_id', '=', 0)
    .where('lifecycle_stage', '=', 'deleted')
    .execute()
  if (runs.length > 0) tx.changes.add('run')
  return { experiments: experiments.length, runs: runs.length }
}

async function purgeRunFiles(tx: Tx, run: RunInfo): Promise<void> {
  const root = artifactRootPath(run.artifactUri)
  tx.changes.add('run', { run: run.runId, experiment: run.experimentId })
  // Only what this store keeps: an artifact URI elsewhere is not ours to empty.
  if (root !== null && root !== '') await deleteArtifacts(tx, root)
}

async function purgeRunRows(tx: Tx, runIds: readonly string[]): Promise<void> {
  const ids = runIds as readonly RunId[]
  const inputs = await tx.db
    .selectFrom('inputs')
    .select('input_uuid')
    .where('destination_type', '=', 'RUN')
    .where('destination_id', 'in', ids)
    .execute()
  for (const part of chunks(inputs.map((row) => row.input_uuid)))
    await tx.db.deleteFrom('input_tags').where('input_uuid', 'in', part).execute()
  await tx.db.deleteFrom('inputs').where('destination_type', '=', 'RUN').where('destination_id', 'in', ids).execute()
  for (const table of ['metrics', 'latest_metrics', 'params', 'tags', 'runs'] as const)
    await tx.db.deleteFrom(table).where('run_uuid', 'in', ids).execute()
}
