/**
 * The points of series, read. What is read under the store's lock is rows; sealed chunks are fetched after, so that nobody waits for them.
 * Meanwhile others may take their place, and a sweep their blobs: then the rows are read again.
 */
import type { RunId } from '#lib/domain/ids.ts'
import type { MetricSummary } from '#lib/domain/metric.ts'
import { mergeSeries } from '#lib/domain/series-order.ts'
import { concatSeries, selectPoints, sliceSeries, type Series } from '#lib/domain/series.ts'
import type { ChunkLoader } from './chunk-loader.ts'
import type { Reader } from './database.ts'
import { findHead, headToSummary } from './series-heads.ts'
import { chunkPoints, chunksOf, type StoredChunk } from './series-chunks.ts'
import type { Store } from './store.ts'

/** A series as it lies: what is known of it, and the chunks that hold it, by the time they end at. */
export interface StoredSeries {
  /** Its number in this store. */
  readonly series: number
  readonly summary: MetricSummary
  readonly chunks: readonly StoredChunk[]
}

/** null for an unknown run or key. */
async function findSeries(r: Reader, runId: RunId, key: string): Promise<StoredSeries | null> {
  const head = await findHead(r, runId, key)
  return head && { series: head.series, summary: headToSummary(head), chunks: await chunksOf(r, head.series) }
}

/**
 * What `work` makes of a series as it lies, outside the store's lock; null for an unknown run or key.
 * Fails as `work` does, unless chunks it was given are gone by then: it is called again, with those that took their place.
 *
 * known  the series as it was found before, when no point came since
 */
export async function withSeries<T>(
  store: Store,
  runId: RunId,
  key: string,
  work: (stored: StoredSeries) => Promise<T>,
  known?: StoredSeries
): Promise<T | null> {
  const find = () => store.read((r) => findSeries(r, runId, key))
  let stored = known ?? (await find())
  while (stored !== null) {
    try {
      return await work(stored)
    } catch (error) {
      const now = await find()
      if (now !== null && hasSealedOf(now, stored)) throw error
      stored = now
    }
  }
  return null
}

/** Whether every sealed chunk of `earlier` is a chunk of `now`. */
function hasSealedOf(now: StoredSeries, earlier: StoredSeries): boolean {
  const there = new Set(sealedNames(now))
  return sealedNames(earlier).every((name) => there.has(name))
}

const sealedNames = ({ chunks }: StoredSeries): string[] =>
  chunks.flatMap(({ place }) => ('sealed' in place ? [`${place.sealed.blobId}/${place.sealed.offset}`] : []))

/** All points of some chunks of a series, in order. Fails as ChunkLoader does. */
export async function pointsOfChunks(loader: ChunkLoader, chunks: readonly StoredChunk[]): Promise<Series> {
  return mergeSeries(await Promise.all(chunks.map((chunk) => chunkPoints(loader, chunk))))
}

export interface HistoryWindow {
  /** All when left out. */
  readonly limit?: number
  readonly offset?: number
}

/** A window of a series' points in order. Reads only the chunks it needs, as long as those lie one after the other in time. */
async function windowOf(
  loader: ChunkLoader,
  { chunks }: StoredSeries,
  { limit = Infinity, offset = 0 }: HistoryWindow
): Promise<Series> {
  const parts: Series[] = []
  let at = 0
  for (const group of inSequence(chunks)) {
    const count = group.reduce((sum, chunk) => sum + chunk.count, 0)
    const from = Math.max(0, offset - at)
    const to = Math.min(count, offset + limit - at)
    if (from < to) parts.push(sliceSeries(await pointsOfChunks(loader, group), from, to))
    at += count
    if (at >= offset + limit) break
  }
  return concatSeries(parts)
}

/** Chunks that share a stretch of time together, the groups in order: a history is one group after the other. */
function inSequence(chunks: readonly StoredChunk[]): StoredChunk[][] {
  const groups: StoredChunk[][] = []
  let high = -Infinity
  for (const chunk of chunks.toSorted((a, b) => a.timestampLow - b.timestampLow)) {
    if (chunk.timestampLow > high) groups.push([chunk])
    else groups.at(-1)!.push(chunk)
    high = Math.max(high, chunk.timestampHigh)
  }
  return groups
}

/** Points of a series in order (`series-order.ts`). Empty for an unknown run or key. */
export async function metricHistory(
  store: Store,
  runId: RunId,
  key: string,
  window: HistoryWindow = {}
): Promise<Series> {
  return (await withSeries(store, runId, key, (stored) => windowOf(store.chunks, stored, window))) ?? concatSeries([])
}

/** At most `limit` points of all runs together: by run id, then in order. Runs without points are left out. */
export async function bulkHistory(
  store: Store,
  runIds: readonly RunId[],
  key: string,
  limit: number
): Promise<{ readonly runId: RunId; readonly points: Series }[]> {
  const histories = []
  let room = limit
  for (const runId of [...new Set(runIds)].sort()) {
    if (room === 0) break
    const points = await metricHistory(store, runId, key, { limit: room })
    if (points.values.length > 0) histories.push({ runId, points })
    room -= points.values.length
  }
  return histories
}

/** Steps, both included. */
export interface StepRange {
  readonly from: number
  readonly to: number
}

/**
 * At most `most` (>= 1) points of a series, evenly sampled over its points in (step, timestamp, value) order: the first of as many buckets
 * of equal size, and always the very last, which takes the place of the last bucket's first.
 * source  MLflow's rule since 3.17; before, it sampled steps, which let a series that is all at one step come whole
 */
export async function sampledHistory(
  store: Store,
  runId: RunId,
  key: string,
  most: number,
  range: StepRange | null
): Promise<Series> {
  const { from, to } = range ?? { from: -Infinity, to: Infinity }
  const series = await withSeries(store, runId, key, ({ chunks }) =>
    pointsOfChunks(
      store.chunks,
      chunks.filter((chunk) => chunk.stepHigh >= from && chunk.stepLow <= to)
    )
  )
  if (series === null) return concatSeries([])
  const places = placesByStep(series, from, to)
  return selectPoints(series, sampled(places, most))
}

/** The points between two steps; of equal steps the earlier in order first. */
function placesByStep({ steps }: Series, from: number, to: number): Uint32Array<ArrayBuffer> {
  const places = Uint32Array.from({ length: steps.length }, (_, place) => place).filter(
    (place) => steps[place]! >= from && steps[place]! <= to
  )
  const isSorted = places.every((place, at) => at === 0 || steps[places[at - 1]!]! <= steps[place]!)
  return isSorted ? places : places.sort((a, b) => steps[a]! - steps[b]! || a - b)
}

function sampled(places: Uint32Array<ArrayBuffer>, most: number): Uint32Array<ArrayBuffer> {
  const total = places.length
  if (total <= most) return places
  const size = Math.floor(total / most)
  // As many buckets hold one more, and they come first.
  const larger = total % most
  return Uint32Array.from({ length: most }, (_, bucket) =>
    bucket === most - 1 ? places[total - 1]! : places[bucket * size + Math.min(bucket, larger)]!
  )
}
