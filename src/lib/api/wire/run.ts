import type { Run, RunInfo } from '#lib/domain/run.ts'
import { datasetInputToWire } from './dataset.ts'
import type { Message } from './json.ts'
import { metricPointToWire } from './metric.ts'
import { tagsToWire, unlessEmpty } from './tag.ts'

/** Fields in MLflow's order. `end_time` is absent until it is set. */
export const runInfoToWire = (info: RunInfo): Message => ({
  run_uuid: info.runId,
  experiment_id: info.experimentId,
  run_name: info.name,
  user_id: info.userId,
  status: info.status,
  start_time: info.startTime,
  end_time: info.endTime ?? undefined,
  artifact_uri: info.artifactUri,
  lifecycle_stage: info.lifecycleStage,
  run_id: info.runId
})

/** `inputs` is there even when empty, as in MLflow; so is `outputs`, except in the answer to runs/create. */
export const runToWire = ({ info, data, datasets }: Run, { created = false } = {}): Message => ({
  info: runInfoToWire(info),
  data: {
    metrics: unlessEmpty(data.metrics.map(({ key, last }) => metricPointToWire({ key, ...last }))),
    params: tagsToWire(data.params),
    tags: tagsToWire(data.tags)
  },
  inputs: { dataset_inputs: unlessEmpty(datasets.map(datasetInputToWire)) },
  outputs: created ? undefined : {}
})
