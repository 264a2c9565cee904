/**
 * runnel.js: log runs from a notebook or any page into Runnel, in MLflow's words.
 *
 *   import * as runnel from 'http://127.0.0.1:5000/runnel.js'
 *
 *   runnel.setExperiment('mnist')
 *   await runnel.startRun({ runName: 'first' })
 *   runnel.logParams({ lr: 0.1, epochs: 20 })
 *   for (let epoch = 0; epoch < 20; epoch++) runnel.logMetrics({ loss, accuracy }, { step: epoch })
 *   await runnel.endRun()
 *
 * Every call that logs returns a promise that resolves when its effect is durable: it survives a killed tab, browser or worker. Nobody
 * has to await it; order is kept, and a refusal nobody listens to is one line in the console. Errors are `RunnelError`s with a `code`.
 */
import { quietly } from './fate.ts'
import { type Run } from './run.ts'
import { refused } from './run-log.ts'
import { RunnelClient as Client } from './client.ts'
import { Tracker } from './tracker.ts'
import type {
  ArtifactData,
  ArtifactOptions,
  ConnectOptions,
  DatasetDescription,
  ExperimentRecord,
  ImageData2D,
  ImageSlot,
  InputOptions,
  MetricPoint,
  PointOptions,
  RunRecord,
  RunStatus,
  SearchExperimentsOptions,
  SearchRunsOptions,
  StartRunOptions,
  Status,
  SystemMetricsOptions
} from './types.ts'

const tracker = new Tracker()

// ── connection ──────────────────────────────────────────────────────────────────────────────────────────────────────────────────

/**
 * Connect now rather than with the first log call, and say how. Calling it from a click lets the browser open Runnel's window if it must.
 *
 * returns  the status, once open
 * fails    PERMISSION_DENIED when a person said no; TEMPORARILY_UNAVAILABLE after `timeoutMs`; INVALID_STATE when this page cannot reach
 *          Runnel at all. The sentence says what to do next.
 */
export function connect(options: ConnectOptions = {}): Promise<Status> {
  return quietly(tracker.connect(options))
}

/** Where the connection stands, and how many operations are not durable yet. */
export function status(): Status {
  return tracker.status
}

/** Called now and whenever the status changes. Returns how to stop listening. */
export function onStatus(listener: (status: Status) => void): () => void {
  return tracker.onStatus(listener)
}

/** Resolves when everything logged so far is durable, or refused with its own promise told; rejects when the connection has failed. */
export function flush(): Promise<void> {
  return quietly(tracker.flush())
}

/** Save everything, and let go of Runnel. Logging again connects again; runs started before stay as they are. */
export function disconnect(): Promise<void> {
  return quietly(tracker.disconnect())
}

// ── runs ────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────

/** Runs started from now on belong to this experiment. Takes effect at once; resolves with the experiment, made when absent. */
export function setExperiment(name: string): Promise<ExperimentRecord> {
  return tracker.setExperiment(name)
}

/**
 * Start a run and make it the active one, at once: what follows may be logged without waiting.
 *
 * returns  the run, once it is durable
 * fails    INVALID_STATE when a run is active and this one is not nested; RESOURCE_DOES_NOT_EXIST when the run to resume is not there
 */
export function startRun(options: StartRunOptions = {}): Promise<Run> {
  try {
    const { run, started } = tracker.begin(options)
    return quietly(started.then(() => run))
  } catch (error) {
    return refused(error)
  }
}

/** Start a run, call `fn` with it, and end it: FINISHED, or FAILED when `fn` throws (which is thrown on). */
export async function withRun<T>(options: StartRunOptions, fn: (run: Run) => T | Promise<T>): Promise<T> {
  const run = await startRun(options)
  let value: T
  try {
    value = await fn(run)
  } catch (error) {
    // The author's error matters more than a failure to note it.
    await run.end('FAILED').catch(() => undefined)
    throw error
  }
  await run.end('FINISHED')
  return value
}

/** The run that log calls go to; null when there is none. */
export function activeRun(): Run | null {
  return tracker.activeRun
}

/** The run that was active last, ended or not; null before the first. */
export function lastActiveRun(): Run | null {
  return tracker.lastActiveRun
}

/** End the active run. Its parent, if it has one, is active again. */
export function endRun(status: RunStatus = 'FINISHED'): Promise<void> {
  return tracker.endRun(status)
}

/**
 * Runs started from now on log what the machine and this program, or page, take while they last: processor, memory, disk, network, the
 * event loop's delay; in a page memory, long tasks and frames. In Node MLFLOW_ENABLE_SYSTEM_METRICS_LOGGING=true says the same.
 */
export function enableSystemMetrics(options: SystemMetricsOptions = {}): void {
  tracker.systemMetrics = options
}

