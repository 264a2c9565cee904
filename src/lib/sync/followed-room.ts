/**
 * One shared experiment that is followed: its facts, its notes, and who is there.
 *
 *   FollowedFacts ─► store          room link (n) ─► document ─► Notes ─► tags
 */
import type { Awareness } from 'y-protocols/awareness'
import { encodeAwarenessUpdate } from 'y-protocols/awareness'
import type * as Y from 'yjs'
import type { RunId } from '#lib/domain/ids.ts'
import type { Person, SyncState } from '#lib/live/sharing.ts'
import type { Store } from '#lib/store/store.ts'
import type { Room } from '#lib/store/sync/rooms.ts'
import { roomName } from './agreement.ts'
import { BlobCourier, OfflineKeeper } from './blob-courier.ts'
import { BlobWatch } from './blob-watch.ts'
import { FollowedFacts, rescueAfterMs } from './followed-facts.ts'
import type { HostLink } from './host-link.ts'
import { keptNotes } from './kept-notes.ts'
import type { NotePlace } from './note-port.ts'
import { Notes } from './notes.ts'
import { RoomLink } from './room-link.ts'

export interface FollowedRoomOptions {
  readonly store: Store
  readonly room: Room
  readonly host: HostLink
  readonly personName: () => string
  readonly onChange: () => void
}

export class FollowedRoom {
  readonly room: Room
  readonly courier: BlobCourier
  readonly offline: OfflineKeeper
  readonly #options: FollowedRoomOptions
  readonly #facts: FollowedFacts
  readonly #blobs: BlobWatch
  readonly #notes: RoomLink
  #noteDoc: Y.Doc | null = null
  /** Pages that look, by a number of their own, and where; the last that said so is told. */
  readonly #looking = new Map<number, RunId | null>()
  #lastLook = 0
  #noteState: string | null = null
  readonly #onNotePresence = new Set<() => void>()

