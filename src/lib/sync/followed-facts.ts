/**
 * The facts of one room of a host, kept at one with this store: of an experiment, or of the model registry.
 *
 *   room link ─► document ─► Replicator ─► store
 *                   ▲                        │
 *                outbound ◄──────────────────┘
 */
import type { Awareness } from 'y-protocols/awareness'
import type * as Y from 'yjs'
import type { BlobId } from '#lib/domain/ids.ts'
import { SYNC } from '#lib/domain/limits.ts'
import type { SharedId } from '#lib/domain/sync/subject.ts'
import type { SyncState } from '#lib/live/sharing.ts'
import type { Store } from '#lib/store/store.ts'
import type { Reader, Tx } from '#lib/store/database.ts'
import { noteSynced, saidSince, syncedUpTo } from '#lib/store/sync/rooms.ts'
import { restampAhead } from '#lib/store/sync/restamp.ts'
import type { HostLink } from './host-link.ts'
import { later } from './later.ts'
import type { Outbound } from './outbound.ts'
import { behindIn } from './publisher.ts'
import { Replicator } from './replicator.ts'
import { RoomDoc } from './room-doc.ts'
import { RoomLink, type LinkState } from './room-link.ts'

export interface FollowedFactsOptions {
  readonly store: Store
  readonly host: HostLink
  /** What the host calls the room, and what this store does. */
  readonly name: string
  readonly id: SharedId
  readonly mayWrite: boolean
  readonly offerBlobs?: (ids: readonly BlobId[]) => Promise<void>
  readonly fetchBlob?: (id: BlobId) => Promise<boolean>
  /** The room's awareness is there; returns what is to be done once it is not. */
  readonly onAwareness?: (awareness: Awareness) => () => void
  /** The room is live from now on, or is not any more. */
  readonly onLive?: (isLive: boolean) => void
  readonly onChange: () => void
}

/** Somebody puts back what a host has lost after so long, ms: one of those that are there, and not all at once. */
export const rescueAfterMs = (): number => 1000 + Math.random() * 9000

/** That the host has everything is noted no more often, ms, though it is so after each point that is logged. */
const NOTE_EVERY_MS = 1000

export class FollowedFacts {
  readonly #options: FollowedFactsOptions
  readonly #link: RoomLink
  #followed: Followed | null = null
  #problem: string | null = null
  #syncedHlc: number | null = null
  /** What the host had not acknowledged when there was no document to count by. */
  #counted = 0
  #counting: Promise<void> = Promise.resolve()
  #cancelNote: (() => void) | null = null
  #notedAt = -NOTE_EVERY_MS
  #isLive = false

