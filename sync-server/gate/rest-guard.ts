/** A guest at MLflow's API: the route's rule, then the experiments that the request names. */
import { RunnelError } from '#lib/domain/errors.ts'
import { readBytes, readFields, rawPath } from '#lib/api/body.ts'
import { missingFeature } from '#lib/api/routes/elsewhere.ts'
import { errorResponse } from '#lib/api/status.ts'
import { Fields } from '#lib/api/wire/fields.ts'
import type { Store } from '#lib/store/store.ts'
import { isAtLeast } from '#lib/sync/agreement.ts'
import { experimentsOf, reachesAll, type Rights } from '../sharing/rights.ts'
import { experimentsNamed } from '../sharing/space.ts'
import { outOfReach } from './gatekeeper.ts'
import { ruleFor, type RuleFound } from './rest-rules.ts'

export type Api = (request: Request) => Response | Promise<Response>

/**
 * Answer a guest's request, or refuse it.
 *
 * What is judged is what is answered: a body is read once, and the same bytes are handed on. Between the look at whose run it is and the
 * answer an owner may move the run to another experiment; the guest's write then counts as having come before.
 */
export const answerGuest = async (
  request: Request,
  rights: Rights,
  { store, api }: { readonly store: Pick<Store, 'read'>; readonly api: Api }
): Promise<Response> => {
  const path = rawPath(request.url)
  const rule = ruleFor(request.method, path)
  if (rule === null) return isNotHere(path) ? api(request) : outOfReach()
  if (!isAtLeast(rights.claims.role, rule.role)) return outOfReach()
  try {
    const again = await repeatable(request, rule)
    return (await reaches(rights, rule, again(), store)) ? await api(again()) : outOfReach()
  } catch (error) {
    if (error instanceof RunnelError) return errorResponse(error)
    throw error
  }
}

/** What stock clients ask for to learn that there is none: a 403 would stop them. Nothing that has a route of its own is among it. */
const isNotHere = (path: string): boolean => !path.includes('%') && missingFeature(path) !== null

const reaches = async (
  rights: Rights,
  { touches, lists, isFile, params }: RuleFound,
  request: Request,
  store: Pick<Store, 'read'>
): Promise<boolean> => {
  if (touches === 'nothing') return true
  const reached = experimentsOf(rights)
  if (reached === null || touches === 'space') return reachesAll(rights)
  const fields = isFile ? new Fields({}) : await readFields(request, new Set(lists))
  return store.read(async (r) => {
    const own = await experimentsNamed(r, reached)
    const touched = await touches(r, { url: request.url, fields, params })
    return touched.length > 0 && touched.every((id) => id !== null && own.has(id))
  })
}

/** A request that can be read twice: once to judge it, once to answer it. Files are read once, as they are not looked at. */
const repeatable = async (request: Request, { isFile }: RuleFound): Promise<() => Request> => {
  if (isFile || request.method === 'GET' || request.method === 'HEAD') return () => request
  const body = await readBytes(request)
  const { url, method, headers } = request
  const again = (): Request => new Request(url, { method, headers, body })
  // An address that reads otherwise the second time is not the one that was judged.
  if (again().url !== url) throw new RunnelError('BAD_REQUEST', 'The address of a request must be written plainly.')
  return again
}
