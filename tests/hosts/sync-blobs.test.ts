import { createHash, randomBytes } from 'node:crypto'
import { existsSync, readdirSync } from 'node:fs'
import { request } from 'node:http'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { SHARING } from '#lib/domain/limits.ts'
import { BLOBS_PATH } from '#lib/sync/agreement.ts'
import { HOST_TOKEN, startSharedHost, type Ask, type SharedHost } from '../support/shared-host.ts'

let shared: SharedHost
let editor: string
let viewer: string

beforeEach(async () => {
  shared = await startSharedHost()
  editor = (await shared.share()).token
  viewer = (await shared.share({ role: 'viewer' })).token
})
afterEach(() => shared.host.end())

const hashOf = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex')
const placeOf = (bytes: Uint8Array): string => `${BLOBS_PATH}/${hashOf(bytes)}`

const put = async (
  bytes: Uint8Array<ArrayBuffer>,
  from: number,
  to: number,
  token = editor
): Promise<[number, unknown]> => {
  const headers = { 'Content-Range': `bytes ${from}-${to - 1}/${bytes.byteLength}` }
  const answer = await shared.ask(token, placeOf(bytes), { method: 'PUT', body: bytes.slice(from, to), headers })
  return [answer.status, await answer.json()]
}

const stateOf = async (
  bytes: Uint8Array,
  token = editor
): Promise<[number, { received: number; complete: boolean }]> => {
  const headers = { 'Content-Range': `bytes */${bytes.byteLength}` }
  const answer = await shared.ask(token, placeOf(bytes), { method: 'PUT', headers })
  return [answer.status, (await answer.json()) as { received: number; complete: boolean }]
}

const uploads = (): string[] => {
  const folder = join(shared.host.folder, 'runnel-data', 'runnel.uploads')
  return existsSync(folder) ? readdirSync(folder) : []
}

/** Begin a PUT, send so much of it, and break the connection off once the host has it. */
const cutOff = (bytes: Uint8Array, sent: number, from = 0): Promise<void> =>
  new Promise((resolve, reject) => {
    const outgoing = request(shared.host.address + placeOf(bytes), {
      method: 'PUT',
      headers: {
        Authorization: `Bearer ${editor}`,
        'Content-Length': bytes.byteLength - from,
        ...(from > 0 && { 'Content-Range': `bytes ${from}-${bytes.byteLength - 1}/${bytes.byteLength}` })
      }
    })
    outgoing.on('error', () => undefined)
    outgoing.on('close', resolve)
    outgoing.write(bytes.subarray(from, sent))
    expect
      .poll(async () => (await stateOf(bytes))[1].received, { timeout: 30_000 })
      .toBe(sent)
      .then(() => outgoing.destroy(), reject)
  })

