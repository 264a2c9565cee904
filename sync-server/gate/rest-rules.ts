/**
 * What a guest may do by MLflow's API, route by route: the least role, and how the experiments it touches are found. What is not in the table
 * is for owners, and so is whatever stands under no experiment: making, deleting and searching experiments, and the model registry, whose
 * versions may point at the files of any run.
 *
 * Two kinds of rule look at no experiment: `nothing` is touched (what a server says of itself), and `space`, for guests of all its rooms.
 */
import type { Role } from '#lib/sync/agreement.ts'
import {
  artifactInPath,
  experiment,
  experimentByName,
  experiments,
  folderInQuery,
  model,
  newModel,
  presignedInPath,
  run,
  runAndModels,
  runInQuery,
  runList,
  uploadIn,
  type Subjects
} from './rest-subjects.ts'

export interface RestRule {
  readonly role: Role
  readonly touches: Subjects | 'space' | 'nothing'
  /** Fields that are lists in a query string: the same as the route's. */
  readonly lists: readonly string[]
  /** The body is a file, which is none of the rule's business. */
  readonly isFile: boolean
}

export interface RuleFound extends RestRule {
  readonly params: Readonly<Record<string, string>>
}

type Options = Partial<Pick<RestRule, 'lists' | 'isFile'>>

/** `GET a/:b/*` below `/api/2.0/mlflow/`, under either prefix; a path with a slash in front stands as it is. */
type Rules = Readonly<Record<string, RestRule>>

const rule = (role: Role, touches: RestRule['touches'], { lists = [], isFile = false }: Options = {}): RestRule => ({
  role,
  touches,
  lists,
  isFile
})
const reads = (touches: RestRule['touches'], options?: Options): RestRule => rule('viewer', touches, options)
const writes = (touches: RestRule['touches'], options?: Options): RestRule => rule('editor', touches, options)
const owners = rule('owner', 'space')

const ARTIFACTS = '/api/2.0/mlflow-artifacts'

