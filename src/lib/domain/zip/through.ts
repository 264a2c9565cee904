/** Chromium inflates all of what one write brings before any of it is read: of a piece like these that is 16 MB at most. */
const PIECE_BYTES = 16 * 1024

/** Pieces through one of the platform's streams. Whoever stops early wants no more. Fails as the stream, or the source, does. */
export async function* through(
  stream: CompressionStream | DecompressionStream,
  source: AsyncIterable<Uint8Array<ArrayBuffer>>
): AsyncGenerator<Uint8Array<ArrayBuffer>> {
  const writer = stream.writable.getWriter()
  const reader = stream.readable.getReader()
  let failure: { readonly error: unknown } | null = null
  const feed = async (): Promise<void> => {
    try {
      for await (const piece of cut(source)) await writer.write(piece)
      await writer.close()
    } catch (error) {
      failure = { error }
      await writer.abort(error).catch(() => undefined)
    }
  }
  const feeding = feed()
  try {
    for (;;) {
      const { done, value } = await reader.read()
      if (done) break
      yield value
    }
    await feeding
  } catch (error) {
    // A source that failed is the reason, not what its stream makes of it.
    throw (failure as { readonly error: unknown } | null)?.error ?? error
  } finally {
    await reader.cancel().catch(() => undefined)
  }
}

async function* cut(source: AsyncIterable<Uint8Array<ArrayBuffer>>): AsyncGenerator<Uint8Array<ArrayBuffer>> {
  for await (const piece of source)
    for (let at = 0; at < piece.length; at += PIECE_BYTES) yield piece.subarray(at, at + PIECE_BYTES)
}

/** A Blob piece by piece. */
export async function* piecesOf(blob: Blob): AsyncGenerator<Uint8Array<ArrayBuffer>> {
  const reader = blob.stream().getReader()
  try {
    for (;;) {
      const { done, value } = await reader.read()
      if (done) return
      yield value
    }
  } finally {
    reader.cancel().catch(() => undefined)
  }
}
