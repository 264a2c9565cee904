/**
 * Runs that change their experiment. MLflow knows no such thing, so everything that names the experiment is settled here:
 *
 * - the run has a new number, as one made there would;
 * - the keys it uses are known there, and forgotten where nobody uses them any more;
 * - its datasets are that experiment's, and go from where no run was fed them any more;
 * - the logged models it made go with it, unless they were another experiment's already;
 * - its artifacts stay where they are: clients remember the run's artifact URI, other programs may have it, and it may lie on a disk or in
 *   a bucket that is not ours to move things in. `purge` therefore looks at who is below an experiment's folder, not whose folder it is.
 */
import type { Selectable } from 'kysely'
import type { MovedRun } from '#lib/domain/bulk.ts'
import { absent } from '#lib/domain/errors.ts'
import { randomHex, type ExperimentId, type ModelId, type RunId } from '#lib/domain/ids.ts'
import type { RunInfo } from '#lib/domain/run.ts'
import { TAGS } from '#lib/domain/tag.ts'
import { chunks } from './chunks.ts'
import type { Tx, Reader } from './database.ts'
import { requireActiveExperiment } from './experiments.ts'
import { dropUnusedKeys, KEY_TABLES, noteKey } from './keys.ts'
import { getRunInfos } from './runs.ts'
import type { DatasetsTable } from './schema.ts'

/**
 * Move runs, those in the trash too; who is there already stays as it is. Returns where each came from, for `moveRunsBack`.
 * Fails when a run is absent, and when the experiment is absent or not active.
 */
export async function moveRuns(tx: Tx, ids: readonly RunId[], to: ExperimentId): Promise<MovedRun[]> {
  await requireActiveExperiment(tx, to)
  return moveRunsTo(tx, ids, to)
}

/** The same to an experiment that may be in the trash. */
export async function moveRunsTo(tx: Tx, ids: readonly RunId[], to: ExperimentId): Promise<MovedRun[]> {
  const moving = (await requireRuns(tx, ids)).filter((run) => run.experimentId !== to).sort(inTheirOrder)
  const numbers = await newNumbers(tx, to, moving.length)
  await place(tx, to, moving, numbers)
  return moving.map(({ runId, experimentId, number }) => ({ runId, experimentId, number }))
}

/** Take a move back. Each run has its number again, unless somebody has it now. Fails as `moveRuns` does. */
export async function moveRunsBack(tx: Tx, moved: readonly MovedRun[]): Promise<void> {
  for (const [to, group] of Map.groupBy(moved, (run) => run.experimentId)) {
    await requireActiveExperiment(tx, to)
    const earlier = new Map(group.map(({ runId, number }) => [runId, number]))
    const runs = (await requireRuns(tx, [...earlier.keys()])).filter((run) => run.experimentId !== to)
    const free = await freeNumbers(tx, to, [...earlier.values()])
    const numbers: number[] = []
    for (const { runId } of runs) {
      const number = earlier.get(runId)!
      numbers.push(free.delete(number) ? number : (await newNumbers(tx, to, 1))[0]!)
    }
    await place(tx, to, runs, numbers)
  }
}

/** The runs, and all below them that stand in the same experiment, each once: the runs themselves first, then their children, and so on. */
export async function withDescendants(r: Reader, ids: readonly RunId[]): Promise<RunId[]> {
  const infos = await getRunInfos(r, [...new Set(ids)])
  const experiments = [...new Set(infos.map((info) => Number(info.experimentId)))]
  const found = new Set(infos.map((info) => info.runId))
  for (let parents = [...found]; parents.length > 0;) {
    const children: RunId[] = []
    for (const part of chunks(parents)) {
      const rows = await r.db
        .selectFrom('tags')
        .innerJoin('runs', 'runs.run_uuid', 'tags.run_uuid')
        .select('runs.run_uuid')
        .where('tags.key', '=', TAGS.parentRunId)
        .where('tags.value', 'in', part)
        .where('runs.experiment_id', 'in', experiments)
        .orderBy('runs.run_uuid')
        .execute()
      children.push(...rows.map((row) => row.run_uuid as RunId))
    }
    parents = children.filter((id) => !found.has(id))
    for (const id of parents) found.add(id)
  }
  return [...found]
}

async function requireRuns(r: Reader, ids: readonly RunId[]): Promise<RunInfo[]> {
  const distinct = [...new Set(ids)]
  const runs = await getRunInfos(r, distinct)
  const known = new Set(runs.map((run) => run.runId))
  const missing = distinct.find((id) => !known.has(id))
  if (missing !== undefined) throw absent(`Run with id=${missing} not found`)
  return runs
}

const inTheirOrder = (a: RunInfo, b: RunInfo): number =>
  Number(a.experimentId) - Number(b.experimentId) || a.number - b.number

async function newNumbers(tx: Tx, id: ExperimentId, count: number): Promise<number[]> {
  if (count === 0) return []
  const { runnel_runs_made } = await tx.db
    .updateTable('experiments')
    .set((eb) => ({ runnel_runs_made: eb('runnel_runs_made', '+', count) }))
    .where('experiment_id', '=', Number(id))
    .returning('runnel_runs_made')
    .executeTakeFirstOrThrow()
  return Array.from({ length: count }, (_, at) => runnel_runs_made - count + 1 + at)
}

/** Of some numbers, those that were given out in an experiment and that no run of it has. */
async function freeNumbers(r: Reader, id: ExperimentId, numbers: readonly number[]): Promise<Set<number>> {
  const { runnel_runs_made } = await r.db
    .selectFrom('experiments')
    .select('runnel_runs_made')
    .where('experiment_id', '=', Number(id))
    .executeTakeFirstOrThrow()
  const rows = await r.db.selectFrom('runs').select('runnel_number').where('experiment_id', '=', Number(id)).execute()
  const taken = new Set(rows.map((row) => row.runnel_number))
  return new Set(
    numbers.filter(
      (number) => Number.isSafeInteger(number) && number > 0 && number <= runnel_runs_made && !taken.has(number)
    )
  )
}

