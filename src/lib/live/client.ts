/**
 * The page's end: one session with the store's host, kept alive across the host's deaths.
 *
 *   connecting ──► open ──► lost ──► open …        outdated: a newer version took over; reload
 *                                                 blocked: this browser cannot share the store between tabs, or the host wants a token
 *
 * Invariants
 * - A host's death is seen by its socket's end, or in this browser by the Web Lock it held (measured: 9 ms after a killed renderer; ports
 *   and workers say nothing), and by silence where a browser freezes workers, or while it opens. Either way the page opens a new session and watches again what it watched.
 * - A command that was on its way when the host died rejects as unavailable: whether it was kept is unknown, and saying so is the caller's.
 *   One that waits for a session waits until there is one, or until it is known that there will be none.
 */
import * as Comlink from 'comlink'
import { RunnelError, isErrorCode, type WireError } from '#lib/domain/errors.ts'
import type { ExperimentId, RunId } from '#lib/domain/ids.ts'
import { ChartReader, type ChartParcel } from './chart-parcel.ts'
import type {
  Admission,
  AnswerTo,
  Commands,
  LiveDoor,
  LiveEvent,
  LiveSession,
  NotebookArrival,
  NumberedQuery,
  PageRole,
  Query,
  SaveState,
  SessionInfo
} from './protocol.ts'
import { STORE_LOCK } from './names.ts'

export type Connection = 'connecting' | 'open' | 'lost' | 'outdated' | 'blocked'

export interface LiveFailure extends WireError {
  readonly detail?: unknown
}

/** A port to a host; `close` gives it up. Made anew for every attempt. */
export interface StorePort {
  readonly port: Comlink.Endpoint
  /** When messages can be sent; at once unless given. */
  readonly opened?: Promise<void>
  /** Rejects with a RunnelError when there will be nobody at the other end. */
  readonly failed?: Promise<never>
  /** Resolves when the other end is gone. Unless given, the Web Locks of this origin say so. */
  readonly lost?: Promise<void>
  close(): void
}

export interface LiveClientOptions {
  readonly role: PageRole
  /**
   * Fails, or its port does, with RunnelError INVALID_STATE when another tab holds the store and this browser cannot share it, and
   * UNAUTHENTICATED when the host wants another token: trying again would not help.
   */
  readonly openPort: () => StorePort | Promise<StorePort>
  /** How to send large files when not over the port. */
  readonly overHttp?: Pick<Commands, HttpCommand>
}

/** Where a page looks. */
export interface Presence {
  readonly experimentId: ExperimentId
  readonly runId: RunId | null
}

/** Handlers of one watched query. */
export interface QueryHandlers<Q extends Query> {
  readonly onAnswer: (answer: AnswerTo<Q>) => void
  readonly onRefused: (failure: LiveFailure) => void
}

const HTTP_COMMANDS = ['readArtifact', 'exportExperiments', 'mergeFile'] as const
type HttpCommand = (typeof HTTP_COMMANDS)[number]

const isHttpCommand = (name: keyof Commands): name is HttpCommand => (HTTP_COMMANDS as readonly string[]).includes(name)

interface Watched {
  query: Query
  /** How often it was asked, each time something else. */
  asks: number
  readonly onAnswer: (answer: never) => void
  readonly onRefused: (failure: LiveFailure) => void
}

/** How often a page makes sure that its host still answers, and how long a silence may be. */
const PULSE_MS = 5000
const SILENCE_MS = 15_000
/** The same while the host opens: reading a large store back keeps its thread busy. */
const OPENING_SILENCE_MS = 120_000
const RETRY_MS = 250
const LONGEST_RETRY_MS = 5000
/** A session that ends before that may have been ended by what this page asks of it. */
const STEADY_MS = 10_000

