import { once } from 'node:events'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { WebSocket } from 'ws'
import { protocolsFor } from '#lib/socket/agreement.ts'
import { ROOMS_PATH, ROOM_CLOSE } from '#lib/sync/agreement.ts'
import { openTestStore } from '../../tests/support/engines.ts'
import { createGate, type GateConfig } from '../gate/gate.ts'
import { createGatekeeper, type Gatekeeper, type RoomAdmission } from '../gate/gatekeeper.ts'
import { createRateLimit } from '../gate/rate-limit.ts'
import { BlobUploads } from './blob-uploads.ts'
import { FileWork } from '#lib/live/file-work.ts'
import { createSyncRoutes } from './routes.ts'
import { Sharing } from './sharing.ts'

const TOKEN = 'secret'
const ROOM_OF = { shared: 'x.1', notes: 'n.1', other: 'x.2' }

let folder: string
let sharing: Sharing
let server: Server
let gatekeeper: Gatekeeper
let address: string
/** What was said of the last socket. */
let admission: RoomAdmission | null

const noLimit = { perSecond: 0, burst: 0 }

const gateFor = (config: Partial<GateConfig> = {}): Gatekeeper =>
  createGatekeeper({
    gate: createGate({ allowedHosts: null, allowedOrigins: [], token: TOKEN, rate: noLimit, ...config }),
    rightsOf: (shown) => sharing.rightsOf(shown),
    wrongSecrets: createRateLimit(noLimit)
  })

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'runnel-rooms-'))
  sharing = new Sharing({ file: join(folder, 'sharing.db'), space: 'space', hostToken: TOKEN })
  gatekeeper = gateFor()
  server = createServer()
  server.on('upgrade', (incoming, duplex) => {
    const room = (incoming.url ?? '').slice(ROOMS_PATH.length + 1)
    void gatekeeper.authorizeRoom(incoming, room).then((said) => {
      admission = said
      duplex.end(`HTTP/1.1 ${said.isAllowed ? 204 : said.response.status} x\r\nConnection: close\r\n\r\n`)
    })
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  address = `127.0.0.1:${(server.address() as AddressInfo).port}`
})

afterEach(async () => {
  server.close()
  sharing.close()
  await rm(folder, { recursive: true, force: true })
})

const knock = async (token: string | null, room: string, headers = {}): Promise<[number, number | null]> => {
  admission = null
  const socket = new WebSocket(`ws://${address}${ROOMS_PATH}/${room}`, protocolsFor(token), { headers })
  socket.on('error', () => undefined)
  const [, response] = (await once(socket, 'unexpected-response')) as [unknown, { statusCode?: number }]
  const said = admission as RoomAdmission | null
  return [response.statusCode ?? 0, said === null || said.isAllowed ? null : said.closeCode]
}

const share = async (role: 'viewer' | 'editor', rooms: readonly string[] = [ROOM_OF.shared, ROOM_OF.notes]) => {
  const made = sharing.shares.create({ name: '', role, rooms, expiresTime: null, maxUses: null })
  const given = await sharing.tokenFor(made.secret, { name: 'Ann', client: 'a' })
  return { id: made.share.id, token: given!.token }
}

