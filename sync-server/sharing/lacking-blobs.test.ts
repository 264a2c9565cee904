import { describe, expect, it } from 'vitest'
import { openTestStore } from '../../tests/support/engines.ts'
import { artifactRootPath } from '#lib/domain/artifact.ts'
import type { BlobId } from '#lib/domain/ids.ts'
import type { SharedId } from '#lib/domain/sync/subject.ts'
import { putArtifact } from '#lib/store/artifacts.ts'
import { createExperiment } from '#lib/store/experiments.ts'
import { createRun } from '#lib/store/runs.ts'
import { awaitPart } from '#lib/store/sync/awaited-rows.ts'
import { shareExperiment } from '#lib/store/sync/sharing.ts'
import { LackingBlobs } from './lacking-blobs.ts'

const idOf = (at: number): BlobId => at.toString(16).padStart(64, '0') as BlobId

describe('blobs a host lacks', () => {
  it('[LB1] are those rows of an experiment name and points wait for, in pieces, and no others', async () => {
    const { store } = await openTestStore('node:sqlite')
    const { blobId: here } = await store.blobs.put(new Blob(['here']))
    const experimentId = await store.write(async (tx) => {
      const experimentId = await createExperiment(tx, { name: 'far' })
      const run = await createRun(tx, { experimentId })
      const elsewhere = await createRun(tx, { experimentId: await createExperiment(tx, { name: 'other' }) })
      const file = async (uri: string, name: string, blobId: BlobId): Promise<void> =>
        putArtifact(tx, {
          path: `${artifactRootPath(uri)}/${name}`,
          blobId,
          size: 4,
          mediaType: 'text/plain',
          createdTime: tx.now
        })
      await file(run.artifactUri, 'here', here)
      for (const at of [3, 1, 2]) await file(run.artifactUri, `lost ${at}`, idOf(at))
      await file(run.artifactUri, 'lost twice', idOf(1))
      await file(elsewhere.artifactUri, 'lost', idOf(9))
      const part = { blobId: idOf(4), offset: 0, length: 10, envelopeLength: 0, count: 2 }
      const reach = { stepLow: 0, stepHigh: 1, timestampLow: 0, timestampHigh: 1 }
      await awaitPart(tx, run.runId, 'loss', { ...part, ...reach })
      return experimentId
    })
    const { sharedId } = await shareExperiment(store, experimentId, '')
    const lacking = new LackingBlobs(store)
    expect(await lacking.of(sharedId, '', 2)).toEqual({ blobs: [idOf(1), idOf(2)], more: true })
    expect(await lacking.of(sharedId, idOf(2), 2)).toEqual({ blobs: [idOf(3), idOf(4)], more: false })
    expect(await lacking.of(sharedId, '')).toEqual({ blobs: [1, 2, 3, 4].map(idOf), more: false })
    expect(await lacking.of('12345' as SharedId, '')).toEqual({ blobs: [], more: false })
  })
})
