/**
 * What a search over logged models may speak of, in MLflow's words. As for runs, OR, parentheses and IS NULL are ours, and so are double
 * quotes around a text, which MLflow takes for part of it, and a status by its name, which it compares with a number and never finds.
 */
import { invalid } from '../errors.ts'
import { SEARCH } from '../limits.ts'
import { pythonText } from '../python-text.ts'
import { parseFilter } from './parse-filter.ts'
import type { Field, FieldKind, FilterTree } from './tree.ts'
import { isNumeric, type Vocabulary } from './vocabulary.ts'

/** The columns of a logged model. */
const LOGGED_MODEL_ATTRIBUTES = [
  'model_id',
  'experiment_id',
  'name',
  'artifact_location',
  'creation_timestamp_ms',
  'last_updated_timestamp_ms',
  'status',
  'lifecycle_stage',
  'model_type',
  'source_run_id',
  'status_message'
] as const
export type LoggedModelAttribute = (typeof LOGGED_MODEL_ATTRIBUTES)[number]

const ATTRIBUTES = new Map<string, LoggedModelAttribute>([
  ...LOGGED_MODEL_ATTRIBUTES.map((name) => [name, name] as const),
  ['creation_timestamp', 'creation_timestamp_ms'],
  ['creation_time', 'creation_timestamp_ms'],
  ['last_updated_timestamp', 'last_updated_timestamp_ms']
])

const PREFIXES = new Map<string, FieldKind>([
  ['attributes', 'attribute'],
  ['metrics', 'metric'],
  ['params', 'param'],
  ['tags', 'tag']
])
const PREFIX_NAMES = [...PREFIXES.keys()].map(pythonText).join(', ')
const NUMBER_OPERATORS = "('<', '<=', '>', '>=', '=', '!=')"
const TEXT_OPERATORS = "('=', '!=', 'LIKE', 'ILIKE', 'IN', 'NOT IN')"

const shown = ({ kind, key }: Field<LoggedModelAttribute>): string => `${kind}s.${key}`

const LOGGED_MODELS: Vocabulary<LoggedModelAttribute> = {
  prefixes: PREFIXES,
  attributes: ATTRIBUTES,
  orderAttributes: ATTRIBUTES,
  numericAttributes: new Set(['creation_timestamp_ms', 'last_updated_timestamp_ms']),
  orderKinds: new Set<FieldKind>(['attribute', 'metric']),
  validPrefixes: `Expected one of [${PREFIX_NAMES}].`,
  clauseQuote: '',
  bareTexts: true,
  prefixRefusal: (prefix) => `Invalid entity type: ${pythonText(prefix)}. Expected one of [${PREFIX_NAMES}].`,
  shapeRefusal: (filter) =>
    `Invalid filter string: ${pythonText(filter)}. Expected a list of comparisons separated by 'AND' ` +
    "(e.g. 'metrics.loss > 0.1 AND params.lr = 0.01').",
  comparatorRefusal: (field, comparator) =>
    `Invalid comparison operator for ${shown(field)}: ${pythonText(comparator)}. ` +
    `Expected one of ${isNumeric(field, LOGGED_MODELS) ? NUMBER_OPERATORS : TEXT_OPERATORS}.`,
  nullRefusal: (field) => `IS NULL / IS NOT NULL is only supported for tags and params, not for ${shown(field)}`,
  orderRefusal: (kind) => `Invalid order by field name: ${kind}s. Only metrics are supported.`
}

export const parseLoggedModelFilter = (text: string): FilterTree<LoggedModelAttribute> | null =>
  parseFilter(text, LOGGED_MODELS)

/** One order as it is sent. */
export interface LoggedModelOrderItem {
  readonly fieldName: string
  readonly ascending: boolean
  /** Of a metric: only what was measured on this dataset counts; null for any. */
  readonly datasetName: string | null
  readonly datasetDigest: string | null
}

/** The same, understood. A metric is its newest value, by timestamp, then step. */
export interface LoggedModelOrder {
  readonly field: Extract<Field<LoggedModelAttribute>, { readonly kind: 'attribute' | 'metric' }>
  readonly descending: boolean
  readonly datasetName: string | null
  readonly datasetDigest: string | null
}

/** Most significant first. Fails with INVALID_PARAMETER_VALUE for a field that has no order. A field may come twice: the first counts. */
export function parseLoggedModelOrder(items: readonly LoggedModelOrderItem[]): LoggedModelOrder[] {
  if (items.length > SEARCH.orderByItems)
    throw invalid(`order_by holds at most ${SEARCH.orderByItems} items, got ${items.length}`)
  return items.map(({ fieldName, ascending, datasetName, datasetDigest }) => ({
    field: orderField(fieldName),
    descending: !ascending,
    datasetName,
    datasetDigest
  }))
}

function orderField(name: string): LoggedModelOrder['field'] {
  const dot = name.indexOf('.')
  if (dot < 0) {
    const attribute = ATTRIBUTES.get(name)
    if (attribute === undefined) throw invalid(`Invalid order by field name: ${name}`)
    return { kind: 'attribute', key: attribute }
  }
  if (name.slice(0, dot) !== 'metrics')
    throw invalid(`Invalid order by field name: ${name}. Only metrics are supported.`)
  return { kind: 'metric', key: name.slice(dot + 1) }
}
