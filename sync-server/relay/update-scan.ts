/**
 * A Yjs update (V1) read as a list of what it would add and delete, before any of it reaches a document.
 *
 * It reads what Yjs itself would read, by the same decoders, but makes no documents, types or objects of what strangers sent, and knows
 * only what a room may hold: everything else ends the reading. V2 is another format, never read here: a few bytes of it can stand for
 * numbers without end.
 */
import * as decoding from 'lib0/decoding'
import { malformed, tooLarge } from './refusal.ts'

export interface Id {
  readonly client: number
  readonly clock: number
}

/** `gone` has no content: it was deleted before it was sent. `skip` is a hole in what was sent. */
export type StructKind = 'gone' | 'skip' | 'binary' | 'string' | 'array' | 'text' | 'scalar'

export interface Struct extends Id {
  readonly length: number
  readonly kind: StructKind
  readonly origin: Id | null
  readonly rightOrigin: Id | null
  /** The name of the root it stands in, or the type; both null when its neighbours say so. */
  readonly root: string | null
  readonly parent: Id | null
  readonly key: string | null
  /** The content of a `binary`. */
  readonly bytes: Uint8Array | null
  /** The content of a `string`, or of a `scalar` that is a text. */
  readonly text: string | null
}

export interface Deletion extends Id {
  readonly length: number
}

export interface ScannedUpdate {
  /** By client, each client's in the order of its clock, without a gap that is not a `skip`. */
  readonly structs: ReadonlyMap<number, readonly Struct[]>
  /** By client and clock, none overlapping another. */
  readonly deletions: readonly Deletion[]
}

export interface ScanLimits {
  readonly structs: number
  readonly clocks: number
}

/** Fails with a Refusal: 4400 for what is no update or holds what no room may, 4413 past the limits. */
export function scanUpdate(bytes: Uint8Array, limits: ScanLimits): ScannedUpdate {
  try {
    const decoder = decoding.createDecoder(bytes)
    const structs = readStructs(decoder, limits)
    const deletions = readDeletions(decoder, limits)
    if (decoding.hasContent(decoder)) throw malformed('bytes follow the end of an update')
    return { structs, deletions }
  } catch (error) {
    // What the decoders throw when bytes run out, or a number is too large, is a sentence of theirs.
    if (error instanceof Error && error.name !== 'Refusal') throw malformed('an update ends too soon')
    throw error
  }
}

function readStructs(decoder: decoding.Decoder, limits: ScanLimits): Map<number, readonly Struct[]> {
  const byClient = new Map<number, readonly Struct[]>()
  let left = limits.structs
  for (let clients = decoding.readVarUint(decoder); clients > 0; clients--) {
    const count = decoding.readVarUint(decoder)
    const client = decoding.readVarUint(decoder)
    const from = decoding.readVarUint(decoder)
    if (byClient.has(client)) throw malformed('an update names a client twice')
    if ((left -= count) < 0) throw tooLarge(`an update has more than ${limits.structs} parts`)
    byClient.set(client, readStructsOf(decoder, { client, clock: from }, count, limits))
  }
  return byClient
}

function readStructsOf(decoder: decoding.Decoder, first: Id, count: number, limits: ScanLimits): Struct[] {
  const structs: Struct[] = []
  let { clock } = first
  let moved = 0
  for (let i = 0; i < count; i++) {
    const struct = readStruct(decoder, first.client, clock)
    if (struct.length < 1) throw malformed('a part of an update is empty')
    if (struct.kind !== 'skip') moved += struct.length
    if (moved > limits.clocks) throw tooLarge(`an update moves a clock by more than ${limits.clocks}`)
    clock += struct.length
    structs.push(struct)
  }
  return structs
}

const GC = 0
const SKIP = 10
const CONTENT_BITS = 0b0001_1111
const HAS_KEY = 0b0010_0000
const HAS_RIGHT = 0b0100_0000
const HAS_LEFT = 0b1000_0000

