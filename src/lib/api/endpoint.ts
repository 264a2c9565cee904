import { RunnelError } from '#lib/domain/errors.ts'
import type { Store } from '#lib/store/store.ts'
import type { Hono } from 'hono'
import { readFields } from './body.ts'
import { errorResponse } from './status.ts'
import type { Fields } from './wire/fields.ts'
import { jsonResponse, type Message } from './wire/json.ts'

export type Method = 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE'

/** One operation of the JSON API: where it stands, and what it answers to the fields of a request. */
export interface Endpoint {
  readonly methods: readonly Method[]
  /** Below `/api/2.0/mlflow/`: `runs/create`, `logged-models/:model_id`. */
  readonly path: string
  /** Under which of API_PREFIXES it stands; both when left out. */
  readonly prefixes?: readonly (typeof API_PREFIXES)[number][]
  /** Fields that are lists: in a query string one value cannot be told from a list of one. */
  readonly lists?: readonly string[]
  /**
   * `params` are the named segments of the path, percent-decoded once.
   * Rejects with RunnelError for what the caller did wrong.
   */
  readonly answer: (fields: Fields, params: Readonly<Record<string, string>>) => Promise<Message>
}

/** A noun's operations on one store. */
export type Endpoints = (store: Store, origin: string) => readonly Endpoint[]

/** Clients use the first, MLflow's own pages the second. */
export const API_PREFIXES = ['/api', '/ajax-api'] as const

/** Mount operations of one store. A path may have several, each with methods of its own: all others are refused. */
export function mountEndpoints(app: Hono, endpoints: readonly Endpoint[]): void {
  const allowed = new Map<string, Method[]>()
  for (const { methods, path, prefixes = API_PREFIXES, lists = [], answer } of endpoints) {
    const listNames = new Set(lists)
    const paths = prefixes.map((prefix) => `${prefix}/2.0/mlflow/${path}`)
    app.on([...methods], paths, async (c) =>
      jsonResponse(await answer(await readFields(c.req.raw, listNames), c.req.param()))
    )
    for (const one of paths) allowed.set(one, [...(allowed.get(one) ?? []), ...methods])
  }
  for (const [path, methods] of allowed) refuseOtherMethods(app, [path], methods)
}

/** What is registered after the real methods answers for all others. */
export function refuseOtherMethods(app: Hono, paths: readonly string[], methods: readonly Method[]): void {
  const allowed = methods.includes('GET') ? [...methods, 'HEAD'] : methods
  app.on(['GET', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS'], [...paths], (c) => methodNotAllowed(c.req.raw, allowed))
}

function methodNotAllowed(request: Request, allowed: readonly string[]): Response {
  const error = new RunnelError(
    'ENDPOINT_NOT_FOUND',
    `Method ${request.method} is not allowed here, only ${allowed.join(', ')}.`
  )
  return errorResponse(error, { status: 405, headers: { Allow: allowed.join(', ') } })
}
