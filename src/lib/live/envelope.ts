/**
 * HTTP across a BroadcastChannel: how the service worker asks the store, which lives in a worker it cannot construct or hold a port to.
 *
 *   service worker ── ask ──► the store's worker
 *                  ◄─ taken ─ at once: somebody is there
 *                  ◄─ answer ─ when the store has answered
 *
 * Invariants
 * - Nothing is remembered between asks but a listener, so either side may be killed and started again at any time. (A held port was
 *   measured to be dead after a service worker's restart; the channel answers at once.)
 * - Only the worker that holds the open store serves the channel, so each ask is answered once.
 * - Bodies pass through memory whole: LIMITS.requestBodyBytes bounds them.
 */
import { errorToWire, type ErrorCode } from '#lib/domain/errors.ts'
import { LIMITS } from '#lib/domain/limits.ts'

export const storeChannelName = 'runnel:api'

/** Silence longer than this means that no tab is open: a live worker says `taken` within a few milliseconds. */
export const takenWithinMs = 300
/** While a tab is open its worker may still be starting: then it is asked again, and given this long. */
export const startingWithinMs = 5000
/** How many asks a store remembers having taken, so that one that is repeated is answered once. */
const REMEMBERED_ASKS = 1000
/** Below Firefox's 30 s, after which it ends a service worker's answer without an error. */
export const answeredWithinMs = 25_000

type HeaderPairs = readonly [name: string, value: string][]

/** Request → store. */
export interface Ask {
  readonly t: 'ask'
  readonly id: string
  readonly method: string
  /** Absolute, query included. */
  readonly url: string
  readonly headers: HeaderPairs
  readonly body: ArrayBuffer | null
}

/** Store → service worker, before any work is done. */
export interface Taken {
  readonly t: 'taken'
  readonly id: string
}

/** Store → service worker. A Blob is for bytes the store holds as one: it crosses by reference. */
export interface Answer {
  readonly t: 'answer'
  readonly id: string
  readonly status: number
  readonly headers: HeaderPairs
  readonly body: ArrayBuffer | Blob | null
}

export const requestToEnvelope = async (request: Request, id: string): Promise<Ask> => {
  const hasBody = request.method !== 'GET' && request.method !== 'HEAD'
  return {
    t: 'ask',
    id,
    method: request.method,
    url: request.url,
    headers: [...request.headers],
    body: hasBody ? await request.arrayBuffer() : null
  }
}

export const envelopeToRequest = (ask: Ask): Request =>
  new Request(ask.url, { method: ask.method, headers: [...ask.headers], body: ask.body })

export const responseToEnvelope = async (response: Response, id: string): Promise<Answer> => ({
  t: 'answer',
  id,
  status: response.status,
  headers: [...response.headers],
  body: response.body === null ? null : await bodyOf(response)
})

/** JSON is small and a Blob costs a trip to the browser process; an artifact is large and a Blob is read where it lies. */
const bodyOf = (response: Response): Promise<ArrayBuffer | Blob> =>
  (response.headers.get('content-type') ?? '').includes('json') ? response.arrayBuffer() : response.blob()

export const envelopeToResponse = (answer: Answer): Response =>
  new Response(isBodyless(answer.status) ? null : answer.body, {
    status: answer.status,
    headers: [...answer.headers]
  })

/** The statuses that `new Response` refuses a body for. */
const isBodyless = (status: number): boolean => status === 204 || status === 205 || status === 304

/**
 * The store's side: answer every ask on the channel.
 *
 * handler  the api's fetch; it may await the opening of the store, since `taken` has been said by then
 * returns  a function that stops serving; the channel stays open
 */
export const serveEnvelopes = (
  channel: BroadcastChannel,
  handler: (request: Request) => Response | Promise<Response>
): (() => void) => {
  const taken = new Set<string>()
  const onMessage = (event: MessageEvent<unknown>): void => {
    const ask = event.data
    if (!isAsk(ask) || taken.has(ask.id)) return
    taken.add(ask.id)
    if (taken.size > REMEMBERED_ASKS) taken.delete(taken.values().next().value!)
    channel.postMessage({ t: 'taken', id: ask.id } satisfies Taken)
    void answerAsk(ask, handler).then((answer) => channel.postMessage(answer))
  }
  channel.addEventListener('message', onMessage)
  return () => channel.removeEventListener('message', onMessage)
}

