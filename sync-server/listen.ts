import { createAdaptorServer } from '@hono/node-server'
import type { IncomingMessage, Server } from 'node:http'
import { createServer as createSecureServer } from 'node:https'
import type { AddressInfo, Socket } from 'node:net'
import { HOST } from '#lib/domain/limits.ts'

/** A listening host. */
export interface Listening {
  /** The port that was taken: another than asked for when that was 0. */
  readonly port: number
  /** For what speaks over the same port in another protocol. */
  readonly server: Server
  /** Stop listening, let open requests finish for a while, then end them; asked again, it is the same stop. */
  readonly close: () => Promise<void>
}

/** PEM. */
export interface Tls {
  readonly cert: string
  readonly key: string
}

export interface ListenOptions {
  readonly host: string
  readonly port: number
  /** Null for plain HTTP. */
  readonly tls?: Tls | null
}

/** `incoming` is the request as it came from Node, with its socket. */
export type Answer = (request: Request, incoming: IncomingMessage) => Response | Promise<Response>

/** How long and how much one connection, and one client, may take; the names are HOST's. */
export type ListenLimits = Readonly<
  Record<
    | 'headerBytes'
    | 'headersMs'
    | 'requestMs'
    | 'idleMs'
    | 'keepAliveMs'
    | 'connectionsPerClient'
    | 'closeGraceMs'
    | 'slowCheckEveryMs',
    number
  >
>

/** How often connections that have become idle are let go of while the host closes. */
const closeEveryMs = 50

/**
 * Answer HTTP, or HTTPS, on one address.
 *
 * fails  with the system's error (`code` EADDRINUSE, EACCES, ...) when the address cannot be taken, with OpenSSL's (`code` ERR_OSSL_...,
 *        ERR_SSL_...) when certificate and key are none, or not of each other
 */
export const listen = (
  answer: Answer,
  { host, port, tls = null }: ListenOptions,
  limits: ListenLimits = HOST
): Promise<Listening> =>
  new Promise((resolve, reject) => {
    const server = createAdaptorServer({
      fetch: (request, { incoming }) => answer(request, incoming as IncomingMessage),
      overrideGlobalObjects: false,
      ...(tls !== null && { createServer: createSecureServer }),
      serverOptions: {
        ...tls,
        maxHeaderSize: limits.headerBytes,
        headersTimeout: limits.headersMs,
        requestTimeout: limits.requestMs,
        connectionsCheckingInterval: limits.slowCheckEveryMs,
        keepAliveTimeout: limits.keepAliveMs
      }
    }) as Server
    server.setTimeout(limits.idleMs)
    const connections = limitConnections(server, limits.connectionsPerClient)
    server.once('error', reject)
    server.listen(port, host, () => {
      server.removeListener('error', reject)
      // A connection that could not be taken (no file descriptors are left, say) ends no host.
      server.on('error', (error) => console.warn('Runnel: a connection was not taken.', error))
      let closing: Promise<void> | undefined
      resolve({
        port: (server.address() as AddressInfo).port,
        server,
        close: () => (closing ??= closeServer(server, connections, limits.closeGraceMs))
      })
    })
  })

/** One client can hold only so many connections, or requests that never end would pile up. Returns those that are open. */
const limitConnections = (server: Server, most: number): ReadonlySet<Socket> => {
  const open = new Set<Socket>()
  const perClient = new Map<string, number>()
  server.on('connection', (socket: Socket) => {
    const client = socket.remoteAddress ?? ''
    const count = (perClient.get(client) ?? 0) + 1
    if (count > most) return socket.destroy()
    open.add(socket)
    perClient.set(client, count)
    return socket.once('close', () => {
      open.delete(socket)
      const left = (perClient.get(client) ?? 1) - 1
      if (left === 0) perClient.delete(client)
      else perClient.set(client, left)
    })
  })
  return open
}

const closeServer = (server: Server, connections: ReadonlySet<Socket>, graceMs: number): Promise<void> =>
  new Promise((resolve, reject) => {
    const letGo = setInterval(() => closeUnused(server, connections), closeEveryMs)
    // Upgraded sockets are none of the server's any more, so it would wait for them for ever.
    const force = setTimeout(() => connections.forEach((socket) => socket.destroy()), graceMs)
    server.close((error) => {
      clearInterval(letGo)
      clearTimeout(force)
      if (error) reject(error)
      else resolve()
    })
    closeUnused(server, connections)
  })

/** Connections that finished a request, and those browsers open in advance and have sent nothing on. */
const closeUnused = (server: Server, connections: ReadonlySet<Socket>): void => {
  server.closeIdleConnections()
  for (const socket of connections) if (socket.bytesRead === 0) socket.destroy()
}
