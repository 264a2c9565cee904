import { RunnelError, isErrorCode } from '#lib/domain/errors.ts'
import type { Connection } from './connection.ts'
import type { DatasetRecord, ExperimentRecord, MetricPoint, RunInfo, RunRecord, RunStatus } from './types.ts'

type Json = Readonly<Record<string, unknown>>

/** The MLflow REST routes of the store at the other end of a connection. */
export class Rest {
  readonly #connection: () => Connection

  constructor(connection: () => Connection) {
    this.#connection = connection
  }

  get(endpoint: string, params: Readonly<Record<string, string | number | undefined>>): Promise<Json> {
    const query = new URLSearchParams()
    for (const [key, value] of Object.entries(params)) if (value !== undefined) query.set(key, String(value))
    return this.#json('GET', `/api/2.0/mlflow/${endpoint}?${query}`, null)
  }

  post(endpoint: string, body: Json): Promise<Json> {
    return this.#json('POST', `/api/2.0/mlflow/${endpoint}`, JSON.stringify(body))
  }

  /** A file's bytes: from a host over HTTP, where size does not matter. */
  async blob(path: string): Promise<Blob> {
    const { host, stream } = this.#connection()
    if (host !== null) {
      await stream.flush()
      const { status, body } = await host.read(path)
      if (status >= 400) throw answerError(status, await body.text())
      return body
    }
    const { status, body } = await this.#call('GET', path, null)
    if (status >= 400) throw answerError(status, body)
    return body instanceof Blob ? body : new Blob([body])
  }

  async #json(method: string, path: string, body: string | null): Promise<Json> {
    const answer = await this.#call(method, path, body)
    if (answer.status >= 400) throw answerError(answer.status, answer.body)
    return JSON.parse(typeof answer.body === 'string' ? answer.body : await answer.body.text()) as Json
  }

  /** What this page has logged is settled first, so that it reads what it wrote. */
  async #call(method: string, path: string, body: string | null) {
    const connection = this.#connection()
    await connection.stream.flush()
    return connection.link.request(method, path, body)
  }
}

function answerError(status: number, body: string | Blob): RunnelError {
  if (typeof body === 'string' && body.startsWith('{')) {
    const { error_code: code, message } = JSON.parse(body) as Json
    if (isErrorCode(code)) return new RunnelError(code, String(message))
  }
  return new RunnelError(
    status === 404 ? 'RESOURCE_DOES_NOT_EXIST' : 'INTERNAL_ERROR',
    `Runnel answered with status ${status}.`
  )
}

// ── from MLflow's JSON ──────────────────────────────────────────────────────────────────────────────────────────────────────────

export const list = (value: unknown): readonly Json[] => (Array.isArray(value) ? (value as Json[]) : [])
const text = (value: unknown): string =>
  typeof value === 'string' ? value : typeof value === 'number' ? String(value) : ''
const textOrNull = (value: unknown): string | null => (typeof value === 'string' ? value : null)
/** Doubles that JSON cannot write come as text: NaN, Infinity, -Infinity. */
const number = (value: unknown): number => Number(value ?? 0)

const byKey = <T>(items: unknown, toValue: (value: unknown) => T): Record<string, T> =>
  Object.fromEntries(list(items).map((item) => [text(item['key']), toValue(item['value'])]))

export function toRunInfo(info: Json): RunInfo {
  return {
    runId: text(info['run_id']),
    runName: text(info['run_name']),
    experimentId: text(info['experiment_id']),
    userId: text(info['user_id']),
    status: text(info['status']) as RunStatus,
    startTime: number(info['start_time']),
    endTime: info['end_time'] === undefined ? null : number(info['end_time']),
    artifactUri: text(info['artifact_uri']),
    lifecycleStage: info['lifecycle_stage'] === 'deleted' ? 'deleted' : 'active'
  }
}

export function toRun(run: Json): RunRecord {
  const data = (run['data'] ?? {}) as Json
  const inputs = (run['inputs'] ?? {}) as Json
  return {
    info: toRunInfo((run['info'] ?? {}) as Json),
    data: {
      params: byKey(data['params'], text),
      metrics: byKey(data['metrics'], number),
      tags: byKey(data['tags'], text)
    },
    inputs: list(inputs['dataset_inputs']).map(toDataset)
  }
}

function toDataset({ dataset, tags }: Json): DatasetRecord {
  const fields = (dataset ?? {}) as Json
  return {
    name: text(fields['name']),
    digest: text(fields['digest']),
    sourceType: text(fields['source_type']),
    source: text(fields['source']),
    schema: textOrNull(fields['schema']),
    profile: textOrNull(fields['profile']),
    tags: byKey(tags, text)
  }
}

export function toExperiment(experiment: Json): ExperimentRecord {
  return {
    experimentId: text(experiment['experiment_id']),
    name: text(experiment['name']),
    artifactLocation: text(experiment['artifact_location']),
    lifecycleStage: experiment['lifecycle_stage'] === 'deleted' ? 'deleted' : 'active',
    creationTime: number(experiment['creation_time']),
    lastUpdateTime: number(experiment['last_update_time']),
    tags: byKey(experiment['tags'], text)
  }
}

export const toPoint = (metric: Json): MetricPoint => ({
  key: text(metric['key']),
  step: number(metric['step']),
  timestamp: number(metric['timestamp']),
  value: number(metric['value'])
})
