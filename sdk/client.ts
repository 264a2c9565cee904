import type { Connection } from './connection.ts'
import { refused, type RunLog, toTags } from './run-log.ts'
import { toRunInfo } from './rest.ts'
import type { Tracker } from './tracker.ts'
import type {
  ArtifactData,
  ArtifactEntry,
  ArtifactOptions,
  DatasetDescription,
  ExperimentRecord,
  ImageData2D,
  ImageSlot,
  InputOptions,
  MetricPoint,
  PointOptions,
  RunInfo,
  RunRecord,
  RunStatus,
  SearchExperimentsOptions,
  SearchRunsOptions
} from './types.ts'

/** What `logBatch` takes. */
export interface Batch {
  readonly metrics?: readonly (Omit<MetricPoint, 'step' | 'timestamp'> & Partial<MetricPoint>)[]
  readonly params?: Readonly<Record<string, unknown>>
  readonly tags?: Readonly<Record<string, unknown>>
}

/**
 * The same calls by run id, without an active run: MLflow's MlflowClient. It shares the module's connection. Log calls keep their order
 * with the module's own, and resolve when durable.
 */
export class RunnelClient {
  readonly #tracker: Tracker

  /** @internal Use `new RunnelClient()` of the module. */
  constructor(tracker: Tracker) {
    this.#tracker = tracker
  }

