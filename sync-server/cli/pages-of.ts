import type { Json, Tracking } from './tracking.ts'

/** As much as one page of any search holds, and what clients ask for at a time. */
const PAGE = 1000

/**
 * All that a search finds, page by page.
 *
 * field  where the answer has its list: `runs`, `experiments`
 * most   where to stop
 */
export const searchAll = async (
  tracking: Tracking,
  operation: string,
  field: string,
  search: Json,
  most = Number.POSITIVE_INFINITY
): Promise<Json[]> => {
  const found: Json[] = []
  let token: unknown
  while (found.length < most) {
    const page = {
      ...search,
      max_results: Math.min(PAGE, most - found.length),
      ...(token !== undefined && { page_token: token })
    }
    const answer = await tracking.post(operation, page)
    found.push(...listOf(answer[field]))
    token = answer['next_page_token']
    if (token === undefined) break
  }
  return found
}

/** A list of an answer: absent when empty. */
export const listOf = (value: unknown): readonly Json[] => (Array.isArray(value) ? (value as Json[]) : [])

export const textOf = (value: unknown): string =>
  typeof value === 'string' ? value : typeof value === 'number' || typeof value === 'boolean' ? String(value) : ''

export const fieldsOf = (value: unknown): Json => (typeof value === 'object' && value !== null ? (value as Json) : {})

/** `[{key, value}]` as `{key: value}`. */
export const pairsOf = (value: unknown): Readonly<Record<string, unknown>> =>
  Object.fromEntries(listOf(value).map((pair) => [textOf(pair['key']), pair['value']]))
