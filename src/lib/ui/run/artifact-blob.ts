/** Parts of a blob as text. Blobs are lazy: only the bytes asked for are ever read. */

/** How much of a text is shown at once. */
export const TEXT_BYTES = 256 * 1024
/** A CSV is read this far for its first rows. */
export const TABLE_BYTES = 8 * 1024 * 1024
/** A larger JSON is shown as text: a tree of it would not be read anyway. */
export const JSON_BYTES = 4 * 1024 * 1024
/** Rows of a table. */
export const TABLE_ROWS = 1000

/**
 * The text of the first `bytes` bytes, as UTF-8.
 *
 * returns  `whole` is false when there is more; a character cut in half at the end is left out
 */
export async function readText(blob: Blob, bytes: number): Promise<{ readonly text: string; readonly whole: boolean }> {
  const whole = blob.size <= bytes
  const buffer = await blob.slice(0, bytes).arrayBuffer()
  return { text: new TextDecoder().decode(buffer, { stream: !whole }), whole }
}
