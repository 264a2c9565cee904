/**
 * A zip file, read by its directory. What it says of itself is believed nowhere: sizes are limits that bytes are held to, and nothing is set
 * aside for what is only claimed.
 */
import { RunnelError, invalid } from '../errors.ts'
import { FILES } from '../limits.ts'
import { Crc32 } from './crc32.ts'
import { piecesOf, through } from './through.ts'
import { ENCRYPTED, EXTRA64, FULL16, FULL32, METHODS, SIGNATURES, SIZES } from './zip-records.ts'

type Bytes = Uint8Array<ArrayBuffer>

export const damaged = (what: string): RunnelError =>
  new RunnelError('DATA_LOSS', `This file is damaged: ${what}. Get it again from where it came.`)

interface Place {
  readonly method: number
  readonly crc: number
  readonly packed: number
  readonly size: number
  readonly offset: number
}

/** One file in it. */
export class ZipEntry {
  readonly name: string
  /** As it claims; what is read is held to it. */
  readonly size: number
  readonly #file: Blob
  readonly #place: Place

  constructor(file: Blob, name: string, place: Place) {
    this.#file = file
    this.name = name
    this.size = place.size
    this.#place = place
  }

  /**
   * Its bytes. Fails with DATA_LOSS, at the last when they are not those that were written, and with INVALID_PARAMETER_VALUE when they are
   * more than `mostBytes`.
   */
  async *read(mostBytes: number): AsyncGenerator<Bytes> {
    const { size, crc } = this.#place
    if (size > mostBytes) throw tooLarge(this.name, mostBytes)
    const sum = new Crc32()
    let length = 0
    for await (const piece of this.#pieces()) {
      length += piece.length
      if (length > size) throw damaged(`${this.name} is longer than it says`)
      sum.add(piece)
      yield piece
    }
    if (length < size) throw damaged(`${this.name} is cut off`)
    if (sum.value !== crc) throw damaged(`${this.name} is not what was written`)
  }

  async *#pieces(): AsyncGenerator<Bytes> {
    const packed = await this.#packed()
    if (this.#place.method === METHODS.stored) {
      yield* piecesOf(packed)
      return
    }
    try {
      yield* through(new DecompressionStream('deflate-raw'), piecesOf(packed))
    } catch (error) {
      if (error instanceof RunnelError) throw error
      throw damaged(`${this.name} does not inflate`)
    }
  }

  async #packed(): Promise<Blob> {
    const { offset, packed } = this.#place
    const header = await viewOf(this.#file.slice(offset, offset + SIZES.local))
    if (header.byteLength < SIZES.local || header.getUint32(0, true) !== SIGNATURES.local)
      throw damaged(`${this.name} is not where it says`)
    const start = offset + SIZES.local + header.getUint16(26, true) + header.getUint16(28, true)
    if (start + packed > this.#file.size) throw damaged(`${this.name} is cut off`)
    return this.#file.slice(start, start + packed)
  }
}

const tooLarge = (name: string, most: number): RunnelError =>
  invalid(`${name} in this file is larger than ${most} bytes, the most that is taken.`)

/** Its entries by name, folders left out. Fails with INVALID_PARAMETER_VALUE when it is no zip file, with DATA_LOSS when it is damaged. */
export async function openZip(file: Blob): Promise<ReadonlyMap<string, ZipEntry>> {
  const { count, size, offset } = await findDirectory(file)
  if (count > FILES.entries || size > FILES.directoryBytes)
    throw invalid('This file holds more entries than are taken.')
  if (offset + size > file.size) throw damaged('its directory is cut off')
  const view = await viewOf(file.slice(offset, offset + size))
  const entries = new Map<string, ZipEntry>()
  let at = 0
  for (let i = 0; i < count; i++) {
    const { name, place, end } = readHeader(view, at)
    at = end
    if (name.endsWith('/')) continue
    if (entries.has(name)) throw damaged(`${name} is in it twice`)
    entries.set(name, new ZipEntry(file, name, place))
  }
  return entries
}

async function viewOf(blob: Blob): Promise<DataView<ArrayBuffer>> {
  return new DataView(await blob.arrayBuffer())
}

interface Directory {
  readonly count: number
  readonly size: number
  readonly offset: number
}

