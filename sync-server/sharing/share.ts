import { invalid } from '#lib/domain/errors.ts'
import { SHARING } from '#lib/domain/limits.ts'
import type { EpochMs } from '#lib/domain/time.ts'
import type { Fields } from '#lib/api/wire/fields.ts'
import type { Message } from '#lib/api/wire/json.ts'
import { parseRoomName, type Role } from '#lib/sync/agreement.ts'

/** Who is not the owner. */
export type GuestRole = Exclude<Role, 'owner'>

/** What an owner has let others have. Of its secret only the SHA-256 is kept, and that is nobody's business but the table's. */
export interface Share {
  readonly id: string
  /** What the owner calls it, to know it again. */
  readonly name: string
  readonly role: GuestRole
  /** Names of rooms, or `*` alone. */
  readonly rooms: readonly string[]
  readonly createdTime: EpochMs
  readonly expiresTime: EpochMs | null
  /** How many browsers and programs may use it, and how many have. One that comes again is the same. */
  readonly maxUses: number | null
  readonly uses: number
  readonly lastUsedTime: EpochMs | null
  readonly revokedTime: EpochMs | null
}

export type NewShare = Pick<Share, 'name' | 'role' | 'rooms' | 'expiresTime' | 'maxUses'>
export type ShareChange = Partial<Pick<Share, 'name' | 'role' | 'expiresTime'>>

/** Every room of the space, in place of their names. */
export const ALL_ROOMS = '*'

export const isLive = (share: Share, now: EpochMs): boolean =>
  share.revokedTime === null && (share.expiresTime === null || now < share.expiresTime)

/** What a share's link names first: the experiment of its first room. */
export const subjectOf = ({ rooms }: Pick<Share, 'rooms'>): string =>
  parseRoomName(rooms[0] ?? '')?.subject ?? ALL_ROOMS

/** `{rooms, role, name?, expires_at?, max_uses?}`. Fails with INVALID_PARAMETER_VALUE. */
export const parseNewShare = (fields: Fields, now: EpochMs): NewShare => ({
  rooms: parseRooms(fields.requiredTexts('rooms')),
  role: parseRole(fields),
  name: parseName(fields) ?? '',
  expiresTime: parseExpiry(fields, now),
  maxUses: parseMaxUses(fields)
})

/** `{role?, name?, expires_at?}`; what is not there stays. An `expires_at` of 0 takes the expiry away. */
export const parseShareChange = (fields: Fields, now: EpochMs): ShareChange => {
  const name = parseName(fields)
  const expiry = fields.integer('expires_at')
  return {
    ...(fields.text('role') !== undefined && { role: parseRole(fields) }),
    ...(name !== undefined && { name }),
    ...(expiry !== undefined && { expiresTime: expiry === 0 ? null : parseExpiry(fields, now) })
  }
}

export const shareToWire = (share: Share): Message => ({
  id: share.id,
  name: share.name,
  role: share.role,
  rooms: share.rooms,
  created_at: share.createdTime,
  expires_at: share.expiresTime ?? undefined,
  max_uses: share.maxUses ?? undefined,
  uses: share.uses,
  last_used_at: share.lastUsedTime ?? undefined,
  revoked_at: share.revokedTime ?? undefined
})

const parseRooms = (rooms: readonly string[]): readonly string[] => {
  const names = [...new Set(rooms)]
  if (names.length === 1 && names[0] === ALL_ROOMS) return names
  if (names.length === 0 || names.length > SHARING.roomsPerShare)
    throw invalid(`A share is of 1 to ${SHARING.roomsPerShare} rooms, or of "${ALL_ROOMS}", not of ${names.length}.`)
  for (const name of names)
    if (parseRoomName(name) === null) throw invalid(`"${name.slice(0, SHARING.nameLength)}" is no name of a room.`)
  return names
}

const parseRole = (fields: Fields): GuestRole => {
  const role = fields.requiredText('role')
  if (role !== 'viewer' && role !== 'editor') throw invalid('The role of a share is viewer or editor.')
  return role
}

const parseName = (fields: Fields): string | undefined => {
  const name = fields.text('name')?.trim()
  if (name !== undefined && name.length > SHARING.nameLength)
    throw invalid(`A share's name has at most ${SHARING.nameLength} characters.`)
  return name
}

const parseExpiry = (fields: Fields, now: EpochMs): EpochMs | null => {
  const time = fields.integer('expires_at')
  if (time === undefined) return null
  if (time <= now) throw invalid('expires_at must be a time to come, in epoch milliseconds.')
  return time
}

const parseMaxUses = (fields: Fields): number | null => {
  const most = fields.integer('max_uses')
  if (most === undefined) return null
  if (most < 1 || most > SHARING.uses) throw invalid(`max_uses is from 1 to ${SHARING.uses}, not ${most}.`)
  return most
}
