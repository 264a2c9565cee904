/** Raw deflate by the platform's streams. A call costs some 0.3 ms whatever its size, so what can go together does. */
import { badChunk } from './bytes.ts'

/** Deflate cannot do better than 258 bytes for two bits. */
export const MOST_DEFLATE_RATIO = 1032

/** A block that is kept deflated only where that is shorter. */
export async function squeeze(block: Uint8Array<ArrayBuffer>): Promise<Uint8Array<ArrayBuffer>> {
  if (block.length === 0) return block
  const pieces: Uint8Array[] = []
  let length = 0
  await pass(new CompressionStream('deflate-raw'), [block], (piece) => {
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

/** The reverse, into a block of the length it had. Fails when what comes out has another, without reading more of it. */
export async function unsqueeze(kept: Uint8Array, block: Uint8Array): Promise<void> {
  if (kept.length === block.length) {
    block.set(kept)
    return
  }
  let at = 0
  try {
    await pass(new DecompressionStream('deflate-raw'), cut(kept), (piece) => {
      if (piece.length <= block.length - at) block.set(piece, at)
      at += piece.length
      return at <= block.length
    })
  } catch (error) {
    throw badChunk(`it does not inflate (${error instanceof Error ? error.message : String(error)})`)
  }
  if (at !== block.length)
    throw badChunk(`it inflates to ${at > block.length ? 'more' : 'less'} than ${block.length} bytes`)
}

/** Chromium inflates all of what one write brings before any of it is read: of a piece like these that is 16 MB at most. */
const PIECE_BYTES = 16 * 1024

function cut(bytes: Uint8Array): readonly Uint8Array[] {
  const count = Math.ceil(bytes.length / PIECE_BYTES)
  return Array.from({ length: count }, (_, i) => bytes.subarray(i * PIECE_BYTES, (i + 1) * PIECE_BYTES))
}

/** Send pieces through a stream, until one that comes out is answered with false. */
async function pass(
  stream: CompressionStream | DecompressionStream,
  pieces: readonly Uint8Array[],
  onPiece: (piece: Uint8Array) => boolean
): Promise<void> {
  const writer = stream.writable.getWriter()
  const reader: ReadableStreamDefaultReader<Uint8Array> = stream.readable.getReader()
  // A stream that fails, or is let go of, fails these too; the reader is the one that says so.
  const writes = pieces.map((piece) => writer.write(piece as Uint8Array<ArrayBuffer>))
  const written = Promise.allSettled([...writes, writer.close()])
  for (;;) {
    const { done, value } = await reader.read()
    if (done) break
    if (onPiece(value)) continue
    await reader.cancel().catch(() => undefined)
    return
  }
  await written
}
