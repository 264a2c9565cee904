/** Raw deflate by the platform's streams. A call costs some 0.3 ms whatever its size, so what can go together does. */
import { badChunk } from './bytes.ts'

/** Deflate cannot do better than 258 bytes for two bits. */
const MOST_RATIO = 1032

/** A block that is kept deflated only where that is shorter. */
export async function squeeze(block: Uint8Array<ArrayBuffer>): Promise<Uint8Array<ArrayBuffer>> {
  if (block.length === 0) return block
  const pieces: Uint8Array[] = []
  let length = 0
  await pass(new CompressionStream('deflate-raw'), block, (piece) => {
    pieces.push(piece)
    length += piece.length
    return length < block.length
  })
  if (length >= block.length) return block
  const squeezed = new Uint8Array(length)
  let at = 0
  for (const piece of pieces) {
    squeezed.set(piece, at)
    at += piece.length
  }
  return squeezed
}

/** The reverse. Fails when what comes out does not have exactly `length` bytes, without reading more of it. */
export async function unsqueeze(kept: Uint8Array, length: number): Promise<Uint8Array<ArrayBuffer>> {
  if (kept.length === length) return kept as Uint8Array<ArrayBuffer>
  if (kept.length > length || kept.length * MOST_RATIO < length) {
    throw badChunk(`${kept.length} bytes cannot be ${length} deflated`)
  }
  const block = new Uint8Array(length)
  let at = 0
  try {
    await pass(new DecompressionStream('deflate-raw'), kept, (piece) => {
      if (piece.length <= length - at) block.set(piece, at)
      at += piece.length
      return at <= length
    })
  } catch (error) {
    throw badChunk(`it does not inflate (${error instanceof Error ? error.message : String(error)})`)
  }
  if (at !== length) throw badChunk(`it inflates to ${at > length ? 'more' : 'less'} than ${length} bytes`)
  return block
}

/** Send bytes through a stream, until a piece is answered with false. */
async function pass(
  stream: CompressionStream | DecompressionStream,
  bytes: Uint8Array,
  onPiece: (piece: Uint8Array) => boolean
): Promise<void> {
  const writer = stream.writable.getWriter()
  const reader: ReadableStreamDefaultReader<Uint8Array> = stream.readable.getReader()
  // A stream that fails, or is let go of, fails these too; the reader is the one that says so.
  const written = Promise.allSettled([writer.write(bytes as Uint8Array<ArrayBuffer>), writer.close()])
  for (;;) {
    const { done, value } = await reader.read()
    if (done) break
    if (onPiece(value)) continue
    await reader.cancel().catch(() => undefined)
    return
  }
  await written
}
