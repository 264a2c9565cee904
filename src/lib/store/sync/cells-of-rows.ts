/**
 * What rows say, as cells. The inverse of rows-of-cells.ts, and with it the only place that knows which rows a cell stands for; so facts are
 * made by comparing (capture.ts), and no noun has to say what it changed.
 *
 * Not here, since it is told otherwise: points (series-facts.ts), and the text of notes, which a room of its own carries.
 */
import { artifactRootPath } from '#lib/domain/artifact.ts'
import type { ExperimentId, ModelId, RunId } from '#lib/domain/ids.ts'
import type { Json } from '#lib/domain/json.ts'
import { SYNC } from '#lib/domain/limits.ts'
import { TAGS } from '#lib/domain/tag.ts'
import { FIELDS, PREFIXES } from '#lib/domain/sync/cells.ts'
import { artifactsBelow } from '../artifacts.ts'
import { chunks } from '../chunks.ts'
import type { Reader } from '../database.ts'
import { inputsOfRuns } from '../datasets.ts'
import { getExperiments } from '../experiments.ts'
import { loggedModelsOf } from '../logged-models.ts'
import { modelEdgesOfRuns } from '../model-edges.ts'
import { paramsOfRuns } from '../params.ts'
import { getRunInfos } from '../runs.ts'
import { tagsOfRuns } from '../tags.ts'
import type { Room } from './rooms.ts'

/** Values by field. */
export type CellValues = Map<string, Json>

type Rooms = ReadonlyMap<ExperimentId, Room>

const isNote = (key: string): boolean => key === TAGS.note

/** Those that are here. `rooms` says which experiments are shared: where a run stands is said only of them. */
export async function cellsOfRuns(r: Reader, ids: readonly RunId[], rooms: Rooms): Promise<Map<RunId, CellValues>> {
  const infos = await getRunInfos(r, ids)
  const known = infos.map(({ runId }) => runId)
  const [params, tags, inputs, edges, comments] = [
    await paramsOfRuns(r, known),
    await tagsOfRuns(r, known),
    await inputsOfRuns(r, known),
    await modelEdgesOfRuns(r, known),
    await commentsOfRuns(r, known)
  ]
  const found = new Map<RunId, CellValues>()
  for (const info of infos) {
    const id = info.runId
    const cells: CellValues = new Map()
    cells.set(FIELDS.genesis, { u: info.userId, t: info.startTime, n: info.number })
    cells.set(FIELDS.name, info.name)
    cells.set(FIELDS.status, [info.status, info.endTime])
    cells.set(FIELDS.stage, [info.lifecycleStage, info.deletedTime])
    const room = rooms.get(info.experimentId)
    if (room) cells.set(FIELDS.home, room.sharedId)
    for (const { key, value } of params.get(id) ?? []) cells.set(PREFIXES.param + key, value)
    for (const { key, value } of tags.get(id) ?? []) if (!isNote(key)) cells.set(PREFIXES.tag + key, value)
    for (const { dataset, tags: own } of inputs.get(id) ?? []) {
      const tags = own.map(({ key, value }) => [key, value])
      cells.set(datasetField(dataset.name, dataset.digest), tags)
    }
    for (const { modelId } of edges.get(id)?.inputs ?? []) cells.set(PREFIXES.input + modelId, 0)
    for (const { modelId, step } of edges.get(id)?.outputs ?? []) cells.set(PREFIXES.output + modelId, step)
    for (const [comment, body] of comments.get(id) ?? []) cells.set(PREFIXES.comment + comment, body)
    await addFiles(r, cells, info.artifactUri)
    found.set(id, cells)
  }
  return found
}

/** In a run it says which tags it was fed with, in an experiment what is known of it. */
const datasetField = (name: string, digest: string): string => PREFIXES.dataset + JSON.stringify([name, digest])

async function addFiles(r: Reader, cells: CellValues, artifactUri: string): Promise<void> {
  const root = artifactRootPath(artifactUri)
  if (root === null || root === '') return
  for (const { path, blobId, size, mediaType, createdTime } of await artifactsBelow(r, root))
    cells.set(PREFIXES.file + path.slice(root.length + 1), [blobId, size, mediaType, createdTime])
}

async function commentsOfRuns(r: Reader, ids: readonly RunId[]): Promise<Map<RunId, [string, Json][]>> {
  const byRun = new Map<RunId, [string, Json][]>()
  for (const part of chunks(ids)) {
    const rows = await r.db.selectFrom('runnel_comments').selectAll().where('run_uuid', 'in', part).execute()
    for (const [id, own] of Map.groupBy(rows, (row) => row.run_uuid as RunId))
      byRun.set(
        id,
        own.map(({ comment_id, body }) => [comment_id, JSON.parse(body) as Json])
      )
  }
  return byRun
}

