import type { ArtifactEntry } from '#lib/domain/artifact.ts'
import type { EpochMs } from '#lib/domain/time.ts'
import type { ByteSource } from './blobs.ts'

export interface LocalFile {
  /** Read lazily; it fails when the file changes before it is read. */
  readonly blob: Blob
  readonly modifiedTime: EpochMs
}

/**
 * A folder of the host's disk that clients write artifacts into by themselves: `--default-artifact-root file:///…`.
 *
 * A URI is a run's or model's artifact root; paths are relative to it and have been through parseArtifactPath. Whatever stands outside
 * the folder, by whichever symlink it is reached, is as if it were not there. Disk failures are RunnelErrors that name no path.
 */
export interface LocalArtifacts {
  /** Whether a URI lies in the folder. By its text alone: whether it leads out again is seen when it is read. */
  serves(artifactUri: string): boolean
  /** Direct children by binary text order, with paths relative to the root. Empty for a file or nothing. */
  list(artifactUri: string, path: string): Promise<ArtifactEntry[]>
  /** Null when there is no file. */
  open(artifactUri: string, path: string): Promise<LocalFile | null>
  /**
   * Write a file, making its folders; an older one is replaced at once and whole.
   *
   * fails  INVALID_PARAMETER_VALUE when the path leads out of the folder, through a file, or to a folder; else as `BlobStore.put` does
   */
  put(artifactUri: string, path: string, source: ByteSource): Promise<void>
  /** Remove a root with all that stands in it: what is purged. Nothing there is fine. */
  remove(artifactUri: string): Promise<void>
}
