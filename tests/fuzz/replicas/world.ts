/**
 * Stores that share experiments through a hub, over a network that delays, reorders, repeats and cuts: real stores, real documents, no
 * clock but the world's. Everything that happens is somebody's call, so a seed repeats it.
 */
import * as Y from 'yjs'
import { assert } from '#lib/domain/errors.ts'
import type { Subject } from '#lib/domain/sync/facts.ts'
import { REGISTRY, type SharedId } from '#lib/domain/sync/subject.ts'
import { recordsOfRoom } from '#lib/store/sync/publication.ts'
import { hostRegistry, trackRegistry } from '#lib/store/sync/registry-sharing.ts'
import { blobsOfFacts } from '#lib/domain/sync/blobs-of-facts.ts'
import type { Replicator } from '#lib/sync/replicator.ts'
import { RoomDoc } from '#lib/sync/room-doc.ts'
import { seedRoom } from '../../../sync-server/sync/room-seed.ts'
import type { EngineName } from '../../support/engines.ts'
import type { Random } from '../bend.ts'
import { Peer } from './peer.ts'
import { changedNumbers, type Given } from './registry-rows.ts'

/** A room as the hub has it. */
interface Room {
  readonly id: SharedId
  doc: RoomDoc
  replicator: Replicator
}

export class World {
  readonly random: Random
  readonly hub: Peer
  readonly peers: Peer[] = []
  readonly rooms: Room[] = []
  /** What happened, in order. */
  readonly story: string[] = []
  /** What was said before it could be fetched. */
  readonly missingBlobs: string[] = []
  /** Whether a room that begins again ever has what all said. */
  seeds = true
  /** Whether the hub numbers versions of models. */
  readonly givesNumbers: boolean
  /** How much of what is done is done to the model registry. */
  readonly registryShare: number
  /** Numbers the hub has given to versions of models, and what went wrong with them. */
  given: Given = new Map()
  readonly lostNumbers: string[] = []
  now = Date.UTC(2026, 0, 1)

  constructor(random: Random) {
    this.random = random
    this.givesNumbers = random.integer(3) > 0
    this.registryShare = random.pick([0.1, 0.1, 0.9])
    this.hub = new Peer(this, 'hub', 'node:sqlite', 0)
  }

  addPeer(skewMs: number): Peer {
    const engine: EngineName = this.random.integer(3) === 0 ? 'sql.js' : 'node:sqlite'
    const peer = new Peer(this, `p${this.peers.length}`, engine, skewMs)
    this.peers.push(peer)
    return peer
  }

  /** A peer whose store is a copy of another's, as it is now: both live on. */
  async addCopy(of: Peer): Promise<Peer> {
    const peer = new Peer(this, `p${this.peers.length}`, of.engine, of.skewMs)
    this.peers.push(peer)
    peer.rooms.push(...of.rooms)
    for (const [, blob] of of.blobs.all()) await peer.blobs.put(blob)
    await peer.beginWith(of.journal.commits)
    return peer
  }

  roomOf(id: SharedId): Room {
    return this.rooms.find((room) => room.id === id)!
  }

  async addRoom(id: SharedId): Promise<void> {
    const doc = this.#follow(id, new Y.Doc())
    const room = { id, doc, replicator: this.hub.replicatorOf(id, doc) }
    this.rooms.push(room)
    this.hub.rooms.push(id)
    await this.#begin(room)
  }

