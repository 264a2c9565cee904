/**
 * Searching runs: the tree as correlated EXISTS, each a lookup by (run, key) in a clustered table.
 *
 * Measured on sql.js in Node, 10,000 runs x 60 values, `metrics.loss < 0.5 and params.opt = 'adam'` ordered by a metric, all 1,257 ids:
 * 10 ms, of which the index runs (experiment_id, lifecycle_stage, run_uuid, start_time) saves 15: it covers what is read of `runs` and visits
 * runs in the order of their ids, so that the lookups walk the other tables from left to right. Without it EXISTS takes 26 ms, joins 27,
 * scalar subqueries 33, IN over subqueries 35. An index on latest_metrics (key, value) makes it 660 ms: the planner then reads every value
 * below 0.5 once per run.
 */
import {
  expressionBuilder,
  sql,
  type Expression,
  type ExpressionBuilder,
  type Kysely,
  type RawBuilder,
  type SqlBool
} from 'kysely'
import { invalid, unreachable } from '#lib/domain/errors.ts'
import type { ExperimentId, RunId } from '#lib/domain/ids.ts'
import type { ViewType } from '#lib/domain/lifecycle.ts'
import type {
  Comparison,
  DatasetKey,
  FilterTree,
  OrderBy,
  RunAttribute,
  ValueComparison
} from '#lib/domain/search/tree.ts'
import type { Run } from '#lib/domain/run.ts'
import { isBestStep, type RunSort } from '#lib/domain/table-column.ts'
import { TAGS } from '#lib/domain/tag.ts'
import type { Reader } from '../database.ts'
import { getRuns } from '../runs.ts'
import type { Schema } from '../schema.ts'
import { NAN_KIND } from '../stored-values.ts'
import {
  columnHolds,
  columnOrder,
  inExperiments,
  stageCondition,
  treeCondition,
  windowClause,
  type Condition,
  type Window
} from './conditions.ts'

export interface RunSearch extends Window {
  readonly experimentIds: readonly ExperimentId[]
  /** From `parseRunFilter`; null for all. */
  readonly filter: FilterTree<RunAttribute> | null
  /** From `parseRunOrderBy`. Ties, and all runs when empty, go by start time, newest first, then id. */
  readonly orderBy: readonly OrderBy<RunAttribute>[]
  /** What is ordered by before that: extremes of metrics and durations, too. Fails for a value at another metric's best step. */
  readonly sort?: readonly RunSort[]
  readonly view: ViewType
}

/** The runs that match, whole, in the order asked for. */
export async function searchRuns(r: Reader, search: RunSearch): Promise<Run[]> {
  return getRuns(r, await runIds(r.db, search))
}

/** Ids of the runs that match, in the order asked for. */
export async function runIds(db: Kysely<Schema>, search: RunSearch): Promise<RunId[]> {
  if (search.experimentIds.length === 0) return []
  const eb = expressionBuilder<Schema, 'runs'>()
  const conditions = [
    inExperiments(eb.ref('runs.experiment_id'), search.experimentIds),
    stageCondition(eb.ref('runs.lifecycle_stage'), search.view)
  ]
  if (search.filter !== null) conditions.push(compileRunFilter(eb, search.filter))
  const orders = [
    ...(search.sort ?? []).map((sort, at) => compileSort(eb, sort, `sort_${at}`)),
    ...search.orderBy.map((order, at) => compileOrder(eb, order, `order_${at}`))
  ]
  const { rows } = await sql<{ run_uuid: RunId }>`
    select runs.run_uuid from runs ${sql.join(
      orders.map((order) => order.join),
      sql` `
    )}
    where ${eb.and(conditions)}
    order by ${sql.join([...orders.map((order) => order.by), TIES])}
    ${windowClause(search)}`.execute(db)
  return rows.map((row) => row.run_uuid)
}

const TIES = sql`runs.start_time is null, runs.start_time desc, runs.run_uuid`

type Runs = ExpressionBuilder<Schema, 'runs'>

/** A condition over the row of `runs` in scope. */
export function compileRunFilter(eb: Runs, tree: FilterTree<RunAttribute>): Condition {
  return treeCondition(tree, (comparison) => compileComparison(eb, comparison))
}

function compileComparison(eb: Runs, comparison: Comparison<RunAttribute>): Condition {
  if (comparison.kind === 'null') {
    const present = eb.exists(pairs(eb, comparison.field.kind === 'param' ? 'params' : 'tags', comparison.field.key))
    return comparison.comparator === 'IS NULL' ? eb.not(present) : present
  }
  const { field } = comparison
  switch (field.kind) {
    case 'metric':
      return hasMetric(eb, field.key, comparison)
    case 'param':
      return hasPair(eb, 'params', field.key, comparison)
    case 'tag':
      return hasPair(eb, 'tags', field.key, comparison)
    case 'dataset':
      return eb.exists(datasetsHolding(eb, field.key, comparison))
    case 'attribute':
      // MLflow filters names by the tag it writes beside the column.
      if (field.key === 'run_name') return hasPair(eb, 'tags', TAGS.runName, comparison)
      return columnHolds(attributeColumn(eb, field.key), comparison)
    default:
      return unreachable(field)
  }
}

