/**
 * The store's end of the page's port.
 *
 * Each page opens one session. Sessions share one front desk for notebooks and one cache of series. A session ends when its page says so,
 * when its socket ends, or when the Web Lock the page holds for its lifetime is given up: a port does not say when its other end dies.
 */
import * as Comlink from 'comlink'
import { LIVE } from '#lib/domain/limits.ts'
import { RunnelError, errorToWire, invalid, type WireError } from '#lib/domain/errors.ts'
import type { Store } from '#lib/store/store.ts'
import { Answering, type Surroundings } from './answers.ts'
import { createCommands } from './commands.ts'
import type { FileWork } from './file-work.ts'
import { NO_SHARING } from './no-sharing.ts'
import type { Sharing } from './sharing.ts'
import { parseExperimentId, parseRunId } from '#lib/domain/ids.ts'
import { Notebooks, type AttachNotebook, type NotebookConnection } from './notebooks.ts'
import { isArrival, isQueries } from './query-check.ts'
import type {
  Commands,
  Durability,
  LiveDoor,
  LiveEvent,
  LiveSession,
  NotebookArrival,
  PageRole,
  SaveState,
  SessionInfo
} from './protocol.ts'
import { throwWire } from './throw-wire.ts'
import { Watches } from './watches.ts'

export interface LiveHostParts {
  readonly store: Store
  readonly info: SessionInfo
  /** Whose pages may log without a person's leave; null for everybody's, where a gate has asked before. */
  readonly ownOrigin: string | null
  readonly attachNotebook: AttachNotebook
  readonly sizes: Surroundings['sizes']
  readonly applyDurability: (durability: Durability) => void
  /** Called after deletions for good: shrink what is stored. */
  readonly giveRoomBack: () => Promise<void>
  /** Resolves when nobody holds the named lock any more: for pages of this browser. */
  readonly whenFree?: (lock: string) => Promise<void>
  /** How experiments are shared; not at all when left out. */
  readonly sharing?: Sharing
  /** What writes and merges files of experiments; nothing does when left out. */
  readonly files?: FileWork
  /** A failure in words that may leave this host; as it is unless given. */
  readonly describe?: (error: unknown) => WireError
}

interface Page {
  readonly role: PageRole
  readonly watches: Watches
  readonly emit: (event: LiveEvent) => void
  /** Where it said it looks, taken or being taken; the function it resolves with gives the place up. */
  place: Promise<() => void>
}

const nowhere = Promise.resolve(() => undefined)

export class LiveHost {
  readonly #parts: LiveHostParts
  readonly #notebooks: Notebooks
  readonly #sharing: Sharing
  readonly #answering: Answering
  readonly #commands: Commands
  readonly #pages = new Set<Page>()
  #isRetired = false
  #save: { state: SaveState; message: string | null } = { state: 'saved', message: null }

