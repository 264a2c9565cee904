/**
 * The browser host: one store, and every door to it, in a worker.
 *
 *   lock `runnel:store` ─► blobs, log ─► recover ─► migrate ─► doors: live (pages), bridge (notebooks), api (service worker)
 */
import * as Comlink from 'comlink'
import initSqlJs from 'sql.js'
import wasmUrl from 'sql.js/dist/sql-wasm-browser.wasm?url'
import { createApi } from '#lib/api/app.ts'
import { createNotebookSession, type NotebookSessionOptions } from '#lib/bridge/notebook-session.ts'
import { DURABILITY_SETTING, isDurability } from '#lib/live/commands.ts'
import { serveEnvelopes, storeChannelName } from '#lib/live/envelope.ts'
import { FileWork } from '#lib/live/file-work.ts'
import { LiveHost } from '#lib/live/host.ts'
import { readHostInfo } from '#lib/live/host-info.ts'
import { HOST_INFO_PATH } from '#lib/live/store-paths.ts'
import { STORE_LOCK } from '#lib/live/names.ts'
import { errorToWire } from '#lib/domain/errors.ts'
import { throwWire } from '#lib/live/throw-wire.ts'
import type { NotebookConnection } from '#lib/live/notebooks.ts'
import type { LiveDoor } from '#lib/live/protocol.ts'
import { systemClock } from '#lib/domain/time.ts'
import { SavedJournal } from '#lib/store/saved-journal.ts'
import { Sealer } from '#lib/store/sealer.ts'
import { forgetOldSessions } from '#lib/store/sessions.ts'
import { readSetting } from '#lib/store/settings.ts'
import { FetchingBlobs } from '#lib/store/fetching-blobs.ts'
import { Store } from '#lib/store/store.ts'
import { StoreSharing } from '#lib/sync/store-sharing.ts'
import packageJson from '../../package.json' with { type: 'json' }
import { Checkpointer } from './checkpointer.ts'
import { CommitLog } from './commit-log.ts'
import { beginFreshLog } from './fresh-log.ts'
import { IndexedDbBlobs } from './indexed-db-blobs.ts'
import { SqlJsEngine } from './sqljs-engine.ts'
import { makeWayFor } from './succession.ts'

export interface BrowserHostOptions {
  /** The build: hosts of different builds make way for each other, newest started first. */
  readonly build: string
  /** Where the databases are, so that tests and benches can have their own. */
  readonly databaseName?: string
}

/** Ports may be served before the host has opened: their first call waits. */
export interface BrowserHost {
  serve(port: Comlink.Endpoint): void
}

const SWEEP_AFTER_MS = 60_000
/** A host may live for weeks, and sealing leaves blobs behind. */
const SWEEP_EVERY_MS = 3_600_000
const CLOSE_AFTER_MS = 100

export function startBrowserHost(options: BrowserHostOptions): BrowserHost {
  const opening = openHost(options)
  opening.catch((error: unknown) => {
    console.error('Runnel: the store could not be opened.', error)
    // Whoever waits has heard; a page that tries again gets a fresh worker, and the lock is free for it.
    setTimeout(() => self.close(), CLOSE_AFTER_MS)
  })
  const door: LiveDoor = {
    alive: () => Promise.resolve(),
    open: async (role, pageLock, onEvent) => {
      try {
        return await (await opening).door.open(role, pageLock, onEvent)
      } catch (error) {
        return throwWire(errorToWire(error))
      }
    }
  }
  return { serve: (port) => Comlink.expose(door, port) }
}

