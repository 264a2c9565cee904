import { parseModelId, type ModelId } from '#lib/domain/ids.ts'
import {
  LOGGED_MODEL_STATUSES,
  type LoggedModel,
  type LoggedModelStatus,
  type ModelInput,
  type ModelMetric,
  type ModelOutput
} from '#lib/domain/logged-model.ts'
import type { Fields } from './fields.ts'
import type { Message } from './json.ts'
import { metricPointToWire } from './metric.ts'
import { tagsToWire, unlessEmpty } from './tag.ts'

const STATUS_ON_WIRE = {
  UNSPECIFIED: 'LOGGED_MODEL_STATUS_UNSPECIFIED',
  PENDING: 'LOGGED_MODEL_PENDING',
  READY: 'LOGGED_MODEL_READY',
  UPLOAD_FAILED: 'LOGGED_MODEL_UPLOAD_FAILED'
} as const satisfies Record<LoggedModelStatus, string>

/** Fields in MLflow's order. What has no text is an empty one there too. */
export const loggedModelToWire = (model: LoggedModel): Message => ({
  info: {
    model_id: model.modelId,
    experiment_id: model.experimentId,
    name: model.name,
    creation_timestamp_ms: model.creationTime,
    last_updated_timestamp_ms: model.lastUpdateTime,
    artifact_uri: model.artifactUri,
    status: STATUS_ON_WIRE[model.status],
    model_type: model.modelType,
    source_run_id: model.sourceRunId,
    status_message: model.statusMessage === '' ? undefined : model.statusMessage,
    tags: tagsToWire(model.tags)
  },
  data: {
    params: tagsToWire(model.params),
    metrics: unlessEmpty(model.metrics.map((metric) => modelMetricToWire(model.modelId, metric)))
  }
})

/** A NaN is `NaN` here as everywhere; MLflow says 0, as it keeps no more of it with a model. */
const modelMetricToWire = (modelId: ModelId, metric: ModelMetric): Message => ({
  ...metricPointToWire(metric),
  dataset_name: metric.dataset?.name,
  dataset_digest: metric.dataset?.digest,
  model_id: modelId,
  run_id: metric.runId
})

/**
 * A status by its name on the wire or its number from 0, also as text. MLflow takes what it does not know for UNSPECIFIED; here it is
 * refused, as a model would be neither pending nor ready after a slip of the pen.
 */
export function requiredStatus(fields: Fields): LoggedModelStatus {
  const name = fields.requiredOneOf(
    'status',
    LOGGED_MODEL_STATUSES.map((status) => STATUS_ON_WIRE[status]),
    0
  )
  return LOGGED_MODEL_STATUSES.find((status) => STATUS_ON_WIRE[status] === name)!
}

/** A model named by a run, which need not exist. */
function requiredModelId(fields: Fields): ModelId {
  return parseModelId(fields.requiredText('model_id'))
}

export const parseModelInput = (fields: Fields): ModelInput => ({ modelId: requiredModelId(fields) })

export const parseModelOutput = (fields: Fields): ModelOutput => ({
  modelId: requiredModelId(fields),
  step: fields.integer('step') ?? 0
})

export const modelInputToWire = ({ modelId }: ModelInput): Message => ({ model_id: modelId })
export const modelOutputToWire = ({ modelId, step }: ModelOutput): Message => ({ model_id: modelId, step })
