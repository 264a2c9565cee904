/**
 * What sync has over HTTP, behind the gate:
 *
 *   POST   /sync/token                   a capability for a token; without one, an owner's for an owner
 *   GET, POST /sync/shares               owners: who may join what
 *   PATCH, DELETE /sync/shares/<id>      owners: change, revoke
 *   GET    /sync/space                   what the space is, and which of its experiments one may see
 *   POST   /sync/rooms                   owners: take an experiment that was made elsewhere
 *   GET    /sync/rooms/<room>/snapshot   the first bytes of a room
 *   GET    /sync/rooms/<room>/lacking-blobs?after=HASH   editors: what this host lacks of an experiment, in the order of names
 *   GET, HEAD, PUT /sync/blobs/<sha256>  blobs
 *   GET, POST /sync/files                owners: files of experiments, written and merged
 *
 * A route is mounted with the least role that may use it, or not at all.
 */
import { Hono, type Context } from 'hono'
import { invalid, RunnelError } from '#lib/domain/errors.ts'
import { parseSubject, type SharedId } from '#lib/domain/sync/subject.ts'
import { DEFAULT_EXPERIMENT_ID, parseExperimentId, type BlobId } from '#lib/domain/ids.ts'
import { takeBlob } from '#lib/store/sync/awaited.ts'
import { awaitedBlobs } from '#lib/store/sync/awaited-rows.ts'
import { findRoom } from '#lib/store/sync/rooms.ts'
import { joinRoom, shareExperiment } from '#lib/store/sync/sharing.ts'
import { SHARING } from '#lib/domain/limits.ts'
import { readBytes } from '#lib/api/body.ts'
import { refuseOtherMethods, type Method } from '#lib/api/endpoint.ts'
import { errorResponse } from '#lib/api/status.ts'
import { Fields } from '#lib/api/wire/fields.ts'
import { jsonResponse, parseJsonBody, type Message } from '#lib/api/wire/json.ts'
import type { FileWork } from '#lib/live/file-work.ts'
import { FILES_PATH } from '#lib/live/store-paths.ts'
import type { Store } from '#lib/store/store.ts'
import {
  BLOBS_PATH,
  ROOMS_PATH,
  parseRoomName,
  SHARES_PATH,
  SPACE_PATH,
  TOKEN_PATH,
  isAtLeast,
  type Role
} from '#lib/sync/agreement.ts'
import { writeCapability } from '#lib/sync/link.ts'
import { outOfReach } from '../gate/gatekeeper.ts'
import { passIsOver, tooMany, unauthenticated } from '../gate/gate.ts'
import type { RateLimit } from '../gate/rate-limit.ts'
import { getBlob, parseBlobId, putBlob } from './blob-route.ts'
import type { BlobUploads } from './blob-uploads.ts'
import { LackingBlobs } from './lacking-blobs.ts'
import { getFile, postFile } from './files-route.ts'
import { reachesRoom, type Rights } from './rights.ts'
import { parseNewShare, parseShareChange, shareToWire, subjectOf } from './share.ts'
import type { Sharing } from './sharing.ts'
import { createSnapshotRoute, type SnapshotRoute, type Snapshots } from './snapshot-route.ts'
import { describeSpace } from './space.ts'

export interface SyncParts {
  readonly sharing: Sharing
  readonly store: Store
  readonly uploads: BlobUploads
  readonly snapshots: Snapshots
  readonly wrongSecrets: RateLimit
  readonly files: FileWork
}

/** Who asks. The gate has found it out. */
export interface Caller {
  /** At TOKEN_PATH, where nobody need be anybody: null, or those of who showed the host's own token, or need not. */
  readonly rights: Rights | null
  readonly remoteAddress: string
}

export interface SyncRoute {
  readonly method: Method
  readonly path: string
  /** `anybody`: the route asks for itself. */
  readonly role: Role | 'anybody'
}

export interface SyncRoutes {
  readonly routes: readonly SyncRoute[]
  readonly fetch: (request: Request, caller: Caller) => Response | Promise<Response>
}