  constructor(parts: LiveHostParts) {
    this.#parts = parts
    this.#notebooks = new Notebooks({
      store: parts.store,
      ownOrigin: parts.ownOrigin,
      attach: parts.attachNotebook,
      changed: () => this.#refreshNotebooks()
    })
    this.#sharing = parts.sharing ?? NO_SHARING
    this.#answering = new Answering({
      notebooks: this.#notebooks,
      sizes: parts.sizes,
      sharing: this.#sharing,
      files: parts.files ?? null
    })
    this.#commands = createCommands(parts.store, this.#notebooks, parts)
    parts.store.changes.subscribe((change) => {
      for (const page of this.#pages) page.watches.onChange(change)
    })
    this.#sharing.onChange(() => {
      for (const page of this.#pages)
        for (const kind of ['sharing', 'sync', 'sync-settings'] as const) page.watches.refresh(kind)
    })
    parts.files?.onChange(() => {
      for (const page of this.#pages) page.watches.refresh('file-work')
    })
    parts.store.changes.subscribeToLoss(() => {
      this.#answering.forget()
      for (const page of this.#pages) page.watches.onLoss()
    })
  }

  /** What a new port of this browser is served with. */
  readonly door: LiveDoor = this.#door((pageLock) => this.#parts.whenFree?.(pageLock) ?? NEVER)

  /** Serve a page over a socket; `gone` resolves when the socket has ended. */
  serve(port: Comlink.Endpoint, gone: Promise<void>): void {
    Comlink.expose(
      this.#door(() => gone),
      port
    )
  }

  /** A notebook that came another way than through a page: it is shown with the others. */
  welcome(arrival: NotebookArrival, connection: NotebookConnection): void {
    this.#notebooks.keep(arrival, connection)
  }

  #door(whenGone: (pageLock: string) => Promise<void>): LiveDoor {
    return {
      alive: () => Promise.resolve(),
      open: async (role, pageLock, onEvent) => this.#asWire(async () => this.#open(role, whenGone(pageLock), onEvent))
    }
  }

  /** Tell every page whether what was logged is safe yet. */
  setSaveState(state: SaveState, message: string | null = null): void {
    if (state === this.#save.state && message === this.#save.message) return
    this.#save = { state, message }
    for (const page of this.#pages) page.emit({ t: 'save', state, message })
  }

  /** This host makes way for a newer version, or stops: whoever comes from now on is sent away, to ask again. */
  retire(reason: 'upgrade' | 'stopping' = 'upgrade'): void {
    this.#isRetired = true
    this.#notebooks.closeAll()
    for (const page of this.#pages) page.emit({ t: 'bye', reason })
  }

  #open(role: PageRole, whenGone: Promise<void>, onEvent: (event: LiveEvent) => void): LiveSession {
    if (typeof onEvent !== 'function') throw invalid('A page is told events through a function.')
    if (this.#isRetired) throw new RunnelError('TEMPORARILY_UNAVAILABLE', 'The store is changing hands. Trying again.')
    // An event to a page that has gone goes nowhere; its lock says so soon.
    const emit = (event: LiveEvent) => void Promise.resolve(onEvent(eventWithTransfer(event))).catch(() => undefined)
    const page: Page = { role, emit, watches: this.#watches(emit), place: nowhere }
    this.#pages.add(page)
    this.#refreshNotebooks()
    const close = () => {
      page.watches.clear()
      if (!this.#pages.delete(page)) return
      void this.#move(page, nowhere)
      this.#refreshNotebooks()
    }
    void whenGone.then(close)
    page.emit({ t: 'save', ...this.#save })
    return Comlink.proxy(this.#session(page, close))
  }

  #session(page: Page, close: () => void): LiveSession {
    return {
      info: () => Promise.resolve(this.#parts.info),
      watch: (queries) =>
        this.#asWire(async () => {
          if (!isQueries(queries) || page.watches.countWith(queries) > LIVE.watches)
            throw invalid('These are no queries of the protocol, or too many.')
          page.watches.set(queries)
          return Promise.resolve()
        }),
      unwatch: (watch) => {
        page.watches.remove(watch)
        return Promise.resolve()
      },
      command: (name, args) => this.#command(name, args),
      consentFor: (origin) => this.#asWire(() => this.#consentFor(page, origin)),
      admit: (port: MessagePort, arrival: NotebookArrival) =>
        this.#asWire(async () => {
          // Over a socket both may be anything, and a session on what is no port would end the host.
          if (!(port instanceof MessagePort) || !isArrival(arrival))
            throw invalid('This is no notebook of the protocol.')
          return this.#notebooks.admit(port, arrival).catch(() => {
            port.close()
            return { outcome: 'denied', reason: 'unavailable' } as const
          })
        }),
      present: (at) =>
        this.#asWire(async () => {
          if (!this.#pages.has(page)) return
          if (at === null) return this.#move(page, nowhere)
          const { experimentId, runId } = at
          await this.#move(page, this.#sharing.present(parseExperimentId(experimentId), runId && parseRunId(runId)))
        }),
      openNote: (port: MessagePort, experimentId, runId) =>
        this.#asWire(async () => {
          if (!(port instanceof MessagePort)) throw invalid('A note is edited over a port.')
          try {
            await this.#sharing.openNote(port, parseExperimentId(experimentId), runId && parseRunId(runId))
          } catch (error) {
            port.close()
            throw error
          }
        }),
      close: () => {
        close()
        return Promise.resolve()
      }
    }
  }

  /** The next place is taken before the last is given up: in between, whoever goes from page to page would be told as gone. */
  async #move(page: Page, next: Page['place']): Promise<void> {
    const last = page.place
    page.place = next.catch((error: unknown) => {
      console.warn('Runnel: who is here could not be told.', error)
      return nowhere
    })
    await page.place
    const leave = await last
    leave()
  }

  #watches(emit: Page['emit']): Watches {
    const { store, describe } = this.#parts
    return new Watches(store, this.#answering, emit, describe)
  }

  async #consentFor(page: Page, origin: string): Promise<'granted' | 'here' | 'tab' | 'nowhere'> {
    if (await this.#notebooks.isGranted(origin)) return 'granted'
    const open = [...this.#pages].map(({ role }) => role)
    return this.#notebooks.whereToAsk(page.role, open)
  }

  #command<Name extends keyof Commands>(
    name: Name,
    args: Parameters<Commands[Name]>
  ): Promise<Awaited<ReturnType<Commands[Name]>>> {
    return this.#asWire(() => this.#run(name, args))
  }

  async #run<Name extends keyof Commands>(
    name: Name,
    args: Parameters<Commands[Name]>
  ): Promise<Awaited<ReturnType<Commands[Name]>>> {
    if (!Object.hasOwn(this.#commands, name)) throw invalid(`There is no command ${JSON.stringify(name)}.`)
    const command = this.#commands[name] as (...args: readonly unknown[]) => Promise<unknown>
    return withTransfer((await command(...args)) as Awaited<ReturnType<Commands[Name]>>)
  }

  /** Fail as data, in words that may leave this host. */
  async #asWire<T>(work: () => Promise<T>): Promise<T> {
    try {
      return await work()
    } catch (error) {
      const { describe = errorToWire } = this.#parts
      return throwWire(describe(error))
    }
  }

  #refreshNotebooks(): void {
    for (const page of this.#pages) page.watches.refresh('notebooks')
  }
}

const NEVER = new Promise<void>(() => undefined)

/** Typed arrays change hands instead of being copied. */
function withTransfer<T>(value: T): T {
  const buffers = new Set<ArrayBuffer>()
  collect(value, buffers, 0)
  return withBuffers(value, buffers)
}

function eventWithTransfer(event: LiveEvent): LiveEvent {
  const buffers = new Set<ArrayBuffer>()
  if (event.t === 'answers') for (const answer of event.answers) collect(answer, buffers, 0)
  return withBuffers(event, buffers)
}

function withBuffers<T>(value: T, buffers: ReadonlySet<ArrayBuffer>): T {
  return buffers.size === 0 ? value : (Comlink.transfer(value as object, [...buffers]) as T)
}

/** Answers hold their arrays at most two levels down: the answer, its value, the value's columns. */
function collect(value: unknown, into: Set<ArrayBuffer>, depth: number): void {
  if (value instanceof Float64Array && value.buffer instanceof ArrayBuffer) into.add(value.buffer)
  else if (
    depth < 2 &&
    typeof value === 'object' &&
    value !== null &&
    !Array.isArray(value) &&
    !(value instanceof Blob)
  )
    for (const inner of Object.values(value)) collect(inner, into, depth + 1)
}
