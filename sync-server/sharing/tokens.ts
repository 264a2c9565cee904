import { createSecretKey, type KeyObject } from 'node:crypto'
import type { JWTPayload } from 'jose'
import { randomHex } from '#lib/domain/ids.ts'
import type { Clock, EpochMs } from '#lib/domain/time.ts'
import { ROLES, type Role, type SyncClaims } from '#lib/sync/agreement.ts'
import { TOKEN_TYPE } from './pass.ts'
import type { SharingFile } from './sharing-file.ts'

/** The one algorithm: who verifies is who signs. What a token says of its algorithm is compared with this, never followed. */
const ALGORITHM = 'HS256'
const KEY = 'tokens'
const KEY_BYTES = 32
const ISSUER = 'runnel'

export interface Verified {
  readonly claims: SyncClaims
  readonly expiresAt: EpochMs
}

/** Tokens, signed and verified with a key that is made at first use and leaves the host never. */
export class Tokens {
  readonly #file: SharingFile
  readonly #audience: string
  readonly #now: Clock
  #key: KeyObject | null = null

  /** `space`: the tokens of another are not taken, even where the key is the same, as in a copied folder. */
  constructor(file: SharingFile, space: string, clock: Clock) {
    this.#file = file
    this.#audience = space
    this.#now = clock
  }

  /** `expiresAt` in whole seconds, as tokens count. */
  async sign({ sub, ...claims }: SyncClaims, expiresAt: EpochMs): Promise<string> {
    const { SignJWT } = await import('jose')
    return new SignJWT({ ...claims })
      .setProtectedHeader({ alg: ALGORITHM, typ: TOKEN_TYPE })
      .setIssuer(ISSUER)
      .setAudience(this.#audience)
      .setSubject(sub)
      .setIssuedAt(Math.floor(this.#now() / 1000))
      .setExpirationTime(Math.floor(expiresAt / 1000))
      .sign(this.key())
  }

  /** Null for whatever is not a token of this host for this space that is valid now. */
  async verify(token: string): Promise<Verified | null> {
    // Where nothing was ever signed, a forged token makes no key either.
    if (this.#key === null && !this.#file.hasKey(KEY)) return null
    const { errors, jwtVerify } = await import('jose')
    try {
      const { payload } = await jwtVerify(token, this.key(), {
        algorithms: [ALGORITHM],
        typ: TOKEN_TYPE,
        issuer: ISSUER,
        audience: this.#audience,
        requiredClaims: ['sub', 'sid', 'role', 'rooms', 'exp'],
        currentDate: new Date(this.#now())
      })
      return readPayload(payload)
    } catch (error) {
      if (error instanceof errors.JOSEError) return null
      throw error
    }
  }

  key(): KeyObject {
    this.#key ??= createSecretKey(
      this.#file.key(KEY, () => randomHex(KEY_BYTES)),
      'hex'
    )
    return this.#key
  }
}

/** It was signed here, by this or another version. */
const readPayload = ({ sub, exp, sid, role, rooms, name }: JWTPayload): Verified | null => {
  const isOurs =
    typeof sub === 'string' &&
    typeof exp === 'number' &&
    typeof sid === 'string' &&
    ROLES.includes(role as Role) &&
    Array.isArray(rooms) &&
    rooms.every((room) => typeof room === 'string')
  if (!isOurs) return null
  const claims = { sub, sid, role: role as Role, rooms: rooms, name: typeof name === 'string' ? name : '' }
  return { claims, expiresAt: exp * 1000 }
}
