import { Hono } from 'hono'
import { isStorePath } from '#lib/live/store-paths.ts'
import { COMMON_HEADERS, mountPages } from './pages.ts'

/**
 * The static host: the built site of a folder, as `Request` to `Response`, and no store behind it.
 *
 * folder   the built site (index.html, _app/, runnel.js, ...)
 * returns  a Hono app; `app.fetch` knows no socket, so tests call `app.request()`
 */
export const createApp = (folder: string): Hono => {
  const app = new Hono()

  app.use(async (c, next) => {
    await next()
    for (const [name, value] of Object.entries(COMMON_HEADERS)) c.header(name, value)
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
  mountPages(app, folder)
  return app
}

/** 501 and not 503: stock clients retry a 503 for minutes, and waiting would not help. */
const storeIsElsewhere = {
  error_code: 'NOT_IMPLEMENTED',
  message:
    'This host serves the pages only: the store lives in the browser tab, where pages of this origin reach it. ' +
    'Python and other clients outside the browser can log to a host that keeps a store: start it without --pages-only.'
}

/** A page of another site that rebinds its name to this machine still sends that name: refuse all but our own. */
const isLoopbackName = (host: string): boolean => /^(127\.0\.0\.1|localhost|\[::1\])(:\d{1,5})?$/i.test(host)
