/** Entities written straight into tables, without the rules of the store: a search has to be right about rows no rule would let in. */
import { Kysely } from 'kysely'
import type { DatasetInput } from '#lib/domain/dataset.ts'
import type { Experiment } from '#lib/domain/experiment.ts'
import type { ExperimentId, RunId } from '#lib/domain/ids.ts'
import type { Run, RunInfo } from '#lib/domain/run.ts'
import { createDialect } from '#lib/store/dialect.ts'
import type { SqlEngine, SqlValue } from '#lib/store/engine.ts'
import { tracking } from '#lib/store/migrations/0001-tracking.ts'
import type { Schema } from '#lib/store/schema.ts'
import { kindOf } from '#lib/store/stored-values.ts'
import { createEngine, type EngineName } from './engines.ts'

export interface SearchData {
  readonly db: Kysely<Schema>
  replace(runs: readonly Run[], experiments?: readonly Experiment[]): void
  close(): void
}

export function openSearchData(name: EngineName): SearchData {
  const engine = createEngine(name)
  for (const statement of tracking) engine.run(statement, [])
  const sink = {
    select: (sql: string, params: readonly SqlValue[]) => engine.all(sql, params),
    change: () => {
      throw new Error('A search changes nothing')
    }
  }
  return {
    db: new Kysely<Schema>({ dialect: createDialect(sink) }),
    replace: (runs, experiments = []) => {
      engine.run('begin', [])
      for (const table of TABLES) engine.run(`delete from ${table}`, [])
      for (const experiment of experiments) insertExperiment(engine, experiment)
      runs.forEach((run) => insertRun(engine, run))
      engine.run('commit', [])
    },
    close: () => engine.close()
  }
}

const TABLES = [
  'experiments',
  'experiment_tags',
  'runs',
  'params',
  'tags',
  'latest_metrics',
  'datasets',
  'inputs',
  'input_tags'
]

function insert(engine: SqlEngine, table: string, row: Record<string, SqlValue>): void {
  const columns = Object.keys(row)
  engine.run(`insert into ${table} (${columns.join()}) values (${columns.map(() => '?').join()})`, Object.values(row))
}

function insertExperiment(engine: SqlEngine, experiment: Experiment): void {
  const experiment_id = Number(experiment.experimentId)
  insert(engine, 'experiments', {
    experiment_id,
    name: experiment.name,
    artifact_location: experiment.artifactLocation,
    lifecycle_stage: experiment.lifecycleStage,
    creation_time: experiment.creationTime,
    last_update_time: experiment.lastUpdateTime
  })
  for (const tag of experiment.tags) insert(engine, 'experiment_tags', { experiment_id, ...tag })
}

function insertRun(engine: SqlEngine, { info, data, datasets }: Run): void {
  const run_uuid = info.runId
  insert(engine, 'runs', {
    run_uuid,
    name: info.name,
    user_id: info.userId,
    status: info.status,
    start_time: info.startTime,
    end_time: info.endTime,
    lifecycle_stage: info.lifecycleStage,
    artifact_uri: info.artifactUri,
    experiment_id: Number(info.experimentId)
  })
  for (const param of data.params) insert(engine, 'params', { run_uuid, ...param })
  for (const tag of data.tags) insert(engine, 'tags', { run_uuid, ...tag })
  for (const { key, last } of data.metrics) {
    const kind = kindOf(last.value)
    const row = { run_uuid, key, value: kind === 0 ? last.value : 0, timestamp: last.timestamp, step: last.step }
    insert(engine, 'latest_metrics', { ...row, is_nan: kind, point_count: 1 })
  }
  datasets.forEach((input, at) => insertInput(engine, run_uuid, input, at))
}

function insertInput(engine: SqlEngine, run: RunId, { dataset, tags }: DatasetInput, at: number): void {
  const id = `${run}-${at}`
  insert(engine, 'datasets', {
    dataset_uuid: id,
    // One experiment per row keeps the identity (experiment, name, digest) out of the way.
    experiment_id: inputCount++,
    name: dataset.name,
    digest: dataset.digest,
    dataset_source_type: dataset.sourceType,
    dataset_source: dataset.source
  })
  const edge = { source_type: 'DATASET', source_id: id, destination_type: 'RUN', destination_id: run }
  insert(engine, 'inputs', { input_uuid: id, ...edge })
  for (const { key, value } of tags) insert(engine, 'input_tags', { input_uuid: id, name: key, value })
}

let inputCount = 0

export interface RunSketch extends Partial<Omit<RunInfo, 'runId' | 'experimentId'>> {
  readonly id: string
  readonly experimentId?: string
  readonly params?: Readonly<Record<string, string>>
  readonly tags?: Readonly<Record<string, string>>
  readonly metrics?: Readonly<Record<string, number>>
  /** [name, digest, context]; null for no context. */
  readonly datasets?: readonly (readonly [string, string, string | null])[]
}

export function sketchRun(sketch: RunSketch): Run {
  const { id, experimentId = '1', params = {}, tags = {}, metrics = {}, datasets = [], ...info } = sketch
  return {
    info: {
      runId: id as RunId,
      experimentId: experimentId as ExperimentId,
      name: '',
      userId: '',
      status: 'RUNNING',
      startTime: 0,
      endTime: null,
      lifecycleStage: 'active',
      deletedTime: null,
      artifactUri: '',
      number: 1,
      ...info
    },
    data: {
      params: pairs(params),
      tags: pairs(tags),
      metrics: Object.entries(metrics).map(([key, value]) => ({
        key,
        last: { step: 0, timestamp: 0, value },
        min: value,
        max: value,
        count: 1
      }))
    },
    datasets: datasets.map(([name, digest, context]) => ({
      dataset: { name, digest, sourceType: 'local', source: '', schema: null, profile: null },
      tags: context === null ? [] : [{ key: 'mlflow.data.context', value: context }]
    })),
    modelInputs: [],
    modelOutputs: []
  }
}

const pairs = (record: Readonly<Record<string, string>>) =>
  Object.entries(record).map(([key, value]) => ({ key, value }))