export const REST_RULES: Rules = {
  'GET experiments/get': reads(experiment),
  'GET experiments/get-by-name': reads(experimentByName),
  'GET experiments/search': reads('space', { lists: ['order_by'] }),
  'POST experiments/search': reads('space'),
  'POST experiments/search-datasets': reads(experiments),
  'POST experiments/create': writes('space'),
  'POST experiments/update': writes(experiment),
  'POST experiments/delete': owners,
  'POST experiments/restore': owners,
  'POST experiments/set-experiment-tag': writes(experiment),
  'POST experiments/delete-experiment-tag': writes(experiment),

  'GET runs/get': reads(run),
  'POST runs/search': reads(experiments),
  'POST runs/create': writes(experiment),
  'POST runs/update': writes(run),
  'POST runs/delete': writes(run),
  'POST runs/restore': writes(run),
  'POST runs/log-metric': writes(runAndModels),
  'POST runs/log-parameter': writes(run),
  'POST runs/set-tag': writes(run),
  'POST runs/delete-tag': writes(run),
  'POST runs/log-batch': writes(runAndModels),
  'POST runs/log-inputs': writes(runAndModels),
  'POST runs/outputs': writes(runAndModels),
  'POST runs/log-model': writes(run),

  'GET metrics/get-history': reads(run),
  'GET metrics/get-history-bulk': reads(runList('run_id'), { lists: ['run_id'] }),
  'GET metrics/get-history-bulk-interval': reads(runList('run_ids'), { lists: ['run_ids'] }),

  'GET artifacts/list': reads(run),
  'GET /get-artifact': reads(run),
  'POST upload-artifact': writes(runInQuery, { isFile: true }),
  [`GET ${ARTIFACTS}/artifacts`]: reads(folderInQuery),
  [`GET ${ARTIFACTS}/artifacts/*`]: reads(artifactInPath, { isFile: true }),
  [`PUT ${ARTIFACTS}/artifacts/*`]: writes(artifactInPath, { isFile: true }),
  [`DELETE ${ARTIFACTS}/artifacts/*`]: writes(artifactInPath, { isFile: true }),
  [`GET ${ARTIFACTS}/presigned/*`]: reads(presignedInPath, { isFile: true }),
  [`POST ${ARTIFACTS}/mpu/create/*`]: writes(uploadIn('create')),
  [`POST ${ARTIFACTS}/mpu/complete/*`]: writes(uploadIn('complete')),
  [`POST ${ARTIFACTS}/mpu/abort/*`]: writes(uploadIn('abort')),
  // The gate asks for no token here: the upload's id is the leave.
  [`PUT ${ARTIFACTS}/mpu/parts/:upload_id/:part_number`]: rule('viewer', 'nothing', { isFile: true }),

  'POST logged-models': writes(newModel),
  'POST logged-models/search': reads(experiments),
  'GET logged-models/:model_id': reads(model),
  'PATCH logged-models/:model_id': writes(model),
  'DELETE logged-models/:model_id': writes(model),
  'PATCH logged-models/:model_id/tags': writes(model),
  'DELETE logged-models/:model_id/tags/*': writes(model),
  'POST logged-models/:model_id/params': writes(model),
  'GET logged-models/:model_id/artifacts/directories': reads(model),
  'GET logged-models/:model_id/artifacts/files': reads(model),

  'GET registered-models/get': reads('space'),
  'GET registered-models/get-latest-versions': reads('space'),
  'POST registered-models/get-latest-versions': reads('space'),
  'GET registered-models/search': reads('space'),
  'GET registered-models/alias': reads('space'),
  'POST registered-models/create': writes('space'),
  'POST registered-models/rename': writes('space'),
  'PATCH registered-models/update': writes('space'),
  'DELETE registered-models/delete': writes('space'),
  'POST registered-models/set-tag': writes('space'),
  'DELETE registered-models/delete-tag': writes('space'),
  'POST registered-models/alias': writes('space'),
  'DELETE registered-models/alias': writes('space'),
  'GET model-versions/get': reads('space'),
  'GET model-versions/get-download-uri': reads('space'),
  'GET model-versions/search': reads('space'),
  'GET /model-versions/get-artifact': reads('space'),
  'POST model-versions/create': writes('space'),
  'PATCH model-versions/update': writes('space'),
  'DELETE model-versions/delete': writes('space'),
  'POST model-versions/transition-stage': writes('space'),
  'POST model-versions/set-tag': writes('space'),
  'DELETE model-versions/delete-tag': writes('space'),

  'GET /api/3.0/mlflow/server-info': reads('nothing'),
  // The gate asks nobody who they are here.
  'GET /health': reads('nothing'),
  'GET /version': reads('nothing')
}

/**
 * The rule of a request, or null when there is none: then it is for owners.
 *
 * path  as it was sent. No percent sign is undone, so a spelling that the router would take for a route of the table has no rule; where a
 *       rule's own tail may hold any, the routes read it as `rest-subjects.ts` does
 */
export const ruleFor = (method: string, path: string): RuleFound | null => {
  const verb = method === 'HEAD' ? 'GET' : method
  for (const { rule, pattern } of byMethod.get(verb) ?? []) {
    const match = pattern.exec(path)
    if (match !== null) return { ...rule, params: { ...match.groups } }
  }
  return null
}

const patternOf = (path: string): RegExp => {
  const whole = path.startsWith('/') ? path : `/api/2.0/mlflow/${path}`
  const source = whole
    .replace(/\./g, String.raw`\.`)
    .replace(/^\/api\//, '/(?:ajax-)?api/')
    .replace(/:(\w+)/g, (found, name: string, at: number, text: string) =>
      text[at - 1] === '?' ? found : `(?<${name}>[\\w-]+)`
    )
    .replace(/\*$/, '.+')
  return new RegExp(`^${source}$`)
}

const byMethod = Map.groupBy(
  Object.entries(REST_RULES).map(([route, rule]) => {
    const [method = '', path = ''] = route.split(' ')
    return { method, rule, pattern: patternOf(path) }
  }),
  ({ method }) => method
)
