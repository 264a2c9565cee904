/**
 * What both ends of sync know before they speak: paths, names of rooms, message types, close codes. docs/sync-protocol.md is the grammar.
 *
 * The socket is y-websocket's (y-protocols 1): a stock client can follow a room. What is ours: the subprotocol that carries the token, the
 * epoch in the query, message 100 (an acknowledgement), and the close codes.
 */

/** `<ROOMS_PATH>/<room>?epoch=N&ack=1` for the socket, `<ROOMS_PATH>/<room>/snapshot` for its first bytes. */
export const ROOMS_PATH = '/sync/rooms'
/** `<BLOBS_PATH>/<sha256>`: HEAD, GET with ranges, PUT. */
export const BLOBS_PATH = '/sync/blobs'
/** POST: a capability for a token. */
export const TOKEN_PATH = '/sync/token'
/** GET, POST; PATCH, DELETE `<SHARES_PATH>/<id>`: who may join what. Owners only. */
export const SHARES_PATH = '/sync/shares'
/** GET: what the space is called, its id, the host's time, which experiments it has. */
export const SPACE_PATH = '/sync/space'

export type Role = 'viewer' | 'editor' | 'owner'

export const ROLES: readonly Role[] = ['viewer', 'editor', 'owner']

export const isAtLeast = (role: Role, needed: Role): boolean => ROLES.indexOf(role) >= ROLES.indexOf(needed)

/**
 * A room is one Y document. `subject` names what it is of.
 *
 *   x.<experiment>  the facts of an experiment and its runs     n.<experiment>  their notes
 *   g.<space>       the facts of the model registry             i.<space>       which experiments there are
 */
export type RoomKind = 'x' | 'n' | 'g' | 'i'

export interface RoomName {
  readonly kind: RoomKind
  readonly subject: string
}

export const roomName = (kind: RoomKind, subject: string): string => `${kind}.${subject}`

/** null when the text names no room. */
export const parseRoomName = (text: string): RoomName | null => {
  const [, kind, subject] = /^([xngi])\.([\w-]{1,64})$/.exec(text) ?? []
  return kind === undefined || subject === undefined ? null : { kind: kind as RoomKind, subject }
}

/** The subprotocol of a room's socket; its token travels beside it (`protocolsFor` of socket/agreement.ts). */

/** First number of a message. 0, 1 and 3 are y-websocket's: sync, awareness, query awareness. */
export const MESSAGE = {
  sync: 0,
  awareness: 1,
  queryAwareness: 3,
  /** From the host, to those who asked by `ack=1`: varuint client, varuint clock. What that client wrote before that clock is on disk. */
  ack: 100
} as const

/** Why a room's socket was closed. y-websocket 3.1 comes back after all but 4400 to 4499. */
export const ROOM_CLOSE = {
  goingAway: 1001,
  /** A message has more than the host reads: its socket says so by itself. */
  tooLong: 1009,
  /** The other end does not read what it is sent, or sends more than it may. */
  tryLater: 1013,
  malformed: 4400,
  /** The token ran out or was revoked, or its role is a lesser one now. */
  token: 4401,
  /** A viewer wrote. */
  role: 4403,
  /** There is no such room, or no longer. */
  gone: 4404,
  /** The room has begun again: fetch its snapshot. */
  epoch: 4409,
  tooLarge: 4413,
  /** A fact is of a time too far ahead, or its shape is not known. */
  clock: 4422
} as const

/** What a token says (a JWT's claims beside iss, iat, exp, aud). `sub` is the person's or program's id, `sid` the share it came from. */
export interface SyncClaims {
  readonly sub: string
  readonly sid: string
  readonly role: Role
  /** Names of rooms; `*` is every room of the space. */
  readonly rooms: readonly string[]
  readonly name: string
}

/** What POST TOKEN_PATH answers. */
export interface TokenAnswer {
  readonly token: string
  /** Epoch ms. */
  readonly expires_at: number
  readonly role: Role
  readonly rooms: readonly string[]
  /** The host's clock, epoch ms. */
  readonly server_time: number
  readonly space: string
}

/** Roots of a room of facts (x, g), and of an index (i). docs/sync-protocol.md. */
export const ROOTS = {
  /** Y.Map: format, epoch, subject. Written by the host alone. */
  meta: 'm',
  /** Y.Map: hash → JSON list of keys. */
  keys: 's',
  /** Y.Map: `<subject>:<writer>` → a record. */
  records: 'f',
  /** Y.Map: `<subject>:<writer>` → Y.Array of frames. */
  tails: 't',
  /** In index rooms, Y.Map: experiment → JSON of IndexEntry. Written by the host alone. */
  experiments: 'experiments'
} as const

export interface IndexEntry {
  readonly name: string
  /** What the experiment goes by at the host itself: another number for its Default experiment, as every store has one. */
  readonly number: string
}

/** An older host says no numbers; '' then. */
export function indexEntry(text: string): IndexEntry {
  const { name, number } = JSON.parse(text) as Partial<Record<keyof IndexEntry, unknown>>
  return { name: typeof name === 'string' ? name : '', number: typeof number === 'string' ? number : '' }
}

/**
 * The root of a note, a Y.Text: of a run by its id, of the experiment by `exp`. A root of its own, as roots are made by nobody: two who
 * begin the same note at once, apart, write one text. A text under a key would be made by each, and all one of them wrote be lost.
 */
export const noteRoot = (of: string): string => `note/${of}`

/** What a note is of; null when the root is no note's. */
export const noteOf = (root: string): string | null => /^note\/([\w-]{1,256})$/.exec(root)?.[1] ?? null
