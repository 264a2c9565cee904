/**
 * The app itself, kept for offline use: one cache per version, filled whole or not at all.
 *
 * Pages come from the cache first. A version's page, scripts, worker and wasm then always belong together and open without waiting
 * for a network; a new version is fetched beside it, waits, and takes over whole when the reader says so or comes back later
 * (live/service-worker-client.ts). Network first would mix a new page with an older version's open tabs and wait on a bad network.
 *
 * Invariants
 * - Responses are kept with the headers the host gave them: `/bridge` is the same page as `/` under other rules of framing.
 * - The store's paths never come here.
 */
export interface Shell {
  readonly install: () => Promise<void>
  /** Keep this version and the one before it, whose open tabs may still load a script by its hash. */
  readonly dropOldVersions: () => Promise<void>
  readonly knows: (request: Request) => boolean
  readonly answer: (request: Request) => Promise<Response>
}

export interface ShellParts {
  readonly version: string
  /** URL paths of everything built or static. Empty in development, where nothing is kept. */
  readonly assets: readonly string[]
  readonly caches: CacheStorage
  readonly fetch: (request: Request) => Promise<Response>
}

const cachePrefix = 'runnel-shell-'
const pages = ['/', '/bridge']
/** Made after the app is built, and read by notebooks of this origin too. */
const published = ['/runnel.js', '/runnel@1.js', '/runnel-host.js', '/runnel-system.js', '/runnel.d.ts']

const isImmutable = (path: string): boolean => path.startsWith('/_app/immutable/')

export const createShell = ({ version, assets, caches, fetch }: ShellParts): Shell => {
  const cacheName = cachePrefix + version
  const known = new Set([...assets, ...published])
  const isDevelopment = !assets.some(isImmutable)
  const matching: CacheQueryOptions = { ignoreSearch: true, ignoreVary: true }

  const install = async (): Promise<void> => {
    if (isDevelopment) return
    const cache = await caches.open(cacheName)
    await cache.addAll([...assets, ...published].map(fileRequest))
    await cache.addAll(pages.map(pageRequest))
  }

  const dropOldVersions = async (): Promise<void> => {
    const names = (await caches.keys()).filter((name) => name.startsWith(cachePrefix) && name !== cacheName)
    // Caches are listed oldest first.
    await Promise.all(names.slice(0, -1).map((name) => caches.delete(name)))
  }

  const knows = (request: Request): boolean => {
    if (isDevelopment) return false
    const { pathname } = new URL(request.url)
    return request.mode === 'navigate' || known.has(pathname) || isImmutable(pathname)
  }

  const answer = async (request: Request): Promise<Response> => {
    const { pathname } = new URL(request.url)
    const path = known.has(pathname) ? pathname : request.mode === 'navigate' ? pageFor(pathname) : pathname
    // A script of the version before this one is found by its hash in that version's cache.
    const cache = isImmutable(path) ? caches : await caches.open(cacheName)
    return (await cache.match(path, matching)) ?? fetch(request)
  }

  return { install, dropOldVersions, knows, answer }
}

const pageFor = (pathname: string): string => (/^\/bridge\/?$/.test(pathname) ? '/bridge' : '/')

/** What is named by its hash may come from the HTTP cache; everything else is asked for anew, or an update would keep yesterday's page. */
const fileRequest = (path: string): Request => new Request(path, { cache: isImmutable(path) ? 'default' : 'reload' })

const pageRequest = (path: string): Request => new Request(path, { cache: 'reload', headers: { Accept: 'text/html' } })
