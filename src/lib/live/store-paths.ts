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

/** Is this the path of one of the app's own pages? Each of them opens the store. */
export const isShellPath = (pathname: string): boolean =>
  pathname === '/' || /^\/(experiments|runs|trash|settings|bridge)(\/|$)/.test(pathname)
