/** What a server says of itself. */
import type { Hono } from 'hono'
import { API_PREFIXES, refuseOtherMethods } from '../endpoint.ts'
import { jsonResponse } from '../wire/json.ts'

const PLAIN = { 'Content-Type': 'text/plain; charset=utf-8', 'X-Content-Type-Options': 'nosniff' }

/**
 * What clients ask before they use something. Uploads in parts are there for those that ask for them, and not offered: a file goes
 * through whole as well, and in bounded memory.
 */
const SERVER_INFO = {
  store_type: 'SqlStore',
  workspaces_enabled: false,
  trace_archival_enabled: false,
  multipart_uploads_enabled: false,
  multipart_downloads_enabled: false,
  presigned_upload_run_id_supported: false,
  presigned_upload_model_id_supported: false,
  features_enabled: { gateway: false }
}

/** `version` is what GET /version answers, bare. */
export function mountServer(app: Hono, version: string): void {
  app.get('/health', () => new Response('OK', { headers: PLAIN }))
  app.get('/version', () => new Response(version, { headers: PLAIN }))
  refuseOtherMethods(app, ['/health', '/version'], ['GET'])
  const infoPaths = API_PREFIXES.map((prefix) => `${prefix}/3.0/mlflow/server-info`)
  app.on('GET', infoPaths, () => jsonResponse(SERVER_INFO))
  refuseOtherMethods(app, infoPaths, ['GET'])
}
