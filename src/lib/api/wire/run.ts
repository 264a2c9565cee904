import type { Run, RunInfo } from '#lib/domain/run.ts'
import { datasetInputToWire } from './dataset.ts'
import type { Message } from './json.ts'
import { modelInputToWire, modelOutputToWire } from './logged-model.ts'
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

interface RunView {
  /** The answer to runs/create has no `outputs`. */
  readonly created?: boolean
  /** A search leaves the models a run was fed out. */
  readonly found?: boolean
}

/** `inputs` and `outputs` are there even when empty, as in MLflow. */
export const runToWire = (run: Run, { created = false, found = false }: RunView = {}): Message => ({
  info: runInfoToWire(run.info),
  data: {
    metrics: unlessEmpty(run.data.metrics.map(({ key, last }) => metricPointToWire({ key, ...last }))),
    params: tagsToWire(run.data.params),
    tags: tagsToWire(run.data.tags)
  },
  inputs: {
    dataset_inputs: unlessEmpty(run.datasets.map(datasetInputToWire)),
    model_inputs: found ? undefined : unlessEmpty(run.modelInputs.map(modelInputToWire))
  },
  outputs: created ? undefined : { model_outputs: unlessEmpty(run.modelOutputs.map(modelOutputToWire)) }
})
