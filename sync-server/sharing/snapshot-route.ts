import { gzip } from 'node:zlib'
import { promisify } from 'node:util'
import { absent } from '#lib/domain/errors.ts'

/** The first bytes of a room: its document as one update. */
export interface Snapshot {
  readonly epoch: number
  readonly seq: number
  readonly bytes: Uint8Array<ArrayBuffer>
}

export interface Snapshots {
  /** Null when there is no such room. The same object while nothing changes, if that is cheap: it is packed once then. */
  snapshot(room: string): Promise<Snapshot | null>
}

/** A host whose rooms have not been opened. */
export const noSnapshots: Snapshots = { snapshot: () => Promise.resolve(null) }

export interface SnapshotRoute {
  /**
   * A room's snapshot, packed for those who take that.
   *
   * ETag  `W/"<epoch>.<seq>"`, weak as it is the same packed or not; 304 for whoever has it
   */
  readonly send: (request: Request, room: string) => Promise<Response>
  /** Somebody comes soon: have the room, and its bytes packed, by then. Never fails. */
  readonly warm: (room: string) => Promise<void>
}

export const createSnapshotRoute = (snapshots: Snapshots): SnapshotRoute => {
  const packed = new WeakMap<Uint8Array, Promise<Uint8Array<ArrayBuffer>>>()
  const pack = (bytes: Uint8Array): Promise<Uint8Array<ArrayBuffer>> => {
    const known = packed.get(bytes) ?? compress(bytes)
    packed.set(bytes, known)
    return known
  }
  const send = async (request: Request, room: string): Promise<Response> => {
    const snapshot = await snapshots.snapshot(room)
    if (snapshot === null) throw absent('There is no such room here.')
    const etag = `W/"${snapshot.epoch}.${snapshot.seq}"`
    const headers = { ETag: etag, 'Cache-Control': 'private, no-cache', Vary: 'Accept-Encoding' }
    if (names(request.headers.get('if-none-match'), etag)) return new Response(null, { status: 304, headers })
    const isPacked = acceptsGzip(request.headers.get('accept-encoding'))
    const body = isPacked ? await pack(snapshot.bytes) : snapshot.bytes
    return new Response(body, {
      headers: {
        ...headers,
        'Content-Type': 'application/octet-stream',
        'Content-Length': String(body.byteLength),
        ...(isPacked && { 'Content-Encoding': 'gzip' })
      }
    })
  }
  const warm = async (room: string): Promise<void> => {
    try {
      const snapshot = await snapshots.snapshot(room)
      if (snapshot !== null) await pack(snapshot.bytes)
    } catch (error) {
      // Whoever comes is told, and sees it tried again.
      console.warn(`Runnel: the room ${room} could not be made ready.`, error)
    }
  }
  return { send, warm }
}

/** In the thread pool. */
const compress = async (bytes: Uint8Array): Promise<Uint8Array<ArrayBuffer>> =>
  new Uint8Array(await promisify(gzip)(bytes))

const names = (list: string | null, etag: string): boolean =>
  list !== null && list.split(',').some((item) => item.trim() === '*' || item.trim().replace(/^(?!W\/)/, 'W/') === etag)

const acceptsGzip = (accepted: string | null): boolean =>
  (accepted ?? '').split(',').some((part) => /^\s*gzip\s*(?:;\s*q=(?!0(?:\.0*)?\s*$)[\d.]+\s*)?$/i.test(part))
