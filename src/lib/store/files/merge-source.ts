import type { FiledExperiment } from '#lib/domain/files/manifest.ts'
import type { BlobId } from '#lib/domain/ids.ts'
import type { SharedId } from '#lib/domain/sync/subject.ts'
import type { ByteStream } from '../blobs.ts'
import type { Incoming } from '../sync/merge.ts'

/** What experiments are merged from: a file of them, or another store. */
export interface MergeSource {
  readonly experiments: readonly FiledExperiment[]
  /** All that is said of an experiment, whole subjects at a time. Can be read again. Fails with DATA_LOSS where it cannot be read. */
  records(id: SharedId): AsyncIterable<readonly Incoming[]>
  /** The same of the model registry; null where there is none in it. */
  readonly registry: (() => AsyncIterable<readonly Incoming[]>) | null
  /** Null when it is not in it. */
  blob(id: BlobId): FiledBlob | null
}

export interface FiledBlob {
  /** As it claims. */
  readonly size: number
  /** Fails as it is read: with DATA_LOSS, or when it is longer than `mostBytes`. */
  open(mostBytes: number): ByteStream
}
