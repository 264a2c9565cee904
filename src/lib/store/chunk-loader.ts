import { openChunk, openEnvelope } from '#lib/domain/chunk/chunk.ts'
import { nodesOf, type ChunkEnvelope } from '#lib/domain/chunk/envelope.ts'
import { RunnelError } from '#lib/domain/errors.ts'
import type { BlobId } from '#lib/domain/ids.ts'
import { SERIES } from '#lib/domain/limits.ts'
import type { Series } from '#lib/domain/series.ts'
import type { BlobStore } from './blobs.ts'

/** Numbers of a node, unpacked. */
const ENVELOPE_NODE_BYTES = 150

/** Where a sealed chunk lies: `length` bytes of a blob from `offset`, of which the first `envelopeLength` hold its envelope. */
export interface SealedAt {
  readonly blobId: BlobId
  readonly offset: number
  readonly length: number
  readonly envelopeLength: number
}

/**
 * Sealed chunks, read and unpacked; the last used are kept. A blob never changes, so what is kept is never wrong.
 * Fails with INTERNAL_ERROR when the bytes are gone or damaged.
 */
export class ChunkLoader {
  readonly #blobs: BlobStore
  readonly #points = new Kept<Series>(SERIES.keptChunkBytes, (series) => series.values.byteLength * 3)
  readonly #envelopes = new Kept<ChunkEnvelope>(
    SERIES.keptEnvelopeBytes,
    ({ points }) => nodesOf(points) * ENVELOPE_NODE_BYTES
  )

  constructor(blobs: BlobStore) {
    this.#blobs = blobs
  }

  /** The arrays are shared: nobody changes them. */
  points(at: SealedAt): Promise<Series> {
    return this.#points.get(nameOf(at), async () => openChunk(await this.#bytes(at, at.length)))
  }

  envelope(at: SealedAt): Promise<ChunkEnvelope> {
    return this.#envelopes.get(nameOf(at), async () => openEnvelope(await this.#bytes(at, at.envelopeLength)))
  }

  async #bytes({ blobId, offset }: SealedAt, length: number): Promise<Uint8Array<ArrayBuffer>> {
    const blob = await this.#blobs.get(blobId)
    const bytes = await blob?.slice(offset, offset + length).arrayBuffer()
    if (bytes?.byteLength !== length)
      throw new RunnelError('INTERNAL_ERROR', 'A part of a metric history is missing from this store.')
    return new Uint8Array(bytes)
  }
}

const nameOf = ({ blobId, offset }: SealedAt): string => `${blobId}/${offset}`

/** Values by name, the last used ones, up to about so many bytes. Who asks for one that is on its way waits for the same. */
class Kept<T> {
  readonly #most: number
  readonly #bytesOf: (value: T) => number
  readonly #values = new Map<string, T>()
  readonly #coming = new Map<string, Promise<T>>()
  #bytes = 0

  constructor(most: number, bytesOf: (value: T) => number) {
    this.#most = most
    this.#bytesOf = bytesOf
  }

  async get(name: string, load: () => Promise<T>): Promise<T> {
    const known = this.#values.get(name)
    if (known === undefined) return this.#coming.get(name) ?? this.#load(name, load)
    this.#values.delete(name)
    this.#values.set(name, known)
    return known
  }

  async #load(name: string, load: () => Promise<T>): Promise<T> {
    const coming = load()
    this.#coming.set(name, coming)
    try {
      const value = await coming
      this.#keep(name, value)
      return value
    } finally {
      this.#coming.delete(name)
    }
  }

  #keep(name: string, value: T): void {
    this.#values.set(name, value)
    this.#bytes += this.#bytesOf(value)
    for (const [oldest, old] of this.#values) {
      if (this.#bytes <= this.#most || oldest === name) return
      this.#values.delete(oldest)
      this.#bytes -= this.#bytesOf(old)
    }
  }
}
