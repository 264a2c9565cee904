import { parseRoomName, type SyncClaims } from '#lib/sync/agreement.ts'
import { systemClock, type Clock, type EpochMs } from '#lib/domain/time.ts'
import { ALL_ROOMS } from './share.ts'

/** What somebody may do here, as it is now. */
export interface Rights {
  readonly claims: SyncClaims
  /** From then on they are nobody's; Infinity when time does not end them. */
  readonly expiresAt: EpochMs
  /**
   * Hear once when they are over before their time: the share was revoked, or gives something else now. At once when that has been.
   * Returns how to hear no more.
   */
  readonly onRevoked: (heard: () => void) => () => void
}

/** Whoever showed the host's own token, and everybody on a host that asks for none. */
export const HOST_OWNER: Rights = {
  claims: { sub: 'host', sid: 'host', role: 'owner', rooms: [ALL_ROOMS], name: '' },
  expiresAt: Infinity,
  onRevoked: () => () => undefined
}

/** Call once when rights are over, by time or before it; at once if they are already. Returns how to call it no more. */
export function whenOver(rights: Rights, over: () => void, now: Clock = systemClock): () => void {
  let timer: NodeJS.Timeout | undefined
  let stopListening: (() => void) | null = null
  let isDone = false
  const stop = (): void => {
    isDone = true
    clearTimeout(timer)
    stopListening?.()
  }
  const end = (): void => {
    if (isDone) return
    stop()
    over()
  }
  const look = (): void => {
    const left = rights.expiresAt - now()
    if (left <= 0) return end()
    // A timer takes some weeks at most, and no Infinity.
    if (left < Infinity) timer = setTimeout(look, Math.min(left, LONGEST_TIMER_MS)).unref()
  }
  look()
  stopListening = rights.onRevoked(end)
  // Heard at once, before there was a way to hear no more.
  if (isDone) stopListening()
  return stop
}

const LONGEST_TIMER_MS = 2 ** 31 - 1

export const reachesRoom = ({ claims }: Rights, room: string): boolean =>
  parseRoomName(room) !== null && (claims.rooms.includes(ALL_ROOMS) || claims.rooms.includes(room))

export const reachesAll = ({ claims }: Rights): boolean => claims.rooms.includes(ALL_ROOMS)

/** The experiments whose facts are in the rooms; null for all of them. */
export const experimentsOf = (rights: Rights): ReadonlySet<string> | null => {
  if (reachesAll(rights)) return null
  const rooms = rights.claims.rooms.map(parseRoomName).filter((room) => room?.kind === 'x')
  return new Set(rooms.map((room) => room!.subject))
}
