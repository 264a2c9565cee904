import type { DatasetInput, DatasetSummary } from '#lib/domain/dataset.ts'
import { randomHex, type ExperimentId, type RunId } from '#lib/domain/ids.ts'
import type { RunInfo } from '#lib/domain/run.ts'
import { TAGS, type Tag } from '#lib/domain/tag.ts'
import { chunks } from './chunks.ts'
import type { Reader, Tx } from './database.ts'

/**
 * Record what a run was fed. A dataset known by (experiment, name, digest) is reused untouched; an input the run already has is
 * ignored, its new tags too. `run` must be active (requireActiveRun).
 */
export async function logInputs(tx: Tx, run: RunInfo, inputs: readonly DatasetInput[]): Promise<void> {
  for (const input of inputs) {
    const datasetId = await datasetIdOf(tx, run, input)
    await linkDataset(tx, run, datasetId, input.tags)
  }
  if (inputs.length > 0) tx.changes.add('dataset', { run: run.runId, experiment: run.experimentId })
}

async function datasetIdOf(tx: Tx, run: RunInfo, { dataset }: DatasetInput): Promise<string> {
  const experimentId = Number(run.experimentId)
  const known = await tx.db
    .selectFrom('datasets')
    .select('dataset_uuid')
    .where('experiment_id', '=', experimentId)
    .where('name', '=', dataset.name)
    .where('digest', '=', dataset.digest)
    .executeTakeFirst()
  if (known) return known.dataset_uuid
  const datasetId = randomHex(16)
  await tx.db
    .insertInto('datasets')
    .values({
      dataset_uuid: datasetId,
      experiment_id: experimentId,
      name: dataset.name,
      digest: dataset.digest,
      dataset_source_type: dataset.sourceType,
      dataset_source: dataset.source,
      dataset_schema: dataset.schema,
      dataset_profile: dataset.profile
    })
    .execute()
  return datasetId
}

async function linkDataset(tx: Tx, run: RunInfo, datasetId: string, tags: readonly Tag[]): Promise<void> {
  const inputId = randomHex(16)
  const { numInsertedOrUpdatedRows } = await tx.db
    .insertInto('inputs')
    .values({
      input_uuid: inputId,
      source_type: 'DATASET',
      source_id: datasetId,
      destination_type: 'RUN',
      destination_id: run.runId
    })
    .onConflict((conflict) => conflict.doNothing())
    .executeTakeFirst()
  if (numInsertedOrUpdatedRows === 0n || tags.length === 0) return
  const last = new Map(tags.map(({ key, value }) => [key, value]))
  const rows = [...last].map(([name, value]) => ({ input_uuid: inputId, name, value }))
  for (const part of chunks(rows)) await tx.db.insertInto('input_tags').values(part).execute()
}

/** Dataset inputs by run, in the order of dataset name and digest. */
export async function inputsOfRuns(r: Reader, ids: readonly RunId[]): Promise<Map<RunId, DatasetInput[]>> {
  const byRun = new Map<RunId, DatasetInput[]>()
  for (const part of chunks(ids)) {
    const rows = await r.db
      .selectFrom('inputs')
      .innerJoin('datasets', 'datasets.dataset_uuid', 'inputs.source_id')
      .selectAll('datasets')
      .select(['inputs.input_uuid', 'inputs.destination_id'])
      .where('inputs.source_type', '=', 'DATASET')
      .where('inputs.destination_type', '=', 'RUN')
      .where('inputs.destination_id', 'in', part)
      .orderBy('datasets.name')
      .orderBy('datasets.digest')
      .execute()
    if (rows.length === 0) continue
    const tags = await inputTags(
      r,
      rows.map((row) => row.input_uuid)
    )
    const toInput = (row: (typeof rows)[number]): DatasetInput => ({
      dataset: {
        name: row.name,
        digest: row.digest,
        sourceType: row.dataset_source_type,
        source: row.dataset_source,
        schema: row.dataset_schema,
        profile: row.dataset_profile
      },
      tags: tags.get(row.input_uuid) ?? []
    })
    for (const [id, inputs] of Map.groupBy(rows, (row) => row.destination_id as RunId))
      byRun.set(id, inputs.map(toInput))
  }
  return byRun
}

async function inputTags(r: Reader, inputIds: readonly string[]): Promise<Map<string, Tag[]>> {
  const byInput = new Map<string, Tag[]>()
  for (const part of chunks(inputIds)) {
    const rows = await r.db.selectFrom('input_tags').selectAll().where('input_uuid', 'in', part).execute()
    for (const [id, own] of Map.groupBy(rows, (row) => row.input_uuid))
      byInput.set(
        id,
        own.map(({ name, value }) => ({ key: name, value }))
      )
  }
  return byInput
}

/** At most `limit` summaries of what runs of these experiments were fed, by experiment, name, digest and context, those without one first. */
export async function datasetSummaries(
  r: Reader,
  ids: readonly ExperimentId[],
  limit: number
): Promise<DatasetSummary[]> {
  const rows = await r.db
    .selectFrom('datasets')
    .innerJoin('inputs', (join) =>
      join.onRef('inputs.source_id', '=', 'datasets.dataset_uuid').on('inputs.source_type', '=', 'DATASET')
    )
    .leftJoin('input_tags', (join) =>
      join.onRef('input_tags.input_uuid', '=', 'inputs.input_uuid').on('input_tags.name', '=', TAGS.dataContext)
    )
    .select(['datasets.experiment_id', 'datasets.name', 'datasets.digest', 'input_tags.value as context'])
    .distinct()
    .where('datasets.experiment_id', 'in', ids.map(Number))
    .orderBy('datasets.experiment_id')
    .orderBy('datasets.name')
    .orderBy('datasets.digest')
    .orderBy('context')
    .limit(limit)
    .execute()
  return rows.map(({ experiment_id, ...summary }) => ({
    ...summary,
    experimentId: String(experiment_id) as ExperimentId
  }))
}
