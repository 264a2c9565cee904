/** A host for tests: the real doors over a socket and HTTP, behind the real gate, on a store of the test's. */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { createApi } from '#lib/api/app.ts'
import type { SaveState } from '#lib/live/protocol.ts'
import { FileWork } from '#lib/live/file-work.ts'
import { NO_SHARING } from '#lib/live/no-sharing.ts'
import type { Store } from '#lib/store/store.ts'
import { createGate, knockOf } from '../../sync-server/gate/gate.ts'
import { createGatekeeper, type GatekeeperParts } from '../../sync-server/gate/gatekeeper.ts'
import { createRateLimit } from '../../sync-server/gate/rate-limit.ts'
import { createLive } from '../../sync-server/live.ts'
import { attachSockets } from '../../sync-server/sockets.ts'

export interface SocketHost {
  readonly url: string
  readonly port: number
  /** What the store's journal would say. */
  saves(state: SaveState, message: string): void
  close(): Promise<void>
}

export interface SocketHostOptions {
  readonly token?: string | null
  /** What a pass that is shown gives; nobody is a guest unless said. */
  readonly rightsOf?: GatekeeperParts['rightsOf']
  /** Any free one unless given. */
  readonly port?: number
  /** Files beside the store's routes. */
  readonly files?: Readonly<Record<string, string>>
}

export async function startSocketHost(
  store: Store,
  { token = null, port = 0, files = {}, rightsOf = () => Promise.resolve(null) }: SocketHostOptions = {}
): Promise<SocketHost> {
  const api = createApi(store, { version: 'test' })
  const gate = createGate({ allowedHosts: null, allowedOrigins: [], token, rate: { perSecond: 0, burst: 0 } })
  const wrongSecrets = createRateLimit({ perSecond: 0, burst: 0 })
  const gatekeeper = createGatekeeper({ gate, rightsOf, wrongSecrets })

  const answer = async (incoming: IncomingMessage): Promise<Response> => {
    const file = files[incoming.url ?? '']
    if (file !== undefined) return new Response(file, { headers: { 'Content-Type': 'text/javascript' } })
    const verdict = gate(knockOf(incoming, 'request'))
    return verdict.isAllowed ? api.fetch(await toRequest(incoming)) : verdict.response
  }
  const server = createServer((incoming, outgoing) => {
    void answer(incoming).then((response) => write(outgoing, response))
  })

  const work = new FileWork({ store, version: 'test', openDatabase: null })
  const opened: Parameters<typeof createLive>[0]['opened'] = { store, onSaveState: () => undefined }
  const sockets = attachSockets(server, {
    ...createLive({ opened, api, version: 'test', sharing: NO_SHARING, files: work }),
    authorize: gatekeeper.admitSocket,
    authorizeRoom: gatekeeper.authorizeRoom,
    serveRoom: (socket) => socket.close()
  })
  await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve))
  const taken = (server.address() as AddressInfo).port
  return {
    url: `http://127.0.0.1:${taken}`,
    port: taken,
    saves: (state, message) => opened.onSaveState(state, message),
    close: async () => {
      await sockets.close()
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    }
  }
}

async function toRequest(incoming: IncomingMessage): Promise<Request> {
  const { method = 'GET', headers, url = '/' } = incoming
  const chunks: Uint8Array[] = []
  for await (const chunk of incoming) chunks.push(chunk as Uint8Array)
  return new Request(`http://127.0.0.1${url}`, {
    method,
    headers: headers as Record<string, string>,
    ...(method !== 'GET' && method !== 'HEAD' && { body: Buffer.concat(chunks) })
  })
}

async function write(outgoing: ServerResponse, response: Response): Promise<void> {
  const body = Buffer.from(await response.arrayBuffer())
  outgoing.writeHead(response.status, Object.fromEntries(response.headers)).end(body)
}
