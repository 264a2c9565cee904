import type { BlobId } from '#lib/domain/ids.ts'
import type { EpochMs } from '#lib/domain/time.ts'

/**
 * Where bytes are kept, addressed by SHA-256. A blob is immutable; the same bytes are kept once.
 *
 * Who writes puts the blob first and refers to it in SQL after, so a blob without a reference may be one whose reference is on its way.
 * That is why blobs are let go by age: `put` makes a blob young again even when its bytes were there, and `delete` spares young ones.
 */
export interface BlobStore {
  /** Resolves when the bytes are durable. Rejects with RESOURCE_EXHAUSTED when there is no room. */
  put(bytes: Blob): Promise<{ readonly blobId: BlobId; readonly size: number }>
  /** Read lazily: slicing the Blob reads only the slice. Null when absent. */
  get(id: BlobId): Promise<Blob | null>
  /** Blobs last put before `time`. */
  olderThan(time: EpochMs): Promise<BlobId[]>
  /** Delete those of `ids` still last put before `time`. Returns the bytes freed. */
  delete(ids: readonly BlobId[], time: EpochMs): Promise<number>
}

/** How long a blob may wait for the row that refers to it. */
export const BLOB_GRACE_MS = 10 * 60 * 1000
