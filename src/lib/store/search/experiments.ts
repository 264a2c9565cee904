/** Searching experiments. There are few, so plain lookups do. */
import { expressionBuilder, sql, type Expression, type ExpressionBuilder, type Kysely, type RawBuilder } from 'kysely'
import { invalid } from '#lib/domain/errors.ts'
import type { Experiment } from '#lib/domain/experiment.ts'
import { parseExperimentId, type ExperimentId } from '#lib/domain/ids.ts'
import type { ViewType } from '#lib/domain/lifecycle.ts'
import type { Comparison, ExperimentAttribute, FilterTree, OrderBy } from '#lib/domain/search/tree.ts'
import type { Reader } from '../database.ts'
import { getExperiments } from '../experiments.ts'
import type { Schema } from '../schema.ts'
import {
  columnHolds,
  columnOrder,
  stageCondition,
  treeCondition,
  windowClause,
  type Condition,
  type Window
} from './conditions.ts'

export interface ExperimentSearch extends Window {
  /** From `parseExperimentFilter`; null for all. */
  readonly filter: FilterTree<ExperimentAttribute> | null
  /** From `parseExperimentOrderBy`; ties go by id, highest first. When empty: newest first, then id. */
  readonly orderBy: readonly OrderBy<ExperimentAttribute>[]
  readonly view: ViewType
}

/** The experiments that match, in the order asked for. */
export async function searchExperiments(r: Reader, search: ExperimentSearch): Promise<Experiment[]> {
  return getExperiments(r, await experimentIds(r.db, search))
}

/** Ids of the experiments that match, in the order asked for. */
export async function experimentIds(db: Kysely<Schema>, search: ExperimentSearch): Promise<ExperimentId[]> {
  const eb = expressionBuilder<Schema, 'experiments'>()
  const conditions = [stageCondition(eb.ref('experiments.lifecycle_stage'), search.view)]
  if (search.filter !== null) conditions.push(compileExperimentFilter(eb, search.filter))
  const { rows } = await sql<{ experiment_id: number }>`
    select experiments.experiment_id from experiments
    where ${eb.and(conditions)}
    order by ${orderClause(eb, search.orderBy)}
    ${windowClause(search)}`.execute(db)
  return rows.map((row) => String(row.experiment_id) as ExperimentId)
}

type Experiments = ExpressionBuilder<Schema, 'experiments'>

/** A condition over the row of `experiments` in scope. */
export function compileExperimentFilter(eb: Experiments, tree: FilterTree<ExperimentAttribute>): Condition {
  return treeCondition(tree, (comparison) => compileComparison(eb, comparison))
}

function compileComparison(eb: Experiments, comparison: Comparison<ExperimentAttribute>): Condition {
  const { field } = comparison
  if (field.kind === 'attribute' && field.key === 'experiment_id') checkIds(comparison)
  if (field.kind === 'attribute' && comparison.kind !== 'null')
    return columnHolds(attributeColumn(eb, field.key), comparison)
  if (field.kind !== 'tag') throw invalid(`Experiments have no ${field.kind}s`)
  const tags = eb
    .selectFrom('experiment_tags as tag')
    .select(eb.lit(1).as('one'))
    .whereRef('tag.experiment_id', '=', 'experiments.experiment_id')
    .where('tag.key', '=', field.key)
  if (comparison.kind !== 'null') return eb.exists(tags.where((tag) => columnHolds(tag.ref('tag.value'), comparison)))
  return comparison.comparator === 'IS NULL' ? eb.not(eb.exists(tags)) : eb.exists(tags)
}

function checkIds(comparison: Comparison<ExperimentAttribute>): void {
  if (comparison.kind === 'text') parseExperimentId(comparison.value)
  if (comparison.kind === 'set') comparison.values.forEach(parseExperimentId)
}

const attributeColumn = (eb: Experiments, attribute: ExperimentAttribute): Expression<string | number | null> =>
  eb.ref(`experiments.${attribute}`)

function orderClause(eb: Experiments, orderBy: readonly OrderBy<ExperimentAttribute>[]): RawBuilder<unknown> {
  if (orderBy.length === 0)
    return sql`experiments.creation_time is null, experiments.creation_time desc, experiments.experiment_id`
  const orders = orderBy.map((order) => {
    if (order.field.kind !== 'attribute') throw invalid(`Invalid order_by entity: ${order.field.kind}`)
    return columnOrder(attributeColumn(eb, order.field.key), order)
  })
  return sql`${sql.join(orders)}, experiments.experiment_id desc`
}
