import { columnName, isBestStep, type MetricPick } from '#lib/domain/table-column.ts'
import type { ColumnKind, ColumnRef, ExperimentKeys } from '#lib/live/protocol.ts'

/** Facts every run has, shown as columns without asking for a key. */
export const FACTS = ['status', 'started', 'duration', 'user'] as const
export type Fact = (typeof FACTS)[number]

export const FACT_LABELS: Readonly<Record<Fact, string>> = {
  status: 'Status',
  started: 'Started',
  duration: 'Duration',
  user: 'User'
}

export type Column = ColumnRef | Fact

/** Which columns a table shows, in the order they stand. */
export type Columns = readonly Column[]

const PREFIX: Readonly<Record<ColumnKind, string>> = { param: 'params.', metric: 'metrics.', tag: 'tags.' }
/** Results before causes: a metric is what a table is read for, so it has to be in sight. */
const KINDS = ['metric', 'param', 'tag'] as const satisfies readonly ColumnKind[]

const DEFAULT_FACTS: readonly Fact[] = ['status', 'started', 'duration']
const DEFAULT_METRICS = 8
const DEFAULT_PARAMS = 6
/** Keys of each kind that are enough to choose the defaults from. */
export const DEFAULT_KEYS = Math.max(DEFAULT_METRICS, DEFAULT_PARAMS)

/**
 * What a table shows before anybody chose: the first params and metrics; system metrics only when there is nothing else.
 *
 * keys    of each kind at least DEFAULT_KEYS, what a system logged last
 * before  the defaults shown so far: they keep their place, so that a key logged later joins at the end instead of moving the others
 */
export function defaultColumns(keys: ExperimentKeys, before: Columns | null = null): Columns {
  const own = keys.metrics.filter((key) => !key.startsWith('system/'))
  return [
    ...DEFAULT_FACTS,
    ...firstKeys('metric', own.length > 0 ? own : keys.metrics, DEFAULT_METRICS, before),
    ...firstKeys('param', keys.params, DEFAULT_PARAMS, before)
  ]
}

function firstKeys(kind: ColumnKind, keys: readonly string[], count: number, before: Columns | null): ColumnRef[] {
  const kept = (before ?? []).filter(isRef).filter((ref) => ref.kind === kind && isStill(ref, keys))
  return [...new Set([...kept.map((ref) => ref.key), ...keys])].slice(0, count).map((key) => ({ kind, key }))
}

/** A key that was a default is one still, though others may have come before it; system metrics give way to a run's own. */
const isStill = (ref: ColumnRef, keys: readonly string[]): boolean =>
  keys.includes(ref.key) || (keys.length >= DEFAULT_KEYS && !ref.key.startsWith('system/'))

export const isRef = (column: Column): column is ColumnRef => typeof column !== 'string'

/**
 * One column as text: `metrics.loss`, `params.lr`, `tags.team`, `status`. The key is everything after the first dot, unquoted. A value
 * other than the last is said in front: `min:metrics.loss`, `at-min:val%2Floss:metrics.acc` for acc where val/loss is least.
 */
export function columnId(column: Column): string {
  if (typeof column === 'string') return column
  return pickPrefix(column.pick) + PREFIX[column.kind] + column.key
}

function pickPrefix(pick: MetricPick = 'last'): string {
  if (isBestStep(pick)) return `at-${pick.at}:${encodeURIComponent(pick.of)}:`
  return pick === 'last' ? '' : `${pick}:`
}

export function parseColumn(text: string): Column | null {
  const fact = FACTS.find((known) => known === text)
  if (fact) return fact
  const { pick, rest } = parsePick(text)
  const kind = KINDS.find((known) => rest.startsWith(PREFIX[known]))
  if (!kind || (pick !== undefined && kind !== 'metric')) return null
  const key = rest.slice(PREFIX[kind].length)
  return key === '' ? null : { kind, key, ...(pick && { pick }) }
}

function parsePick(text: string): { readonly pick?: MetricPick; readonly rest: string } {
  const extreme = /^(min|max):([^]*)$/.exec(text)
  if (extreme) return { pick: extreme[1] as 'min' | 'max', rest: extreme[2]! }
  const best = /^at-(min|max):([^:]*):([^]*)$/.exec(text)
  if (!best) return { rest: text }
  try {
    return { pick: { at: best[1] as 'min' | 'max', of: decodeURIComponent(best[2]!) }, rest: best[3]! }
  } catch {
    return { rest: '' }
  }
}

/** Columns from texts, each once, in their order; what cannot be read is left out. */
export const parseColumns = (texts: readonly string[]): Columns =>
  [...new Set(texts)].map(parseColumn).filter((column) => column !== null)

export const columnIds = (columns: Columns): readonly string[] => columns.map(columnId)

export const sameColumn = (a: Column, b: Column): boolean =>
  typeof a === 'string' || typeof b === 'string' ? a === b : columnName(a) === columnName(b)

export const sameColumns = (a: Columns, b: Columns): boolean =>
  a.length === b.length && a.every((column, at) => sameColumn(column, b[at]!))

/** Show or hide one column. One that comes joins the last of its kind. */
export function toggleColumn(columns: Columns, column: Column): Columns {
  if (columns.some((other) => sameColumn(other, column))) return columns.filter((other) => !sameColumn(other, column))
  const last = columns.findLastIndex((other) => kindOf(other) === kindOf(column))
  return columns.toSpliced(last < 0 ? columns.length : last + 1, 0, column)
}

export const kindOf = (column: Column): ColumnKind | 'fact' => (typeof column === 'string' ? 'fact' : column.kind)

/** On a narrow screen values come first: they are what there is room for. */
export const valuesFirst = (columns: Columns): Columns => [
  ...columns.filter(isRef),
  ...columns.filter((column) => !isRef(column))
]

/** What a heading says: the key, and which value of it when that is not the last. */
export function columnLabel(column: Column): string {
  if (typeof column === 'string') return FACT_LABELS[column]
  const { key, pick = 'last' } = column
  if (isBestStep(pick)) return `${key} at ${pick.at} ${pick.of}`
  return pick === 'last' ? key : `${key} ${pick}`
}

const FACT_WIDTHS: Readonly<Record<Fact, number>> = { status: 100, started: 104, duration: 104, user: 112 }

/** CSS pixels, decided by kind and label alone, so that no value that streams in can move a column. */
export function columnWidth(column: Column): number {
  if (typeof column === 'string') return FACT_WIDTHS[column]
  const room = columnLabel(column).length * 7 + 46
  const [narrow, wide] = column.kind === 'tag' ? [120, 180] : [96, 168]
  return Math.min(wide, Math.max(narrow, room))
}

/** Numbers and what is mostly numbers end at the right. */
export const endsRight = (column: Column): boolean => typeof column !== 'string' && column.kind !== 'tag'
