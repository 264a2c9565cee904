import { HOST_INFO_PATH } from '#lib/live/store-paths.ts'
import { BRIDGE_SOCKET_PATH, LIVE_SOCKET_PATH } from '#lib/socket/agreement.ts'
import { ROOMS_PATH, TOKEN_PATH, parseRoomName } from '#lib/sync/agreement.ts'

/**
 * Which part of a host a URL path belongs to. The gate asks here what a path needs, and the host where to send it, so that nothing can be
 * sent to the store's api without having been asked for what the api needs.
 */
export type Part =
  /** The store's api: REST, artifacts, everything with data in it. */
  | 'api'
  /** What people share: rooms, blobs, who may join. */
  | 'sync'
  /** Where a link is changed for a token: whoever asks has none yet. */
  | 'sync-token'
  /** What a server says of itself to anybody: MLflow exempts the first two from every check. */
  | 'health'
  | 'host-info'
  /** The built site: files that hold no data. */
  | 'site'

/** `path` as it was sent: percent-encoding undone nowhere, so a spelling that some router would decode reaches the site, which has no data. */
export const partOf = (path: string): Part => {
  if (path === '/health' || path === '/version') return 'health'
  if (path === HOST_INFO_PATH) return 'host-info'
  if (path === TOKEN_PATH) return 'sync-token'
  if (/^\/sync(\/|$)/.test(path)) return 'sync'
  return isApiPath(path) ? 'api' : 'site'
}

/** What takes sockets: pages that look at the whole store, notebooks that log to it, and the rooms of sync. */
export type SocketDoor = 'live' | 'bridge' | 'room'

/** `path` as it was sent, without the query. Null where no socket is taken. */
export const socketDoorOf = (path: string): SocketDoor | null => {
  if (path === LIVE_SOCKET_PATH) return 'live'
  if (path === BRIDGE_SOCKET_PATH) return 'bridge'
  return path.startsWith(`${ROOMS_PATH}/`) && parseRoomName(path.slice(ROOMS_PATH.length + 1)) !== null ? 'room' : null
}

/** The artifact proxy, which `--no-serve-artifacts` switches off and `--artifacts-only` leaves alone. */
export const isArtifactProxyPath = (path: string): boolean =>
  /^\/(ajax-)?api\/\d+\.\d+\/mlflow-artifacts(\/|$)/.test(path)

/** MLflow's two prefixes, and the routes of its that stand beside them. */
const isApiPath = (path: string): boolean => /^\/((ajax-)?api|graphql|v1)(\/|$)/.test(path) || besideApi.has(path)

const besideApi: ReadonlySet<string> = new Set(['/get-artifact', '/upload-artifact', '/model-versions/get-artifact'])
