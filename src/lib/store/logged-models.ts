import type { Selectable } from 'kysely'
import { modelArtifactUri } from '#lib/domain/artifact.ts'
import { RunnelError, absent } from '#lib/domain/errors.ts'
import { isRunId, newModelId, type ExperimentId, type ModelId } from '#lib/domain/ids.ts'
import type { LifecycleStage } from '#lib/domain/lifecycle.ts'
import {
  LOGGED_MODEL_STATUSES,
  type LoggedModel,
  type LoggedModelStatus,
  type NewLoggedModel
} from '#lib/domain/logged-model.ts'
import type { Param } from '#lib/domain/param.ts'
import { pythonText } from '#lib/domain/python-text.ts'
import { newRunName } from '#lib/domain/run-name.ts'
import type { Tag } from '#lib/domain/tag.ts'
import { validateNewTags } from '#lib/domain/validate.ts'
import { chunks } from './chunks.ts'
import type { Reader, Tx } from './database.ts'
import { requireActiveExperiment } from './experiments.ts'
import { metricsOfModels } from './model-metrics.ts'
import type { LoggedModelsTable } from './schema.ts'

/**
 * Make a logged model, PENDING until it is finalized; without a name it gets one.
 * Fails when the experiment is absent or not active, and with BAD_REQUEST when a param or tag key comes twice.
 */
export async function createLoggedModel(tx: Tx, input: NewLoggedModel): Promise<LoggedModel> {
  const experiment = await requireActiveExperiment(tx, input.experimentId)
  const modelId = newModelId()
  const row: Selectable<LoggedModelsTable> = {
    model_id: modelId,
    experiment_id: Number(input.experimentId),
    name: input.name || newRunName(),
    artifact_location: modelArtifactUri(experiment.artifactLocation, modelId),
    creation_timestamp_ms: tx.now,
    last_updated_timestamp_ms: tx.now,
    status: LOGGED_MODEL_STATUSES.indexOf('PENDING'),
    lifecycle_stage: 'active',
    model_type: input.modelType ?? '',
    source_run_id: input.sourceRunId ?? '',
    status_message: null
  }
  validateNewTags(input.tags ?? [])
  await tx.db.insertInto('logged_models').values(row).execute()
  await putTags(tx, row, input.tags ?? [])
  await putParams(tx, row, input.params ?? [])
  touch(tx, row)
  return getLoggedModel(tx, modelId)
}

interface Deleted {
  readonly allowDeleted?: boolean
}

/** Fails with RESOURCE_DOES_NOT_EXIST; a deleted model is found only when `allowDeleted`. */
export async function getLoggedModel(r: Reader, id: ModelId, deleted: Deleted = {}): Promise<LoggedModel> {
  const [model] = await withData(r, [await getLoggedModelInfo(r, id, deleted)])
  return model!
}

/** The same of a model without its data. */
export async function getLoggedModelInfo(
  r: Reader,
  id: ModelId,
  { allowDeleted = false }: Deleted = {}
): Promise<LoggedModelInfo> {
  const [info] = await loggedModelInfos(r, [id])
  if (!info || (info.lifecycleStage === 'deleted' && !allowDeleted)) throw noModel(id)
  return info
}

/** Deleted ones too. */
export async function findLoggedModel(r: Reader, id: ModelId): Promise<LoggedModel | null> {
  const [model] = await loggedModelsOf(r, [id])
  return model ?? null
}

/** A model without what was logged of it, which may be a hundred thousand points. */
export type LoggedModelInfo = Omit<LoggedModel, 'params' | 'tags' | 'metrics'>

/** In the order of `ids`, deleted ones too; unknown ids are left out. */
export async function loggedModelInfos(r: Reader, ids: readonly ModelId[]): Promise<LoggedModelInfo[]> {
  const infos = new Map<ModelId, LoggedModelInfo>()
  for (const part of chunks(ids)) {
    const rows = await r.db.selectFrom('logged_models').selectAll().where('model_id', 'in', part).execute()
    for (const row of rows) infos.set(row.model_id as ModelId, rowToInfo(row))
  }
  return ids.flatMap((id) => infos.get(id) ?? [])
}

/** The same models whole. */
export async function loggedModelsOf(r: Reader, ids: readonly ModelId[]): Promise<LoggedModel[]> {
  const models: LoggedModel[] = []
  for (const part of chunks(ids)) models.push(...(await withData(r, await loggedModelInfos(r, part))))
  return models
}

async function withData(r: Reader, infos: readonly LoggedModelInfo[]): Promise<LoggedModel[]> {
  const ids = infos.map((info) => info.modelId)
  const [tags, params, metrics] = [await tagsOf(r, ids), await paramsOf(r, ids), await metricsOfModels(r, ids)]
  return infos.map((info) => {
    const id = info.modelId
    return { ...info, tags: tags.get(id) ?? [], params: params.get(id) ?? [], metrics: metrics.get(id) ?? [] }
  })
}

/** Any status may follow any other, as in MLflow. */
export async function finalizeLoggedModel(tx: Tx, id: ModelId, status: LoggedModelStatus): Promise<LoggedModel> {
  const row = await requireRow(tx, id)
  await tx.db
    .updateTable('logged_models')
    .set({ status: LOGGED_MODEL_STATUSES.indexOf(status), last_updated_timestamp_ms: tx.now })
    .where('model_id', '=', id)
    .execute()
  touch(tx, row)
  return getLoggedModel(tx, id, { allowDeleted: true })
}

