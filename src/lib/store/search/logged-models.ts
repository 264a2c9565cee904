/** Searching logged models: lookups by (model, key) in clustered tables, as for runs. */
import {
  expressionBuilder,
  sql,
  type Expression,
  type ExpressionBuilder,
  type Kysely,
  type RawBuilder,
  type SqlBool
} from 'kysely'
import { invalid } from '#lib/domain/errors.ts'
import type { ExperimentId, ModelId } from '#lib/domain/ids.ts'
import { LOGGED_MODEL_STATUSES } from '#lib/domain/logged-model.ts'
import type { LoggedModelAttribute, LoggedModelOrder } from '#lib/domain/search/logged-model.ts'
import type { Comparison, FilterTree, ValueComparison } from '#lib/domain/search/tree.ts'
import type { Schema } from '../schema.ts'
import { NAN_KIND } from '../stored-values.ts'
import {
  columnHolds,
  columnOrder,
  inExperiments,
  treeCondition,
  windowClause,
  type Condition,
  type Window
} from './conditions.ts'

/** A dataset by name, and by digest unless that is null. */
export interface DatasetFilter {
  readonly name: string
  readonly digest: string | null
}

export interface LoggedModelSearch extends Window {
  readonly experimentIds: readonly ExperimentId[]
  /** From `parseLoggedModelFilter`; null for all. */
  readonly filter: FilterTree<LoggedModelAttribute> | null
  /** Metrics in the filter are those on one of these; without any there, a model must have some metric on one of these. Empty for all. */
  readonly datasets: readonly DatasetFilter[]
  /** From `parseLoggedModelOrder`. Ties go by creation, newest first, then id. */
  readonly orderBy: readonly LoggedModelOrder[]
}

/** Ids of the active models that match, in the order asked for. Those of deleted experiments are found too, as in MLflow. */
export async function loggedModelIds(db: Kysely<Schema>, search: LoggedModelSearch): Promise<ModelId[]> {
  if (search.experimentIds.length === 0) return []
  const eb = expressionBuilder<Schema, 'logged_models'>()
  const conditions: Condition[] = [
    inExperiments(eb.ref('logged_models.experiment_id'), search.experimentIds),
    sql<SqlBool>`logged_models.lifecycle_stage = 'active'`
  ]
  if (search.filter !== null)
    conditions.push(treeCondition(search.filter, (comparison) => compileComparison(eb, comparison, search.datasets)))
  if (search.datasets.length > 0 && !speaksOfMetrics(search.filter))
    conditions.push(eb.exists(metrics(eb).where(onDatasets(search.datasets))))
  const { rows } = await sql<{ model_id: ModelId }>`
    select logged_models.model_id from logged_models
    where ${eb.and(conditions)}
    order by ${sql.join([...search.orderBy.map((order) => compileOrder(eb, order)), TIES])}
    ${windowClause(search)}`.execute(db)
  return rows.map((row) => row.model_id)
}

const TIES = sql`logged_models.creation_timestamp_ms desc, logged_models.model_id`

type Models = ExpressionBuilder<Schema, 'logged_models'>

function speaksOfMetrics(tree: FilterTree<LoggedModelAttribute> | null): boolean {
  if (tree === null) return false
  if (tree.kind === 'and' || tree.kind === 'or') return tree.terms.some(speaksOfMetrics)
  return tree.field.kind === 'metric'
}

function compileComparison(
  eb: Models,
  comparison: Comparison<LoggedModelAttribute>,
  datasets: readonly DatasetFilter[]
): Condition {
  const { field } = comparison
  if (field.kind === 'param' || field.kind === 'tag') {
    const pairs = field.kind === 'param' ? params(eb, field.key) : tags(eb, field.key)
    if (comparison.kind !== 'null') return eb.exists(pairs.where(columnHolds(sql.ref(`pair.value`), comparison)))
    return comparison.comparator === 'IS NULL' ? eb.not(eb.exists(pairs)) : eb.exists(pairs)
  }
  if (comparison.kind !== 'null' && field.kind === 'attribute')
    return columnHolds(attributeColumn(eb, field.key), field.key === 'status' ? byNumber(comparison) : comparison)
  if (comparison.kind === 'null' || field.kind !== 'metric') throw invalid(`Logged models have no ${field.kind}s`)
  // Any of its points will do, as in MLflow, which takes a NaN for 0; here it differs from every number and compares with none, as in runs.
  const isNan = sql<SqlBool>`metric.is_nan = ${sql.lit(NAN_KIND)}`
  const points = metrics(eb)
    .where('metric.metric_name', '=', field.key)
    .where((metric) => {
      const holds = columnHolds(metric.ref('metric.metric_value'), comparison)
      return comparison.comparator === '!=' ? metric.or([holds, isNan]) : metric.and([holds, metric.not(isNan)])
    })
  return eb.exists(datasets.length > 0 ? points.where(onDatasets(datasets)) : points)
}

