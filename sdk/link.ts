/**
 * Keeps one stream connected to a store: finds it, says hello, notices when it is gone, and comes back.
 *
 *   idle ─► connecting ─► (click | consent) ─► open ⇄ lost
 *                │                              │
 *                └────────► denied | failed ◄───┘       final: connect() starts afresh
 *
 * Invariants
 * - Every hello has a nonce of its own, and each try a port of its own; the first port to be welcomed is kept, the others are closed.
 * - Whatever ends a connection only rewinds the stream; nothing is given up before `denied` or `failed`.
 */
import {
  BRIDGE_VERSIONS,
  type Denied,
  type DeniedReason,
  type Hello,
  type Pending,
  type PortMessageToClient,
  type Res,
  type Welcome
} from '#lib/bridge/protocol.ts'
import { RunnelError, unreachable } from '#lib/domain/errors.ts'
import { randomHex } from '#lib/domain/ids.ts'
import { BRIDGE } from '#lib/domain/limits.ts'
import type { Port } from '#lib/socket/port.ts'
import type { Caller, Courier } from './courier.ts'
import { messageOf, newFate, quietly, warnOnce, type Fate } from './fate.ts'
import { Heartbeat } from './heartbeat.ts'
import type { HostRoute } from './host-route.ts'
import { Requests } from './requests.ts'
import type { OpStream } from './stream.ts'
import type { ConnectionState } from './types.ts'

/** A port that somebody has handed to the store already, or how to get one, again after each loss. */
export type GivenPort = MessagePort | (() => MessagePort | Promise<MessagePort>)

export interface LinkOptions {
  readonly stream: OpStream
  readonly route: { readonly courier: Courier } | { readonly port: GivenPort } | { readonly host: HostRoute }
  readonly client: Hello['client']
  readonly onState: () => void
}

/** Tries without any answer before the page that should answer is loaded again. */
const UNANSWERED_TRIES = 10
/** Pauses between tries to reconnect grow to this. */
const LONGEST_PAUSE_MS = 10_000