type PairTable = 'latest_metrics' | 'params' | 'tags'

/** What the three tables have in common. */
interface Pair {
  readonly run_uuid: string
  readonly key: string
  readonly value: string | number | null
}

const pairs = (eb: Runs, table: PairTable, key: string) =>
  eb
    .selectFrom(sql<Pair>`${sql.table(table)}`.as('pair'))
    .select(eb.lit(1).as('one'))
    .whereRef('pair.run_uuid', '=', 'runs.run_uuid')
    .where('pair.key', '=', key)

/** A run without the key has no pair, so nothing holds for it. */
const hasPair = (eb: Runs, table: PairTable, key: string, comparison: ValueComparison<RunAttribute>): Condition =>
  eb.exists(pairs(eb, table, key).where((pair) => columnHolds(pair.ref('pair.value'), comparison)))

/** NaN is stored as 0, which must not show: NaN differs from every number and compares with none. */
function hasMetric(eb: Runs, key: string, comparison: ValueComparison<RunAttribute>): Condition {
  const isNan = sql<SqlBool>`pair.is_nan = ${sql.lit(NAN_KIND)}`
  return eb.exists(
    pairs(eb, 'latest_metrics', key).where((pair) => {
      const holds = columnHolds(pair.ref('pair.value'), comparison)
      return comparison.comparator === '!=' ? pair.or([holds, isNan]) : pair.and([holds, pair.not(isNan)])
    })
  )
}

/** Each clause looks for a dataset of its own, so two clauses may hold for different ones. */
function datasetsHolding(eb: Runs, key: DatasetKey, comparison: ValueComparison<RunAttribute>) {
  const inputs = eb
    .selectFrom('inputs')
    .select(eb.lit(1).as('one'))
    .where('inputs.destination_type', '=', 'RUN')
    .whereRef('inputs.destination_id', '=', 'runs.run_uuid')
    .where('inputs.source_type', '=', 'DATASET')
  return key === 'context'
    ? inputs
        .innerJoin('input_tags', 'input_tags.input_uuid', 'inputs.input_uuid')
        .where('input_tags.name', '=', TAGS.dataContext)
        .where((tag) => columnHolds(tag.ref('input_tags.value'), comparison))
    : inputs
        .innerJoin('datasets', 'datasets.dataset_uuid', 'inputs.source_id')
        .where((dataset) => columnHolds(dataset.ref(`datasets.${key}`), comparison))
}

function attributeColumn(eb: Runs, attribute: RunAttribute): Expression<string | number | null> {
  switch (attribute) {
    case 'run_id':
      return eb.ref('runs.run_uuid')
    case 'run_name':
      return eb.ref('runs.name')
    default:
      return eb.ref(`runs.${attribute}`)
  }
}

interface Order {
  /** A join that brings the value in, at most one row per run. */
  readonly join: RawBuilder<unknown>
  readonly by: RawBuilder<unknown>
}

function compileSort(eb: Runs, { by, descending }: RunSort, alias: string): Order {
  if (by.kind === 'attribute') {
    if (by.key !== 'duration') return compileOrder(eb, { field: { kind: 'attribute', key: by.key }, descending }, alias)
    return { join: sql``, by: columnOrder(sql`runs.end_time - runs.start_time`, { descending }) }
  }
  const { kind, key, pick = 'last' } = by
  if (kind !== 'metric' || pick === 'last') return compileOrder(eb, { field: { kind, key }, descending }, alias)
  if (isBestStep(pick)) throw invalid('Runs cannot be ordered by the value at the best step of another metric.')
  const { join } = compileOrder(eb, { field: { kind, key }, descending }, alias)
  return { join, by: columnOrder(sql.ref(`${alias}.${pick}_value`), { descending }) }
}

/** Values first, then NaN, then runs without one, in both directions. */
function compileOrder(eb: Runs, order: OrderBy<RunAttribute>, alias: string): Order {
  const { field } = order
  const pair = { run: sql.ref(`${alias}.run_uuid`), key: sql.ref(`${alias}.key`), value: sql.ref(`${alias}.value`) }
  const join = (table: PairTable) =>
    sql`left join ${sql.table(table)} as ${sql.ref(alias)} on ${pair.run} = runs.run_uuid and ${pair.key} = ${field.key}`
  switch (field.kind) {
    case 'metric': {
      const nan = sql`coalesce(${sql.ref(`${alias}.is_nan`)} = ${sql.lit(NAN_KIND)}, 2)`
      return {
        join: join('latest_metrics'),
        by: sql`${nan}, ${pair.value} ${sql.raw(order.descending ? 'desc' : 'asc')}`
      }
    }
    case 'param':
      return { join: join('params'), by: columnOrder(pair.value, order) }
    case 'tag':
      return { join: join('tags'), by: columnOrder(pair.value, order) }
    case 'attribute':
      return { join: sql``, by: columnOrder(attributeColumn(eb, field.key), order) }
    case 'dataset':
      throw invalid("Invalid identifier type 'dataset'")
    default:
      return unreachable(field)
  }
}
