/** Media types of what a built site holds. A missing one is served as bytes, which `nosniff` keeps harmless. */
const byExtension: Readonly<Record<string, string>> = {
  css: 'text/css; charset=utf-8',
  csv: 'text/csv; charset=utf-8',
  html: 'text/html; charset=utf-8',
  ico: 'image/x-icon',
  js: 'text/javascript; charset=utf-8',
  json: 'application/json; charset=utf-8',
  map: 'application/json; charset=utf-8',
  md: 'text/plain; charset=utf-8',
  png: 'image/png',
  svg: 'image/svg+xml; charset=utf-8',
  ts: 'text/plain; charset=utf-8',
  txt: 'text/plain; charset=utf-8',
  wasm: 'application/wasm',
  webmanifest: 'application/manifest+json; charset=utf-8',
  webp: 'image/webp',
  woff2: 'font/woff2'
}

const extension = (path: string): string => path.slice(path.lastIndexOf('.') + 1).toLowerCase()

export const mediaType = (path: string): string => byExtension[extension(path)] ?? 'application/octet-stream'

/** Images and fonts are compressed already; everything else we ship is text or wasm. */
export const isCompressible = (path: string): boolean => !['png', 'webp', 'woff2'].includes(extension(path))
