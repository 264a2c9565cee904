import type { BlobId, ExperimentId } from '#lib/domain/ids.ts'
import { artifactRootPath } from '#lib/domain/artifact.ts'
import { artifactsBelow } from '../artifacts.ts'
import type { Reader } from '../database.ts'
import { getExperiment } from '../experiments.ts'
import { toldBlobsOf } from './told-blobs.ts'

/** A blob that something of an experiment is in, and how many bytes of it. */
export interface SharedBlob {
  readonly blobId: BlobId
  readonly bytes: number
}

/** Each once: files, and sealed points. */
export async function blobsOfExperiment(r: Reader, id: ExperimentId): Promise<SharedBlob[]> {
  const bytes = new Map<BlobId, number>()
  const { artifactLocation } = await getExperiment(r, id)
  const root = artifactRootPath(artifactLocation)
  if (root !== null && root !== '')
    for (const { blobId, size } of await artifactsBelow(r, root)) bytes.set(blobId, size)
  const parts = await r.db
    .selectFrom('runs')
    .innerJoin('latest_metrics', 'latest_metrics.run_uuid', 'runs.run_uuid')
    .innerJoin('runnel_chunks', 'runnel_chunks.series', 'latest_metrics.runnel_series')
    .select(({ fn }) => ['runnel_chunks.blob_id', fn.sum<number>('runnel_chunks.blob_length').as('length')])
    .where('runs.experiment_id', '=', Number(id))
    .where('runnel_chunks.blob_id', 'is not', null)
    .groupBy('runnel_chunks.blob_id')
    .execute()
  for (const { blob_id, length } of parts) bytes.set(blob_id as BlobId, length)
  return [...bytes].map(([blobId, size]) => ({ blobId, bytes: size }))
}

/** All a host must have for whoever joins an experiment: what rows name, what points wait for, and what others were told of. Each once. */
export async function neededBlobs(r: Reader, id: ExperimentId): Promise<BlobId[]> {
  const awaited = await r.db
    .selectFrom('runnel_awaited')
    .innerJoin('runs', 'runs.run_uuid', 'runnel_awaited.run_uuid')
    .select('blob_id')
    .where('runs.experiment_id', '=', Number(id))
    .distinct()
    .execute()
  const named = await blobsOfExperiment(r, id)
  return [
    ...new Set([
      ...named.map(({ blobId }) => blobId),
      ...awaited.map(({ blob_id }) => blob_id as BlobId),
      ...(await toldBlobsOf(r, id))
    ])
  ]
}