/** Runs started from now on do not, unless they ask for it themselves. */
export function disableSystemMetrics(): void {
  tracker.systemMetrics = false
}

// ── logging to the active run ───────────────────────────────────────────────────────────────────────────────────────────────────

/** The active run, started when there is none. */
function log(work: (run: Run) => Promise<void>): Promise<void> {
  try {
    return work(tracker.runToLog)
  } catch (error) {
    return refused(error)
  }
}

/** Log one point of a metric. `step` is an integer (0 unless said), `timestamp` epoch ms (now unless said); NaN and ±Infinity are kept. */
export function logMetric(key: string, value: number, options?: PointOptions): Promise<void> {
  return log((run) => run.logMetric(key, value, options))
}

/** Log one point of each of several metrics, at one step and time. */
export function logMetrics(values: Readonly<Record<string, number>>, options?: PointOptions): Promise<void> {
  return log((run) => run.logMetrics(values, options))
}

/** Log a param. It is set once: the same value again is fine, another is refused. Objects are kept as JSON. */
export function logParam(key: string, value: unknown): Promise<void> {
  return log((run) => run.logParam(key, value))
}

export function logParams(params: Readonly<Record<string, unknown>>): Promise<void> {
  return log((run) => run.logParams(params))
}

/** Set a tag; later values win. Objects are kept as JSON. */
export function setTag(key: string, value: unknown): Promise<void> {
  return log((run) => run.setTag(key, value))
}

export function setTags(tags: Readonly<Record<string, unknown>>): Promise<void> {
  return log((run) => run.setTags(tags))
}

export function deleteTag(key: string): Promise<void> {
  return log((run) => run.deleteTag(key))
}

/** Keep bytes or text as an artifact at `path` (`/` between folders). A file of that path is replaced. */
export function logArtifact(path: string, data: ArtifactData, options?: ArtifactOptions): Promise<void> {
  return log((run) => run.logArtifact(path, data, options))
}

/** Keep several artifacts: paths and their data. */
export function logArtifacts(files: Readonly<Record<string, ArtifactData>>): Promise<void> {
  return log((run) => run.logArtifacts(files))
}

export function logText(text: string, path: string): Promise<void> {
  return log((run) => run.logText(text, path))
}

/** Keep an object as a JSON artifact. */
export function logDict(value: unknown, path: string): Promise<void> {
  return log((run) => run.logDict(value, path))
}

/** Keep an image: at a path of its own, or as one of a series over steps (`{ key, step }`). */
export function logImage(image: ImageData2D, to: string | ImageSlot): Promise<void> {
  return log((run) => run.logImage(image, to))
}

/** Record what the run was fed. Its content stays here; a digest of it is kept. */
export function logInput(dataset: DatasetDescription, options?: InputOptions): Promise<void> {
  return log((run) => run.logInput(dataset, options))
}

// ── reading ─────────────────────────────────────────────────────────────────────────────────────────────────────────────────────

/** Runs that match, in the order asked for. Looks in the current experiment unless told where. */
export async function searchRuns(options: SearchRunsOptions = {}): Promise<RunRecord[]> {
  const isAsked = options.experimentIds !== undefined || options.experimentNames !== undefined
  return tracker.reader.runs(options, isAsked ? [] : await tracker.currentExperimentIds())
}

/** A run as it is stored. Fails with RESOURCE_DOES_NOT_EXIST. */
export function getRun(runId: string): Promise<RunRecord> {
  return tracker.reader.run(runId)
}

/** Null when no experiment has the name. */
export function getExperimentByName(name: string): Promise<ExperimentRecord | null> {
  return tracker.reader.experimentByName(name)
}

export function searchExperiments(options: SearchExperimentsOptions = {}): Promise<ExperimentRecord[]> {
  return tracker.reader.experiments(options)
}

/** Every point of a metric, in MLflow's order: timestamp, step, value. */
export function getMetricHistory(runId: string, key: string): Promise<MetricPoint[]> {
  return tracker.reader.history(runId, key)
}

/** The same calls by run id, over the same connection. */
export class RunnelClient extends Client {
  constructor() {
    super(tracker)
  }
}

export { RunnelError, type ErrorCode } from '#lib/domain/errors.ts'
export { Run } from './run.ts'
export type { RunLog } from './run-log.ts'
export type { Batch } from './client.ts'
export type {
  ArtifactData,
  ArtifactEntry,
  ArtifactOptions,
  ConnectionState,
  ConnectOptions,
  DatasetDescription,
  DatasetRecord,
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
  SearchRunsOptions,
  StartRunOptions,
  Status,
  SystemMetricsOptions
} from './types.ts'
