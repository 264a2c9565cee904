import { RunnelError } from '#lib/domain/errors.ts'
import { newRunId, randomHex } from '#lib/domain/ids.ts'
import { BRIDGE } from '#lib/domain/limits.ts'
import { Courier } from './courier.ts'
import { hashText } from './hash.ts'
import { HostRoute } from './host-route.ts'
import { Link, pageAddress, type LinkOptions } from './link.ts'
import { RunLog } from './run-log.ts'
import { OpStream } from './stream.ts'
import type { ConnectOptions, Status } from './types.ts'

/** Said in the hello; the module's version. */
const VERSION = '1.0'

/** One session: its stream, what keeps it connected, and the runs it logs. */
export class Connection {
  readonly session: string
  readonly stream: OpStream
  readonly link: Link
  /** Null when the store is in this browser. */
  readonly host: HostRoute | null
  readonly #isReplayable: boolean
  readonly #runs = new Map<string, RunLog>()
  #minted = 0

  constructor(options: ConnectOptions, onChange: () => void) {
    if (options.session !== undefined && (options.session === '' || options.session.length > BRIDGE.sessionIdLength))
      throw new RunnelError(
        'INVALID_PARAMETER_VALUE',
        `A session's name has 1 to ${BRIDGE.sessionIdLength} characters.`
      )
    this.#isReplayable = options.session !== undefined
    this.session = options.session ?? randomHex(16)
    const route = routeFor(options)
    this.host = 'host' in route ? route.host : null
    this.stream = new OpStream({
      session: this.session,
      onNeeded: () => this.link.need(),
      onChange,
      ...(this.host !== null && { fileBytes: BRIDGE.socketFileBytes })
    })
    this.link = new Link({
      stream: this.stream,
      route,
      client: { name: pageName(), version: VERSION },
      onState: onChange
    })
  }

  get status(): Status {
    return {
      state: this.link.state,
      pending: this.stream.pending,
      message: this.stream.problem?.message ?? this.link.message
    }
  }

  get isOver(): boolean {
    return this.stream.failure !== null
  }

  /**
   * A name for a new run, at once. In a session of the caller's naming the n-th run always gets the same one, so that a cell that is
   * executed again by its notebook speaks of the same runs.
   */
  mintRunId(): string {
    return this.#isReplayable ? hashText(`${this.session}\n${++this.#minted}`) : newRunId()
  }

  run(runId: string): RunLog {
    let log = this.#runs.get(runId)
    if (log === undefined) this.#runs.set(runId, (log = new RunLog(this.stream, runId)))
    return log
  }

  adopt(log: RunLog): void {
    this.#runs.set(log.runId, log)
  }
}

function routeFor(options: ConnectOptions): LinkOptions['route'] {
  if (options.port !== undefined) return { port: options.port }
  if (options.host !== undefined) return { host: new HostRoute(options.host, options.token ?? null) }
  return { courier: courierFor(options) }
}

const couriers = new Map<string, Courier>()

function courierFor({ url, el }: ConnectOptions): Courier {
  if (typeof document === 'undefined')
    throw new RunnelError(
      'NOT_IMPLEMENTED',
      'Without a page only a Runnel that runs as a program can be reached: connect({ host: "http://127.0.0.1:5000" }). Or have a page hand a port over, connect({ port }).'
    )
  const origin = originOf(url)
  let courier = couriers.get(origin)
  if (courier === undefined || el !== undefined) couriers.set(origin, (courier = new Courier(origin, el ?? null)))
  return courier
}

/** Where this module was loaded from is where Runnel is. */
function originOf(url: string | undefined): string {
  const address = url ?? import.meta.url
  const parsed = URL.canParse(address) ? new URL(address) : null
  if (parsed?.protocol === 'http:' || parsed?.protocol === 'https:') return parsed.origin
  throw new RunnelError('INVALID_PARAMETER_VALUE', 'Say where Runnel is: connect({ url: "http://127.0.0.1:5000" }).')
}

/** What a person is shown when asked whether this page may log. */
function pageName(): string {
  const title = typeof document === 'undefined' ? 'A program' : document.title
  return (title || pageAddress('pathname')).slice(0, BRIDGE.nameLength)
}
