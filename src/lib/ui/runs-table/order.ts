import { printOrderBy } from '#lib/domain/search/print.ts'
import type { Field, RunAttribute } from '#lib/domain/search/tree.ts'
import type { ColumnRef } from '#lib/live/protocol.ts'
import { parseColumn, type Fact } from './columns.ts'

/** What a table can be ordered by: any column, or the run's name. */
export type SortKey = ColumnRef | Fact | 'name'

export interface Sort {
  readonly key: SortKey
  readonly descending: boolean
}

/** The MLflow attribute behind each column that is no key. Duration is not stored, so nothing can be ordered by it. */
const ATTRIBUTE: Readonly<Record<'name' | Fact, RunAttribute | null>> = {
  name: 'run_name',
  status: 'status',
  started: 'start_time',
  user: 'user_id',
  duration: null
}

export const isSortable = (key: SortKey): boolean => typeof key !== 'string' || ATTRIBUTE[key] !== null

/** Newest first, as the store orders when it is asked for nothing. */
export const DEFAULT_SORT: Sort = { key: 'started', descending: true }

/** What a click on a header asks for: that column ascending, then descending, then ascending again; time starts with the newest. */
export function nextSort(current: Sort, key: SortKey): Sort {
  const same = sortKeyId(current.key) === sortKeyId(key)
  return { key, descending: same ? !current.descending : key === 'started' }
}

/** Sort keys as a stable text, for comparing and for URLs: `metrics.loss`, `name`, `started`. */
export const sortKeyId = (key: SortKey): string => {
  if (typeof key === 'string') return key
  return `${key.kind}s.${key.key}`
}

/** `metrics.loss desc`, as it stands in a URL. */
export const sortToText = (sort: Sort): string => `${sortKeyId(sort.key)} ${sort.descending ? 'desc' : 'asc'}`

export function parseSort(text: string): Sort | null {
  const match = /^([^]+) (asc|desc)$/.exec(text)
  if (!match) return null
  const key = match[1] === 'name' ? 'name' : parseColumn(match[1]!)
  return key !== null && isSortable(key) ? { key, descending: match[2] === 'desc' } : null
}

export const sameSort = (a: Sort, b: Sort): boolean => sortToText(a) === sortToText(b)

/** The order_by items for a sort, keys quoted as the grammar needs; none for the default order. */
export function orderBy(sort: Sort): readonly string[] {
  const field = sameSort(sort, DEFAULT_SORT) ? null : sortField(sort.key)
  return field === null ? [] : [printOrderBy({ field, descending: sort.descending })]
}

function sortField(key: SortKey): Field | null {
  if (typeof key !== 'string') return key
  const attribute = ATTRIBUTE[key]
  return attribute === null ? null : { kind: 'attribute', key: attribute }
}
