/**
 * The durable store of a Node host: node:sqlite on a file, one process per file.
 *
 *   resolve links ─► is it ours? ─► lock ─► log, engine ─► recover, migrate ─► checkpoints in a thread
 */
import type { RunnelError } from '#lib/domain/errors.ts'
import { systemClock, type Clock } from '#lib/domain/time.ts'
import type { BlobStore } from '#lib/store/blobs.ts'
import type { SaveState } from '#lib/store/journal.ts'
import { SavedJournal } from '#lib/store/saved-journal.ts'
import { Sealer } from '#lib/store/sealer.ts'
import { Store, type StoreParts } from '#lib/store/store.ts'
import { fileFailure } from '../files/file-failure.ts'
import { holdLock, refuseIfHeldHere, type HeldLock } from './folder-lock.ts'
import { checkStoreFile, resolveStoreFile } from './store-file.ts'
import { WalCheckpointer } from './wal-checkpointer.ts'
import { WalJournal } from './wal-journal.ts'

export interface NodeStoreOptions extends Pick<StoreParts, 'artifactRoot' | 'localArtifacts'> {
  /** Made, with its folder, when it is not there. */
  readonly databaseFile: string
  readonly blobs: BlobStore
  readonly clock?: Clock
  /**
   * The disk no longer keeps what it is told: nothing more is written, and every call fails. What was acknowledged is safe. The host is
   * to close the store, say why, and end itself; the next start goes by what the file holds. Called once.
   */
  readonly onFailure: (error: RunnelError) => void
}

export interface NodeStore {
  readonly store: Store
  /** Who hears whether everything logged so far is safe; the doors open only after the store. */
  onSaveState: (state: SaveState, message: string | null) => void
  /** Tell whoever is refused this store where its host answers. */
  announce: (address: string) => void
  /** Waits for what is on its way, writes everything into the one database file, and lets go of it. Asked again, the same close. */
  close: () => Promise<void>
}

/**
 * Open, or make, the store of a database file.
 *
 * fails  with a RunnelError that says what to do, writing nothing: when another process has the file open, the folder cannot be
 *        written, or the file is not a store of this or an older Runnel
 */
export async function openNodeStore(options: NodeStoreOptions): Promise<NodeStore> {
  const file = resolveStoreFile(options.databaseFile)
  refuseIfHeldHere(file)
  checkStoreFile(file)
  const lock = holdLock(file)
  try {
    return await openHeld(file, lock, options)
  } catch (error) {
    lock.release()
    throw fileFailure(error)
  }
}

async function openHeld(databaseFile: string, lock: HeldLock, options: NodeStoreOptions): Promise<NodeStore> {
  const { onFailure } = options
  let checkpointer: WalCheckpointer | null = null
  const wal = await WalJournal.open(databaseFile, { onFailure, onCommit: (pages) => checkpointer?.onCommit(pages) })
  const journal = new SavedJournal(wal)
  let store: Store
  try {
    store = await Store.open({ clock: systemClock, ...options, engine: wal.engine, journal })
  } catch (error) {
    await wal.close()
    throw error
  }
  checkpointer = new WalCheckpointer({
    databaseFile,
    exclusive: async (work) => await store.exclusive(() => work()),
    onFailure: (cause) => wal.fail(cause)
  })
  const sealer = new Sealer(store)
  const close = async (): Promise<void> => {
    await sealer.close()
    await checkpointer.close()
    try {
      // Under the lock, so that nothing comes between the last sync and the end. A store that has failed has no lock to give.
      await store.exclusive(() => wal.close()).catch(() => wal.close())
    } finally {
      lock.release()
    }
  }
  let closing: Promise<void> | null = null
  return {
    store,
    get onSaveState() {
      return journal.onState
    },
    set onSaveState(listener) {
      journal.onState = listener
    },
    announce: (address) => lock.announce(address),
    close: () => (closing ??= close())
  }
}
