/**
 * Sharing as a browser's store has it: through hosts, over the network. One of these for each store, whatever the number of its pages.
 *
 *   settings (who one is, which host) ─► a HostLink for each way in ─► a FollowedRoom for each shared experiment
 */
import { RunnelError, absent, invalid } from '#lib/domain/errors.ts'
import type { BlobId, ExperimentId, RunId } from '#lib/domain/ids.ts'
import type { SharedId } from '#lib/domain/sync/subject.ts'
import type {
  NewShare,
  ShareLink,
  SharedExperiment,
  Sharing,
  SharingView,
  SyncSettings,
  SyncState,
  SyncView
} from '#lib/live/sharing.ts'
import type { FetchingBlobs } from '#lib/store/fetching-blobs.ts'
import type { Store } from '#lib/store/store.ts'
import { findRoom, listRooms, roomOfExperiment, updateRoom, type Room, type RoomRole } from '#lib/store/sync/rooms.ts'
import { findHere, joinRoom, shareExperiment } from '#lib/store/sync/sharing.ts'
import { roomName } from './agreement.ts'
import { FollowedRoom } from './followed-room.ts'
import { FollowedSpace } from './followed-space.ts'
import { goByHost } from './host-time.ts'
import { HostLink, type Credential } from './host-link.ts'
import { KnownLinks, linkOf, sharesOf } from './known-links.ts'
import { parseJoinLink, writeCapability, writeJoinLink, parseCapability } from './link.ts'
import { serveNotes } from './note-port.ts'
import { credentialFor, readSyncSettings, writeSyncSettings, type SyncSettingsKept } from './sync-settings.ts'

export interface StoreSharingParts {
  readonly store: Store
  /** What the store reads blobs from: it fetches through this from now on. */
  readonly blobs: FetchingBlobs
  /** The origin of the pages of this store. */
  readonly origin: string
  /** Whether the pages' own origin is a host that keeps a store, and asks for a token: null when it is none. */
  readonly ownHost: () => Promise<{ readonly needsToken: boolean } | null>
}

const PRIVATE: SharingView = {
  role: null,
  host: null,
  sync: 'synced',
  pending: 0,
  problem: null,
  people: [],
  links: null,
  offline: { haveBytes: 0, allBytes: 0, isFetching: false }
}