async function openHost({ build, databaseName = 'runnel' }: BrowserHostOptions): Promise<LiveHost> {
  const epoch = crypto.randomUUID()
  // Compiling needs no lock, so it need not wait for one.
  const compiling = initSqlJs({ locateFile: () => wasmUrl })
  const succession = await makeWayFor(build, STORE_LOCK)
  // From here on this host is the one that answers: the service worker is told that somebody is there, and what it asks waits.
  const api = Promise.withResolvers<FetchApi>()
  const stopServing = serveEnvelopes(new BroadcastChannel(storeChannelName), async (request) =>
    (await api.promise)(request)
  )

  await beginFreshLog(`${databaseName}-scratch`)
  const blobsHere = await IndexedDbBlobs.open(`${databaseName}-blobs`, systemClock, startAfresh)
  const blobs = new FetchingBlobs(blobsHere)
  const { log, engine } = await CommitLog.open(databaseName, await compiling, epoch, startAfresh)
  const journal = new SavedJournal(log)
  const store = await Store.open({ engine, journal, blobs, blobsHere })
  const checkpointer = keepCheckpoints(store, log)
  // Sealed points leave the image, so the next one is worth writing.
  const sealer = new Sealer(store, () => checkpointer.onCommit())
  await applyStoredDurability(store, log)

  const app = createApi(store, { version: packageJson.version })
  const fetchApi: FetchApi = async (request) => app.fetch(request)
  api.resolve(fetchApi)
  const sharing = new StoreSharing({ store, blobs, origin: self.location.origin, ownHost: findOwnHost })
  const SQL = await compiling
  const openDatabase = (image: Uint8Array) => new SqlJsEngine(SQL, image)
  const live = new LiveHost({
    store,
    sharing,
    files: new FileWork({ store, version: packageJson.version, openDatabase }),
    info: { epoch, version: packageJson.version },
    ownOrigin: self.location.origin,
    attachNotebook: (port, { origin, session, writer }) =>
      Promise.resolve(
        // A session's name is its origin's own: two notebooks that choose the same word must not trim each other's operations.
        attachNotebook({ store, api: fetchApi, port, epoch, origin, session: `${origin} ${session}`, writer })
      ),
    sizes: () => ({ databaseBytes: store.size(), logBytes: log.bytes }),
    applyDurability: (durability) => log.setDurability(durability),
    giveRoomBack: () => checkpointer.now(),
    whenFree: (lock) => navigator.locks.request(lock, () => undefined)
  })
  journal.onState = (state, message) => live.setSaveState(state, message)

  succession.onSuccessor(async () => {
    stopServing()
    live.retire()
    await sealer.close()
    await log.close()
    blobsHere.close()
    // A page of this build that comes later must not find a worker without its database: it starts a new one.
    setTimeout(() => self.close(), CLOSE_AFTER_MS)
  })
  setTimeout(() => void tidy(store), SWEEP_AFTER_MS)
  setInterval(() => void tidy(store), SWEEP_EVERY_MS)
  return live
}

/** What serves these pages may be a host that keeps a store. */
async function findOwnHost(): Promise<{ readonly needsToken: boolean } | null> {
  try {
    const answer = await fetch(HOST_INFO_PATH, { cache: 'no-store' })
    const info = answer.ok ? readHostInfo(await answer.text()) : null
    return info === null ? null : { needsToken: info.token }
  } catch {
    return null
  }
}

/** Without its databases a host is no use: its lock goes with it, and every page connects to a new one, on whatever is there then. */
const startAfresh = (): void => self.close()

type FetchApi = (request: Request) => Promise<Response>

function attachNotebook(options: Omit<NotebookSessionOptions, 'onClose'>): NotebookConnection {
  const { promise: closed, resolve } = Promise.withResolvers<void>()
  const session = createNotebookSession({ ...options, onClose: resolve })
  return { close: (reason) => session.close(reason), closed }
}

function keepCheckpoints(store: Store, log: CommitLog): Checkpointer {
  const checkpointer = new Checkpointer({
    logBytes: () => log.bytes,
    databaseBytes: () => store.size(),
    checkpoint: () => log.checkpoint((take) => store.exclusive(take))
  })
  store.changes.subscribe(() => checkpointer.onCommit())
  // A long log may have been left by a host that died.
  checkpointer.onCommit()
  return checkpointer
}

async function applyStoredDurability(store: Store, log: CommitLog): Promise<void> {
  const durability = await store.read((r) => readSetting(r, DURABILITY_SETTING))
  if (isDurability(durability)) log.setDurability(durability)
}

/** What nobody waits for: old marks and blobs without a reference. A failure costs only room, until the next time. */
async function tidy(store: Store): Promise<void> {
  try {
    await store.write((tx) => forgetOldSessions(tx))
    await store.sweepBlobs()
  } catch (error) {
    console.warn('Runnel: tidying up was put off.', error)
  }
}
