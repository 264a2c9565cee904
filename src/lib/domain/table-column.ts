/** What a table of runs can show, order by and group by: shared by the store that computes it and the pages that ask. */
import type { RunAttribute } from './search/tree.ts'

export type ColumnKind = 'param' | 'metric' | 'tag'

/** The value of one metric where another was best; see best-step.ts. */
export interface BestStep {
  readonly at: 'min' | 'max'
  /** The other metric's key. */
  readonly of: string
}

/** Which value of a series stands for it: its last, its least, its greatest, or the one at the best step of another metric. */
export type MetricPick = 'last' | 'min' | 'max' | BestStep

export interface ColumnRef {
  readonly kind: ColumnKind
  readonly key: string
  /** Of a metric; the last value when left out. */
  readonly pick?: MetricPick
}

/** What is not a key but can be ordered by. `duration` is the end less the start; runs that have not ended come last. */
export type SortAttribute = RunAttribute | 'duration'

export interface RunSort {
  readonly by: ColumnRef | { readonly kind: 'attribute'; readonly key: SortAttribute }
  readonly descending: boolean
}

export const GROUP_ATTRIBUTES = ['status', 'user_id', 'run_name'] as const
export type GroupAttribute = (typeof GROUP_ATTRIBUTES)[number]

/** What runs can be gathered by. */
export type GroupKey =
  | { readonly kind: 'param' | 'tag'; readonly key: string }
  | { readonly kind: 'attribute'; readonly key: GroupAttribute }

/** Whether a pick needs the points of a series and not only what is kept beside it. */
export const isBestStep = (pick: MetricPick | undefined): pick is BestStep => typeof pick === 'object'

/** A column as a text of its own: equal columns have equal texts. */
export const columnName = (column: ColumnRef | GroupKey): string =>
  JSON.stringify([column.kind, column.key, ('pick' in column ? column.pick : undefined) ?? 'last'])
