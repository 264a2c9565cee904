import { RunnelError, invalid } from '#lib/domain/errors.ts'
import type { BlobId } from '#lib/domain/ids.ts'
import type { EpochMs } from '#lib/domain/time.ts'

export type ByteStream = ReadableStream<Uint8Array<ArrayBuffer>>
/** Bytes to be kept: there already, or still coming. */
export type ByteSource = Blob | ByteStream

/**
 * Where bytes are kept, addressed by SHA-256. A blob is immutable; the same bytes are kept once.
 *
 * Who writes puts the blob first and refers to it in SQL after, so a blob without a reference may be one whose reference is on its way.
 * That is why blobs are let go by age: `put` makes a blob young again even when its bytes were there, and `delete` spares young ones.
 */
export interface BlobStore {
  /** The largest blob it takes, bytes. */
  readonly maxBytes: number
  /**
   * Resolves when the bytes are durable; when it rejects, nothing of them is left.
   *
   * fails  INVALID_PARAMETER_VALUE past `maxBytes`, RESOURCE_EXHAUSTED when there is no room, BAD_REQUEST when the stream breaks off
   */
  put(source: ByteSource): Promise<{ readonly blobId: BlobId; readonly size: number }>
  /**
   * Read lazily: slicing the Blob reads only the slice. Null when absent. It is read by its own methods and never made a part of another
   * Blob: a host's files are not in its memory.
   */
  get(id: BlobId): Promise<Blob | null>
  /** Blobs last put before `time`. */
  olderThan(time: EpochMs): Promise<BlobId[]>
  /** Delete those of `ids` still last put before `time`. Returns the bytes freed. */
  delete(ids: readonly BlobId[], time: EpochMs): Promise<number>
}

/** How long a blob may wait for the row that refers to it. */
export const BLOB_GRACE_MS = 10 * 60 * 1000

/** A source piece by piece. Whoever stops early wants no more of it: the stream is cancelled. Fails as `BlobStore.put` does. */
export async function* readSource(source: ByteSource, maxBytes: number): AsyncGenerator<Uint8Array<ArrayBuffer>> {
  if (source instanceof Blob && source.size > maxBytes) throw tooLarge(maxBytes)
  const reader = (source instanceof Blob ? source.stream() : source).getReader()
  let size = 0
  try {
    for (;;) {
      const { done, value } = await reader.read().catch(brokeOff)
      if (done) return
      size += value.byteLength
      if (size > maxBytes) throw tooLarge(maxBytes)
      yield value
    }
  } finally {
    // Whether the sender hears of it is its own business.
    reader.cancel().catch(() => undefined)
  }
}

/** A source whole, in memory. Fails as `BlobStore.put` does. */
export async function gather(source: ByteSource, maxBytes: number): Promise<Blob> {
  if (source instanceof Blob && source.size <= maxBytes) return source
  const parts: Uint8Array<ArrayBuffer>[] = []
  for await (const part of readSource(source, maxBytes)) parts.push(part)
  return new Blob(parts)
}

export const tooLarge = (maxBytes: number): RunnelError =>
  invalid(`The body is larger than ${maxBytes} bytes, the most this store takes at once.`)

function brokeOff(cause: unknown): never {
  if (cause instanceof RunnelError) throw cause
  throw new RunnelError('BAD_REQUEST', 'The body broke off before its end, so nothing of it was kept.', { cause })
}
