import {
  chunksInView,
  drawChunks,
  isFineEnough,
  rangeOnAxis,
  type DrawnPiece,
  type SeriesView
} from '#lib/domain/draw-chunks.ts'
import type { Drawn } from '#lib/domain/downsample.ts'
import type { RunId } from '#lib/domain/ids.ts'
import { concatSeries, type Series } from '#lib/domain/series.ts'
import { pointsOfChunks, withSeries, type StoredSeries } from '#lib/store/histories.ts'
import type { SealedAt } from '#lib/store/chunk-loader.ts'
import { chunkPoints, type StoredChunk } from '#lib/store/series-chunks.ts'
import type { Store } from '#lib/store/store.ts'

/** Whole series kept for charts that need every point: bytes. */
const KEPT_BYTES = 32 * 1024 * 1024
const POINT_BYTES = 24
const BETWEEN_CHUNKS_MS = 1
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

  /**
   * A series as a chart of `buckets` pixels shows it: from envelopes where points are closer than pixels, so that few chunks are opened.
   *
   * known  where series lie, by run, as far as no commit touched them: taken from there, and left there
   */
  async drawn(
    store: Store,
    runId: RunId,
    key: string,
    view: SeriesView,
    known: Map<RunId, StoredSeries>
  ): Promise<Drawn> {
    const draw = async (stored: StoredSeries): Promise<Drawn> => {
      const { chunks } = stored
      const pieces = chunksInView(chunks, view).map(({ chunk, whole }) => pieceOf(store, chunks, view, chunk, whole))
      const drawn = drawChunks(await Promise.all(pieces), chunks, view)
      known.set(runId, stored)
      return drawn
    }
    return (await withSeries(store, runId, key, draw, known.get(runId))) ?? drawChunks([], [], view)
  }

  /** Have ready what the charts of a run begin with: it is asked for as soon as its page is laid out. Never fails. */
  async warm(store: Store, runId: RunId, keys: readonly string[]): Promise<void> {
    const envelopes = ({ chunks }: StoredSeries): Promise<unknown> =>
      Promise.all(chunks.flatMap(({ place }) => ('sealed' in place ? store.chunks.envelope(place.sealed) : [])))
    // What is gone or damaged is said when it is asked for.
    await Promise.allSettled(keys.map((key) => withSeries(store, runId, key, envelopes)))
  }

  /**
   * Have ready what zooms into these charts take their points from, a chunk at a time and the same part of each chart after the other, as long
   * as it is wanted and there is room. Never fails.
   */
  async openAhead(store: Store, runId: RunId, keys: readonly string[], isWanted: () => boolean): Promise<void> {
    const sealed = ({ chunks }: StoredSeries): Promise<SealedAt[]> =>
      Promise.resolve(chunks.flatMap(({ place }) => ('sealed' in place ? place.sealed : [])))
    const charts = await Promise.all(keys.map((key) => withSeries(store, runId, key, sealed).catch(() => null)))
    const most = Math.max(0, ...charts.map((chunks) => chunks?.length ?? 0))
    for (let part = 0; part < most; part++)
      for (const chunks of charts) {
        const at = chunks?.[part]
        if (at === undefined) continue
        // What is gone or damaged is said when it is asked for.
        if (!isWanted() || !(await store.chunks.openAhead(at).catch(() => true))) return
        // Each takes milliseconds: whoever waits for an answer goes first.
        await new Promise((resolve) => setTimeout(resolve, BETWEEN_CHUNKS_MS))
      }
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
  const within = rangeOnAxis(view)
  if (within === null || !('sealed' in chunk.place)) return { points: await chunkPoints(loader, chunk) }
  return { points: await loader.pointsBetween(chunk.place.sealed, within.axis, within.low, within.high) }
}

/** Changes whenever a point comes; a series that was deleted and made anew has another latest point or another number. */
const versionOf = ({ series, summary: { count, last } }: StoredSeries): string =>
  [series, count, last.step, last.timestamp, last.value].join('/')
