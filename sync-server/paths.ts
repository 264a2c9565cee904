import { HOST_INFO_PATH } from '#lib/live/store-paths.ts'

/**
 * Which part of a host a URL path belongs to. The gate asks here what a path needs, and the host where to send it, so that nothing can be
 * sent to the store's api without having been asked for what the api needs.
 */
export type Part =
  /** The store's api: REST, artifacts, everything with data in it. */
  | 'api'
  /** What a server says of itself to anybody: MLflow exempts the first two from every check. */
  | 'health'
  | 'host-info'
  /** The built site: files that hold no data. */
  | 'site'

/** `path` as it was sent: percent-encoding undone nowhere, so a spelling that some router would decode reaches the site, which has no data. */
export const partOf = (path: string): Part => {
  if (path === '/health' || path === '/version') return 'health'
  if (path === HOST_INFO_PATH) return 'host-info'
  return isApiPath(path) ? 'api' : 'site'
}

/** The artifact proxy, which `--no-serve-artifacts` switches off and `--artifacts-only` leaves alone. */
export const isArtifactProxyPath = (path: string): boolean =>
  /^\/(ajax-)?api\/\d+\.\d+\/mlflow-artifacts(\/|$)/.test(path)

/** MLflow's two prefixes, and the routes of its that stand beside them. */
const isApiPath = (path: string): boolean => /^\/((ajax-)?api|graphql|v1)(\/|$)/.test(path) || besideApi.has(path)

const besideApi: ReadonlySet<string> = new Set(['/get-artifact', '/upload-artifact', '/model-versions/get-artifact'])