/** Into the trash; idempotent. Its time there counts from the last time it was deleted. */
export async function deleteLoggedModel(tx: Tx, id: ModelId): Promise<void> {
  const row = await requireRow(tx, id)
  tx.makeRoom()
  await tx.db
    .updateTable('logged_models')
    .set({ lifecycle_stage: 'deleted', last_updated_timestamp_ms: tx.now })
    .where('model_id', '=', id)
    .execute()
  touch(tx, row)
}

/** Set tags; of equal keys the last wins. Long values are kept whole. Deleted models take tags too, as in MLflow. */
export async function setLoggedModelTags(tx: Tx, id: ModelId, tags: readonly Tag[]): Promise<void> {
  const row = await requireRow(tx, id)
  await putTags(tx, row, tags)
  touch(tx, row)
}

/** Fails with RESOURCE_DOES_NOT_EXIST when the model has no such tag. */
export async function deleteLoggedModelTag(tx: Tx, id: ModelId, key: string): Promise<void> {
  const row = await requireRow(tx, id)
  const { numDeletedRows } = await tx.db
    .deleteFrom('logged_model_tags')
    .where('model_id', '=', id)
    .where('tag_key', '=', key)
    .executeTakeFirst()
  if (numDeletedRows === 0n) throw absent(`No tag with key ${pythonText(key)} found for model with ID '${id}'.`)
  touch(tx, row)
}

/** Set params once. Fails with BAD_REQUEST when the model has such a key already, even with an equal value, as MLflow's constraint does. */
export async function logLoggedModelParams(tx: Tx, id: ModelId, params: readonly Param[]): Promise<void> {
  const row = await requireRow(tx, id)
  await putParams(tx, row, params)
  touch(tx, row)
}

type ModelRow = Selectable<LoggedModelsTable>

async function requireRow(r: Reader, id: ModelId): Promise<ModelRow> {
  const row = await r.db.selectFrom('logged_models').selectAll().where('model_id', '=', id).executeTakeFirst()
  if (!row) throw noModel(id)
  return row
}

const noModel = (id: ModelId): RunnelError => absent(`Logged model with ID '${id}' not found.`)

async function putTags(tx: Tx, { model_id, experiment_id }: ModelRow, tags: readonly Tag[]): Promise<void> {
  const last = new Map(tags.map(({ key, value }) => [key, value]))
  const rows = [...last].map(([tag_key, tag_value]) => ({ model_id, experiment_id, tag_key, tag_value }))
  for (const part of chunks(rows, ROWS_PER_STATEMENT))
    await tx.db
      .insertInto('logged_model_tags')
      .values(part)
      .onConflict((conflict) =>
        conflict.columns(['model_id', 'tag_key']).doUpdateSet((eb) => ({ tag_value: eb.ref('excluded.tag_value') }))
      )
      .execute()
}

async function putParams(tx: Tx, { model_id, experiment_id }: ModelRow, params: readonly Param[]): Promise<void> {
  let added = 0n
  const rows = params.map(({ key, value }) => ({ model_id, experiment_id, param_key: key, param_value: value }))
  for (const part of chunks(rows, ROWS_PER_STATEMENT)) {
    const { numInsertedOrUpdatedRows } = await tx.db
      .insertInto('logged_model_params')
      .values(part)
      .onConflict((conflict) => conflict.doNothing())
      .executeTakeFirst()
    added += numInsertedOrUpdatedRows ?? 0n
  }
  if (added < params.length)
    throw new RunnelError(
      'BAD_REQUEST',
      `Changing param values is not allowed. A param of this request stands twice or was already logged for model with ID '${model_id}'.`
    )
}

/** Four values each, and statements bind some thousands: SQLite's own bound is 32,766. */
const ROWS_PER_STATEMENT = 1000

async function tagsOf(r: Reader, ids: readonly ModelId[]): Promise<Map<ModelId, Tag[]>> {
  const rows = await r.db
    .selectFrom('logged_model_tags')
    .selectAll()
    .where('model_id', 'in', ids)
    .orderBy('tag_key')
    .execute()
  return byModel(rows, ({ tag_key, tag_value }) => ({ key: tag_key, value: tag_value }))
}

async function paramsOf(r: Reader, ids: readonly ModelId[]): Promise<Map<ModelId, Param[]>> {
  const rows = await r.db
    .selectFrom('logged_model_params')
    .selectAll()
    .where('model_id', 'in', ids)
    .orderBy('param_key')
    .execute()
  return byModel(rows, ({ param_key, param_value }) => ({ key: param_key, value: param_value }))
}

function byModel<Row extends { readonly model_id: string }, T>(
  rows: readonly Row[],
  toItem: (row: Row) => T
): Map<ModelId, T[]> {
  const groups = Map.groupBy(rows, (row) => row.model_id as ModelId)
  return new Map([...groups].map(([id, group]) => [id, group.map(toItem)]))
}

/** The run that made it shows it, and so is touched too. */
function touch(tx: Tx, { model_id, experiment_id, source_run_id }: ModelRow): void {
  const experiment = String(experiment_id) as ExperimentId
  const run = source_run_id ?? ''
  tx.changes.add('logged-model', { experiment, model: model_id as ModelId, ...(isRunId(run) && { run }) })
}

function rowToInfo(row: ModelRow): LoggedModelInfo {
  return {
    modelId: row.model_id as ModelId,
    experimentId: String(row.experiment_id) as ExperimentId,
    name: row.name,
    artifactUri: row.artifact_location,
    creationTime: row.creation_timestamp_ms,
    lastUpdateTime: row.last_updated_timestamp_ms,
    status: LOGGED_MODEL_STATUSES[row.status] ?? 'UNSPECIFIED',
    statusMessage: row.status_message ?? '',
    lifecycleStage: row.lifecycle_stage as LifecycleStage,
    modelType: row.model_type ?? '',
    sourceRunId: row.source_run_id ?? ''
  }
}
