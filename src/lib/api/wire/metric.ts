import type { MetricPoint } from '#lib/domain/metric.ts'
import type { Fields } from './fields.ts'
import { wireDouble, type Message } from './json.ts'

/**
 * A point of log-metric or log-batch. `model_id`, `dataset_name` and `dataset_digest` are not read: they tie the point to a logged model,
 * which this store does not keep; the run's own metric is the same without them.
 */
export const parseMetricPoint = (fields: Fields): MetricPoint => ({
  key: fields.requiredText('key'),
  value: fields.requiredDouble('value'),
  timestamp: fields.requiredInteger('timestamp'),
  step: fields.integer('step') ?? 0
})

export const metricPointToWire = ({ key, value, timestamp, step }: MetricPoint): Message => ({
  key,
  value: wireDouble(value),
  timestamp,
  step
})
