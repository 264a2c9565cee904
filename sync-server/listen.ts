import { createAdaptorServer } from '@hono/node-server'
import type { Server } from 'node:http'
import type { AddressInfo } from 'node:net'

/** A listening host. */
export interface Listening {
  /** The port that was taken: another than asked for when that was 0. */
  readonly port: number
  /** Stop listening; asked again, it is the same stop. */
  readonly close: () => Promise<void>
}

/** How long open requests may take to finish once the host is told to stop. */
const closeGraceMs = 1_000

/**
 * Answer HTTP on one address.
 *
 * fails  with the system's error (`code` EADDRINUSE, EACCES, ...) when the address cannot be taken
 */
export const listen = (
  fetch: (request: Request) => Response | Promise<Response>,
  { host, port }: { readonly host: string; readonly port: number }
): Promise<Listening> =>
  new Promise((resolve, reject) => {
    const server = createAdaptorServer({ fetch, overrideGlobalObjects: false }) as Server
    server.once('error', reject)
    server.listen(port, host, () => {
      server.removeListener('error', reject)
      let closing: Promise<void> | undefined
      resolve({ port: (server.address() as AddressInfo).port, close: () => (closing ??= closeServer(server)) })
    })
  })

const closeServer = (server: Server): Promise<void> =>
  new Promise((resolve, reject) => {
    const force = setTimeout(() => server.closeAllConnections(), closeGraceMs)
    server.close((error) => {
      clearTimeout(force)
      if (error) reject(error)
      else resolve()
    })
    server.closeIdleConnections()
  })
