/**
 * What a store asks of a host over HTTP, as whoever it may be there: an owner by the host's token, or somebody by a link.
 *
 * Tokens last a quarter of an hour; they are fetched when they are needed, and again before they run out.
 */
import { RunnelError, isErrorCode } from '#lib/domain/errors.ts'
import type { BlobId } from '#lib/domain/ids.ts'
import type { Clock } from '#lib/domain/time.ts'
import type { SharedId } from '#lib/domain/sync/subject.ts'
import { BLOBS_PATH, ROOMS_PATH, SHARES_PATH, SPACE_PATH, TOKEN_PATH, type TokenAnswer } from './agreement.ts'

/** Who one is to a host. `secret` is a link's capability or the host's own token; '' for a host that asks for none. */
export interface Credential {
  readonly kind: 'owner' | 'link'
  readonly secret: string
}

export interface HostLinkOptions {
  /** An origin. */
  readonly address: string
  readonly credential: Credential
  /** What others see of this person; asked whenever a token is. */
  readonly personName: () => string
  /** Names this browser to the host, so that a link that may be used once can be used by it again. */
  readonly client: string
  readonly now: Clock
  /** What time it is by the host's clock; by this one's where they agree. What it throws is why there is no token. */
  readonly onHostTime: (hostNowMs: number) => void
  readonly fetch?: typeof fetch
}

export interface SpaceAnswer {
  readonly id: string
  readonly name: string
}

export interface ShareAnswer {
  readonly id: string
  readonly name: string
  readonly role: 'viewer' | 'editor'
  readonly rooms: readonly string[]
  readonly created_at: number
  readonly expires_at?: number
  readonly uses: number
  readonly last_used_at?: number
  readonly revoked_at?: number
}

export interface RoomSnapshot {
  readonly epoch: string
  /** A Yjs update. */
  readonly bytes: Uint8Array
}

/** A token is renewed when so much of its time is left. */
const RENEW_MS = 60_000
const CLOCK_NOISE_MS = 2000
/** Blobs larger than this go in pieces, so that what was sent is not sent again when a connection ends. */
const PIECE_BYTES = 4 * 1024 * 1024

export class HostLink {
  readonly address: string
  readonly #options: HostLinkOptions
  #token: Promise<TokenAnswer> | null = null

  constructor(options: HostLinkOptions) {
    this.address = options.address
    this.#options = options
  }

