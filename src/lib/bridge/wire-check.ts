/**
 * Parsers of what a notebook sends. A port is a capability, but whoever holds it wrote its own code: nothing is believed by type.
 * Each returns null for anything that is not exactly the shape of protocol.ts; limits of text are the writer's business (points.ts, ops.ts).
 */
import { isRunStatus } from '#lib/domain/run.ts'
import { BRIDGE } from '#lib/domain/limits.ts'
import type { NotebookArrival } from '#lib/live/protocol.ts'
import type { Hello, PointColumns, Put, Req, SessionOp, WireTag } from './protocol.ts'

type Fields = Readonly<Record<string, unknown>>

const isFields = (value: unknown): value is Fields => typeof value === 'object' && value !== null
const isText = (value: unknown): value is string => typeof value === 'string'
const isTextOrAbsent = (value: unknown): value is string | undefined => value === undefined || isText(value)
const isTextOrNull = (value: unknown): value is string | null => value === null || isText(value)
const isInteger = (value: unknown): value is number => typeof value === 'number' && Number.isSafeInteger(value)
const isName = (value: unknown): value is string =>
  isText(value) && value.length > 0 && value.length <= BRIDGE.sessionIdLength

export function parseHello(value: unknown): Hello | null {
  if (!isFields(value) || value['rnl'] !== 'hello') return null
  const { v, session, writer, nonce, client } = value
  if (!Array.isArray(v) || !v.every(isInteger)) return null
  if (!isName(session) || !isName(writer) || !isName(nonce)) return null
  if (!isFields(client) || !isText(client['name']) || !isText(client['version'])) return null
  const shown = {
    name: client['name'].slice(0, BRIDGE.nameLength),
    version: client['version'].slice(0, BRIDGE.nameLength)
  }
  return { rnl: 'hello', v, session, writer, nonce, client: shown }
}

/** What a notebook that comes by a socket says of itself; `origin` is what the browser says. */
export function parseArrival(value: unknown, origin: string): NotebookArrival | null {
  if (!isFields(value)) return null
  const { session, writer, name, version } = value
  if (!isName(session) || !isName(writer) || !isText(name) || !isText(version)) return null
  return {
    origin,
    session,
    writer,
    name: name.slice(0, BRIDGE.nameLength),
    version: version.slice(0, BRIDGE.nameLength)
  }
}

/** The `t` of a port message; null when it is none. */
export function messageType(value: unknown): string | null {
  return isFields(value) && isText(value['t']) ? value['t'] : null
}

/** A `put` whose frame is right. An operation that is none of the protocol's is null: it is refused alone, so that no number is missing. */
export type ParsedPut = Omit<Put, 'ops'> & { readonly ops?: readonly (SessionOp | null)[] }

export function parsePut(value: unknown): ParsedPut | null {
  if (!isFields(value)) return null
  const { from, n, points, ops } = value
  if (!isInteger(from) || from < 1 || !isInteger(n) || n < 1 || !Number.isSafeInteger(from + n)) return null
  if ((points === undefined) === (ops === undefined)) return null
  if (points !== undefined) return isColumns(points, n) ? { t: 'put', from, n, points } : null
  if (!Array.isArray(ops) || ops.length !== n || n > BRIDGE.batchOps) return null
  return { t: 'put', from, n, ops: ops.map((op: unknown) => (isOp(op) ? op : null)) }
}

function isColumns(value: unknown, n: number): value is PointColumns {
  if (n > BRIDGE.batchPoints || !isFields(value)) return false
  const { series, k, s, t, v } = value
  if (!Array.isArray(series) || series.length > BRIDGE.batchSeries) return false
  if (!series.every((pair) => Array.isArray(pair) && pair.length === 2 && pair.every(isText))) return false
  if (!(k instanceof Uint16Array) || k.length !== n || !k.every((index) => index < series.length)) return false
  const isColumn = (column: unknown): column is Float64Array => column instanceof Float64Array && column.length === n
  if (!isColumn(s) || !isColumn(t) || !isColumn(v)) return false
  return s.every(Number.isSafeInteger) && t.every((time) => time >= 0 && Number.isSafeInteger(time))
}

function isOp(op: unknown): op is SessionOp {
  if (!isFields(op)) return false
  if (op['op'] === 'skip') return true
  if (!isText(op['runId'])) return false
  switch (op['op']) {
    case 'startRun':
      return (
        [op['experimentName'], op['experimentId'], op['runName']].every(isTextOrAbsent) &&
        (op['resume'] === undefined || op['resume'] === true) &&
        isTime(op['startTime']) &&
        isTags(op['tags'])
      )
    case 'endRun':
      return isRunStatus(op['status']) && isTime(op['endTime'])
    case 'param':
    case 'tag':
      return isText(op['key']) && isText(op['value'])
    case 'deleteTag':
      return isText(op['key'])
    case 'artifact':
      return isText(op['path']) && op['blob'] instanceof Blob && isText(op['mediaType'])
    case 'input':
      return isDataset(op['dataset']) && isTags(op['tags'])
    default:
      return false
  }
}

const isTime = (value: unknown): value is number => isInteger(value) && value >= 0

const isTags = (value: unknown): value is readonly WireTag[] =>
  Array.isArray(value) && value.every((tag) => isFields(tag) && isText(tag['key']) && isText(tag['value']))

const isDataset = (value: unknown): boolean =>
  isFields(value) &&
  [value['name'], value['digest'], value['sourceType'], value['source']].every(isText) &&
  isTextOrNull(value['schema']) &&
  isTextOrNull(value['profile'])

export function parseReq(value: unknown): Req | null {
  if (!isFields(value)) return null
  const { id, method, path, body } = value
  if (!isInteger(id) || !isText(method) || !isText(path) || !isTextOrNull(body)) return null
  // A path and nothing else: `//host` or a scheme would name another origin.
  return path.startsWith('/') && !path.startsWith('//') ? { t: 'req', id, method, path, body } : null
}
