/**
 * The doors over WebSockets: for pages (`/runnel/live`), notebooks (`/runnel/bridge`) and rooms (`/sync/rooms/<room>`).
 *
 *   upgrade ─► gate ─► 4401 (wrong token) | an answer over HTTP (everything else) | a tunnel ─► LiveHost, or one notebook's session
 *
 * Invariants
 * - Nothing is read from a socket before the gate has let it in. A refused token is said on an opened socket, because a browser's page
 *   cannot see the status of a refused upgrade.
 * - Nothing is heard of a socket once what let it in is over: a token that ran out or was revoked closes it (4401).
 * - A peer that has not answered a ping by the next one is gone: its socket is cut, and with it everything that hung on it.
 */
import { STATUS_CODES, type IncomingMessage, type Server } from 'node:http'
import type { Duplex } from 'node:stream'
import { WebSocketServer, type WebSocket } from 'ws'
import { SOCKET } from '#lib/domain/limits.ts'
import { answerInstead, readLiveMessage } from '#lib/live/comlink-messages.ts'
import type { LiveHost } from '#lib/live/host.ts'
import { CLOSE, PROTOCOL } from '#lib/socket/agreement.ts'
import type { SocketPort } from '#lib/socket/port.ts'
import { Tunnel } from '#lib/socket/tunnel.ts'
import { ROOM_CLOSE, ROOMS_PATH } from '#lib/sync/agreement.ts'
import type { Admission, Gatekeeper } from './gate/gatekeeper.ts'
import { ROOM_SOCKET_OPTIONS } from './relay/relay.ts'
import { whenOver, type Rights } from './sharing/rights.ts'
import { socketDoorOf, type SocketDoor } from './paths.ts'

export interface SocketDoors {
  readonly live: LiveHost
  /** Serve a notebook that the gate has let in, on a port that closes with its socket. False when it did not say who it is. */
  readonly serveNotebook: (port: SocketPort, incoming: IncomingMessage) => boolean
  readonly authorize: (incoming: IncomingMessage, door: SocketDoor) => Admission | Promise<Admission>
  readonly authorizeRoom: Gatekeeper['authorizeRoom']
  readonly serveRoom: (socket: WebSocket, room: string, rights: Rights, query: URLSearchParams) => void
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
  const rooms = new WebSocketServer({
    noServer: true,
    clientTracking: true,
    ...ROOM_SOCKET_OPTIONS,
    handleProtocols: (offered) => (offered.has(PROTOCOL) ? PROTOCOL : false)
  })
  let isClosing = false
  const enterRoom = async (incoming: IncomingMessage, duplex: Duplex, head: Buffer): Promise<void> => {
    const url = new URL(incoming.url ?? '', 'http://runnel.invalid')
    const room = roomOf(url.pathname)
    const admission = await doors.authorizeRoom(incoming, room)
    if (isClosing) return refuse(duplex, new Response('This host is stopping.', { status: 503 }))
    if (!admission.isAllowed && admission.closeCode === null) return refuse(duplex, admission.response)
    // A page's own socket offers no subprotocol of its own accord, as a stock client's does not.
    rooms.handleUpgrade(incoming, duplex, head, (socket) => {
      socket.on('error', () => undefined)
      if (admission.isAllowed) doors.serveRoom(socket, room, admission.rights, url.searchParams)
      else socket.close(admission.closeCode ?? ROOM_CLOSE.role, 'This room wants another token.')
    })
  }
  const upgrade = (
    incoming: IncomingMessage,
    duplex: Duplex,
    head: Buffer,
    door: SocketDoor | null,
    admission: Admission
  ): void => {
    // Whoever was just sent away comes back at once, and would keep the host from ending.
    if (isClosing) return void refuse(duplex, new Response('This host is stopping.', { status: 503 }))
    // A wrong token is said on the socket.
    if (!admission.isAllowed && admission.response.status !== 401) return void refuse(duplex, admission.response)
    if (door !== 'live' && door !== 'bridge') return void refuse(duplex, new Response('Not found.', { status: 404 }))
    if (!protocolsOf(incoming).includes(PROTOCOL))
      return void refuse(duplex, new Response(`Only ${PROTOCOL} is spoken here.`, { status: 400 }))
    sockets.handleUpgrade(incoming, duplex, head, (socket) => {
      // What ws complains of it also closes.
      socket.on('error', () => undefined)
      if (!admission.isAllowed) return socket.close(CLOSE.token, 'This host needs its token.')
      const tunnel =
        door === 'live' ? serveLive(socket, doors.live) : serveBridge(socket, incoming, doors.serveNotebook)
      if (admission.rights !== null) closeWhenOver(socket, tunnel, admission.rights)
    })
  }
  server.on('upgrade', (incoming, duplex, head) => {
    // A peer that resets the connection while it is being refused is nobody's failure.
    duplex.on('error', () => duplex.destroy())
    const door = socketDoorOf((incoming.url ?? '').split('?', 1)[0] ?? '')
    if (door === 'room') return void enterRoom(incoming, duplex, head).catch(() => duplex.destroy())
    // Who knocks where there is no door is asked what the strictest one asks.
    const admission = doors.authorize(incoming, door ?? 'live')
    if (!(admission instanceof Promise)) return upgrade(incoming, duplex, head, door, admission)
    admission.then(
      (settled) => upgrade(incoming, duplex, head, door, settled),
      () => duplex.destroy()
    )
  })
  const stopPinging = keepAlive(sockets)

