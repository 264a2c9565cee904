import { unpackSeries } from '#lib/domain/chunk/chunk.ts'
import { RunnelError } from '#lib/domain/errors.ts'
import type { BlobId, RunId } from '#lib/domain/ids.ts'
import type { Series } from '#lib/domain/series.ts'
import type { SealedAt } from '../chunk-loader.ts'
import type { Tx } from '../database.ts'
import { logSeries } from '../metrics.ts'
import { findRunInfo } from '../runs.ts'
import type { Store } from '../store.ts'
import { awaitPart, dropAwaited } from './awaited-rows.ts'

/** A part of a blob that was said to hold points of a series. */
interface Part {
  readonly runId: RunId
  readonly key: string
  readonly at: SealedAt
}

/**
 * A blob has come: let what waited for it come to its series. A part of it that holds no points is waited for no longer, as a blob never
 * changes; the rest comes all the same.
 *
 * returns  series that were to have had points of such a part
 * fails    as Store.write does: what waited goes on waiting then; with DATA_LOSS when the bytes that are here are not the blob's: what waits
 *          for those goes on waiting
 */
export async function takeBlob(store: Store, blobId: BlobId): Promise<readonly Pick<Part, 'runId' | 'key'>[]> {
  const blob = await store.blobsHere.get(blobId)
  const damaged = await takeWaiting(store, blobId, blob?.size ?? Infinity)
  if (damaged.length === 0) return []
  // Blobs are kept under the name their bytes have, so that keeping one again shows whether it is what it was.
  if (blob === null || (await store.blobsHere.put(blob)).blobId !== blobId)
    throw new RunnelError('DATA_LOSS', `The file ${blobId} is damaged in this store.`)
  return store.write(async (tx) => {
    const gone: Part[] = []
    // Of several who found out, one says so.
    for (const part of damaged) if (await dropAwaited(tx, part.runId, part.key, part.at)) gone.push(part)
    return gone
  })
}

/** Returns parts that could not be read: they wait on. */
function takeWaiting(store: Store, blobId: BlobId, size: number): Promise<readonly Part[]> {
  return store.write(async (tx) => {
    tx.isMerge = true
    const rows = await tx.db.selectFrom('runnel_awaited').selectAll().where('blob_id', '=', blobId).execute()
    // All of them first: points may be set aside again, beside those that are not looked at yet.
    await tx.db.deleteFrom('runnel_awaited').where('blob_id', '=', blobId).execute()
    const damaged: Part[] = []
    for (const row of rows) {
      const run = await findRunInfo(tx, row.run_uuid as RunId)
      if (run === null) continue
      const at = { blobId, offset: row.blob_offset, length: row.blob_length, envelopeLength: 0 }
      const points = row.points === null ? await pointsAt(tx, at, size) : unpackSeries(row.points)
      if (points !== null) await logSeries(tx, run, new Map([[row.key, points]]))
      else {
        await awaitPart(tx, run.runId, row.key, at)
        damaged.push({ runId: run.runId, key: row.key, at })
      }
    }
    return damaged
  })
}

/** null when the part holds none, or lies outside of the blob. What else may be the matter is thrown on. */
async function pointsAt(tx: Tx, at: SealedAt, size: number): Promise<Series | null> {
  try {
    return await tx.chunks.points(at)
  } catch (error) {
    if (at.offset + at.length > size || (error instanceof RunnelError && error.code === 'DATA_LOSS')) return null
    throw error
  }
}