export class LiveClient {
  readonly commands: Commands
  readonly #options: LiveClientOptions
  readonly #watched = new Map<number, Watched>()
  /** Numbers of those that are to be asked for, all in one message, once whoever asks has asked for everything. */
  readonly #asked = new Set<number>()
  readonly #onState = new Set<() => void>()
  readonly #life = new AbortController()
  #lastWatch = 0
  #presence: Presence | null = null
  #session: LiveSession | null = null
  #opened = Promise.withResolvers<LiveSession>()
  #port: StorePort | null = null
  #sessionLife = new AbortController()
  #connection: Connection = 'connecting'
  #save: { state: SaveState; message: string | null } = { state: 'saved', message: null }
  #info: SessionInfo | null = null
  #problem: string | null = null
  #openedAt = 0
  /** Sessions that were over soon, one after the other. */
  #shortSessions = 0

  constructor(options: LiveClientOptions) {
    this.#options = options
    this.commands = this.#createCommands()
    this.#opened.promise.catch(() => undefined)
    void this.#connect()
  }

  get connection(): Connection {
    return this.#connection
  }

  /** Why the newest attempt to connect failed; null while connected. */
  get problem(): string | null {
    return this.#problem
  }

  get save(): { readonly state: SaveState; readonly message: string | null } {
    return this.#save
  }

  get info(): SessionInfo | null {
    return this.#info
  }

  /** Called after `connection`, `save` or `info` changed. */
  onState(listener: () => void): () => void {
    this.#onState.add(listener)
    return () => this.#onState.delete(listener)
  }

  watch<Q extends Query>(query: Q, handlers: QueryHandlers<Q>): { update(query: Q): void; stop(): void } {
    const number = ++this.#lastWatch
    const chart = new ChartReader()
    const watched: Watched = {
      query,
      asks: 0,
      onRefused: handlers.onRefused,
      onAnswer:
        query.kind === 'chart'
          ? (parcel: ChartParcel) => handlers.onAnswer(chart.read(parcel) as AnswerTo<Q>)
          : handlers.onAnswer
    }
    this.#watched.set(number, watched)
    this.#askFor(number)
    return {
      update: (next) => {
        watched.query = next
        this.#askFor(number)
      },
      stop: () => {
        this.#watched.delete(number)
        this.#tell((session) => session.unwatch(number))
      }
    }
  }

  async consentFor(origin: string): Promise<'granted' | 'here' | 'tab' | 'nowhere'> {
    const session = await this.#opened.promise
    return this.#orLost(session.consentFor(origin))
  }

  /** Hand a notebook's port to the store. Resolves when it is let in or turned away, however long the person takes. */
  async admit(port: MessagePort, arrival: NotebookArrival): Promise<Admission> {
    const session = await this.#opened.promise
    return this.#orLost(session.admit(Comlink.transfer(port, [port]), arrival))
  }

  /** Say where this page looks, to others who look at the same; null for nowhere. Said again to every new session. */
  present(at: Presence | null): void {
    this.#presence = at
    this.#tell((session) => session.present(at))
  }

  /** Edit a note together, over `port`. Rejects when it cannot be, or the host dies first; when it dies later, the port falls silent. */
  async openNote(port: MessagePort, experimentId: ExperimentId, runId: RunId | null): Promise<void> {
    const session = await this.#opened.promise
    try {
      await this.#orLost(session.openNote(Comlink.transfer(port, [port]), experimentId, runId))
    } catch (error) {
      throw toRunnelError(error)
    }
  }

  close(): void {
    this.#life.abort()
    this.#drop()
    this.#opened.reject(new RunnelError('INVALID_STATE', 'This page has let go of the store.'))
  }

  // ── connecting ──────────────────────────────────────────────────────────────────────────────────────────────────────────────

