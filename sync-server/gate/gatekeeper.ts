/**
 * Who somebody is, and whether a door takes them.
 *
 *   gate ─► an owner ─► every door
 *        └► a pass   ─► what does it give now? ─► the door's rule
 *
 * Only a pass is looked up, so a host that nobody shares pays nothing for it.
 */
import type { IncomingMessage } from 'node:http'
import { RunnelError } from '#lib/domain/errors.ts'
import { errorResponse } from '#lib/api/status.ts'
import { ROOM_CLOSE, isAtLeast, type Role } from '#lib/sync/agreement.ts'
import type { SocketDoor } from '../paths.ts'
import { isCapability } from '../sharing/pass.ts'
import { HOST_OWNER, reachesRoom, type Rights } from '../sharing/rights.ts'
import { knockOf, passIsOver, showsHostToken, tooMany, type Gate, type Knock, type Pass, type Verdict } from './gate.ts'
import { createGuessLine } from './guess-line.ts'
import type { RateLimit } from './rate-limit.ts'

/**
 * `rights` are null where nobody is asked who they are: pages, /health, parts of an upload; and where tokens are given, unless the host's own
 * is shown or the host asks for none.
 */
export type Admission =
  | { readonly isAllowed: true; readonly headers: Readonly<Record<string, string>>; readonly rights: Rights | null }
  | { readonly isAllowed: false; readonly response: Response }

/** `closeCode` is what a browser's page is told on an opened socket, as it cannot see the status of a refused one; null: by HTTP alone. */
export type RoomAdmission =
  | { readonly isAllowed: true; readonly rights: Rights }
  | { readonly isAllowed: false; readonly response: Response; readonly closeCode: number | null }

export interface Gatekeeper {
  readonly admit: (knock: Knock) => Admission | Promise<Admission>
  /** The same for a socket that sees the whole store. */
  readonly admitSocket: (incoming: IncomingMessage, door: SocketDoor) => Admission | Promise<Admission>
  /** Whether a socket may enter a room, and as what. Nothing is read from it before. */
  readonly authorizeRoom: (incoming: IncomingMessage, room: string) => Promise<RoomAdmission>
}

export interface GatekeeperParts {
  readonly gate: Gate
  readonly rightsOf: (shown: string) => Promise<Rights | null>
  /** Of secrets that were wrong, by client address. */
  readonly wrongSecrets: RateLimit
}

/** Who may open a socket there. Rooms ask for the room as well, and look at what is written. */
export const SOCKET_RULES: Readonly<Record<SocketDoor, Role>> = { live: 'owner', bridge: 'owner', room: 'viewer' }

export const createGatekeeper = ({ gate, rightsOf, wrongSecrets }: GatekeeperParts): Gatekeeper => {
  const inLine = createGuessLine()

  const judge = async ({ token, headers }: Pass, address: string): Promise<Admission> => {
    const rights = await rightsOf(token).catch((error: unknown) => failed(error, headers))
    if (rights instanceof Response) return { isAllowed: false, response: rights }
    if (rights !== null) return { isAllowed: true, headers, rights }
    // Only wrong ones wait: of 128 bits nobody guesses any, and neighbours behind one address have nothing to do with each other.
    const waitSeconds = isCapability(token) ? wrongSecrets.take(address) : 0
    return { isAllowed: false, response: waitSeconds > 0 ? tooMany(waitSeconds, headers) : passIsOver(headers) }
  }

  const settle = (verdict: Verdict, address: string): Admission | Promise<Admission> => {
    if (verdict.isAllowed)
      return { isAllowed: true, headers: verdict.headers, rights: verdict.isOwner ? HOST_OWNER : null }
    return verdict.pass === undefined ? verdict : judge(verdict.pass, address)
  }

  const admit = (knock: Knock): Admission | Promise<Admission> => {
    const { remoteAddress } = knock
    const verdict = showsHostToken(knock) ? inLine(remoteAddress, () => gate(knock)) : gate(knock)
    return verdict instanceof Promise
      ? verdict.then((settled) => settle(settled, remoteAddress))
      : settle(verdict, remoteAddress)
  }

  const admitSocket: Gatekeeper['admitSocket'] = (incoming, door) => {
    const admission = admit(knockOf(incoming, 'socket'))
    return admission instanceof Promise
      ? admission.then((settled) => checkRole(settled, SOCKET_RULES[door]))
      : checkRole(admission, SOCKET_RULES[door])
  }

  return {
    admit,
    admitSocket,
    authorizeRoom: async (incoming, room) => {
      const admission = await admitSocket(incoming, 'room')
      if (!admission.isAllowed) {
        const closeCode = admission.response.status === 401 ? ROOM_CLOSE.token : null
        return { ...admission, closeCode }
      }
      const { rights } = admission
      return rights !== null && reachesRoom(rights, room)
        ? { isAllowed: true, rights }
        : { isAllowed: false, response: outOfReach(), closeCode: ROOM_CLOSE.role }
    }
  }
}

/** A guest asks for what is not in their share, or more than their role gives. What is not there at all is answered so, too. */
export const outOfReach = (headers: Readonly<Record<string, string>> = {}): Response =>
  errorResponse(
    new RunnelError('PERMISSION_DENIED', 'What was shared with you does not give this. Ask whoever sent you the link.'),
    { headers: { ...headers } }
  )

/** The first use of a link is kept, and a disk may be full. */
const failed = (error: unknown, headers: Readonly<Record<string, string>>): Response => {
  if (error instanceof RunnelError) return errorResponse(error, { headers })
  throw error
}

const checkRole = (admission: Admission, needed: Role): Admission => {
  if (!admission.isAllowed) return admission
  const { rights } = admission
  return rights !== null && isAtLeast(rights.claims.role, needed)
    ? admission
    : { isAllowed: false, response: outOfReach() }
}
