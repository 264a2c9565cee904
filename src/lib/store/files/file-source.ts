/** A file of experiments, read where it lies. */
import { readFiledRecords } from '#lib/domain/files/facts-entry.ts'
import { MANIFEST_NAME, blobName, factsName, parseManifest } from '#lib/domain/files/manifest.ts'
import { invalid } from '#lib/domain/errors.ts'
import { FILES } from '#lib/domain/limits.ts'
import { REGISTRY } from '#lib/domain/sync/subject.ts'
import { damaged, openZip, type ZipEntry } from '#lib/domain/zip/zip-reader.ts'
import type { ByteStream } from '../blobs.ts'
import type { Incoming } from '../sync/merge.ts'
import type { MergeSource } from './merge-source.ts'

/**
 * Open a file of experiments.
 *
 * fails  INVALID_PARAMETER_VALUE when it is none, NOT_IMPLEMENTED when it is of a newer format, DATA_LOSS when it is damaged or cut off
 */
export async function openFileSource(file: Blob): Promise<MergeSource> {
  const entries = await openZip(file)
  const manifest = entries.get(MANIFEST_NAME)
  if (manifest === undefined) throw invalid('This is no file of Runnel experiments.')
  const { experiments } = parseManifest(await textOf(manifest))
  const registry = entries.get(factsName(REGISTRY))
  for (const { id } of experiments)
    if (!entries.has(factsName(id))) throw damaged('what it says of an experiment is missing')
  return {
    experiments,
    records: (id) => batches(entries.get(factsName(id))!),
    registry: registry === undefined ? null : () => batches(registry),
    blob: (id) => {
      const entry = entries.get(blobName(id))
      return entry === undefined ? null : { size: entry.size, open: (most) => streamOf(entry.read(most)) }
    }
  }
}

async function textOf(entry: ZipEntry): Promise<string> {
  const decoder = new TextDecoder()
  let text = ''
  for await (const piece of entry.read(FILES.manifestBytes)) text += decoder.decode(piece, { stream: true })
  return text + decoder.decode()
}

/** Those of one subject are together, in the file and in a batch. */
async function* batches(entry: ZipEntry): AsyncGenerator<readonly Incoming[]> {
  let batch: Incoming[] = []
  let [subjects, bytes] = [0, 0]
  for await (const { bytes: length, ...record } of readFiledRecords(entry.read(FILES.factsBytes))) {
    if (record.subject !== batch.at(-1)?.subject) {
      if (subjects === FILES.batchSubjects || bytes > FILES.batchBytes) {
        yield batch
        ;[batch, subjects, bytes] = [[], 0, 0]
      }
      subjects++
    }
    batch.push(record)
    bytes += length
    if (bytes > FILES.factsBytes / 4) throw invalid('What this file says of one run is more than is taken.')
  }
  if (batch.length > 0) yield batch
}

function streamOf(pieces: AsyncGenerator<Uint8Array<ArrayBuffer>>): ByteStream {
  return new ReadableStream<Uint8Array<ArrayBuffer>>(
    {
      async pull(controller) {
        const next = await pieces.next()
        if (next.done) controller.close()
        else controller.enqueue(next.value)
      },
      async cancel() {
        await pieces.return(undefined)
      }
    },
    { highWaterMark: 0 }
  )
}
