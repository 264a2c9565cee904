/** A peer's notes in one room: its document, kept in its store as a browser does, and both ways to the hub's. */
import * as Y from 'yjs'
import type { SharedId } from '#lib/domain/sync/subject.ts'
import { keptNotes } from '#lib/sync/kept-notes.ts'
import { Notes } from '#lib/sync/notes.ts'
import type { Random } from '../bend.ts'
import { Link, type Peer } from '../replicas/peer.ts'

/** Somebody's document of notes, and the store it is a copy of tags with. */
export class NoteDesk {
  readonly doc = new Y.Doc()
  readonly notes: Notes

  constructor({ store }: Peer, room: SharedId, begins: boolean) {
    this.notes = new Notes({ store, room, doc: this.doc, begins, mayWrite: true, later: () => () => undefined })
  }

  /** Its text of a note. */
  text(root: string): string {
    return this.doc.getText(root).toJSON()
  }

  roots(): string[] {
    return [...this.doc.share.keys()]
  }

  async close(): Promise<void> {
    await this.notes.close()
    this.doc.destroy()
  }
}

export class NotePeer {
  readonly peer: Peer
  readonly room: SharedId
  desk: NoteDesk | null = null
  up = new Link()
  down = new Link()
  isOnline = false

  constructor(peer: Peer, room: SharedId) {
    this.peer = peer
    this.room = room
  }

  /** Begin with what is kept; without anything there is nothing to type in until the hub was reached. */
  async open(): Promise<void> {
    const kept = await keptNotes(this.peer.store, this.room)
    if (kept !== null) await this.#begin(kept)
  }

  async #begin(...states: readonly Uint8Array[]): Promise<void> {
    const desk = new NoteDesk(this.peer, this.room, false)
    for (const state of states) Y.applyUpdate(desk.doc, state, 'hub')
    desk.doc.on('update', (update: Uint8Array, origin: unknown) => {
      if (origin !== 'hub' && this.isOnline) this.up.send(update)
    })
    this.desk = desk
    await desk.notes.start()
  }

  /** The hub's document, then what it does not have. */
  async connect(hub: Y.Doc): Promise<void> {
    if (this.isOnline) return
    this.isOnline = true
    this.up = new Link()
    this.down = new Link()
    const state = Y.encodeStateAsUpdate(hub)
    if (this.desk === null) await this.#begin(state)
    else Y.applyUpdate(this.desk.doc, state, 'hub')
    this.up.send(Y.encodeStateAsUpdate(this.desk!.doc, Y.encodeStateVector(hub)))
  }

  disconnect(): void {
    this.isOnline = false
  }

  /** End as a killed process does: `again` opens the store with what is on its disk. */
  async crash(again: () => Promise<void>): Promise<void> {
    this.disconnect()
    const { desk } = this
    this.desk = null
    desk?.doc.destroy()
    await again()
    await this.open()
  }

  /** Deliver some of what is on its way, both ways; returns how much. */
  deliver(hub: Y.Doc, random: Random, most: number): number {
    if (!this.isOnline || this.desk === null) return 0
    let delivered = 0
    for (let i = 0; i < most; i++) {
      const [up, down] = [this.up.take(random), this.down.take(random)]
      if (up !== null) Y.applyUpdate(hub, up, this)
      if (down !== null) Y.applyUpdate(this.desk.doc, down, 'hub')
      if (up === null && down === null) break
      delivered++
    }
    return delivered
  }
}
