/**
 * The store a tracking command speaks to, always in REST: a host at --tracking-uri, else the store of the data folder, opened here with the
 * same api in front of it and no socket between.
 */
import { existsSync } from 'node:fs'
import { RunnelError, isErrorCode } from '#lib/domain/errors.ts'
import { storePlace } from '../config.ts'
import { storeOptions } from '../server-options.ts'
import { UsageError, type Given } from './flags.ts'
import type { Io } from './io.ts'

/** Flags of every tracking command. */
export const trackingFlags = {
  'tracking-uri': {
    value: 'URI',
    env: 'MLFLOW_TRACKING_URI',
    help: 'a host, or sqlite:///… (default: the store in the data folder)'
  },
  ...storeOptions,
  json: { help: 'print JSON' }
} as const

export type TrackingFlags = Given<typeof trackingFlags>

export type Json = Readonly<Record<string, unknown>>

export interface Tracking {
  /** An operation below /api/2.0/mlflow/. Fails with what the store says. */
  readonly get: (operation: string, query: Readonly<Record<string, string>>) => Promise<Json>
  readonly post: (operation: string, body: Json) => Promise<Json>
  /** Any path. Fails unless the answer is a good one. */
  readonly fetch: (path: string, init?: RequestInit) => Promise<Response>
}

/** Open the store the flags name, for as long as `work` takes. */
export const withTracking = async <T>(
  flags: TrackingFlags,
  io: Io,
  work: (tracking: Tracking) => Promise<T>
): Promise<T> => {
  const uri = flags['tracking-uri']
  if (uri !== undefined && /^https?:\/\//.test(uri)) return work(createTracking(remote(uri, io)))
  if (uri !== undefined && !uri.startsWith('sqlite:'))
    throw new UsageError(`--tracking-uri must be the address of a host or sqlite:/// and a file, not "${uri}".`)
  const { send, close } = await openHere(uri === undefined ? flags : { ...flags, 'backend-store-uri': uri }, io)
  try {
    return await work(createTracking(send))
  } finally {
    await close()
  }
}

type Send = (path: string, init: RequestInit) => Promise<Response>

const createTracking = (send: Send): Tracking => {
  const fetch = async (path: string, init: RequestInit = {}): Promise<Response> => {
    const response = await send(path, init)
    if (!response.ok) throw await failureOf(response)
    return response
  }
  const ask = async (path: string, init?: RequestInit): Promise<Json> =>
    (await (await fetch(path, init)).json()) as Json
  return {
    fetch,
    get: (operation, query) => ask(`/api/2.0/mlflow/${operation}?${new URLSearchParams(query)}`),
    post: (operation, body) =>
      ask(`/api/2.0/mlflow/${operation}`, {
        method: 'POST',
        headers: { 'Content-Type': 'application/json' },
        body: JSON.stringify(body)
      })
  }
}

/** Shows what MLflow's client would: its token, or its user and password. */
const remote = (uri: string, { env }: Io): Send => {
  const base = uri.replace(/\/+$/, '')
  const token = env['MLFLOW_TRACKING_TOKEN']
  const user = env['MLFLOW_TRACKING_USERNAME']
  const pair = `${user ?? ''}:${env['MLFLOW_TRACKING_PASSWORD'] ?? ''}`
  const authorization = token ? `Bearer ${token}` : user ? `Basic ${Buffer.from(pair).toString('base64')}` : null
  return async (path, init) => {
    const headers = new Headers(init.headers)
    if (authorization !== null) headers.set('Authorization', authorization)
    try {
      return await fetch(base + path, { ...init, headers })
    } catch (cause) {
      throw new RunnelError('TEMPORARILY_UNAVAILABLE', `Nobody answers at ${base}.`, { cause })
    }
  }
}

const openHere = async (
  flags: TrackingFlags,
  io: Io
): Promise<{ readonly send: Send; readonly close: () => Promise<void> }> => {
  const place = storePlace(flags, io.cwd)
  // Looking must not make a store in whatever folder somebody stands.
  if (!existsSync(place.databaseFile))
    throw new RunnelError(
      'RESOURCE_DOES_NOT_EXIST',
      `There is no store in ${place.databaseFile}. Start one with runnel server, or name another with --data or --tracking-uri.`
    )
  const [{ openStore }, { createApi }, { VERSION }] = await Promise.all([
    import('../store/store-place.ts'),
    import('#lib/api/app.ts'),
    import('../version.ts')
  ])
  const opened = await openStore(place, (reason) => io.err(`${reason}\n`))
  const api = createApi(opened.store, { version: VERSION, origin: 'command line' })
  return {
    send: async (path, init) => api.fetch(new Request(`http://localhost${path}`, withDuplex(init))),
    close: () => opened.close()
  }
}

/** Node wants it said that a body is sent before the answer is read. */
const withDuplex = (init: RequestInit): RequestInit =>
  init.body == null ? init : ({ ...init, duplex: 'half' } as RequestInit)

const failureOf = async (response: Response): Promise<RunnelError> => {
  const { code, message } = readError(await response.text())
  const known = isErrorCode(code) ? code : response.status === 404 ? 'RESOURCE_DOES_NOT_EXIST' : 'INTERNAL_ERROR'
  return new RunnelError(
    known,
    message ?? `The host answered ${response.status} ${response.statusText}.`.replace(' .', '.')
  )
}

const readError = (text: string): { readonly code?: unknown; readonly message?: string } => {
  try {
    const { error_code: code, message } = JSON.parse(text) as { error_code?: unknown; message?: unknown }
    return { code, ...(typeof message === 'string' && message !== '' && { message }) }
  } catch {
    return {}
  }
}
