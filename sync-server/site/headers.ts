import { mediaType } from './media-types.ts'

/**
 * What a worker's script may do. A dedicated or shared worker takes its policy from its own response, not from the page's <meta>;
 * sql.js needs wasm compiled, nothing needs eval. On a script that is not a worker's the header means nothing.
 */
const workerPolicy = (connects: string): string =>
  `default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; connect-src ${connects}; worker-src 'self'`

/** The store's worker alone goes elsewhere: to the hosts that somebody shares through, whatever their address. Pages cannot. */
const isStoreWorker = (path: string): boolean => path.startsWith('_app/immutable/workers/')

/** Files a notebook on any origin may import, with or without `COEP` on its own page. */
const isPublished = (path: string): boolean =>
  ['runnel.js', 'runnel@1.js', 'runnel-host.js', 'runnel-system.js', 'runnel.d.ts'].includes(path)

/**
 * The headers of one file of the site, encoding and ETag aside.
 *
 * path      the file, relative to the site
 * pagePath  the URL path it answers: several addresses share index.html, and only `/bridge` may be framed
 *
 * There is never a Cross-Origin-Opener-Policy: it would cut a notebook off from the window it opened (measured in three engines).
 */
export const headersFor = (path: string, pagePath: string): Record<string, string> => ({
  'Content-Type': mediaType(path),
  'Cache-Control': cacheControl(path),
  ...(path.endsWith('.html') ? pageHeaders(pagePath) : fileHeaders(path))
})

const cacheControl = (path: string): string => {
  if (path.startsWith('_app/immutable/')) return 'public, max-age=31536000, immutable'
  // A notebook opened again must still get its module when the host is gone, so a stale copy serves for a month.
  if (isPublished(path)) return 'public, max-age=60, stale-while-revalidate=2592000'
  return 'no-cache'
}

const pageHeaders = (pagePath: string): Record<string, string> =>
  isBridge(pagePath)
    ? {
        // A cross-origin isolated notebook may frame a page only if that page says both of these.
        'Cross-Origin-Embedder-Policy': 'credentialless',
        'Cross-Origin-Resource-Policy': 'cross-origin',
        'Content-Security-Policy': 'frame-ancestors *'
      }
    : { 'Content-Security-Policy': "frame-ancestors 'none'", 'X-Frame-Options': 'DENY' }

const fileHeaders = (path: string): Record<string, string> => {
  if (isPublished(path)) {
    return { 'Access-Control-Allow-Origin': '*', 'Cross-Origin-Resource-Policy': 'cross-origin' }
  }
  const isScript = path.endsWith('.js')
  return {
    'Cross-Origin-Resource-Policy': 'same-origin',
    ...(isScript && {
      'Content-Security-Policy': workerPolicy(isStoreWorker(path) ? "'self' http: https: ws: wss:" : "'self'")
    }),
    // A dedicated worker under /bridge starts only if its own script is embedder-checked too.
    ...(isScript && path.startsWith('_app/') && { 'Cross-Origin-Embedder-Policy': 'credentialless' })
  }
}

const isBridge = (pagePath: string): boolean => pagePath === '/bridge' || pagePath === '/bridge/'
