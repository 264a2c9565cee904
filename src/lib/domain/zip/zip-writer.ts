/** A zip file, written as its bytes come: nothing of it is kept but the directory. It grows past 4 GiB, and past 65,535 entries. */
import type { EpochMs } from '../time.ts'
import { Crc32 } from './crc32.ts'
import { FULL32, METHODS, centralHeader, descriptor, endRecords, localHeader, type Entry } from './zip-records.ts'
import { piecesOf, through } from './through.ts'

type Bytes = Uint8Array<ArrayBuffer>
/** Bytes set aside for what deflating, and the records around an entry, may add. */
const ROOM = 2 ** 20

export class ZipWriter {
  readonly #time: EpochMs
  readonly #headers: Bytes[] = []
  #at = 0

  /** `time` is what its entries are said to be of. */
  constructor(time: EpochMs) {
    this.#time = time
  }

  /** An entry that is kept as it is: bytes that are packed already, mostly. */
  async *addStored(name: string, blob: Blob): AsyncGenerator<Bytes> {
    yield* this.#add(name, METHODS.stored, piecesOf(blob), blob.size)
  }

  /** An entry that is deflated; at most `mostBytes` of it, before. */
  async *addDeflated(name: string, source: AsyncIterable<Bytes>, mostBytes: number): AsyncGenerator<Bytes> {
    yield* this.#add(name, METHODS.deflated, source, mostBytes)
  }

  /** The directory: the last bytes. */
  *end(): Generator<Bytes> {
    const size = this.#headers.reduce((sum, { length }) => sum + length, 0)
    const offset = this.#at
    yield* this.#headers
    yield endRecords(this.#headers.length, size, offset)
  }

  async *#add(text: string, method: number, source: AsyncIterable<Bytes>, most: number): AsyncGenerator<Bytes> {
    const name = new TextEncoder().encode(text)
    const isLarge = most >= FULL32 - ROOM
    const offset = this.#at
    const counted = new Counted(source)
    const from = this.#pass(localHeader({ name, method, time: this.#time }, isLarge))
    yield from
    const start = this.#at
    const packed =
      method === METHODS.stored ? counted.pieces() : through(new CompressionStream('deflate-raw'), counted.pieces())
    for await (const piece of packed) yield this.#pass(piece)
    const entry: Entry = {
      name,
      method,
      crc: counted.crc.value,
      packed: this.#at - start,
      size: counted.size,
      offset,
      time: this.#time
    }
    yield this.#pass(descriptor(entry, isLarge))
    this.#headers.push(centralHeader(entry))
  }

  #pass(bytes: Bytes): Bytes {
    this.#at += bytes.length
    return bytes
  }
}

/** Bytes on their way, added up. */
class Counted {
  readonly crc = new Crc32()
  readonly #source: AsyncIterable<Bytes>
  size = 0

  constructor(source: AsyncIterable<Bytes>) {
    this.#source = source
  }

  async *pieces(): AsyncGenerator<Bytes> {
    for await (const piece of this.#source) {
      this.crc.add(piece)
      this.size += piece.length
      yield piece
    }
  }
}
