/**
 * Blobs of sealed points that others were told of, by this store or before it: they are kept while their run is, whatever becomes of the rows.
 *
 * A store that seals again what it has lets go of the blob it was in; a room goes on naming that until whoever named it says more. Somebody new
 * asks for it then, and who named it may be gone.
 */
import type { BlobId, ExperimentId, RunId } from '#lib/domain/ids.ts'
import { chunks } from '../chunks.ts'
import type { Reader, Tx } from '../database.ts'

export interface ToldBlob {
  readonly runId: RunId
  readonly blobId: BlobId
}

/** Known ones are fine. */
export async function noteTold(tx: Tx, told: readonly ToldBlob[]): Promise<void> {
  for (const part of chunks(told))
    await tx.db
      .insertInto('runnel_told_blobs')
      .values(part.map(({ runId, blobId }) => ({ run_uuid: runId, blob_id: blobId })))
      .onConflict((conflict) => conflict.doNothing())
      .execute()
}

/** Those of some that are not noted yet. Each once. */
export async function notNoted(r: Reader, told: readonly ToldBlob[]): Promise<ToldBlob[]> {
  const unknown = new Map(told.map((one) => [`${one.runId}/${one.blobId}`, one]))
  for (const part of chunks([...new Set(told.map(({ runId }) => runId))])) {
    const rows = await r.db.selectFrom('runnel_told_blobs').selectAll().where('run_uuid', 'in', part).execute()
    for (const { run_uuid, blob_id } of rows) unknown.delete(`${run_uuid}/${blob_id}`)
  }
  return [...unknown.values()]
}

export async function toldBlobs(r: Reader): Promise<BlobId[]> {
  const rows = await r.db.selectFrom('runnel_told_blobs').select('blob_id').distinct().execute()
  return rows.map(({ blob_id }) => blob_id as BlobId)
}

export async function toldBlobsOf(r: Reader, id: ExperimentId): Promise<BlobId[]> {
  const rows = await r.db
    .selectFrom('runnel_told_blobs')
    .innerJoin('runs', 'runs.run_uuid', 'runnel_told_blobs.run_uuid')
    .select('blob_id')
    .where('runs.experiment_id', '=', Number(id))
    .distinct()
    .execute()
  return rows.map(({ blob_id }) => blob_id as BlobId)
}
