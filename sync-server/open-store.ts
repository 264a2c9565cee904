/**
 * The durable store of a Node host: node:sqlite on a file, one process per file.
 */
import type { RunnelError } from '#lib/domain/errors.ts'
import { systemClock, type Clock } from '#lib/domain/time.ts'
import type { BlobStore } from '#lib/store/blobs.ts'
import type { SqlEngine } from '#lib/store/engine.ts'
import type { Journal, SaveState } from '#lib/store/journal.ts'
import { SavedJournal } from '#lib/store/saved-journal.ts'
import { Store } from '#lib/store/store.ts'
import { NodeSqliteEngine } from './node-sqlite-engine.ts'

export interface NodeStoreOptions {
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
  announce(address: string): void
  /** Waits for what is on its way, writes everything into the one database file, and lets go of it. */
  close(): Promise<void>
}

/**
 * Open, or make, the store of a database file.
 *
 * fails  with a RunnelError that says what to do, writing nothing: when another process has the file open, the folder cannot be
 *        written, or the file is not a store of this or an older Runnel
 */
export async function openNodeStore({
  databaseFile,
  blobs,
  clock = systemClock
}: NodeStoreOptions): Promise<NodeStore> {
  const engine = new NodeSqliteEngine(databaseFile)
  const journal = new SavedJournal(new CommitIsDurable())
  const store = await Store.open({ engine, journal, blobs, clock })
  return {
    store,
    get onSaveState() {
      return journal.onState
    },
    set onSaveState(listener) {
      journal.onState = listener
    },
    announce: () => undefined,
    close: () => store.exclusive((open) => open.close())
  }
}

class CommitIsDurable implements Journal {
  append(): Promise<void> {
    return Promise.resolve()
  }

  recover(): Promise<SqlEngine> {
    return Promise.reject(new Error('not reached'))
  }
}
