/**
 * The store's end of the page's port.
 *
 * Each page opens one session. Sessions share one front desk for notebooks and one cache of series. A session ends when its page says so,
 * or when the Web Lock the page holds for its lifetime is given up: a port does not say when its other end dies.
 */
import * as Comlink from 'comlink'
import { RunnelError } from '#lib/domain/errors.ts'
import type { Store } from '#lib/store/store.ts'
import { Answering, type Surroundings } from './answers.ts'
import { createCommands } from './commands.ts'
import { Notebooks, type AttachNotebook } from './notebooks.ts'
import type {
  Commands,
  Durability,
  LiveDoor,
  LiveEvent,
  LiveSession,
  NotebookArrival,
  PageRole,
  Query,
  SaveState,
  SessionInfo
} from './protocol.ts'
import { throwWire } from './throw-wire.ts'
import { Watches } from './watches.ts'

export interface LiveHostParts {
  readonly store: Store
  readonly info: SessionInfo
  readonly ownOrigin: string
  readonly attachNotebook: AttachNotebook
  readonly sizes: Surroundings['sizes']
  readonly applyDurability: (durability: Durability) => void
  /** Called after deletions for good: shrink what is stored. */
  readonly giveRoomBack: () => Promise<void>
  /** Resolves when nobody holds the named lock any more. */
  readonly whenFree: (lock: string) => Promise<void>
}

interface Page {
  readonly role: PageRole
  readonly watches: Watches
  readonly emit: (event: LiveEvent) => void
}

export class LiveHost {
  readonly #parts: LiveHostParts
  readonly #notebooks: Notebooks
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
    this.#answering = new Answering({ notebooks: this.#notebooks, sizes: parts.sizes })
    this.#commands = createCommands(parts.store, this.#notebooks, parts)
    parts.store.changes.subscribe((change) => {
      for (const page of this.#pages) page.watches.onChange(change)
    })
    parts.store.changes.subscribeToLoss(() => {
      this.#answering.forget()
      for (const page of this.#pages) page.watches.onLoss()
    })
  }

  /** What a new port is served with. */
  readonly door: LiveDoor = {
    alive: () => Promise.resolve(),
    open: async (role, pageLock, onEvent) => this.#open(role, pageLock, onEvent)
  }

  /** Tell every page whether what was logged is safe yet. */
  setSaveState(state: SaveState, message: string | null = null): void {
    if (state === this.#save.state && message === this.#save.message) return
    this.#save = { state, message }
    for (const page of this.#pages) page.emit({ t: 'save', state, message })
  }

  /** This host makes way for a newer version: whoever comes from now on is sent away, to ask again. */
  retire(): void {
    this.#isRetired = true
    this.#notebooks.closeAll()
    for (const page of this.#pages) page.emit({ t: 'bye', reason: 'upgrade' })
  }

  #open(role: PageRole, pageLock: string, onEvent: (event: LiveEvent) => void): LiveSession {
    if (this.#isRetired) throw new RunnelError('TEMPORARILY_UNAVAILABLE', 'The store is changing hands. Trying again.')
    // An event to a page that has gone goes nowhere; its lock says so soon.
    const emit = (event: LiveEvent) => void Promise.resolve(onEvent(withTransfer(event))).catch(() => undefined)
    const page: Page = { role, emit, watches: new Watches(this.#parts.store, this.#answering, emit) }
    this.#pages.add(page)
    this.#refreshNotebooks()
    const close = () => {
      page.watches.clear()
      if (this.#pages.delete(page)) this.#refreshNotebooks()
    }
    void this.#parts.whenFree(pageLock).then(close)
    page.emit({ t: 'save', ...this.#save })
    return Comlink.proxy(this.#session(page, close))
  }

  #session(page: Page, close: () => void): LiveSession {
    return {
      info: () => Promise.resolve(this.#parts.info),
      watch: (watch, query: Query) => {
        page.watches.set(watch, query)
        return Promise.resolve()
      },
      unwatch: (watch) => {
        page.watches.remove(watch)
        return Promise.resolve()
      },
      command: (name, args) => this.#command(name, args),
      consentFor: async (origin) =>
        (await this.#notebooks.isGranted(origin))
          ? 'granted'
          : this.#notebooks.whereToAsk(
              page.role,
              [...this.#pages].map(({ role }) => role)
            ),
      admit: (port: MessagePort, arrival: NotebookArrival) =>
        this.#notebooks.admit(port, arrival).catch(() => {
          port.close()
          return { outcome: 'denied', reason: 'unavailable' } as const
        }),
      close: () => {
        close()
        return Promise.resolve()
      }
    }
  }

  async #command<Name extends keyof Commands>(
    name: Name,
    args: Parameters<Commands[Name]>
  ): Promise<Awaited<ReturnType<Commands[Name]>>> {
    try {
      const command = this.#commands[name] as (...args: readonly unknown[]) => Promise<unknown>
      return withTransfer((await command(...args)) as Awaited<ReturnType<Commands[Name]>>)
    } catch (error) {
      return throwWire(error)
    }
  }

  #refreshNotebooks(): void {
    for (const page of this.#pages) page.watches.refresh('notebooks')
  }
}

/** Typed arrays change hands instead of being copied. */
function withTransfer<T>(value: T): T {
  const buffers = new Set<ArrayBuffer>()
  collect(value, buffers, 0)
  return buffers.size === 0 ? value : (Comlink.transfer(value as object, [...buffers]) as T)
}

/** Answers hold their arrays at most two levels down: the event, its value, the value's columns. */
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
