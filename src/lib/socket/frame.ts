/**
 * Messages as bytes: what a MessagePort clones, for a socket.
 *
 *   ┌────┬──────┬─────────┬────────────┬──────────────────────────┬───────────┬───────────┬───
 *   │ 1  │ kind │ channel │ head bytes │ head: JSON {s, v}, UTF-8 │ segment 0 │ segment 1 │ …
 *   │ u8 │ u8   │ u32     │ u32        │                          │ s[0] bytes│ s[1] bytes│
 *   └────┴──────┴─────────┴────────────┴──────────────────────────┴───────────┴───────────┴───
 *
 * `v` is the message. What JSON cannot say is an object with a `$`: undefined, numbers that are no JSON numbers, a port (its channel),
 * and bytes (a typed array, a buffer, a Blob), which stand in a segment of their own and nowhere as text. Integers are big-endian.
 *
 * Invariants
 * - Nothing of a frame is believed: lengths, depth and names are checked, and whatever is odd is a FrameError before anything is built.
 * - Each array that is read has a buffer of its own: it is aligned, and may be transferred without taking its neighbours along.
 */
import { buildsAtMost } from '#lib/domain/json-size.ts'
import { SOCKET } from '#lib/domain/limits.ts'

/** The other end does not speak this protocol, or a message cannot be said in it. */
export class FrameError extends Error {
  override readonly name = 'FrameError'
}

/** `message` carries a value on a channel; `close` says that the channel's port is closed. */
export type FrameKind = 'message' | 'close'

export interface Frame {
  readonly kind: FrameKind
  readonly channel: number
  /** Undefined for `close`. */
  readonly value: unknown
}

const VERSION = 1
const KINDS: readonly FrameKind[] = ['message', 'close']
const HEADER_BYTES = 10

const ARRAYS = {
  ArrayBuffer: Uint8Array,
  Int8Array,
  Uint8Array,
  Uint8ClampedArray,
  Int16Array,
  Uint16Array,
  Int32Array,
  Uint32Array,
  Float32Array,
  Float64Array,
  BigInt64Array,
  BigUint64Array
} as const
type ArrayName = keyof typeof ARRAYS

const isArrayName = (name: unknown): name is ArrayName => typeof name === 'string' && Object.hasOwn(ARRAYS, name)

type Json = null | boolean | number | string | Json[] | { [key: string]: Json }

// ── writing ─────────────────────────────────────────────────────────────────────────────────────────────────────────────────────

/** Bytes at once, or later when a Blob has to be read first. */
export type Encoded = Uint8Array<ArrayBuffer> | (() => Promise<Uint8Array<ArrayBuffer>>)

/**
 * One frame of one value. Everything but Blobs is copied at once, so the caller may go on writing into its arrays.
 *
 * openChannel  what a MessagePort in the value is called on the wire
 * fails        FrameError for what no frame can hold: functions, symbols, class instances, cycles, a value that is too large
 */
export function encodeFrame(
  kind: FrameKind,
  channel: number,
  value?: unknown,
  openChannel: (port: MessagePort) => number = noPorts
): Encoded {
  const writer = new Writer(openChannel)
  const tree = kind === 'close' ? null : writer.write(value, 0)
  // Before anything is read into memory that could not be sent.
  if (writer.blobs.reduce((sum, { blob }) => sum + blob.size, 0) > SOCKET.blobBytes) throw tooLarge()
  const assemble = (): Uint8Array<ArrayBuffer> => assembleFrame(kind, channel, tree, writer.segments)
  return writer.blobs.length === 0
    ? assemble()
    : async () => {
        for (const { blob, tag, at } of writer.blobs) {
          // A file that went away since it was chosen: whoever reads the message finds nothing in its place.
          const bytes = await blob.arrayBuffer().catch(() => null)
          if (bytes === null) tag['$'] = 'gone'
          else writer.segments[at] = new Uint8Array(bytes)
        }
        return assemble()
      }
}

class Writer {
  readonly segments: Uint8Array[] = []
  readonly blobs: { readonly blob: Blob; readonly tag: { [key: string]: Json }; readonly at: number }[] = []
  readonly #openChannel: (port: MessagePort) => number

  constructor(openChannel: (port: MessagePort) => number) {
    this.#openChannel = openChannel
  }

