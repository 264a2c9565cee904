/**
 * Points of other stores, and this store's points as others are told of them.
 *
 * Points are a set: one that is here already is no news. They come packed, or as parts of blobs; a part whose blob is not here yet becomes a
 * chunk of the series all the same, unless points of it may be here: then it waits (`runnel_awaited`) until they can be compared.
 */
import { RunnelError } from '#lib/domain/errors.ts'
import { packSeries, unpackSeries } from '#lib/domain/chunk/chunk.ts'
import type { BlobId, RunId } from '#lib/domain/ids.ts'
import { CHUNK } from '#lib/domain/limits.ts'
import type { Point } from '#lib/domain/metric.ts'
import type { RunInfo } from '#lib/domain/run.ts'
import { inOrder, mergeSeries } from '#lib/domain/series-order.ts'
import { cutSeries, pointAt, seriesOf, type Series } from '#lib/domain/series.ts'
import type { SealedPart, SealedSeries, SeriesFacts } from '#lib/domain/sync/facts.ts'
import { chunks } from '../chunks.ts'
import type { Reader, Tx } from '../database.ts'
import { noteKey } from '../keys.ts'
import {
  chunksOf,
  inlineOfRuns,
  insertSealedRow,
  nextSeries,
  sealedOfRuns,
  spanOf,
  type BySeries
} from '../series-chunks.ts'
import { findHead, headRow, headsOf, headsOfRuns, headWith, writeHead, type SeriesHead } from '../series-heads.ts'
import { logSeries } from '../metrics.ts'
import { awaitedPoints, awaitPart } from './awaited-rows.ts'
import type { RowBatch } from './row-batch.ts'
import { noteTold } from './told-blobs.ts'

/** What writers said of a run's series, and up to which of a writer's facts this store has had all points. */
export interface RunSeries {
  readonly run: RunInfo
  readonly said: readonly { readonly series: SeriesFacts; readonly had: number }[]
}

/** Let points come to their series. */
export async function mergePoints(tx: Tx, batch: RowBatch, runs: readonly RunSeries[]): Promise<void> {
  const numbers = new SeriesNumbers()
  for (const { run, said } of runs) {
    const heads = await headsOf(
      tx,
      run.runId,
      said.map(({ series }) => series.key)
    )
    for (const [key, ofKey] of Map.groupBy(said, ({ series }) => series.key)) {
      const head = heads.get(key) ?? null
      const sealed = ofKey.filter(({ series, had }) => series.sealed !== null && series.to > had)
      const packed = ofKey.flatMap(({ series }) => pointsIn(series.points) ?? [])
      if (head === null && sealed.length === 0) {
        await addFresh(tx, batch, run, key, await numbers.take(tx), mergeSeries(packed))
        continue
      }
      for (const { series } of sealed) await mergeSealed(tx, run, key, numbers, series.sealed!)
      for (const points of packed) await logSeries(tx, run, new Map([[key, points]]))
    }
  }
}

/** In order; null for none. What cannot be read is passed over: one store's mistake keeps nobody from the rest. */
function pointsIn(packed: Uint8Array | null): Series | null {
  if (packed === null) return null
  try {
    return inOrder(unpackSeries(packed))
  } catch (error) {
    if (error instanceof RunnelError && error.code === 'DATA_LOSS') return null
    throw error
  }
}

/** Numbers no series has: rows that are written later have theirs already. */
class SeriesNumbers {
  #next: number | null = null

  async take(tx: Tx): Promise<number> {
    this.#next ??= await nextSeries(tx)
    return this.#next++
  }
}

/** A series nobody has had a point of: nothing to compare, so its rows go with those of others. */
async function addFresh(
  tx: Tx,
  batch: RowBatch,
  { runId, experimentId }: RunInfo,
  key: string,
  series: number,
  points: Series
): Promise<void> {
  let head: SeriesHead | null = null
  for (const part of cutSeries(points, CHUNK.points)) {
    if (part.values.length === 0) continue
    const { timestampHigh, timestampLow, stepLow, stepHigh } = spanOf(part)
    const count = part.values.length
    batch.add('runnel_chunks', [
      series,
      timestampHigh,
      head?.count ?? 0,
      timestampLow,
      stepLow,
      stepHigh,
      count,
      packSeries(part)
    ])
    head = headWith(head, key, series, part)
  }
  if (head === null) return
  batch.add('latest_metrics', headRow(runId, head))
  await noteKey(tx, experimentId, 'metric', key)
  tx.changes.add('metric', { run: runId, experiment: experimentId })
}