async function findDirectory(file: Blob): Promise<Directory> {
  const from = Math.max(0, file.size - SIZES.end - FULL16 - SIZES.locator64)
  const tail = await viewOf(file.slice(from))
  for (let at = tail.byteLength - SIZES.end; at >= 0; at--) {
    if (
      tail.getUint32(at, true) !== SIGNATURES.end ||
      at + SIZES.end + tail.getUint16(at + 20, true) !== tail.byteLength
    )
      continue
    const directory = {
      count: tail.getUint16(at + 10, true),
      size: tail.getUint32(at + 12, true),
      offset: tail.getUint32(at + 16, true)
    }
    const { count, size, offset } = directory
    if (count !== FULL16 && size !== FULL32 && offset !== FULL32) return directory
    return (await findDirectory64(file, tail, at - SIZES.locator64)) ?? directory
  }
  const head = file.size < 4 ? null : await viewOf(file.slice(0, 4))
  if (head?.getUint32(0, true) === SIGNATURES.local) throw damaged('its end is missing')
  throw invalid('This is no file of Runnel experiments.')
}

async function findDirectory64(file: Blob, tail: DataView, at: number): Promise<Directory | null> {
  if (at < 0 || tail.getUint32(at, true) !== SIGNATURES.locator64) return null
  const place = wholeAt(tail, at + 8)
  const end = await viewOf(file.slice(place, place + SIZES.end64))
  if (end.byteLength < SIZES.end64 || end.getUint32(0, true) !== SIGNATURES.end64) throw damaged('its end is missing')
  return { count: wholeAt(end, 32), size: wholeAt(end, 40), offset: wholeAt(end, 48) }
}

function wholeAt(view: DataView, at: number): number {
  const value = Number(view.getBigUint64(at, true))
  if (!Number.isSafeInteger(value)) throw damaged('a number in it is too large')
  return value
}

const decoder = new TextDecoder('utf-8', { fatal: true })

function readHeader(view: DataView<ArrayBuffer>, at: number): { name: string; place: Place; end: number } {
  if (at + SIZES.central > view.byteLength || view.getUint32(at, true) !== SIGNATURES.central)
    throw damaged('its directory cannot be read')
  const [nameLength, extraLength, commentLength] = [28, 30, 32].map((field) => view.getUint16(at + field, true))
  const nameAt = at + SIZES.central
  const end = nameAt + nameLength! + extraLength! + commentLength!
  if (end > view.byteLength) throw damaged('its directory is cut off')
  const name = readName(new Uint8Array(view.buffer, nameAt, nameLength))
  const method = view.getUint16(at + 10, true)
  if ((view.getUint16(at + 8, true) & ENCRYPTED) !== 0)
    throw invalid('This file is encrypted. Unpack it, and pack it without a password.')
  if (method !== METHODS.stored && method !== METHODS.deflated)
    throw invalid(`${name} is packed in a way that is not read here.`)
  const wide = new Wide(view, nameAt + nameLength!, extraLength!)
  const size = wide.of(view.getUint32(at + 24, true))
  const packed = wide.of(view.getUint32(at + 20, true))
  const offset = wide.of(view.getUint32(at + 42, true))
  return { name, end, place: { method, crc: view.getUint32(at + 16, true), packed, size, offset } }
}

function readName(bytes: Uint8Array): string {
  try {
    return decoder.decode(bytes)
  } catch {
    throw damaged('a name in it cannot be read')
  }
}

/** The 64-bit fields of a header: those that the 32-bit ones have no room for, in their order. */
class Wide {
  readonly #view: DataView
  #at = -1
  #end = -1

  constructor(view: DataView, start: number, length: number) {
    this.#view = view
    for (let at = start; at + 4 <= start + length;) {
      const end = at + 4 + view.getUint16(at + 2, true)
      if (view.getUint16(at, true) === EXTRA64) [this.#at, this.#end] = [at + 4, Math.min(end, start + length)]
      at = end
    }
  }

  of(field: number): number {
    if (field !== FULL32) return field
    if (this.#at < 0 || this.#at + 8 > this.#end) throw damaged('a size in it is missing')
    this.#at += 8
    return wholeAt(this.#view, this.#at - 8)
  }
}
