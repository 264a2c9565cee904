/** Rows of logged models made to say what cells say: the inverse of `cellsOfModels`. */
import { modelArtifactUri } from '#lib/domain/artifact.ts'
import { isRunId, type ExperimentId, type ModelId, type RunId } from '#lib/domain/ids.ts'
import type { Json } from '#lib/domain/json.ts'
import { FIELDS, kindOfField, PREFIXES, restOfField, type Winners } from '#lib/domain/sync/cells.ts'
import { runSubject } from '#lib/domain/sync/subject.ts'
import type { Tx } from '../database.ts'
import { loggedModelInfos, type LoggedModelInfo } from '../logged-models.ts'
import { kindOf } from '../stored-values.ts'
import { measurementOf, modelGenesisOf, modelStatusOf, stageOf, textOf } from './cell-values.ts'
import { isGone } from './gone.ts'
import type { RowBatch } from './row-batch.ts'
import { writeFile, type Changed, type Home } from './run-rows.ts'

/** `homeOf` is asked for models that are not here. */
export async function writeModels(
  tx: Tx,
  batch: RowBatch,
  changed: readonly Changed<ModelId>[],
  homeOf: (winners: Winners) => Home
): Promise<void> {
  const ids = changed.map(({ id }) => id)
  const here = new Set((await loggedModelInfos(tx, ids)).map(({ modelId }) => modelId))
  for (const one of changed) {
    const columns = modelColumns(one.winners)
    if (here.has(one.id)) await tx.db.updateTable('logged_models').set(columns).where('model_id', '=', one.id).execute()
    else await insertModel(tx, one.id, columns, homeOf(one.winners))
  }
  const infos = new Map((await loggedModelInfos(tx, ids)).map((info) => [info.modelId, info]))
  for (const one of changed) await writeFields(tx, batch, infos.get(one.id)!, one)
}

function modelColumns(winners: Winners) {
  const { name, modelType, sourceRunId, creationTime } = modelGenesisOf(winners.get(FIELDS.genesis)?.value)
  const { stage, since } = stageOf(winners.get(FIELDS.stage)?.value)
  return {
    name,
    model_type: modelType,
    source_run_id: sourceRunId,
    creation_timestamp_ms: creationTime,
    last_updated_timestamp_ms: since ?? creationTime,
    status: modelStatusOf(winners.get(FIELDS.status)?.value),
    lifecycle_stage: stage
  }
}

async function insertModel(
  tx: Tx,
  id: ModelId,
  columns: ReturnType<typeof modelColumns>,
  { experimentId, artifactLocation }: Home
): Promise<void> {
  await tx.db
    .insertInto('logged_models')
    .values({
      model_id: id,
      experiment_id: Number(experimentId),
      artifact_location: modelArtifactUri(artifactLocation, id),
      status_message: null,
      ...columns
    })
    .execute()
}

async function writeFields(
  tx: Tx,
  batch: RowBatch,
  model: LoggedModelInfo,
  { winners, fields }: Changed<ModelId>
): Promise<void> {
  const experiment = Number(model.experimentId)
  for (const field of fields) {
    const { value } = winners.get(field)!
    const rest = restOfField(field)
    const text = textOf(value, Infinity)
    switch (kindOfField(field)) {
      case PREFIXES.param:
        if (text !== null) batch.add('logged_model_params', [model.modelId, experiment, rest, text])
        break
      case PREFIXES.tag:
        if (text !== null) batch.add('logged_model_tags', [model.modelId, experiment, rest, text])
        else await deleteTag(tx, model.modelId, rest)
        break
      case PREFIXES.measurement:
        await writeMeasurement(tx, model, rest, value)
        break
      case PREFIXES.file:
        await writeFile(tx, batch, model.artifactUri, rest, value)
        tx.changes.add('artifact', { experiment: model.experimentId })
        break
    }
  }
  const run = model.sourceRunId
  tx.changes.add('logged-model', {
    experiment: model.experimentId,
    model: model.modelId,
    ...(isRunId(run) && { run })
  })
}

async function deleteTag(tx: Tx, id: ModelId, key: string): Promise<void> {
  await tx.db.deleteFrom('logged_model_tags').where('model_id', '=', id).where('tag_key', '=', key).execute()
}

async function writeMeasurement(tx: Tx, model: LoggedModelInfo, field: string, value: Json): Promise<void> {
  const point = measurementOf(field, value)
  // What was measured in a run that is gone for good went with it.
  if (point === null || (await isGone(tx, runSubject(point.runId as RunId)))) return
  const kind = kindOf(point.value)
  await tx.db
    .replaceInto('logged_model_metrics')
    .values({
      model_id: model.modelId,
      metric_name: point.key,
      metric_timestamp_ms: point.timestamp,
      metric_step: point.step,
      metric_value: kind === 0 ? point.value : 0,
      is_nan: kind,
      experiment_id: Number(model.experimentId),
      run_id: point.runId,
      dataset_uuid: null,
      dataset_name: point.datasetName,
      dataset_digest: point.datasetDigest
    })
    .execute()
}

/** Put models where they stand now. */
export async function moveModels(tx: Tx, ids: readonly ModelId[], to: ExperimentId): Promise<void> {
  for (const id of ids) {
    const there = { experiment_id: Number(to) }
    for (const table of ['logged_models', 'logged_model_params', 'logged_model_tags'] as const)
      await tx.db.updateTable(table).set(there).where('model_id', '=', id).execute()
    tx.changes.add('logged-model', { experiment: to, model: id })
  }
}
