/**
 * Rows of runs made to say what cells say: the inverse of `cellsOfRuns`. What is written here won over all that was said, so none of MLflow's
 * refusals apply (a run in the trash takes a tag).
 */
import { artifactRootPath, parseArtifactPath, runArtifactUri } from '#lib/domain/artifact.ts'
import type { ExperimentId, RunId } from '#lib/domain/ids.ts'
import type { Json } from '#lib/domain/json.ts'
import { LIMITS } from '#lib/domain/limits.ts'
import type { RunInfo } from '#lib/domain/run.ts'
import { FIELDS, kindOfField, PREFIXES, restOfField, type Winners } from '#lib/domain/sync/cells.ts'
import { modelSubject } from '#lib/domain/sync/subject.ts'
import type { Tx } from '../database.ts'
import { noteKey } from '../keys.ts'
import { logInputs } from '../datasets.ts'
import { logModelInputs, logModelOutputs } from '../model-edges.ts'
import { getRunInfos } from '../runs.ts'
import type { Dataset } from '#lib/domain/dataset.ts'
import {
  type DatasetName,
  datasetNameOf,
  fileOf,
  modelIdOf,
  runGenesisOf,
  stageOf,
  statusOf,
  tagsOf,
  textOf
} from './cell-values.ts'
import { isGone } from './gone.ts'
import type { RowBatch } from './row-batch.ts'

/** A subject whose winners changed: all of them, and which ones did. */
export interface Changed<Id> {
  readonly id: Id
  readonly winners: Winners
  readonly fields: readonly string[]
}

/** Where a run that is not here yet is put. */
export interface Home {
  readonly experimentId: ExperimentId
  readonly artifactLocation: string
}

/** Returns the runs as they are then. `homeOf` is asked for runs that are not here. */
export async function writeRuns(
  tx: Tx,
  batch: RowBatch,
  changed: readonly Changed<RunId>[],
  homeOf: (winners: Winners) => Home
): Promise<Map<RunId, RunInfo>> {
  const ids = changed.map(({ id }) => id)
  const here = new Set((await getRunInfos(tx, ids)).map(({ runId }) => runId))
  await insertRuns(
    tx,
    changed.filter(({ id }) => !here.has(id)),
    homeOf
  )
  for (const one of changed) if (here.has(one.id)) await updateRun(tx, one)
  const infos = new Map((await getRunInfos(tx, ids)).map((info) => [info.runId, info]))
  for (const one of changed) await writeFields(tx, batch, infos.get(one.id)!, one)
  return infos
}

// ── runs ────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────

async function insertRuns(tx: Tx, fresh: readonly Changed<RunId>[], homeOf: (winners: Winners) => Home): Promise<void> {
  const homes = fresh.map((one) => ({ ...one, home: homeOf(one.winners) }))
  for (const [experimentId, group] of Map.groupBy(homes, ({ home }) => home.experimentId)) {
    const numbers = await takeNumbers(
      tx,
      experimentId,
      group.map(({ winners }) => runGenesisOf(winners.get(FIELDS.genesis)?.value).number)
    )
    const rows = group.map(({ id, winners, home }, index) => ({
      run_uuid: id,
      ...runColumns(winners),
      source_type: 'UNKNOWN',
      source_name: '',
      entry_point_name: '',
      source_version: '',
      artifact_uri: runArtifactUri(home.artifactLocation, id),
      experiment_id: Number(experimentId),
      runnel_number: numbers[index]!
    }))
    for (let from = 0; from < rows.length; from += ROWS) {
      await tx.db
        .insertInto('runs')
        .values(rows.slice(from, from + ROWS))
        .execute()
    }
    for (const { id } of group) tx.changes.add('run', { run: id, experiment: experimentId })
  }
}

const ROWS = 100

