import { RunnelError, absent, invalid } from '#lib/domain/errors.ts'
import { putArtifact } from './artifacts.ts'
import { readSource, tooLarge, type BlobStore, type ByteStream } from './blobs.ts'
import type { Store } from './store.ts'
import { forgetUpload, getUpload, type Upload, type UploadPart } from './uploads.ts'

export interface Completion {
  readonly uploadId: string
  /** What the upload was begun for: an id alone completes nothing. */
  readonly path: string
  readonly mediaType: string
  /** What the sender takes the parts to be: all of them, from 1, in any order. `blobId` is the text the part's PUT answered. */
  readonly parts: readonly { readonly partNumber: number; readonly blobId: string }[]
}

/**
 * Join an upload's parts into the artifact it was begun for; the bytes are streamed, never whole in memory. Until the transaction at the
 * end the parts belong to the upload, so a completion that failed can be tried again.
 *
 * fails  RESOURCE_DOES_NOT_EXIST when there is no such upload of that path, INVALID_PARAMETER_VALUE when parts are missing, named twice
 *        or not those that were sent, or are too large together; else as `BlobStore.put` and `putArtifact` do
 */
export async function completeUpload(store: Store, completion: Completion, origin?: string): Promise<void> {
  const { uploadId, path, mediaType } = completion
  const upload = await store.read((r) => getUpload(r, uploadId))
  if (upload.path !== path) throw absent('No such upload of that path.')
  const parts = partsInOrder(upload, completion.parts)
  const total = parts.reduce((sum, part) => sum + part.size, 0)
  if (total > store.blobs.maxBytes) throw tooLarge(store.blobs.maxBytes)
  const { blobId, size } = parts.length === 1 ? parts[0]! : await store.blobs.put(joined(store.blobs, parts))
  await store.write(async (tx) => {
    // Again, as a part may have been replaced since: its blob may be swept at any time, and the caller has not seen the new one.
    partsInOrder(await getUpload(tx, uploadId), completion.parts)
    await putArtifact(tx, { path, blobId, size, mediaType, createdTime: tx.now })
    await forgetUpload(tx, uploadId)
  }, origin)
}

/** A gap would be a file that is whole to look at and is not. */
function partsInOrder(upload: Upload, named: Completion['parts']): readonly UploadPart[] {
  const sent = new Map(upload.parts.map((part) => [part.partNumber, part]))
  const inOrder = [...named].sort((a, b) => a.partNumber - b.partNumber)
  inOrder.forEach(({ partNumber, blobId }, index) => {
    if (partNumber !== index + 1)
      throw invalid(`The parts must be numbered from 1 without a gap; there is ${partNumber} in place of ${index + 1}.`)
    const part = sent.get(partNumber)
    if (!part) throw invalid(`Part ${partNumber} was not sent.`)
    if (part.blobId !== blobId) throw invalid(`The etag of part ${partNumber} is not that of the bytes that were sent.`)
  })
  if (inOrder.length !== sent.size)
    throw invalid(`${sent.size} parts were sent, and ${inOrder.length} are named: one of the two is wrong.`)
  return inOrder.map(({ partNumber }) => sent.get(partNumber)!)
}

function joined(blobs: BlobStore, parts: readonly UploadPart[]): ByteStream {
  const pieces = piecesOf(blobs, parts)
  return new ReadableStream<Uint8Array<ArrayBuffer>>(
    {
      async pull(controller) {
        const { done, value } = await pieces.next()
        if (done) controller.close()
        else controller.enqueue(value)
      },
      cancel: async () => void (await pieces.return(undefined))
    },
    { highWaterMark: 0 }
  )
}

async function* piecesOf(
  blobs: BlobStore,
  parts: readonly UploadPart[]
): AsyncGenerator<Uint8Array<ArrayBuffer>, undefined> {
  for (const { partNumber, blobId } of parts) {
    const blob = await blobs.get(blobId)
    // Sent again and swept while the others were joined.
    if (!blob) throw new RunnelError('INVALID_STATE', `Part ${partNumber} was replaced meanwhile. Complete again.`)
    yield* readSource(blob, blobs.maxBytes)
  }
}
