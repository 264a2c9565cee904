/**
 * A host that is followed whole, as the pages it serves do for its owner: its index, which says what experiments it has, and its model registry.
 */
import type * as Y from 'yjs'
import { RunnelError } from '#lib/domain/errors.ts'
import { DEFAULT_EXPERIMENT_ID } from '#lib/domain/ids.ts'
import { REGISTRY, type SharedId } from '#lib/domain/sync/subject.ts'
import type { Store } from '#lib/store/store.ts'
import { followRegistry } from '#lib/store/sync/registry-sharing.ts'
import { indexEntry, ROOTS, roomName } from './agreement.ts'
import { FollowedFacts } from './followed-facts.ts'
import type { HostLink } from './host-link.ts'
import { RoomLink } from './room-link.ts'

export interface FollowedSpaceOptions {
  readonly store: Store
  readonly host: HostLink
  /** The host has an experiment; `isDefault` is its own Default one. Called again for those that are known. */
  readonly onExperiment: (id: SharedId, isDefault: boolean) => Promise<void>
  readonly onChange: () => void
}

/** A host that is away is asked again after this: it is looked for until it is back. */
const RETRY_MS = 3000

export class FollowedSpace {
  readonly #options: FollowedSpaceOptions
  #index: RoomLink | null = null
  #registry: FollowedFacts | null = null
  #timer: ReturnType<typeof setTimeout> | null = null
  #starting: Promise<void> = Promise.resolve()
  #isClosed = false

  constructor(options: FollowedSpaceOptions) {
    this.#options = options
  }

  /** null until the host has been reached since this store was opened. */
  get registry(): FollowedFacts | null {
    return this.#registry
  }

  /** Resolves when the host has been reached, or could not be. */
  start(): Promise<void> {
    this.#timer = null
    this.#starting = this.#follow().catch((error: unknown) => {
      if (!(error instanceof RunnelError) || error.code !== 'TEMPORARILY_UNAVAILABLE')
        return console.warn('Runnel: what this host has is not followed.', error)
      if (!this.#isClosed) this.#timer = setTimeout(() => void this.start(), RETRY_MS)
    })
    return this.#starting
  }

  retry(): void {
    this.#index?.retry()
    this.#registry?.retry()
  }

  async close(): Promise<void> {
    this.#isClosed = true
    if (this.#timer) clearTimeout(this.#timer)
    await this.#starting
    await this.#index?.close()
    await this.#registry?.close()
  }

  async #follow(): Promise<void> {
    const { store, host, onChange } = this.#options
    if (this.#isClosed) return
    const { id: space } = await host.space()
    if (this.#isClosed) return
    await followRegistry(store, 'owner', host.address)
    if (this.#isClosed) return
    this.#index = new RoomLink({
      host,
      room: roomName('i', space),
      onDocument: (doc) => Promise.resolve(this.#followIndex(doc)),
      onState: onChange
    })
    this.#registry = new FollowedFacts({
      store,
      host,
      name: roomName('g', space),
      id: REGISTRY,
      mayWrite: true,
      onChange
    })
    this.#index.start()
    this.#registry.start()
  }

  #followIndex(doc: Y.Doc): () => Promise<void> {
    const list = doc.getMap<string>(ROOTS.experiments)
    let working: Promise<void> = Promise.resolve()
    const bring = (): void => {
      working = working
        .then(async () => {
          for (const [id, text] of list.entries())
            if (/^\d{1,16}$/.test(id))
              await this.#options.onExperiment(id as SharedId, indexEntry(text).number === DEFAULT_EXPERIMENT_ID)
        })
        .catch((error: unknown) => console.warn('Runnel: an experiment of this host is not followed.', error))
    }
    list.observe(bring)
    bring()
    return async () => {
      list.unobserve(bring)
      await working
    }
  }
}
