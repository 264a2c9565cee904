import { chunksInView, drawChunks, isFineEnough, type DrawnPiece, type SeriesView } from '#lib/domain/draw-chunks.ts'
import type { Drawn } from '#lib/domain/downsample.ts'
import type { RunId } from '#lib/domain/ids.ts'
import { concatSeries, type Series } from '#lib/domain/series.ts'
import { pointsOfChunks, withSeries, type StoredSeries } from '#lib/store/histories.ts'
import { chunkPoints, type StoredChunk } from '#lib/store/series-chunks.ts'
import type { Store } from '#lib/store/store.ts'

/** Whole series kept for charts that need every point: bytes. */
const KEPT_BYTES = 32 * 1024 * 1024
const POINT_BYTES = 24
const NO_POINTS = concatSeries([])

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
    return (
      (await withSeries(store, runId, key, (stored) => this.#points(store, `${runId}/${key}`, stored))) ?? NO_POINTS
    )
  }

  /** A series as a chart of `buckets` pixels shows it: from envelopes where points are closer than pixels, so that few chunks are opened. */
  async drawn(store: Store, runId: RunId, key: string, view: SeriesView): Promise<Drawn> {
    const drawn = await withSeries(store, runId, key, async ({ chunks }) => {
      const pieces = chunksInView(chunks, view).map(({ chunk, whole }) => pieceOf(store, chunks, view, chunk, whole))
      return drawChunks(await Promise.all(pieces), chunks, view)
    })
    return drawn ?? drawChunks([], [], view)
  }

  async #points(store: Store, name: string, stored: StoredSeries): Promise<Series> {
    const version = versionOf(stored)
    const known = this.#series.get(name)
    const points = known?.version === version ? known.points : await pointsOfChunks(store.chunks, stored.chunks)
    this.#forget(name)
    this.#keep(name, version, points)
    return points
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

/** A chunk's envelope where that is enough to draw it; else its points. */
async function pieceOf(
  { chunks: loader }: Store,
  chunks: readonly StoredChunk[],
  view: SeriesView,
  chunk: StoredChunk,
  whole: boolean
): Promise<DrawnPiece> {
  const envelope = whole && 'sealed' in chunk.place ? await loader.envelope(chunk.place.sealed) : null
  if (envelope && isFineEnough(envelope, chunks, view)) return { envelope }
  return { points: await chunkPoints(loader, chunk) }
}

/** Changes whenever a point comes; a series that was deleted and made anew has another latest point or another number. */
const versionOf = ({ series, summary: { count, last } }: StoredSeries): string =>
  [series, count, last.step, last.timestamp, last.value].join('/')
