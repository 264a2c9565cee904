import { isBestStep, type RunSort, type SortAttribute } from '#lib/domain/table-column.ts'
import { columnId, parseColumn, type Column, type Fact } from './columns.ts'

/** What a table can be ordered by: any column, or the run's name. */
export type SortKey = Column | 'name'

export interface Sort {
  readonly key: SortKey
  readonly descending: boolean
}

/** The most significant first; none for the order a store has when it is asked for nothing, the newest first. */
export type Sorts = readonly Sort[]

/** More than that nobody reads, and a store takes no more. */
const MOST = 8

/** The attribute behind each column that is no key. */
const ATTRIBUTE: Readonly<Record<'name' | Fact, SortAttribute>> = {
  name: 'run_name',
  status: 'status',
  started: 'start_time',
  user: 'user_id',
  duration: 'duration'
}

/** Values that only the points of two series can tell are not known for every run, so nothing can be ordered by them. */
export const isSortable = (key: SortKey): boolean => typeof key === 'string' || !isBestStep(key.pick)

const NEWEST: Sort = { key: 'started', descending: true }

/** Time starts with the newest, a greatest value with the greatest. */
const startsDescending = (key: SortKey): boolean => key === 'started' || (typeof key !== 'string' && key.pick === 'max')

/** Sort keys as a stable text, for comparing and for URLs: `metrics.loss`, `name`, `started`. */
export const sortKeyId = (key: SortKey): string => (key === 'name' ? key : columnId(key))

/** What a table is ordered by in words, the default said. */
export const effective = (sorts: Sorts): Sorts => (sorts.length === 0 ? [NEWEST] : sorts)

/** Where a key stands among those sorted by, from 0; -1 when it does not. */
export const placeOf = (sorts: Sorts, key: SortKey): number =>
  effective(sorts).findIndex((sort) => sortKeyId(sort.key) === sortKeyId(key))

/** What a press on a heading asks for: that column alone, and the other way round when it was that alone. */
export function nextSort(current: Sorts, key: SortKey): Sorts {
  const [only, ...others] = effective(current)
  const isAlone = only !== undefined && others.length === 0 && sortKeyId(only.key) === sortKeyId(key)
  return tidy([{ key, descending: isAlone ? !only.descending : startsDescending(key) }])
}

/** What a press with Shift asks for: that column after the others, then the other way round, then no more. */
export function addSort(current: Sorts, key: SortKey): Sorts {
  const at = current.findIndex((sort) => sortKeyId(sort.key) === sortKeyId(key))
  const known = current[at]
  if (known === undefined) return [...current, { key, descending: startsDescending(key) }].slice(-MOST)
  if (known.descending !== startsDescending(key)) return current.toSpliced(at, 1)
  return current.with(at, { key, descending: !known.descending })
}

/** The same order said as shortly as can be. */
function tidy(sorts: Sorts): Sorts {
  return sorts.length === 1 && sortToText(sorts[0]!) === sortToText(NEWEST) ? [] : sorts
}

/** `metrics.loss desc`, as it stands in a URL. */
export const sortToText = (sort: Sort): string => `${sortKeyId(sort.key)} ${sort.descending ? 'desc' : 'asc'}`

export function parseSort(text: string): Sort | null {
  const match = /^([^]+) (asc|desc)$/.exec(text)
  if (!match) return null
  const key = match[1] === 'name' ? 'name' : parseColumn(match[1]!)
  return key !== null && isSortable(key) ? { key, descending: match[2] === 'desc' } : null
}

/** Each key once, what cannot be read left out. */
export function parseSorts(texts: readonly string[]): Sorts {
  const byKey = new Map<string, Sort>()
  for (const sort of texts.map(parseSort))
    if (sort !== null && !byKey.has(sortKeyId(sort.key))) byKey.set(sortKeyId(sort.key), sort)
  return tidy([...byKey.values()].slice(0, MOST))
}

/** As a store is asked. */
export const sortQuery = (sorts: Sorts): readonly RunSort[] =>
  sorts.map(({ key, descending }) => ({
    by: typeof key === 'string' ? { kind: 'attribute', key: ATTRIBUTE[key] } : key,
    descending
  }))
