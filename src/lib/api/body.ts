/** Reading what a request carries, within the limits and with MLflow's rules about where parameters stand. */
import { RunnelError, invalid } from '#lib/domain/errors.ts'
import { LIMITS } from '#lib/domain/limits.ts'
import { gather, tooLarge, type ByteSource } from '#lib/store/blobs.ts'
import { Fields } from './wire/fields.ts'
import { parseJsonBody, type JsonFields } from './wire/json.ts'

/**
 * The parameters of a JSON endpoint.
 *
 * GET and HEAD         the query string, a repeated key being a list; without one, a JSON body if the host hands one on (fetch forbids it)
 * POST and PUT         the JSON body, which must say that it is JSON
 * DELETE and PATCH     the JSON body alone
 * fails                INVALID_PARAMETER_VALUE
 */
export async function readFields(request: Request, lists: ReadonlySet<string>): Promise<Fields> {
  const isRead = request.method === 'GET' || request.method === 'HEAD'
  if (isRead && rawQuery(request.url) !== '') return queryFields(request.url, lists)
  if (request.method === 'POST' || request.method === 'PUT') requireJson(request.headers.get('content-type'))
  return new Fields(parseJsonBody(await readText(request)))
}

/** The parameters of a URL alone, for bodies that are files. */
export function queryFields(url: string, lists: ReadonlySet<string> = new Set()): Fields {
  const query = new URLSearchParams(rawQuery(url))
  const names = [...new Set(query.keys())]
  const values = names.map((name) => [name, lists.has(name) ? query.getAll(name) : query.get(name)])
  return new Fields(Object.fromEntries(values) as JsonFields, '', { fromQuery: true })
}

/**
 * The whole body, in memory.
 *
 * fails  INVALID_PARAMETER_VALUE past `most` bytes, by its Content-Length if it has one, else once that much has come
 */
export async function readBytes(request: Request, most: number = LIMITS.requestBodyBytes): Promise<Blob> {
  return gather(await bodyOf(request, most), most)
}

/** The body as it comes. What says that it is larger than `most` bytes is refused before any of it is read. */
export async function bodyOf(request: Request, most: number): Promise<ByteSource> {
  if (Number(request.headers.get('content-length') ?? 0) > most) throw tooLarge(most)
  // Null without a body, and undefined in a browser that has no request streams: then it can be measured only once it is there.
  return request.body ?? (await request.blob())
}

/** The path as it was sent, percent-encoding and all. Not through URL, which would change it. */
export function rawPath(url: string): string {
  const [path = ''] = url.split(/[?#]/, 1)
  return path.replace(/^[a-z][a-z0-9+.-]*:\/\/[^/]*/i, '')
}

/** What stands after `marker` in the path of a URL, as it was sent; `''` when it is not there. */
export function pathAfter(url: string, marker: string): string {
  const path = rawPath(url)
  const start = path.indexOf(marker)
  return start === -1 ? '' : path.slice(start + marker.length)
}

/** The query as it was sent, without the `?`. */
export function rawQuery(url: string): string {
  const [beforeFragment = ''] = url.split('#', 1)
  const start = beforeFragment.indexOf('?')
  return start === -1 ? '' : beforeFragment.slice(start + 1)
}

function requireJson(contentType: string | null): void {
  if (contentType === null || contentType === '') throw invalid('Bad Request. Content-Type header is missing.')
  const [mediaType = ''] = contentType.split(';')
  if (mediaType.trim().toLowerCase() !== 'application/json')
    throw invalid("Bad Request. Content-Type must be one of ['application/json'].")
}

/** Text that is not UTF-8 is not JSON, and reads as an empty body; replacing bytes would log something nobody sent. */
async function readText(request: Request): Promise<string> {
  const bytes = await readBuffer(request)
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes)
  } catch {
    return ''
  }
}

/** A body that says how long it is is read at once: a host makes no stream for it, which is a third of what a small request costs. */
async function readBuffer(request: Request): Promise<ArrayBuffer> {
  const most = LIMITS.requestBodyBytes
  const size = request.headers.get('content-length') ?? ''
  if (!/^\d+$/.test(size) || Number(size) > most) return (await readBytes(request)).arrayBuffer()
  const bytes = await request.arrayBuffer().catch((cause: unknown) => {
    throw new RunnelError('BAD_REQUEST', 'The body broke off before its end.', { cause })
  })
  // Where it was not HTTP that brought it, the length is only what somebody said.
  if (bytes.byteLength > most) throw tooLarge(most)
  return bytes
}