const metrics = (eb: Models) =>
  eb
    .selectFrom('logged_model_metrics as metric')
    .select(eb.lit(1).as('one'))
    .whereRef('metric.model_id', '=', 'logged_models.model_id')

const params = (eb: Models, key: string) =>
  eb
    .selectFrom(
      sql<Pair>`(select model_id, param_key as key, param_value as value from logged_model_params)`.as('pair')
    )
    .select(eb.lit(1).as('one'))
    .whereRef('pair.model_id', '=', 'logged_models.model_id')
    .where('pair.key', '=', key)

const tags = (eb: Models, key: string) =>
  eb
    .selectFrom(sql<Pair>`(select model_id, tag_key as key, tag_value as value from logged_model_tags)`.as('pair'))
    .select(eb.lit(1).as('one'))
    .whereRef('pair.model_id', '=', 'logged_models.model_id')
    .where('pair.key', '=', key)

interface Pair {
  readonly model_id: string
  readonly key: string
  readonly value: string
}

/**
 * MLflow takes a dataset without a digest for one that has none, which no metric is logged with, and so finds nothing; here it is any
 * dataset of that name.
 */
function onDatasets(datasets: readonly DatasetFilter[]): Condition {
  const eb = expressionBuilder<{ metric: Schema['logged_model_metrics'] }, 'metric'>()
  return eb.or(datasets.map(({ name, digest }) => eb.and(onDataset(name, digest))))
}

function onDataset(name: string | null, digest: string | null): Condition[] {
  const conditions: Condition[] = []
  if (name !== null) conditions.push(sql<SqlBool>`metric.dataset_name = ${name}`)
  if (digest !== null) conditions.push(sql<SqlBool>`metric.dataset_digest = ${digest}`)
  return conditions
}

/** Texts where the parser takes a column for one, whatever SQL keeps it as. */
function attributeColumn(eb: Models, attribute: LoggedModelAttribute): Expression<string | number | null> {
  const column = eb.ref(`logged_models.${attribute}`)
  return attribute === 'status' || attribute === 'experiment_id' ? sql<string>`cast(${column} as text)` : column
}

/** Statuses are stored, and in MLflow compared, as numbers; their names are understood too. */
function byNumber(comparison: ValueComparison<LoggedModelAttribute>): ValueComparison<LoggedModelAttribute> {
  if (comparison.kind === 'text') return { ...comparison, value: statusNumber(comparison.value) }
  return comparison.kind === 'set' ? { ...comparison, values: comparison.values.map(statusNumber) } : comparison
}

function statusNumber(text: string): string {
  const name = text.toUpperCase().replace(/^LOGGED_MODEL_(STATUS_)?/, '')
  const number = LOGGED_MODEL_STATUSES.findIndex((status) => status === name || status === `UPLOAD_${name}`)
  return number < 0 ? text : String(number)
}

/** Values first, then NaN, then models without one, in both directions. */
function compileOrder(
  eb: Models,
  { field, descending, datasetName, datasetDigest }: LoggedModelOrder
): RawBuilder<unknown> {
  if (field.kind === 'attribute') return columnOrder(eb.ref(`logged_models.${field.key}`), { descending })
  const newest = (column: RawBuilder<number>) => sql<number>`(
    select ${column} from logged_model_metrics as metric
    where metric.model_id = logged_models.model_id
      and ${eb.and([sql<SqlBool>`metric.metric_name = ${field.key}`, ...onDataset(datasetName, datasetDigest)])}
    order by metric.metric_timestamp_ms desc, metric.metric_step desc, metric.run_id limit 1)`
  const direction = sql.raw(descending ? 'desc' : 'asc')
  return sql`coalesce(${newest(sql`metric.is_nan = ${sql.lit(NAN_KIND)}`)}, 2), ${newest(sql`metric.metric_value`)} ${direction}`
}
