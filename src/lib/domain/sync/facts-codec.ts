/**
 * Facts as bytes: a header, the names of cells and series (or the hash of their list), JSON for what cells say, and packed points.
 * docs/sync-protocol.md is the grammar.
 *
 * Bytes of others are read with care: what is wrong about them fails with DATA_LOSS, and nothing is set aside for what they only claim.
 */
import { ByteReader, varintBytes, writeVarint } from '../chunk/bytes.ts'
import { describeChunk } from '../chunk/chunk.ts'
import type { BlobId } from '../ids.ts'
import type { Json } from '../json.ts'
import { SYNC } from '../limits.ts'
import { badFacts, factsHeaderBytes, readFactsHeader, writeFactsHeader } from './facts-header.ts'
import type { Cell, Facts, SealedPart, SealedSeries, SeriesFacts } from './facts.ts'
import { keysHash, parseKeys, type KeyLists } from './key-lists.ts'

interface Body {
  /** What the cells say. */
  readonly v: readonly Json[]
  /**
   * How long before the greatest time each was said, microseconds, as the difference from the one before it: those that were said together
   * stand together, mostly. Left out when all were said then.
   */
  readonly h?: readonly number[]
  /** How many facts before the last the last points of each series came; left out when all came with it. */
  readonly t?: readonly number[]
  readonly s?: readonly SealedBody[]
}

/** The place of the series, least and greatest value, and its parts. */
type SealedBody = readonly [place: number, min: JsonDouble, max: JsonDouble, parts: readonly PartBody[]]
/** The blob's SHA-256 in base64url: two thirds of what hex takes. */
type PartBody = readonly [string, number, number, number, number, number, number, number, number]
type JsonDouble = number | null | 'Infinity' | '-Infinity'

const encoder = new TextEncoder()
const decoder = new TextDecoder('utf-8', { fatal: true })

/**
 * Encode facts. With `lists` their keys are kept there, and named by their hash.
 *
 * facts  cells and series in order, as Facts says
 */
export function encodeFacts(facts: Facts, lists?: KeyLists): Uint8Array<ArrayBuffer> {
  const { cells, series, from, to } = facts
  const hlc = cells.reduce((latest, cell) => Math.max(latest, cell.hlc), 0)
  const keyText = JSON.stringify([...cells.map(({ field }) => field), ...series.map(({ key }) => key)])
  const hash = lists ? keysHash(keyText) : null
  lists?.keep(hash!, keyText)
  const header = { from, to, hlc, keysHash: hash }
  const keys = hash === null ? encoder.encode(keyText) : null
  const body = encoder.encode(JSON.stringify(bodyOf(facts, hlc)))
  const packed = series.flatMap(({ points, sealed }) => [points ?? NONE, sealed?.latest ?? NONE])

  const blocks = [...(keys ? [keys] : []), body, ...packed]
  const bytes = blocks.reduce((sum, { length }) => sum + varintBytes(length) + length, factsHeaderBytes(header))
  const out = new Uint8Array(bytes)
  let at = writeFactsHeader(out, header)
  for (const block of blocks) {
    at = writeVarint(out, at, block.length)
    out.set(block, at)
    at += block.length
  }
  return out
}

const NONE = new Uint8Array(0)

function bodyOf({ cells, series, to }: Facts, hlc: number): Body {
  const sealed = series.flatMap((one, place) => (one.sealed ? [sealedBody(place, one.sealed)] : []))
  return {
    v: cells.map(({ value }) => value),
    ...(cells.some((cell) => cell.hlc !== hlc) && { h: differences(cells.map((cell) => hlc - cell.hlc)) }),
    ...(series.some((one) => one.to !== to) && { t: series.map((one) => to - one.to) }),
    ...(sealed.length > 0 && { s: sealed })
  }
}

const sealedBody = (place: number, { min, max, parts }: SealedSeries): SealedBody => [
  place,
  doubleToJson(min),
  doubleToJson(max),
  parts.map((part) => [
    hexToBase64(part.blobId),
    part.offset,
    part.length,
    part.envelopeLength,
    part.count,
    part.stepLow,
    part.stepHigh,
    part.timestampLow,
    part.timestampHigh
  ])
]

const doubleToJson = (value: number | null): JsonDouble =>
  value === Infinity ? 'Infinity' : value === -Infinity ? '-Infinity' : value

/**
 * Decode facts.
 *
 * mostBytes  longer ones are refused
 * fails      with DATA_LOSS when the bytes are not what `encodeFacts` writes, and when `lists` does not have the list they name
 */
