/** Page tokens: base64 of `{"offset": N}`, the form MLflow uses, so that a token says nothing a caller could not work out. */
import { invalid } from '#lib/domain/errors.ts'
import { pythonBytes, pythonRepr } from '#lib/domain/python-text.ts'

/** The token of the page that starts at `offset` (>= 1). */
export const pageToken = (offset: number): string => btoa(`{"offset": ${offset}}`)

/** The offset a token stands for; absent or empty is the start. Fails with INVALID_PARAMETER_VALUE. */
export function parsePageToken(token: string | undefined): number {
  if (token === undefined || token === '') return 0
  // As Python decodes: what is no sign of base64 is passed over, and the padding must be whole.
  const signs = token.replace(/[^A-Za-z0-9+/=]/g, '')
  let text: string
  try {
    if (signs.length % 4 !== 0) throw new Error('not padded')
    text = atob(signs)
  } catch {
    throw invalid('Invalid page token, could not base64-decode')
  }
  let parsed: unknown
  try {
    parsed = JSON.parse(text)
  } catch {
    throw invalid(`Invalid page token, decoded value=${pythonBytes(text)}`)
  }
  const offset = typeof parsed === 'object' && parsed !== null && 'offset' in parsed ? parsed.offset : undefined
  if (typeof offset !== 'number' || !Number.isSafeInteger(offset) || offset < 1)
    throw invalid(`Invalid page token, parsed value=${pythonRepr(parsed)}`)
  return offset
}

/** How many to return: 1 to `most`. Fails with INVALID_PARAMETER_VALUE. */
export function parseMaxResults(asked: number, most: number): number {
  const refusal = `Invalid value ${asked} for parameter 'max_results' supplied. It must be`
  if (asked < 1) throw invalid(`${refusal} a positive integer`)
  if (asked > most) throw invalid(`${refusal} at most ${most}`)
  return asked
}

export interface Page<T> {
  readonly items: readonly T[]
  /** Absent on the last page. */
  readonly nextPageToken?: string
}

/**
 * One page of something that is read by limit and offset. One more than asked for is read, so that a token is given only when there is more.
 * `tokenAt` makes the token of a page by its offset.
 */
export async function readPage<T>(
  most: number,
  offset: number,
  read: (limit: number, offset: number) => Promise<readonly T[]>,
  tokenAt: (offset: number) => string = pageToken
): Promise<Page<T>> {
  const rows = await read(most + 1, offset)
  if (rows.length <= most) return { items: rows }
  return { items: rows.slice(0, most), nextPageToken: tokenAt(offset + most) }
}
