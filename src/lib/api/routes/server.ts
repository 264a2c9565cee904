/** What a server says of itself. */
import type { Hono } from 'hono'
import { API_PREFIXES, refuseOtherMethods } from '../endpoint.ts'
import { jsonResponse } from '../wire/json.ts'

const PLAIN = { 'Content-Type': 'text/plain; charset=utf-8', 'X-Content-Type-Options': 'nosniff' }

/** `version` is what GET /version answers, bare. */
export function mountServer(app: Hono, version: string): void {
  app.get('/health', () => new Response('OK', { headers: PLAIN }))
  app.get('/version', () => new Response(version, { headers: PLAIN }))
  refuseOtherMethods(app, ['/health', '/version'], ['GET'])
  const infoPaths = API_PREFIXES.map((prefix) => `${prefix}/3.0/mlflow/server-info`)
  app.on('GET', infoPaths, () => jsonResponse({ store_type: 'SqlStore', workspaces_enabled: false }))
  refuseOtherMethods(app, infoPaths, ['GET'])
}