  write(value: unknown, depth: number): Json {
    if (depth > SOCKET.depth) throw new FrameError('A message is nested too deeply.')
    switch (typeof value) {
      case 'string':
      case 'boolean':
        return value
      case 'undefined':
        return { $: 'undefined' }
      case 'number':
        if (Object.is(value, -0)) return { $: 'number', v: '-0' }
        return Number.isFinite(value) ? value : { $: 'number', v: String(value) }
      case 'object':
        return value === null ? null : this.#object(value, depth)
      default:
        throw new FrameError(`A ${typeof value} cannot be sent.`)
    }
  }

  #object(value: object, depth: number): Json {
    if (Array.isArray(value)) return Array.from(value, (item) => this.write(item, depth + 1))
    if (ArrayBuffer.isView(value)) return this.#bytes(viewName(value), viewBytes(value))
    if (value instanceof ArrayBuffer) return this.#bytes('ArrayBuffer', new Uint8Array(value))
    if (value instanceof Blob) return this.#blob(value)
    if (value instanceof MessagePort) return { $: 'port', c: this.#openChannel(value) }
    const prototype: unknown = Object.getPrototypeOf(value)
    if (prototype !== null && prototype !== Object.prototype) throw new FrameError('Only plain data can be sent.')
    const fields: { [key: string]: Json } = {}
    for (const [key, inner] of Object.entries(value)) {
      if (key === '__proto__') throw new FrameError('A message may not name a prototype.')
      fields[key] = this.write(inner, depth + 1)
    }
    return '$' in fields ? { $: 'object', v: fields } : fields
  }

  #bytes(name: string, bytes: Uint8Array): Json {
    if (!isArrayName(name)) throw new FrameError(`A ${name} cannot be sent.`)
    this.segments.push(bytes.slice())
    return { $: 'array', k: name, i: this.segments.length - 1 }
  }

  #blob(blob: Blob): Json {
    const at = this.segments.push(new Uint8Array()) - 1
    const tag = { $: 'blob', k: blob.type, i: at }
    this.blobs.push({ blob, tag, at })
    return tag
  }
}

const viewName = (view: ArrayBufferView): string =>
  (view as unknown as { readonly [Symbol.toStringTag]: string })[Symbol.toStringTag]

const viewBytes = (view: ArrayBufferView): Uint8Array => new Uint8Array(view.buffer, view.byteOffset, view.byteLength)

const tooLarge = (): FrameError => new FrameError(`A message can be at most ${SOCKET.frameBytes / 1024 / 1024} MB.`)

function noPorts(): never {
  throw new FrameError('A port cannot be sent here.')
}

function assembleFrame(
  kind: FrameKind,
  channel: number,
  tree: Json,
  segments: readonly Uint8Array[]
): Uint8Array<ArrayBuffer> {
  const head = new TextEncoder().encode(JSON.stringify({ s: segments.map(({ byteLength }) => byteLength), v: tree }))
  const total = segments.reduce((sum, { byteLength }) => sum + byteLength, HEADER_BYTES + head.byteLength)
  if (total > SOCKET.frameBytes) throw tooLarge()
  const frame = new Uint8Array(total)
  const header = new DataView(frame.buffer)
  header.setUint8(0, VERSION)
  header.setUint8(1, KINDS.indexOf(kind))
  header.setUint32(2, channel)
  header.setUint32(6, head.byteLength)
  frame.set(head, HEADER_BYTES)
  let at = HEADER_BYTES + head.byteLength
  for (const segment of segments) {
    frame.set(segment, at)
    at += segment.byteLength
  }
  return frame
}

// ── reading ─────────────────────────────────────────────────────────────────────────────────────────────────────────────────────

/**
 * Read one frame.
 *
 * acceptChannel  makes the port that a channel's number in the value stands for
 * mostValues     that a message may build, counted before any is; a page takes what its host says
 * fails          FrameError for anything that `encodeFrame` does not write
 */
export function decodeFrame(
  data: ArrayBuffer,
  acceptChannel: (channel: number) => MessagePort = noPorts,
  mostValues: number = SOCKET.values
): Frame {
  if (data.byteLength < HEADER_BYTES || data.byteLength > SOCKET.frameBytes)
    throw new FrameError('A frame is too short or too long.')
  const header = new DataView(data)
  const kind = KINDS[header.getUint8(1)]
  if (header.getUint8(0) !== VERSION || kind === undefined) throw new FrameError('A frame of another protocol.')
  const channel = header.getUint32(2)
  const headBytes = header.getUint32(6)
  if (headBytes > data.byteLength - HEADER_BYTES) throw new FrameError('A frame is cut short.')
  const { s: lengths, v: tree } = readHead(new Uint8Array(data, HEADER_BYTES, headBytes), mostValues)
  const segments = cut(data, HEADER_BYTES + headBytes, lengths)
  return { kind, channel, value: kind === 'close' ? undefined : new Reader(segments, acceptChannel).read(tree, 0) }
}

