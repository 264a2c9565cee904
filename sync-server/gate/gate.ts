/**
 * The gate in front of a host's doors: one function asks every request and every socket the same questions, in this order.
 *
 *   too often? ─► a name of ours (Host)? ─► a page that may (Origin)? ─► the token?
 *
 * Who shows the host's token is an owner, and so is everybody where there is none. Who shows what a share gave is a guest, and is not let in
 * here: that is looked up, and how far it reaches depends on the door (gatekeeper.ts). A wrong token may be a guess: guess-line.ts.
 *
 * What each part of the host is asked stands in `needs`; what belongs to which part, in paths.ts. No cookie is ever set or read, and no
 * password is asked for in a way browsers remember, so a page of another site has nobody's rights to borrow.
 */
import type { IncomingMessage } from 'node:http'
import { PART_PATH } from '#lib/api/routes/uploads.ts'
import { errorResponse } from '#lib/api/status.ts'
import { RunnelError } from '#lib/domain/errors.ts'
import { HOST } from '#lib/domain/limits.ts'
import { tokenAmong } from '#lib/socket/agreement.ts'
import { hostAllowList, originAllowList, type AllowList } from './allow-list.ts'
import { partOf, type Part } from '../paths.ts'
import { looksLikePass } from '../sharing/pass.ts'
import { createRateLimit, type RateOptions } from './rate-limit.ts'
import { tokenCheck, tokenOfAuthorization } from './token.ts'

export interface GateConfig {
  /** Patterns of names in Host headers; null for MLflow's defaults. */
  readonly allowedHosts: readonly string[] | null
  /** Patterns of origins besides this machine's and the host's own. */
  readonly allowedOrigins: readonly string[]
  /** Null: nobody is asked. */
  readonly token: string | null
  readonly rate: RateOptions
}

/** Somebody at the gate. */
export interface Knock {
  readonly kind: 'request' | 'socket'
  readonly method: string
  /** As it was sent, without the query. */
  readonly path: string
  /** Null when absent. `name` in lower case. */
  readonly header: (name: string) => string | null
  readonly remoteAddress: string
}

/** Something a guest shows: nothing of it is believed yet. */
export interface Pass {
  readonly token: string
  /** For whatever is answered. */
  readonly headers: Readonly<Record<string, string>>
}

/** Come in, with headers for whatever is answered; or this answer instead, unless a pass was shown that turns out to be good for the door. */
export type Verdict = (
  | { readonly isAllowed: true; readonly headers: Readonly<Record<string, string>>; readonly isOwner: boolean }
  | { readonly isAllowed: false; readonly response: Response; readonly pass?: Pass }
) & {
  /** What was shown in place of the host's token, if that is one that can be guessed. */
  readonly wrongToken?: string
}

export type Gate = (knock: Knock) => Verdict

/** `token`: asked for; or only looked at, where somebody shows one. */
interface Need {
  readonly host: boolean
  readonly origin: boolean
  readonly token: boolean | 'if shown'
}

const needs: Readonly<Record<Part, Need>> = {
  api: { host: true, origin: true, token: true },
  sync: { host: true, origin: true, token: true },
  'sync-token': { host: true, origin: true, token: 'if shown' },
  health: { host: false, origin: true, token: false },
  'host-info': { host: true, origin: true, token: false },
  site: { host: true, origin: false, token: false }
}

export const createGate = (config: GateConfig): Gate => {
  const hosts = hostAllowList(config.allowedHosts)
  const origins = originAllowList(config.allowedOrigins)
  const rate = createRateLimit(config.rate)
  const isToken = config.token === null ? null : tokenCheck(config.token)
  const isGuessable = config.token !== null && config.token.length < HOST.unguessableTokenLength

  return (knock) => {
    const waitSeconds = rate.take(knock.remoteAddress)
    if (waitSeconds > 0) return refuse(tooMany(waitSeconds))
    const need = knock.kind === 'socket' ? needs.api : needs[partOf(knock.path)]
    const host = knock.header('host') ?? ''
    if (!HOST_SHAPE.test(host) || (need.host && !hosts.allows(host))) return refuse(plain(403, INVALID_HOST))
    const cors = need.origin ? judgeOrigin(knock, origins) : noCors
    if (cors instanceof Response) return refuse(cors)
    // Readable for a page that may ask, or it could not tell a missing token from a broken network.
    if (need.token === false || isUploadPart(knock)) return { isAllowed: true, headers: cors, isOwner: false }
    const shown = tokensShown(knock)
    if (isToken !== null && shown.some(isToken)) return { isAllowed: true, headers: cors, isOwner: true }
    // All that was looked at: one that is known to be wrong does not hide another beside it.
    const guess = isGuessable ? shown.filter((token) => !looksLikePass(token)).join(' ') : ''
    const wrong = guess !== '' && { wrongToken: guess }
    if (need.token === 'if shown') return { isAllowed: true, headers: cors, isOwner: isToken === null, ...wrong }
    const token = shown.find(looksLikePass)
    if (token !== undefined) return { ...refuse(unauthenticated(cors)), pass: { token, headers: cors }, ...wrong }
    if (isToken === null) return { isAllowed: true, headers: cors, isOwner: true }
    return { ...refuse(unauthenticated(cors)), ...wrong }
  }
}

/** Whether somebody shows what may be meant as the host's token. Whoever shows none, or only what a share gave, guesses nothing. */
export const showsHostToken = (knock: Knock): boolean => tokensShown(knock).some((token) => !looksLikePass(token))

