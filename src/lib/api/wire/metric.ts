import { invalid } from '#lib/domain/errors.ts'
import { parseModelId } from '#lib/domain/ids.ts'
import type { DatasetName, LoggedPoint } from '#lib/domain/logged-model.ts'
import { placeOf, type MetricPoint } from '#lib/domain/metric.ts'
import type { Fields } from './fields.ts'
import { wireDouble, type Message } from './json.ts'

/** A point of log-metric or log-batch. */
export function parseMetricPoint(fields: Fields): LoggedPoint {
  const point = {
    key: fields.requiredText('key'),
    value: fields.requiredDouble('value'),
    ...placeOf(fields.long('step') ?? 0, fields.requiredLong('timestamp'))
  }
  const modelId = fields.text('model_id')
  if (modelId && point.exact)
    throw invalid(`What is measured of a model has steps and timestamps of at most ±${Number.MAX_SAFE_INTEGER} here.`)
  const dataset = datasetName(fields)
  // Nearly every point is of no model: it stays the object it is.
  return modelId || dataset
    ? { ...point, ...(modelId && { modelId: parseModelId(modelId) }), ...(dataset && { dataset }) }
    : point
}

function datasetName(fields: Fields): DatasetName | null {
  const name = fields.text('dataset_name')
  const digest = fields.text('dataset_digest')
  if (!name && !digest) return null
  if (!name || !digest) throw invalid('Both dataset_name and dataset_digest must be provided if one is provided')
  return { name, digest }
}

/** JSON has one zero: a -0 goes out as 0, which is all MLflow keeps of it. */
export const metricPointToWire = ({ key, value, timestamp, step, exact }: MetricPoint): Message => ({
  key,
  value: wireDouble(value),
  timestamp: exact?.timestamp ?? timestamp,
  step: exact?.step ?? step
})
