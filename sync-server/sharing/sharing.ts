/**
 * Who else may come in, and how far.
 *
 *   owner ─► share ─► link (capability) ─► token, for a quarter of an hour ─► rights, looked up anew at every request and every socket
 *
 * A token says what its share gave when it was made. It counts only while the share gives exactly that: so a share that is revoked, has
 * expired or was changed takes its tokens with it, at once and everywhere, without a list of them.
 */
import { createHash, createHmac, randomUUID } from 'node:crypto'
import { SHARING, SYNC } from '#lib/domain/limits.ts'
import { systemClock, type Clock, type EpochMs } from '#lib/domain/time.ts'
import type { SyncClaims, TokenAnswer } from '#lib/sync/agreement.ts'
import { parseCapability } from '#lib/sync/link.ts'
import type { Rights } from './rights.ts'
import { ALL_ROOMS, type Share } from './share.ts'
import { SharingFile } from './sharing-file.ts'
import { Shares } from './shares.ts'
import { Tokens } from './tokens.ts'

export interface SharingParts {
  /** Path of the file; it is made when there is first something to keep. */
  readonly file: string
  /** The space's id. */
  readonly space: string
  /** What the host itself asks for; null when it asks for nothing. */
  readonly hostToken: string | null
  readonly clock?: Clock
}

/** Who asks for a token: what they call themselves, and what their browser or program calls itself to be known again. */
export interface Applicant {
  readonly name: string
  /** Nobody else is told it. Null: a new one each time, which is a new use. */
  readonly client: string | null
}

/** A program that shows the capability of a link in place of a token. All that do so are one client. */
const PROGRAM = 'program'

export class Sharing {
  readonly shares: Shares
  readonly space: string
  readonly now: Clock
  readonly #file: SharingFile
  readonly #tokens: Tokens
  readonly #hostToken: string | null

  constructor({ file, space, hostToken, clock = systemClock }: SharingParts) {
    this.space = space
    this.now = clock
    this.#hostToken = hostToken
    this.#file = new SharingFile(file)
    this.shares = new Shares(this.#file, clock)
    this.#tokens = new Tokens(this.#file, space, clock)
  }

  /** A token for the capability of a link, or its bare secret. Null when nobody is let in by it, for whatever reason. */
  async tokenFor(capability: string, applicant: Applicant): Promise<TokenAnswer | null> {
    const client = applicant.client ?? randomUUID()
    const share = this.shares.use(parseCapability(capability)?.secret ?? capability, client)
    return share && this.#give(claimsOf(share, client, applicant.name), share.expiresTime)
  }

  /** A token for whoever has shown that they are an owner. */
  ownerToken({ name, client }: Applicant): Promise<TokenAnswer> {
    const sid = this.#ownerSid()
    const sub = subjectId(sid, client ?? randomUUID())
    return this.#give({ sub, sid, role: 'owner', rooms: [ALL_ROOMS], name }, null)
  }

  /**
   * What a token, or the capability of a link shown in its place, gives now. Null when it gives nothing: forged, expired, of another space,
   * of a share that has ended or gives something else now.
   */
  async rightsOf(shown: string): Promise<Rights | null> {
    const capability = parseCapability(shown)
    if (capability !== null) {
      const share = this.shares.use(capability.secret, PROGRAM)
      return share && this.#rights(claimsOf(share, PROGRAM, share.name), share.expiresTime ?? Infinity)
    }
    const verified = await this.#tokens.verify(shown)
    if (verified === null) return null
    const { claims } = verified
    const expiresAt = Math.min(verified.expiresAt, this.shares.live(claims.sid)?.expiresTime ?? Infinity)
    return this.#isGiven(claims, expiresAt) ? this.#rights(claims, expiresAt) : null
  }

  close(): void {
    this.#file.close()
  }

  #rights(claims: SyncClaims, expiresAt: EpochMs): Rights {
    return {
      claims,
      expiresAt,
      onRevoked: (heard) => {
        let isOver = false
        const look = (): void => {
          if (isOver || this.#isGiven(claims, expiresAt)) return
          isOver = true
          stop()
          heard()
        }
        const stop = this.shares.listen(claims.sid, look)
        // Between the rights and the listening somebody may have ended them.
        look()
        return stop
      }
    }
  }

  /** Whether what is claimed is given still, and for as long. */
  #isGiven({ sid, role, rooms }: SyncClaims, until: EpochMs): boolean {
    if (role === 'owner') return sid === this.#ownerSid()
    const share = this.shares.live(sid)
    if (share === null || until > (share.expiresTime ?? Infinity)) return false
    return share.role === role && share.rooms.join(' ') === rooms.join(' ')
  }

  async #give(claims: SyncClaims, end: EpochMs | null): Promise<TokenAnswer> {
    const now = this.now()
    const expiresAt = Math.floor(Math.min(now + SYNC.tokenMs, end ?? Infinity) / 1000) * 1000
    return {
      token: await this.#tokens.sign(claims, expiresAt),
      expires_at: expiresAt,
      role: claims.role,
      rooms: claims.rooms,
      server_time: now,
      space: this.space
    }
  }

  /** Of the host's own token: once that is another one, the owners of before are none. */
  #ownerSid(): string {
    const seal = createHmac('sha256', this.#tokens.key()).update(`owner ${this.#hostToken ?? ''}`)
    return `host-${seal.digest('base64url').slice(0, ID_LENGTH)}`
  }
}

/** Base64url digits, of six bits each: 132 bits. */
const ID_LENGTH = 22

const claimsOf = ({ id, role, rooms }: Share, client: string, name: string): SyncClaims => ({
  sub: subjectId(id, client),
  sid: id,
  role,
  rooms,
  name: name.slice(0, SHARING.nameLength)
})

/** Others in a room are told it; what a client calls itself they are not, so nobody can come as somebody else of the same link. */
const subjectId = (sid: string, client: string): string =>
  createHash('sha256').update(`${sid} ${client}`).digest('base64url').slice(0, ID_LENGTH)
