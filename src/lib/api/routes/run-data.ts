/** What is logged to a run: metrics, params, tags, datasets, models. One request is one transaction: all of it is kept, or none. */
import { parseRunId, type RunId } from '#lib/domain/ids.ts'
import { modelRecord } from '#lib/domain/model-record.ts'
import type { RunInfo } from '#lib/domain/run.ts'
import {
  validateBatch,
  validateDatasetInput,
  validateMetricPoint,
  validateParam,
  validateRunTag
} from '#lib/domain/validate.ts'
import type { Tx } from '#lib/store/database.ts'
import { logInputs } from '#lib/store/datasets.ts'
import { logPoints } from '#lib/store/metrics.ts'
import { logModelInputs, logModelOutputs } from '#lib/store/model-edges.ts'
import { logModelMetrics } from '#lib/store/model-metrics.ts'
import { appendModelRecord } from '#lib/store/model-records.ts'
import { logParams } from '#lib/store/params.ts'
import { requireActiveRun } from '#lib/store/runs.ts'
import { deleteRunTag, setRunTags } from '#lib/store/tags.ts'
import type { Endpoint, Endpoints } from '../endpoint.ts'
import { parseDatasetInput } from '../wire/dataset.ts'
import type { Fields } from '../wire/fields.ts'
import { parseModelInput, parseModelOutput } from '../wire/logged-model.ts'
import { parseMetricPoint } from '../wire/metric.ts'
import { runIdOf } from '../wire/run-id.ts'
import { parseTags } from '../wire/tag.ts'

export const runDataEndpoints: Endpoints = (store, origin) => {
  /** An operation on an active run: `parse` checks the request, and returns what to do in the transaction. */
  const logging = (
    path: string,
    parse: (fields: Fields) => (tx: Tx, run: RunInfo) => Promise<void>,
    parseId: (fields: Fields) => RunId = runIdOf
  ): Endpoint => ({
    methods: ['POST'],
    path: `runs/${path}`,
    answer: async (fields) => {
      const id = parseId(fields)
      const log = parse(fields)
      await store.write(async (tx) => log(tx, await requireActiveRun(tx, id)), origin)
      return {}
    }
  })
  return [
    logging('log-metric', parseLogMetric),
    logging('log-parameter', parseLogParam),
    logging('set-tag', parseSetTag),
    logging('delete-tag', parseDeleteTag),
    logging('log-batch', parseLogBatch, strictRunId),
    logging('log-inputs', parseLogInputs, strictRunId),
    logging('outputs', parseLogOutputs),
    logging('log-model', parseLogModel)
  ]
}

const strictRunId = (fields: Fields): RunId => parseRunId(fields.requiredRunId())

function parseLogMetric(fields: Fields) {
  const point = parseMetricPoint(fields)
  validateMetricPoint(point)
  return async (tx: Tx, run: RunInfo) => {
    await logPoints(tx, run, [point])
    await logModelMetrics(tx, run, [point])
  }
}

/** An absent value is the empty text, as in MLflow. */
function parseLogParam(fields: Fields) {
  const param = { key: fields.requiredText('key'), value: fields.text('value') ?? '' }
  validateParam(param)
  return (tx: Tx, run: RunInfo) => logParams(tx, run, [param], { single: true })
}

function parseSetTag(fields: Fields) {
  const tag = { key: fields.requiredText('key'), value: fields.text('value') ?? '' }
  validateRunTag(tag)
  return (tx: Tx, run: RunInfo) => setRunTags(tx, run, [tag])
}

function parseDeleteTag(fields: Fields) {
  const key = fields.requiredText('key')
  return (tx: Tx, run: RunInfo) => deleteRunTag(tx, run, key)
}

/**
 * Params, then metrics, also those of models, then tags. MLflow commits each stage by itself, so that a metric that cannot be kept leaves
 * the params behind; here a batch is one transaction.
 */
function parseLogBatch(fields: Fields) {
  const batch = {
    metrics: fields.messages('metrics').map(parseMetricPoint),
    params: parseTags(fields.messages('params')),
    tags: parseTags(fields.messages('tags'))
  }
  validateBatch(batch)
  return async (tx: Tx, run: RunInfo) => {
    await logParams(tx, run, batch.params)
    await logPoints(tx, run, batch.metrics)
    await logModelMetrics(tx, run, batch.metrics)
    await setRunTags(tx, run, batch.tags)
  }
}

function parseLogInputs(fields: Fields) {
  const inputs = fields.messages('datasets').map(parseDatasetInput)
  inputs.forEach((input, index) => validateDatasetInput(input, `datasets[${index}]`))
  const models = fields.messages('models').map(parseModelInput)
  return async (tx: Tx, run: RunInfo) => {
    await logInputs(tx, run, inputs)
    await logModelInputs(tx, run, models)
  }
}

function parseLogOutputs(fields: Fields) {
  const models = fields.requiredMessages('models').map(parseModelOutput)
  return (tx: Tx, run: RunInfo) => logModelOutputs(tx, run, models)
}

function parseLogModel(fields: Fields) {
  const record = modelRecord(fields.requiredText('model_json'))
  return (tx: Tx, run: RunInfo) => appendModelRecord(tx, run, record)
}
