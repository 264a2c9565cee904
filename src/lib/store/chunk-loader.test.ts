import { expect, test } from 'vitest'
import { envelopeBytes, sealSeries } from '#lib/domain/chunk/chunk.ts'
import type { BlobId } from '#lib/domain/ids.ts'
import { seriesOf } from '#lib/domain/series.ts'
import { MemoryBlobs } from '../../../tests/support/engines.ts'
import { ChunkLoader, type SealedAt } from './chunk-loader.ts'

/** Two chunks in one blob, and a loader that says how often it asked for it. */
async function twoChunks() {
  const blobs = new MemoryBlobs(() => 0)
  const chunks = await Promise.all(
    [0, 1000].map((from) =>
      sealSeries(seriesOf(Array.from({ length: 1000 }, (_, i) => ({ step: from + i, timestamp: i, value: from + i }))))
    )
  )
  const { blobId } = await blobs.put(new Blob(chunks))
  const at = chunks.map((chunk, i): SealedAt => ({
    blobId,
    offset: i === 0 ? 0 : chunks[0]!.length,
    length: chunk.length,
    envelopeLength: envelopeBytes(chunk)
  })) as [SealedAt, SealedAt]
  const asked: BlobId[] = []
  const get = blobs.get.bind(blobs)
  let broken = 0
  blobs.get = async (id) => {
    asked.push(id)
    const blob = await get(id)
    if (blob === null || broken === 0) return blob
    broken--
    const slice = () => ({ arrayBuffer: () => Promise.reject(new Error('NotReadableError')) })
    return { slice } as unknown as Blob
  }
  return { loader: new ChunkLoader(blobs), at, asked, break: (times: number) => (broken = times) }
}

test('chunks of one blob ask for it once, until it is closed', async () => {
  const { loader, at, asked } = await twoChunks()
  expect((await loader.points(at[0])).values[7]).toBe(7)
  await loader.envelope(at[0])
  await loader.envelope(at[1])
  expect(asked).toHaveLength(1)
  loader.closeBlobs()
  expect((await loader.points(at[1])).values[7]).toBe(1007)
  expect(asked).toHaveLength(2)
})

test('a blob that can be read no more is asked for once again', async () => {
  const { loader, at, asked, ...blob } = await twoChunks()
  blob.break(1)
  await expect(loader.envelope(at[0])).rejects.toThrow('NotReadableError')
  // It was kept open, and is asked for anew.
  expect((await loader.points(at[0])).values).toHaveLength(1000)
  expect(asked).toHaveLength(2)
  blob.break(9)
  loader.closeBlobs()
  await expect(loader.points(at[1])).rejects.toThrow('NotReadableError')
  expect(asked).toHaveLength(3)
})
