import { Hono } from 'hono'
import { rawPath } from '#lib/api/body.ts'
import { API_PREFIXES } from '#lib/api/endpoint.ts'
import { errorResponse } from '#lib/api/status.ts'
import { RunnelError } from '#lib/domain/errors.ts'
import { HOST_INFO_PATH } from '#lib/live/store-paths.ts'
import type { HostConfig } from './config.ts'
import { knockOf, type Gate } from './gate/gate.ts'
import type { Answer } from './listen.ts'
import { COMMON_HEADERS, mountPages } from './site/pages.ts'
import { isArtifactProxyPath, partOf } from './paths.ts'
import { VERSION } from './version.ts'

interface AnswerParts {
  readonly api: { readonly fetch: (request: Request) => Response | Promise<Response> }
  readonly gate: Gate
  readonly config: Pick<HostConfig, 'folder' | 'artifacts' | 'gate'>
}

/** Everything a host answers over HTTP: the gate first, then the part of the host that the path belongs to. */
export const createAnswer = ({ api, gate, config }: AnswerParts): Answer => {
  const pages = createPages(config)
  return async (request, incoming) => {
    const knock = knockOf(incoming, 'request')
    const verdict = gate(knock)
    if (!verdict.isAllowed) return verdict.response
    const part = partOf(knock.path)
    const path = rawPath(request.url)
    // What is answered is what was judged: an address in full, or with `..`, may have become another path on the way.
    if (partOf(path) !== part) return errorResponse(badTarget)
    if (part === 'site' || part === 'host-info') return withHeaders(await pages.fetch(request), verdict.headers)
    const response = switchedOff(path, config.artifacts) ?? (await api.fetch(request))
    return withHeaders(response, { ...apiHeaders(response), ...verdict.headers })
  }
}

const createPages = ({ folder, gate, artifacts }: AnswerParts['config']): Hono => {
  const pages = new Hono()
  // Pages learn from this that a host with a store is behind them; a static host has no such file.
  pages.get(HOST_INFO_PATH, (c) =>
    c.json({ store: !artifacts.only, version: VERSION, token: gate.token !== null }, 200, {
      'Cache-Control': 'no-store'
    })
  )
  mountPages(pages, folder)
  return pages
}

/** MLflow's clients and pages frame artifacts of their own server at most. */
const apiHeaders = (response: Response): Readonly<Record<string, string>> =>
  response.headers.has('X-Frame-Options') ? {} : { 'X-Frame-Options': 'SAMEORIGIN' }

const withHeaders = (response: Response, headers: Readonly<Record<string, string>>): Response => {
  for (const [name, value] of Object.entries({ ...COMMON_HEADERS, ...headers })) {
    if (name === 'Vary') response.headers.append(name, value)
    else response.headers.set(name, value)
  }
  return response
}

/** MLflow answers 503 with a page of HTML here, which its own client asks again for minutes; waiting would not help, so this is a 501. */
const switchedOff = (path: string, artifacts: HostConfig['artifacts']): Response | null => {
  const isProxy = isArtifactProxyPath(path)
  if (!artifacts.serve && isProxy)
    return notHere('Artifacts are not served here: this host runs with --no-serve-artifacts.')
  if (artifacts.only && !isProxy && partOf(path) === 'api' && !serverInfoPaths.includes(path))
    return notHere('Only artifacts are served here: this host runs with --artifacts-only.')
  return null
}

/** What stock clients ask any server before anything else. */
const serverInfoPaths = API_PREFIXES.map((prefix) => `${prefix}/3.0/mlflow/server-info`)

const badTarget = new RunnelError('BAD_REQUEST', 'The path of a request starts at the root and holds no "..".')

const notHere = (message: string): Response => errorResponse(new RunnelError('NOT_IMPLEMENTED', message))
