import type { Store } from '#lib/store/store.ts'
import { Hono } from 'hono'
import { RunnelError } from '#lib/domain/errors.ts'
import { mountEndpoints } from './endpoint.ts'
import { artifactEndpoints, mountArtifacts } from './routes/artifacts.ts'
import { mountArtifactFiles } from './routes/artifact-files.ts'
import { datasetEndpoints } from './routes/datasets.ts'
import { mountElsewhere } from './routes/elsewhere.ts'
import { experimentEndpoints } from './routes/experiments.ts'
import { loggedModelEndpoints } from './routes/logged-models.ts'
import { metricEndpoints } from './routes/metrics.ts'
import { modelVersionEndpoints } from './routes/model-versions.ts'
import { registeredModelEndpoints } from './routes/registered-models.ts'
import { runDataEndpoints } from './routes/run-data.ts'
import { runEndpoints } from './routes/runs.ts'
import { mountServer } from './routes/server.ts'
import { mountUploads } from './routes/uploads.ts'
import { errorResponse } from './status.ts'

export interface ApiOptions {
  /** What GET /version answers. */
  readonly version: string
  /** Who the changes made here come from, on the store's change feed. */
  readonly origin?: string
  /** Hears of failures that are nobody's mistake but ours; the caller gets a 500 that names `reference` and nothing else. */
  readonly report?: (error: unknown, reference: string) => void
}

/**
 * MLflow's REST API, its tracking part, over one store: `Request` to `Response`. It knows no host and opens no socket.
 *
 * store    read and written in one transaction per request
 * answers  MLflow's JSON and MLflow's error body, for every path: an unknown one is a 404 in the same form
 * fails    never; what goes wrong is a Response
 */
export function createApi(store: Store, options: ApiOptions): Hono {
  const { version, origin = 'api', report = logFailure } = options
  const app = new Hono()
  const nouns = [
    experimentEndpoints,
    runEndpoints,
    runDataEndpoints,
    metricEndpoints,
    datasetEndpoints,
    artifactEndpoints,
    loggedModelEndpoints,
    registeredModelEndpoints,
    modelVersionEndpoints
  ]
  mountEndpoints(
    app,
    nouns.flatMap((endpoints) => endpoints(store, origin))
  )
  mountArtifacts(app, store, origin)
  mountArtifactFiles(app, store, origin)
  mountUploads(app, store, origin)
  mountServer(app, version)
  mountElsewhere(app)
  app.onError((error) => {
    if (error instanceof RunnelError) return errorResponse(error)
    const reference = crypto.randomUUID().slice(0, 8)
    report(error, reference)
    return errorResponse(unexpected(reference))
  })
  return app
}

const logFailure = (error: unknown, reference: string): void => console.error(`Runnel: failure ${reference}.`, error)

/** What broke may name paths and SQL, which are not the caller's to know. */
const unexpected = (reference: string): RunnelError =>
  new RunnelError('INTERNAL_ERROR', `This failed inside Runnel. Its log says why: look for failure ${reference}.`)