/** Those that are here. One that was joined and that nothing has come of yet has no name, and says nothing. */
export async function cellsOfExperiments(
  r: Reader,
  ids: readonly ExperimentId[]
): Promise<Map<ExperimentId, CellValues>> {
  const claims = await claimsOf(r, ids)
  const datasets = await datasetsOf(r, ids)
  const found = new Map<ExperimentId, CellValues>()
  for (const { experimentId, name, lifecycleStage, creationTime, lastUpdateTime, tags } of await getExperiments(
    r,
    ids
  )) {
    if (claims.get(experimentId) === '') continue
    const cells: CellValues = new Map()
    cells.set(FIELDS.genesis, { t: creationTime })
    cells.set(FIELDS.name, claims.get(experimentId) ?? name)
    cells.set(FIELDS.stage, [lifecycleStage, lifecycleStage === 'deleted' ? lastUpdateTime : null])
    for (const { key, value } of tags) if (!isNote(key)) cells.set(PREFIXES.tag + key, value)
    for (const [field, value] of datasets.get(experimentId) ?? []) cells.set(field, value)
    found.set(experimentId, cells)
  }
  return found
}

async function datasetsOf(r: Reader, ids: readonly ExperimentId[]): Promise<Map<ExperimentId, [string, Json][]>> {
  const byExperiment = new Map<ExperimentId, [string, Json][]>()
  for (const part of chunks(ids.map(Number))) {
    const rows = await r.db.selectFrom('datasets').selectAll().where('experiment_id', 'in', part).execute()
    for (const [id, own] of Map.groupBy(rows, (row) => String(row.experiment_id) as ExperimentId))
      byExperiment.set(
        id,
        own.map((row) => [
          datasetField(row.name, row.digest),
          [
            row.dataset_source_type,
            withinBounds(row.dataset_source),
            withinBounds(row.dataset_schema),
            withinBounds(row.dataset_profile)
          ]
        ])
      )
  }
  return byExperiment
}

/** A profile may have sixteen megabytes, more than a record: what is that long stays where it was logged. */
const withinBounds = (text: string | null): string | null =>
  text === null || text.length > SYNC.cellLength ? null : text

/** What experiments are called where their name is taken here. */
async function claimsOf(r: Reader, ids: readonly ExperimentId[]): Promise<Map<ExperimentId, string>> {
  const claims = new Map<ExperimentId, string>()
  for (const part of chunks(ids.map(Number))) {
    const rows = await r.db
      .selectFrom('experiments')
      .select(['experiment_id', 'runnel_claim'])
      .where('experiment_id', 'in', part)
      .where('runnel_claim', 'is not', null)
      .execute()
    for (const row of rows) claims.set(String(row.experiment_id) as ExperimentId, row.runnel_claim!)
  }
  return claims
}

/** Those that are here. */
export async function cellsOfModels(
  r: Reader,
  ids: readonly ModelId[],
  rooms: Rooms
): Promise<Map<ModelId, CellValues>> {
  const found = new Map<ModelId, CellValues>()
  for (const model of await loggedModelsOf(r, ids)) {
    const cells: CellValues = new Map()
    const { name, modelType, sourceRunId, creationTime, lastUpdateTime, lifecycleStage } = model
    cells.set(FIELDS.genesis, { n: name, m: modelType, r: sourceRunId, t: creationTime })
    cells.set(FIELDS.status, model.status)
    cells.set(FIELDS.stage, [lifecycleStage, lifecycleStage === 'deleted' ? lastUpdateTime : null])
    const room = rooms.get(model.experimentId)
    if (room) cells.set(FIELDS.home, room.sharedId)
    for (const { key, value } of model.params) cells.set(PREFIXES.param + key, value)
    for (const { key, value } of model.tags) cells.set(PREFIXES.tag + key, value)
    for (const { key, timestamp, step, value, runId, dataset } of model.metrics) {
      const place = JSON.stringify([key, timestamp, step, runId])
      const what = [doubleToJson(value), dataset?.name ?? null, dataset?.digest ?? null]
      cells.set(PREFIXES.measurement + place, what)
    }
    await addFiles(r, cells, model.artifactUri)
    found.set(model.modelId, cells)
  }
  return found
}

/** JSON has no NaN, infinities and -0. */
export const doubleToJson = (value: number): Json =>
  Number.isFinite(value) && !Object.is(value, -0) ? value : Object.is(value, -0) ? '-0' : String(value)
