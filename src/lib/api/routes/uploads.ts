/**
 * Uploads in parts, as MLflow's client makes them of large files when MLFLOW_ENABLE_PROXY_MULTIPART_UPLOAD is set:
 *
 *   POST mpu/create/<folder>      {path, num_parts}              a URL for each part
 *   PUT  mpu/parts/<upload>/<n>   the bytes                      an ETag
 *   POST mpu/complete/<folder>    {path, upload_id, parts}       the file stands there
 *   POST mpu/abort/<folder>       {path, upload_id}
 *
 * The client takes a part's URL for that of a bucket and PUTs to it without the headers it sends elsewhere, its token among them. The URL
 * itself is the leave to write: it holds the upload's id, which nobody can guess and nothing lists, and gives no more than adding parts
 * to that one upload for a day. So a host that wants a token lets PART_PATH through without one. MLflow's own local storage has no such
 * uploads and answers 501.
 */
import { baseName, parseArtifactPath } from '#lib/domain/artifact.ts'
import { invalid } from '#lib/domain/errors.ts'
import { LIMITS } from '#lib/domain/limits.ts'
import { missing } from '#lib/domain/validate.ts'
import { completeUpload, type Completion } from '#lib/store/complete-upload.ts'
import type { Store } from '#lib/store/store.ts'
import { abortUpload, createUpload, putUploadPart, requireUpload, validatePartNumber } from '#lib/store/uploads.ts'
import type { Context, Hono } from 'hono'
import { bodyOf, pathAfter, readFields } from '../body.ts'
import { API_PREFIXES, refuseOtherMethods } from '../endpoint.ts'
import { ANY_BYTES, guessMediaType } from '../media-types.ts'
import type { Fields } from '../wire/fields.ts'
import { jsonResponse, type Message } from '../wire/json.ts'

/** Whom a gate lets PUT without a token. */
export const PART_PATH = /^\/(?:ajax-)?api\/2\.0\/mlflow-artifacts\/mpu\/parts\/[0-9a-f]{64}\/[0-9]{1,5}$/

const BASE = '2.0/mlflow-artifacts'
const NO_LISTS = new Set<string>()

export function mountUploads(app: Hono, store: Store, origin: string): void {
  const completing = new Map<string, Promise<void>>()
  const verbs: Readonly<Record<string, (fields: Fields, path: string, here: string) => Promise<Message>>> = {
    create: (fields, path, here) => create(store, fields, path, here),
    complete: async (fields, path) => {
      const completion = readCompletion(fields, path)
      await sharing(completing, `${completion.uploadId} ${path}`, () => completeUpload(store, completion, origin))
      return {}
    },
    // An upload that is gone is what was asked for.
    abort: async (fields, path) => {
      const uploadId = fields.requiredText('upload_id')
      await store.write((tx) => abortUpload(tx, uploadId, path))
      return {}
    }
  }
  for (const [verb, answer] of Object.entries(verbs)) {
    const paths = API_PREFIXES.map((prefix) => `${prefix}/${BASE}/mpu/${verb}/*`)
    app.on('POST', paths, async (c) => {
      const folder = parseArtifactPath(pathAfter(c.req.url, `/mlflow-artifacts/mpu/${verb}/`))
      const fields = await readFields(c.req.raw, NO_LISTS)
      return jsonResponse(await answer(fields, fileIn(folder, fields.requiredText('path')), hereOf(c)))
    })
    refuseOtherMethods(app, paths, ['POST'])
  }
  const parts = API_PREFIXES.map((prefix) => `${prefix}/${BASE}/mpu/parts/:upload_id/:part_number`)
  app.on('PUT', parts, (c) => putPart(c, store))
  refuseOtherMethods(app, parts, ['PUT'])
}

/** `path` is the file's on the client's disk, which may be Windows: only its last name counts. */
function fileIn(folder: string, path: string): string {
  const name = baseName(path.replaceAll('\\', '/'))
  return parseArtifactPath(`${folder}/${parseArtifactPath(name)}`)
}

/** Where the caller reached us, as it is to go on. Behind a proxy that ends TLS, only the proxy knows how that was. */
function hereOf(c: Context): string {
  const { origin } = new URL(c.req.url)
  return c.req.header('x-forwarded-proto') === 'https' ? origin.replace(/^http:/, 'https:') : origin
}

async function create(store: Store, fields: Fields, path: string, here: string): Promise<Message> {
  const count = fields.requiredInteger('num_parts')
  if (count < 1 || count > LIMITS.uploadParts)
    throw invalid(`An upload has from 1 to ${LIMITS.uploadParts} parts, not ${count}.`)
  const uploadId = await store.write((tx) => createUpload(tx, path))
  const urlOf = (part: number): string => `${here}/api/${BASE}/mpu/parts/${uploadId}/${part}`
  const credentials = Array.from({ length: count }, (_, i) => ({ url: urlOf(i + 1), part_number: i + 1, headers: {} }))
  return { upload_id: uploadId, credentials }
}

/** Whoever does not know an upload's id writes nothing: it is looked up before the bytes are read. */
async function putPart(c: Context, store: Store): Promise<Response> {
  const uploadId = c.req.param('upload_id') ?? ''
  const digits = c.req.param('part_number') ?? ''
  const partNumber = /^\d{1,5}$/.test(digits) ? Number(digits) : 0
  validatePartNumber(partNumber)
  await store.read((r) => requireUpload(r, uploadId))
  const { blobId, size } = await store.blobs.put(await bodyOf(c.req.raw, store.blobs.maxBytes))
  await store.write((tx) => putUploadPart(tx, uploadId, { partNumber, blobId, size }))
  return new Response(null, { headers: { ETag: `"${blobId}"` } })
}

function readCompletion(fields: Fields, path: string): Completion {
  const uploadId = fields.requiredText('upload_id')
  const parts = fields.messages('parts').map((part) => ({
    partNumber: part.requiredInteger('part_number'),
    blobId: part.requiredText('etag').replaceAll('"', '')
  }))
  if (parts.length === 0) throw missing('parts')
  return { uploadId, path, mediaType: guessMediaType(path) ?? ANY_BYTES, parts }
}

/** Joining a large file takes longer than a client waits before it asks again: then both wait for the one join. */
async function sharing(running: Map<string, Promise<void>>, asked: string, work: () => Promise<void>): Promise<void> {
  let promise = running.get(asked)
  if (!promise) {
    promise = work().finally(() => running.delete(asked))
    running.set(asked, promise)
  }
  return promise
}
