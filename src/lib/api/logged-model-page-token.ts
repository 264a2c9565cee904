/**
 * Page tokens of a search over logged models: base64 of the search and an offset, the form MLflow uses. A token stands for the search it
 * was made by, and with any other it is refused.
 */
import { invalid, type RunnelError } from '#lib/domain/errors.ts'
import { pythonJson, pythonRepr, pythonSpacedJson } from '#lib/domain/python-text.ts'
import type { LoggedModelOrderItem } from '#lib/domain/search/logged-model.ts'

/** What of a search a token holds, as it was sent. */
export interface TokenSearch {
  readonly experimentIds: readonly string[]
  readonly filter: string
  readonly orderBy: readonly LoggedModelOrderItem[]
}

/** The token of the page that starts at `offset` (>= 1). */
export const loggedModelPageToken = (search: TokenSearch, offset: number): string =>
  btoa(pythonSpacedJson({ ...tokenFields(search), offset }))

const MISMATCHES = {
  experiment_ids: 'Experiment IDs in the page token do not match the requested experiment IDs.',
  filter_string: 'Filter string in the page token does not match the requested filter string.',
  order_by: 'Order by in the page token does not match the requested order by.'
} as const

/** The offset a token stands for; absent or empty is the start. Fails with INVALID_PARAMETER_VALUE. */
export function parseLoggedModelPageToken(token: string | undefined, search: TokenSearch): number {
  if (token === undefined || token === '') return 0
  const found = decode(token)
  const expected = tokenFields(search)
  for (const field of ['experiment_ids', 'filter_string', 'order_by'] as const) {
    const [wanted, given] = [expected[field], found[field] ?? null]
    if (pythonSpacedJson(given) !== pythonSpacedJson(wanted))
      throw invalid(`${MISMATCHES[field]} Expected: ${shown(wanted)}. Found: ${shown(given)}`)
  }
  const { offset } = found
  if (typeof offset !== 'number' || !Number.isSafeInteger(offset) || offset < 1) throw unreadable(token)
  return offset
}

/** Empty ones are None in MLflow, and null in its tokens. */
function tokenFields({ experimentIds, filter, orderBy }: TokenSearch) {
  return {
    experiment_ids: experimentIds,
    filter_string: filter === '' ? null : filter,
    order_by:
      orderBy.length === 0
        ? null
        : orderBy.map(({ fieldName, ascending, datasetName, datasetDigest }) => ({
            field_name: fieldName,
            ascending,
            dataset_name: datasetName,
            dataset_digest: datasetDigest
          }))
  }
}

function decode(token: string): Readonly<Record<string, unknown>> {
  let value: unknown
  try {
    value = JSON.parse(atob(token))
  } catch {
    throw unreadable(token)
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw unreadable(token)
  return value as Readonly<Record<string, unknown>>
}

const unreadable = (token: string): RunnelError => invalid(`Invalid page token: ${pythonJson(token)}.`)

const shown = (value: unknown): string => (typeof value === 'string' ? value : pythonRepr(value))
