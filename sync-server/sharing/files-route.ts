/** Files of experiments over HTTP, for owners: as much as there is streams through. */
import { invalid } from '#lib/domain/errors.ts'
import { parseExperimentId } from '#lib/domain/ids.ts'
import type { FileWork } from '#lib/live/file-work.ts'
import type { Store } from '#lib/store/store.ts'

/** `?experiment=ID…&job=NAME`: the file, of all experiments when none is named. Fails before the first byte, or breaks off. */
export const getFile = async (files: FileWork, url: string): Promise<Response> => {
  const query = new URL(url).searchParams
  const ids = query.getAll('experiment').map(parseExperimentId)
  const pieces = files.pieces(ids.length === 0 ? null : ids, jobOf(query))
  const first = await pieces.next()
  if (first.done) throw invalid('There is nothing to export.')
  const body = new ReadableStream<Uint8Array<ArrayBuffer>>(
    {
      start: (controller) => controller.enqueue(first.value),
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
  return new Response(body, {
    headers: {
      'Content-Type': 'application/zip',
      'Content-Disposition': 'attachment; filename="experiments.runnel.zip"',
      'Cache-Control': 'no-store'
    }
  })
}

/** `?job=NAME`, a file as the body: merge it. It is kept as a blob meanwhile, which nothing names and the sweep lets go of. */
export const postFile = async (files: FileWork, store: Pick<Store, 'blobs'>, request: Request): Promise<Response> => {
  if (request.body === null) throw invalid('There is no file in this request.')
  const { blobId } = await store.blobs.put(request.body)
  const file = await store.blobs.get(blobId)
  if (file === null) throw invalid('The file was not kept. Send it again.')
  const outcome = await files.merge(file, jobOf(new URL(request.url).searchParams))
  return Response.json(outcome, { headers: { 'Cache-Control': 'no-store' } })
}

const jobOf = (query: URLSearchParams): string => query.get('job') ?? crypto.randomUUID()