  /**
   * A token that is good for a while.
   *
   * fails  with TEMPORARILY_UNAVAILABLE when the host cannot be reached, UNAUTHENTICATED when it lets nobody in by this
   */
  async token(): Promise<TokenAnswer> {
    const known = await this.#token?.catch(() => null)
    if (known && known.expires_at - RENEW_MS > this.#options.now()) return known
    this.#token = this.#askForToken()
    return this.#token
  }

  /** The next token is a new one: the name changed, or the host refused the old one. */
  forgetToken(): void {
    this.#token = null
  }

  async #askForToken(): Promise<TokenAnswer> {
    const { credential, personName, client, now } = this.#options
    const asked = now()
    const answer = await this.#send(TOKEN_PATH, {
      method: 'POST',
      headers: {
        'Content-Type': 'application/json',
        ...(credential.kind === 'owner' && credential.secret !== '' && { Authorization: `Bearer ${credential.secret}` })
      },
      body: JSON.stringify({
        ...(credential.kind === 'link' && { capability: credential.secret }),
        name: personName(),
        client
      })
    })
    const token = (await answer.json()) as TokenAnswer
    const ahead = token.server_time - (asked + now()) / 2
    // What the way took is not known to the millisecond: clocks that differ by less are both right.
    this.#options.onHostTime(Math.abs(ahead) > CLOCK_NOISE_MS ? now() + ahead : now())
    // By this machine's clock, whatever it is.
    return { ...token, expires_at: token.expires_at - ahead }
  }

  async space(): Promise<SpaceAnswer> {
    return (await (await this.#ask(SPACE_PATH)).json()) as SpaceAnswer
  }

  /** The host takes a room for an experiment: owners only. One it has is fine. */
  async openRoom(id: SharedId): Promise<void> {
    await this.#ask(ROOMS_PATH, post({ experiment: id }))
  }

  /** What the browser has of it from before is not sent again while the room is the same: its own cache keeps snapshots, and asks. */
  async snapshot(room: string): Promise<RoomSnapshot> {
    const answer = await this.#ask(`${ROOMS_PATH}/${room}/snapshot`, { cache: 'no-cache' })
    const [, epoch = ''] = /"(\d+)\./.exec(answer.headers.get('etag') ?? '') ?? []
    return { epoch, bytes: new Uint8Array(await answer.arrayBuffer()) }
  }

  async shares(): Promise<readonly ShareAnswer[]> {
    return ((await (await this.#ask(SHARES_PATH)).json()) as { shares: ShareAnswer[] }).shares
  }

  async createShare(share: {
    readonly rooms: readonly string[]
    readonly role: string
    readonly name: string
    readonly expiresTime: number | null
  }): Promise<{ readonly share: ShareAnswer; readonly capability: string }> {
    const { rooms, role, name, expiresTime } = share
    const answer = await this.#ask(
      SHARES_PATH,
      post({ rooms, role, name, ...(expiresTime !== null && { expires_at: expiresTime }) })
    )
    return (await answer.json()) as { share: ShareAnswer; capability: string }
  }

  async revokeShare(id: string): Promise<void> {
    await this.#ask(`${SHARES_PATH}/${encodeURIComponent(id)}`, { method: 'DELETE' })
  }

  // ── blobs ─────────────────────────────────────────────────────────────────────────────────────────────────────────────────────

  /** null when the host does not have it. `from` for the rest of one of which that many bytes are here. */
  async getBlob(id: BlobId, from = 0): Promise<Response | null> {
    const headers: Record<string, string> = from > 0 ? { Range: `bytes=${from}-` } : {}
    try {
      return await this.#ask(`${BLOBS_PATH}/${id}`, { headers })
    } catch (error) {
      if (error instanceof RunnelError && error.code === 'RESOURCE_DOES_NOT_EXIST') return null
      throw error
    }
  }

  /** Blobs of a room's experiment that the host lacks, after one in the order of names. None of a host that cannot say. */
  async lackingBlobs(room: string, after: string): Promise<LackingBlobs> {
    try {
      return (await (await this.#ask(`${ROOMS_PATH}/${room}/lacking-blobs?after=${after}`)).json()) as LackingBlobs
    } catch (error) {
      if (error instanceof RunnelError && error.code === 'ENDPOINT_NOT_FOUND') return { blobs: [], more: false }
      throw error
    }
  }

  /** Send a blob, or what the host lacks of it. What it has is not sent again. */
  async putBlob(id: BlobId, blob: Blob): Promise<void> {
    const path = `${BLOBS_PATH}/${id}`
    if (blob.size === 0) return void (await this.#ask(path, { method: 'PUT', body: blob }))
    let { received, complete } = await this.#putState(path, blob.size)
    while (!complete) {
      const end = Math.min(received + PIECE_BYTES, blob.size)
      const answer = await this.#ask(path, {
        method: 'PUT',
        headers: { 'Content-Range': `bytes ${received}-${end - 1}/${blob.size}` },
        body: blob.slice(received, end)
      })
      ;({ received, complete } = (await answer.json()) as PutState)
    }
  }

  async #putState(path: string, size: number): Promise<PutState> {
    const answer = await this.#ask(path, { method: 'PUT', headers: { 'Content-Range': `bytes */${size}` } })
    return (await answer.json()) as PutState
  }

  // ── asking ────────────────────────────────────────────────────────────────────────────────────────────────────────────────────

  async #ask(path: string, init: RequestInit = {}): Promise<Response> {
    const { token } = await this.token()
    try {
      return await this.#send(path, {
        ...init,
        headers: { ...(init.headers as Record<string, string>), Authorization: `Bearer ${token}` }
      })
    } catch (error) {
      // It may have ended before its time: the next one is asked for anew.
      if (error instanceof RunnelError && error.code === 'UNAUTHENTICATED') this.forgetToken()
      throw error
    }
  }

  async #send(path: string, init: RequestInit): Promise<Response> {
    const send = this.#options.fetch ?? fetch
    let answer: Response
    try {
      answer = await send(this.address + path, { credentials: 'omit', cache: 'no-store', ...init })
    } catch (cause) {
      throw unreachable(this.address, cause)
    }
    if (answer.ok) return answer
    throw await failureOf(answer, this.address)
  }
}

export interface LackingBlobs {
  readonly blobs: readonly BlobId[]
  readonly more: boolean
}

interface PutState {
  readonly received: number
  readonly complete: boolean
}

const post = (body: object): RequestInit => ({
  method: 'POST',
  headers: { 'Content-Type': 'application/json' },
  body: JSON.stringify(body)
})

const unreachable = (address: string, cause?: unknown): RunnelError =>
  new RunnelError('TEMPORARILY_UNAVAILABLE', `The host ${address} cannot be reached.`, { cause })

async function failureOf(answer: Response, address: string): Promise<RunnelError> {
  const body = (await answer.json().catch(() => null)) as { error_code?: unknown; message?: unknown } | null
  const message = typeof body?.message === 'string' ? body.message : `The host ${address} answered ${answer.status}.`
  if (answer.status === 401) return new RunnelError('UNAUTHENTICATED', message)
  if (answer.status >= 500 && answer.status !== 501) return new RunnelError('TEMPORARILY_UNAVAILABLE', message)
  return new RunnelError(isErrorCode(body?.error_code) ? body.error_code : 'INTERNAL_ERROR', message)
}
