/** What both ends of a socket know before they speak. */

/** Where a host takes the sockets of pages, and of notebooks. */
export const LIVE_SOCKET_PATH = '/runnel/live'
export const BRIDGE_SOCKET_PATH = '/runnel/bridge'

/** Why a socket was closed, beyond what the WebSocket protocol itself can say. Applications have 4000 to 4999. */
export const CLOSE = {
  /** It was let go on purpose, by either end. */
  done: 1000,
  /** The host is stopping. */
  goingAway: 1001,
  /** A frame could not be read, or was not allowed. */
  malformed: 4400,
  /** The host wants a token, or another one. A browser's page cannot see the status of a refused upgrade, so the socket is opened to say it. */
  token: 4401,
  /** The other end does not read what it is sent. */
  slow: 4408,
  failed: 4500
} as const

/** The subprotocol both ends speak, and the one that carries a token beside it: a browser's page can set no header. */
export const PROTOCOL = 'runnel.v1'
const TOKEN_PREFIX = 'runnel.token.'

export function protocolsFor(token: string | null): string[] {
  return token === null || token === '' ? [PROTOCOL] : [PROTOCOL, TOKEN_PREFIX + toBase64Url(token)]
}

/** The token among the subprotocols a client offers; null when there is none, or none that can be read. */
export function tokenAmong(protocols: readonly string[]): string | null {
  const offered = protocols.find((name) => name.startsWith(TOKEN_PREFIX))
  return offered === undefined ? null : fromBase64Url(offered.slice(TOKEN_PREFIX.length))
}

function toBase64Url(text: string): string {
  const binary = String.fromCharCode(...new TextEncoder().encode(text))
  return btoa(binary).replaceAll('+', '-').replaceAll('/', '_').replaceAll('=', '')
}

function fromBase64Url(text: string): string | null {
  try {
    const binary = atob(text.replaceAll('-', '+').replaceAll('_', '/'))
    return new TextDecoder('utf-8', { fatal: true }).decode(Uint8Array.from(binary, (unit) => unit.charCodeAt(0)))
  } catch {
    return null
  }
}
