import { openChunk, openEnvelope } from '#lib/domain/chunk/chunk.ts'
import { nodesOf, type ChunkEnvelope } from '#lib/domain/chunk/envelope.ts'
import { RunnelError } from '#lib/domain/errors.ts'
import type { BlobId } from '#lib/domain/ids.ts'
import { SERIES } from '#lib/domain/limits.ts'
import { compactSeries, openBetween, openCompact, type CompactSeries } from '#lib/domain/compact-series.ts'
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
  readonly #points = new Kept<CompactSeries>(SERIES.keptChunkBytes, ({ bytes }) => bytes)
  readonly #envelopes = new Kept<ChunkEnvelope>(
    SERIES.keptEnvelopeBytes,
    ({ points }) => nodesOf(points) * ENVELOPE_NODE_BYTES
  )
  /** Those asked for last, without their bytes: asking for one again takes a browser longer than reading a chunk of it. */
  readonly #open = new Map<BlobId, Blob>()

  constructor(blobs: BlobStore) {
    this.#blobs = blobs
  }

  async points(at: SealedAt): Promise<Series> {
    return openCompact(await this.#kept(at))
  }

  /** Those a chart of a range can show (`openBetween`). */
  async pointsBetween(at: SealedAt, axis: 'steps' | 'timestamps', low: number, high: number): Promise<Series> {
    return openBetween(await this.#kept(at), axis, low, high)
  }

  /** Open a chunk that may be looked into soon. Returns whether there was room, without half of what is kept being given up for it. */
  async openAhead(at: SealedAt): Promise<boolean> {
    if (this.#points.bytes > SERIES.keptChunkBytes / 2) return false
    await this.#kept(at)
    return true
  }

  envelope(at: SealedAt): Promise<ChunkEnvelope> {
    return this.#envelopes.get(nameOf(at), async () => openEnvelope(await this.#bytes(at, at.envelopeLength)))
  }

  /** Before blobs are deleted: one that somebody has open goes on taking room. */
  closeBlobs(): void {
    this.#open.clear()
  }

  #kept(at: SealedAt): Promise<CompactSeries> {
    return this.#points.get(nameOf(at), async () => compactSeries(await openChunk(await this.#bytes(at, at.length))))
  }

  async #bytes({ blobId, offset }: SealedAt, length: number): Promise<Uint8Array<ArrayBuffer>> {
    const read = (blob: Blob): Promise<ArrayBuffer> => blob.slice(offset, offset + length).arrayBuffer()
    const open = this.#open.get(blobId)
    // What was opened long ago may be readable no more, and be there all the same.
    const bytes = (open && (await read(open).catch(() => null))) ?? (await read(await this.#openBlob(blobId)))
    return bytes.byteLength === length ? new Uint8Array(bytes) : missing()
  }

  async #openBlob(id: BlobId): Promise<Blob> {
    const blob = (await this.#blobs.get(id)) ?? missing()
    this.#open.delete(id)
    this.#open.set(id, blob)
    if (this.#open.size > SERIES.openBlobs) this.#open.delete(this.#open.keys().next().value!)
    return blob
  }
}

const missing = (): never => {
  throw new RunnelError('INTERNAL_ERROR', 'A part of a metric history is missing from this store.')
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

  get bytes(): number {
    return this.#bytes
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
