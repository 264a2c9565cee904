/**
 * Artifacts three ways: listed by run, fetched by run, and by path under the artifact root, as MLflow's proxy serves them.
 *
 * Every path goes through parseArtifactPath, which decodes to the end and refuses what climbs or hides something. Paths in a URL are taken
 * from the URL as it was sent: a framework that decodes first would turn `%2561` and `%61` into different files here and there.
 */
import { artifactRootPath, baseName, parseArtifactPath, type ArtifactEntry } from '#lib/domain/artifact.ts'
import { RunnelError, absent } from '#lib/domain/errors.ts'
import { deleteArtifacts, findArtifact, listArtifacts, putArtifact } from '#lib/store/artifacts.ts'
import type { Reader } from '#lib/store/database.ts'
import { getRunInfo } from '#lib/store/runs.ts'
import type { Store } from '#lib/store/store.ts'
import type { RunInfo } from '#lib/domain/run.ts'
import type { Context, Hono } from 'hono'
import { bodyOf, rawPath, readFields } from '../body.ts'
import { API_PREFIXES, refuseOtherMethods, type Endpoints } from '../endpoint.ts'
import { fileResponse } from '../file-response.ts'
import { ANY_BYTES, guessMediaType } from '../media-types.ts'
import { jsonResponse, type Message } from '../wire/json.ts'
import { runIdOf } from '../wire/run-id.ts'
import { unlessEmpty } from '../wire/tag.ts'

export const artifactEndpoints: Endpoints = (store) => [
  {
    methods: ['GET'],
    path: 'artifacts/list',
    answer: async (fields) => {
      const id = runIdOf(fields)
      const path = parseArtifactPath(fields.text('path') ?? '', { allowRoot: true })
      return store.read(async (r) => {
        const run = await getRunInfo(r, id)
        const root = rootOf(run)
        const entries = await listArtifacts(r, below(root, path))
        return {
          root_uri: run.artifactUri,
          files: unlessEmpty(
            entries.map((entry) => entryToWire(entry, entry.path.slice(root === '' ? 0 : root.length + 1)))
          )
        }
      })
    }
  }
]

export function mountArtifacts(app: Hono, store: Store, origin: string): void {
  const roots = API_PREFIXES.map((prefix) => `${prefix}/2.0/mlflow-artifacts/artifacts`)
  const files = roots.map((root) => `${root}/*`)
  // Hono lets `/artifacts/*` match `/artifacts` too; registered first, the listing keeps its own path.
  app.on('GET', roots, (c) => listFolder(c, store))
  refuseOtherMethods(app, roots, ['GET'])
  app.on('GET', files, (c) => getFile(c.req.raw, store, pathInUrl(c)))
  app.on('PUT', files, (c) => putFile(c.req.raw, store, pathInUrl(c), origin))
  app.on('DELETE', files, async (c) => {
    const path = pathInUrl(c)
    await store.write((tx) => deleteArtifacts(tx, path), origin)
    return jsonResponse({})
  })
  refuseOtherMethods(app, files, ['GET', 'PUT', 'DELETE'])
  app.on('GET', '/get-artifact', (c) => getRunFile(c.req.raw, store))
  refuseOtherMethods(app, ['/get-artifact'], ['GET'])
}

/** Direct children by base name; a missing folder is an empty one. */
async function listFolder(c: Context, store: Store): Promise<Response> {
  const fields = await readFields(c.req.raw, new Set())
  const path = parseArtifactPath(fields.text('path') ?? '', { allowRoot: true })
  const entries = await store.read((r) => listArtifacts(r, path))
  return jsonResponse({ files: unlessEmpty(entries.map((entry) => entryToWire(entry, baseName(entry.path)))) })
}

async function getFile(request: Request, store: Store, path: string): Promise<Response> {
  return answerFile(request, store, (r) => findArtifact(r, path), path)
}

async function getRunFile(request: Request, store: Store): Promise<Response> {
  const fields = await readFields(request, new Set())
  const id = runIdOf(fields)
  const path = parseArtifactPath(fields.requiredText('path'))
  const find = async (r: Reader) => findArtifact(r, below(rootOf(await getRunInfo(r, id)), path))
  return answerFile(request, store, find, path)
}

/** The row is read in a transaction, the bytes after it: they are immutable, and may be many. */
async function answerFile(
  request: Request,
  store: Store,
  find: (r: Reader) => ReturnType<typeof findArtifact>,
  path: string
): Promise<Response> {
  const file = await store.read(find)
  if (!file) throw absent(`No such artifact: ${path}`)
  const blob = await store.blobs.get(file.blobId)
  // Written again or deleted between the two reads, with its old bytes swept.
  if (!blob) throw absent(`No such artifact: ${path}`)
  return fileResponse(request, file, blob)
}

/** Bytes first, then the row that refers to them: what a path names is always durable. */
async function putFile(request: Request, store: Store, path: string, origin: string): Promise<Response> {
  const { blobId, size } = await store.blobs.put(await bodyOf(request, store.blobs.maxBytes))
  const mediaType = guessMediaType(path) ?? ANY_BYTES
  await store.write((tx) => putArtifact(tx, { path, blobId, size, mediaType, createdTime: tx.now }), origin)
  return jsonResponse({})
}

function pathInUrl(c: Context): string {
  const marker = '/mlflow-artifacts/artifacts/'
  const path = rawPath(c.req.url)
  const start = path.indexOf(marker)
  return parseArtifactPath(start === -1 ? '' : path.slice(start + marker.length))
}

function rootOf(run: RunInfo): string {
  const root = artifactRootPath(run.artifactUri)
  if (root === null)
    throw new RunnelError(
      'NOT_IMPLEMENTED',
      `The artifacts of this run are at ${run.artifactUri}, which this store does not serve.`
    )
  return parseArtifactPath(root, { allowRoot: true })
}

const below = (root: string, path: string): string => (root === '' ? path : path === '' ? root : `${root}/${path}`)

/** `file_size` is left out of folders and empty files, as MLflow leaves it out. */
const entryToWire = ({ isDir, size }: ArtifactEntry, path: string): Message => ({
  path,
  is_dir: isDir,
  file_size: isDir || size === 0 ? undefined : size
})
