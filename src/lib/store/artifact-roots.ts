/**
 * The artifacts of a run or a model, wherever its root is: in this store, or in the folder of this host's disk that clients write to
 * themselves. What every door asks; paths have been through parseArtifactPath.
 */
import { artifactRootPath, parseArtifactPath, type ArtifactEntry } from '#lib/domain/artifact.ts'
import { RunnelError } from '#lib/domain/errors.ts'
import { isRunId, type RunId } from '#lib/domain/ids.ts'
import type { EpochMs } from '#lib/domain/time.ts'
import { findArtifact, listArtifacts, putArtifact } from './artifacts.ts'
import type { ByteSource } from './blobs.ts'
import type { Store } from './store.ts'

/** A file that can be read. */
export interface OpenArtifact {
  /** Read lazily, by its own methods. */
  readonly blob: Blob
  /** What was said when it was logged; null for a file a client wrote to disk. */
  readonly mediaType: string | null
  readonly modifiedTime: EpochMs
  /** Another one when the bytes are other ones. */
  readonly version: string
}

/** Nothing of it is for inside a transaction: the disk may be slow. */
type ReadSide = Pick<Store, 'read' | 'localArtifacts'>

/**
 * What stands directly in a folder, with paths relative to the artifact root. Empty for a file or nothing.
 * Fails with NOT_IMPLEMENTED when the root is somewhere else; so do the others.
 */
export async function listBelowRoot(store: ReadSide, artifactUri: string, path: string): Promise<ArtifactEntry[]> {
  if (store.localArtifacts?.serves(artifactUri)) return store.localArtifacts.list(artifactUri, path)
  const root = storedRoot(artifactUri)
  const entries = await store.read((r) => listArtifacts(r, below(root, path)))
  return root === '' ? entries : entries.map((entry) => ({ ...entry, path: entry.path.slice(root.length + 1) }))
}

/** Null when there is no such file. */
export async function openBelowRoot(
  store: ReadSide & Pick<Store, 'blobs'>,
  artifactUri: string,
  path: string
): Promise<OpenArtifact | null> {
  if (!store.localArtifacts?.serves(artifactUri)) return openStored(store, below(storedRoot(artifactUri), path))
  const file = await store.localArtifacts.open(artifactUri, path)
  if (!file) return null
  const version = `${file.blob.size.toString(16)}-${file.modifiedTime.toString(16)}`
  return { ...file, mediaType: null, version }
}

/** A file of this store by its whole path. The row is read in a transaction, the bytes after it: they are immutable, and may be many. */
export async function openStored(store: Pick<Store, 'read' | 'blobs'>, path: string): Promise<OpenArtifact | null> {
  const file = await store.read((r) => findArtifact(r, path))
  // Null too when it was written again or deleted between the two reads, with its old bytes swept.
  const blob = file && (await store.blobs.get(file.blobId))
  return blob && { blob, mediaType: file.mediaType, modifiedTime: file.createdTime, version: file.blobId }
}

/** Bytes first, then the row that refers to them: what a path names is always durable. */
export async function putBelowRoot(
  store: Store,
  artifactUri: string,
  file: { readonly path: string; readonly mediaType: string; readonly source: ByteSource },
  origin?: string
): Promise<void> {
  const { path, mediaType, source } = file
  if (store.localArtifacts?.serves(artifactUri)) {
    await store.localArtifacts.put(artifactUri, path, source)
    // No row changes with it, but pages may be looking at the folder.
    store.changes.announce({
      origin: origin ?? null,
      experiments: new Set(),
      runs: runsNamedIn(artifactUri),
      models: new Set(),
      registered: new Set(),
      kinds: new Set(['artifact'])
    })
    return
  }
  return putStored(store, { path: below(storedRoot(artifactUri), path), mediaType, source }, origin)
}

/** The same by the whole path below this store's artifact root. */
export async function putStored(
  store: Store,
  file: { readonly path: string; readonly mediaType: string; readonly source: ByteSource },
  origin?: string
): Promise<void> {
  const { path, mediaType, source } = file
  const { blobId, size } = await store.blobs.put(source)
  await store.write((tx) => putArtifact(tx, { path, blobId, size, mediaType, createdTime: tx.now }), origin)
}

/** A root elsewhere is never read, whatever the client could do there: its credentials are not ours. */
function storedRoot(artifactUri: string): string {
  const root = artifactRootPath(artifactUri)
  if (root === null)
    throw new RunnelError('NOT_IMPLEMENTED', `These artifacts are at ${artifactUri}, which this store does not serve.`)
  return parseArtifactPath(root, { allowRoot: true })
}

const below = (root: string, path: string): string => (root === '' ? path : path === '' ? root : `${root}/${path}`)

const runsNamedIn = (artifactUri: string): ReadonlySet<RunId> => new Set(artifactUri.split('/').filter(isRunId))