const NOWHERE = { origin: null, rightOrigin: null, root: null, parent: null, key: null, bytes: null, text: null }

function readStruct(decoder: decoding.Decoder, client: number, clock: number): Struct {
  const info = decoding.readUint8(decoder)
  const content = info & CONTENT_BITS
  if (content === GC || content === SKIP) {
    const length = decoding.readVarUint(decoder)
    return { client, clock, length, kind: content === GC ? 'gone' : 'skip', ...NOWHERE }
  }
  const origin = (info & HAS_LEFT) === 0 ? null : readId(decoder)
  const rightOrigin = (info & HAS_RIGHT) === 0 ? null : readId(decoder)
  let [root, parent, key]: [string | null, Id | null, string | null] = [null, null, null]
  if (origin === null && rightOrigin === null) {
    if (decoding.readVarUint(decoder) === 1) root = decoding.readVarString(decoder)
    else parent = readId(decoder)
    if ((info & HAS_KEY) !== 0) key = decoding.readVarString(decoder)
  }
  return { client, clock, ...readContent(decoder, content), origin, rightOrigin, root, parent, key }
}

const readId = (decoder: decoding.Decoder): Id => ({
  client: decoding.readVarUint(decoder),
  clock: decoding.readVarUint(decoder)
})

type Content = Pick<Struct, 'kind' | 'length' | 'bytes' | 'text'>

/** The numbers are Yjs's. JSON (2), embeds (5), formats (6) and documents (9) are in no room of ours. */
function readContent(decoder: decoding.Decoder, content: number): Content {
  switch (content) {
    case 1:
      return { kind: 'gone', length: decoding.readVarUint(decoder), bytes: null, text: null }
    case 3:
      return { kind: 'binary', length: 1, bytes: decoding.readVarUint8Array(decoder), text: null }
    case 4: {
      const text = decoding.readVarString(decoder)
      return { kind: 'string', length: text.length, bytes: null, text }
    }
    case 7:
      return { kind: readType(decoder), length: 1, bytes: null, text: null }
    case 8:
      return { kind: 'scalar', length: 1, bytes: null, text: readScalar(decoder) }
    default:
      throw malformed(`an update has content of kind ${content}`)
  }
}

function readType(decoder: decoding.Decoder): StructKind {
  const type = decoding.readVarUint(decoder)
  if (type === 0) return 'array'
  if (type === 2) return 'text'
  throw malformed(`an update makes a type of kind ${type}`)
}

const FIRST_SCALAR = 119
const BINARY = 116

/** One value that holds no others: they could stand inside one another without end. Returns it when it is a text. */
function readScalar(decoder: decoding.Decoder): string | null {
  if (decoding.readVarUint(decoder) !== 1) throw malformed('an update has several values in one place')
  const kind = decoding.peekUint8(decoder)
  if (kind < FIRST_SCALAR || kind === BINARY) throw malformed('an update has values inside one another')
  const value: unknown = decoding.readAny(decoder)
  return typeof value === 'string' ? value : null
}

/** Sorted and apart, as Yjs writes them: overlapping ones would make it walk the same structs again and again. */
function readDeletions(decoder: decoding.Decoder, limits: ScanLimits): Deletion[] {
  const deletions: Deletion[] = []
  const seen = new Set<number>()
  for (let clients = decoding.readVarUint(decoder); clients > 0; clients--) {
    const client = decoding.readVarUint(decoder)
    if (seen.has(client)) throw malformed('an update names a client twice')
    seen.add(client)
    let end = 0
    for (let count = decoding.readVarUint(decoder); count > 0; count--) {
      const clock = decoding.readVarUint(decoder)
      const length = decoding.readVarUint(decoder)
      if (clock < end || length < 1) throw malformed('an update’s deletions are out of order')
      end = clock + length
      if (deletions.push({ client, clock, length }) > limits.structs)
        throw tooLarge(`an update has more than ${limits.structs} parts`)
    }
  }
  return deletions
}
