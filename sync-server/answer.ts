import { Hono } from 'hono'
import { rawPath } from '#lib/api/body.ts'
import { API_PREFIXES } from '#lib/api/endpoint.ts'
import { errorResponse } from '#lib/api/status.ts'
import { RunnelError } from '#lib/domain/errors.ts'
import { HOST_INFO_PATH } from '#lib/live/store-paths.ts'
import type { HostConfig } from './config.ts'
import { knockOf, type Knock } from './gate/gate.ts'
import type { Gatekeeper } from './gate/gatekeeper.ts'
import { answerGuest } from './gate/rest-guard.ts'
import type { Answer } from './listen.ts'
import type { SyncRoutes } from './sharing/routes.ts'
import type { Rights } from './sharing/rights.ts'
import { COMMON_HEADERS, mountPages } from './site/pages.ts'
import type { Store } from '#lib/store/store.ts'
import { isArtifactProxyPath, partOf } from './paths.ts'
import { VERSION } from './version.ts'

interface AnswerParts {
  readonly api: { readonly fetch: (request: Request) => Response | Promise<Response> }
  readonly sync: Pick<SyncRoutes, 'fetch'>
  readonly store: Pick<Store, 'read'>
  readonly gatekeeper: Gatekeeper
  readonly config: Pick<HostConfig, 'folder' | 'artifacts' | 'gate'>
}

/** Everything a host answers over HTTP: the gate first, then the part of the host that the path belongs to. */
export const createAnswer = ({ api, sync, store, gatekeeper, config }: AnswerParts): Answer => {
  const pages = createPages(config)
  const answerSync = (request: Request, knock: Knock, rights: Rights | null): Response | Promise<Response> =>
    sync.fetch(request, { rights, remoteAddress: knock.remoteAddress })
  return async (request, incoming) => {
    const knock = knockOf(incoming, 'request')
    const admission = await gatekeeper.admit(knock)
    if (!admission.isAllowed) return admission.response
    const { headers, rights } = admission
    const part = partOf(knock.path)
    const path = rawPath(request.url)
    // What is answered is what was judged: an address in full, or with `..`, may have become another path on the way.
    if (partOf(path) !== part) return errorResponse(badTarget)
    if (part === 'site' || part === 'host-info') return withHeaders(await pages.fetch(request), headers)
    const off = switchedOff(path, config.artifacts)
    const response =
      off ??
      (part === 'sync' || part === 'sync-token'
        ? await answerSync(request, knock, rights)
        : rights === null || rights.claims.role === 'owner'
          ? await api.fetch(request)
          : await answerGuest(request, rights, { store, api: (asked) => api.fetch(asked) }))
    return withHeaders(response, { ...apiHeaders(response), ...headers })
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
  const isData = ['api', 'sync', 'sync-token'].includes(partOf(path))
  if (artifacts.only && !isProxy && isData && !serverInfoPaths.includes(path))
    return notHere('Only artifacts are served here: this host runs with --artifacts-only.')
  return null
}

/** What stock clients ask any server before anything else. */
const serverInfoPaths = API_PREFIXES.map((prefix) => `${prefix}/3.0/mlflow/server-info`)

const badTarget = new RunnelError('BAD_REQUEST', 'The path of a request starts at the root and holds no "..".')

const notHere = (message: string): Response => errorResponse(new RunnelError('NOT_IMPLEMENTED', message))
