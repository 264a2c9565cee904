/** Sharing as the pages of a Node host have it: the host shares what is in its own store, through itself. */
import { absent, invalid, RunnelError } from '#lib/domain/errors.ts'
import type { ExperimentId, RunId } from '#lib/domain/ids.ts'
import type {
  Person,
  SharedExperiment,
  ShareLink,
  Sharing as LiveSharing,
  SharingView,
  SyncView
} from '#lib/live/sharing.ts'
import type { Store } from '#lib/store/store.ts'
import { readSetting, writeSetting } from '#lib/store/settings.ts'
import { roomOfExperiment, listRooms, type Room } from '#lib/store/sync/rooms.ts'
import { shareExperiment } from '#lib/store/sync/sharing.ts'
import { roomName } from '#lib/sync/agreement.ts'
import { writeJoinLink } from '#lib/sync/link.ts'
import { serveNotes, type NotePlace } from '#lib/sync/note-port.ts'
import type { Relay } from '../relay/relay.ts'
import type { Room as RelayRoom } from '../relay/room.ts'
import type { Share } from '../sharing/share.ts'
import type { Sharing } from '../sharing/sharing.ts'

const NAME_SETTING = 'person-name'

export interface NodeSharingParts {
  readonly store: Store
  readonly sharing: Sharing
  readonly relay: Relay
  /** Where the pages are, as somebody elsewhere reaches them; asked when a link is made. */
  readonly address: () => string
  /** Hear when somebody came, moved or left. */
  readonly onPresence: (listener: () => void) => void
}

export class NodeSharing implements LiveSharing {
  readonly #store: Store
  readonly #sharing: Sharing
  readonly #relay: Relay
  readonly #address: () => string
  readonly #listeners = new Set<() => void>()
  readonly #present = new Set<() => void>()

