import { BRIDGE } from '#lib/domain/limits.ts'
import type { EpochMs } from '#lib/domain/time.ts'
import { grantOrigin, hasGrant } from '#lib/store/grants.ts'
import type { Store } from '#lib/store/store.ts'
import type { Admission, NotebookArrival, NotebooksView, PageRole } from './protocol.ts'

/** A notebook that is connected: how to end it, and when it ends by itself. */
export interface NotebookConnection {
  close(reason: 'revoked' | 'upgrade'): void
  readonly closed: Promise<void>
}

/** Puts a notebook's port to work; the starter hands in the bridge's. */
export type AttachNotebook = (port: MessagePort, arrival: NotebookArrival) => Promise<NotebookConnection>

interface Asking {
  readonly id: number
  readonly origin: string
  readonly name: string
  readonly since: EpochMs
  /** Everybody of this origin who waits for the one answer. */
  readonly waiting: ((allow: boolean) => void)[]
}

interface Connected {
  readonly origin: string
  readonly name: string
  readonly since: EpochMs
  readonly connection: NotebookConnection
}

/** An origin that cannot be told from another one is asked about each time and never remembered. */
const OPAQUE_ORIGIN = 'null'

/** The front desk: who may log, who is asked, who is connected. */
export class Notebooks {
  readonly #store: Store
  readonly #ownOrigin: string | null
  readonly #attach: AttachNotebook
  readonly #changed: () => void
  readonly #asking = new Map<number, Asking>()
  readonly #connected = new Set<Connected>()
  /** How often each origin's leave was taken back. */
  readonly #revocations = new Map<string, number>()
  #lastId = 0

  constructor(parts: {
    readonly store: Store
    /** Runnel's own origin: its pages need nobody's leave. Null where nobody does, because a gate has asked before. */
    readonly ownOrigin: string | null
    readonly attach: AttachNotebook
    readonly changed: () => void
  }) {
    this.#store = parts.store
    this.#ownOrigin = parts.ownOrigin
    this.#attach = parts.attach
    this.#changed = parts.changed
  }

  view(): NotebooksView {
    return {
      connected: [...this.#connected].map(({ origin, name, since }) => ({ origin, name, since })),
      asking: [...this.#asking.values()].map(({ id, origin, name, since }) => ({ id, origin, name, since }))
    }
  }

  async isGranted(origin: string): Promise<boolean> {
    if (this.#isOwn(origin)) return true
    return origin !== OPAQUE_ORIGIN && (await this.#store.read((r) => hasGrant(r, origin)))
  }

  #isOwn(origin: string): boolean {
    return this.#ownOrigin === null || origin === this.#ownOrigin
  }

  /** Where a person would see the question, given the pages that are open. A frame is never asked in: it could be hidden or framed. */
  whereToAsk(asker: PageRole, open: Iterable<PageRole>): 'here' | 'tab' | 'nowhere' {
    if (asker === 'bridge-window') return 'here'
    for (const role of open) if (role === 'tab' || role === 'bridge-window') return 'tab'
    return 'nowhere'
  }

  /** Let a notebook in, asking first when its origin is new. Resolves when it is in, or turned away. */
  async admit(port: MessagePort, arrival: NotebookArrival): Promise<Admission> {
    const { origin } = arrival
    const isKnown = await this.isGranted(origin)
    const isAllowed = isKnown || (await this.#ask(arrival))
    const revocations = this.#revocations.get(origin)
    if (!isAllowed || !(await this.#noteUse(origin, isKnown))) {
      port.close()
      return { outcome: 'denied', reason: 'user' }
    }
    const connection = await this.#attach(port, arrival)
    this.keep(arrival, connection)
    // Leave was taken back while this one was on its way in, and `disconnect` could not see it.
    if (this.#revocations.get(origin) !== revocations) connection.close('revoked')
    return { outcome: 'admitted' }
  }

  /** Show a notebook among those that are connected, for as long as it is. */
  keep({ origin, name }: NotebookArrival, connection: NotebookConnection): void {
    const connected = { origin, name: name.slice(0, BRIDGE.nameLength), since: this.#store.now(), connection }
    this.#connected.add(connected)
    this.#changed()
    void connection.closed.then(() => {
      this.#connected.delete(connected)
      this.#changed()
    })
  }

  /** Remember a leave just given, or that one was used. False when it has been taken back since it was looked up. */
  async #noteUse(origin: string, isKnown: boolean): Promise<boolean> {
    if (this.#isOwn(origin) || origin === OPAQUE_ORIGIN) return true
    return this.#store.write(async (tx) => {
      if (isKnown && !(await hasGrant(tx, origin))) return false
      await grantOrigin(tx, origin)
      return true
    })
  }

  answer(id: number, allow: boolean): void {
    const asking = this.#asking.get(id)
    if (!asking) return
    this.#asking.delete(id)
    for (const answer of asking.waiting) answer(allow)
    this.#changed()
  }

  /** End what an origin has open: its leave was taken back. */
  disconnect(origin: string): void {
    this.#revocations.set(origin, (this.#revocations.get(origin) ?? 0) + 1)
    for (const connected of this.#connected) if (connected.origin === origin) connected.connection.close('revoked')
  }

  closeAll(): void {
    for (const { connection } of this.#connected) connection.close('upgrade')
  }

  #ask({ origin, name }: NotebookArrival): Promise<boolean> {
    return new Promise((resolve) => {
      // One question per origin, however often a notebook knocks; opaque origins cannot be told apart, so each knock is its own.
      const same = [...this.#asking.values()].find((asking) => asking.origin === origin && origin !== OPAQUE_ORIGIN)
      if (same) {
        same.waiting.push(resolve)
        return
      }
      const id = ++this.#lastId
      this.#asking.set(id, {
        id,
        origin,
        name: name.slice(0, BRIDGE.nameLength),
        since: this.#store.now(),
        waiting: [resolve]
      })
      this.#changed()
    })
  }
}
