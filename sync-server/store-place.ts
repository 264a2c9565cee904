/** Opening the store of a place, from a host and from the command line alike: never twice at once, its locks see to that. */
import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { systemClock } from '#lib/domain/time.ts'
import type { StorePlace } from './config.ts'
import { FolderBlobs } from './folder-blobs.ts'
import { fileFailure } from './file-failure.ts'
import { holdLock, type HeldLock } from './folder-lock.ts'
import { openNodeStore, type NodeStore } from './open-store.ts'

interface OpenOptions {
  /** Where new experiments keep artifacts instead of in the store: a `file:` URI. */
  readonly artifactRoot: string | null
  /** Hears, once, that the disk keeps nothing any more: close the store then, and end. */
  readonly onFailure: (reason: string) => void
}

/**
 * Open, or make, the store of a place.
 *
 * fails  with a RunnelError that says what to do when it cannot be opened: another process has it, it is of a newer version, ...
 */
export const openStore = async (
  { databaseFile, artifactFolder }: StorePlace,
  { artifactRoot, onFailure }: OpenOptions
): Promise<NodeStore> => {
  await mkdir(artifactFolder, { recursive: true }).catch((cause: unknown) => {
    throw fileFailure(cause)
  })
  // Before the folder is opened: that removes what was on its way in, and another host's uploads are not ours to break off.
  const lock = holdLock(join(artifactFolder, 'blobs'))
  try {
    const blobs = await FolderBlobs.open(artifactFolder, systemClock)
    const opened = await openNodeStore({
      databaseFile,
      blobs,
      ...(artifactRoot !== null && { artifactRoot }),
      onFailure: ({ message }) => onFailure(message)
    })
    return withLock(opened, lock)
  } catch (error) {
    lock.release()
    throw error
  }
}

const withLock = (opened: NodeStore, lock: HeldLock): NodeStore => {
  let closing: Promise<void> | null = null
  return {
    store: opened.store,
    get onSaveState() {
      return opened.onSaveState
    },
    set onSaveState(listener) {
      opened.onSaveState = listener
    },
    announce: (address) => {
      opened.announce(address)
      lock.announce(address)
    },
    close: () => (closing ??= opened.close().finally(() => lock.release()))
  }
}