// ── sealed points ───────────────────────────────────────────────────────────────────────────────────────────────────────────────

async function mergeSealed(
  tx: Tx,
  run: RunInfo,
  key: string,
  numbers: SeriesNumbers,
  sealed: SealedSeries
): Promise<void> {
  await noteTold(
    tx,
    sealed.parts.map(({ blobId }) => ({ runId: run.runId, blobId }))
  )
  const head = await findHead(tx, run.runId, key)
  const here = head === null ? [] : await chunksOf(tx, head.series)
  const places = new Set(here.map(({ place }) => ('sealed' in place ? nameOf(place.sealed) : '')))
  const fresh = sealed.parts.filter((part) => !places.has(nameOf(part)))
  const latest = pointsIn(sealed.latest)
  // Without it a series cannot be shown before its points are here: they are waited for then.
  if (head === null && latest !== null) return adopt(tx, run, key, await numbers.take(tx), sealed, pointAt(latest, 0))
  for (const part of fresh) await awaitPart(tx, run.runId, key, part)
  if (fresh.length > 0) tx.changes.add('metric', { run: run.runId, experiment: run.experimentId })
}

const nameOf = ({ blobId, offset }: { readonly blobId: BlobId; readonly offset: number }): string =>
  `${blobId}/${offset}`

/** The whole of a series, as the writer has it: its sealed chunks become ours. */
async function adopt(
  tx: Tx,
  run: RunInfo,
  key: string,
  series: number,
  { parts, min, max }: SealedSeries,
  latest: Point
): Promise<void> {
  let count = 0
  for (const part of parts) {
    await insertSealedRow(tx, series, count, part)
    count += part.count
  }
  await writeHead(tx, run.runId, {
    key,
    series,
    latest,
    min,
    max,
    count,
    timestampHigh: parts.reduce((high, part) => Math.max(high, part.timestampHigh), -Infinity),
    inlinePoints: 0,
    inlineChunks: 0
  })
  await noteKey(tx, run.experimentId, 'metric', key)
  tx.changes.add('metric', { run: run.runId, experiment: run.experimentId })
}

// ── what others are told ────────────────────────────────────────────────────────────────────────────────────────────────────────

/** A series as records say it: all points that are here, whoever said them. `too many` wait for a blob, unsealed, for any record to hold. */
export type ToldSeries = Pick<SeriesFacts, 'points' | 'sealed'> | 'too many'

/** Those of some runs. Four questions for all: a run may have a hundred series, and a room ten thousand runs. */
export async function seriesOfRuns(r: Reader, runs: readonly RunId[]): Promise<BySeries<ToldSeries>> {
  const told: BySeries<ToldSeries> = new Map()
  for (const part of chunks(runs)) {
    const inline = await inlineOfRuns(r, part)
    const sealed = await sealedOfRuns(r, part)
    const awaited = await awaitedPoints(r, part)
    const heads = await headsOfRuns(r, [...sealed.keys()])
    for (const runId of part) {
      const [packed, parts, waiting] = [inline.get(runId), sealed.get(runId), awaited.get(runId)]
      const ofRun = new Map<string, ToldSeries>()
      for (const key of new Set([...(packed?.keys() ?? []), ...(parts?.keys() ?? [])])) {
        const points = joinPacked(packed?.get(key) ?? [], waiting?.get(key) ?? [])
        const sealed = parts?.has(key) ? sealedSeries(heads.get(runId)!.get(key)!, parts.get(key)!) : null
        ofRun.set(key, points === 'too many' ? points : { points, sealed })
      }
      told.set(runId, ofRun)
    }
  }
  return told
}

const sealedSeries = ({ latest, min, max }: SeriesHead, parts: readonly SealedPart[]): SealedSeries => ({
  parts,
  latest: packSeries(seriesOf([latest])),
  min,
  max
})

/** null for no points. One chunk by itself is packed already. */
function joinPacked(packed: readonly Uint8Array[], others: readonly Series[]): Uint8Array | null | 'too many' {
  if (others.length === 0 && packed.length < 2) return packed[0] ?? null
  const all = mergeSeries([...packed.map(unpackSeries), ...others])
  return all.values.length > CHUNK.readPoints ? 'too many' : packSeries(all, CHUNK.readPoints)
}
