/**
 * Is this URL path one that the store answers, wherever the store runs?
 *
 * The service worker sends these to the store in the browser; a host without a store says so. The list is MLflow's: its REST API under
 * both prefixes (and the old `preview` spelling), the artifact proxy, and the three plain routes beside them.
 */
export const isStorePath = (pathname: string): boolean =>
  /^\/(ajax-)?api\/\d+\.\d+\/(preview\/)?mlflow(-artifacts)?(\/|$)/.test(pathname) || plainPaths.has(pathname)

const plainPaths: ReadonlySet<string> = new Set([
  '/get-artifact',
  '/model-versions/get-artifact',
  '/health',
  '/version'
])

/**
 * Whose answer a request of this origin wants, where both the host and this browser keep a store behind the same paths: `space=host` or
 * `space=browser` in its query. Null when it does not say: then a host that keeps a store is meant, as for clients outside the browser.
 */
export const spaceAsked = (url: URL): 'host' | 'browser' | null => {
  const space = url.searchParams.get('space')
  return space === 'host' || space === 'browser' ? space : null
}

/** What the host says of itself; a site without one has `null` there. Asked for anew each time: an answer of yesterday means nothing. */
export const HOST_INFO_PATH = '/runnel-host.json'

/** Is this the path of one of the app's own pages? Each of them opens the store. */
export const isShellPath = (pathname: string): boolean =>
  pathname === '/' || /^\/(experiments|runs|trash|settings|bridge)(\/|$)/.test(pathname)

/** GET a file of experiments, POST one to be merged: owners only. */
export const FILES_PATH = '/sync/files'
