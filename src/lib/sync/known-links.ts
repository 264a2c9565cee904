/** The links by which others come to what is shared from here, as its host last told them. */
import type { SharedId } from '#lib/domain/sync/subject.ts'
import type { ShareLink } from '#lib/live/sharing.ts'
import type { Room } from '#lib/store/sync/rooms.ts'
import { roomName } from './agreement.ts'
import type { HostLink, ShareAnswer } from './host-link.ts'

/** Links are asked for again after this. */
const FRESH_MS = 10_000

export class KnownLinks {
  readonly #hostOf: (room: Room) => HostLink
  readonly #onChange: () => void
  readonly #known = new Map<SharedId, { readonly at: number; readonly links: readonly ShareLink[] | null }>()

  constructor(hostOf: (room: Room) => HostLink, onChange: () => void) {
    this.#hostOf = hostOf
    this.#onChange = onChange
  }

  /** What the host last said of a room's links, asked for anew when that was a while ago; null when nothing was heard of it yet. */
  of(room: Room): readonly ShareLink[] | null {
    const known = this.#known.get(room.sharedId)
    const links = known?.links ?? null
    if (known === undefined || performance.now() - known.at > FRESH_MS) void this.#ask(room, links)
    return links
  }

  /** They are others now. */
  forget(id: SharedId): void {
    this.#known.delete(id)
  }

  async #ask(room: Room, before: readonly ShareLink[] | null): Promise<void> {
    // Noted at once: who looks again before the answer is here does not ask again.
    const asking = { at: performance.now(), links: before }
    this.#known.set(room.sharedId, asking)
    const links = await sharesOf(this.#hostOf(room), room.sharedId).then(
      (shares) => shares.map(linkOf),
      () => null
    )
    // Where they were forgotten meanwhile, the answer is of before.
    if (this.#known.get(room.sharedId) !== asking) return
    this.#known.set(room.sharedId, { at: performance.now(), links })
    if (JSON.stringify(links) !== JSON.stringify(before)) this.#onChange()
  }
}

/** Links to an experiment that are good. Fails as the host's answer does. */
export const sharesOf = async (host: HostLink, id: SharedId): Promise<ShareAnswer[]> =>
  (await host.shares()).filter(
    ({ rooms, revoked_at, expires_at }) =>
      rooms.includes(roomName('x', id)) &&
      revoked_at === undefined &&
      (expires_at === undefined || expires_at > Date.now())
  )

export const linkOf = (share: ShareAnswer): ShareLink => ({
  id: share.id,
  name: share.name,
  role: share.role,
  createdTime: share.created_at,
  expiresTime: share.expires_at ?? null,
  uses: share.uses,
  lastUsedTime: share.last_used_at ?? null
})
