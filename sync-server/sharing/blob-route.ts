/**
 * Blobs by their SHA-256.
 *
 *   GET, HEAD                                  whole or a range
 *   PUT                                        whole
 *   PUT, Content-Range: bytes FROM-TO/TOTAL    the next piece; a piece that was cut off counts as far as it came
 *   PUT, Content-Range: bytes STAR/TOTAL     nothing: how much is there? STAR is a `*`
 *
 * Each PUT answers {received, complete}: 201 when it is whole now, 200 when it was, 202 when there is more to come, 409 when the piece was not
 * the next one. So whoever was cut off asks, and goes on at `received`.
 */
import { createHash } from 'node:crypto'
import { absent, invalid } from '#lib/domain/errors.ts'
import type { BlobId } from '#lib/domain/ids.ts'
import { SHARING } from '#lib/domain/limits.ts'
import { readBytes } from '#lib/api/body.ts'
import { fileResponse } from '#lib/api/file-response.ts'
import { jsonResponse } from '#lib/api/wire/json.ts'
import { tooLarge, type BlobStore, type ByteStream } from '#lib/store/blobs.ts'
import type { BlobUploads, UploadState } from './blob-uploads.ts'

export interface BlobParts {
  readonly blobs: BlobStore
  readonly uploads: BlobUploads
}

/** Bytes that are named by their hash never change, and are nobody's but who was told the name: a browser keeps them, a proxy does not. */
const CACHED = 'private, max-age=31536000, immutable'

export const parseBlobId = (text: string): BlobId => {
  if (!/^[0-9a-f]{64}$/.test(text))
    throw invalid('A blob is named by its SHA-256 in 64 hexadecimal digits of lower case.')
  return text as BlobId
}

export const getBlob = async (request: Request, id: BlobId, { blobs }: BlobParts): Promise<Response> => {
  const blob = await blobs.get(id)
  if (blob === null) throw absent('There is no such blob here, or not yet.')
  const response = fileResponse(request, id, { blob, mediaType: null, modifiedTime: 0, version: id })
  response.headers.set('Cache-Control', CACHED)
  response.headers.delete('Last-Modified')
  return response
}

/** `owner` is whoever may go on with what they began. */
export const putBlob = async (request: Request, id: BlobId, owner: string, parts: BlobParts): Promise<Response> => {
  const range = parseContentRange(request.headers, parts.blobs.maxBytes)
  if (range.from === null) return answer(await parts.uploads.state(owner, id, range.total), 200)
  if (range.from === 0 && range.length === range.total && range.total <= SHARING.wholeBlobBytes)
    return putWhole(request, id, parts.blobs)
  const piece = { hash: id, owner, from: range.from, length: range.length, total: range.total }
  const state = await parts.uploads.add(piece, request.body ?? noBytes())
  return answer(state, state.isComplete ? 201 : state.received === range.from + range.length ? 202 : 409)
}

/** Small ones are not worth a file of their own: what is cut off is sent again. */
const putWhole = async (request: Request, id: BlobId, blobs: BlobStore): Promise<Response> => {
  const body = await readBytes(request, SHARING.wholeBlobBytes)
  const bytes = new Uint8Array(await body.arrayBuffer())
  if (createHash('sha256').update(bytes).digest('hex') !== id)
    throw invalid('The bytes are not what their SHA-256 says, so nothing of them was kept. Send them again.')
  await blobs.put(new Blob([bytes]))
  return answer({ received: bytes.byteLength, isComplete: true }, 201)
}

interface ContentRange {
  /** Null: nothing is sent, only asked. */
  readonly from: number | null
  readonly length: number
  readonly total: number
}

const parseContentRange = (headers: Headers, maxBytes: number): ContentRange => {
  const header = headers.get('content-range')
  const range = header === null ? wholeBody(headers) : readRange(header)
  if (range.total > maxBytes) throw tooLarge(maxBytes)
  return range
}

const wholeBody = (headers: Headers): ContentRange => {
  const size = headers.get('content-length') ?? ''
  if (!/^\d{1,15}$/.test(size))
    throw invalid('A blob comes with its Content-Length, or in pieces with their Content-Range.')
  return { from: 0, length: Number(size), total: Number(size) }
}

const readRange = (header: string): ContentRange => {
  const [, from, to, total] = /^bytes (?:(\d{1,15})-(\d{1,15})|\*)\/(\d{1,15})$/.exec(header) ?? []
  if (total === undefined)
    throw invalid('Content-Range must be "bytes FROM-TO/TOTAL", or "bytes */TOTAL" to ask what is there.')
  if (from === undefined || to === undefined) return { from: null, length: 0, total: Number(total) }
  const length = Number(to) - Number(from) + 1
  if (length < 1 || Number(to) >= Number(total)) throw invalid('Content-Range must lie inside its total.')
  return { from: Number(from), length, total: Number(total) }
}

const answer = ({ received, isComplete }: UploadState, status: number): Response =>
  jsonResponse({ received, complete: isComplete }, { status })

const noBytes = (): ByteStream => new ReadableStream({ start: (controller) => controller.close() })
