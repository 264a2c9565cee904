/** Parts of an artifact as text. */
import type { ArtifactBytes } from './artifact-bytes.ts'
import { looksLikeText } from './artifact-kind.ts'

/** How much of a text is shown at once. */
export const TEXT_BYTES = 256 * 1024
/** A CSV is read this far for its first rows. */
export const TABLE_BYTES = 8 * 1024 * 1024
/** A larger JSON is shown as text: a tree of it would not be read anyway. */
export const JSON_BYTES = 4 * 1024 * 1024
/** Rows of a table. */
export const TABLE_ROWS = 1000
/** A larger picture or page is not fetched just to be looked at. */
export const DRAWN_BYTES = 64 * 1024 * 1024

/** This much of a file says whether it is text. */
const SAMPLE_BYTES = 8192

export interface ReadText {
  readonly text: string
  /** False when there is more. */
  readonly whole: boolean
}

/** The text of the first `bytes` bytes, as UTF-8; a character cut in half at the end is left out. */
export async function readText(artifact: ArtifactBytes, bytes: number): Promise<ReadText> {
  return decode(await firstBytes(artifact, bytes), artifact.size)
}

/** The same, or null when the bytes do not look like text. */
export async function readIfText(artifact: ArtifactBytes, bytes: number): Promise<ReadText | null> {
  const read = await firstBytes(artifact, bytes)
  return looksLikeText(read.subarray(0, SAMPLE_BYTES)) ? decode(read, artifact.size) : null
}

const firstBytes = async (artifact: ArtifactBytes, count: number): Promise<Uint8Array> =>
  new Uint8Array(await (await artifact.first(count)).arrayBuffer())

function decode(bytes: Uint8Array, size: number): ReadText {
  const whole = bytes.byteLength >= size
  return { text: new TextDecoder().decode(bytes, { stream: !whole }), whole }
}
