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
  /** Below `/api/2.0/mlflow/`: `runs/create`. */
  readonly path: string
  /** Fields that are lists: in a query string one value cannot be told from a list of one. */
  readonly lists?: readonly string[]
  /** Rejects with RunnelError for what the caller did wrong. */
  readonly answer: (fields: Fields) => Promise<Message>
}

/** A noun's operations on one store. */
export type Endpoints = (store: Store, origin: string) => readonly Endpoint[]

/** Clients use the first, MLflow's own pages the second. */
export const API_PREFIXES = ['/api', '/ajax-api'] as const

export function mountEndpoint(app: Hono, { methods, path, lists = [], answer }: Endpoint): void {
  const listNames = new Set(lists)
  const paths = API_PREFIXES.map((prefix) => `${prefix}/2.0/mlflow/${path}`)
  app.on([...methods], paths, async (c) => jsonResponse(await answer(await readFields(c.req.raw, listNames))))
  refuseOtherMethods(app, paths, methods)
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