const answerAsk = async (ask: Ask, handler: (request: Request) => Response | Promise<Response>): Promise<Answer> => {
  try {
    return await responseToEnvelope(await handler(envelopeToRequest(ask)), ask.id)
  } catch (error) {
    const { code, message } = errorToWire(error)
    return responseToEnvelope(mlflowError(500, code, message), ask.id)
  }
}

/**
 * The service worker's side: one request, answered by the store or by why it was not.
 *
 * mayBeStarting  asked when nobody took the request in time: whether a tab is open whose worker is on its way
 * returns  the store's answer; 413 for a body that is too large, 503 with Retry-After when no tab is there to answer,
 *          504 when one is but did not
 * fails    only when the request's body cannot be read
 */
export const askStore = async (
  channel: BroadcastChannel,
  request: Request,
  mayBeStarting: () => Promise<boolean> = () => Promise.resolve(false)
): Promise<Response> => {
  if (Number(request.headers.get('content-length') ?? 0) > LIMITS.requestBodyBytes) return tooLarge()
  const ask = await requestToEnvelope(request, crypto.randomUUID())
  if (ask.body !== null && ask.body.byteLength > LIMITS.requestBodyBytes) return tooLarge()
  return new Promise((resolve) => {
    const finish = (response: Response): void => {
      clearTimeout(timer)
      channel.removeEventListener('message', onMessage)
      resolve(response)
    }
    const onMessage = (event: MessageEvent<unknown>): void => {
      const reply = event.data
      if (!isReply(reply) || reply.id !== ask.id) return
      if (reply.t === 'answer') return finish(envelopeToResponse(reply))
      isTaken = true
      clearTimeout(timer)
      timer = setTimeout(() => finish(unanswered()), answeredWithinMs)
    }
    const started = performance.now()
    let isTaken = false
    const askAgain = async (): Promise<void> => {
      const isWorthIt = performance.now() - started < startingWithinMs && (await mayBeStarting())
      if (isTaken) return
      if (!isWorthIt) return finish(nobodyThere())
      channel.postMessage(ask)
      timer = setTimeout(() => void askAgain(), takenWithinMs)
    }
    let timer = setTimeout(() => void askAgain(), takenWithinMs)
    channel.addEventListener('message', onMessage)
    channel.postMessage(ask)
  })
}

const isAsk = (value: unknown): value is Ask => hasType(value) && value.t === 'ask' && typeof value.id === 'string'

const isReply = (value: unknown): value is Taken | Answer =>
  hasType(value) && (value.t === 'taken' || value.t === 'answer')

const hasType = (value: unknown): value is { readonly t: unknown; readonly id?: unknown } =>
  typeof value === 'object' && value !== null && 't' in value

/** A failure in MLflow's shape, for answers that never reach the store. */
export const mlflowError = (
  status: number,
  code: ErrorCode,
  message: string,
  headers: Readonly<Record<string, string>> = {}
): Response =>
  Response.json({ error_code: code, message }, { status, headers: { 'Cache-Control': 'no-store', ...headers } })

const tooLarge = (): Response =>
  mlflowError(
    413,
    'RESOURCE_EXHAUSTED',
    `A request body can be at most ${LIMITS.requestBodyBytes / 1024 / 1024} MB in the browser. Send the artifact in parts.`
  )

const nobodyThere = (): Response =>
  mlflowError(503, 'TEMPORARILY_UNAVAILABLE', 'No Runnel tab is open to answer. Open one and try again.', {
    'Retry-After': '2'
  })

const unanswered = (): Response =>
  mlflowError(504, 'TEMPORARILY_UNAVAILABLE', `The store did not answer within ${answeredWithinMs / 1000} seconds.`)
