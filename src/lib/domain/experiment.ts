import type { ExperimentId } from './ids.ts'
import type { LifecycleStage } from './lifecycle.ts'
import type { Tag } from './tag.ts'
import type { EpochMs } from './time.ts'

export interface Experiment {
  readonly experimentId: ExperimentId
  readonly name: string
  readonly artifactLocation: string
  readonly lifecycleStage: LifecycleStage
  readonly creationTime: EpochMs
  readonly lastUpdateTime: EpochMs
  readonly tags: readonly Tag[]
}

export interface NewExperiment {
  readonly name: string
  readonly artifactLocation?: string
  readonly tags?: readonly Tag[]
}

/** An experiment as the home page lists it. */
export interface ExperimentSummary extends Experiment {
  /** Active runs. */
  readonly runCount: number
  /** Of those, the ones with status RUNNING. */
  readonly runningCount: number
  /** The newest start or end of any active run; null when there is none. */
  readonly lastActivity: EpochMs | null
}
