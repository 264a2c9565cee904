/**
 * The facts of one experiment as bytes: records one after the other, those of one subject together, each as
 *
 *   varint length, subject     varint length, writer     varint length, facts (sync/facts-codec, their names inside)
 */
import { varintBytes, writeVarint } from '../chunk/bytes.ts'
import { unpackSeries } from '../chunk/chunk.ts'
import { FILES } from '../limits.ts'
import { decodeFacts, encodeFacts } from '../sync/facts-codec.ts'
import type { Facts, Subject, Writer } from '../sync/facts.ts'
import { parseSubject, SUBJECT_LENGTH } from '../sync/subject.ts'
import { damaged } from '../zip/zip-reader.ts'
import { joinBytes } from '../zip/zip-records.ts'

/** What one store said of one subject. */
export interface FiledRecord {
  readonly subject: Subject
  readonly writer: Writer
  readonly facts: Facts
}

const encoder = new TextEncoder()

export function encodeFiledRecord({ subject, writer, facts }: FiledRecord): Uint8Array<ArrayBuffer> {
  const blocks = [encoder.encode(subject), encoder.encode(writer), encodeFacts(facts)]
  const bytes = new Uint8Array(blocks.reduce((sum, { length }) => sum + varintBytes(length) + length, 0))
  let at = 0
  for (const block of blocks) {
    at = writeVarint(bytes, at, block.length)
    bytes.set(block, at)
    at += block.length
  }
  return bytes
}

const WRITER_BYTES = 11
const WRITER = /^[\w-]{11}$/

/** The records in bytes that come piece by piece, read whole: their points too. Fails with DATA_LOSS at the first that cannot be. */
export async function* readFiledRecords(
  source: AsyncIterable<Uint8Array<ArrayBuffer>>
): AsyncGenerator<FiledRecord & { readonly bytes: number }> {
  const blocks = readBlocks(source)
  const decoder = new TextDecoder()
  for (;;) {
    const subject = await blocks.next(SUBJECT_LENGTH)
    if (subject === null) return
    const writer = await blocks.next(WRITER_BYTES)
    const facts = await blocks.next(FILES.recordBytes)
    if (writer === null || facts === null) throw damaged('its facts are cut off')
    yield { ...recordOf(decoder.decode(subject), decoder.decode(writer), facts), bytes: facts.length }
  }
}

function recordOf(subject: string, writer: string, bytes: Uint8Array): FiledRecord {
  if (parseSubject(subject) === null) throw damaged('there are facts of nothing in it')
  if (!WRITER.test(writer)) throw damaged('there are facts of nobody in it')
  const facts = decodeFacts(bytes, NO_LISTS, FILES.recordBytes)
  for (const { points, sealed } of facts.series) {
    if (points !== null) unpackSeries(points)
    if (sealed !== null && unpackSeries(sealed.latest).values.length === 0) throw damaged('a metric in it has no point')
  }
  return { subject: subject as Subject, writer: writer as Writer, facts }
}

/** They say their names themselves. */
const NO_LISTS = { find: () => null }

function readBlocks(source: AsyncIterable<Uint8Array<ArrayBuffer>>) {
  const pieces = source[Symbol.asyncIterator]()
  let rest: Uint8Array<ArrayBuffer> = new Uint8Array(0)
  let at = 0

  /** Whether there is a byte to be read. */
  const fill = async (): Promise<boolean> => {
    while (at === rest.length) {
      const next = await pieces.next()
      if (next.done) return false
      ;[rest, at] = [next.value, 0]
    }
    return true
  }
  const length = async (most: number): Promise<number> => {
    let value = 0
    for (let scale = 1; ; scale *= 128) {
      if (!(await fill())) throw damaged('its facts are cut off')
      const byte = rest[at++]!
      value += (byte & 127) * scale
      if (value > most) throw damaged('what one store says of one subject is longer than is taken')
      if (byte < 128) return value
      if (scale > most) throw damaged('a length in it is none')
    }
  }
  /** Gathered as they come: nothing is set aside for what is only claimed. */
  const take = async (bytes: number): Promise<Uint8Array> => {
    const parts: Uint8Array[] = []
    let left = bytes
    while (left > 0) {
      if (!(await fill())) throw damaged('its facts are cut off')
      const part = rest.subarray(at, at + left)
      at += part.length
      left -= part.length
      parts.push(part)
    }
    return parts.length === 1 ? parts[0]! : joinBytes(parts)
  }
  return {
    /** The next block; null at the end. */
    next: async (most: number): Promise<Uint8Array | null> => ((await fill()) ? take(await length(most)) : null)
  }
}
