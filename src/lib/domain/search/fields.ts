/** Names to fields: the prefix says the kind, the vocabulary says which attributes there are. */
import { SearchSyntaxError } from './syntax-error.ts'
import type { NameToken, TextToken } from './tokens.ts'
import type { DatasetKey, Field } from './tree.ts'
import { DATASET_KEYS, type Vocabulary } from './vocabulary.ts'

/** The part of a name token that names the field: `"run_id"` in double quotes is a bare name too. */
export type FieldToken = NameToken | TextToken

export const isFieldToken = (token: { readonly kind: string } | undefined): token is FieldToken =>
  token?.kind === 'name' || token?.kind === 'text'

/**
 * The field a token names.
 *
 * use     whether it stands in a filter or in an order_by, which know different attributes
 * fails   SearchSyntaxError with MLflow's text for an unknown prefix, attribute or dataset key
 */
export function resolveField<A extends string>(
  token: FieldToken,
  vocabulary: Vocabulary<A>,
  use: 'filter' | 'order'
): Field<A> {
  const { prefix, key, keyStart } =
    token.kind === 'name' ? token : { prefix: null, key: token.text, keyStart: token.start }
  const kind = prefix === null ? 'attribute' : vocabulary.prefixes.get(prefix)
  if (kind === undefined) throw unknownPrefix(prefix!, token, vocabulary)
  if (kind === 'metric' || kind === 'param' || kind === 'tag') {
    if (key === '' && !(token.kind === 'name' && token.quoted)) throw missingKey(token)
    return { kind, key }
  }
  const place = { position: keyStart, length: token.end - keyStart }
  if (kind === 'dataset') return { kind, key: datasetKey(key, place) }
  const attributes = use === 'filter' ? vocabulary.attributes : vocabulary.orderAttributes
  const attribute = attributes.get(key)
  if (attribute === undefined) throw unknownAttribute(key, use, place, vocabulary)
  return { kind, key: attribute }
}

/** The same, or null where it would fail. */
export function findField<A extends string>(
  token: FieldToken,
  vocabulary: Vocabulary<A>,
  use: 'filter' | 'order'
): Field<A> | null {
  try {
    return resolveField(token, vocabulary, use)
  } catch (error) {
    if (error instanceof SearchSyntaxError) return null
    throw error
  }
}

interface Place {
  readonly position: number
  readonly length: number
}

function unknownPrefix<A extends string>(
  prefix: string,
  token: FieldToken,
  vocabulary: Vocabulary<A>
): SearchSyntaxError {
  const expected = keyPrefixes(vocabulary)
  const refusal = vocabulary.prefixRefusal?.(prefix)
  return new SearchSyntaxError(refusal ?? `Invalid entity type '${prefix}'. ${vocabulary.validPrefixes}`, {
    position: token.start,
    length: prefix.length,
    expected,
    hint: `Expected one of ${expected.join(', ')} instead of ${prefix}. at position ${token.start}`
  })
}

/** MLflow reads `params. = 'x'` as the key '' and finds nothing; nobody means that. */
function missingKey(token: FieldToken): SearchSyntaxError {
  const hint = `Expected a key after ${token.raw} at position ${token.end}`
  return new SearchSyntaxError(hint, { position: token.end, length: 0, expected: ['a key'], hint })
}

function datasetKey(key: string, place: Place): DatasetKey {
  const known = DATASET_KEYS.find((candidate) => candidate === key)
  if (known !== undefined) return known
  throw new SearchSyntaxError(`Invalid dataset key '${key}' specified. Valid keys are '${pythonSet(DATASET_KEYS)}'`, {
    ...place,
    expected: DATASET_KEYS,
    hint: `A dataset has ${DATASET_KEYS.join(', ')}, but no ${key}, at position ${place.position}`
  })
}

function unknownAttribute<A extends string>(
  key: string,
  use: 'filter' | 'order',
  place: Place,
  vocabulary: Vocabulary<A>
): SearchSyntaxError {
  const known = use === 'filter' ? vocabulary.attributes : vocabulary.orderAttributes
  const refusal = use === 'order' ? vocabulary.orderKeyRefusal?.(key) : undefined
  const expected = [...new Set(known.values()), ...keyPrefixes(vocabulary)]
  const sentence = `Expected one of ${expected.join(', ')} instead of ${key} at position ${place.position}`
  const dot = key.indexOf('.')
  const quotedWhole = dot > 0 && vocabulary.prefixes.has(key.slice(0, dot))
  return new SearchSyntaxError(
    refusal ?? `Invalid attribute key '${key}' specified. Valid keys are '${pythonSet([...known.keys()])}'`,
    {
      ...place,
      expected,
      hint: quotedWhole ? `${sentence}; quote only what follows the first dot` : sentence
    }
  )
}

/** One prefix for each kind that holds free keys, as it is best typed: `metrics.`, `params.`, `tags.`. */
export function keyPrefixes<A extends string>(vocabulary: Vocabulary<A>): readonly string[] {
  const first = new Map<string, string>()
  for (const [prefix, kind] of vocabulary.prefixes) if (!first.has(kind)) first.set(kind, `${prefix}.`)
  first.delete('attribute')
  return [...first.values()]
}

/** Words as Python prints a set of them; MLflow's own order varies from call to call. */
export const pythonSet = (words: readonly string[]): string => `{${words.map((word) => `'${word}'`).join(', ')}}`