  async #connect(): Promise<void> {
    // At once after the first short session, then ever later: this page must not storm a host that ends each of them.
    if (this.#shortSessions > 1) await pause(Math.min(LONGEST_RETRY_MS, RETRY_MS * 2 ** (this.#shortSessions - 2)))
    let wait = RETRY_MS
    while (!this.#life.signal.aborted && this.#connection !== 'outdated') {
      try {
        await this.#openSession()
        return
      } catch (error) {
        this.#drop()
        const failure = toRunnelError(error)
        this.#problem = failure.message
        this.#notify()
        if (failure.code === 'INVALID_STATE' || failure.code === 'UNAUTHENTICATED') {
          this.#setConnection('blocked')
          this.#opened.reject(failure)
          return
        }
        await pause(wait)
        wait = Math.min(LONGEST_RETRY_MS, wait * 2)
      }
    }
  }

  async #openSession(): Promise<void> {
    const life = (this.#sessionLife = new AbortController())
    const storePort = (this.#port = await this.#options.openPort())
    const endings = [rejectOn(life.signal), ...(storePort.failed === undefined ? [] : [storePort.failed])]
    await Promise.race([storePort.opened, ...endings])
    const pageLock = storePort.lost === undefined ? await holdPageLock(life.signal) : ''
    const door = Comlink.wrap<LiveDoor>(storePort.port)
    this.#listen(door, life)
    // The host may still be opening a large store, or waiting for its lock: no time limit here, but a dead host must not hang us.
    const { session, info } = await Promise.race([this.#askForSession(door, pageLock), ...endings])
    this.#info = info
    this.#session = session
    this.#problem = null
    this.#openedAt = performance.now()
    for (const number of this.#watched.keys()) this.#asked.add(number)
    this.#sendAsked()
    if (this.#presence !== null) void session.present(this.#presence).catch(() => undefined)
    this.#setConnection('open')
    this.#opened.resolve(session)
    const lost = () => this.#lost(life)
    if (storePort.lost !== undefined) return void storePort.lost.then(lost)
    // Granted only when the host's own hold on the store ends.
    navigator.locks.request(STORE_LOCK, { mode: 'shared', signal: life.signal }, lost).catch(() => undefined)
  }

  async #askForSession(door: Comlink.Remote<LiveDoor>, pageLock: string) {
    const onEvent = Comlink.proxy((event: LiveEvent) => this.#onEvent(event))
    const session = await door.open(this.#options.role, pageLock, onEvent)
    return { session, info: await session.info() }
  }

  /** Ask the host now and then whether it is there, and give it up when it has not answered for too long. */
  #listen(door: Comlink.Remote<LiveDoor>, life: AbortController): void {
    let silentSince: number | null = null
    let lastBeat = performance.now()
    const beat = () => {
      const now = performance.now()
      // A timer this late means that the page stood still, or is hidden and beats once a minute: an answer may wait behind it.
      const isLate = now - lastBeat > 2 * PULSE_MS
      lastBeat = now
      const mayTake = this.#session === null ? OPENING_SILENCE_MS : SILENCE_MS
      if (!isLate && silentSince !== null && now - silentSince > mayTake) return this.#lost(life)
      silentSince ??= now
      door.alive().then(
        () => (silentSince = null),
        () => undefined
      )
    }
    const pulse = setInterval(beat, PULSE_MS)
    life.signal.addEventListener('abort', () => clearInterval(pulse))
  }

  #lost(life: AbortController): void {
    if (life.signal.aborted) return
    // Whoever opens a session tries again by itself.
    if (this.#session === null) return life.abort(unavailable())
    this.#drop()
    if (this.#connection === 'outdated') return
    this.#shortSessions = performance.now() - this.#openedAt < STEADY_MS ? this.#shortSessions + 1 : 0
    this.#setConnection('lost')
    void this.#connect()
  }

  #drop(): void {
    this.#sessionLife.abort(unavailable())
    const wasOpen = this.#session !== null
    this.#session = null
    this.#port?.close()
    this.#port = null
    // Those who wait for a session go on waiting for the next one.
    if (wasOpen) this.#opened = Promise.withResolvers<LiveSession>()
    this.#opened.promise.catch(() => undefined)
  }

  #onEvent(event: LiveEvent): void {
    switch (event.t) {
      case 'answers':
        for (const answer of event.answers) {
          const watched = this.#watched.get(answer.watch)
          // What was asked before matters no more, and a chart's parcels begin anew with each question.
          if (watched?.asks !== answer.ask) continue
          if ('error' in answer) watched.onRefused(answer.error)
          else watched.onAnswer(answer.value as never)
        }
        break
      case 'save':
        this.#save = { state: event.state, message: event.message }
        this.#notify()
        break
      case 'bye':
        // A host that stops may come back; its socket ends next.
        if (event.reason === 'stopping') return this.#lost(this.#sessionLife)
        this.#setConnection('outdated')
        this.#drop()
        this.#opened.reject(
          new RunnelError('INVALID_STATE', 'A newer version of Runnel has taken over the store. Reload this page.')
        )
        break
    }
  }

  // ── asking ──────────────────────────────────────────────────────────────────────────────────────────────────────────────────

  /** A page asks for what its charts show in one go, and a message costs more than what is in it. */
  #askFor(number: number): void {
    if (this.#asked.size === 0) queueMicrotask(() => this.#sendAsked())
    this.#asked.add(number)
  }

  #sendAsked(): void {
    const queries = [...this.#asked].flatMap((number): NumberedQuery[] => {
      const watched = this.#watched.get(number)
      return watched === undefined ? [] : [{ watch: number, ask: ++watched.asks, query: watched.query }]
    })
    this.#asked.clear()
    if (queries.length > 0) this.#tell((session) => session.watch(queries))
  }

  #tell(say: (session: LiveSession) => Promise<void>): void {
    // Without a session nothing is lost: opening one watches everything again. A failure means the same.
    if (this.#session) say(this.#session).catch(() => undefined)
  }

  #createCommands(): Commands {
    const run = async (name: keyof Commands, args: unknown[]) => {
      const { overHttp } = this.#options
      if (overHttp !== undefined && isHttpCommand(name))
        return (overHttp[name] as (...args: unknown[]) => Promise<unknown>)(...args)
      const session = await this.#opened.promise
      try {
        return await this.#orLost(session.command(name, args as never))
      } catch (error) {
        throw toRunnelError(error)
      }
    }
    return new Proxy({} as Commands, {
      get: (_target, name) =>
        typeof name === 'string' && name !== 'then'
          ? (...args: unknown[]) => run(name as keyof Commands, args)
          : undefined
    })
  }

