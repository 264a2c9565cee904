/** Rows of experiments made to say what cells say: the inverse of `cellsOfExperiments`. */
import { experimentArtifactLocation } from '#lib/domain/artifact.ts'
import { DEFAULT_EXPERIMENT_ID, newExperimentId, randomHex, type ExperimentId } from '#lib/domain/ids.ts'
import { LIMITS } from '#lib/domain/limits.ts'
import { FIELDS, kindOfField, PREFIXES, restOfField } from '#lib/domain/sync/cells.ts'
import type { SharedId } from '#lib/domain/sync/subject.ts'
import type { Tx } from '../database.ts'
import { creationTimeOf, datasetNameOf, datasetOf, stageOf, textOf } from './cell-values.ts'
import type { RowBatch } from './row-batch.ts'
import type { Changed } from './run-rows.ts'

/** An empty experiment for a room that is joined, without a name of its own yet. */
export async function insertExperiment(tx: Tx, sharedId: SharedId): Promise<ExperimentId> {
  const id = await freeId(tx, sharedId)
  await tx.db
    .insertInto('experiments')
    .values({
      experiment_id: Number(id),
      name: displayName('', id),
      runnel_claim: '',
      artifact_location: experimentArtifactLocation(id, tx.artifactRoot),
      lifecycle_stage: 'active',
      creation_time: tx.now,
      last_update_time: tx.now
    })
    .execute()
  tx.changes.add('experiment', { experiment: id })
  return id
}

/** Its own number, unless something else goes by it here. */
async function freeId(tx: Tx, sharedId: SharedId): Promise<ExperimentId> {
  const taken = await tx.db
    .selectFrom('experiments')
    .select('experiment_id')
    .where('experiment_id', '=', Number(sharedId))
    .executeTakeFirst()
  return taken ? newExperimentId() : (sharedId as string as ExperimentId)
}

export async function writeExperiment(
  tx: Tx,
  batch: RowBatch,
  { id, winners, fields }: Changed<ExperimentId>
): Promise<void> {
  const { stage, since } = stageOf(winners.get(FIELDS.stage)?.value)
  await tx.db
    .updateTable('experiments')
    .set({
      creation_time: creationTimeOf(winners.get(FIELDS.genesis)?.value),
      lifecycle_stage: stage,
      last_update_time: since ?? tx.now
    })
    .where('experiment_id', '=', Number(id))
    .execute()
  const name = textOf(winners.get(FIELDS.name)?.value, LIMITS.experimentNameLength) ?? ''
  if (fields.includes(FIELDS.name)) await claimName(tx, id, name)
  for (const field of fields) {
    const { value } = winners.get(field)!
    const rest = restOfField(field)
    if (kindOfField(field) === PREFIXES.tag) {
      const text = textOf(value, LIMITS.experimentTagValueLength)
      if (text !== null) batch.add('experiment_tags', [Number(id), rest, text])
      else
        await tx.db
          .deleteFrom('experiment_tags')
          .where('experiment_id', '=', Number(id))
          .where('key', '=', rest)
          .execute()
    } else if (kindOfField(field) === PREFIXES.dataset) await writeDataset(tx, id, rest, value)
  }
  tx.changes.add('experiment', { experiment: id })
}

async function writeDataset(
  tx: Tx,
  id: ExperimentId,
  field: string,
  value: Parameters<typeof datasetOf>[1]
): Promise<void> {
  const named = datasetNameOf(field)
  if (named === null) return
  const { sourceType, source, schema, profile } = datasetOf(named, value)
  const columns = {
    dataset_source_type: sourceType,
    dataset_source: source,
    dataset_schema: schema,
    dataset_profile: profile
  }
  await tx.db
    .insertInto('datasets')
    .values({ dataset_uuid: randomHex(16), experiment_id: Number(id), ...named, ...columns })
    .onConflict((conflict) => conflict.columns(['experiment_id', 'name', 'digest']).doUpdateSet(columns))
    .execute()
  tx.changes.add('dataset', { experiment: id })
}

// ── names ───────────────────────────────────────────────────────────────────────────────────────────────────────────────────────

/**
 * Call an experiment so. Of those that claim one name, the Default experiment keeps it, else the one that was made first, else the least id;
 * the others are shown under the name and a bit of their id, and take the name when it is free.
 */
export async function claimName(tx: Tx, id: ExperimentId, claim: string): Promise<void> {
  const { name: shown, runnel_claim } = await tx.db
    .selectFrom('experiments')
    .select(['name', 'runnel_claim'])
    .where('experiment_id', '=', Number(id))
    .executeTakeFirstOrThrow()
  await tx.db
    .updateTable('experiments')
    .set({ name: displayName(claim, id), runnel_claim: claim })
    .where('experiment_id', '=', Number(id))
    .execute()
  await settleName(tx, claim)
  const before = runnel_claim ?? shown
  if (before !== claim) await settleName(tx, before)
}

/** Give a name to whom it belongs, of those that claim it. Call it when one was renamed, or is gone. */
export async function settleName(tx: Tx, claim: string): Promise<void> {
  const rows = await tx.db
    .selectFrom('experiments')
    .select(['experiment_id', 'name', 'creation_time'])
    .where((eb) =>
      eb.or([eb('runnel_claim', '=', claim), eb.and([eb('name', '=', claim), eb('runnel_claim', 'is', null)])])
    )
    .execute()
  const [holder, ...others] = rows.sort(
    (a, b) =>
      Number(b.experiment_id === Number(DEFAULT_EXPERIMENT_ID)) -
        Number(a.experiment_id === Number(DEFAULT_EXPERIMENT_ID)) ||
      (a.creation_time ?? 0) - (b.creation_time ?? 0) ||
      a.experiment_id - b.experiment_id
  )
  if (holder === undefined || claim === '') return
  for (const { experiment_id, name } of others) {
    const shown = displayName(claim, String(experiment_id) as ExperimentId)
    if (name !== shown) await show(tx, experiment_id, shown, claim)
  }
  if (holder.name !== claim) await show(tx, holder.experiment_id, claim, null)
}

async function show(tx: Tx, experimentId: number, name: string, claim: string | null): Promise<void> {
  await tx.db
    .updateTable('experiments')
    .set({ name, runnel_claim: claim })
    .where('experiment_id', '=', experimentId)
    .execute()
  tx.changes.add('experiment', { experiment: String(experimentId) as ExperimentId })
}

/** Its id tells namesakes apart. */
const displayName = (claim: string, id: ExperimentId): string => `${claim}~${Number(id).toString(36)}`
