/** Opening the store of a place, from a host and from the command line alike: never twice at once, its lock sees to that. */
import { randomUUID } from 'node:crypto'
import { existsSync } from 'node:fs'
import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { RunnelError, assert } from '#lib/domain/errors.ts'
import { systemClock } from '#lib/domain/time.ts'
import { readSetting, writeSetting } from '#lib/store/settings.ts'
import type { Store } from '#lib/store/store.ts'
import type { StorePlace } from '../config.ts'
import { codeOf, fileFailure, isAbsent } from '../files/file-failure.ts'
import { FolderBlobs } from '../files/folder-blobs.ts'
import { LocalFolder } from '../files/local-artifacts.ts'
import { openNodeStore, type NodeStore } from './open-store.ts'

/**
 * Open, or make, the store of a place.
 *
 * onFailure  hears, once, that the disk keeps nothing any more: close the store then, and end
 * fails      with a RunnelError that says what to do when it cannot be opened: another process has it, it is of a newer version, ...
 */
export const openStore = async (
  { databaseFile, artifactFolder, artifactRoot }: StorePlace,
  onFailure: (reason: string) => void
): Promise<NodeStore> => {
  const owner = await readOwner(artifactFolder)
  if (owner !== null && !existsSync(databaseFile)) throw ownedElsewhere(artifactFolder)
  await makeFolder(artifactFolder)
  const root = artifactRoot === null ? null : await LocalFolder.open(artifactRoot)
  const blobs = await FolderBlobs.open(artifactFolder, systemClock)
  const opened = await openNodeStore({
    databaseFile,
    blobs,
    ...(root !== null && { artifactRoot: root.uri, localArtifacts: root }),
    onFailure: ({ message }) => onFailure(message)
  })
  try {
    await claimFolder(opened.store, artifactFolder, owner)
    return opened
  } catch (error) {
    await opened.close()
    throw error
  }
}

const NOT_OURS_TO_MAKE = ['EACCES', 'EPERM', 'EROFS', 'EEXIST', 'ENOTDIR', 'ENOENT']

/** Whoever starts a host named this path, and is told it; the answers of a host name none. */
const makeFolder = async (folder: string): Promise<void> => {
  try {
    await mkdir(folder, { recursive: true })
  } catch (cause) {
    const code = codeOf(cause)
    if (!NOT_OURS_TO_MAKE.includes(code)) throw fileFailure(cause)
    const sentence = `Runnel cannot make the folder ${folder} (${code}). Give this user the right to, or choose another folder.`
    throw new RunnelError('PERMISSION_DENIED', sentence, { cause })
  }
}

/** Names the store whose blobs are in a folder. */
const OWNER_FILE = 'store-id'
const OWNER_SETTING = 'host.store-id'

/** The id of a store that `openStore` has opened: the same wherever it is moved or copied. */
export const storeId = async (store: Pick<Store, 'read'>): Promise<string> => {
  const id = await store.read((r) => readSetting(r, OWNER_SETTING))
  assert(id !== null, 'a store that was opened has an id')
  return id
}

/**
 * A folder of blobs is one store's alone: of two, each would sweep away what only the other refers to. The store's own id, in both places,
 * stays true when either is moved or copied.
 */
const claimFolder = async (store: Store, folder: string, owner: string | null): Promise<void> => {
  const known = await store.read((r) => readSetting(r, OWNER_SETTING))
  if (owner !== null) {
    if (known !== owner) throw ownedElsewhere(folder)
    return
  }
  const id = known ?? randomUUID()
  if (known === null) await store.write((tx) => writeSetting(tx, OWNER_SETTING, id))
  await writeFile(join(folder, OWNER_FILE), id).catch((cause: unknown) => {
    throw fileFailure(cause)
  })
}

const readOwner = async (folder: string): Promise<string | null> => {
  try {
    // Empty: a host died over it.
    return (await readFile(join(folder, OWNER_FILE), 'utf8')).trim() || null
  } catch (cause) {
    if (isAbsent(cause)) return null
    throw fileFailure(cause)
  }
}

const ownedElsewhere = (folder: string): RunnelError =>
  new RunnelError(
    'INVALID_STATE',
    `The artifacts in ${folder} belong to another database. Choose another folder with --artifacts-destination, or that database.`
  )
