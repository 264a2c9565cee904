/**
 * The rooms in memory, by name.
 *
 * A room that is leaving (it closes, rotates or is removed) is waited for by whoever knocks: what it logged last is on disk before it is
 * read again, so nothing is lost between.
 */
import * as Y from 'yjs'
import { absent } from '#lib/domain/errors.ts'
import { ROOM_CLOSE, parseRoomName, type RoomName } from '#lib/sync/agreement.ts'
import { liveBytesOf } from '#lib/sync/room-doc.ts'
import { nextEpoch } from './room-log.ts'
import { Room, type RoomParts } from './room.ts'

export interface RoomsParts extends Omit<RoomParts, 'onLarge'> {
  /** Whether there is, or may be, such a room: asked before one is made or read. */
  readonly exists: (room: RoomName) => boolean | Promise<boolean>
  /** How a room that has grown too large begins again; null for one that does not. None do unless said. */
  readonly seedOf?: (room: RoomName) => Seed | null
}

/** Writes the beginning of a new epoch. `old` is the document as it was. Takes nothing back: what is thrown leaves the old epoch. */
export type Seed = (fresh: Y.Doc, old: Y.Doc, epoch: number) => void | Promise<void>

/** A room that is large because much stands in it would be as large again. */
const WORTH_IT = 2

interface Entry {
  readonly room: Room
  readonly opened: Promise<Room>
}

export class Rooms {
  readonly #parts: RoomsParts
  readonly #roomParts: RoomParts
  readonly #rooms = new Map<string, Entry>()
  readonly #leaving = new Map<string, Promise<unknown>>()
  #isClosed = false

  constructor(parts: RoomsParts) {
    this.#parts = parts
    this.#roomParts = { ...parts, onLarge: (room, bytes) => this.#onLarge(room, bytes) }
  }

  /**
   * The room of a name, read from the log when it is not in memory. What comes back is open, or was a moment ago: `join` says.
   *
   * fails  with RESOURCE_DOES_NOT_EXIST when there is none, and with what made loading fail
   */
  async open(name: string): Promise<Room> {
    for (;;) {
      if (this.#isClosed) throw absent('This host is stopping.')
      const leaving = this.#leaving.get(name)
      if (leaving !== undefined) {
        await leaving
        continue
      }
      const known = this.#rooms.get(name) ?? this.#load(name)
      const room = await known.opened
      if (room.state === 'open') return room
      // It failed or was let go of by itself; once that is done it is forgotten, and read again.
      await this.#leave(known, ROOM_CLOSE.tryLater, '')
    }
  }

  /** The room of a name if it is in memory and open. */
  get(name: string): Room | null {
    const room = this.#rooms.get(name)?.room
    return room?.state === 'open' ? room : null
  }

  #load(name: string): Entry {
    const parsed = parseRoomName(name)
    if (parsed === null) throw noRoom(name)
    const room = new Room(parsed, this.#roomParts)
    const load = async (): Promise<Room> => {
      if (!(await this.#parts.exists(parsed))) throw noRoom(name)
      await room.load()
      return room
    }
    const entry: Entry = {
      room,
      opened: load().catch((error: unknown) => {
        this.#forget(entry)
        throw error
      })
    }
    this.#rooms.set(name, entry)
    return entry
  }

  #forget(entry: Entry): void {
    if (this.#rooms.get(entry.room.name) === entry) this.#rooms.delete(entry.room.name)
  }

  /** Resolves when it is closed and forgotten. */
  #leave(entry: Entry, code: number, reason: string): Promise<void> {
    return this.#whileAway(entry.room.name, async () => {
      await entry.opened.catch(() => undefined)
      await entry.room.close(code, reason)
      this.#forget(entry)
    })
  }

  /** Do something with a name while nobody can open its room. One after another. */
  async #whileAway<Result>(name: string, work: () => Promise<Result>): Promise<Result> {
    const before = this.#leaving.get(name)
    const doing = (before ?? Promise.resolve()).then(work)
    const settled = doing.then(
      () => undefined,
      () => undefined
    )
    this.#leaving.set(name, settled)
    try {
      return await doing
    } finally {
      if (this.#leaving.get(name) === settled) this.#leaving.delete(name)
    }
  }

  /** Let go of rooms nobody has been in for a while, and of people nobody has heard of. */
  tidy(nowMs: number): void {
    for (const entry of this.#rooms.values()) {
      if (entry.room.isIdle(nowMs)) void this.#leave(entry, ROOM_CLOSE.tryLater, '')
      else if (entry.room.state === 'open') entry.room.tidyPresence()
    }
  }

  /**
   * Begin a room again: its members are sent away (4409), the host's part is detached and has drained it, and `seed` writes a new document
   * before anybody can open it.
   *
   * returns  the new epoch
   * fails    with what `seed` throws: the room goes on as it was; with RESOURCE_DOES_NOT_EXIST when there is none
   */
  async rotate(name: string, seed: Seed): Promise<number> {
    await this.open(name)
    return this.#whileAway(name, async () => {
      await this.#closeOf(name, ROOM_CLOSE.epoch, 'This room has begun again.')
      const { log, now } = this.#parts
      const kept = await log.read(name)
      const old = new Y.Doc()
      const fresh = new Y.Doc()
      try {
        for (const update of [kept?.snapshot ?? null, ...(kept?.updates ?? [])])
          if (update !== null) Y.applyUpdate(old, update)
        const epoch = nextEpoch(kept?.epoch ?? 0, now())
        await seed(fresh, old, epoch)
        await log.begin(name, epoch, Y.encodeStateAsUpdate(fresh))
        return epoch
      } finally {
        old.destroy()
        fresh.destroy()
      }
    })
  }

  /** Whoever is in it has said what it has to say on disk, and comes back: nobody waits for this. It is looked at again with its next snapshot. */
  #onLarge(room: Room, bytes: number): void {
    const seed = this.#parts.seedOf?.(room) ?? null
    if (seed === null || this.#leaving.has(room.name) || bytes < WORTH_IT * liveBytesOf(room.doc)) return
    this.rotate(room.name, seed).catch((error: unknown) => {
      if (!this.#isClosed) console.error(`Runnel: the room ${room.name} is large, and could not begin again.`, error)
    })
  }

  /** End a room for good (4404): what is kept of it is forgotten, too. */
  remove(name: string): Promise<void> {
    return this.#whileAway(name, async () => {
      await this.#closeOf(name, ROOM_CLOSE.gone, 'This room is gone.')
      await this.#parts.log.remove(name)
    })
  }

  async #closeOf(name: string, code: number, reason: string): Promise<void> {
    const entry = this.#rooms.get(name)
    if (entry === undefined) return
    await entry.opened.catch(() => undefined)
    await entry.room.close(code, reason)
    this.#forget(entry)
  }

  /** Close all rooms; from here on none opens. */
  async close(): Promise<void> {
    this.#isClosed = true
    const leaving = [...this.#rooms.values()].map((entry) =>
      this.#leave(entry, ROOM_CLOSE.goingAway, 'This host is stopping.')
    )
    await Promise.all([...leaving, ...this.#leaving.values()])
  }
}

const noRoom = (name: string) => absent(`There is no room ${JSON.stringify(name.slice(0, 80))}.`)
