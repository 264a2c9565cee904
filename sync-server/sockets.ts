/**
 * The doors for pages and notebooks, over WebSockets: `/runnel/live` and `/runnel/bridge`.
 *
 *   upgrade ─► gate ─► 4401 (wrong token) | an answer over HTTP (everything else) | a tunnel ─► LiveHost, or one notebook's session
 *
 * Invariants
 * - Nothing is read from a socket before the gate has let it in. A refused token is said on an opened socket, because a browser's page
 *   cannot see the status of a refused upgrade.
 * - A peer that has not answered a ping by the next one is gone: its socket is cut, and with it everything that hung on it.
 */
import { STATUS_CODES, type IncomingMessage, type Server } from 'node:http'
import type { Duplex } from 'node:stream'
import { WebSocketServer, type WebSocket } from 'ws'
import { SOCKET } from '#lib/domain/limits.ts'
import { answerInstead, readLiveMessage } from '#lib/live/comlink-messages.ts'
import type { LiveHost } from '#lib/live/host.ts'
import { BRIDGE_SOCKET_PATH, CLOSE, LIVE_SOCKET_PATH, PROTOCOL } from '#lib/socket/agreement.ts'
import type { SocketPort } from '#lib/socket/port.ts'
import { Tunnel } from '#lib/socket/tunnel.ts'
import type { Verdict } from './gate/gate.ts'

export interface SocketDoors {
  readonly live: LiveHost
  /** Serve a notebook that the gate has let in, on a port that closes with its socket. False when it did not say who it is. */
  readonly serveNotebook: (port: SocketPort, incoming: IncomingMessage) => boolean
  readonly authorize: (incoming: IncomingMessage) => Verdict
}

export interface Sockets {
  /** Tell every page, give it a moment to hear, and close what is left. Call it before the server's own close, which waits for sockets. */
  close(): Promise<void>
}

/** A goodbye passes a port on its way to the socket. */
const GOODBYE_MS = 20

/** Take the sockets of a server. Upgrades to any other path are refused. */
export function attachSockets(server: Server, doors: SocketDoors): Sockets {
  const sockets = new WebSocketServer({
    noServer: true,
    clientTracking: true,
    maxPayload: SOCKET.frameBytes,
    // Answers are small or numbers, which it would only slow down; and it is memory for every socket.
    perMessageDeflate: false,
    handleProtocols: (offered) => (offered.has(PROTOCOL) ? PROTOCOL : false)
  })
  let isClosing = false
  server.on('upgrade', (incoming, duplex, head) => {
    // A peer that resets the connection while it is being refused is nobody's failure.
    duplex.on('error', () => duplex.destroy())
    // Whoever was just sent away comes back at once, and would keep the host from ending.
    if (isClosing) return void refuse(duplex, new Response('This host is stopping.', { status: 503 }))
    const path = (incoming.url ?? '').split('?', 1)[0]
    const isLive = path === LIVE_SOCKET_PATH
    const verdict = doors.authorize(incoming)
    const isWrongToken = !verdict.isAllowed && verdict.response.status === 401
    if (!isWrongToken && !verdict.isAllowed) return void refuse(duplex, verdict.response)
    if (!isLive && path !== BRIDGE_SOCKET_PATH) return void refuse(duplex, new Response('Not found.', { status: 404 }))
    if (!protocolsOf(incoming).includes(PROTOCOL))
      return void refuse(duplex, new Response(`Only ${PROTOCOL} is spoken here.`, { status: 400 }))
    sockets.handleUpgrade(incoming, duplex, head, (socket) => {
      // What ws complains of it also closes.
      socket.on('error', () => undefined)
      if (isWrongToken) return socket.close(CLOSE.token, 'This host needs its token.')
      if (isLive) serveLive(socket, doors.live)
      else serveBridge(socket, incoming, doors.serveNotebook)
    })
  })
  const stopPinging = keepAlive(sockets)

  return {
    close: async () => {
      isClosing = true
      doors.live.retire('stopping')
      // What was just told is on its way; closing comes after it.
      await new Promise((resolve) => setTimeout(resolve, GOODBYE_MS))
      const closed = [...sockets.clients].map(
        (socket) => new Promise((resolve) => (socket.once('close', resolve), socket.close(CLOSE.goingAway)))
      )
      const cut = setTimeout(() => {
        for (const socket of sockets.clients) socket.terminate()
      }, SOCKET.closeGraceMs)
      await Promise.all(closed)
      clearTimeout(cut)
      stopPinging()
      sockets.close()
    }
  }
}

function serveLive(socket: WebSocket, live: LiveHost): void {
  const tunnel = new Tunnel(socket, {
    side: 'host',
    ports: true,
    readMessage: readLiveMessage,
    insteadOf: answerInstead
  })
  live.serve(
    tunnel.root,
    tunnel.closed.then(() => undefined)
  )
}

function serveBridge(socket: WebSocket, incoming: IncomingMessage, serve: SocketDoors['serveNotebook']): void {
  const tunnel = new Tunnel(socket, { side: 'host', ports: false, insteadOf: tooLargeToAnswer })
  if (!serve(tunnel.root, incoming)) tunnel.close(CLOSE.malformed, 'The notebook did not say who it is.')
}

/** A file that no frame can hold is refused to whoever asked for it here; over HTTP it is to be had. */
function tooLargeToAnswer(message: unknown, why: string): unknown {
  const { t, id } = message as { readonly t?: unknown; readonly id?: unknown }
  if (t !== 'res') return undefined
  const body = JSON.stringify({ error_code: 'RESOURCE_EXHAUSTED', message: `${why} Ask for it over HTTP.` })
  return { t, id, status: 413, contentType: 'application/json', body }
}

const protocolsOf = (incoming: IncomingMessage): string[] =>
  (incoming.headers['sec-websocket-protocol'] ?? '').split(',').map((name) => name.trim())

/** Answer an upgrade that is not taken, in HTTP's own words. */
async function refuse(duplex: Duplex, response: Response): Promise<void> {
  const body = Buffer.from(await response.arrayBuffer())
  const headers = new Headers(response.headers)
  headers.set('Connection', 'close')
  headers.set('Content-Length', String(body.byteLength))
  const lines = [...headers].map(([name, value]) => `${name}: ${value}`)
  duplex.write([`HTTP/1.1 ${response.status} ${STATUS_CODES[response.status] ?? ''}`, ...lines, '', ''].join('\r\n'))
  duplex.end(body)
}

/** Ping every socket now and then, and cut the ones that have not answered since the last time. */
function keepAlive(sockets: WebSocketServer): () => void {
  const quiet = new WeakSet<WebSocket>()
  const timer = setInterval(() => {
    for (const socket of sockets.clients) {
      if (quiet.has(socket)) {
        socket.terminate()
        continue
      }
      quiet.add(socket)
      socket.once('pong', () => quiet.delete(socket))
      socket.ping()
    }
  }, SOCKET.pingEveryMs)
  timer.unref()
  return () => clearInterval(timer)
}
