/**
 * Artifacts by path under the artifact root, as MLflow's proxy serves them, and listed by run and by logged model.
 *
 * Every path goes through parseArtifactPath, which decodes to the end and refuses what climbs or hides something. Paths in a URL are taken
 * from the URL as it was sent: a framework that decodes first would turn `%2561` and `%61` into different files here and there.
 */
import { baseName, parseArtifactPath, type ArtifactEntry } from '#lib/domain/artifact.ts'
import { RunnelError, invalid } from '#lib/domain/errors.ts'
import { deleteArtifacts, listArtifacts } from '#lib/store/artifacts.ts'
import { listBelowRoot, openStored, putStored } from '#lib/store/artifact-roots.ts'
import { getLoggedModelInfo } from '#lib/store/logged-models.ts'
import { getRunInfo } from '#lib/store/runs.ts'
import type { Store } from '#lib/store/store.ts'
import type { Context, Hono } from 'hono'
import { bodyOf, pathAfter, rawPath, readFields } from '../body.ts'
import { API_PREFIXES, refuseOtherMethods, type Endpoints } from '../endpoint.ts'
import { fileResponse, noFile } from '../file-response.ts'
import { ANY_BYTES, guessMediaType } from '../media-types.ts'
import { jsonResponse, type Message } from '../wire/json.ts'
import { runIdOf } from '../wire/run-id.ts'
import { unlessEmpty } from '../wire/tag.ts'
import { modelIdOf } from '../wire/model-id.ts'

export const artifactEndpoints: Endpoints = (store) => [
  {
    methods: ['GET'],
    path: 'artifacts/list',
    answer: async (fields) => {
      const id = runIdOf(fields)
      const path = parseArtifactPath(fields.text('path') ?? '', { allowRoot: true })
      const { artifactUri } = await store.read((r) => getRunInfo(r, id))
      return listing(store, artifactUri, path)
    }
  },
  {
    methods: ['GET'],
    path: 'logged-models/:model_id/artifacts/directories',
    answer: async (fields, params) => {
      const path = parseArtifactPath(fields.text('artifact_directory_path') ?? '', { allowRoot: true })
      const id = modelIdOf(params['model_id'] ?? '')
      const { artifactUri } = await store.read((r) => getLoggedModelInfo(r, id))
      return listing(store, artifactUri, path)
    }
  }
]

export function mountArtifacts(app: Hono, store: Store, origin: string): void {
  const roots = API_PREFIXES.map((prefix) => `${prefix}/2.0/mlflow-artifacts/artifacts`)
  const files = roots.map((root) => `${root}/*`)
  // Hono lets `/artifacts/*` match `/artifacts` too; registered first, the listing keeps its own path.
  app.on('GET', roots, (c) => listFolder(c, store))
  refuseOtherMethods(app, roots, ['GET'])
  app.on('GET', files, (c) => getFile(c, store))
  app.on('PUT', files, (c) => putFile(c, store, origin))
  app.on('DELETE', files, async (c) => {
    const path = pathInUrl(c)
    await store.write((tx) => deleteArtifacts(tx, path), origin)
    return jsonResponse({})
  })
  refuseOtherMethods(app, files, ['GET', 'PUT', 'DELETE'])
  const presigned = API_PREFIXES.map((prefix) => `${prefix}/2.0/mlflow-artifacts/presigned/*`)
  app.on('GET', presigned, (c) => {
    parseArtifactPath(pathAfter(c.req.url, '/mlflow-artifacts/presigned/'))
    // As MLflow answers over a local folder; its client then reads through the proxy, in ranges if it likes.
    throw new RunnelError('NOT_IMPLEMENTED', 'Multipart download is not supported for the current artifact repository')
  })
  refuseOtherMethods(app, presigned, ['GET'])
}

async function listing(store: Store, artifactUri: string, path: string): Promise<Message> {
  const entries = await listBelowRoot(store, artifactUri, path)
  return { root_uri: artifactUri, files: unlessEmpty(entries.map((entry) => entryToWire(entry, entry.path))) }
}

/** Direct children by base name; a missing folder is an empty one. */
async function listFolder(c: Context, store: Store): Promise<Response> {
  const fields = await readFields(c.req.raw, new Set())
  const path = parseArtifactPath(fields.text('path') ?? '', { allowRoot: true })
  const entries = await store.read((r) => listArtifacts(r, path))
  return jsonResponse({ files: unlessEmpty(entries.map((entry) => entryToWire(entry, baseName(entry.path)))) })
}

async function getFile(c: Context, store: Store): Promise<Response> {
  const path = pathInUrl(c)
  const file = await openStored(store, path)
  if (!file) throw noFile(path, (await store.read((r) => listArtifacts(r, path))).length > 0)
  return fileResponse(c.req.raw, path, file)
}

async function putFile(c: Context, store: Store, origin: string): Promise<Response> {
  const path = pathInUrl(c)
  if (rawPath(c.req.url).endsWith('/')) throw invalid("Artifact path must include a filename (cannot end with '/').")
  const source = await bodyOf(c.req.raw, store.blobs.maxBytes)
  await putStored(store, { path, mediaType: guessMediaType(path) ?? ANY_BYTES, source }, origin)
  return new Response(null, { headers: { 'X-Content-Type-Options': 'nosniff' } })
}

const pathInUrl = (c: Context): string => parseArtifactPath(pathAfter(c.req.url, '/mlflow-artifacts/artifacts/'))

/** `file_size` is left out of folders and empty files, as MLflow leaves it out. */
const entryToWire = ({ isDir, size }: ArtifactEntry, path: string): Message => ({
  path,
  is_dir: isDir,
  file_size: isDir || size === 0 ? undefined : size
})
