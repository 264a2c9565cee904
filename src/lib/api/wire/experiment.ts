import type { Experiment } from '#lib/domain/experiment.ts'
import type { Message } from './json.ts'
import { tagsToWire } from './tag.ts'

/** Fields in MLflow's order. There is one workspace, as there is in an MLflow server that was not told to have more. */
export const experimentToWire = (experiment: Experiment): Message => ({
  experiment_id: experiment.experimentId,
  name: experiment.name,
  artifact_location: experiment.artifactLocation,
  lifecycle_stage: experiment.lifecycleStage,
  last_update_time: experiment.lastUpdateTime,
  creation_time: experiment.creationTime,
  tags: tagsToWire(experiment.tags),
  workspace: 'default'
})
