/** Reading what a request carries, within the limits and with MLflow's rules about where parameters stand. */
import { invalid, type RunnelError } from '#lib/domain/errors.ts'
import { LIMITS } from '#lib/domain/limits.ts'
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
  if (request.method === 'GET' || request.method === 'HEAD') {
    const query = rawQuery(request.url)
    if (query !== '') return new Fields(queryToFields(new URLSearchParams(query), lists))
  }
  if (request.method === 'POST' || request.method === 'PUT') requireJson(request.headers.get('content-type'))
  return new Fields(parseJsonBody(await readText(request)))
}

/**
 * The whole body.
 *
 * fails  INVALID_PARAMETER_VALUE past LIMITS.requestBodyBytes, by its Content-Length if it has one, else once that much has come
 */
export async function readBytes(request: Request): Promise<Blob> {
  const most = LIMITS.requestBodyBytes
  if (Number(request.headers.get('content-length') ?? 0) > most) throw tooLarge()
  // Null without a body, and undefined in a browser that has no request streams: then it can be measured only once it is there.
  if (!request.body) return bounded(await request.blob())
  const parts: Uint8Array<ArrayBuffer>[] = []
  let size = 0
  const reader: ReadableStreamDefaultReader<Uint8Array<ArrayBuffer>> = request.body.getReader()
  for (;;) {
    const { done, value } = await reader.read()
    if (done) return new Blob(parts)
    size += value.byteLength
    if (size > most) {
      // The rest is not wanted, and whether the sender hears so is its own business.
      reader.cancel().catch(() => undefined)
      throw tooLarge()
    }
    parts.push(value)
  }
}

function bounded(bytes: Blob): Blob {
  if (bytes.size > LIMITS.requestBodyBytes) throw tooLarge()
  return bytes
}

/** The path as it was sent, percent-encoding and all. Not through URL, which would change it. */
export function rawPath(url: string): string {
  const [path = ''] = url.split(/[?#]/, 1)
  return path.replace(/^[a-z][a-z0-9+.-]*:\/\/[^/]*/i, '')
}

/** The query as it was sent, without the `?`. */
export function rawQuery(url: string): string {
  const [beforeFragment = ''] = url.split('#', 1)
  const start = beforeFragment.indexOf('?')
  return start === -1 ? '' : beforeFragment.slice(start + 1)
}

const tooLarge = (): RunnelError =>
  invalid(`The request body is larger than ${LIMITS.requestBodyBytes} bytes, the most this store takes at once.`)

function requireJson(contentType: string | null): void {
  if (contentType === null || contentType === '') throw invalid('Bad Request. Content-Type header is missing.')
  const [mediaType = ''] = contentType.split(';')
  if (mediaType.trim().toLowerCase() !== 'application/json')
    throw invalid("Bad Request. Content-Type must be one of ['application/json'].")
}

/** Text that is not UTF-8 is not JSON, and reads as an empty body; replacing bytes would log something nobody sent. */
async function readText(request: Request): Promise<string> {
  const bytes = await readBytes(request)
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(await bytes.arrayBuffer())
  } catch {
    return ''
  }
}

function queryToFields(query: URLSearchParams, lists: ReadonlySet<string>): JsonFields {
  return Object.fromEntries(
    [...new Set(query.keys())].map((name) => [name, lists.has(name) ? query.getAll(name) : query.get(name)])
  )
}
