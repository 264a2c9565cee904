import type { Context, Hono } from 'hono'
import { headersFor } from './headers.ts'
import { openSite, type Encoding, type SiteFile } from './site.ts'

/**
 * Answer with the built site of a folder: files, and for any other address a page asks for, the app.
 *
 * Mount it last: it answers everything.
 */
export const mountPages = (app: Hono, folder: string): void => {
  const site = openSite(folder)
  // Hono answers HEAD with the GET route and drops the body.
  app.get('*', async (c) => {
    const path = new URL(c.req.url).pathname
    const file = path === '/' ? await site.find('/index.html') : await site.find(path)
    if (file !== undefined) return answerFile(c, file)
    const page = isNavigation(c) ? await site.find('/index.html') : undefined
    return page === undefined ? c.text('Not found.\n', 404, { 'Cache-Control': 'no-cache' }) : answerFile(c, page)
  })
  app.all('*', (c) => c.text('Only GET and HEAD are served here.\n', 405, { Allow: 'GET, HEAD' }))
}

/** On every answer of a host, whoever gave it. */
export const COMMON_HEADERS = { 'X-Content-Type-Options': 'nosniff', 'Referrer-Policy': 'no-referrer' } as const

/** The app routes itself, so an unknown address is its page; a missing script must stay a 404, never HTML. */
const isNavigation = (c: Context): boolean =>
  !c.req.path.startsWith('/_app/') && (c.req.header('accept') ?? '').includes('text/html')

const answerFile = async (c: Context, file: SiteFile): Promise<Response> => {
  const encoding = file.isWorthEncoding ? chooseEncoding(c.req.header('accept-encoding') ?? '') : 'identity'
  const etag = encoding === 'identity' ? `"${file.hash}"` : `"${file.hash}-${encoding}"`
  const headers: Record<string, string> = { ...headersFor(file.path, c.req.path), ETag: etag }
  if (file.isWorthEncoding) headers['Vary'] = 'Accept-Encoding'
  if (matchesEtag(c.req.header('if-none-match'), etag)) return c.body(null, 304, headers)
  if (encoding !== 'identity') headers['Content-Encoding'] = encoding
  const bytes = await file.bytes(encoding)
  headers['Content-Length'] = String(bytes.byteLength)
  return c.body(bytes, 200, headers)
}

const chooseEncoding = (accepted: string): Encoding => {
  const names = accepted.split(',').map((part) => part.trim().toLowerCase())
  const isAccepted = (name: string): boolean =>
    names.some((part) => part === name || (part.startsWith(`${name};`) && !/q=0(\.0*)?$/.test(part)))
  if (isAccepted('br')) return 'br'
  return isAccepted('gzip') ? 'gzip' : 'identity'
}

const matchesEtag = (ifNoneMatch: string | undefined, etag: string): boolean =>
  ifNoneMatch !== undefined &&
  ifNoneMatch.split(',').some((part) => part.trim() === '*' || part.trim().replace(/^W\//, '') === etag)