async function place(tx: Tx, to: ExperimentId, runs: readonly RunInfo[], numbers: readonly number[]): Promise<void> {
  for (const [at, { runId, experimentId }] of runs.entries()) {
    await tx.db
      .updateTable('runs')
      .set({ experiment_id: Number(to), runnel_number: numbers[at]! })
      .where('run_uuid', '=', runId)
      .execute()
    tx.moved.add(runId)
    tx.changes.add('run', { run: runId, experiment: experimentId })
    tx.changes.add('run', { experiment: to })
  }
  for (const [from, group] of Map.groupBy(runs, (run) => run.experimentId)) {
    const ids = group.map((run) => run.runId)
    await moveKeys(tx, ids, from, to)
    await moveDatasets(tx, ids, from, to)
    await moveModels(tx, ids, from, to)
  }
}

// ── keys ────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────

async function moveKeys(tx: Tx, ids: readonly RunId[], from: ExperimentId, to: ExperimentId): Promise<void> {
  for (const kind of ['param', 'metric', 'tag'] as const) {
    const keys = new Set<string>()
    for (const part of chunks(ids)) {
      const rows = await tx.db
        .selectFrom(KEY_TABLES[kind])
        .select('key')
        .distinct()
        .where('run_uuid', 'in', part)
        .execute()
      for (const { key } of rows) keys.add(key)
    }
    for (const key of keys) await noteKey(tx, to, kind, key)
    await dropUnusedKeys(tx, from, kind, [...keys])
  }
}

// ── datasets ────────────────────────────────────────────────────────────────────────────────────────────────────────────────────

async function moveDatasets(tx: Tx, ids: readonly RunId[], from: ExperimentId, to: ExperimentId): Promise<void> {
  const left = new Set<string>()
  for (const part of chunks(ids)) {
    const datasets = await tx.db
      .selectFrom('inputs')
      .innerJoin('datasets', 'datasets.dataset_uuid', 'inputs.source_id')
      .selectAll('datasets')
      .distinct()
      .where('inputs.source_type', '=', 'DATASET')
      .where('inputs.destination_type', '=', 'RUN')
      .where('inputs.destination_id', 'in', part)
      .where('datasets.experiment_id', '=', Number(from))
      .execute()
    for (const dataset of datasets) {
      const there = await datasetThere(tx, dataset, to)
      await tx.db
        .updateTable('inputs')
        .set({ source_id: there.dataset_uuid })
        .where('source_type', '=', 'DATASET')
        .where('source_id', '=', dataset.dataset_uuid)
        .where('destination_type', '=', 'RUN')
        .where('destination_id', 'in', part)
        .execute()
      if (saysTheSame(dataset, there)) left.add(dataset.dataset_uuid)
    }
    for (const id of part) tx.changes.add('dataset', { run: id })
  }
  // What would be lost with a dataset stands word for word where its runs went.
  for (const part of chunks([...left]))
    await tx.db
      .deleteFrom('datasets')
      .where('dataset_uuid', 'in', part)
      .where((eb) =>
        eb.not(
          eb.exists(
            eb
              .selectFrom('inputs')
              .select('input_uuid')
              .where('source_type', '=', 'DATASET')
              .whereRef('source_id', '=', 'datasets.dataset_uuid')
          )
        )
      )
      .execute()
}

type DatasetRow = Selectable<DatasetsTable>

/** The destination's dataset of that name and digest: the one it has, or a new one that says the same. */
async function datasetThere(tx: Tx, dataset: DatasetRow, to: ExperimentId): Promise<DatasetRow> {
  const known = await tx.db
    .selectFrom('datasets')
    .selectAll()
    .where('experiment_id', '=', Number(to))
    .where('name', '=', dataset.name)
    .where('digest', '=', dataset.digest)
    .executeTakeFirst()
  if (known) return known
  const copy = { ...dataset, dataset_uuid: randomHex(16), experiment_id: Number(to) }
  await tx.db.insertInto('datasets').values(copy).execute()
  return copy
}

const SAID = ['dataset_source_type', 'dataset_source', 'dataset_schema', 'dataset_profile'] as const

const saysTheSame = (a: DatasetRow, b: DatasetRow): boolean => SAID.every((column) => a[column] === b[column])

// ── logged models ───────────────────────────────────────────────────────────────────────────────────────────────────────────────

async function moveModels(tx: Tx, ids: readonly RunId[], from: ExperimentId, to: ExperimentId): Promise<void> {
  const there = { experiment_id: Number(to) }
  for (const part of chunks(ids)) {
    // What they measured, of whatever model.
    await tx.db.updateTable('logged_model_metrics').set(there).where('run_id', 'in', part).execute()
    // Where models stand that others told of, they tell themselves.
    if (tx.isMerge) continue
    const made = await tx.db
      .selectFrom('logged_models')
      .select('model_id')
      .where('experiment_id', '=', Number(from))
      .where('source_run_id', 'in', part)
      .execute()
    for (const { model_id } of made) {
      tx.moved.add(model_id as ModelId)
      tx.changes.add('logged-model', { model: model_id as ModelId })
    }
    for (const models of chunks(made.map((row) => row.model_id)))
      for (const table of ['logged_models', 'logged_model_params', 'logged_model_tags'] as const)
        await tx.db.updateTable(table).set(there).where('model_id', 'in', models).execute()
  }
  tx.changes.add('logged-model', { experiment: from })
  tx.changes.add('logged-model', { experiment: to })
}
