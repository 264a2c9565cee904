/**
 * Points that wait for a blob: those of a sealed part that may repeat points which are here, and those that may repeat points of a chunk whose
 * bytes are elsewhere. They are kept, and told to others; only whether they are new cannot be said yet.
 */
import { packSeries, unpackSeries } from '#lib/domain/chunk/chunk.ts'
import { assert } from '#lib/domain/errors.ts'
import type { BlobId, RunId } from '#lib/domain/ids.ts'
import { CHUNK } from '#lib/domain/limits.ts'
import { mergeSeries } from '#lib/domain/series-order.ts'
import { cutSeries, type Series } from '#lib/domain/series.ts'
import type { SealedPart } from '#lib/domain/sync/facts.ts'
import type { SealedAt } from '../chunk-loader.ts'
import type { Reader, Tx } from '../database.ts'
import { chunksOf, type BySeries } from '../series-chunks.ts'
import { findHead } from '../series-heads.ts'

export async function awaitPart(
  tx: Tx,
  runId: RunId,
  key: string,
  part: Pick<SealedPart, 'blobId' | 'offset' | 'length'>
): Promise<void> {
  await tx.db
    .insertInto('runnel_awaited')
    .values({
      run_uuid: runId,
      key,
      blob_id: part.blobId,
      blob_offset: part.offset,
      blob_length: part.length,
      points: null
    })
    .onConflict((conflict) => conflict.doNothing())
    .execute()
}

/** Wait for a part no longer. Returns whether it was waited for. */
export async function dropAwaited(
  tx: Tx,
  runId: RunId,
  key: string,
  { blobId, offset }: Pick<SealedPart, 'blobId' | 'offset'>
): Promise<boolean> {
  const { numDeletedRows } = await tx.db
    .deleteFrom('runnel_awaited')
    .where('run_uuid', '=', runId)
    .where('key', '=', key)
    .where('blob_id', '=', blobId)
    .where('blob_offset', '=', offset)
    .executeTakeFirstOrThrow()
  return numDeletedRows > 0n
}

/**
 * Set points aside until a chunk's blob is here, with those that wait for it already: in as many rows as it takes, of which the last may have
 * room. They stand beside the part itself, under offsets no chunk begins at: one for each byte of the part, which is more than there can be.
 */
export async function awaitPoints(tx: Tx, runId: RunId, key: string, at: SealedAt, points: Series): Promise<void> {
  const last = await tx.db
    .selectFrom('runnel_awaited')
    .select(['blob_offset', 'points'])
    .where('run_uuid', '=', runId)
    .where('key', '=', key)
    .where('blob_id', '=', at.blobId)
    .where('blob_offset', '<=', -1 - at.offset)
    .where('blob_offset', '>', -1 - at.offset - at.length)
    .orderBy('blob_offset')
    .limit(1)
    .executeTakeFirst()
  const all = last?.points ? mergeSeries([unpackSeries(last.points), points]) : points
  let offset = last?.blob_offset ?? -1 - at.offset
  for (const part of cutSeries(all, CHUNK.points)) {
    assert(offset > -1 - at.offset - at.length, 'a part has a byte for each row that waits for it')
    const row = { run_uuid: runId, key, blob_id: at.blobId, blob_offset: offset--, blob_length: at.length }
    await tx.db
      .replaceInto('runnel_awaited')
      .values({ ...row, points: packSeries(part) })
      .execute()
  }
}

/** The first sealed chunk of a series whose bytes are not here. */
export async function firstMissing(tx: Tx, runId: RunId, key: string): Promise<SealedAt | null> {
  const head = await findHead(tx, runId, key)
  for (const { place } of head === null ? [] : await chunksOf(tx, head.series)) {
    if (!('sealed' in place)) continue
    try {
      await tx.chunks.points(place.sealed)
    } catch {
      return place.sealed
    }
  }
  return null
}

/** Blobs that points wait for. */
export async function awaitedBlobs(r: Reader): Promise<BlobId[]> {
  const rows = await r.db.selectFrom('runnel_awaited').select('blob_id').distinct().orderBy('blob_id').execute()
  return rows.map((row) => row.blob_id as BlobId)
}

/** Points of some runs that were set aside, by themselves, by run and by the key of their series. */
export async function awaitedPoints(r: Reader, runs: readonly RunId[]): Promise<BySeries<Series[]>> {
  const rows = await r.db
    .selectFrom('runnel_awaited')
    .select(['run_uuid', 'key', 'points'])
    .where('run_uuid', 'in', runs)
    .where('points', 'is not', null)
    .execute()
  const found: BySeries<Series[]> = new Map()
  for (const [runId, ofRun] of Map.groupBy(rows, (row) => row.run_uuid as RunId)) {
    const byKey = Map.groupBy(ofRun, ({ key }) => key)
    found.set(runId, new Map([...byKey].map(([key, own]) => [key, own.map(({ points }) => unpackSeries(points!))])))
  }
  return found
}
