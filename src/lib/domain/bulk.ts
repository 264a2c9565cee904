import type { ExperimentId, RunId } from './ids.ts'
import type { RunStatus } from './run.ts'
import type { EpochMs } from './time.ts'

/** A run that was moved: the experiment it came from, and the number it had there. */
export interface MovedRun {
  readonly runId: RunId
  readonly experimentId: ExperimentId
  readonly number: number
}

export interface RunName {
  readonly runId: RunId
  readonly name: string
}

/** A tag to set, or with null to take away. */
export interface RunTag {
  readonly runId: RunId
  readonly key: string
  readonly value: string | null
}

/** How far a run is. */
export interface RunState {
  readonly runId: RunId
  readonly status: RunStatus
  readonly endTime: EpochMs | null
}