  return {
    close: async () => {
      isClosing = true
      doors.live.retire('stopping')
      // What was just told is on its way; closing comes after it.
      await new Promise((resolve) => setTimeout(resolve, GOODBYE_MS))
      const closed = [...sockets.clients, ...rooms.clients].map(
        (socket) => new Promise((resolve) => (socket.once('close', resolve), socket.close(CLOSE.goingAway)))
      )
      const cut = setTimeout(() => {
        for (const socket of [...sockets.clients, ...rooms.clients]) socket.terminate()
      }, SOCKET.closeGraceMs)
      await Promise.all(closed)
      clearTimeout(cut)
      stopPinging()
      sockets.close()
      rooms.close()
    }
  }
}

/** A socket may be open for days, and a token is good for a quarter of an hour. */
function closeWhenOver(socket: WebSocket, tunnel: Tunnel, rights: Rights): void {
  const stop = whenOver(rights, () => {
    tunnel.close(CLOSE.token, 'The token has run out, or was revoked.')
    setTimeout(() => socket.terminate(), SOCKET.closeGraceMs).unref()
  })
  socket.once('close', stop)
}

function serveLive(socket: WebSocket, live: LiveHost): Tunnel {
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
  return tunnel
}

function serveBridge(socket: WebSocket, incoming: IncomingMessage, serve: SocketDoors['serveNotebook']): Tunnel {
  const tunnel = new Tunnel(socket, { side: 'host', ports: false, insteadOf: tooLargeToAnswer })
  if (!serve(tunnel.root, incoming)) tunnel.close(CLOSE.malformed, 'The notebook did not say who it is.')
  return tunnel
}

/** A file that no frame can hold is refused to whoever asked for it here; over HTTP it is to be had. */
function tooLargeToAnswer(message: unknown, why: string): unknown {
  const { t, id } = message as { readonly t?: unknown; readonly id?: unknown }
  if (t !== 'res') return undefined
  const body = JSON.stringify({ error_code: 'RESOURCE_EXHAUSTED', message: `${why} Ask for it over HTTP.` })
  return { t, id, status: 413, contentType: 'application/json', body }
}

/** The name at the end of a room's path. */
function roomOf(path: string): string {
  try {
    return decodeURIComponent(path.slice(ROOMS_PATH.length + 1))
  } catch {
    return ''
  }
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
