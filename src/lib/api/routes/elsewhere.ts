/**
 * Operations of MLflow that this store does not have. They answer 501 in MLflow's words: its clients take that as "not here", warn and
 * go on, where they would retry a 503 for minutes. Anything else under the API is a 404.
 */
import { RunnelError } from '#lib/domain/errors.ts'
import type { Hono } from 'hono'
import { API_PREFIXES } from '../endpoint.ts'
import { errorResponse } from '../status.ts'

/** Below `/api/<version>/mlflow/`; whole families by their first segment. */
const FAMILIES: Readonly<Record<string, string>> = {
  traces: 'traces',
  assessments: 'assessments',
  datasets: 'evaluation datasets',
  scorers: 'scorers',
  issues: 'issues',
  gateway: 'the AI gateway',
  'gateway-proxy': 'the AI gateway',
  prompts: 'prompts',
  'prompt-optimization': 'prompt optimisation',
  webhooks: 'webhooks',
  'label-schemas': 'label schemas',
  'review-queues': 'review queues',
  'mcp-servers': 'MCP servers',
  workspaces: 'workspaces'
}

const OPERATIONS: Readonly<Record<string, string>> = {
  'runs/create-promptlab-run': 'prompts',
  'artifacts/presigned-upload-url': 'presigned uploads',
  'artifacts/presigned-download-url': 'presigned downloads',
  'get-trace-artifact': 'traces'
}

const API_PATH = /^\/(?:ajax-)?api\/\d+\.\d+\/mlflow(-artifacts)?\/([^/]+)(?:\/([^/]+))?/

export function mountElsewhere(app: Hono): void {
  app.all('/v1/traces', () => notHere('traces'))
  app.all('/graphql', () => notHere('GraphQL'))
  for (const prefix of API_PREFIXES)
    app.all(`${prefix}/*`, (c) => {
      const what = missingFeature(c.req.path)
      return what === null ? noEndpoint(c.req.method, c.req.path) : notHere(what)
    })
  app.notFound((c) => noEndpoint(c.req.method, c.req.path))
}

/** What an operation that is not here belongs to; null for what is nowhere in MLflow, or has a route. `path` percent-decoded. */
export function missingFeature(path: string): string | null {
  const [, artifacts, first = '', second = ''] = API_PATH.exec(path) ?? []
  if (artifacts) return null
  const operation = second === '' ? first : `${first}/${second}`
  if (Object.hasOwn(OPERATIONS, operation)) return OPERATIONS[operation]!
  return Object.hasOwn(FAMILIES, first) ? FAMILIES[first]! : null
}

const notHere = (what: string): Response =>
  errorResponse(new RunnelError('NOT_IMPLEMENTED', `This store does not have ${what}.`))

const noEndpoint = (method: string, path: string): Response =>
  errorResponse(new RunnelError('ENDPOINT_NOT_FOUND', `No endpoint ${method} ${path}.`))