type Env = { readonly Bindings: Caller }
type Answer = (c: Context<Env>, rights: Rights) => Promise<Response>

export const createSyncRoutes = (parts: SyncParts): SyncRoutes => {
  const app = new Hono<Env>()
  const routes: SyncRoute[] = []
  const mount = (method: Method, path: string, role: Role, answer: Answer): void => {
    routes.push({ method, path, role })
    app.on(method, path, async (c) => {
      const { rights } = c.env
      return rights !== null && isAtLeast(rights.claims.role, role) ? answer(c, rights) : outOfReach()
    })
  }
  routes.push({ method: 'POST', path: TOKEN_PATH, role: 'anybody' })
  app.post(TOKEN_PATH, (c) => giveToken(c, parts))
  const snapshots = createSnapshotRoute(parts.snapshots)
  mountShares(mount, parts, snapshots)
  mountData(mount, parts, snapshots)
  for (const [path, group] of Map.groupBy(routes, (route) => route.path))
    refuseOtherMethods(
      app as unknown as Hono,
      [path],
      group.map(({ method }) => method)
    )
  app.notFound((c) =>
    errorResponse(new RunnelError('ENDPOINT_NOT_FOUND', `No endpoint ${c.req.method} ${c.req.path}.`))
  )
  app.onError((error) => {
    if (error instanceof RunnelError) return errorResponse(error)
    console.error('Runnel: a failure of sync over HTTP.', error)
    return errorResponse(new RunnelError('INTERNAL_ERROR', 'This failed inside Runnel. Its log says why.'))
  })
  return { routes, fetch: (request, caller) => app.fetch(request, caller) }
}

type Mount = (method: Method, path: string, role: Role, answer: Answer) => void

/**
 * `{capability?, name?, client?}`. A capability that lets nobody in is answered alike, whatever is the matter with it. Only what was wrong is
 * counted and delayed: a right one from the same address is somebody else's.
 */
const giveToken = async (c: Context<Env>, { sharing, wrongSecrets }: SyncParts): Promise<Response> => {
  const { rights, remoteAddress } = c.env
  const fields = await readJson(c.req.raw)
  const capability = fields.text('capability')
  const applicant = { name: displayName(fields.text('name') ?? ''), client: fields.text('client') || null }
  const given =
    capability === undefined
      ? rights !== null
        ? await sharing.ownerToken(applicant)
        : null
      : await sharing.tokenFor(capability, applicant)
  if (given !== null) return neverKept({ ...given })
  const waitSeconds = wrongSecrets.take(remoteAddress)
  if (waitSeconds > 0) return tooMany(waitSeconds)
  return capability === undefined ? unauthenticated({}) : passIsOver()
}

const mountShares = (mount: Mount, { sharing, store }: SyncParts, snapshots: SnapshotRoute): void => {
  const one = `${SHARES_PATH}/:id`
  mount('GET', SHARES_PATH, 'owner', async () => neverKept({ shares: sharing.shares.all().map(shareToWire) }))
  mount('POST', SHARES_PATH, 'owner', async (c) => {
    const asked = parseNewShare(await readJson(c.req.raw), sharing.now())
    await makeRooms(store, asked.rooms)
    const { share, secret } = sharing.shares.create(asked)
    for (const room of asked.rooms) if (room.startsWith('x.')) void snapshots.warm(room)
    const capability = writeCapability({ subject: subjectOf(share), role: share.role, secret })
    return neverKept({ share: shareToWire(share), capability })
  })
  mount('PATCH', one, 'owner', async (c) => {
    const change = parseShareChange(await readJson(c.req.raw), sharing.now())
    return neverKept({ share: shareToWire(sharing.shares.change(c.req.param('id') ?? '', change)) })
  })
  mount('DELETE', one, 'owner', async (c) =>
    neverKept({ share: shareToWire(sharing.shares.revoke(c.req.param('id') ?? '')) })
  )
}

