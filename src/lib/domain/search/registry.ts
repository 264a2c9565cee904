/**
 * What searches of the model registry may speak of, in MLflow's words. As for runs, OR, parentheses, IN on any text and IS NULL on tags
 * are ours: MLflow refuses them, the last with a 500.
 */
import { IS_PROMPT_TAG } from '../registered-model.ts'
import { parseFilter } from './parse-filter.ts'
import { parseOrderBy } from './parse-order-by.ts'
import type { Comparison, FieldKind, FilterTree, OrderBy } from './tree.ts'
import { EXPERIMENTS, MLFLOW_KIND, type Vocabulary } from './vocabulary.ts'

/** Models are filtered by name alone. */
export type RegisteredModelAttribute = 'name' | 'last_updated_timestamp'
/** Times can be ordered by; run and source can be filtered on. */
export type ModelVersionAttribute =
  'name' | 'version_number' | 'run_id' | 'source_path' | 'creation_timestamp' | 'last_updated_timestamp'

/** Experiments and the registry have prefixes, and most sentences, in common. */
const COMMON = {
  prefixes: EXPERIMENTS.prefixes,
  orderKinds: new Set<FieldKind>(['attribute']),
  validPrefixes: EXPERIMENTS.validPrefixes,
  clauseQuote: EXPERIMENTS.clauseQuote,
  // MLflow answers IS NULL with 500 here, on tags as well, and so has no sentence of its own.
  nullRefusal: ({ key }: { readonly key: string }) =>
    `IS NULL / IS NOT NULL is only supported for tags, not for attribute '${key}'`,
  orderRefusal: (kind: FieldKind) => `Invalid order_by entity: ${MLFLOW_KIND[kind]}`
} as const

const REGISTERED_MODELS: Vocabulary<RegisteredModelAttribute> = {
  ...COMMON,
  attributes: new Map([['name', 'name']]),
  orderAttributes: new Map([
    ['name', 'name'],
    ['last_updated_timestamp', 'last_updated_timestamp'],
    ['timestamp', 'last_updated_timestamp']
  ]),
  numericAttributes: new Set(['last_updated_timestamp']),
  orderKeyRefusal: (key) => `Invalid order by key '${key}' specified. Valid keys are '{'name', 'timestamp'}'`,
  comparatorRefusal: (field, comparator) => `Invalid comparator for ${MLFLOW_KIND[field.kind]}: ${comparator}`,
  unquotedRefusal: (raw) =>
    `Expected a quoted string value or a list of quoted string values for attributes. Got value ${raw}`
}

const MODEL_VERSIONS: Vocabulary<ModelVersionAttribute> = {
  ...COMMON,
  attributes: new Map([
    ['name', 'name'],
    ['version_number', 'version_number'],
    ['run_id', 'run_id'],
    ['source_path', 'source_path']
  ]),
  orderAttributes: new Map([
    ['name', 'name'],
    ['version_number', 'version_number'],
    ['creation_timestamp', 'creation_timestamp'],
    ['last_updated_timestamp', 'last_updated_timestamp']
  ]),
  numericAttributes: new Set(['version_number', 'creation_timestamp', 'last_updated_timestamp']),
  comparatorRefusal: (field, comparator) =>
    field.key === 'version_number'
      ? `Invalid comparator for attribute version_number: ${comparator}`
      : `Invalid comparator for ${MLFLOW_KIND[field.kind]}: ${comparator}`,
  unquotedRefusal: () =>
    "Only the '{'version_number', 'creation_timestamp', 'last_updated_timestamp'}' attributes support comparison with numeric values.",
  integerRefusal: (key, shown) => `Invalid value for numeric attribute '${key}': ${shown}`
}

export const parseRegisteredModelFilter = (text: string): FilterTree<RegisteredModelAttribute> | null =>
  parseFilter(text, REGISTERED_MODELS)
export const parseModelVersionFilter = (text: string): FilterTree<ModelVersionAttribute> | null =>
  parseFilter(text, MODEL_VERSIONS)
export const parseRegisteredModelOrderBy = (items: readonly string[]): OrderBy<RegisteredModelAttribute>[] =>
  parseOrderBy(items, REGISTERED_MODELS)
export const parseModelVersionOrderBy = (items: readonly string[]): OrderBy<ModelVersionAttribute>[] =>
  parseOrderBy(items, MODEL_VERSIONS)

/** Prompts are hidden from a search unless one of its comparisons says that they are meant. */
export function asksForPrompts<A extends string>(tree: FilterTree<A> | null): boolean {
  if (tree === null) return false
  if (tree.kind === 'and' || tree.kind === 'or') return tree.terms.some(asksForPrompts)
  if (tree.kind !== 'text' || !isAboutPrompts(tree)) return false
  const value = tree.value.toLowerCase()
  return (tree.comparator === '=' && value === 'true') || (tree.comparator === '!=' && value === 'false')
}

/** On this tag, to have none is to have `false`. */
export const isAboutPrompts = <A extends string>({ field }: Comparison<A>): boolean =>
  field.kind === 'tag' && field.key === IS_PROMPT_TAG