function runColumns(winners: Winners) {
  const { userId, startTime } = runGenesisOf(winners.get(FIELDS.genesis)?.value)
  const { status, endTime } = statusOf(winners.get(FIELDS.status)?.value)
  const { stage, since } = stageOf(winners.get(FIELDS.stage)?.value)
  return {
    name: textOf(winners.get(FIELDS.name)?.value, LIMITS.tagValueLength) ?? '',
    user_id: userId,
    status,
    start_time: startTime,
    end_time: endTime,
    lifecycle_stage: stage,
    deleted_time: since
  }
}

/** The numbers runs had elsewhere, where nobody has them here: their colours come from them. Others get the next. 0 asks for the next. */
async function takeNumbers(tx: Tx, id: ExperimentId, wanted: readonly number[]): Promise<number[]> {
  const rows = await tx.db.selectFrom('runs').select('runnel_number').where('experiment_id', '=', Number(id)).execute()
  const taken = new Set(rows.map((row) => row.runnel_number))
  const { runnel_runs_made: made } = await tx.db
    .selectFrom('experiments')
    .select('runnel_runs_made')
    .where('experiment_id', '=', Number(id))
    .executeTakeFirstOrThrow()
  let last = Math.max(made, ...wanted)
  const numbers = wanted.map((number) => {
    const given = number > 0 && !taken.has(number) ? number : ++last
    taken.add(given)
    return given
  })
  await tx.db
    .updateTable('experiments')
    .set({ runnel_runs_made: last })
    .where('experiment_id', '=', Number(id))
    .execute()
  return numbers
}

const IN_ROW = new Set<string>([FIELDS.genesis, FIELDS.name, FIELDS.status, FIELDS.stage])

async function updateRun(tx: Tx, { id, winners, fields }: Changed<RunId>): Promise<void> {
  if (!fields.some((field) => IN_ROW.has(field))) return
  await tx.db.updateTable('runs').set(runColumns(winners)).where('run_uuid', '=', id).execute()
}

// ── what runs have ──────────────────────────────────────────────────────────────────────────────────────────────────────────────

async function writeFields(tx: Tx, batch: RowBatch, run: RunInfo, { winners, fields }: Changed<RunId>): Promise<void> {
  const touched = { run: run.runId, experiment: run.experimentId }
  for (const field of fields) {
    const { value } = winners.get(field)!
    const rest = restOfField(field)
    switch (kindOfField(field)) {
      case PREFIXES.param: {
        const text = textOf(value, LIMITS.paramValueLength)
        if (text === null || rest.length > LIMITS.paramKeyLength) break
        batch.add('params', [run.runId, rest, text])
        await noteKey(tx, run.experimentId, 'param', rest)
        tx.changes.add('param', touched)
        break
      }
      case PREFIXES.tag:
        if (rest.length <= LIMITS.tagKeyLength) await writeTag(tx, batch, run, rest, value)
        tx.changes.add('tag', touched)
        break
      case PREFIXES.dataset:
        await writeInput(tx, run, rest, value)
        break
      case PREFIXES.input:
      case PREFIXES.output:
        await writeEdge(tx, run, field, value)
        break
      case PREFIXES.file:
        await writeFile(tx, batch, run.artifactUri, rest, value)
        tx.changes.add('artifact', touched)
        break
      case PREFIXES.comment:
        await writeComment(tx, batch, run.runId, rest, value)
        tx.changes.add('comment', touched)
        break
      default:
        tx.changes.add('run', touched)
    }
  }
}

async function writeTag(tx: Tx, batch: RowBatch, run: RunInfo, key: string, value: Json): Promise<void> {
  const text = textOf(value, LIMITS.tagValueLength)
  if (text === null) {
    await tx.db.deleteFrom('tags').where('run_uuid', '=', run.runId).where('key', '=', key).execute()
    return
  }
  batch.add('tags', [run.runId, key, text])
  await noteKey(tx, run.experimentId, 'tag', key)
}

