/** Raw deflate by the platform's streams. A call costs some 0.3 ms whatever its size, so what can go together does. */
import { badChunk } from './bytes.ts'

/** Deflate cannot do better than 258 bytes for two bits. */
export const MOST_DEFLATE_RATIO = 1032

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

/** The reverse, into a block of the length it had. Fails when what comes out has another, without reading more of it. */
export async function unsqueeze(kept: Uint8Array, block: Uint8Array): Promise<void> {
  if (kept.length === block.length) {
    block.set(kept)
    return
  }
  let at = 0
  try {
    await pass(new DecompressionStream('deflate-raw'), kept, (piece) => {
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
