/** A store that shares experiments through a hub, and what it needs to be one of several. */
import * as Y from 'yjs'
import { assert } from '#lib/domain/errors.ts'
import { REGISTRY, type SharedId } from '#lib/domain/sync/subject.ts'
import type { SqlEngine } from '#lib/store/engine.ts'
import { Store } from '#lib/store/store.ts'
import { restampAhead } from '#lib/store/sync/restamp.ts'
import { followRegistry } from '#lib/store/sync/registry-sharing.ts'
import { joinRoom } from '#lib/store/sync/sharing.ts'
import { awaitedBlobs } from '#lib/store/sync/awaited-rows.ts'
import { takeBlob } from '#lib/store/sync/awaited.ts'
import { Replicator } from '#lib/sync/replicator.ts'
import { RoomDoc } from '#lib/sync/room-doc.ts'
import { createEngine, MemoryBlobs, MemoryJournal, type EngineName } from '../../support/engines.ts'
import type { Random } from '../bend.ts'
import type { World } from './world.ts'

/** Updates on their way one way. */
export class Link {
  readonly #waiting: Uint8Array[] = []

  send(update: Uint8Array): void {
    this.#waiting.push(update)
  }

  /** Deliver one, any of them; now and then it comes again. */
  take(random: Random): Uint8Array | null {
    if (this.#waiting.length === 0) return null
    const place = random.integer(this.#waiting.length)
    const update = this.#waiting[place]!
    if (random.integer(5) > 0) this.#waiting.splice(place, 1)
    return update
  }
}

/** A peer in one room: its own copy of the document, and both ways to the hub's. */
export class Connection {
  readonly doc: RoomDoc
  readonly up = new Link()
  readonly down = new Link()
  readonly replicator: Replicator

  constructor(peer: Peer, room: SharedId, state: Uint8Array) {
    const doc = new Y.Doc()
    Y.applyUpdate(doc, state, 'hub')
    this.doc = new RoomDoc(doc)
    doc.on('update', (update: Uint8Array, origin: unknown) => {
      if (origin !== 'hub') this.up.send(update)
    })
    this.replicator = peer.replicatorOf(room, this.doc)
  }

  async close(): Promise<void> {
    await this.replicator.close()
    this.doc.doc.destroy()
  }
}

export class Peer {
  readonly name: string
  readonly world: World
  readonly engine: EngineName
  /** How far its clock is off, ms. */
  readonly skewMs: number
  journal: MemoryJournal
  readonly blobs: MemoryBlobs
  store!: Store
  /** By room. */
  readonly connections = new Map<SharedId, Connection>()
  /** Rooms it has been let into: some come to one only later. */
  readonly rooms: SharedId[] = []
  isOnline = false
  isDead = false
  /** How many commits a backup that was made has. */
  backup: number | null = null
  #engine: SqlEngine | null = null

  constructor(world: World, name: string, engine: EngineName, skewMs: number) {
    this.world = world
    this.name = name
    this.engine = engine
    this.skewMs = skewMs
    this.journal = new MemoryJournal(() => createEngine(engine))
    this.blobs = new MemoryBlobs(() => world.now)
  }

  async open(): Promise<void> {
    this.close()
    this.#engine = await this.journal.recover()
    this.store = await Store.open({
      engine: this.#engine,
      journal: this.journal,
      blobs: this.blobs,
      clock: () => this.world.now + this.skewMs
    })
  }

  /** All that are open share one memory. */
  close(): void {
    this.#engine?.close()
    this.#engine = null
  }

  /** End as a killed process does, and begin again with what is on disk. Documents are only in memory. */
  async crash(): Promise<void> {
    await this.disconnect()
    await this.open()
  }

  /** What is on disk is what it was when the backup was made. */
  async restore(): Promise<void> {
    assert(this.backup !== null, 'there is a backup')
    await this.disconnect()
    await this.beginWith(this.journal.commits.slice(0, this.backup))
  }

  async beginWith(commits: MemoryJournal['commits']): Promise<void> {
    this.journal = new MemoryJournal(() => createEngine(this.engine))
    this.journal.commits.push(...commits)
    await this.open()
  }

  async disconnect(): Promise<void> {
    this.isOnline = false
    for (const connection of this.connections.values()) await connection.close()
    this.connections.clear()
  }

  /** The hub's time, its documents, then both ways. */
  async connect(): Promise<void> {
    if (this.isOnline || this.isDead) return
    this.store.replica.clock.correct(this.world.now)
    await restampAhead(this.store)
    this.isOnline = true
    for (const room of this.rooms) await this.#enter(room)
  }

  async join(room: SharedId): Promise<void> {
    if (this.rooms.includes(room)) return
    this.rooms.push(room)
    if (this.isOnline) await this.#enter(room)
  }

  async #enter(room: SharedId): Promise<void> {
    await joinAny(this.store, room)
    const connection = new Connection(this, room, Y.encodeStateAsUpdate(this.world.roomOf(room).doc.doc))
    this.connections.set(room, connection)
    await connection.replicator.start()
  }

  replicatorOf(room: SharedId, doc: RoomDoc): Replicator {
    return new Replicator({
      store: this.store,
      room,
      doc,
      mayWrite: true,
      offerBlobs: async (ids) => {
        for (const id of ids) {
          const blob = await this.blobs.get(id)
          if (blob !== null) await this.world.hub.blobs.put(blob)
        }
      },
      later: () => () => undefined
    })
  }

  /** Fetch what points wait for. */
  async fetchAwaited(): Promise<void> {
    for (const id of await this.store.read(awaitedBlobs)) {
      const blob = await this.world.hub.blobs.get(id)
      if (blob === null) continue
      await this.blobs.put(blob)
      await takeBlob(this.store, id)
    }
  }

  /** Fetch every blob that chunks lie in. */
  async fetchAll(): Promise<void> {
    for (const [id, blob] of this.world.hub.blobs.all())
      if ((await this.blobs.get(id)) === null) await this.blobs.put(blob)
  }
}

/** As somebody who may write. */
export async function joinAny(store: Store, room: SharedId): Promise<void> {
  if (room === REGISTRY) await followRegistry(store, 'owner', 'http://hub')
  else await joinRoom(store, room, 'editor', 'http://hub')
}