async function writeInput(tx: Tx, run: RunInfo, field: string, value: Json): Promise<void> {
  const named = datasetNameOf(field)
  if (named === null) return
  const dataset = await knownDataset(tx, run, named)
  await deleteInput(tx, run, named)
  await logInputs(tx, run, [{ dataset, tags: tagsOf(value) }])
}

/** What is known of a dataset stands with the experiment, and may not be here yet; that of another experiment is the same one. */
async function knownDataset(tx: Tx, run: RunInfo, named: DatasetName): Promise<Dataset> {
  const rows = tx.db
    .selectFrom('datasets')
    .selectAll()
    .where('name', '=', named.name)
    .where('digest', '=', named.digest)
  // Nearly always it is here: no index finds it elsewhere.
  const here = await rows.where('experiment_id', '=', Number(run.experimentId)).executeTakeFirst()
  const row = here ?? (await rows.orderBy('dataset_uuid').executeTakeFirst())
  return {
    ...named,
    sourceType: row?.dataset_source_type ?? '',
    source: row?.dataset_source ?? '',
    schema: row?.dataset_schema ?? null,
    profile: row?.dataset_profile ?? null
  }
}

/** The first one that was said wins, and its tags with it. */
async function deleteInput(tx: Tx, run: RunInfo, { name, digest }: { name: string; digest: string }): Promise<void> {
  const known = await tx.db
    .selectFrom('inputs')
    .innerJoin('datasets', 'datasets.dataset_uuid', 'inputs.source_id')
    .select('inputs.input_uuid')
    .where('inputs.source_type', '=', 'DATASET')
    .where('inputs.destination_type', '=', 'RUN')
    .where('inputs.destination_id', '=', run.runId)
    .where('datasets.name', '=', name)
    .where('datasets.digest', '=', digest)
    .executeTakeFirst()
  if (known === undefined) return
  await tx.db.deleteFrom('input_tags').where('input_uuid', '=', known.input_uuid).execute()
  await tx.db.deleteFrom('inputs').where('input_uuid', '=', known.input_uuid).execute()
}

async function writeEdge(tx: Tx, run: RunInfo, field: string, value: Json): Promise<void> {
  const modelId = modelIdOf(restOfField(field))
  // A model that is gone for good took along what names it.
  if (modelId === null || (await isGone(tx, modelSubject(modelId)))) return
  const isOutput = kindOfField(field) === PREFIXES.output
  await tx.db
    .deleteFrom('inputs')
    .where('source_type', '=', isOutput ? 'RUN_OUTPUT' : 'RUN_INPUT')
    .where('source_id', '=', run.runId)
    .where('destination_id', '=', modelId)
    .execute()
  if (isOutput) await logModelOutputs(tx, run, [{ modelId, step: Number.isSafeInteger(value) ? (value as number) : 0 }])
  else await logModelInputs(tx, run, [{ modelId }])
}

/** Below a run's, or a model's, folder; nothing where its files are not in this store. The blob may be elsewhere yet. */
export async function writeFile(
  tx: Tx,
  batch: RowBatch,
  artifactUri: string,
  path: string,
  value: Json
): Promise<void> {
  const root = artifactRootPath(artifactUri)
  if (root === null || root === '' || !isArtifactPath(path)) return
  const whole = `${root}/${path}`
  const file = fileOf(value)
  if (file === null) await tx.db.deleteFrom('runnel_artifacts').where('path', '=', whole).execute()
  else batch.add('runnel_artifacts', [whole, file.blobId, file.size, file.mediaType, file.createdTime])
}

function isArtifactPath(path: string): boolean {
  try {
    return parseArtifactPath(path) === path
  } catch {
    return false
  }
}

async function writeComment(tx: Tx, batch: RowBatch, runId: RunId, id: string, value: Json): Promise<void> {
  if (value === null)
    await tx.db.deleteFrom('runnel_comments').where('run_uuid', '=', runId).where('comment_id', '=', id).execute()
  else batch.add('runnel_comments', [runId, id, JSON.stringify(value)])
}
