/** One request of the corpus, as data: what is sent to both servers, and what later requests need from its answer. */

export type Json = string | number | boolean | null | readonly Json[] | { readonly [key: string]: Json | undefined }

export type Method = 'GET' | 'HEAD' | 'POST' | 'PUT' | 'PATCH' | 'DELETE' | 'OPTIONS'

/** `{{name}}` in the path, a header or the body stands for what an earlier answer of the same scenario was kept under. */
export interface RecordedRequest {
  /** Unique in its scenario, in words. */
  readonly name: string
  readonly method: Method
  /** Goes over the wire as it stands here, query and all. */
  readonly path: string
  readonly headers: Readonly<Record<string, string>>
  readonly body: string | Uint8Array | null
  /** Name by name, the place in the JSON answer that is kept: `run.info.run_id`. */
  readonly keep: Readonly<Record<string, string>>
  /** A list in the answer whose order follows ids that are made at random: it is compared in the order of their names here. */
  readonly orderedById: { readonly list: string; readonly id: string } | null
}

export interface Scenario {
  readonly name: string
  readonly requests: readonly RecordedRequest[]
}

interface Extra {
  readonly keep?: Readonly<Record<string, string>>
  readonly headers?: Readonly<Record<string, string>>
  readonly orderedById?: RecordedRequest['orderedById']
}

type Query = Readonly<Record<string, string | readonly string[]>>

const API = '/api/2.0/mlflow/'
const JSON_TYPE = { 'Content-Type': 'application/json' }

/** A path that starts with a slash is whole; any other stands below MLflow's API. */
const whole = (path: string): string => (path.startsWith('/') ? path : API + path)

export const scenario = (
  name: string,
  ...requests: readonly (RecordedRequest | readonly RecordedRequest[])[]
): Scenario => ({
  name,
  requests: requests.flat()
})

export const get = (
  name: string,
  path: string,
  query: Query = {},
  { keep = {}, headers = {}, orderedById = null }: Extra = {}
): RecordedRequest => ({
  name,
  method: 'GET',
  path: whole(path) + queryText(query),
  headers,
  body: null,
  keep,
  orderedById
})

export const post = (name: string, path: string, body: Json | undefined, extra: Extra = {}): RecordedRequest =>
  withJson('POST', name, path, body, extra)

export const patch = (name: string, path: string, body: Json | undefined, extra: Extra = {}): RecordedRequest =>
  withJson('PATCH', name, path, body, extra)

export const remove = (name: string, path: string, body: Json | undefined, extra: Extra = {}): RecordedRequest =>
  withJson('DELETE', name, path, body, extra)

/** Anything else: bytes, bodies that are no JSON, headers of its own. */
export const raw = (
  name: string,
  method: Method,
  path: string,
  { headers = {}, body = null, keep = {} }: Extra & { readonly body?: string | Uint8Array | null } = {}
): RecordedRequest => ({ name, method, path: whole(path), headers, body, keep, orderedById: null })

const withJson = (
  method: Method,
  name: string,
  path: string,
  body: Json | undefined,
  extra: Extra
): RecordedRequest => ({
  name,
  method,
  path: whole(path),
  headers: { ...JSON_TYPE, ...extra.headers },
  body: body === undefined ? null : JSON.stringify(body),
  keep: extra.keep ?? {},
  orderedById: extra.orderedById ?? null
})

/** Placeholders stay as they are, everything else is percent-encoded. */
const queryText = (query: Query): string => {
  const pairs = Object.entries(query).flatMap(([key, values]) =>
    [values].flat().map((value) => `${key}=${encodeKept(value)}`)
  )
  return pairs.length === 0 ? '' : `?${pairs.join('&')}`
}

const encodeKept = (text: string): string =>
  text
    .split(/(\{\{\w+\}\})/)
    .map((part, index) => (index % 2 === 1 ? part : encodeURIComponent(part)))
    .join('')

/** A text of a length, for limits. */
export const long = (length: number, letter = 'x'): string => letter.repeat(length)