  /** What the host answers, or a rejection when it dies first. */
  #orLost<T>(answer: Promise<T>): Promise<T> {
    return Promise.race([answer, rejectOn(this.#sessionLife.signal)])
  }

  #setConnection(connection: Connection): void {
    if (this.#connection === connection) return
    this.#connection = connection
    this.#notify()
  }

  #notify(): void {
    for (const listener of this.#onState) listener()
  }
}

const unavailable = () =>
  new RunnelError(
    'TEMPORARILY_UNAVAILABLE',
    'The store went away before it answered. Look whether the change was made, and try again.'
  )

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms))

function rejectOn(signal: AbortSignal): Promise<never> {
  return new Promise((_resolve, reject) => {
    const fail = () => reject(signal.reason instanceof Error ? signal.reason : unavailable())
    if (signal.aborted) fail()
    else signal.addEventListener('abort', fail, { once: true })
  })
}

/** Hold a lock of our own for as long as the session lives: its release tells the host that this page is gone. */
function holdPageLock(signal: AbortSignal): Promise<string> {
  const name = `runnel:page:${crypto.randomUUID()}`
  return new Promise((resolve, reject) => {
    navigator.locks
      .request(name, () => {
        resolve(name)
        return new Promise<void>((release) => signal.addEventListener('abort', () => release(), { once: true }))
      })
      .catch(reject)
  })
}

function toRunnelError(error: unknown): RunnelError {
  if (error instanceof RunnelError) return error
  const { code, message } = error as Partial<WireError>
  return new RunnelError(isErrorCode(code) ? code : 'INTERNAL_ERROR', message ?? String(error))
}
