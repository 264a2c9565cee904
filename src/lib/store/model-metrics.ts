/** What runs measured of logged models: every point, and not only the latest of each key. */
import { RunnelError } from '#lib/domain/errors.ts'
import type { ModelId, RunId } from '#lib/domain/ids.ts'
import type { DatasetName, LoggedPoint, ModelMetric } from '#lib/domain/logged-model.ts'
import type { RunInfo } from '#lib/domain/run.ts'
import { seriesOf } from '#lib/domain/series.ts'
import { chunks } from './chunks.ts'
import type { Reader, Tx } from './database.ts'
import { pointColumns, valueOf } from './stored-values.ts'

/**
 * Keep the points that name a model with that model; exact repeats vanish, points that name none are passed over.
 * Fails with BAD_REQUEST when there is no such model, and when the model has another value, or another dataset, at the same run, key,
 * step and time: a point of a model is told apart by these alone, as in MLflow.
 */
export async function logModelMetrics(tx: Tx, run: RunInfo, points: readonly LoggedPoint[]): Promise<void> {
  const measured = points.filter((point): point is MeasuredPoint => point.modelId !== undefined)
  if (measured.length === 0) return
  await requireModels(tx, new Set(measured.map((point) => point.modelId)))
  const series = Map.groupBy(measured, ({ modelId, key, dataset }) =>
    JSON.stringify([modelId, key, dataset?.name, dataset?.digest])
  )
  for (const [, group] of series) await logModelSeries(tx, run, group[0]!, group)
  for (const { modelId: model } of measured) tx.changes.add('logged-model', { experiment: run.experimentId, model })
}

type MeasuredPoint = LoggedPoint & { readonly modelId: ModelId }

async function requireModels(r: Reader, ids: ReadonlySet<ModelId>): Promise<void> {
  const known = new Set<string>()
  for (const part of chunks([...ids])) {
    const rows = await r.db.selectFrom('logged_models').select('model_id').where('model_id', 'in', part).execute()
    for (const row of rows) known.add(row.model_id)
  }
  for (const id of ids)
    if (!known.has(id))
      throw new RunnelError('BAD_REQUEST', `There is no logged model with ID '${id}' to log a metric of.`)
}

const POINT_COLUMNS = [
  'model_id',
  'metric_name',
  'experiment_id',
  'run_id',
  'dataset_name',
  'dataset_digest',
  'is_nan',
  'metric_timestamp_ms',
  'metric_step',
  'metric_value'
]

async function logModelSeries(
  tx: Tx,
  run: RunInfo,
  { modelId, key, dataset }: MeasuredPoint,
  points: readonly MeasuredPoint[]
): Promise<void> {
  const { steps, timestamps, values } = seriesOf(points)
  const of = [modelId, key, Number(run.experimentId), run.runId, dataset?.name ?? null, dataset?.digest ?? null]
  const added = tx.insertMany({
    into: 'logged_model_metrics',
    columns: POINT_COLUMNS,
    ...pointColumns(of, [timestamps, steps], values)
  })
  if (added < points.length) await requireRepeats(tx, run, points)
}

/** What was left out as being there already must be there exactly. */
async function requireRepeats(r: Reader, run: RunInfo, points: readonly MeasuredPoint[]): Promise<void> {
  const { modelId, key } = points[0]!
  const times = points.map((point) => point.timestamp)
  // Between their times alone, as points are clustered: a batch sent again must not cost the whole history.
  const rows = await r.db
    .selectFrom('logged_model_metrics')
    .selectAll()
    .where('model_id', '=', modelId)
    .where('metric_name', '=', key)
    .where('run_id', '=', run.runId)
    .where('metric_timestamp_ms', '>=', Math.min(...times))
    .where('metric_timestamp_ms', '<=', Math.max(...times))
    .execute()
  const kept = new Map(rows.map((row) => [`${row.metric_step}/${row.metric_timestamp_ms}`, row]))
  for (const { step, timestamp, value, dataset } of points) {
    const row = kept.get(`${step}/${timestamp}`)
    const same =
      row !== undefined &&
      Object.is(valueOf(row.metric_value, row.is_nan), value) &&
      row.dataset_name === (dataset?.name ?? null) &&
      row.dataset_digest === (dataset?.digest ?? null)
    if (!same)
      throw new RunnelError(
        'BAD_REQUEST',
        `Model '${modelId}' already has another value or dataset for metric '${key}' of run '${run.runId}' at step ${step} and timestamp ${timestamp}.`
      )
  }
}

/** By model, in the order of key, timestamp, step and run. */
export async function metricsOfModels(r: Reader, ids: readonly ModelId[]): Promise<Map<ModelId, ModelMetric[]>> {
  const byModel = new Map<ModelId, ModelMetric[]>()
  for (const part of chunks(ids)) {
    const rows = await r.db
      .selectFrom('logged_model_metrics')
      .selectAll()
      .where('model_id', 'in', part)
      .orderBy('model_id')
      .orderBy('metric_name')
      .orderBy('metric_timestamp_ms')
      .orderBy('metric_step')
      .orderBy('run_id')
      .execute()
    for (const [id, group] of Map.groupBy(rows, (row) => row.model_id as ModelId))
      byModel.set(
        id,
        group.map((row) => ({
          key: row.metric_name,
          step: row.metric_step,
          timestamp: row.metric_timestamp_ms,
          value: valueOf(row.metric_value, row.is_nan),
          runId: row.run_id as RunId,
          dataset: datasetOf(row.dataset_name, row.dataset_digest)
        }))
      )
  }
  return byModel
}

const datasetOf = (name: string | null, digest: string | null): DatasetName | null =>
  name === null || digest === null ? null : { name, digest }