/** A request as it comes from Node. */
export const knockOf = (incoming: IncomingMessage, kind: Knock['kind']): Knock => ({
  kind,
  method: incoming.method ?? 'GET',
  path: (incoming.url ?? '/').split('?', 1)[0] ?? '/',
  header: (name) => {
    const value = incoming.headers[name]
    return (Array.isArray(value) ? value.join(', ') : value) ?? null
  },
  remoteAddress: incoming.socket.remoteAddress ?? ''
})

/**
 * A name, and a port. Anything else is refused wherever it knocks: a Request's URL is made of this header too, so a path in it would be
 * answered in place of the one that was judged here.
 */
const HOST_SHAPE = /^(?:[a-z0-9._-]+|\[[0-9a-f:.]+\])(?::\d{1,5})?$/i
const INVALID_HOST = 'Invalid Host header - possible DNS rebinding attack detected'
const CROSS_ORIGIN = 'Cross-origin request blocked'
const CHANGING_METHODS = ['POST', 'PUT', 'DELETE', 'PATCH']
const CORS_METHODS = 'GET, POST, PUT, DELETE, OPTIONS, PATCH'
const noCors: Readonly<Record<string, string>> = {}

/** The headers an allowed origin reads its answer by; or the answer, to a preflight and to an origin that may not. */
const judgeOrigin = (knock: Knock, origins: AllowList): Readonly<Record<string, string>> | Response => {
  const origin = knock.header('origin')
  // Clients outside a browser send none.
  if (origin === null || origin === '') return noCors
  const isAllowed = origins.allows(origin) || isOwnOrigin(origin, knock.header('host'))
  if (knock.kind === 'socket') return isAllowed ? noCors : plain(403, CROSS_ORIGIN)
  const headers = isAllowed ? corsHeaders(origin, origins.allowsAll) : { Vary: 'Origin' }
  const asks = knock.header('access-control-request-method')
  if (knock.method === 'OPTIONS' && asks !== null) return preflight(knock, isAllowed, headers)
  return isAllowed || !CHANGING_METHODS.includes(knock.method) ? headers : plain(403, CROSS_ORIGIN)
}

/** MLflow refuses the writes of its own pages under any name but localhost; the page a host serves may speak to that host. */
const isOwnOrigin = (origin: string, host: string | null): boolean =>
  host !== null && [`http://${host}`, `https://${host}`].includes(origin.toLowerCase())

const corsHeaders = (origin: string, isEverybody: boolean): Readonly<Record<string, string>> =>
  isEverybody
    ? { 'Access-Control-Allow-Origin': '*', 'Access-Control-Expose-Headers': '*' }
    : {
        'Access-Control-Allow-Origin': origin,
        'Access-Control-Allow-Credentials': 'true',
        'Access-Control-Expose-Headers': 'Content-Disposition, Content-Range, ETag, Retry-After',
        Vary: 'Origin'
      }

const preflight = (knock: Knock, isAllowed: boolean, headers: Readonly<Record<string, string>>): Response => {
  if (!isAllowed) return plain(400, 'Disallowed CORS origin', headers)
  const asked = knock.header('access-control-request-headers')
  return plain(200, 'OK', {
    ...headers,
    'Access-Control-Allow-Methods': CORS_METHODS,
    'Access-Control-Max-Age': '600',
    ...(asked !== null && { 'Access-Control-Allow-Headers': asked })
  })
}

/** MLflow's client sends no token with the parts of an upload: the upload's id, in the path, is the leave to send one. */
const isUploadPart = ({ kind, method, path }: Knock): boolean =>
  kind === 'request' && method === 'PUT' && PART_PATH.test(path)

const tokensShown = (knock: Knock): readonly string[] => {
  const shown = [tokenOfAuthorization(knock.header('authorization'))]
  if (knock.kind === 'socket') shown.push(tokenAmong(readProtocols(knock)))
  return shown.filter((token) => token !== null)
}

const readProtocols = (knock: Knock): string[] =>
  (knock.header('sec-websocket-protocol') ?? '').split(',').map((name) => name.trim())

const refuse = (response: Response) => ({ isAllowed: false, response }) as const

const plain = (status: number, text: string, headers: Readonly<Record<string, string>> = {}): Response =>
  new Response(text, {
    status,
    headers: { ...headers, 'Content-Type': 'text/plain; charset=utf-8', 'X-Content-Type-Options': 'nosniff' }
  })

/** `Bearer` alone in the challenge: to `Basic` browsers answer with a box, and then with the password for whoever asks. */
export const unauthenticated = (headers: Readonly<Record<string, string>>): Response =>
  errorResponse(
    new RunnelError(
      'UNAUTHENTICATED',
      'This host needs its token. Python: set MLFLOW_TRACKING_TOKEN. Otherwise: send it as "Authorization: Bearer TOKEN".'
    ),
    { headers: { ...headers, 'WWW-Authenticate': 'Bearer realm="Runnel"' } }
  )

/** To whoever came by a share, in the same words whatever is the matter: which shares there are or were is nobody's to find out. */
export const passIsOver = (headers: Readonly<Record<string, string>> = {}): Response =>
  errorResponse(
    new RunnelError(
      'UNAUTHENTICATED',
      'This link or its token lets nobody in any more, or never did. Ask whoever shared it with you for another link.'
    ),
    { headers: { ...headers, 'WWW-Authenticate': 'Bearer realm="Runnel"' } }
  )

export const tooMany = (seconds: number, headers: Readonly<Record<string, string>> = {}): Response =>
  errorResponse(
    new RunnelError('REQUEST_LIMIT_EXCEEDED', `Too many requests from one address. Try again in ${seconds} s.`),
    { headers: { ...headers, 'Retry-After': String(seconds) } }
  )
