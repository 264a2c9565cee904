/** For tests: a relay behind a real server of sockets on loopback, and real clients of it. */
import { fork, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { createServer, type IncomingMessage } from 'node:http'
import type { AddressInfo } from 'node:net'
import { fileURLToPath } from 'node:url'
import * as encoding from 'lib0/encoding'
import { WebSocket, WebSocketServer } from 'ws'
import { WebsocketProvider } from 'y-websocket'
import * as Y from 'yjs'
import { writeFactsHeader } from '#lib/domain/sync/facts-header.ts'
import { hlcOfMs } from '#lib/domain/sync/clock.ts'
import type { Clock } from '#lib/domain/time.ts'
import { MESSAGE, ROOMS_PATH, type Role } from '#lib/sync/agreement.ts'
import type { Rights } from '../../sync-server/sharing/rights.ts'
import { MemoryRoomLog } from '../../sync-server/relay/memory-room-log.ts'
import { SYNC_STEP } from '../../sync-server/relay/messages.ts'
import { Relay, ROOM_SOCKET_OPTIONS, type RelayParts } from '../../sync-server/relay/relay.ts'

export const ROOM = 'x.1'
/** What keys look like: a run's facts by one store. */
export const WRITER = 'AAAAAAAAAAA'
export const KEY = `r0123456789abcdef0123456789abcdef:${WRITER}`

export interface TestRights extends Rights {
  expiresAt: number
  revoke(): void
}

export const rightsOf = (role: Role = 'editor', sub = 'ada'): TestRights => {
  const heeding = new Set<() => void>()
  return {
    claims: { sub, sid: 's1', role, rooms: ['*'], name: `Name of ${sub}` },
    expiresAt: Infinity,
    onRevoked: (heed) => {
      heeding.add(heed)
      return () => void heeding.delete(heed)
    },
    revoke: () => heeding.forEach((heed) => heed())
  }
}

export interface TestHost {
  readonly relay: Relay
  readonly url: string
  /** What those who come next may do. */
  rights: (incoming: IncomingMessage) => TestRights
  readonly given: TestRights[]
  readonly server: WebSocketServer
  close(): Promise<void>
}

export async function startRelay(
  parts: Partial<RelayParts> & { readonly clock?: Clock } = {},
  port = 0
): Promise<TestHost> {
  const relay = new Relay({
    log: new MemoryRoomLog(),
    exists: () => true,
    prepare: () => () => undefined,
    ...parts
  })
  const http = createServer()
  const server = new WebSocketServer({ server: http, ...ROOM_SOCKET_OPTIONS })
  const given: TestRights[] = []
  server.on('connection', (socket, incoming) => {
    const { pathname, searchParams } = new URL(incoming.url ?? '', 'http://host')
    const rights = host.rights(incoming)
    given.push(rights)
    relay.serve(socket, pathname.slice(ROOMS_PATH.length + 1), rights, searchParams)
  })
  await new Promise<void>((resolve) => http.listen(port, '127.0.0.1', resolve))
  const host: TestHost = {
    relay,
    url: `ws://127.0.0.1:${(http.address() as AddressInfo).port}${ROOMS_PATH}`,
    rights: () => rightsOf(),
    given,
    server,
    close: async () => {
      await relay.close()
      for (const socket of server.clients) socket.terminate()
      server.close()
      await new Promise((resolve) => http.close(resolve))
    }
  }
  return host
}

export interface Peer {
  readonly doc: Y.Doc
  readonly provider: WebsocketProvider
  /** Codes the host closed it with. */
  readonly closes: number[]
  /** Acknowledgements: client and clock. */
  readonly acks: (readonly [client: number, clock: number])[]
  close(): void
}

/** The stock client, as it comes. */
export function joinAs(
  host: Pick<TestHost, 'url'>,
  options: { room?: string; query?: Record<string, string>; doc?: Y.Doc } = {}
): Peer {
  const doc = options.doc ?? new Y.Doc()
  const provider = new WebsocketProvider(host.url, options.room ?? ROOM, doc, {
    disableBc: true,
    params: options.query ?? {},
    WebSocketPolyfill: WebSocket as unknown as typeof globalThis.WebSocket,
    maxBackoffTime: 200
  })
  const acks: [number, number][] = []
  provider.messageHandlers[MESSAGE.ack] = (_, decoder) => {
    const read = (): number => {
      let [value, scale] = [0, 1]
      for (;;) {
        const byte = decoder.arr[decoder.pos++]!
        value += (byte & 127) * scale
        if (byte < 128) return value
        scale *= 128
      }
    }
    acks.push([read(), read()])
  }
  const closes: number[] = []
  provider.on('connection-close', (event) => event !== null && closes.push(event.code))
  return {
    doc,
    provider,
    closes,
    acks,
    close: () => {
      provider.destroy()
      provider.awareness.destroy()
      doc.destroy()
    }
  }
}

/** A socket that says what it likes. */
export interface Raw {
  readonly socket: WebSocket
  readonly heard: Uint8Array[]
  /** The code it was closed with. */
  readonly closed: Promise<number>
  say(message: Uint8Array): void
  sayUpdate(update: Uint8Array): void
}

export async function connectRaw(host: Pick<TestHost, 'url'>, path = ROOM): Promise<Raw> {
  const socket = new WebSocket(`${host.url}/${path}`, { perMessageDeflate: false })
  const heard: Uint8Array[] = []
  socket.on('message', (data: Buffer) => heard.push(new Uint8Array(data)))
  socket.on('error', () => undefined)
  const closed = new Promise<number>((resolve) => socket.on('close', resolve))
  await Promise.race([new Promise((resolve) => socket.on('open', resolve)), closed])
  return {
    socket,
    heard,
    closed,
    say: (message) => socket.send(message),
    sayUpdate: (update) => socket.send(syncMessage(SYNC_STEP.update, update))
  }
}

export const syncMessage = (step: number, bytes: Uint8Array): Uint8Array =>
  encoding.encode((encoder) => {
    encoding.writeVarUint(encoder, MESSAGE.sync)
    encoding.writeVarUint(encoder, step)
    encoding.writeVarUint8Array(encoder, bytes)
  })

/** Facts as far as a relay looks at them, `size` bytes in all. */
export function someFacts(from = 1, { size = 40, ms = Date.now() } = {}): Uint8Array {
  const facts = new Uint8Array(size)
  writeFactsHeader(facts, { from, to: from, hlc: hlcOfMs(ms), keysHash: null })
  return facts
}

/** What `change` adds to a document, as an update. */
export function updateOf(change: (doc: Y.Doc) => void, doc = new Y.Doc()): Uint8Array {
  const before = Y.encodeStateVector(doc)
  change(doc)
  return Y.encodeStateAsUpdate(doc, before)
}

export const addFrame = (doc: Y.Doc, frame = someFacts(), key = KEY): void => {
  const tails = doc.getMap<Y.Array<Uint8Array>>('t')
  doc.transact(() => {
    const tail = tails.get(key) ?? tails.set(key, new Y.Array())
    tail.push([frame])
  })
}

export const framesOf = (doc: Y.Doc, key = KEY): number => doc.getMap<Y.Array<Uint8Array>>('t').get(key)?.length ?? 0

export interface RelayProcess {
  readonly url: string
  readonly port: number
  readonly child: ChildProcess
  memory(): Promise<{ readonly rssBytes: number; readonly heapBytes: number }>
  /** SIGKILL. Resolves when it is gone. */
  kill(): Promise<void>
}

/** A relay in a process of its own, on a log in `file`. */
export async function forkRelay(file: string, port = 0): Promise<RelayProcess> {
  const program = fileURLToPath(new URL('./relay-host.ts', import.meta.url))
  const child = fork(program, [file, String(port)], { execArgv: ['--expose-gc', '--no-warnings'] })
  const hear = async <Message>(): Promise<Message> => ((await once(child, 'message')) as [Message])[0]
  const started = await hear<{ readonly port: number }>()
  return {
    url: `ws://127.0.0.1:${started.port}${ROOMS_PATH}`,
    port: started.port,
    child,
    memory: () => {
      child.send('memory')
      return hear()
    },
    kill: async () => {
      if (child.exitCode !== null || child.signalCode !== null) return
      const gone = once(child, 'exit')
      child.kill('SIGKILL')
      await gone
    }
  }
}
