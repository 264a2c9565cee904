/**
 * What a filter or an order means, once read: closed unions, readonly, plain data (it crosses ports as it is).
 *
 * Canonical form, which the parser returns and `joinTerms` keeps: `and` and `or` have at least two terms, none of the same kind as
 * themselves. So one meaning has one tree, and parsing what was printed gives the same tree back.
 */

export type NumberComparator = '=' | '!=' | '>' | '>=' | '<' | '<='
export type TextComparator = '=' | '!=' | 'LIKE' | 'ILIKE'
export type SetComparator = 'IN' | 'NOT IN'
export type NullComparator = 'IS NULL' | 'IS NOT NULL'
export type Comparator = NumberComparator | TextComparator | SetComparator | NullComparator

export type RunAttribute = 'run_id' | 'run_name' | 'status' | 'artifact_uri' | 'user_id' | 'start_time' | 'end_time'
/** `experiment_id` can be ordered by, not filtered on. */
export type ExperimentAttribute = 'name' | 'creation_time' | 'last_update_time' | 'experiment_id'
export type DatasetKey = 'name' | 'digest' | 'context'

/** What is compared. `A` is the attribute names of the thing searched; attributes are canonical (`created` has become `start_time`). */
export type Field<A extends string = RunAttribute> =
  | { readonly kind: 'metric'; readonly key: string }
  | { readonly kind: 'param'; readonly key: string }
  | { readonly kind: 'tag'; readonly key: string }
  | { readonly kind: 'attribute'; readonly key: A }
  | { readonly kind: 'dataset'; readonly key: DatasetKey }

export type FieldKind = Field['kind']

/** One clause. The parser pairs numbers with numeric fields and texts with text fields. */
export type Comparison<A extends string = RunAttribute> =
  | { readonly kind: 'number'; readonly field: Field<A>; readonly comparator: NumberComparator; readonly value: number }
  | { readonly kind: 'text'; readonly field: Field<A>; readonly comparator: TextComparator; readonly value: string }
  | {
      readonly kind: 'set'
      readonly field: Field<A>
      readonly comparator: SetComparator
      readonly values: readonly string[]
    }
  | { readonly kind: 'null'; readonly field: KeyedText; readonly comparator: NullComparator }

/** Only these can be asked whether they are there at all. */
export type KeyedText = Extract<Field, { readonly kind: 'param' | 'tag' }>

/** A comparison that looks at a value. */
export type ValueComparison<A extends string = RunAttribute> = Exclude<Comparison<A>, { readonly kind: 'null' }>

export type Junction<A extends string = RunAttribute> =
  | { readonly kind: 'and'; readonly terms: readonly FilterTree<A>[] }
  | { readonly kind: 'or'; readonly terms: readonly FilterTree<A>[] }

export type FilterTree<A extends string = RunAttribute> = Comparison<A> | Junction<A>

export interface OrderBy<A extends string = RunAttribute> {
  readonly field: Field<A>
  readonly descending: boolean
}

/** The canonical tree for terms joined by one connective: null for none, the term itself for one, nested junctions of that kind opened. */
export function joinTerms<A extends string>(
  kind: Junction<A>['kind'],
  terms: readonly FilterTree<A>[]
): FilterTree<A> | null {
  const flat = terms.flatMap((term) => (term.kind === kind ? term.terms : [term]))
  return flat.length > 1 ? { kind, terms: flat } : (flat[0] ?? null)
}
