import { randomBytes } from 'node:crypto'
import { gunzipSync } from 'node:zlib'
import { describe, expect, it, vi } from 'vitest'
import { createSnapshotRoute, type Snapshot } from './snapshot-route.ts'

const bytes = new Uint8Array([...randomBytes(100), ...new Uint8Array(10_000)])
const rooms = new Map<string, Snapshot>([['x.1', { epoch: 3, seq: 17, bytes }]])
const { send } = createSnapshotRoute({ snapshot: (room) => Promise.resolve(rooms.get(room) ?? null) })
const ask = (headers: Record<string, string> = {}, room = 'x.1') => send(new Request('http://host/', { headers }), room)

describe('a snapshot', () => {
  it('[SN1] is sent packed to whoever takes that, and plain to others', async () => {
    const plain = await ask()
    expect(plain.headers.has('content-encoding')).toBe(false)
    expect(await plain.bytes()).toEqual(bytes)
    const packed = await ask({ 'Accept-Encoding': 'br, gzip;q=0.5' })
    expect(packed.headers.get('content-encoding')).toBe('gzip')
    const body = await packed.bytes()
    expect([body.byteLength < 1000, packed.headers.get('content-length')]).toEqual([true, String(body.byteLength)])
    expect(new Uint8Array(gunzipSync(body))).toEqual(bytes)
    for (const accepted of ['br', 'gzip;q=0', 'gzip; q=0.00', 'x-gzip'])
      expect([accepted, (await ask({ 'Accept-Encoding': accepted })).headers.get('content-encoding')]).toEqual([
        accepted,
        null
      ])
  })

  it('[SN2] is sent once to whoever has it, and anew when the room has moved on', async () => {
    const etag = (await ask()).headers.get('etag')!
    expect(etag).toBe('W/"3.17"')
    for (const known of [etag, '"3.17"', `"x", ${etag}`, '*'])
      expect([known, (await ask({ 'If-None-Match': known })).status]).toEqual([known, 304])
    for (const known of ['"3.16"', '"4.17"']) expect((await ask({ 'If-None-Match': known })).status).toBe(200)
    for (const answer of [await ask(), await ask({ 'If-None-Match': etag })])
      expect(Object.fromEntries(answer.headers)).toMatchObject({
        'cache-control': 'private, no-cache',
        vary: 'Accept-Encoding'
      })
  })

  it('[SN3] of a room there is not is none', async () => {
    await expect(ask({}, 'x.2')).rejects.toMatchObject({ code: 'RESOURCE_DOES_NOT_EXIST' })
  })

  it('[SN4] can be made ready for who comes soon; where that fails, it is whoever comes that is told', async () => {
    const asked: string[] = []
    const route = createSnapshotRoute({
      snapshot: (room) => {
        asked.push(room)
        return room === 'x.1' ? Promise.resolve(rooms.get(room)!) : Promise.reject(new Error('no disk'))
      }
    })
    const warning = vi.spyOn(console, 'warn').mockImplementation(() => undefined)
    await route.warm('x.1')
    await route.warm('x.2')
    expect([asked, warning.mock.calls.length]).toEqual([['x.1', 'x.2'], 1])
    await expect(route.send(new Request('http://host/'), 'x.2')).rejects.toThrow('no disk')
    warning.mockRestore()
  })
})
