import { Hono, type Context } from 'hono'
import { isStorePath } from '#lib/live/store-paths.ts'
import { headersFor } from './headers.ts'
import { openSite, type Encoding, type SiteFile } from './site.ts'

/**
 * The static host: the built site of a folder, as `Request` to `Response`.
 *
 * folder   the built site (index.html, _app/, runnel.js, ...)
 * returns  a Hono app; `app.fetch` knows no socket, so tests call `app.request()`
 */
export const createApp = (folder: string): Hono => {
  const site = openSite(folder)
  const app = new Hono()

  app.use(async (c, next) => {
    await next()
    c.header('X-Content-Type-Options', 'nosniff')
    c.header('Referrer-Policy', 'no-referrer')
  })
  app.use(async (c, next) => {
    const host = c.req.header('host') ?? new URL(c.req.url).host
    if (!isLoopbackName(host)) return c.text('This Host is not served here.\n', 403)
    await next()
    return undefined
  })
  app.use(async (c, next) => {
    const path = c.req.path
    if (isStorePath(path)) return c.json(storeIsElsewhere, 501)
    if (/^\/(ajax-)?api(\/|$)/.test(path)) {
      return c.json({ error_code: 'ENDPOINT_NOT_FOUND', message: `No endpoint ${c.req.method} ${path}.` }, 404)
    }
    await next()
    return undefined
  })
  // Hono answers HEAD with the GET route and drops the body.
  app.get('*', async (c) => {
    const path = new URL(c.req.url).pathname
    const file = path === '/' ? await site.find('/index.html') : await site.find(path)
    if (file !== undefined) return answerFile(c, file)
    const page = isNavigation(c) ? await site.find('/index.html') : undefined
    return page === undefined ? c.text('Not found.\n', 404, { 'Cache-Control': 'no-cache' }) : answerFile(c, page)
  })
  app.all('*', (c) => c.text('Only GET and HEAD are served here.\n', 405, { Allow: 'GET, HEAD' }))
  return app
}

/** 501 and not 503: stock clients retry a 503 for minutes, and waiting would not help. */
const storeIsElsewhere = {
  error_code: 'NOT_IMPLEMENTED',
  message:
    'This host serves the pages only: the store lives in the browser tab, where pages of this origin reach it. ' +
    'Python and other clients outside the browser can log here once the host keeps a store of its own.'
}

/** A page of another site that rebinds its name to this machine still sends that name: refuse all but our own. */
const isLoopbackName = (host: string): boolean => /^(127\.0\.0\.1|localhost|\[::1\])(:\d{1,5})?$/i.test(host)

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
  const isAccepted = (name: string): boolean => names.some((part) => part === name || (part.startsWith(`${name};`) && !/q=0(\.0*)?$/.test(part)))
  if (isAccepted('br')) return 'br'
  return isAccepted('gzip') ? 'gzip' : 'identity'
}

const matchesEtag = (ifNoneMatch: string | undefined, etag: string): boolean =>
  ifNoneMatch !== undefined &&
  ifNoneMatch.split(',').some((part) => part.trim() === '*' || part.trim().replace(/^W\//, '') === etag)
