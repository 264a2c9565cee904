import type { ColumnKind, ColumnRef, ExperimentKeys } from '#lib/live/protocol.ts'
import { isSystemTag } from '#lib/domain/tag.ts'

/** Facts every run has, shown as columns without asking for a key. */
export const FACTS = ['status', 'started', 'duration', 'user'] as const
export type Fact = (typeof FACTS)[number]

export const FACT_LABELS: Readonly<Record<Fact, string>> = {
  status: 'Status',
  started: 'Started',
  duration: 'Duration',
  user: 'User'
}

/** Which columns a table shows, in groups that are always in this order. */
export interface Columns {
  readonly facts: readonly Fact[]
  readonly refs: readonly ColumnRef[]
}

/** Results before causes: a metric is what a table is read for, so it has to be in sight. */
export const KINDS = ['metric', 'param', 'tag'] as const satisfies readonly ColumnKind[]
const PREFIX: Readonly<Record<ColumnKind, string>> = { param: 'params.', metric: 'metrics.', tag: 'tags.' }

const DEFAULT_FACTS: readonly Fact[] = ['status', 'started', 'duration']
const DEFAULT_METRICS = 8
const DEFAULT_PARAMS = 6

/**
 * What a table shows before anybody chose: the first params and metrics; system metrics only when there is nothing else.
 *
 * before  the defaults shown so far: they keep their place, so that a key logged later joins at the end instead of moving the others
 */
export function defaultColumns(keys: ExperimentKeys, before: Columns | null = null): Columns {
  const own = keys.metrics.filter((key) => !key.startsWith('system/'))
  const refs = [
    ...firstKeys('metric', own.length > 0 ? own : keys.metrics, DEFAULT_METRICS, before),
    ...firstKeys('param', keys.params, DEFAULT_PARAMS, before)
  ]
  return { facts: DEFAULT_FACTS, refs }
}

function firstKeys(kind: ColumnKind, keys: readonly string[], count: number, before: Columns | null): ColumnRef[] {
  const kept = (before?.refs ?? []).filter((ref) => ref.kind === kind && keys.includes(ref.key)).map((ref) => ref.key)
  return [...new Set([...kept, ...keys])].slice(0, count).map((key) => ({ kind, key }))
}

/** Every column there is to choose from. System tags are left to the run's own page, the source excepted. */
export const allColumns = (keys: ExperimentKeys): readonly ColumnRef[] => [
  ...keys.params.map((key): ColumnRef => ({ kind: 'param', key })),
  ...keys.metrics.map((key): ColumnRef => ({ kind: 'metric', key })),
  ...keys.tags
    .filter((key) => !isSystemTag(key) || key === 'mlflow.source.name')
    .map((key): ColumnRef => ({ kind: 'tag', key }))
]

/** One column as text: `metrics.loss`, `params.lr`, `tags.team`, `status`. The key is everything after the first dot, unquoted. */
export const columnId = (column: ColumnRef | Fact): string =>
  typeof column === 'string' ? column : PREFIX[column.kind] + column.key

export function parseColumn(text: string): ColumnRef | Fact | null {
  const fact = FACTS.find((known) => known === text)
  if (fact) return fact
  const kind = KINDS.find((known) => text.startsWith(PREFIX[known]))
  if (!kind) return null
  const key = text.slice(PREFIX[kind].length)
  return key === '' ? null : { kind, key }
}

/** Columns from texts, each once, in the table's order of groups; what cannot be read is left out. */
export function parseColumns(texts: readonly string[]): Columns {
  const parsed = [...new Set(texts)].map(parseColumn).filter((column) => column !== null)
  const facts = FACTS.filter((fact) => parsed.includes(fact))
  const refs = parsed.filter((column) => typeof column !== 'string')
  return { facts, refs: KINDS.flatMap((kind) => refs.filter((ref) => ref.kind === kind)) }
}

/** One group of columns as it is drawn: facts have no heading. */
export interface ColumnGroup {
  readonly kind: ColumnKind | 'fact'
  readonly columns: readonly (ColumnRef | Fact)[]
}

/** The groups in the order they are drawn. On a narrow screen values come first: they are what there is room for. */
export function columnGroups(columns: Columns, narrow: boolean): readonly ColumnGroup[] {
  const facts: ColumnGroup = { kind: 'fact', columns: columns.facts }
  const values = KINDS.map((kind): ColumnGroup => ({ kind, columns: columns.refs.filter((ref) => ref.kind === kind) }))
  return (narrow ? [...values, facts] : [facts, ...values]).filter((group) => group.columns.length > 0)
}

export const columnIds = (columns: Columns): readonly string[] => [
  ...columns.facts,
  ...columns.refs.map((ref) => columnId(ref))
]

export const sameColumns = (a: Columns, b: Columns): boolean => columnIds(a).join('\n') === columnIds(b).join('\n')

/** Show or hide one column. A column that comes back goes to the end of its group. */
export function toggleColumn(columns: Columns, column: ColumnRef | Fact): Columns {
  const id = columnId(column)
  const ids = columnIds(columns)
  return parseColumns(ids.includes(id) ? ids.filter((other) => other !== id) : [...ids, id])
}

const FACT_WIDTHS: Readonly<Record<Fact, number>> = { status: 100, started: 104, duration: 104, user: 112 }

/** CSS pixels, decided by kind and label alone, so that no value that streams in can move a column. */
export function columnWidth(column: ColumnRef | Fact): number {
  if (typeof column === 'string') return FACT_WIDTHS[column]
  const room = column.key.length * 7 + 46
  const [narrow, wide] = column.kind === 'tag' ? [120, 180] : [96, 168]
  return Math.min(wide, Math.max(narrow, room))
}
