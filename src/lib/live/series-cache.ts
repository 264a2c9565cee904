import { chunksInView, drawChunks, isFineEnough, type DrawnPiece, type SeriesView } from '#lib/domain/draw-chunks.ts'
import type { Drawn } from '#lib/domain/downsample.ts'
import type { RunId } from '#lib/domain/ids.ts'
import type { Series } from '#lib/domain/series.ts'
import { findSeries, pointsOfChunks, type StoredSeries } from '#lib/store/histories.ts'
import { chunkPoints, type StoredChunk } from '#lib/store/series-chunks.ts'
import type { Store } from '#lib/store/store.ts'

/** Whole series kept for charts that need every point: bytes. */
const KEPT_BYTES = 32 * 1024 * 1024
const POINT_BYTES = 24

/** The points of series that charts look at. Asked outside the store's lock; fails as ChunkLoader does. */
export class SeriesCache {
  readonly #series = new Map<string, { readonly version: string; readonly points: Series }>()
  #bytes = 0

  clear(): void {
    this.#series.clear()
    this.#bytes = 0
  }

  /** Points in order (`series-order.ts`). The arrays are shared: change nothing. */
  async points(store: Store, runId: RunId, key: string): Promise<Series> {
    const stored = await store.read((r) => findSeries(r, runId, key))
    if (stored === null) return pointsOfChunks(store.chunks, [])
    const name = `${runId}/${key}`
    const version = versionOf(stored)
    const known = this.#series.get(name)
    const points = known?.version === version ? known.points : await pointsOfChunks(store.chunks, stored.chunks)
    this.#forget(name)
    this.#keep(name, version, points)
    return points
  }

  /** A series as a chart of `buckets` pixels shows it: from envelopes where points are closer than pixels, so that few chunks are opened. */
  async drawn(store: Store, runId: RunId, key: string, view: SeriesView): Promise<Drawn> {
    const stored = await store.read((r) => findSeries(r, runId, key))
    const chunks = stored?.chunks ?? []
    const pieceOf = async (chunk: StoredChunk, whole: boolean): Promise<DrawnPiece> => {
      const envelope = whole && 'sealed' in chunk.place ? await store.chunks.envelope(chunk.place.sealed) : null
      if (envelope && isFineEnough(envelope, chunks, view)) return { envelope }
      return { points: await chunkPoints(store.chunks, chunk) }
    }
    const pieces = await Promise.all(chunksInView(chunks, view).map(({ chunk, whole }) => pieceOf(chunk, whole)))
    return drawChunks(pieces, chunks, view)
  }

  #forget(name: string): void {
    this.#bytes -= (this.#series.get(name)?.points.values.length ?? 0) * POINT_BYTES
    this.#series.delete(name)
  }

  #keep(name: string, version: string, points: Series): void {
    this.#series.set(name, { version, points })
    this.#bytes += points.values.length * POINT_BYTES
    for (const oldest of this.#series.keys()) {
      if (this.#bytes <= KEPT_BYTES) return
      this.#forget(oldest)
    }
  }
}

/** Changes whenever a point comes; a series that was deleted and made anew has another latest point or another number. */
const versionOf = ({ series, summary: { count, last } }: StoredSeries): string =>
  [series, count, last.step, last.timestamp, last.value].join('/')