export class StoreSharing implements Sharing {
  readonly #store: Store
  readonly #origin: string
  readonly #ownHost: StoreSharingParts['ownHost']
  readonly #followed = new Map<SharedId, FollowedRoom>()
  readonly #hosts = new Map<string, HostLink>()
  readonly #listeners = new Set<() => void>()
  readonly #links = new KnownLinks(
    (room) => this.#hostOf(room),
    () => this.#changed()
  )
  #settings!: SyncSettingsKept
  /** The host that serves the pages of this store. */
  #space: FollowedSpace | null = null
  #started: Promise<void>

  constructor({ store, blobs, origin, ownHost }: StoreSharingParts) {
    this.#store = store
    this.#origin = origin
    this.#ownHost = ownHost
    blobs.fetch = (id) => this.#fetchBlob(id)
    this.#started = this.#start()
    this.#started.catch((error: unknown) => console.warn('Runnel: what is shared is not followed.', error))
  }

  async #start(): Promise<void> {
    this.#settings = await readSyncSettings(this.#store)
    const own = await this.#ownHost()
    if (own !== null && this.#settings.host === null) await this.#change({ host: { address: this.#origin, token: '' } })
    for (const room of await this.#store.read(listRooms)) if (room.host !== '') this.#follow(room)
    // A host that is away now was there before, or it would not have been chosen: it is looked for until it is back.
    if (this.#settings.host?.address === this.#origin && (!own?.needsToken || this.#settings.host.token !== ''))
      void this.#followSpace()
  }

  /** Follow nothing any more. What was said is in the store, and goes on when it is opened again. */
  async close(): Promise<void> {
    await this.#started.catch(() => undefined)
    await this.#space?.close()
    for (const followed of this.#followed.values()) await followed.close()
  }

  // ── what there is ─────────────────────────────────────────────────────────────────────────────────────────────────────────────

  async view(id: ExperimentId): Promise<SharingView> {
    await this.#started
    const room = await this.#find(id)
    if (room === null) return PRIVATE
    const followed = this.#followed.get(room.sharedId)
    if (followed === undefined) return PRIVATE
    return {
      role: room.role,
      host: room.host,
      sync: followed.sync,
      pending: followed.pending,
      problem: followed.problem,
      people: followed.people(),
      links: room.role === 'owner' ? this.#links.of(room) : null,
      offline: await followed.offline.progress()
    }
  }

  async summary(): Promise<SyncView | null> {
    await this.#started
    const all = [...this.#followed.values()]
    const registry = this.#space?.registry ?? null
    // A registry in which nothing waits is nothing to tell of.
    if (all.length === 0 && (registry?.pending ?? 0) === 0) return null
    const experiments = all.map((followed): SharedExperiment => {
      const { experimentId, role, host } = followed.room
      return {
        experimentId,
        role,
        host,
        sync: followed.sync,
        pending: followed.pending,
        problem: followed.problem,
        people: followed.people().filter(({ isSelf }) => !isSelf).length
      }
    })
    const others = new Set(
      all.flatMap((one) =>
        one
          .people()
          .filter(({ isSelf }) => !isSelf)
          .map(({ id }) => id)
      )
    )
    const everything = registry === null ? all : [...all, registry]
    const worst = WORST_FIRST.find((state) => everything.some(({ sync }) => sync === state)) ?? 'synced'
    return {
      sync: worst,
      pending: everything.reduce((sum, { pending }) => sum + pending, 0),
      problem: everything.find(({ sync, problem }) => sync === worst && problem !== null)?.problem ?? null,
      host: onlyOne([...experiments.map(({ host }) => host), ...(registry === null ? [] : [this.#origin])]),
      people: others.size,
      experiments
    }
  }

  async settings(): Promise<SyncSettings> {
    await this.#started
    const { personName, host, ownDefault } = this.#settings
    return { personName, host: host && { address: host.address, hasToken: host.token !== '' }, ownDefault }
  }

  onChange(listener: () => void): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  #changed = (): void => {
    for (const listener of this.#listeners) listener()
  }

  // ── sharing ───────────────────────────────────────────────────────────────────────────────────────────────────────────────────

  async share(id: ExperimentId, share: NewShare): Promise<{ readonly link: string; readonly share: ShareLink }> {
    await this.#started
    const { host: setting } = this.#settings
    if (setting === null)
      throw new RunnelError('INVALID_STATE', 'Sharing needs a Runnel host. Start one, and name it in Settings.')
    const known = await this.#find(id)
    if (known !== null && known.role !== 'owner')
      throw new RunnelError('PERMISSION_DENIED', 'Only who shares an experiment can let others in.')
    const host = this.#hostFor(setting.address, { kind: 'owner', secret: setting.token })
    // Before anything is noted here: a host that cannot be reached, or wants a token, says so now.
    await host.token()
    const room = await shareExperiment(this.#store, id, setting.address)
    if (room.host !== setting.address) await this.#moveTo(room, setting.address)
    await host.openRoom(room.sharedId)
    this.#follow({ ...room, host: setting.address })
    const made = await host.createShare({
      rooms: [roomName('x', room.sharedId), roomName('n', room.sharedId)],
      ...share
    })
    this.#links.forget(room.sharedId)
    this.#changed()
    const capability = parseCapability(made.capability)
    if (capability === null) throw new RunnelError('INTERNAL_ERROR', 'The host made a link that cannot be read.')
    // A page of the host itself is where most can open it; a page that is served elsewhere may know no host of its own.
    return { link: writeJoinLink(setting.address, { capability, host: null }), share: linkOf(made.share) }
  }

  async revokeShare(id: ExperimentId, shareId: string): Promise<void> {
    const { room, host } = await this.#own(id)
    await host.revokeShare(shareId)
    this.#links.forget(room.sharedId)
    this.#changed()
  }

  async stopSharing(id: ExperimentId): Promise<void> {
    await this.#started
    const room = await this.#find(id)
    if (room === null || room.host === '') return
    if (room.role === 'owner') {
      const { host } = await this.#own(id)
      for (const share of await sharesOf(host, room.sharedId)) await host.revokeShare(share.id)
    }
    await this.#followed.get(room.sharedId)?.close()
    this.#followed.delete(room.sharedId)
    // From now on it is this store's own.
    await this.#store.write((tx) => updateRoom(tx, room, { host: '', role: 'owner' }))
    const { [room.sharedId]: _gone, ...links } = this.#settings.links
    await this.#change({ links })
    this.#changed()
  }

  async join(link: string, withCopy: boolean): Promise<ExperimentId> {
    await this.#started
    const parsed = parseJoinLink(link)
    if (parsed === null) throw invalid('This is no link to a shared experiment: it may have been cut off.')
    const { capability } = parsed
    const address = parsed.host ?? originOf(link) ?? this.#origin
    const secret = writeCapability(capability)
    const host = this.#hostFor(address, { kind: 'link', secret })
    const { role, rooms } = await host.token()
    const sharedId = capability.subject as SharedId
    if (!rooms.includes(roomName('x', sharedId))) throw invalid('This link is to no experiment.')
    const here = await this.#store.read((r) => findHere(r, sharedId))
    if (here !== null && 'room' in here) {
      const { room, isMadeHere } = here
      if (room.host !== address)
        throw new RunnelError(
          'INVALID_STATE',
          `This experiment is shared with you through ${room.host} already. Leave it there before you join it elsewhere.`
        )
      // Whoever opens a link for less than they may goes on as who they are; as all of a host's experiments come by themselves, and with every
      // right where it asks for no token, of those a link says more.
      const isLost = this.#followed.get(sharedId)?.sync === 'refused'
      const isMore = RANKS.indexOf(role) > RANKS.indexOf(room.role) || (room.role === 'owner' && !isMadeHere)
      if (!isLost && !isMore) return room.experimentId
    } else if (here !== null && !withCopy)
      throw new RunnelError(
        'RESOURCE_ALREADY_EXISTS',
        `“${here.copy}” is here already, as your own. ${role === 'viewer' ? WITH_COPY_VIEWED : WITH_COPY} Export it first if you want to keep it as it is.`
      )
    const [room] = await Promise.all([
      joinRoom(this.#store, sharedId, role, address),
      this.#change({ links: { ...this.#settings.links, [sharedId]: secret } })
    ])
    await this.#followed.get(sharedId)?.close()
    this.#followed.delete(sharedId)
    const followed = this.#follow(room)
    const problem = await followed.settled()
    if (problem !== null) throw new RunnelError('TEMPORARILY_UNAVAILABLE', problem)
    return room.experimentId
  }

  // ── settings ──────────────────────────────────────────────────────────────────────────────────────────────────────────────────

  async setPersonName(name: string): Promise<void> {
    await this.#started
    await this.#change({ personName: name })
    for (const host of this.#hosts.values()) host.forgetToken()
    for (const followed of this.#followed.values()) followed.rename()
    this.#changed()
  }

  async setHost(host: { readonly address: string; readonly token: string | null } | null): Promise<void> {
    await this.#started
    const kept = this.#settings.host
    const address = host === null ? null : originOf(host.address)
    if (host !== null && address === null)
      throw invalid('The address of a host looks like https://runnel.example.com or http://127.0.0.1:5000.')
    const token = host?.token ?? (kept?.address === address ? (kept?.token ?? '') : '')
    // Whether it is one, and the token is right, is known only by asking: one that is not is not kept.
    if (address !== null) await this.#newHost(address, { kind: 'owner', secret: token }, address).token()
    await this.#change({ host: address === null ? null : { address, token } })
    this.#hosts.clear()
    this.#changed()
    if (address === this.#origin) await this.#followSpace()
  }

  async retry(): Promise<void> {
    await this.#started
    for (const followed of this.#followed.values()) followed.retry()
    this.#space?.retry()
  }

  async #change(change: Partial<SyncSettingsKept>): Promise<void> {
    this.#settings = { ...this.#settings, ...change }
    await writeSyncSettings(this.#store, this.#settings)
  }

  // ── rooms ─────────────────────────────────────────────────────────────────────────────────────────────────────────────────────

  #follow(room: Room): FollowedRoom {
    const known = this.#followed.get(room.sharedId)
    if (known) return known
    const followed = new FollowedRoom({
      store: this.#store,
      room,
      host: this.#hostOf(room),
      personName: () => this.#settings.personName || 'Somebody',
      onChange: this.#changed
    })
    this.#followed.set(room.sharedId, followed)
    followed.start()
    this.#changed()
    return followed
  }

  /** All that the host has which serves the pages of this store: its owner looks at it here. */
  async #followSpace(): Promise<void> {
    const before = this.#space
    this.#space = new FollowedSpace({
      store: this.#store,
      host: this.#hostFor(this.#origin, { kind: 'owner', secret: this.#settings.host?.token ?? '' }),
      onExperiment: (id, isDefault) => this.#followOne(id, isDefault),
      onChange: this.#changed
    })
    await before?.close()
    await this.#space.start()
  }

  async #followOne(id: SharedId, isDefault: boolean): Promise<void> {
    const known = this.#followed.get(id)?.room
    // What was left, or is no longer shared from here, is followed again once somebody says so.
    if (known === undefined && (await this.#store.read((r) => findRoom(r, id)))?.host === '') return
    const { experimentId } = known ?? this.#follow(await joinRoom(this.#store, id, 'owner', this.#origin)).room
    if (isDefault && this.#settings.ownDefault !== experimentId) await this.#change({ ownDefault: experimentId })
  }

  async #moveTo(room: Room, address: string): Promise<void> {
    await this.#followed.get(room.sharedId)?.close()
    this.#followed.delete(room.sharedId)
    await this.#store.write((tx) => updateRoom(tx, room, { host: address }))
  }

  /** One for each way in, so that a token is asked for once. */
  #hostFor(address: string, credential: Credential): HostLink {
    const name = `${address} ${credential.kind} ${credential.secret}`
    const known = this.#hosts.get(name)
    if (known) return known
    const host = this.#newHost(address, credential)
    this.#hosts.set(name, host)
    return host
  }

  /** `chosen` is whose clock this store goes by, where that is not settled yet. */
  #newHost(address: string, credential: Credential, chosen?: string): HostLink {
    return new HostLink({
      address,
      credential,
      personName: () => this.#settings.personName,
      client: this.#settings.client,
      now: this.#store.now,
      onHostTime: (now) => goByHost(this.#store, address, chosen ?? this.#settings.host?.address ?? this.#origin, now)
    })
  }

  #hostOf({ host, sharedId }: Room): HostLink {
    return this.#hostFor(host, credentialFor(this.#settings, sharedId))
  }

  #find(id: ExperimentId): Promise<Room | null> {
    return this.#store.read((r) => roomOfExperiment(r, id))
  }

  async #own(id: ExperimentId): Promise<{ readonly room: Room; readonly host: HostLink }> {
    await this.#started
    const room = await this.#find(id)
    if (room === null || room.host === '') throw absent('This experiment is not shared.')
    if (room.role !== 'owner') throw new RunnelError('PERMISSION_DENIED', 'Only who shares an experiment can do this.')
    return { room, host: this.#hostOf(room) }
  }

  // ── blobs, presence, notes ────────────────────────────────────────────────────────────────────────────────────────────────────

  async #fetchBlob(id: BlobId): Promise<boolean> {
    await this.#started
    let failure: unknown = null
    // Whoever has it says so; rooms of one host are asked once.
    const couriers = new Map([...this.#followed.values()].map((followed) => [followed.room.host, followed.courier]))
    for (const courier of couriers.values()) {
      try {
        if (await courier.fetch(id)) return true
      } catch (error) {
        failure = error
      }
    }
    if (failure !== null)
      throw new RunnelError(
        'TEMPORARILY_UNAVAILABLE',
        'This is not here yet, and its host cannot be reached. Try again later.',
        {
          cause: failure
        }
      )
    return false
  }

  async keepOffline(id: ExperimentId, on: boolean): Promise<void> {
    await this.#started
    const room = await this.#find(id)
    const followed = room && this.#followed.get(room.sharedId)
    if (!followed) throw absent('This experiment is not shared.')
    if (on)
      void followed.offline.run().catch((error: unknown) => console.warn('Runnel: not all could be fetched.', error))
    else followed.offline.stop()
    this.#changed()
  }

  async present(id: ExperimentId, runId: RunId | null): Promise<() => void> {
    await this.#started
    const room = await this.#find(id)
    const followed = room && this.#followed.get(room.sharedId)
    return followed?.look(runId) ?? (() => undefined)
  }

  async openNote(port: MessagePort, id: ExperimentId): Promise<void> {
    await this.#started
    const room = await this.#find(id)
    const place = (room && this.#followed.get(room.sharedId)?.notePlace()) ?? null
    if (place === null)
      throw new RunnelError('TEMPORARILY_UNAVAILABLE', 'The notes of this experiment are not here yet.')
    serveNotes(port, place)
  }
}

const onlyOne = (hosts: readonly (string | null)[]): string | null =>
  hosts.every((host) => host === hosts[0]) ? (hosts[0] ?? null) : null

const WITH_COPY = 'Joined, it becomes one with what is shared, and all of it goes to everybody who is in it.'
const WITH_COPY_VIEWED =
  'Joined as a viewer, it becomes one with what is shared: what is only in yours goes to nobody, and you cannot change any of it from then on.'

const RANKS: readonly RoomRole[] = ['viewer', 'editor', 'owner']

const WORST_FIRST: readonly SyncState[] = ['refused', 'offline', 'connecting', 'syncing', 'synced']

function originOf(text: string): string | null {
  return /^https?:\/\//i.test(text) && URL.canParse(text) ? new URL(text).origin : null
}
