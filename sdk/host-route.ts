import type { Hello } from '#lib/bridge/protocol.ts'
import { RunnelError } from '#lib/domain/errors.ts'
import type { Port } from '#lib/socket/port.ts'
import { loadPart } from './parts.ts'

/** A Runnel that runs as a program: its store is reached by a socket. */
export class HostRoute {
  readonly #origin: string
  readonly #token: string | null

  /** Fails with INVALID_PARAMETER_VALUE when the address is none, and with NOT_IMPLEMENTED where there are no sockets: Node before 22. */
  constructor(host: string, token: string | null) {
    if (typeof WebSocket === 'undefined')
      throw new RunnelError(
        'NOT_IMPLEMENTED',
        'Logging to a host needs WebSocket, which Node has from version 22 on. Use a newer Node.'
      )
    const address = URL.canParse(host) ? new URL(host) : null
    if (address?.protocol !== 'http:' && address?.protocol !== 'https:')
      throw new RunnelError(
        'INVALID_PARAMETER_VALUE',
        'Say where the host is: connect({ host: "http://127.0.0.1:5000" }).'
      )
    this.#origin = address.origin
    this.#token = token
  }

  /** Opens a socket; `onClosed` hears once why it ended, or could not be opened. */
  async dial(
    { session, writer, client }: Pick<Hello, 'session' | 'writer' | 'client'>,
    onClosed: (error: RunnelError) => void
  ): Promise<Port> {
    const { openSocket } = await loadPart(() => import('./runnel-host.ts'), '/runnel-host.js', this.#origin)
    return openSocket({
      origin: this.#origin,
      token: this.#token,
      arrival: { session, writer, name: client.name, version: client.version },
      onClosed: (why) => onClosed(why === 'token' ? this.#tokenError() : this.awayError())
    })
  }

  /** What the host answers with over HTTP: its status, and the bytes when it has them. Fails when it goes away before they are here. */
  async read(path: string): Promise<{ readonly status: number; readonly body: Blob }> {
    const init = this.#token === null ? {} : { headers: { Authorization: `Bearer ${this.#token}` } }
    try {
      const response = await fetch(this.#origin + path, init)
      return { status: response.status, body: await response.blob() }
    } catch {
      throw this.awayError('Try again.')
    }
  }

  /** A page is not told why a socket could not be opened. */
  awayError(next = 'Trying again.'): RunnelError {
    return new RunnelError(
      'TEMPORARILY_UNAVAILABLE',
      `Runnel does not answer at ${this.#origin}, or does not let this page in. ${next}`
    )
  }

  #tokenError(): RunnelError {
    const text = this.#token === null ? 'This Runnel asks for its token.' : 'This Runnel does not take this token.'
    return new RunnelError('UNAUTHENTICATED', `${text} Call connect({ host, token }) with the one it was started with.`)
  }
}
