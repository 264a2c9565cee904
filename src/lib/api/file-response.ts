/** An artifact's bytes as an answer: whole or a range, cacheable by what they are, and never run in this origin. */
import { baseName } from '#lib/domain/artifact.ts'
import { RunnelError, absent, invalid } from '#lib/domain/errors.ts'
import type { OpenArtifact } from '#lib/store/artifact-roots.ts'
import { ANY_BYTES, guessMediaType } from './media-types.ts'
import { errorResponse } from './status.ts'

/** What to answer where there is no file: a folder is said to be one. */
export const noFile = (path: string, isFolder: boolean): RunnelError =>
  isFolder
    ? invalid(`Artifact path refers to a directory, not a file: '${path}'`)
    : absent(`No such artifact: '${path}'`)

/**
 * Answer a GET for the file at `path`.
 *
 * 304  when If-None-Match names its ETag (the SHA-256 of its bytes, or size and time of a file on the host's disk)
 * 206  for one satisfiable byte range; several ranges, and a range that cannot be read, get the whole file, as HTTP allows
 * 416  for a range outside the file
 */
export function fileResponse(request: Request, path: string, file: OpenArtifact): Response {
  const { blob } = file
  const headers = fileHeaders(path, file)
  const etag = headers['ETag']
  if (listsEtag(request.headers.get('if-none-match'), etag)) return new Response(null, { status: 304, headers })
  const range = wantedRange(request.headers, etag, blob.size)
  if (range === 'outside') {
    const error = new RunnelError('BAD_REQUEST', `The range asked for is outside the file's ${blob.size} bytes.`)
    return errorResponse(error, { status: 416, headers: { 'Content-Range': `bytes */${blob.size}` } })
  }
  if (range === null) return new Response(blob, { headers: { ...headers, 'Content-Length': String(blob.size) } })
  return new Response(blob.slice(range.from, range.to + 1), {
    status: 206,
    headers: {
      ...headers,
      'Content-Length': String(range.to - range.from + 1),
      'Content-Range': `bytes ${range.from}-${range.to}/${blob.size}`
    }
  })
}

/**
 * A file somebody logged may be a page with a script. It is downloaded, not opened; it is what its type says, not what it looks like; and
 * should a browser show it all the same, the sandbox gives it neither this origin nor scripts.
 */
const fileHeaders = (path: string, file: OpenArtifact) => ({
  'Content-Type': mediaTypeOf(path, file.mediaType),
  'Content-Disposition': attachment(baseName(path)),
  'Content-Security-Policy': "sandbox; default-src 'none'",
  'X-Content-Type-Options': 'nosniff',
  'Accept-Ranges': 'bytes',
  // A path can be written again, so a copy is asked about every time; it is cheap when nothing changed.
  'Cache-Control': 'no-cache',
  ETag: `"${file.version}"`,
  'Last-Modified': new Date(file.modifiedTime).toUTCString()
})

/** What was said when the file was logged counts where its name says nothing; it came from outside, so only if it is one. */
function mediaTypeOf(path: string, said: string | null): string {
  const guess = guessMediaType(path)
  if (guess !== null) return guess.startsWith('text/') ? `${guess}; charset=utf-8` : guess
  return said !== null && /^[\w.+-]+\/[\w.+-]+$/.test(said) ? said : ANY_BYTES
}

/** RFC 6266: a plain name as it is; any other as ASCII for old readers, and exactly in UTF-8. */
export function attachment(name: string): string {
  if (/^[\w!#$&+.^`|~-]+$/.test(name)) return `attachment; filename=${name}`
  const ascii = name.replace(/[^ -~]|["\\%]/gu, '_')
  const exact = encodeURIComponent(name).replace(/['()*]/g, (c) => `%${c.charCodeAt(0).toString(16).toUpperCase()}`)
  return `attachment; filename="${ascii}"; filename*=UTF-8''${exact}`
}

const listsEtag = (list: string | null, etag: string): boolean =>
  list !== null && list.split(',').some((item) => item.trim() === '*' || item.trim().replace(/^W\//, '') === etag)

interface ByteRange {
  readonly from: number
  /** Inclusive. */
  readonly to: number
}

/** null for all of it. */
function wantedRange(headers: Headers, etag: string, size: number): ByteRange | 'outside' | null {
  const ifRange = headers.get('if-range')
  if (ifRange !== null && ifRange !== etag) return null
  const match = /^bytes=(\d*)-(\d*)$/.exec(headers.get('range')?.trim() ?? '')
  if (!match) return null
  const [, first = '', last = ''] = match
  if (first === '' && last === '') return null
  if (first === '') {
    const length = Math.min(Number(last), size)
    return length === 0 ? 'outside' : { from: size - length, to: size - 1 }
  }
  const from = Number(first)
  const to = last === '' ? size - 1 : Math.min(Number(last), size - 1)
  if (last !== '' && Number(last) < from) return null
  return from >= size ? 'outside' : { from, to }
}
