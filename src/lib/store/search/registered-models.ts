/** Searching registered models. There are few, so plain lookups do. */
import { expressionBuilder, sql, type ExpressionBuilder, type RawBuilder } from 'kysely'
import { invalid } from '#lib/domain/errors.ts'
import { IS_PROMPT_TAG, type RegisteredModel } from '#lib/domain/registered-model.ts'
import { asksForPrompts, isAboutPrompts, type RegisteredModelAttribute } from '#lib/domain/search/registry.ts'
import type { Comparison, FilterTree, OrderBy } from '#lib/domain/search/tree.ts'
import type { Reader } from '../database.ts'
import { getRegisteredModels } from '../registered-models.ts'
import { WORKSPACE } from '../registry-rows.ts'
import type { Schema } from '../schema.ts'
import { columnHolds, columnOrder, treeCondition, windowClause, type Condition, type Window } from './conditions.ts'

export interface RegisteredModelSearch extends Window {
  /** From `parseRegisteredModelFilter`; null for all. Prompts are found only when it asks for them. */
  readonly filter: FilterTree<RegisteredModelAttribute> | null
  /** From `parseRegisteredModelOrderBy`. Ties, and all models when empty, go by name. */
  readonly orderBy: readonly OrderBy<RegisteredModelAttribute>[]
}

/** The models that match, whole, in the order asked for. */
export async function searchRegisteredModels(
  r: Reader,
  { filter, orderBy, ...window }: RegisteredModelSearch
): Promise<RegisteredModel[]> {
  const eb = expressionBuilder<Schema, 'registered_models'>()
  const conditions: Condition[] = [eb('registered_models.workspace', '=', WORKSPACE)]
  if (filter !== null) conditions.push(treeCondition(filter, (comparison) => compileComparison(eb, comparison)))
  if (!asksForPrompts(filter))
    conditions.push(eb.not(eb.exists(tagsOf(eb, IS_PROMPT_TAG).where('tag.value', '=', 'true'))))
  const { rows } = await sql<{ name: string }>`
    select registered_models.name from registered_models
    where ${eb.and(conditions)}
    order by ${sql.join([...orderBy.map((order) => orderTerm(eb, order)), sql`registered_models.name`])}
    ${windowClause(window)}`.execute(r.db)
  return getRegisteredModels(
    r,
    rows.map((row) => row.name)
  )
}

type Models = ExpressionBuilder<Schema, 'registered_models'>

const tagsOf = (eb: Models, key: string) =>
  eb
    .selectFrom('registered_model_tags as tag')
    .select('tag.value')
    .where('tag.workspace', '=', WORKSPACE)
    .whereRef('tag.name', '=', 'registered_models.name')
    .where('tag.key', '=', key)

function compileComparison(eb: Models, comparison: Comparison<RegisteredModelAttribute>): Condition {
  const { field } = comparison
  if (field.kind === 'attribute' && comparison.kind !== 'null')
    return columnHolds(attributeColumn(eb, field.key), comparison)
  if (field.kind !== 'tag') throw invalid(`Registered models have no ${field.kind}s`)
  const tags = tagsOf(eb, field.key)
  if (comparison.kind === 'null') return comparison.comparator === 'IS NULL' ? eb.not(eb.exists(tags)) : eb.exists(tags)
  if (isAboutPrompts(comparison)) return columnHolds(sql<string>`coalesce((${tags}), 'false')`, comparison)
  return eb.exists(tags.where((tag) => columnHolds(tag.ref('tag.value'), comparison)))
}

const attributeColumn = (eb: Models, attribute: RegisteredModelAttribute) =>
  attribute === 'name' ? eb.ref('registered_models.name') : eb.ref('registered_models.last_updated_time')

function orderTerm(eb: Models, order: OrderBy<RegisteredModelAttribute>): RawBuilder<unknown> {
  if (order.field.kind !== 'attribute') throw invalid(`Invalid order_by entity: ${order.field.kind}`)
  return columnOrder(attributeColumn(eb, order.field.key), order)
}