describe('a blob', () => {
  it('[BL1] is put once by an editor, and read by everybody who is in', async () => {
    const bytes = randomBytes(5000)
    const place = placeOf(bytes)
    expect((await shared.ask(viewer, place)).status).toBe(404)
    const answer = await shared.ask(editor, place, { method: 'PUT', body: bytes })
    expect([answer.status, await answer.json()]).toEqual([201, { received: 5000, complete: true }])
    for (const token of [viewer, editor, HOST_TOKEN]) {
      const got = await shared.ask(token, place)
      expect([got.status, hashOf(await got.bytes())]).toEqual([200, hashOf(bytes)])
      expect(Object.fromEntries(got.headers)).toMatchObject({
        etag: `"${hashOf(bytes)}"`,
        'cache-control': 'private, max-age=31536000, immutable',
        'content-type': 'application/octet-stream',
        'content-security-policy': "sandbox; default-src 'none'"
      })
    }
    const head = await shared.ask(viewer, place, { method: 'HEAD' })
    expect([head.status, head.headers.get('content-length')]).toEqual([200, '5000'])
    const part = await shared.ask(viewer, place, { headers: { Range: 'bytes=10-19' } })
    expect([part.status, part.headers.get('content-range')]).toEqual([206, 'bytes 10-19/5000'])
    expect(Buffer.from(await part.bytes())).toEqual(bytes.subarray(10, 20))
    const known = await shared.ask(viewer, place, { headers: { 'If-None-Match': `"${hashOf(bytes)}"` } })
    expect(known.status).toBe(304)
    expect(uploads()).toEqual([])
  })

  it('[BL2] is put by no viewer and nobody else, whole or in pieces', async () => {
    const bytes = randomBytes(100)
    const tries: Ask[] = [
      { method: 'PUT', body: bytes },
      { method: 'PUT', body: bytes.subarray(0, 50), headers: { 'Content-Range': 'bytes 0-49/100' } },
      { method: 'PUT', headers: { 'Content-Range': 'bytes */100' } }
    ]
    for (const init of tries) {
      expect((await shared.ask(viewer, placeOf(bytes), init)).status).toBe(403)
      expect((await shared.ask(null, placeOf(bytes), init)).status).toBe(401)
    }
    expect((await shared.ask(null, placeOf(bytes))).status).toBe(401)
    expect((await shared.ask(editor, placeOf(bytes))).status).toBe(404)
    expect(uploads()).toEqual([])
  })

  it('[BL3] that is not what its hash says is not kept', async () => {
    for (const size of [1000, SHARING.wholeBlobBytes + 1]) {
      const [named, sent] = [randomBytes(size), randomBytes(size)]
      expect((await shared.ask(editor, placeOf(named), { method: 'PUT', body: sent })).status).toBe(400)
      for (const bytes of [named, sent]) expect((await shared.ask(editor, placeOf(bytes))).status).toBe(404)
      expect(await stateOf(named)).toEqual([200, { received: 0, complete: false }])
    }
    expect(uploads()).toEqual([])
  })

  it('[BL4] comes in pieces, each after the other', async () => {
    const bytes = randomBytes(3000)
    expect(await stateOf(bytes)).toEqual([200, { received: 0, complete: false }])
    expect(await put(bytes, 0, 1000)).toEqual([202, { received: 1000, complete: false }])
    expect(await put(bytes, 2000, 3000)).toEqual([409, { received: 1000, complete: false }])
    expect(await put(bytes, 500, 1500)).toEqual([409, { received: 1000, complete: false }])
    expect(await put(bytes, 1000, 2000)).toEqual([202, { received: 2000, complete: false }])
    expect((await shared.ask(viewer, placeOf(bytes))).status).toBe(404)
    expect(await put(bytes, 2000, 3000)).toEqual([201, { received: 3000, complete: true }])
    expect(await stateOf(bytes)).toEqual([200, { received: 3000, complete: true }])
    expect(hashOf(await (await shared.ask(viewer, placeOf(bytes))).bytes())).toBe(hashOf(bytes))
    expect(uploads()).toEqual([])
  })

  it('[BL5] that was cut off goes on where it broke, as often as that happens', async () => {
    const bytes = randomBytes(4 * 1024 * 1024)
    await cutOff(bytes, 1_500_000)
    expect(await stateOf(bytes)).toEqual([200, { received: 1_500_000, complete: false }])
    await cutOff(bytes, 2_500_000, 1_500_000)
    expect(await put(bytes, 2_500_000, bytes.byteLength)).toEqual([201, { received: bytes.byteLength, complete: true }])
    expect(hashOf(await (await shared.ask(viewer, placeOf(bytes))).bytes())).toBe(hashOf(bytes))
  })

  it('[BL6] is nobody’s but who began it until it is whole', async () => {
    const bytes = randomBytes(2000)
    const other = (await shared.share()).token
    expect(await put(bytes, 0, 1000)).toEqual([202, { received: 1000, complete: false }])
    expect(await stateOf(bytes, other)).toEqual([200, { received: 0, complete: false }])
    const junk = randomBytes(1000)
    const headers = { 'Content-Range': 'bytes 0-999/2000' }
    expect((await shared.ask(other, placeOf(bytes), { method: 'PUT', body: junk, headers })).status).toBe(202)
    expect(await put(bytes, 1000, 2000)).toEqual([201, { received: 2000, complete: true }])
  })

  it('[BL7] that hangs is taken over by whoever sends it again', async () => {
    const bytes = randomBytes(2 * 1024 * 1024)
    const hanging = request(shared.host.address + placeOf(bytes), {
      method: 'PUT',
      headers: { Authorization: `Bearer ${editor}`, 'Content-Length': bytes.byteLength }
    })
    hanging.on('error', () => undefined)
    hanging.write(bytes.subarray(0, 1_000_000))
    await expect.poll(async () => (await stateOf(bytes))[1].received).toBe(1_000_000)
    expect(await put(bytes, 1_000_000, bytes.byteLength)).toEqual([201, { received: bytes.byteLength, complete: true }])
    hanging.destroy()
  })

  it('[BL8] that says what cannot be is refused before it is read', async () => {
    const bytes = randomBytes(10)
    const ranges = [
      'bytes 0-9/5',
      'bytes 5-4/10',
      'bytes 0-9',
      'items 0-9/10',
      `bytes 0-9/${10 ** 15 - 1}`,
      'bytes -1-9/10'
    ]
    for (const range of ranges) {
      const init = { method: 'PUT', body: bytes, headers: { 'Content-Range': range } }
      expect([range, (await shared.ask(editor, placeOf(bytes), init)).status]).toEqual([range, 400])
    }
    for (const name of ['x', hashOf(bytes).toUpperCase(), `${hashOf(bytes)}0`])
      expect((await shared.ask(editor, `${BLOBS_PATH}/${name}`, { method: 'PUT', body: bytes })).status).toBe(400)
    const more = await shared.ask(editor, placeOf(bytes), {
      method: 'PUT',
      body: bytes,
      headers: { 'Content-Range': 'bytes 0-4/10' }
    })
    expect(more.status).toBe(400)
  })

  it('[BL9] one person begins so many and no more, and goes on with those', async () => {
    const pieces = Array.from({ length: SHARING.openUploads + 1 }, () => randomBytes(20))
    const statuses: number[] = []
    for (const bytes of pieces) statuses.push((await put(bytes, 0, 10))[0])
    expect(new Set(statuses.slice(0, -1))).toEqual(new Set([202]))
    expect(statuses.at(-1)).toBe(429)
    expect((await put(pieces[0]!, 10, 20))[0]).toBe(201)
    expect((await put(pieces.at(-1)!, 0, 10))[0]).toBe(202)
  })
})
