/** Searching model versions; deleted ones are never found. */
import { expressionBuilder, sql, type Expression, type ExpressionBuilder, type RawBuilder } from 'kysely'
import { invalid, unreachable } from '#lib/domain/errors.ts'
import { DELETED_STAGE, type ModelVersion } from '#lib/domain/model-version.ts'
import { IS_PROMPT_TAG } from '#lib/domain/registered-model.ts'
import { asksForPrompts, isAboutPrompts, type ModelVersionAttribute } from '#lib/domain/search/registry.ts'
import type { Comparison, FilterTree, OrderBy } from '#lib/domain/search/tree.ts'
import type { Reader } from '../database.ts'
import { modelVersionsOf, type ModelVersionRow } from '../model-versions.ts'
import { WORKSPACE } from '../registry-rows.ts'
import type { Schema } from '../schema.ts'
import { columnHolds, columnOrder, treeCondition, windowClause, type Condition, type Window } from './conditions.ts'

export interface ModelVersionSearch extends Window {
  /** From `parseModelVersionFilter`; null for all. Versions of prompts are found only when it asks for them. */
  readonly filter: FilterTree<ModelVersionAttribute> | null
  /** From `parseModelVersionOrderBy`; ties go by name, then version, highest first. When empty: last changed first. */
  readonly orderBy: readonly OrderBy<ModelVersionAttribute>[]
}

/** The versions that match, whole but for their aliases, in the order asked for. */
export async function searchModelVersions(r: Reader, search: ModelVersionSearch): Promise<ModelVersion[]> {
  const { filter, orderBy, ...window } = search
  const eb = expressionBuilder<Schema, 'model_versions'>()
  const conditions: Condition[] = [
    eb('model_versions.workspace', '=', WORKSPACE),
    eb('model_versions.current_stage', '!=', DELETED_STAGE)
  ]
  if (filter !== null) conditions.push(treeCondition(filter, (comparison) => compileComparison(eb, comparison)))
  if (!asksForPrompts(filter)) conditions.push(isOfNoPrompt(eb))
  const orders = orderBy.length > 0 ? orderBy.map((order) => orderTerm(eb, order)) : [LAST_CHANGED_FIRST]
  const { rows } = await sql<ModelVersionRow>`
    select model_versions.* from model_versions
    where ${eb.and(conditions)}
    order by ${sql.join(orders)}, model_versions.name, model_versions.version desc
    ${windowClause(window)}`.execute(r.db)
  return modelVersionsOf(r, rows)
}

const LAST_CHANGED_FIRST = sql`model_versions.last_updated_time desc`

type Versions = ExpressionBuilder<Schema, 'model_versions'>

/** As in MLflow, one version that says it is a prompt's hides all of its name. */
const isOfNoPrompt = (eb: Versions): Condition =>
  eb(
    'model_versions.name',
    'not in',
    eb
      .selectFrom('model_version_tags as tag')
      .select('tag.name')
      .where('tag.workspace', '=', WORKSPACE)
      .where('tag.key', '=', IS_PROMPT_TAG)
      .where('tag.value', '=', 'true')
  )

function compileComparison(eb: Versions, comparison: Comparison<ModelVersionAttribute>): Condition {
  const { field } = comparison
  if (field.kind === 'attribute' && comparison.kind !== 'null')
    return columnHolds(attributeColumn(eb, field.key), comparison)
  if (field.kind !== 'tag') throw invalid(`Model versions have no ${field.kind}s`)
  const tags = eb
    .selectFrom('model_version_tags as tag')
    .select('tag.value')
    .where('tag.workspace', '=', WORKSPACE)
    .whereRef('tag.name', '=', 'model_versions.name')
    .whereRef('tag.version', '=', 'model_versions.version')
    .where('tag.key', '=', field.key)
  if (comparison.kind === 'null') return comparison.comparator === 'IS NULL' ? eb.not(eb.exists(tags)) : eb.exists(tags)
  if (isAboutPrompts(comparison)) return columnHolds(sql<string>`coalesce((${tags}), 'false')`, comparison)
  return eb.exists(tags.where((tag) => columnHolds(tag.ref('tag.value'), comparison)))
}

function attributeColumn(eb: Versions, attribute: ModelVersionAttribute): Expression<string | number | null> {
  switch (attribute) {
    case 'name':
      return eb.ref('model_versions.name')
    case 'version_number':
      return eb.ref('model_versions.version')
    case 'run_id':
      return eb.ref('model_versions.run_id')
    case 'source_path':
      return eb.ref('model_versions.source')
    case 'creation_timestamp':
      return eb.ref('model_versions.creation_time')
    case 'last_updated_timestamp':
      return eb.ref('model_versions.last_updated_time')
    default:
      return unreachable(attribute)
  }
}

function orderTerm(eb: Versions, order: OrderBy<ModelVersionAttribute>): RawBuilder<unknown> {
  if (order.field.kind !== 'attribute') throw invalid(`Invalid order_by entity: ${order.field.kind}`)
  return columnOrder(attributeColumn(eb, order.field.key), order)
}
