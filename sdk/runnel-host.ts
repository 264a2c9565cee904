/**
 * The part of runnel.js that only a host needs, loaded from beside it when it does. It shares no class with runnel.js: each is a module of
 * its own, so what passes between them is plain.
 */
import { BRIDGE_SOCKET_PATH, CLOSE, protocolsFor } from '#lib/socket/agreement.ts'
import type { Port } from '#lib/socket/port.ts'
import { Tunnel } from '#lib/socket/tunnel.ts'

export interface SocketRequest {
  readonly origin: string
  readonly token: string | null
  /** Who logs, as the host reads it from the address. */
  readonly arrival: Readonly<Record<string, string>>
  /** Called once, when the socket has ended or could not be opened. */
  readonly onClosed: (why: 'token' | 'away') => void
}

/** A host that accepts the connection and says nothing. */
const OPEN_MS = 15_000

/** A port to the host's store; what is posted before the socket is open is dropped. */
export function openSocket({ origin, token, arrival, onClosed }: SocketRequest): Port {
  const address = new URL(BRIDGE_SOCKET_PATH, origin.replace('http', 'ws'))
  address.search = new URLSearchParams(arrival).toString()
  const socket = new WebSocket(address, protocolsFor(token))
  const tunnel = new Tunnel(socket, { side: 'page', ports: false })
  const patience = setTimeout(() => socket.readyState === socket.CONNECTING && socket.close(), OPEN_MS)
  void tunnel.closed.then((code) => {
    clearTimeout(patience)
    onClosed(code === CLOSE.token ? 'token' : 'away')
  })
  return tunnel.root
}