function readHead(bytes: Uint8Array, mostValues: number): { readonly s: readonly number[]; readonly v: Json } {
  let head: Json
  try {
    const text = new TextDecoder('utf-8', { fatal: true }).decode(bytes)
    if (!buildsAtMost(text, mostValues)) throw new FrameError('A message holds too many values.')
    head = JSON.parse(text) as Json
  } catch (error) {
    if (error instanceof FrameError) throw error
    throw new FrameError('The head of a frame cannot be read.')
  }
  if (head === null || typeof head !== 'object' || Array.isArray(head))
    throw new FrameError('The head of a frame is no object.')
  const { s, v } = head
  if (!Array.isArray(s) || s.length > SOCKET.segments || v === undefined)
    throw new FrameError('The head of a frame lacks a part.')
  return { s: s as number[], v }
}

function cut(data: ArrayBuffer, from: number, lengths: readonly number[]): ArrayBuffer[] {
  let at = from
  const segments = lengths.map((length) => {
    if (!Number.isSafeInteger(length) || length < 0 || length > data.byteLength - at)
      throw new FrameError('A segment is cut short.')
    return data.slice(at, (at += length))
  })
  if (at !== data.byteLength) throw new FrameError('A frame is longer than it says.')
  return segments
}

class Reader {
  readonly #segments: readonly ArrayBuffer[]
  readonly #taken = new Set<number>()
  readonly #acceptChannel: (channel: number) => MessagePort

  constructor(segments: readonly ArrayBuffer[], acceptChannel: (channel: number) => MessagePort) {
    this.#segments = segments
    this.#acceptChannel = acceptChannel
  }

  /** The parsed JSON is ours: it is changed in place, which is several times faster than a copy. */
  read(node: Json, depth: number): unknown {
    if (typeof node !== 'object' || node === null) return node
    if (depth > SOCKET.depth) throw new FrameError('A message is nested too deeply.')
    if (Array.isArray(node)) {
      const items = node as unknown[]
      for (let i = 0; i < items.length; i++) if (typeof items[i] === 'object') items[i] = this.read(node[i]!, depth + 1)
      return items
    }
    return Object.hasOwn(node, '$') ? this.#tagged(node, depth) : this.#fields(node, depth)
  }

  #fields(node: { [key: string]: Json }, depth: number): unknown {
    const fields = node as { [key: string]: unknown }
    for (const key of Object.keys(node)) {
      // JSON.parse makes it a field like any other; whoever copies the object later would change its prototype.
      if (key === '__proto__') throw new FrameError('A message may not name a prototype.')
      const inner = node[key]!
      if (typeof inner === 'object') fields[key] = this.read(inner, depth + 1)
    }
    return fields
  }

  #tagged(node: { [key: string]: Json }, depth: number): unknown {
    const { $: tag, v, k, i, c } = node
    switch (tag) {
      case 'undefined':
        return undefined
      case 'gone':
        return null
      case 'number':
        if (v === '-0' || v === 'NaN' || v === 'Infinity' || v === '-Infinity') return Number(v)
        break
      case 'object':
        if (typeof v === 'object' && v !== null && !Array.isArray(v)) return this.#fields(v, depth + 1)
        break
      case 'array':
        if (isArrayName(k)) return this.#array(k, this.#segment(i))
        break
      case 'blob':
        if (typeof k === 'string') return new Blob([this.#segment(i)], { type: k })
        break
      case 'port':
        if (typeof c === 'number') return this.#acceptChannel(c)
        break
      default:
    }
    throw new FrameError('A message holds something unknown.')
  }

  #segment(i: Json | undefined): ArrayBuffer {
    const segment = typeof i === 'number' ? this.#segments[i] : undefined
    if (segment === undefined || this.#taken.has(i as number)) throw new FrameError('A segment is missing.')
    this.#taken.add(i as number)
    return segment
  }

  #array(name: ArrayName, bytes: ArrayBuffer): unknown {
    if (name === 'ArrayBuffer') return bytes
    const Kind = ARRAYS[name]
    if (bytes.byteLength % Kind.BYTES_PER_ELEMENT !== 0) throw new FrameError('A segment does not fit its array.')
    return new Kind(bytes)
  }
}
