/** Comparisons on one column, and trees of conditions: what searches of any entity share. */
import { expressionBuilder, sql, type Expression, type RawBuilder, type SqlBool } from 'kysely'
import { unreachable } from '#lib/domain/errors.ts'
import { parseExperimentId, type ExperimentId } from '#lib/domain/ids.ts'
import type { ViewType } from '#lib/domain/lifecycle.ts'
import type { Comparison, FilterTree, OrderBy, ValueComparison } from '#lib/domain/search/tree.ts'
import { ilike, like } from './like.ts'

export type Condition = Expression<SqlBool>

export interface Window {
  /** All of them when left out. */
  readonly limit?: number
  readonly offset?: number
}

/** The tree with each comparison turned into SQL by `compile`. Depth follows the tree, which the parser bounds. */
export function treeCondition<A extends string>(
  tree: FilterTree<A>,
  compile: (comparison: Comparison<A>) => Condition
): Condition {
  if (tree.kind !== 'and' && tree.kind !== 'or') return compile(tree)
  const eb = expressionBuilder()
  const terms = tree.terms.map((term) => treeCondition(term, compile))
  return tree.kind === 'and' ? eb.and(terms) : eb.or(terms)
}

/** Whether a column's value satisfies a comparison; not true when the column is null. Values are bound, never spliced. */
export function columnHolds<A extends string>(
  column: Expression<string | number | null>,
  comparison: ValueComparison<A>
): Condition {
  const text = column as Expression<string | null>
  switch (comparison.kind) {
    case 'number':
      return sql<SqlBool>`${column} ${sql.raw(comparison.comparator)} ${comparison.value}`
    case 'set':
      // Each once: of different ones a filter's length allows fewer than SQLite can bind.
      return sql<SqlBool>`${column} ${sql.raw(comparison.comparator)} (${sql.join([...new Set(comparison.values)])})`
    case 'text':
      if (comparison.comparator === 'LIKE') return like(text, comparison.value)
      if (comparison.comparator === 'ILIKE') return ilike(text, comparison.value)
      return sql<SqlBool>`${column} ${sql.raw(comparison.comparator)} ${comparison.value}`
    default:
      return unreachable(comparison)
  }
}

/** More ids than this are written out instead of bound: a search over all experiments may name more than a statement can bind. */
const BOUND_IDS = 500

export const inExperiments = (column: Expression<number>, ids: readonly ExperimentId[]): Condition =>
  ids.length <= BOUND_IDS
    ? sql<SqlBool>`${column} in (${sql.join(ids.map(Number))})`
    : sql<SqlBool>`${column} in (${sql.raw(ids.map(parseExperimentId).join())})`

/** Spelled as equality even for ALL, so that an index on (…, lifecycle_stage, …) serves every view. */
export function stageCondition(stage: Expression<string>, view: ViewType): Condition {
  switch (view) {
    case 'ACTIVE_ONLY':
      return sql<SqlBool>`${stage} = 'active'`
    case 'DELETED_ONLY':
      return sql<SqlBool>`${stage} = 'deleted'`
    case 'ALL':
      return sql<SqlBool>`${stage} in ('active', 'deleted')`
    default:
      return unreachable(view)
  }
}

/** Order by a column with missing values last in both directions. */
export function columnOrder(
  column: Expression<unknown>,
  { descending }: Pick<OrderBy<never>, 'descending'>
): RawBuilder<unknown> {
  return sql`${column} is null, ${column} ${sql.raw(descending ? 'desc' : 'asc')}`
}

export function windowClause({ limit, offset }: Window): RawBuilder<unknown> {
  if (limit === undefined && offset === undefined) return sql``
  return sql`limit ${limit ?? Number.MAX_SAFE_INTEGER} offset ${offset ?? 0}`
}