/** An experiment is told of in its room from the moment there is a share of it. Fails when there is none of that number. */
const makeRooms = async (store: Store, rooms: readonly string[]): Promise<void> => {
  for (const room of rooms.map(parseRoomName)) {
    if (room?.kind !== 'x' || (await store.read((r) => findRoom(r, room.subject as SharedId))) !== null) continue
    if (room.subject === DEFAULT_EXPERIMENT_ID)
      throw invalid('The Default experiment is shared under another number: share it from its page.')
    await shareExperiment(store, parseExperimentId(room.subject), '')
  }
}

const mountData = (mount: Mount, { sharing, store, uploads, files }: SyncParts, snapshots: SnapshotRoute): void => {
  mount('GET', FILES_PATH, 'owner', (c) => getFile(files, c.req.raw.url))
  mount('POST', FILES_PATH, 'owner', (c) => postFile(files, store, c.req.raw))
  const blobs = { blobs: store.blobs, uploads }
  const lacking = new LackingBlobs(store)
  const blobId = (c: Context<Env>) => parseBlobId(c.req.param('hash') ?? '')
  mount('GET', SPACE_PATH, 'viewer', async (_, rights) =>
    neverKept(await describeSpace(store, { id: sharing.space, now: sharing.now() }, rights))
  )
  // An experiment that was made elsewhere: what it is, is told in its room.
  mount('POST', ROOMS_PATH, 'owner', async (c) => {
    const experiment = (await readJson(c.req.raw)).requiredText('experiment')
    if (parseSubject(`x${experiment}`)?.kind !== 'experiment') throw invalid('An experiment goes by a number.')
    await joinRoom(store, experiment as SharedId, 'owner', '')
    return neverKept({})
  })
  mount('GET', `${ROOMS_PATH}/:room/snapshot`, 'viewer', async (c, rights) => {
    const room = c.req.param('room') ?? ''
    return reachesRoom(rights, room) ? snapshots.send(c.req.raw, room) : outOfReach()
  })
  mount('GET', `${ROOMS_PATH}/:room/lacking-blobs`, 'editor', async (c, rights) => {
    const room = c.req.param('room') ?? ''
    if (!reachesRoom(rights, room)) return outOfReach()
    const { kind, subject } = parseRoomName(room)!
    const after = c.req.query('after') ?? ''
    return neverKept(kind === 'x' ? { ...(await lacking.of(subject as SharedId, after)) } : { blobs: [], more: false })
  })
  // Who knows a blob's hash was told it in a room: of which room, nobody need say.
  mount('GET', `${BLOBS_PATH}/:hash`, 'viewer', async (c) => getBlob(c.req.raw, blobId(c), blobs))
  mount('PUT', `${BLOBS_PATH}/:hash`, 'editor', async (c, { claims }) => {
    const answer = await putBlob(c.req.raw, blobId(c), `${claims.sid} ${claims.sub}`, blobs)
    if (answer.ok) await takeAwaited(store, blobId(c))
    return answer
  })
}

/** Points may wait for a blob that was named before it came: where a host lost it. What fails here is tried when its room is opened next. */
const takeAwaited = async (store: Store, id: BlobId): Promise<void> => {
  try {
    const isAwaited = (await store.read(awaitedBlobs)).includes(id)
    if (isAwaited && (await store.blobs.get(id)) !== null) await takeBlob(store, id)
  } catch (error) {
    console.warn(`Runnel: points that waited for the blob ${id} wait still.`, error)
  }
}

const readJson = async (request: Request): Promise<Fields> =>
  new Fields(parseJsonBody(await (await readBytes(request, SHARING.requestBytes)).text()))

/** Others see it beside what its bearer does, so it is one line of something to see: no controls, and nothing that turns text around. */
const displayName = (text: string): string =>
  text
    .replace(/[\p{Cc}\p{Zl}\p{Zp}\u202a-\u202e\u2066-\u2069]+/gu, ' ')
    .trim()
    .slice(0, SHARING.nameLength)

const neverKept = (message: Message): Response => {
  const response = jsonResponse(message)
  response.headers.set('Cache-Control', 'no-store')
  return response
}