  constructor({ store, sharing, relay, address, onPresence }: NodeSharingParts) {
    this.#store = store
    this.#sharing = sharing
    this.#relay = relay
    this.#address = address
    onPresence(() => {
      for (const listener of this.#present) listener()
      this.#changed()
    })
  }

  async view(id: ExperimentId): Promise<SharingView> {
    const room = await this.#find(id)
    const links = room === null ? [] : this.#sharesOf(room).map(linkOf)
    return {
      role: links.length === 0 ? null : 'owner',
      host: null,
      sync: 'synced',
      pending: 0,
      problem: null,
      people: room === null ? [] : this.#people(room),
      links,
      offline: { haveBytes: 0, allBytes: 0, isFetching: false }
    }
  }

  async summary(): Promise<SyncView | null> {
    const rooms = await this.#store.read(listRooms)
    const shared = rooms.filter((room) => this.#sharesOf(room).length > 0)
    const everybody = new Set<string>()
    const experiments = shared.map((room): SharedExperiment => {
      const others = this.#people(room).filter(({ isSelf }) => !isSelf)
      for (const { id } of others) everybody.add(id)
      return {
        experimentId: room.experimentId,
        role: 'owner',
        host: null,
        sync: 'synced',
        pending: 0,
        problem: null,
        people: others.length
      }
    })
    if (shared.length === 0) return null
    return { sync: 'synced', pending: 0, problem: null, host: null, people: everybody.size, experiments }
  }

  async settings() {
    return {
      personName: (await this.#store.read((r) => readSetting(r, NAME_SETTING))) ?? '',
      host: null,
      ownDefault: null
    }
  }

  async share(id: ExperimentId, { role, name, expiresTime }: Parameters<LiveSharing['share']>[1]) {
    if (expiresTime !== null && expiresTime <= this.#sharing.now()) throw invalid('A link ends at a time to come.')
    const { sharedId } = await shareExperiment(this.#store, id, '')
    const { share, secret } = this.#sharing.shares.create({
      name,
      role,
      rooms: [roomName('x', sharedId), roomName('n', sharedId)],
      expiresTime,
      maxUses: null
    })
    this.#changed()
    // Somebody comes soon: the room is there by then.
    this.#relay.open(roomName('x', sharedId)).catch(() => undefined)
    const link = writeJoinLink(this.#address(), { capability: { subject: sharedId, role, secret }, host: null })
    return { link, share: linkOf(share) }
  }

  async revokeShare(id: ExperimentId, shareId: string): Promise<void> {
    const room = await this.#require(id)
    if (!this.#sharesOf(room).some((share) => share.id === shareId)) throw absent('There is no such link any more.')
    this.#sharing.shares.revoke(shareId)
    this.#changed()
  }

  async stopSharing(id: ExperimentId): Promise<void> {
    const room = await this.#require(id)
    for (const share of this.#sharesOf(room)) this.#sharing.shares.revoke(share.id)
    this.#changed()
  }

  join(): Promise<ExperimentId> {
    return Promise.reject(
      new RunnelError('NOT_IMPLEMENTED', 'This page looks at a host. Open the link in a page that keeps its own store.')
    )
  }

  async setPersonName(name: string): Promise<void> {
    await this.#store.write((tx) => writeSetting(tx, NAME_SETTING, name))
    this.#changed()
  }

  setHost(): Promise<void> {
    return Promise.reject(new RunnelError('NOT_IMPLEMENTED', 'This host shares through itself.'))
  }

  retry(): Promise<void> {
    return Promise.resolve()
  }

  /** Everything is here. */
  keepOffline(): Promise<void> {
    return Promise.resolve()
  }

  async present(id: ExperimentId, runId: RunId | null): Promise<() => void> {
    const room = await this.#find(id)
    if (room === null) return () => undefined
    const { personName } = await this.settings()
    const name = personName || 'Host'
    return this.#relay.present(roomName('x', room.sharedId), { id: HOST, name, role: 'owner', runId })
  }

  async openNote(port: MessagePort, id: ExperimentId): Promise<void> {
    const room = await this.#require(id)
    const { personName } = await this.settings()
    const { room: notes, release } = await this.#relay.hold(roomName('n', room.sharedId))
    serveNotes(port, this.#placeIn(notes, personName || 'Host'), release)
  }

  #placeIn(room: RelayRoom, name: string): NotePlace {
    const seat = room.presence.enter({ id: HOST, name, role: 'owner' })
    return {
      doc: room.doc,
      mayWrite: true,
      others: () => room.presence.everyone(seat.client),
      onOthers: (listener) => this.#hearPresence(listener),
      say: (state) => {
        if (state === null) seat.leave()
        else seat.say(state)
        room.tellPresence()
      }
    }
  }

  #hearPresence(listener: () => void): () => void {
    this.#present.add(listener)
    return () => this.#present.delete(listener)
  }

  onChange(listener: () => void): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  #changed(): void {
    for (const listener of this.#listeners) listener()
  }

  #find(id: ExperimentId): Promise<Room | null> {
    return this.#store.read((r) => roomOfExperiment(r, id))
  }

  async #require(id: ExperimentId): Promise<Room> {
    const room = await this.#find(id)
    if (room === null) throw new RunnelError('INVALID_STATE', 'This experiment is not shared.')
    return room
  }

  #people({ sharedId }: Room): Person[] {
    return this.#relay
      .people(roomName('x', sharedId))
      .map((person) => ({ ...person, runId: person.runId as RunId | null, isSelf: person.id === HOST }))
  }

  /** Links that are good, the oldest first. */
  #sharesOf({ sharedId }: Room): Share[] {
    const name = roomName('x', sharedId)
    return this.#sharing.shares
      .all()
      .filter((share) => share.rooms.includes(name) && this.#sharing.shares.live(share.id) !== null)
  }
}

/** Pages of the host's own: they are all one, as nobody asked who they are. */
const HOST = 'host'

const linkOf = ({ id, name, role, createdTime, expiresTime, uses, lastUsedTime }: Share): ShareLink => ({
  id,
  name,
  role,
  createdTime,
  expiresTime,
  uses,
  lastUsedTime
})