  /** As a host does whenever somebody is in a room; one that gives no numbers is as one more store. */
  async #begin({ id, replicator }: Room): Promise<void> {
    if (id === REGISTRY) await (this.givesNumbers ? hostRegistry : trackRegistry)(this.hub.store)
    await replicator.start()
  }

  /** The hub's document tells everybody who is in the room. */
  #follow(id: SharedId, doc: Y.Doc): RoomDoc {
    const room = new RoomDoc(doc)
    doc.on('update', (update: Uint8Array, origin: unknown) => {
      for (const peer of this.peers) if (peer !== origin) peer.connections.get(id)?.down.send(update)
    })
    room.subscribe((subjects) => this.#checkBlobs(room, subjects))
    return room
  }

  #checkBlobs(room: RoomDoc, subjects: ReadonlySet<Subject>): void {
    const there = new Set(this.hub.blobs.all().map(([id]) => id))
    for (const subject of subjects)
      for (const entry of room.entriesOf(subject)) {
        const facts = room.decode(entry)
        const missing = facts === null ? [] : blobsOfFacts(facts).filter((id) => !there.has(id))
        this.missingBlobs.push(...missing.map((id) => `${subject} by ${entry.writer}: ${id.slice(0, 8)}`))
      }
  }

  /** A room is lost, or rotated: everybody comes back to a new one. `drains` takes what is in the old one into the hub's store first. */
  async rotate(room: Room, { drains, seeds }: { readonly drains: boolean; readonly seeds: boolean }): Promise<void> {
    const isSeeded = seeds && this.seeds
    await this.#withoutPeers(async () => {
      if (drains && !isSeeded) await room.replicator.reconcile()
      await room.replicator.close()
      const old = room.doc.doc
      const doc = new Y.Doc()
      room.doc = this.#follow(room.id, doc)
      // As a host does it; and as one whose log was lost.
      if (drains && isSeeded) await seedRoom(this.hub.store, room.id, doc, old)
      else if (isSeeded) {
        const records = await recordsOfRoom(this.hub.store, room.id)
        doc.transact(() => {
          for (const { subject, writer, facts } of records) room.doc.putRecord(subject, writer, facts)
        })
      }
      old.destroy()
      await this.#host(room)
    })
  }

  /** The hub ends and begins again. `commits` is what its disk has: all, or a backup that was put back. Its documents are on disk, too. */
  async crashHub(commits = this.hub.journal.commits): Promise<void> {
    await this.#withoutPeers(async () => {
      for (const room of this.rooms) await room.replicator.close()
      await (commits === this.hub.journal.commits ? this.hub.open() : this.hub.beginWith(commits))
      // Who comes back from a backup may give a number again.
      if (commits !== this.hub.journal.commits) this.given = new Map()
      for (const room of this.rooms) {
        const kept = Y.encodeStateAsUpdate(room.doc.doc)
        room.doc.doc.destroy()
        const doc = new Y.Doc()
        Y.applyUpdate(doc, kept)
        room.doc = this.#follow(room.id, doc)
        await this.#host(room)
      }
    })
  }

  async #host(room: Room): Promise<void> {
    room.replicator = this.hub.replicatorOf(room.id, room.doc)
    await this.#begin(room)
  }

  async #withoutPeers(work: () => Promise<void>): Promise<void> {
    const online = this.peers.filter(({ isOnline }) => isOnline)
    for (const peer of online) await peer.disconnect()
    await work()
    for (const peer of online) await peer.connect()
  }

  /** Deliver some of what is on its way. */
  deliver(most: number): number {
    let delivered = 0
    for (const peer of this.peers)
      for (const [id, connection] of peer.connections) {
        const hub = this.roomOf(id).doc.doc
        for (let i = 0; i < most; i++) {
          const up = connection.up.take(this.random)
          if (up !== null) Y.applyUpdate(hub, up, peer)
          const down = connection.down.take(this.random)
          if (down !== null) Y.applyUpdate(connection.doc.doc, down, 'hub')
          if (up === null && down === null) break
          delivered++
        }
      }
    return delivered
  }

  async noteNumbers(): Promise<void> {
    this.lostNumbers.push(...(await this.hub.store.read((r) => changedNumbers(r, this.given))))
  }

  #replicators(): Replicator[] {
    const peers = this.living().flatMap(({ connections }) => [...connections.values()])
    return [...this.rooms, ...peers].map(({ replicator }) => replicator)
  }

  /** Merge and publish what waits everywhere. */
  async flush(): Promise<void> {
    for (const replicator of this.#replicators()) await replicator.flush()
  }

  /** Until nothing is on its way any more, everybody in every room. */
  async settle(): Promise<void> {
    for (const peer of this.living()) {
      await peer.connect()
      for (const { id } of this.rooms) await peer.join(id)
    }
    for (let round = 0; ; round++) {
      assert(round < 60, 'it comes to rest')
      let moved = 0
      for (let now = this.deliver(50); now > 0; now = this.deliver(50)) moved += now
      await this.flush()
      for (const peer of [this.hub, ...this.living()]) await peer.fetchAwaited()
      if (round < 3) for (const replicator of this.#replicators()) await replicator.rescue()
      if (moved === 0 && round >= 4) return
    }
  }

  async close(): Promise<void> {
    for (const peer of this.peers) await peer.disconnect()
    for (const { replicator, doc } of this.rooms) {
      await replicator.close()
      doc.doc.destroy()
    }
    for (const peer of [this.hub, ...this.peers]) peer.close()
  }

  living(): Peer[] {
    return this.peers.filter(({ isDead }) => !isDead)
  }

  /** Compare everything again, and tell what updates came of it. */
  async echo(): Promise<string[]> {
    const updates: string[] = []
    const peers = this.living().flatMap(({ name, connections }) =>
      Array.from(connections, ([id, { doc }]) => ({ name, id, doc }))
    )
    const stops = [...this.rooms.map(({ id, doc }) => ({ name: 'hub', id, doc })), ...peers].map(({ name, id, doc }) =>
      doc.subscribe((subjects) => updates.push(`${name} in ${id}: ${[...subjects].join(' ')}`))
    )
    for (const replicator of this.#replicators()) await replicator.reconcile()
    for (const stop of stops) stop()
    return updates
  }
}
