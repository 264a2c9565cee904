import { unpackSeries } from '#lib/domain/chunk/chunk.ts'
import type { BlobId, RunId } from '#lib/domain/ids.ts'
import { logSeries } from '../metrics.ts'
import { findRunInfo } from '../runs.ts'
import type { Store } from '../store.ts'

/** A blob has come: let what waited for it come to its series. Fails as Store.write does; what waited goes on waiting then. */
export async function takeBlob(store: Store, blobId: BlobId): Promise<void> {
  await store.write(async (tx) => {
    tx.isMerge = true
    const rows = await tx.db.selectFrom('runnel_awaited').selectAll().where('blob_id', '=', blobId).execute()
    await tx.db.deleteFrom('runnel_awaited').where('blob_id', '=', blobId).execute()
    for (const row of rows) {
      const run = await findRunInfo(tx, row.run_uuid as RunId)
      if (run === null) continue
      const at = { blobId, offset: row.blob_offset, length: row.blob_length, envelopeLength: 0 }
      const points = row.points === null ? await tx.chunks.points(at) : unpackSeries(row.points)
      await logSeries(tx, run, new Map([[row.key, points]]))
    }
  })
}