describe('the socket of a room', () => {
  it('[RO1] takes who was given the room, as what they were given', async () => {
    const [viewer, editor, all] = [await share('viewer'), await share('editor'), await share('viewer', ['*'])]
    for (const { token } of [viewer, editor, all]) {
      expect(await knock(token, ROOM_OF.shared)).toEqual([204, null])
      expect(await knock(token, ROOM_OF.notes)).toEqual([204, null])
    }
    await knock(viewer.token, ROOM_OF.shared)
    expect(admission).toMatchObject({ rights: { claims: { role: 'viewer', name: 'Ann', sid: viewer.id } } })
    expect(await knock(TOKEN, ROOM_OF.other)).toEqual([204, null])
    expect(admission).toMatchObject({ rights: { claims: { role: 'owner' }, expiresAt: Infinity } })
  })

  it('[RO2] takes nobody to another room, or to what is none', async () => {
    const { token } = await share('editor')
    for (const room of [ROOM_OF.other, 'g.space', 'i.space', 'x.11', 'x.', 'X.1', 'x.%31', ''])
      expect([room, await knock(token, room)]).toEqual([room, [403, ROOM_CLOSE.role]])
    expect(await knock(TOKEN, 'nothing')).toEqual([403, ROOM_CLOSE.role])
  })

  it('[RO3] says on the socket what a page cannot see: that its token is none, or is over', async () => {
    const { id, token } = await share('editor')
    for (const shown of [null, 'wrong', `${token}x`])
      expect([shown, await knock(shown, ROOM_OF.shared)]).toEqual([shown, [401, ROOM_CLOSE.token]])
    sharing.shares.revoke(id)
    expect(await knock(token, ROOM_OF.shared)).toEqual([401, ROOM_CLOSE.token])
  })

  it('[RO4] takes no page of another origin, and says nothing to it', async () => {
    const { token } = await share('editor')
    expect(await knock(token, ROOM_OF.shared, { Origin: 'https://evil.test' })).toEqual([403, null])
    expect(await knock(token, ROOM_OF.shared, { Origin: 'http://localhost:1' })).toEqual([204, null])
    gatekeeper = gateFor({ rate: { perSecond: 0.1, burst: 1 } })
    expect(await knock(token, ROOM_OF.shared)).toEqual([204, null])
    expect(await knock(token, ROOM_OF.shared)).toEqual([429, null])
  })
})

describe('what sync has over HTTP', () => {
  it('[RO5] takes nobody by a role that is less than its route’s, and reads the rooms one was given', async () => {
    const { store } = await openTestStore('node:sqlite')
    const snapshot = { epoch: 1, seq: 2, bytes: new Uint8Array([1, 2, 3]) }
    const routes = createSyncRoutes({
      sharing,
      store,
      uploads: new BlobUploads(join(folder, 'uploads'), store.blobs, store.now),
      snapshots: { snapshot: () => Promise.resolve(snapshot) },
      wrongSecrets: createRateLimit(noLimit),
      files: new FileWork({ store, version: 'test', openDatabase: null })
    })
    const ask = async (token: string | null, method: string, path: string): Promise<number> => {
      const rights = token === null ? null : await sharing.rightsOf(token)
      const caller = { rights, remoteAddress: '' }
      return (await routes.fetch(new Request(`http://host${path}`, { method }), caller)).status
    }
    const roles = { viewer: (await share('viewer')).token, editor: (await share('editor')).token }
    const order = ['viewer', 'editor', 'owner'] as const
    for (const { method, path, role } of routes.routes) {
      if (role === 'anybody') continue
      const place = path.replace(':room', ROOM_OF.shared).replace(':hash', '0'.repeat(64)).replace(':id', 'x')
      expect([path, await ask(null, method, place)]).toEqual([path, 403])
      for (const has of ['viewer', 'editor'] as const) {
        const isRefused = (await ask(roles[has], method, place)) === 403
        expect([has, method, path, isRefused]).toEqual([has, method, path, order.indexOf(has) < order.indexOf(role)])
      }
    }
    expect(routes.routes.filter(({ role }) => role === 'anybody')).toEqual([
      { method: 'POST', path: '/sync/token', role: 'anybody' }
    ])
    const read = (room: string) => ask(roles.viewer, 'GET', `${ROOMS_PATH}/${room}/snapshot`)
    expect([await read(ROOM_OF.shared), await read(ROOM_OF.other), await read('nothing')]).toEqual([200, 403, 403])
    expect(await ask(roles.editor, 'GET', '/sync/nothing')).toBe(404)
    expect(await ask(roles.editor, 'DELETE', '/sync/space')).toBe(405)
  })
})