  constructor(options: FollowedRoomOptions) {
    this.#options = options
    this.room = options.room
    const { host, store, room, onChange } = options
    this.courier = new BlobCourier(store, host)
    this.offline = new OfflineKeeper(store, room.experimentId, (id) => this.courier.fetch(id), onChange)
    const name = roomName('x', room.sharedId)
    const mayWrite = room.role !== 'viewer'
    this.#blobs = new BlobWatch({ bring: () => this.courier.bringLacking(name), afterMs: rescueAfterMs, onChange })
    this.#facts = new FollowedFacts({
      store,
      host,
      name,
      id: room.sharedId,
      mayWrite,
      offerBlobs: (ids) => this.courier.offer(ids),
      fetchBlob: (id) => this.courier.fetch(id),
      onAwareness: (awareness) => this.#enter(awareness),
      onLive: (isLive) => {
        if (isLive) this.courier.forget()
        this.#blobs.isLive = isLive && mayWrite
      },
      onChange
    })
    this.#notes = new RoomLink({
      host,
      room: roomName('n', room.sharedId),
      kept: () => keptNotes(store, room.sharedId),
      onDocument: (doc, awareness) => this.#openNotes(doc, awareness),
      onState: onChange
    })
  }

  start(): void {
    this.#facts.start()
    this.#notes.start()
  }

  retry(): void {
    this.#facts.retry()
    this.#notes.retry()
  }

  async close(): Promise<void> {
    this.offline.stop()
    await this.#blobs.close()
    await this.#facts.close()
    await this.#notes.close()
  }

  // ── notes ─────────────────────────────────────────────────────────────────────────────────────────────────────────────────────

  async #openNotes(doc: Y.Doc, awareness: Awareness): Promise<() => Promise<void>> {
    const { store, room } = this.#options
    const notes = new Notes({
      store,
      room: room.sharedId,
      doc,
      begins: room.role === 'owner',
      mayWrite: room.role !== 'viewer'
    })
    this.#noteDoc = doc
    this.#tellNote(awareness)
    const tell = (): void => {
      for (const listener of this.#onNotePresence) listener()
    }
    awareness.on('change', tell)
    await notes.start()
    return async () => {
      awareness.off('change', tell)
      if (this.#noteDoc === doc) this.#noteDoc = null
      await notes.close()
    }
  }

  /** The notes' document as a page edits it; null while the host has not been reached since this store opened, and nothing was kept. */
  notePlace(): NotePlace | null {
    const doc = this.#noteDoc
    if (doc === null) return null
    return {
      doc,
      mayWrite: this.room.role !== 'viewer',
      others: () => {
        const awareness = this.#notes.awareness
        const others = awareness === null ? [] : [...awareness.getStates().keys()].filter((id) => id !== doc.clientID)
        return awareness === null || others.length === 0 ? null : encodeAwarenessUpdate(awareness, others)
      },
      onOthers: (listener) => {
        this.#onNotePresence.add(listener)
        return () => this.#onNotePresence.delete(listener)
      },
      say: (state) => {
        this.#noteState = state
        if (this.#notes.awareness) this.#tellNote(this.#notes.awareness)
      }
    }
  }

  #tellNote(awareness: Awareness): void {
    awareness.setLocalState(
      this.#noteState === null ? null : { ...(JSON.parse(this.#noteState) as object), ...this.#user() }
    )
  }

  // ── who is there ──────────────────────────────────────────────────────────────────────────────────────────────────────────────

  /** A page looks here, until the function that is returned is called. */
  look(runId: RunId | null): () => void {
    const number = ++this.#lastLook
    this.#looking.set(number, runId)
    this.#tellEverybody()
    return () => {
      this.#looking.delete(number)
      this.#tellEverybody()
    }
  }

  /** The person's name is another. */
  rename(): void {
    this.#tellEverybody()
  }

  #tellEverybody(): void {
    if (this.#facts.awareness) this.#tellWhere(this.#facts.awareness)
    this.#options.onChange()
  }

  #enter(awareness: Awareness): () => void {
    const { onChange } = this.#options
    this.#tellWhere(awareness)
    awareness.on('change', onChange)
    return () => awareness.off('change', onChange)
  }

  #tellWhere(awareness: Awareness): void {
    const last = [...this.#looking.values()].at(-1)
    awareness.setLocalState(last === undefined ? null : { ...this.#user(), run: last })
  }

  #user() {
    return { user: { name: this.#options.personName() } }
  }

  /** Each once; this person last, while a page of theirs looks. */
  people(): Person[] {
    const awareness = this.#facts.awareness
    const people = new Map<string, Person>()
    for (const [client, state] of awareness?.getStates() ?? []) {
      if (client === awareness!.clientID) continue
      const { user, run } = state as { readonly user?: Partial<Person>; readonly run?: unknown }
      if (typeof user?.id !== 'string' || people.has(user.id)) continue
      people.set(user.id, {
        id: user.id,
        name: String(user.name ?? ''),
        role: user.role === 'owner' || user.role === 'editor' ? user.role : 'viewer',
        isSelf: false,
        runId: typeof run === 'string' ? (run as RunId) : null
      })
    }
    const own = [...this.#looking.values()].at(-1)
    const { personName } = this.#options
    const self: Person[] =
      own === undefined ? [] : [{ id: 'self', name: personName(), role: this.room.role, isSelf: true, runId: own }]
    return [...people.values(), ...self]
  }

  // ── how it stands ─────────────────────────────────────────────────────────────────────────────────────────────────────────────

  get sync(): SyncState {
    return this.#facts.sync
  }

  get pending(): number {
    return this.#facts.pending
  }

  get problem(): string | null {
    return this.#facts.problem ?? this.#blobs.problem
  }

  /** Resolves when some of the host's document has been merged, or it is known that it cannot be now: with the reason. */
  settled(): Promise<string | null> {
    return this.#facts.settled()
  }
}
