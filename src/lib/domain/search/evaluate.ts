/**
 * What a filter and an order mean, said plainly over entities in memory: the model the SQL is tested against.
 *
 * - A comparison is true when some value of the field satisfies it. So `!=` and NOT IN are false where there is no value, and each dataset
 *   clause looks at all datasets by itself. IS NULL is true where there is none.
 * - NaN differs from every number and compares with none. Metrics are their latest value.
 * - `run_name` is filtered by the tag mlflow.runName and ordered by the run's name, as MLflow does; both are written together.
 * - Order: values, then NaN, then missing, in both directions. Ties: runs by start time, newest first, then id; experiments below.
 */
import { unreachable } from '../errors.ts'
import type { Experiment } from '../experiment.ts'
import type { Run } from '../run.ts'
import { TAGS, type Tag } from '../tag.ts'
import { compareText, lowerAscii, matchesLike } from './text.ts'
import type {
  DatasetKey,
  ExperimentAttribute,
  Field,
  FilterTree,
  OrderBy,
  RunAttribute,
  ValueComparison
} from './tree.ts'

type Value = string | number

/** The values a field has in one record: none when it lacks the key, several for datasets. */
type Read<A extends string> = (field: Field<A>) => readonly Value[]

export const runMatches = (tree: FilterTree<RunAttribute> | null, run: Run): boolean =>
  tree === null || matches(tree, (field) => runValues(field, run))

export const experimentMatches = (tree: FilterTree<ExperimentAttribute> | null, experiment: Experiment): boolean =>
  tree === null || matches(tree, (field) => experimentValues(field, experiment))

/** For sorting runs. */
export function compareRuns(orderBy: readonly OrderBy<RunAttribute>[], a: Run, b: Run): number {
  const read = (run: Run) => (field: Field<RunAttribute>) =>
    field.kind === 'attribute' && field.key === 'run_name' ? [run.info.name] : runValues(field, run)
  return (
    compareBy(orderBy, read(a), read(b)) ||
    b.info.startTime - a.info.startTime ||
    compareText(a.info.runId, b.info.runId)
  )
}

/** For sorting experiments: newest first, then id; with an order of one's own, ties go by id, highest first. */
export function compareExperiments(
  orderBy: readonly OrderBy<ExperimentAttribute>[],
  a: Experiment,
  b: Experiment
): number {
  const ids = Number(a.experimentId) - Number(b.experimentId)
  if (orderBy.length === 0) return b.creationTime - a.creationTime || ids
  return (
    compareBy(
      orderBy,
      (field) => experimentValues(field, a),
      (field) => experimentValues(field, b)
    ) || -ids
  )
}

// ── filters ─────────────────────────────────────────────────────────────────────────────────────────────────────────────────────

function matches<A extends string>(tree: FilterTree<A>, read: Read<A>): boolean {
  if (tree.kind === 'and') return tree.terms.every((term) => matches(term, read))
  if (tree.kind === 'or') return tree.terms.some((term) => matches(term, read))
  const values = read(tree.field)
  if (tree.kind === 'null') return (values.length === 0) === (tree.comparator === 'IS NULL')
  return values.some((value) => holds(tree, value))
}

function holds<A extends string>(comparison: ValueComparison<A>, value: Value): boolean {
  if (comparison.kind === 'number') return numberHolds(comparison, Number(value))
  const text = String(value)
  if (comparison.kind === 'set') return comparison.values.includes(text) === (comparison.comparator === 'IN')
  switch (comparison.comparator) {
    case '=':
      return text === comparison.value
    case '!=':
      return text !== comparison.value
    case 'LIKE':
      return matchesLike(text, comparison.value)
    case 'ILIKE':
      return matchesLike(lowerAscii(text), lowerAscii(comparison.value))
    default:
      return unreachable(comparison)
  }
}

function numberHolds<A extends string>(
  comparison: Extract<ValueComparison<A>, { kind: 'number' }>,
  value: number
): boolean {
  switch (comparison.comparator) {
    case '=':
      return value === comparison.value
    case '!=':
      return value !== comparison.value
    case '>':
      return value > comparison.value
    case '>=':
      return value >= comparison.value
    case '<':
      return value < comparison.value
    case '<=':
      return value <= comparison.value
    default:
      return unreachable(comparison.comparator)
  }
}

// ── orders ──────────────────────────────────────────────────────────────────────────────────────────────────────────────────────

function compareBy<A extends string>(orderBy: readonly OrderBy<A>[], a: Read<A>, b: Read<A>): number {
  for (const { field, descending } of orderBy) {
    const [x, y] = [a(field)[0], b(field)[0]]
    const rank = missingRank(x) - missingRank(y)
    if (rank !== 0) return rank
    const order = compareValues(x, y)
    if (order !== 0) return descending ? -order : order
  }
  return 0
}

const missingRank = (value: Value | undefined): number => (value === undefined ? 2 : Number.isNaN(value) ? 1 : 0)

function compareValues(x: Value | undefined, y: Value | undefined): number {
  if (typeof x === 'number' && typeof y === 'number') return x < y ? -1 : x > y ? 1 : 0
  return compareText(String(x), String(y))
}

// ── values ──────────────────────────────────────────────────────────────────────────────────────────────────────────────────────

function runValues(field: Field<RunAttribute>, run: Run): readonly Value[] {
  switch (field.kind) {
    case 'metric':
      return run.data.metrics.filter((metric) => metric.key === field.key).map((metric) => metric.last.value)
    case 'param':
      return withKey(run.data.params, field.key)
    case 'tag':
      return withKey(run.data.tags, field.key)
    case 'dataset':
      return datasetValues(field.key, run)
    case 'attribute':
      return runAttribute(field.key, run)
    default:
      return unreachable(field)
  }
}

function runAttribute(key: RunAttribute, run: Run): readonly Value[] {
  switch (key) {
    case 'run_id':
      return [run.info.runId]
    case 'run_name':
      return withKey(run.data.tags, TAGS.runName)
    case 'status':
      return [run.info.status]
    case 'artifact_uri':
      return [run.info.artifactUri]
    case 'user_id':
      return [run.info.userId]
    case 'start_time':
      return [run.info.startTime]
    case 'end_time':
      return run.info.endTime === null ? [] : [run.info.endTime]
    default:
      return unreachable(key)
  }
}

function datasetValues(key: DatasetKey, run: Run): readonly Value[] {
  return run.datasets.flatMap(({ dataset, tags }) =>
    key === 'context' ? withKey(tags, TAGS.dataContext) : [dataset[key]]
  )
}

function experimentValues(field: Field<ExperimentAttribute>, experiment: Experiment): readonly Value[] {
  if (field.kind === 'tag') return withKey(experiment.tags, field.key)
  if (field.kind !== 'attribute') return []
  switch (field.key) {
    case 'name':
      return [experiment.name]
    case 'creation_time':
      return [experiment.creationTime]
    case 'last_update_time':
      return [experiment.lastUpdateTime]
    case 'experiment_id':
      return [Number(experiment.experimentId)]
    default:
      return unreachable(field)
  }
}

const withKey = (pairs: readonly Tag[], key: string): readonly string[] =>
  pairs.filter((pair) => pair.key === key).map((pair) => pair.value)
