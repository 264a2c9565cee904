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
