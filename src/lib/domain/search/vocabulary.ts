/**
 * What one kind of search may speak of: its prefixes, its attributes, and MLflow's wording where it differs between them.
 * The parser knows none of it by itself, so models and versions get a vocabulary of their own and no second parser.
 */
import type { Comparator, DatasetKey, ExperimentAttribute, Field, FieldKind, RunAttribute } from './tree.ts'

export interface Vocabulary<A extends string> {
  /** Prefix as typed (case matters) to what it means. A bare name is an attribute. */
  readonly prefixes: ReadonlyMap<string, FieldKind>
  /** Attribute as typed in a filter to its canonical name. */
  readonly attributes: ReadonlyMap<string, A>
  /** The same for order_by. */
  readonly orderAttributes: ReadonlyMap<string, A>
  readonly numericAttributes: ReadonlySet<A>
  /** What order_by takes besides attributes. */
  readonly orderKinds: ReadonlySet<FieldKind>
  /** order_by may name a field twice. */
  readonly repeatsOrders?: boolean
  /** The end of MLflow's sentence about a prefix it does not know. */
  readonly validPrefixes: string
  /** What MLflow puts around each token it could not place. */
  readonly clauseQuote: "'" | ''
  /** MLflow's sentence for IS NULL on a field that has none. */
  nullRefusal(field: Field<A>): string
  /** MLflow's sentence for an order by a kind that has no order. */
  orderRefusal(kind: FieldKind): string
  /** MLflow's sentence for an order by an attribute that has none, where it is not the one about filters. */
  orderKeyRefusal?(key: string): string
  /** MLflow's sentence for a comparator a field does not take, where it is not that of runs. */
  comparatorRefusal?(field: Field<A>, comparator: string): string | undefined
  /** Attributes that are ids: they are the same or not, and have no pattern. */
  readonly idAttributes?: ReadonlySet<A>
  /** MLflow's sentence for an attribute's value that is no quoted text, where it is not that of runs. */
  unquotedRefusal?(raw: string): string
  /** MLflow's sentence about a prefix it does not know, where it is not that of runs. */
  prefixRefusal?(prefix: string): string
  /** MLflow's sentence for a filter that is no list of comparisons, where it does not name the tokens it could not place. */
  shapeRefusal?(filter: string): string
  /** A text may stand without quotes when it is one word or number. */
  readonly bareTexts?: boolean
  /** Given where numbers are whole ones, in quotes or not: MLflow's sentence for any other value, `shown` as Python shows it. */
  integerRefusal?(key: string, shown: string): string
}

export const DATASET_KEYS = ['name', 'digest', 'context'] as const satisfies readonly DatasetKey[]

/** MLflow's own names for the kinds, as its sentences use them. */
export const MLFLOW_KIND = {
  metric: 'metric',
  param: 'parameter',
  tag: 'tag',
  attribute: 'attribute',
  dataset: 'dataset'
} as const satisfies Record<FieldKind, string>

const NUMBER_COMPARATORS = ['=', '!=', '>', '>=', '<', '<='] as const
const TEXT_COMPARATORS = ['=', '!=', 'LIKE', 'ILIKE', 'IN', 'NOT IN'] as const
const ID_COMPARATORS = ['=', '!=', 'IN', 'NOT IN'] as const
const NULL_COMPARATORS = ['IS NULL', 'IS NOT NULL'] as const

export function isNumeric<A extends string>(field: Field<A>, vocabulary: Vocabulary<A>): boolean {
  return field.kind === 'metric' || (field.kind === 'attribute' && vocabulary.numericAttributes.has(field.key))
}

/**
 * The comparators a field takes, in the order to offer them.
 * IN and NOT IN are MLflow's for run_id and datasets; for every other text they are ours (MLflow refuses them).
 */
export function comparatorsOf<A extends string>(field: Field<A>, vocabulary: Vocabulary<A>): readonly Comparator[] {
  if (isNumeric(field, vocabulary)) return NUMBER_COMPARATORS
  if (field.kind === 'attribute' && vocabulary.idAttributes?.has(field.key)) return ID_COMPARATORS
  return field.kind === 'param' || field.kind === 'tag' ? [...TEXT_COMPARATORS, ...NULL_COMPARATORS] : TEXT_COMPARATORS
}

const identity = <A extends string>(names: readonly A[]): (readonly [string, A])[] => names.map((name) => [name, name])

const RUN_ATTRIBUTES = identity<RunAttribute>([
  'run_id',
  'run_name',
  'status',
  'artifact_uri',
  'user_id',
  'start_time',
  'end_time'
])
const RUN_CREATED: readonly (readonly [string, RunAttribute])[] = [
  ['created', 'start_time'],
  ['Created', 'start_time']
]

export const RUNS: Vocabulary<RunAttribute> = {
  prefixes: new Map<string, FieldKind>([
    ['metrics', 'metric'],
    ['metric', 'metric'],
    ['params', 'param'],
    ['param', 'param'],
    ['parameters', 'param'],
    ['parameter', 'param'],
    ['tags', 'tag'],
    ['tag', 'tag'],
    ['attributes', 'attribute'],
    ['attribute', 'attribute'],
    ['attr', 'attribute'],
    ['run', 'attribute'],
    ['datasets', 'dataset'],
    ['dataset', 'dataset']
  ]),
  attributes: new Map<string, RunAttribute>([
    ...RUN_ATTRIBUTES,
    ...RUN_CREATED,
    ['run name', 'run_name'],
    ['Run name', 'run_name'],
    ['Run Name', 'run_name']
  ]),
  orderAttributes: new Map([...RUN_ATTRIBUTES, ...RUN_CREATED]),
  numericAttributes: new Set<RunAttribute>(['start_time', 'end_time']),
  orderKinds: new Set<FieldKind>(['metric', 'param', 'tag', 'attribute']),
  validPrefixes: "Valid values are ['metric', 'parameter', 'tag', 'attribute', 'dataset']",
  clauseQuote: "'",
  nullRefusal: (field) =>
    `IS NULL / IS NOT NULL is only supported for tags and params, not for '${MLFLOW_KIND[field.kind]}' '${field.key}'`,
  orderRefusal: (kind) => `Invalid identifier type '${MLFLOW_KIND[kind]}'`
}

const EXPERIMENT_ATTRIBUTES = identity<ExperimentAttribute>([
  'name',
  'experiment_id',
  'creation_time',
  'last_update_time'
])

export const EXPERIMENTS: Vocabulary<ExperimentAttribute> = {
  prefixes: new Map<string, FieldKind>([
    ['tags', 'tag'],
    ['tag', 'tag'],
    ['attribute', 'attribute']
  ]),
  attributes: new Map(EXPERIMENT_ATTRIBUTES),
  orderAttributes: new Map(EXPERIMENT_ATTRIBUTES),
  numericAttributes: new Set<ExperimentAttribute>(['creation_time', 'last_update_time']),
  idAttributes: new Set<ExperimentAttribute>(['experiment_id']),
  orderKinds: new Set<FieldKind>(['attribute']),
  repeatsOrders: true,
  validPrefixes: "Valid entity types are ('attribute', 'tag', 'tags')",
  clauseQuote: '',
  nullRefusal: (field) => `IS NULL / IS NOT NULL is only supported for tags, not for attribute '${field.key}'`,
  comparatorRefusal: (field, comparator) =>
    field.key === 'experiment_id' ? `Invalid comparator for experiment_id: ${comparator}` : undefined,
  orderRefusal: (kind) => `Invalid order_by entity: ${MLFLOW_KIND[kind]}`
}
