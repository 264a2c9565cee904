import { createHash, randomBytes, timingSafeEqual } from 'node:crypto'
import { RunnelError, absent } from '#lib/domain/errors.ts'
import { randomHex } from '#lib/domain/ids.ts'
import { SHARING } from '#lib/domain/limits.ts'
import type { Clock } from '#lib/domain/time.ts'
import { isLive, type NewShare, type Share, type ShareChange } from './share.ts'
import type { SharingFile } from './sharing-file.ts'

/** When it was last used is known to this. */
const USED_WITHIN_MS = 60_000

interface Known {
  share: Share
  readonly secretHash: string
  readonly clients: Set<string>
  /** Who hears when what was given by it is to be looked at again. */
  readonly listeners: Set<() => void>
}

/**
 * The table of shares. It is in memory whole, as it is asked at every request that shows a share's token; the file is written first.
 *
 * Invariants
 * - A secret is in memory while it is made and while it is compared, and nowhere kept.
 * - Whoever holds something by a share hears at once when it is revoked, or its role or its expiry change, before the call returns.
 */
export class Shares {
  readonly #file: SharingFile
  readonly #now: Clock
  readonly #byId = new Map<string, Known>()
  readonly #bySecret = new Map<string, Known>()

  constructor(file: SharingFile, clock: Clock) {
    this.#file = file
    this.#now = clock
    for (const { share, secretHash, clients } of file.shares())
      this.#know({ share, secretHash, clients: new Set(clients), listeners: new Set() })
  }

  /** Oldest first, ended ones too. */
  all(): Share[] {
    return [...this.#byId.values()].map(({ share }) => share)
  }

  /** Its secret is told this once. Fails with RESOURCE_EXHAUSTED when there are too many. */
  create(input: NewShare): { readonly share: Share; readonly secret: string } {
    if (this.#byId.size >= SHARING.shares)
      throw new RunnelError('RESOURCE_EXHAUSTED', `This host keeps at most ${SHARING.shares} shares.`)
    const secret = randomBytes(16).toString('base64url')
    const share: Share = {
      id: randomHex(8),
      ...input,
      createdTime: this.#now(),
      uses: 0,
      lastUsedTime: null,
      revokedTime: null
    }
    const known = {
      share,
      secretHash: digest(secret).toString('hex'),
      clients: new Set<string>(),
      listeners: new Set<() => void>()
    }
    this.#file.add(known)
    this.#know(known)
    return { share, secret }
  }

  /** Null unless it can be used now. */
  live(id: string): Share | null {
    const share = this.#byId.get(id)?.share
    return share !== undefined && isLive(share, this.#now()) ? share : null
  }

  /**
   * The share of a secret, used by `client`, who counts once. Null when there is none, it has ended or is used up: which of these, nobody is
   * told.
   *
   * It is found by its hash, of which a guess cannot choose one byte after the other, so the time that takes tells nothing.
   */
  use(secret: string, client: string): Share | null {
    const hash = digest(secret)
    const known = this.#bySecret.get(hash.toString('hex'))
    if (known === undefined || !timingSafeEqual(hash, Buffer.from(known.secretHash, 'hex'))) return null
    const now = this.#now()
    if (!isLive(known.share, now)) return null
    const user = digest(client).toString('base64url')
    if (!known.clients.has(user)) return this.#admit(known, user)
    if (now - (known.share.lastUsedTime ?? 0) > USED_WITHIN_MS) this.#noteUse(known)
    return known.share
  }

  /** A full disk keeps nobody out who is in. */
  #noteUse(known: Known): void {
    try {
      this.#change(known, { lastUsedTime: this.#now() })
    } catch (error) {
      console.warn('Runnel: it could not be noted that a share was used.', error)
    }
  }

  #admit(known: Known, user: string): Share | null {
    const { share, clients } = known
    if (clients.size >= (share.maxUses ?? SHARING.uses)) return null
    const now = this.#now()
    this.#file.addClient(share.id, user, now)
    clients.add(user)
    known.share = { ...share, uses: clients.size, lastUsedTime: now }
    return known.share
  }

  /** Once more is the same. Fails with RESOURCE_DOES_NOT_EXIST. */
  revoke(id: string): Share {
    const known = this.#require(id)
    if (known.share.revokedTime === null) this.#change(known, { revokedTime: this.#now() })
    tell(known)
    return known.share
  }

  /** Tokens given by it under another role are over. Fails with RESOURCE_DOES_NOT_EXIST; one that was revoked stays so. */
  change(id: string, change: ShareChange): Share {
    const known = this.#require(id)
    const { role, expiresTime } = known.share
    this.#change(known, change)
    if (known.share.role !== role || known.share.expiresTime !== expiresTime) tell(known)
    return known.share
  }

  /** Hear when what a share gives has changed, or it was revoked. Returns how to hear no more. */
  listen(id: string, listener: () => void): () => void {
    const listeners = this.#byId.get(id)?.listeners
    listeners?.add(listener)
    return () => listeners?.delete(listener)
  }

  #require(id: string): Known {
    const known = this.#byId.get(id)
    if (known === undefined) throw absent('There is no such share.')
    return known
  }

  #change(known: Known, change: Partial<Share>): void {
    const share = { ...known.share, ...change }
    this.#file.update(share)
    known.share = share
  }

  #know(known: Known): void {
    this.#byId.set(known.share.id, known)
    this.#bySecret.set(known.secretHash, known)
  }
}

/** One that fails keeps nobody else from hearing. */
const tell = ({ listeners }: Known): void => {
  for (const listener of [...listeners]) {
    try {
      listener()
    } catch (error) {
      console.error('Runnel: somebody could not be told that a share has changed.', error)
    }
  }
}

const digest = (text: string): Buffer => createHash('sha256').update(text).digest()
