import type { LiveClient } from '#lib/live/client.ts'
import type { HostInfo } from '#lib/live/host-info.ts'
import { Live } from '#lib/live/live.svelte.ts'
import { keepHostToken, readHostToken, type HostToken } from './host-token.ts'

/** The store of the host that serves this page. Nothing is asked of it before somebody looks at it. */
export class HostSpace {
  readonly kind = 'host'
  readonly name = 'this host'
  readonly #connect: (token: string | null) => LiveClient
  #found = $state.raw<HostInfo>({ version: '', token: false })
  #token = $state.raw<HostToken | null>(readHostToken())
  #live = $state.raw<Live | null>(null)

  constructor(found: HostInfo, connect: (token: string | null) => LiveClient) {
    this.#found = found
    this.#connect = connect
  }

  /** As people write it: `127.0.0.1:5000`. */
  get address(): string {
    return location.host
  }

  get found(): HostInfo {
    return this.#found
  }

  get token(): HostToken | null {
    return this.found.token ? this.#token : null
  }

  /** Null until it is opened, and while it waits for a token. */
  get live(): Live | null {
    return this.#live
  }

  /** Whether a person has to say the token, or another one than they did. */
  get asksForToken(): boolean {
    return this.found.token && (this.#token === null || this.refusal !== null)
  }

  /** Why the token was not taken; null while that is not known. */
  get refusal(): string | null {
    return this.#live?.connection === 'blocked' ? (this.#live.problem ?? 'The host does not take this token.') : null
  }

  /** Connect, unless that is done or a token is missing. Not while something is derived. */
  open(): void {
    if (this.#live !== null || (this.found.token && this.#token === null)) return
    this.#live = new Live(this.#connect(this.token?.text ?? null))
  }

  /** The host has answered again, and may be another one than before. */
  meet(found: HostInfo): void {
    const asksOtherwise = found.token !== this.#found.token
    this.#found = found
    if (!asksOtherwise || this.#live === null) return
    this.close()
    this.open()
  }

  useToken(token: HostToken): void {
    keepHostToken(token)
    this.#token = token
    this.close()
    this.open()
  }

  forgetToken(): void {
    keepHostToken(null)
    this.#token = null
    this.close()
  }

  close(): void {
    this.#live?.client.close()
    this.#live = null
  }
}
