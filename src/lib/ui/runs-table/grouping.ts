import type { Aggregate } from '#lib/domain/aggregate.ts'
import type { GroupAttribute, GroupKey } from '#lib/domain/table-column.ts'
import { formatCount, formatNumber } from '../shared/format.ts'

/** Which number of a group its row shows; all of them are told on hover and to screen readers. */
export const AGGREGATES = ['mean', 'min', 'max', 'std', 'count'] as const
export type AggregateName = (typeof AGGREGATES)[number]

export const AGGREGATE_LABELS: Readonly<Record<AggregateName, string>> = {
  mean: 'Mean ± deviation',
  min: 'Least',
  max: 'Greatest',
  std: 'Standard deviation',
  count: 'Count'
}

const WORDS: Readonly<Record<GroupAttribute, string>> = { status: 'status', user_id: 'user', run_name: 'name' }
export const GROUP_FACTS = Object.keys(WORDS) as readonly GroupAttribute[]

/** `params.opt`, `tags.team`, `status`, as it stands in a URL. */
export const groupId = ({ kind, key }: GroupKey): string => (kind === 'attribute' ? WORDS[key] : `${kind}s.${key}`)

/** The heading of a group: the key without its kind. */
export const groupLabel = (group: GroupKey): string => (group.kind === 'attribute' ? WORDS[group.key] : group.key)

export function parseGroup(text: string): GroupKey | null {
  const fact = GROUP_FACTS.find((known) => WORDS[known] === text)
  if (fact) return { kind: 'attribute', key: fact }
  const match = /^(param|tag)s\.([^]+)$/.exec(text)
  return match ? { kind: match[1] as 'param' | 'tag', key: match[2]! } : null
}

/** As many as make sense on a screen. */
const MOST = 4

/** Each once, what cannot be read left out. */
export const parseGroups = (texts: readonly string[]): readonly GroupKey[] =>
  [...new Set(texts)]
    .map(parseGroup)
    .filter((group) => group !== null)
    .slice(0, MOST)

export function toggleGroup(groups: readonly GroupKey[], group: GroupKey): readonly GroupKey[] {
  const rest = groups.filter((other) => groupId(other) !== groupId(group))
  return rest.length < groups.length ? rest : [...groups, group].slice(-MOST)
}

export function aggregateText(found: Aggregate, shown: AggregateName): string {
  if (shown === 'count') return formatCount(found.count)
  if (shown === 'std') return found.std === null ? '—' : formatNumber(found.std)
  if (shown !== 'mean' || found.std === null) return formatNumber(found[shown])
  return `${formatNumber(found.mean)} ±${formatSpread(found.std)}`
}

/** Two digits say how far values lie apart. */
const formatSpread = (std: number): string =>
  Number.isFinite(std) && std !== 0 && std < 1000 && std >= 0.001
    ? Number(std.toPrecision(2)).toString()
    : formatNumber(std)

/** All of it, with every digit. */
export const aggregateTitle = ({ count, mean, min, max, std }: Aggregate): string =>
  `${formatCount(count)} values, mean ${mean}, least ${min}, greatest ${max}, deviation ${std ?? 'unknown'}`
