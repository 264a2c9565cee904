/**
 * The Node host: one store in a folder, and every door to it, behind the gate.
 *
 *   lock, database, blobs ─► doors: api (HTTP), live (sockets) ─► gate ─► listen
 */
import { createApi } from '#lib/api/app.ts'
import { addressOf } from './address.ts'
import { createAnswer } from './answer.ts'
import { createApp } from './site/app.ts'
import type { HostConfig } from './config.ts'
import { createGate, knockOf } from './gate/gate.ts'
import { listen, type Listening } from './listen.ts'
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
  if (config.store === null) {
    const pages = createApp(config.folder)
    return hostOf(config.host, await listen((request) => pages.fetch(request), config))
  }
  const { openStore } = await import('./store/store-place.ts')
  const opened = await openStore(config.store, onFailure)
  try {
    return await openDoors(config, opened)
  } catch (error) {
    await opened.close()
    throw error
  }
}

const openDoors = async (config: HostConfig, opened: NodeStore): Promise<Host> => {
  const api = createApi(opened.store, { version: VERSION })
  const gate = createGate(config.gate)
  const listening = await listen(createAnswer({ api, gate, config }), config)
  const sockets = attachSockets(listening.server, {
    ...createLive({ opened, api, version: VERSION }),
    authorize: (incoming) => gate(knockOf(incoming, 'socket'))
  })
  const stopTidying = keepTidy(opened.store)
  const host = hostOf(config.host, listening, {
    before: () => sockets.close(),
    after: async () => {
      await stopTidying()
      await opened.close()
    }
  })
  opened.announce(host.address)
  return host
}

const hostOf = (name: string, listening: Listening, closing?: Closing): Host => {
  let closed: Promise<void> | undefined
  const close = async (): Promise<void> => {
    try {
      await closing?.before()
      await listening.close()
    } finally {
      await closing?.after()
    }
  }
  return { address: addressOf(name, listening.port), port: listening.port, close: () => (closed ??= close()) }
}

/** What is closed before the listening ends, and what when nobody can ask any more. */
interface Closing {
  readonly before: () => Promise<void>
  readonly after: () => Promise<void>
}