  get #connection(): Connection {
    return this.#tracker.connection
  }

  #run(runId: string): RunLog {
    return this.#connection.run(runId)
  }

  // ── experiments ───────────────────────────────────────────────────────────────────────────────────────────────────────────────

  /** Resolves with the new experiment's id. Refused when the name is taken, by an experiment in the trash too. */
  async createExperiment(
    name: string,
    options: { readonly tags?: Readonly<Record<string, unknown>>; readonly artifactLocation?: string } = {}
  ): Promise<string> {
    const { tags = {}, artifactLocation } = options
    const body = {
      name,
      tags: toTags(tags),
      ...(artifactLocation !== undefined && { artifact_location: artifactLocation })
    }
    return String((await this.#tracker.rest.post('experiments/create', body))['experiment_id'])
  }

  getExperiment(experimentId: string): Promise<ExperimentRecord> {
    return this.#tracker.reader.experiment(experimentId)
  }

  /** Null when no experiment has the name. */
  getExperimentByName(name: string): Promise<ExperimentRecord | null> {
    return this.#tracker.reader.experimentByName(name)
  }

  searchExperiments(options: SearchExperimentsOptions = {}): Promise<ExperimentRecord[]> {
    return this.#tracker.reader.experiments(options)
  }

  async renameExperiment(experimentId: string, name: string): Promise<void> {
    await this.#tracker.rest.post('experiments/update', { experiment_id: experimentId, new_name: name })
  }

  /** To the trash, with its runs. */
  async deleteExperiment(experimentId: string): Promise<void> {
    await this.#tracker.rest.post('experiments/delete', { experiment_id: experimentId })
  }

  async restoreExperiment(experimentId: string): Promise<void> {
    await this.#tracker.rest.post('experiments/restore', { experiment_id: experimentId })
  }

  async setExperimentTag(experimentId: string, key: string, value: string): Promise<void> {
    await this.#tracker.rest.post('experiments/set-experiment-tag', { experiment_id: experimentId, key, value })
  }

  // ── runs ──────────────────────────────────────────────────────────────────────────────────────────────────────────────────────

  async createRun(
    experimentId: string,
    options: {
      readonly runName?: string
      /** Epoch ms; now unless said. */
      readonly startTime?: number
      readonly tags?: Readonly<Record<string, unknown>>
    } = {}
  ): Promise<RunRecord> {
    const { runName, startTime = Date.now(), tags = {} } = options
    const connection = this.#connection
    const runId = connection.mintRunId()
    const name = runName === undefined ? {} : { runName }
    await connection.stream.op({ op: 'startRun', runId, experimentId, startTime, tags: toTags(tags), ...name })
    return this.getRun(runId)
  }

  getRun(runId: string): Promise<RunRecord> {
    return this.#tracker.reader.run(runId)
  }

  async updateRun(runId: string, change: { readonly status?: RunStatus; readonly name?: string }): Promise<RunInfo> {
    const { status, name } = change
    const body = {
      run_id: runId,
      ...(status !== undefined && { status }),
      ...(name !== undefined && { run_name: name })
    }
    return toRunInfo(
      (await this.#tracker.rest.post('runs/update', body))['run_info'] as Readonly<Record<string, unknown>>
    )
  }

  setTerminated(runId: string, status: RunStatus = 'FINISHED', endTime = Date.now()): Promise<void> {
    return this.#connection.stream.op({ op: 'endRun', runId, status, endTime })
  }

  /** To the trash. */
  async deleteRun(runId: string): Promise<void> {
    await this.#tracker.rest.post('runs/delete', { run_id: runId })
  }

  async restoreRun(runId: string): Promise<void> {
    await this.#tracker.rest.post('runs/restore', { run_id: runId })
  }

  async searchRuns(options: SearchRunsOptions = {}): Promise<RunRecord[]> {
    return this.#tracker.reader.runs(options, await this.#tracker.currentExperimentIds())
  }

  // ── logging ───────────────────────────────────────────────────────────────────────────────────────────────────────────────────

  logMetric(runId: string, key: string, value: number, options?: PointOptions): Promise<void> {
    return this.#run(runId).logMetric(key, value, options)
  }

  logMetrics(runId: string, values: Readonly<Record<string, number>>, options?: PointOptions): Promise<void> {
    return this.#run(runId).logMetrics(values, options)
  }

  logParam(runId: string, key: string, value: unknown): Promise<void> {
    return this.#run(runId).logParam(key, value)
  }

  logParams(runId: string, params: Readonly<Record<string, unknown>>): Promise<void> {
    return this.#run(runId).logParams(params)
  }

  setTag(runId: string, key: string, value: unknown): Promise<void> {
    return this.#run(runId).setTag(key, value)
  }

  setTags(runId: string, tags: Readonly<Record<string, unknown>>): Promise<void> {
    return this.#run(runId).setTags(tags)
  }

  deleteTag(runId: string, key: string): Promise<void> {
    return this.#run(runId).deleteTag(key)
  }

  /** Points, params and tags together. There is no limit on how many. */
  async logBatch(runId: string, { metrics = [], params = {}, tags = {} }: Batch): Promise<void> {
    const run = this.#run(runId)
    await Promise.all([
      ...metrics.map((point) => run.logMetric(point.key, point.value, point)),
      run.logParams(params),
      run.setTags(tags)
    ])
  }

  logArtifact(runId: string, path: string, data: ArtifactData, options?: ArtifactOptions): Promise<void> {
    return this.#run(runId).logArtifact(path, data, options)
  }

  logArtifacts(runId: string, files: Readonly<Record<string, ArtifactData>>): Promise<void> {
    return this.#run(runId).logArtifacts(files)
  }

  logText(runId: string, text: string, path: string): Promise<void> {
    return this.#run(runId).logText(text, path)
  }

  logDict(runId: string, value: unknown, path: string): Promise<void> {
    return this.#run(runId).logDict(value, path)
  }

  logImage(runId: string, image: ImageData2D, to: string | ImageSlot): Promise<void> {
    return this.#run(runId).logImage(image, to)
  }

  logInput(runId: string, dataset: DatasetDescription, options?: InputOptions): Promise<void> {
    return this.#run(runId).logInput(dataset, options)
  }

  // ── reading ───────────────────────────────────────────────────────────────────────────────────────────────────────────────────

  /** Every point of a metric, in MLflow's order: timestamp, step, value. */
  getMetricHistory(runId: string, key: string): Promise<MetricPoint[]> {
    return this.#tracker.reader.history(runId, key)
  }

  /** What stands directly in a folder of the run's artifacts; the top unless said. Paths are whole. */
  listArtifacts(runId: string, path = ''): Promise<ArtifactEntry[]> {
    return this.#tracker.reader.artifacts(runId, path)
  }

  downloadArtifact(runId: string, path: string): Promise<Blob> {
    return this.#tracker.reader.artifact(runId, path)
  }

  /** Resolves when everything logged so far is durable, or refused with its own promise told. */
  flush(): Promise<void> {
    return this.#connection.stream.flush().catch(refused)
  }
}