export function decodeFacts(
  bytes: Uint8Array,
  lists: Pick<KeyLists, 'find'>,
  mostBytes: number = SYNC.recordBytes
): Facts {
  if (bytes.length > mostBytes) throw badFacts(`they are longer than ${mostBytes} bytes`)
  const reader = new ByteReader(bytes)
  const { from, to, hlc, keysHash: hash } = readFactsHeader(reader)
  const keys = hash === null ? readKeys(reader) : lists.find(hash)
  if (keys === null) throw badFacts('the names in them are missing')
  const body = readBody(reader)
  const cellCount = body.v.length
  if (cellCount > keys.length) throw badFacts('they hold more values than names')
  const times = sumsOf(body.h, cellCount)
  const cells = body.v.map((value, i): Cell => ({ field: keys[i]!, value, hlc: hlc - times[i]! }))
  const series = keys.slice(cellCount).map((key, i): SeriesFacts => {
    const points = readPacked(reader)
    const latest = readPacked(reader)
    return { key, to: to - wholeAt(body.t, i), points, sealed: latest && sealedOf(body, i, latest) }
  })
  reader.end()
  return { from, to, cells, series }
}

function readKeys(reader: ByteReader): readonly string[] {
  try {
    return parseKeys(decoder.decode(reader.take(reader.varint())))
  } catch (cause) {
    throw badFacts(`their names are none (${String(cause)})`)
  }
}

function readBody(reader: ByteReader): Body {
  let body: Partial<Body> | null
  try {
    body = JSON.parse(decoder.decode(reader.take(reader.varint()))) as Partial<Body> | null
  } catch (cause) {
    throw badFacts(`they are no JSON (${String(cause)})`)
  }
  if (body === null || typeof body !== 'object' || !Array.isArray(body.v)) throw badFacts('they hold no values')
  for (const list of [body.h, body.t, body.s])
    if (list !== undefined && !Array.isArray(list)) throw badFacts('a list in them is none')
  return body as Body
}

const differences = (numbers: readonly number[]): number[] => numbers.map((number, i) => number - (numbers[i - 1] ?? 0))

/** The inverse of `differences`: none below 0. */
function sumsOf(list: readonly number[] | undefined, count: number): number[] {
  if (list === undefined) return new Array<number>(count).fill(0)
  let sum = 0
  return Array.from({ length: count }, (_, i) => {
    sum += list[i]!
    if (!Number.isSafeInteger(sum) || sum < 0) throw badFacts('a number in them is none')
    return sum
  })
}

function wholeAt(list: readonly number[] | undefined, place: number): number {
  if (list === undefined) return 0
  const value = list[place]
  if (typeof value !== 'number' || !Number.isSafeInteger(value) || value < 0) throw badFacts('a number in them is none')
  return value
}

/** null for none. Only its header is looked at. */
function readPacked(reader: ByteReader): Uint8Array | null {
  const length = reader.varint()
  if (length === 0) return null
  const packed = reader.take(length)
  if (describeChunk(packed).seal !== null) throw badFacts('points in them are sealed')
  return packed
}

function sealedOf({ s = [] }: Body, place: number, latest: Uint8Array): SealedSeries {
  if (describeChunk(latest).count !== 1) throw badFacts('their latest point is none')
  const body = s.find((one) => Array.isArray(one) && one[0] === place)
  if (!body || !Array.isArray(body[3])) throw badFacts('what they say of sealed points is missing')
  return { latest, min: doubleOf(body[1]), max: doubleOf(body[2]), parts: body[3].map(partOf) }
}

function doubleOf(value: JsonDouble): number | null {
  if (value === 'Infinity') return Infinity
  if (value === '-Infinity') return -Infinity
  if (value !== null && typeof value !== 'number') throw badFacts('a number in them is none')
  return value
}

const BLOB = /^[\w-]{43}$/

function hexToBase64(hex: string): string {
  const bytes = hex.match(/../g)!.map((byte) => Number.parseInt(byte, 16))
  return btoa(String.fromCharCode(...bytes))
    .replaceAll('+', '-')
    .replaceAll('/', '_')
    .replaceAll('=', '')
}

function base64ToHex(text: string): string {
  const bytes = atob(text.replaceAll('-', '+').replaceAll('_', '/'))
  return Array.from(bytes, (byte) => byte.charCodeAt(0).toString(16).padStart(2, '0')).join('')
}

function partOf(part: PartBody): SealedPart {
  if (!Array.isArray(part) || part.length !== 9) throw badFacts('a sealed part in them is none')
  const [blob, offset, length, envelopeLength, count, stepLow, stepHigh, timestampLow, timestampHigh] = part
  const sizes = [offset, length, envelopeLength, count]
  const bounds = [stepLow, stepHigh, timestampLow, timestampHigh]
  const isPlace = sizes.every((size) => Number.isSafeInteger(size) && size >= 0) && count > 0
  if (typeof blob !== 'string' || !BLOB.test(blob) || !isPlace || !bounds.every(Number.isFinite))
    throw badFacts('a sealed part in them is nowhere')
  const blobId = base64ToHex(blob) as BlobId
  return { blobId, offset, length, envelopeLength, count, stepLow, stepHigh, timestampLow, timestampHigh }
}