export class Link implements Caller {
  nonce: string | null = null
  state: ConnectionState = 'idle'
  message: string | null = null
  readonly #options: LinkOptions
  readonly #writer = randomHex(16)
  readonly #requests = new Requests()
  readonly #heartbeat = new Heartbeat(
    () => this.#beat(),
    () => this.#lose()
  )
  #candidates: Port[] = []
  #port: Port | null = null
  /** Counts connections, and tries at one, that were let go of. */
  #attempts = 0
  /** Nothing was on its way when the heart beat last. */
  #wasIdle = false
  #epoch: string | null = null
  #helloTimer: ReturnType<typeof setInterval> | null = null
  #retryTimer: ReturnType<typeof setTimeout> | null = null
  #losses = 0
  #whenOpen: Fate[] = []

  constructor(options: LinkOptions) {
    this.#options = options
  }

  /** Start connecting, if nothing has yet. */
  need(): void {
    if (this.state !== 'idle') return
    this.#become('connecting')
    const { route } = this.#options
    if ('courier' in route) route.courier.join(this)
    else this.#ask(route)
  }

  /** Resolves when the connection is open; rejects when it never will be. */
  opened(): Promise<void> {
    this.need()
    if (this.state === 'open') return Promise.resolve()
    const { failure } = this.#options.stream
    const fate = newFate()
    if (failure !== null) fate.reject(failure)
    else this.#whenOpen.push(fate)
    return fate.promise
  }

  /** Ask the store's REST routes. Waits for a connection; sent again on a new one until answered. */
  request(method: string, path: string, body: string | null): Promise<Res> {
    const { failure } = this.#options.stream
    if (failure !== null) return quietly(Promise.reject(failure))
    this.need()
    return this.#requests.make(method, path, body)
  }

  /** The end: everybody who waits is told why. */
  end(state: 'denied' | 'failed', error: RunnelError): void {
    this.#disconnect()
    this.#options.stream.fail(error)
    this.#requests.fail(error)
    for (const fate of this.#whenOpen.splice(0)) fate.reject(error)
    const { route } = this.#options
    if ('courier' in route) route.courier.leave(this)
    this.#become(state, error.message)
  }

  /** The page is going: send everything, and let go of the session so that its next load need not wait. */
  leave(): void {
    this.#options.stream.push()
    this.#port?.postMessage({ t: 'close' })
    this.#disconnect()
    // A hello on its way is lost as well; a click that is waited for is not.
    if (this.state === 'open' || this.state === 'connecting' || this.state === 'consent') this.#become('lost')
  }

  /** The page came back from the browser's memory. */
  comeBack(): void {
    if (this.state === 'lost') this.#knockSoon(0)
  }

  // ── Caller ────────────────────────────────────────────────────────────────────────────────────────────────────────────────────

  onReady(epoch: string | null): void {
    // The same host through the same port: nothing was lost.
    if (this.state === 'open' && epoch === this.#epoch) return
    this.#knock()
  }

  onAnswer(answer: Pending | Denied): void {
    this.#stopHello()
    if (answer.rnl === 'denied') return this.#denied(answer.reason)
    const { route } = this.#options
    if (!('courier' in route)) return
    if (answer.where === 'nowhere') {
      this.nonce = null
      return route.courier.needWindow()
    }
    const place = answer.where === 'here' ? 'window' : 'open tab'
    route.courier.pointTo(`Runnel asks in its ${place} whether this page may log.`)
    this.#become(
      'consent',
      `Runnel asks in its ${place} whether ${pageAddress('origin')} may log. Answer there to go on.`
    )
  }

  onWaiting(message: string): void {
    if (this.state !== 'open') this.#become('click', message)
  }

  onImpossible(error: RunnelError): void {
    if (this.state !== 'open') this.end('failed', error)
  }

  // ── hello ─────────────────────────────────────────────────────────────────────────────────────────────────────────────────────

  #knockSoon(pauseMs: number): void {
    if (this.#retryTimer !== null) clearTimeout(this.#retryTimer)
    this.#retryTimer = setTimeout(() => {
      const { route } = this.#options
      if ('courier' in route) this.#knock()
      else this.#ask(route)
    }, pauseMs)
  }

  #ask(route: { readonly port: GivenPort } | { readonly host: HostRoute }): void {
    if ('port' in route) void this.#askForPort(route.port)
    else void this.#dial(route.host)
  }

  async #dial(host: HostRoute): Promise<void> {
    this.#disconnect()
    const attempt = this.#attempts
    const { stream, client } = this.#options
    const onClosed = (error: RunnelError): void => {
      // A socket that was let go of, or that another one has replaced, has nothing to say.
      if (attempt !== this.#attempts) return
      if (error.code === 'UNAUTHENTICATED') return this.end('denied', error)
      if (this.state === 'open') return this.#lose()
      this.#disconnect()
      // A program has no page to say it on, and would wait without a word.
      warnOnce(error.message)
      this.#become(this.state, error.message)
      this.#knockSoon(this.#pause())
    }
    try {
      const port = await host.dial({ session: stream.session, writer: this.#writer, client }, onClosed)
      if (attempt === this.#attempts) this.#listen(port)
      else port.close()
    } catch {
      onClosed(host.awayError())
    }
  }

  #knock(): void {
    const { route, stream, client } = this.#options
    if (!('courier' in route) || this.state === 'denied' || this.state === 'failed') return
    this.#disconnect()
    if (this.state !== 'lost') this.#become('connecting')
    const nonce = (this.nonce = randomHex(16))
    const hello: Hello = {
      rnl: 'hello',
      v: BRIDGE_VERSIONS,
      session: stream.session,
      writer: this.#writer,
      nonce,
      client
    }
    let tries = 0
    const tell = (): void => {
      if (tries++ === UNANSWERED_TRIES || !route.courier.isReady) {
        this.#stopHello()
        this.nonce = null
        route.courier.revive()
      } else route.courier.knock(hello, this.#newCandidate())
    }
    this.#helloTimer = setInterval(tell, BRIDGE.helloEveryMs)
    tell()
  }

  #newCandidate(): MessagePort {
    const { port1, port2 } = new MessageChannel()
    this.#listen(port1)
    return port2
  }

  #listen(port: Port): void {
    this.#candidates.push(port)
    port.onmessage = ({ data }: MessageEvent<PortMessageToClient>) => this.#onMessage(port, data)
  }

  async #askForPort(given: GivenPort): Promise<void> {
    this.#disconnect()
    try {
      this.#listen(typeof given === 'function' ? await given() : given)
    } catch (error) {
      const text = `No port to Runnel: ${messageOf(error)}`
      this.end('failed', new RunnelError('TEMPORARILY_UNAVAILABLE', text, { cause: error }))
    }
  }

  #denied(reason: DeniedReason): void {
    this.nonce = null
    const { route } = this.#options
    if (reason === 'partitioned' && 'courier' in route) return route.courier.needWindow()
    if (reason === 'unavailable') {
      this.#become(this.state, 'Runnel’s store cannot be opened at the moment. Trying again.')
      return this.#knockSoon(this.#pause())
    }
    this.end(reason === 'user' ? 'denied' : 'failed', deniedError(reason))
  }

  #stopHello(): void {
    if (this.#helloTimer !== null) clearInterval(this.#helloTimer)
    this.#helloTimer = null
  }

  // ── the port ──────────────────────────────────────────────────────────────────────────────────────────────────────────────────

  #onMessage(port: Port, message: PortMessageToClient): void {
    this.#heartbeat.heard()
    const { stream } = this.#options
    switch (message.t) {
      case 'welcome':
        return this.#open(port, message)
      case 'ack':
        return stream.acked(message)
      case 'nack':
        stream.nacked(message)
        if (stream.failure !== null) this.end('failed', stream.failure)
        return
      case 'res':
        return this.#requests.answered(message)
      case 'credit':
        return stream.credited(message)
      case 'ping':
        return port.postMessage({ t: 'pong' })
      case 'pong':
        return
      case 'bye':
        return this.#onBye(message.reason)
      default:
        // A later version may say more; what is not understood is not needed.
        return
    }
  }

  #open(port: Port, welcome: Welcome): void {
    this.#stopHello()
    this.nonce = null
    for (const other of this.#candidates) if (other !== port) closePort(other)
    this.#candidates = []
    this.#port = port
    this.#epoch = welcome.epoch
    this.#options.stream.connected((put, transfer) => port.postMessage(put, transfer), welcome)
    const { failure } = this.#options.stream
    if (failure !== null) return this.end('failed', failure)
    const { route } = this.#options
    if ('courier' in route) route.courier.settled()
    this.#requests.connected((req) => port.postMessage(req))
    for (const fate of this.#whenOpen.splice(0)) fate.resolve()
    // A port that was given once cannot be had again: there is nothing to do about its silence.
    if (!('port' in route && route.port instanceof MessagePort)) this.#heartbeat.start()
    this.#become('open')
  }

  #beat(): void {
    // Not at the welcome: a store that lets go of every connection at once must not be stormed.
    this.#losses = 0
    const { route, stream } = this.#options
    // An open socket keeps a program from ending: once all is safe it is let go of, and opened again when there is something to say.
    const isIdle =
      'host' in route && typeof document === 'undefined' && stream.pending === 0 && this.#requests.count === 0
    if (isIdle && this.#wasIdle) {
      this.#port?.postMessage({ t: 'close' })
      this.#disconnect()
      return this.#become('idle')
    }
    this.#wasIdle = isIdle
    this.#port?.postMessage({ t: 'ping' })
  }

  #onBye(reason: 'upgrade' | 'close' | 'revoked'): void {
    if (reason !== 'revoked') return this.#lose()
    const text = `Permission for ${pageAddress('origin')} to log was taken back in Runnel’s settings. Call connect() to ask again.`
    this.end('denied', new RunnelError('PERMISSION_DENIED', text))
  }

  #lose(): void {
    const { route } = this.#options
    if ('port' in route && route.port instanceof MessagePort) {
      const text = 'Runnel let go of the port this page was given. Call connect({ port }) with a new one.'
      return this.end('failed', new RunnelError('TEMPORARILY_UNAVAILABLE', text))
    }
    this.#disconnect()
    this.#become(
      'lost',
      'The connection to Runnel was lost. What is logged is kept in this page and sent when it is back.'
    )
    this.#knockSoon(this.#pause())
  }

  /** At once the first time, then ever longer. */
  #pause(): number {
    const losses = this.#losses++
    return losses === 0 ? 0 : Math.min(LONGEST_PAUSE_MS, BRIDGE.helloEveryMs * 2 ** losses)
  }

  #disconnect(): void {
    this.#attempts++
    this.#stopHello()
    if (this.#retryTimer !== null) clearTimeout(this.#retryTimer)
    this.#retryTimer = null
    this.#heartbeat.stop()
    this.#requests.disconnected()
    for (const candidate of this.#candidates) closePort(candidate)
    this.#candidates = []
    if (this.#port !== null) closePort(this.#port)
    this.#port = null
    this.#options.stream.disconnected()
  }

  #become(state: ConnectionState, message: string | null = null): void {
    if (this.state === state && this.message === message) return
    this.state = state
    this.message = message
    this.#options.onState()
  }
}

/** A kernel without a page has no address. */
export const pageAddress = (part: 'origin' | 'pathname'): string =>
  typeof location === 'undefined' ? '' : location[part]

function closePort(port: Port): void {
  port.onmessage = null
  port.close()
}

function deniedError(reason: Exclude<DeniedReason, 'unavailable'>): RunnelError {
  switch (reason) {
    case 'user':
      return new RunnelError(
        'PERMISSION_DENIED',
        `${pageAddress('origin')} was not allowed to log to Runnel. Call connect() to ask again, and choose Allow in Runnel’s window.`
      )
    case 'version':
      return new RunnelError(
        'NOT_IMPLEMENTED',
        'This runnel.js and the open Runnel speak different versions. Reload both.'
      )
    case 'partitioned':
      return new RunnelError(
        'INVALID_STATE',
        'The browser keeps this frame’s storage apart from Runnel’s. Open Runnel in a window.'
      )
    case 'malformed':
      return new RunnelError('INTERNAL_ERROR', 'Runnel did not understand the hello of this runnel.js. Reload both.')
    default:
      return unreachable(reason)
  }
}
