/** A client of the api door for tests: no socket, requests as JSON, every answer read. */
import { createApi } from '#lib/api/app.ts'
import { openTestStore, type EngineName, type TestStore } from '../../support/engines.ts'

export interface Answer {
  readonly status: number
  readonly headers: Headers
  readonly text: string
  /** The body as JSON, `{}` when it is not. Loosely typed: it is what the test checks. */
  readonly json: JsonObject
}

export interface JsonObject {
  readonly [key: string]: JsonValue
}
export type JsonValue = string | number | boolean | null | JsonObject | readonly JsonValue[]

export interface ApiClient extends TestStore {
  /** Failures the app took for its own. */
  readonly reported: unknown[]
  request(path: string, init?: RequestInit): Promise<Answer>
  post(path: string, body: unknown): Promise<Answer>
  get(path: string, query?: Record<string, string | readonly string[]>): Promise<Answer>
  createRun(fields?: Record<string, unknown>): Promise<string>
}

export const MLFLOW = '/api/2.0/mlflow/'
export const FILES = '/api/2.0/mlflow-artifacts/artifacts'

export async function openApi(engine: EngineName, roots: Parameters<typeof openTestStore>[1] = {}): Promise<ApiClient> {
  const parts = await openTestStore(engine, roots)
  const reported: unknown[] = []
  const app = createApi(parts.store, { version: '3.11.2', report: (error) => reported.push(error) })
  const request = async (path: string, init?: RequestInit): Promise<Answer> => {
    const response = await app.request(path, init)
    const text = await response.text()
    return { status: response.status, headers: response.headers, text, json: parseJson(text) }
  }
  const post = (path: string, body: unknown) =>
    request(MLFLOW + path, {
      method: 'POST',
      headers: { 'Content-Type': 'application/json' },
      body: typeof body === 'string' ? body : JSON.stringify(body)
    })
  const get = (path: string, query: Record<string, string | readonly string[]> = {}) => {
    const params = new URLSearchParams(
      Object.entries(query).flatMap(([key, value]) => [value].flat().map((one) => [key, one]))
    )
    return request(`${MLFLOW}${path}?${params}`)
  }
  const createRun = async (fields: Record<string, unknown> = {}) => {
    const { json } = await post('runs/create', { experiment_id: '0', ...fields })
    return pick(json, 'run', 'info', 'run_id') as string
  }
  return { ...parts, reported, request, post, get, createRun }
}

/** The value at a path of keys; undefined where there is none. */
export function pick(json: JsonValue | undefined, ...path: readonly (string | number)[]): JsonValue | undefined {
  let value = json
  for (const key of path) {
    if (typeof value !== 'object' || value === null) return undefined
    value = (value as Readonly<Record<string | number, JsonValue>>)[key]
  }
  return value
}

/** Error bodies without the class and SQLSTATE, which follow from the code. */
function parseJson(text: string): JsonObject {
  try {
    const { sqlstate: _sqlState, error_class: _errorClass, ...fields } = JSON.parse(text) as Record<string, JsonValue>
    return fields
  } catch {
    return {}
  }
}
