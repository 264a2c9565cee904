/**
 * The Node host: one store in a folder, and every door to it, behind the gate.
 *
 *   lock, database, blobs ─► doors: api (HTTP), live (sockets) ─► gate ─► listen
 */
import { createApi } from '#lib/api/app.ts'
import { readFile } from 'node:fs/promises'
import { RunnelError } from '#lib/domain/errors.ts'
import { addressForOthers, addressOf } from './address.ts'
import { createAnswer } from './answer.ts'
import { createApp } from './site/app.ts'
import type { HostConfig, StorePlace, TlsFiles } from './config.ts'
import { createGate } from './gate/gate.ts'
import { createGatekeeper } from './gate/gatekeeper.ts'
import { listen, type Listening, type ListenOptions, type Tls } from './listen.ts'
import { createLive } from './live.ts'
import type { NodeStore } from './store/open-store.ts'
import { attachSockets } from './sockets.ts'
import { keepTidy } from './tidying.ts'
import { VERSION } from './version.ts'

export interface Host {
  /** As a client on this machine writes it, without a slash at the end. */
  readonly address: string
  readonly port: number
  /**
   * Take no more requests, finish those that run, and close the store; asked again, it is the same closing.
   * Everything that was acknowledged is in the database file.
   */
  readonly close: () => Promise<void>
}

/**
 * Open a host.
 *
 * onFailure  hears, once, that the disk keeps nothing any more: the caller is to close the host and end
 * fails      with a RunnelError when the store cannot be opened (another process has it, it is of a newer version, ...), with the
 *            system's error (`code` EADDRINUSE, ...) when the address cannot be taken; nothing is left open then
 */
export const openHost = async (config: HostConfig, onFailure: (reason: string) => void): Promise<Host> => {
  const options: ListenOptions = { host: config.host, port: config.port, tls: await readTls(config.tls) }
  if (config.store === null) {
    const pages = createApp(config.folder)
    return hostOf(options, await listen((request) => pages.fetch(request), options))
  }
  const { openStore } = await import('./store/store-place.ts')
  const opened = await openStore(config.store, onFailure)
  try {
    return await openDoors(config, options, config.store, opened, onFailure)
  } catch (error) {
    await opened.close()
    throw error
  }
}

const readTls = async (files: TlsFiles | null): Promise<Tls | null> => {
  if (files === null) return null
  const read = (file: string) =>
    readFile(file, 'utf8').catch((cause: unknown) => {
      throw new RunnelError('INVALID_STATE', `${file} could not be read, which HTTPS needs.`, { cause })
    })
  return { cert: await read(files.certFile), key: await read(files.keyFile) }
}

const openDoors = async (
  config: HostConfig,
  options: ListenOptions,
  place: StorePlace,
  opened: NodeStore,
  onFailure: (reason: string) => void
): Promise<Host> => {
  const api = createApi(opened.store, { version: VERSION })
  const { openSync } = await import('./sharing/open-sync.ts')
  const { FileWork } = await import('#lib/live/file-work.ts')
  const { openImage } = await import('./store/open-image.ts')
  const { openRooms } = await import('./sync/open-rooms.ts')
  const { NodeSharing } = await import('./sync/node-sharing.ts')
  const rooms = await openRooms({ store: opened.store, place, bounds: config.rooms, onFailure })
  const files = new FileWork({ store: opened.store, version: VERSION, openDatabase: openImage })
  const sync = await openSync({
    store: opened.store,
    place,
    hostToken: config.gate.token,
    snapshots: rooms.relay,
    files
  })
  const gatekeeper = createGatekeeper({ gate: createGate(config.gate), ...sync })
  const answer = createAnswer({ api, sync: sync.routes, store: opened.store, gatekeeper, config })
  const listening = await listen(answer, options).catch((error: unknown) => {
    sync.close()
    throw error
  })
  const sharing = new NodeSharing({
    store: opened.store,
    sharing: sync.sharing,
    ...rooms,
    address: () => addressForOthers(placeOf(options, listening))
  })
  const sockets = attachSockets(listening.server, {
    ...createLive({ opened, api, version: VERSION, sharing, files }),
    authorize: gatekeeper.admitSocket,
    authorizeRoom: gatekeeper.authorizeRoom,
    serveRoom: (socket, room, rights, query) => rooms.relay.serve(socket, room, rights, query)
  })
  const stopTidying = keepTidy(opened.store)
  const host = hostOf(options, listening, {
    before: () => sockets.close(),
    after: async () => {
      await stopTidying()
      await rooms.relay.close()
      sync.close()
      await opened.close()
    }
  })
  opened.announce(host.address)
  return host
}

const placeOf = ({ host, tls }: ListenOptions, { port }: Listening) => ({ host, port, isSecure: tls != null })

const hostOf = (options: ListenOptions, listening: Listening, closing?: Closing): Host => {
  let closed: Promise<void> | undefined
  const close = async (): Promise<void> => {
    try {
      await closing?.before()
      await listening.close()
    } finally {
      await closing?.after()
    }
  }
  const address = addressOf(placeOf(options, listening))
  return { address, port: listening.port, close: () => (closed ??= close()) }
}

/** What is closed before the listening ends, and what when nobody can ask any more. */
interface Closing {
  readonly before: () => Promise<void>
  readonly after: () => Promise<void>
}