  constructor(options: FollowedFactsOptions) {
    this.#options = options
    this.#link = new RoomLink({
      host: options.host,
      room: options.name,
      onDocument: (doc, awareness, outbound) => this.#open(doc, awareness, outbound),
      onState: () => this.#stateChanged()
    })
  }

  start(): void {
    this.#link.start()
  }

  retry(): void {
    this.#link.retry()
  }

  async close(): Promise<void> {
    this.#cancelNote?.()
    await this.#noteSynced()
    await this.#link.close()
  }

  get awareness(): Awareness | null {
    return this.#link.awareness
  }

  get sync(): SyncState {
    const state = STATES[this.#link.state]
    return state === 'synced' && !this.#isSynced ? 'syncing' : state
  }

  /** Whether the host has on its disk all that this store is known to have said. */
  get #isSynced(): boolean {
    const followed = this.#followed
    return (
      this.#link.state === 'live' &&
      followed !== null &&
      followed.isIdle &&
      this.pending === 0 &&
      this.#link.isAcknowledged
    )
  }

  /** Subjects of which the host does not have all that this store said. */
  get pending(): number {
    const followed = this.#followed
    if (followed === null) return this.#counted
    const { pending } = followed.outbound
    // Until all was compared once, as many may wait as before.
    return followed.isCompared ? pending : Math.max(pending, this.#counted)
  }

  get problem(): string | null {
    return this.#link.problem ?? this.#problem ?? this.#followed?.outbound.problem ?? null
  }

  async #open(doc: Y.Doc, awareness: Awareness, outbound: Outbound): Promise<() => Promise<void>> {
    const { store, id, mayWrite, offerBlobs, fetchBlob, onAwareness } = this.#options
    // What was said again may be of before: it is counted anew.
    if (await restampAhead(store)) this.#syncedHlc = null
    const facts = new RoomDoc(doc)
    const replicator = new Replicator({
      store,
      room: id,
      doc: facts,
      mayWrite,
      outbound,
      ...(offerBlobs && { offerBlobs }),
      ...(fetchBlob && { fetchBlob }),
      restMs: SYNC.firstRestMs,
      rescueAfterMs,
      onState: ({ unpublished, problem }) => {
        this.#problem = problem
        followed.isIdle = unpublished === 0
        followed.isCompared ||= followed.isIdle
        this.#stateChanged()
      }
    })
    const followed: Followed = { replicator, facts, outbound, isIdle: false, isCompared: false }
    this.#followed = followed
    const leave = onAwareness?.(awareness)
    // Not waited for: what the document has is merged, and what is to be said waits, while its socket opens.
    void replicator.start()
    return async () => {
      leave?.()
      await replicator.close()
      this.#counted = this.pending
      this.#followed = null
    }
  }

  #stateChanged(): void {
    const isLive = this.#link.state === 'live'
    if (isLive !== this.#isLive) this.#options.onLive?.((this.#isLive = isLive))
    const rest = Math.max(0, this.#notedAt + NOTE_EVERY_MS - performance.now())
    if (this.#isSynced) this.#cancelNote ??= later(() => void this.#noteSynced(), rest)
    this.#counting = this.#counting.then(() => this.#countPending())
    void this.#counting.then(() => this.#options.onChange())
  }

  /** What the host has not acknowledged, while there is no document that could say so. Never fails. */
  async #countPending(): Promise<void> {
    const { store, id, mayWrite } = this.#options
    if (!mayWrite || this.#followed?.isCompared) return
    try {
      this.#counted = await store.read(async (r) => (await saidSince(r, id, await this.#syncedUpTo(r))).length)
    } catch (error) {
      console.warn('Runnel: what waits to be shared could not be counted.', error)
    }
  }

  async #syncedUpTo(r: Reader): Promise<number> {
    return (this.#syncedHlc ??= await syncedUpTo(r, this.#options.id))
  }

  /** Note up to when the host has everything: it is what waits that is counted by it before the host is reached again. Never fails. */
  async #noteSynced(): Promise<void> {
    this.#cancelNote = null
    this.#notedAt = performance.now()
    const { store, id, mayWrite } = this.#options
    if (!mayWrite || !this.#isSynced || store.replica.clock.last === this.#syncedHlc) return
    try {
      this.#syncedHlc = await store.write(async (tx) => {
        tx.isMerge = true
        if (!(await this.#isAllThere(tx))) return this.#syncedHlc
        const { last } = store.replica.clock
        await noteSynced(tx, id, last)
        return last
      })
    } catch (error) {
      console.warn('Runnel: it could not be noted that all is shared.', error)
    }
  }

  /** Something may have been said just now that nobody has looked at: numbers are compared while nothing else is written. */
  async #isAllThere(tx: Tx): Promise<boolean> {
    const { id } = this.#options
    const said = await saidSince(tx, id, await this.#syncedUpTo(tx))
    const followed = this.#followed
    if (followed === null || (await behindIn(tx, id, followed.facts, said)).length > 0) return false
    return this.#isSynced
  }

  /** Resolves when some of the host's document has been merged, or it is known that it cannot be now: with the reason. */
  async settled(): Promise<string | null> {
    for (;;) {
      if (this.#link.state === 'refused' || this.#link.state === 'offline') return this.#link.problem ?? 'offline'
      if (this.#followed !== null) {
        await this.#followed.replicator.begun()
        return null
      }
      await new Promise((resolve) => setTimeout(resolve, SETTLE_EVERY_MS))
    }
  }
}

const SETTLE_EVERY_MS = 20

/** A document of the room while it is there. */
interface Followed {
  readonly replicator: Replicator
  readonly facts: RoomDoc
  readonly outbound: Outbound
  /** Whether nothing of the store is still to be looked at. */
  isIdle: boolean
  /** Whether everything was looked at once. */
  isCompared: boolean
}

const STATES: Readonly<Record<LinkState, SyncState>> = {
  connecting: 'connecting',
  live: 'synced',
  offline: 'offline',
  refused: 'refused'
}
