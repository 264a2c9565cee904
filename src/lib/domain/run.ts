import type { DatasetInput } from './dataset.ts'
import type { ExperimentId, RunId } from './ids.ts'
import type { LifecycleStage } from './lifecycle.ts'
import type { ModelInput, ModelOutput } from './logged-model.ts'
import type { MetricSummary } from './metric.ts'
import type { Param } from './param.ts'
import type { Tag } from './tag.ts'
import type { EpochMs } from './time.ts'

export const RUN_STATUSES = ['RUNNING', 'SCHEDULED', 'FINISHED', 'FAILED', 'KILLED'] as const
export type RunStatus = (typeof RUN_STATUSES)[number]

export function isRunStatus(value: unknown): value is RunStatus {
  return typeof value === 'string' && (RUN_STATUSES as readonly string[]).includes(value)
}

/** A run that has ended may be resumed: every status change is legal, as in MLflow. */
export const isTerminal = (status: RunStatus): boolean =>
  status === 'FINISHED' || status === 'FAILED' || status === 'KILLED'

export interface RunInfo {
  readonly runId: RunId
  readonly experimentId: ExperimentId
  readonly name: string
  readonly userId: string
  readonly status: RunStatus
  readonly startTime: EpochMs
  readonly endTime: EpochMs | null
  readonly lifecycleStage: LifecycleStage
  readonly deletedTime: EpochMs | null
  readonly artifactUri: string
  /** The run's place among those of its experiment, from 1, in the order they were made: its colour comes from it. */
  readonly number: number
}

export interface RunData {
  readonly params: readonly Param[]
  readonly tags: readonly Tag[]
  readonly metrics: readonly MetricSummary[]
}

export interface Run {
  readonly info: RunInfo
  readonly data: RunData
  readonly datasets: readonly DatasetInput[]
  /** Logged models it was fed, in the order of their ids. */
  readonly modelInputs: readonly ModelInput[]
  /** Logged models it made, in the order of their ids. */
  readonly modelOutputs: readonly ModelOutput[]
}

export interface NewRun {
  readonly experimentId: ExperimentId
  /** Given when the caller minted it (the SDK does), else the store mints one. */
  readonly runId?: RunId
  readonly name?: string
  readonly userId?: string
  readonly startTime?: EpochMs
  readonly tags?: readonly Tag[]
}

export interface RunUpdate {
  readonly status?: RunStatus
  readonly endTime?: EpochMs
  readonly name?: string
}
