/**
 * The server end of rooms: sockets come in, are seated in their rooms, and leave.
 *
 *   socket + rights ─► Connection ─► Rooms.open (load, prepare) ─► Conversation with the Room
 */
import type { WebSocket } from 'ws'
import { RunnelError } from '#lib/domain/errors.ts'
import { SYNC } from '#lib/domain/limits.ts'
import { systemClock, type Clock } from '#lib/domain/time.ts'
import { ROOM_CLOSE, type RoomName } from '#lib/sync/agreement.ts'
import type { Rights } from '../sharing/rights.ts'
import type { Snapshot, Snapshots } from '../sharing/snapshot-route.ts'
import { Connection, TICK_MS } from './connection.ts'
import { Conversation } from './conversation.ts'
import type { RoomBounds } from './room-history.ts'
import type { RoomLog } from './room-log.ts'
import { RoomSnapshots } from './room-snapshot.ts'
import type { Person } from './presence.ts'
import { Rooms, type Seed } from './rooms.ts'
import type { Prepare, Room } from './room.ts'

/** How sockets of rooms are to be made: what is longer than this is not even put together. */
export const ROOM_SOCKET_OPTIONS = {
  maxPayload: 2 * SYNC.updateBytes,
  /** Facts are packed already; and it is 200 KB of memory for every socket. */
  perMessageDeflate: false
} as const

export interface RelayParts {
  /** The relay's own from now on: it is closed with it. */
  readonly log: RoomLog
  /** Whether there is, or may be, such a room. */
  readonly exists: (room: RoomName) => boolean | Promise<boolean>
  /** Brings the host's store and a room together before anybody is let in. */
  readonly prepare: Prepare
  /** How a room that has grown too large begins again; null for one that does not. None do unless said. */
  readonly seedOf?: (room: RoomName) => Seed | null
  /** SYNC's unless said. */
  readonly bounds?: RoomBounds | undefined
  readonly clock?: Clock
  /** Called after somebody came to a room, moved or left. */
  readonly onPresence?: () => void
}

export class Relay implements Snapshots {
  readonly #log: RoomLog
  readonly #now: Clock
  readonly #rooms: Rooms
  readonly #snapshots = new RoomSnapshots()
  readonly #connections = new Set<Connection>()
  readonly #ticking: NodeJS.Timeout

  constructor({ clock = systemClock, ...parts }: RelayParts) {
    this.#log = parts.log
    this.#now = clock
    this.#rooms = new Rooms({ ...parts, now: clock })
    this.#ticking = setInterval(() => this.tick(), TICK_MS)
    this.#ticking.unref()
  }

  /** Sockets that are open. */
  get connections(): number {
    return this.#connections.size
  }

  /**
   * Serve an open socket that was let in, until it closes: codes are ROOM_CLOSE's. To be called in the turn the socket was made in.
   *
   * room   a room's name, as it stood in the path
   * query  `epoch`: the one the client knows, 4409 when it is another by now; `ack=1`: acknowledge what is on disk
   */
  serve(socket: WebSocket, room: string, rights: Rights, query: URLSearchParams): void {
    const connection = new Connection(socket, rights, this.#now)
    this.#connections.add(connection)
    socket.once('close', () => {
      this.#connections.delete(connection)
      connection.ended()
      this.#rooms.get(room)?.leave(connection)
    })
    void this.#seat(connection, room, query)
  }

  async #seat(connection: Connection, name: string, query: URLSearchParams): Promise<void> {
    try {
      const epoch = query.get('epoch')
      let room: Room
      do {
        room = await this.#rooms.open(name)
        if (!connection.isOpen) return
        if (epoch !== null && epoch !== String(room.epoch))
          return connection.close(ROOM_CLOSE.epoch, 'This room has begun again.')
      } while (!room.join(connection))
      const conversation = new Conversation(connection, room, query.get('ack') === '1', this.#now)
      conversation.begin()
      connection.hearWith((message) => conversation.hear(message))
    } catch (error) {
      if (isAbsent(error)) return connection.close(ROOM_CLOSE.gone, 'There is no such room.')
      console.error(`Runnel: the room ${JSON.stringify(name)} could not be opened.`, error)
      connection.close(ROOM_CLOSE.tryLater, 'This room could not be opened.')
    }
  }

  /**
   * The room of a name, loaded and prepared; it is let go of again when nobody is in it.
   *
   * fails  with RESOURCE_DOES_NOT_EXIST when there is none, and with what made loading fail
   */
  open(name: string): Promise<Room> {
    return this.#rooms.open(name)
  }

  /**
   * The same for who stays in it: it is not let go of before `release` is called. Whoever works on its document looks whether that is
   * destroyed: a room that fails or begins again closes all the same.
   */
  async hold(name: string): Promise<{ readonly room: Room; readonly release: () => void }> {
    for (;;) {
      const room = await this.#rooms.open(name)
      const release = room.hold()
      if (release !== null) return { room, release }
    }
  }

  /** The room of a name if it is open in memory. */
  get(name: string): Room | null {
    return this.#rooms.get(name)
  }

  /** A room's bytes for whoever joins, to be had over HTTP; null when there is no such room. Fails with what made loading fail. */
  async snapshot(name: string): Promise<Snapshot | null> {
    try {
      return await this.#snapshots.of(await this.#rooms.open(name))
    } catch (error) {
      if (isAbsent(error)) return null
      throw error
    }
  }

  /** Who is in a room; nobody while it is not in memory. */
  people(name: string): Person[] {
    return this.#rooms.get(name)?.presence.people() ?? []
  }

  /** A page of the host's own looks at what a room is of, until the function that is returned is called. Nobody hears while nobody is there. */
  async present(name: string, person: Person): Promise<() => void> {
    const { room, release } = await this.hold(name)
    const seat = room.presence.enter(person)
    seat.say(JSON.stringify({ run: person.runId }))
    room.tellPresence()
    return () => {
      release()
      seat.leave()
      room.tellPresence()
    }
  }

  /** Begin a room again: see Rooms.rotate. */
  rotate(name: string, seed: Seed): Promise<number> {
    return this.#rooms.rotate(name, seed)
  }

  /** End a room for good (4404), and forget what was kept of it. */
  remove(name: string): Promise<void> {
    return this.#rooms.remove(name)
  }

  /** What is due each second: keep connections alive, end those whose token ran out, let go of idle rooms. */
  tick(): void {
    const now = this.#now()
    for (const connection of this.#connections) connection.tick(now)
    this.#rooms.tidy(now)
  }

  /** Send everyone away (1001). Resolves when all that was taken is on disk, and the log is closed. */
  async close(): Promise<void> {
    clearInterval(this.#ticking)
    await this.#rooms.close()
    for (const connection of this.#connections) connection.close(ROOM_CLOSE.goingAway, 'This host is stopping.')
    await this.#log.close()
  }
}

const isAbsent = (error: unknown): boolean => error instanceof RunnelError && error.code === 'RESOURCE_DOES_NOT_EXIST'
