/** The doors of a Node host that are not HTTP: pages look at its store, and notebooks log to it. */
import type { IncomingMessage } from 'node:http'
import { createNotebookSession } from '#lib/bridge/notebook-session.ts'
import { parseArrival } from '#lib/bridge/wire-check.ts'
import { RunnelError, errorToWire, type WireError } from '#lib/domain/errors.ts'
import { randomHex } from '#lib/domain/ids.ts'
import { SOCKET } from '#lib/domain/limits.ts'
import type { FileWork } from '#lib/live/file-work.ts'
import { LiveHost } from '#lib/live/host.ts'
import type { NotebookConnection } from '#lib/live/notebooks.ts'
import type { NotebookArrival } from '#lib/live/protocol.ts'
import type { Sharing } from '#lib/live/sharing.ts'
import type { Port, SocketPort } from '#lib/socket/port.ts'
import type { NodeStore } from './store/open-store.ts'
import type { SocketDoors } from './sockets.ts'

export interface LiveParts {
  readonly opened: Pick<NodeStore, 'store' | 'onSaveState'>
  readonly api: { readonly fetch: (request: Request) => Response | Promise<Response> }
  readonly version: string
  readonly sharing: Sharing
  readonly files: FileWork
}

/** What `attachSockets` serves. Notebooks need no grant here: the gate asked for their origin and the token. */
export function createLive({
  opened,
  api,
  version,
  sharing,
  files
}: LiveParts): Pick<SocketDoors, 'live' | 'serveNotebook'> {
  const { store } = opened
  const epoch = randomHex(16)

  const attach = (port: Port, { origin, session, writer }: NotebookArrival): NotebookConnection => {
    const { promise: closed, resolve } = Promise.withResolvers<void>()
    const notebook = createNotebookSession({
      store,
      api: async (request) => api.fetch(request),
      port,
      epoch,
      origin,
      // A session's name is its origin's own: two notebooks that choose the same word must not trim each other's operations.
      session: `${origin} ${session}`,
      writer,
      answerBytes: SOCKET.blobBytes,
      describe,
      onClose: resolve
    })
    // Ports of a socket say when it ends: the session is free at once for the notebook that comes back.
    port.addEventListener('close', () => notebook.close('close'))
    return { close: (reason) => notebook.close(reason), closed }
  }

  const live = new LiveHost({
    store,
    info: { epoch, version },
    ownOrigin: null,
    attachNotebook: (port, arrival) => Promise.resolve(attach(port, arrival)),
    // node:sqlite keeps its pages and its log itself, and synchronises each commit: there is nothing to choose.
    sizes: () => ({ databaseBytes: store.size(), logBytes: 0 }),
    applyDurability: () => undefined,
    giveRoomBack: () => Promise.resolve(),
    sharing,
    files,
    describe
  })
  opened.onSaveState = (state, message) => live.setSaveState(state, message)

  return {
    live,
    serveNotebook: (port: SocketPort, incoming: IncomingMessage) => {
      const arrival = arrivalOf(incoming)
      if (arrival === null) return false
      live.welcome(arrival, attach(port, arrival))
      return true
    }
  }
}

/** Stands for the origin of whoever is no page: Node, Deno, a kernel. */
const NO_PAGE = 'program'

/** A notebook says who it is in the address of its socket; where it comes from is what the browser says. */
function arrivalOf(incoming: IncomingMessage): NotebookArrival | null {
  const query = new URL(incoming.url ?? '', 'http://runnel.invalid').searchParams
  return parseArrival(Object.fromEntries(query), incoming.headers.origin ?? NO_PAGE)
}

/** A failure of ours is a line in the log, and a number for whoever asked. */
function describe(error: unknown): WireError {
  if (error instanceof RunnelError) return errorToWire(error)
  const reference = randomHex(4)
  console.error(`Runnel: a failure over a socket, ${reference}.`, error)
  return { code: 'INTERNAL_ERROR', message: `Something failed in this host. Its log says more under ${reference}.` }
}
