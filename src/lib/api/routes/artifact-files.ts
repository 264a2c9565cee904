/** One file of a run, a model version or a logged model: what MLflow's pages download, and upload by run. */
import { artifactRootPath, parseArtifactPath } from '#lib/domain/artifact.ts'
import { RunnelError, invalid } from '#lib/domain/errors.ts'
import { LIMITS } from '#lib/domain/limits.ts'
import { parseVersion } from '#lib/domain/model-version.ts'
import { listBelowRoot, openBelowRoot, putBelowRoot } from '#lib/store/artifact-roots.ts'
import type { Reader } from '#lib/store/database.ts'
import { getLoggedModelInfo } from '#lib/store/logged-models.ts'
import { getModelVersionDownloadUri } from '#lib/store/model-versions.ts'
import { getRunInfo } from '#lib/store/runs.ts'
import type { Store } from '#lib/store/store.ts'
import type { Hono } from 'hono'
import { queryFields, readBytes, readFields } from '../body.ts'
import { refuseOtherMethods } from '../endpoint.ts'
import { fileResponse, noFile } from '../file-response.ts'
import { ANY_BYTES, guessMediaType } from '../media-types.ts'
import type { Fields } from '../wire/fields.ts'
import { modelIdOf } from '../wire/model-id.ts'
import { runIdOf } from '../wire/run-id.ts'

const VERSION_FILE = '/model-versions/get-artifact'
const MODEL_FILES = '/ajax-api/2.0/mlflow/logged-models/:model_id/artifacts/files'
const UPLOAD = '/ajax-api/2.0/mlflow/upload-artifact'

export function mountArtifactFiles(app: Hono, store: Store, origin: string): void {
  app.get('/get-artifact', async (c) => {
    const fields = await readFields(c.req.raw, new Set())
    const id = runIdOf(fields)
    const path = parseArtifactPath(fields.requiredText('path'))
    return sendFile(c.req.raw, store, async (r) => (await getRunInfo(r, id)).artifactUri, path)
  })
  app.get(VERSION_FILE, async (c) => {
    const fields = await readFields(c.req.raw, new Set())
    const name = fields.requiredText('name')
    const version = parseVersion(fields.requiredText('version'))
    const path = parseArtifactPath(fields.requiredText('path'))
    return sendFile(c.req.raw, store, (r) => getModelVersionDownloadUri(r, name, version), path)
  })
  app.get(MODEL_FILES, async (c) => {
    const fields = await readFields(c.req.raw, new Set())
    const wanted = fields.text('artifact_file_path')
    if (!wanted) throw new RunnelError('BAD_REQUEST', 'Request must include the "artifact_file_path" query parameter.')
    const path = parseArtifactPath(wanted)
    const id = modelIdOf(c.req.param('model_id'))
    return sendFile(c.req.raw, store, async (r) => (await getLoggedModelInfo(r, id)).artifactUri, path)
  })
  app.post(UPLOAD, async (c) => {
    await takeFile(c.req.raw, store, origin)
    // MLflow's answer is empty and says that it is JSON; its pages read nothing from it.
    return new Response(null, { headers: { 'Content-Type': 'application/json' } })
  })
  refuseOtherMethods(app, ['/get-artifact', VERSION_FILE, MODEL_FILES], ['GET'])
  refuseOtherMethods(app, [UPLOAD], ['POST'])
}

async function sendFile(
  request: Request,
  store: Store,
  findRoot: (r: Reader) => Promise<string>,
  path: string
): Promise<Response> {
  const root = await store.read(findRoot)
  const file = await openBelowRoot(store, root, path)
  if (!file) throw noFile(pathFromTop(root, path), (await listBelowRoot(store, root, path)).length > 0)
  return fileResponse(request, path, file)
}

/** As MLflow names it: from the top of what is proxied. What clients write themselves is named from its own root, which stays unsaid. */
function pathFromTop(root: string, path: string): string {
  const proxied = artifactRootPath(root)
  return proxied ? `${proxied}/${path}` : path
}

/** The checks and their order are MLflow's. */
async function takeFile(request: Request, store: Store, origin: string): Promise<void> {
  const fields = queryFields(request.url)
  required(fields, 'run_uuid')
  const path = parseArtifactPath(required(fields, 'path'))
  const source = await readBytes(request, LIMITS.uploadArtifactBytes).catch(sayTooLarge)
  if (source.size === 0) throw invalid('Request must specify data.')
  const id = runIdOf(fields)
  const { artifactUri } = await store.read((r) => getRunInfo(r, id))
  await putBelowRoot(store, artifactUri, { path, mediaType: guessMediaType(path) ?? ANY_BYTES, source }, origin)
}

function required(fields: Fields, name: string): string {
  const value = fields.text(name)
  if (!value) throw invalid(`Request must specify ${name}.`)
  return value
}

function sayTooLarge(error: unknown): never {
  const isTooLarge = error instanceof RunnelError && error.code === 'INVALID_PARAMETER_VALUE'
  throw isTooLarge ? invalid('Artifact size is too large. Max size is 10MB.') : error
}
