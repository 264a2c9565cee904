/** order_by items to orders: `<field> [ASC|DESC]`, any case, ascending by default. */
import { invalid } from '../errors.ts'
import { SEARCH } from '../limits.ts'
import { pythonRepr } from '../python-text.ts'
import { isFieldToken, keyPrefixes, resolveField } from './fields.ts'
import { printField } from './print.ts'
import { SearchSyntaxError } from './syntax-error.ts'
import { keywordOf, tokenize, type Token } from './tokens.ts'
import type { ExperimentAttribute, FieldKind, OrderBy, RunAttribute } from './tree.ts'
import { EXPERIMENTS, RUNS, type Vocabulary } from './vocabulary.ts'

/**
 * items    most significant first
 * fails    SearchSyntaxError for an item that cannot be read; INVALID_PARAMETER_VALUE when a field comes twice (MLflow answers 500, except for
 *          experiments, where the second does nothing)
 *          or there are more than `SEARCH.orderByItems`
 */
export function parseOrderBy<A extends string>(items: readonly string[], vocabulary: Vocabulary<A>): OrderBy<A>[] {
  if (items.length > SEARCH.orderByItems)
    throw invalid(`order_by holds at most ${SEARCH.orderByItems} items, got ${items.length}`)
  const orders = items.map((item) => parseOrderByItem(item, vocabulary))
  const fields = new Set(orders.map((order) => printField(order.field)))
  if (fields.size < orders.length && !vocabulary.repeatsOrders)
    throw invalid(`\`order_by\` contains duplicate fields: ${pythonRepr(items)}`)
  return orders
}

export const parseRunOrderBy = (items: readonly string[]): OrderBy<RunAttribute>[] => parseOrderBy(items, RUNS)
export const parseExperimentOrderBy = (items: readonly string[]): OrderBy<ExperimentAttribute>[] =>
  parseOrderBy(items, EXPERIMENTS)

function parseOrderByItem<A extends string>(item: string, vocabulary: Vocabulary<A>): OrderBy<A> {
  const text = item.toWellFormed()
  if (text.length > SEARCH.orderByLength) throw unparsed(text, text.length, undefined, [])
  const [first, second, third] = tokenize(text)
  if (
    !isFieldToken(first) ||
    !first.closed ||
    keywordOf(first) !== null ||
    (first.kind === 'text' && first.quote !== '"')
  )
    throw unparsed(text, 0, first, ['a key'])
  if (third !== undefined) throw unparsed(text, third.start, third, [])
  const direction = keywordOf(second)
  if (second !== undefined && direction !== 'ASC' && direction !== 'DESC') throw misdirected(text, second)
  const field = resolveField(first, vocabulary, 'order')
  if (vocabulary.orderKinds.has(field.kind)) return { field, descending: direction === 'DESC' }
  throw unordered(first, field.kind, vocabulary)
}

function unordered<A extends string>(token: Token, kind: FieldKind, vocabulary: Vocabulary<A>): SearchSyntaxError {
  const prefixes = keyPrefixes(vocabulary).filter((prefix) => isOrdered(prefix, vocabulary))
  const expected = [...prefixes, ...vocabulary.orderAttributes.keys()]
  return new SearchSyntaxError(vocabulary.orderRefusal(kind), {
    position: token.start,
    length: token.end - token.start,
    expected,
    hint: `There is no order by ${token.raw}; expected one of ${expected.join(', ')}`
  })
}

function isOrdered<A extends string>(prefix: string, vocabulary: Vocabulary<A>): boolean {
  const kind = vocabulary.prefixes.get(prefix.slice(0, -1))
  return kind !== undefined && vocabulary.orderKinds.has(kind)
}

function unparsed(
  text: string,
  position: number,
  token: Token | undefined,
  expected: readonly string[]
): SearchSyntaxError {
  return new SearchSyntaxError(`Invalid order_by clause '${text}'. Could not be parsed.`, {
    position,
    length: token === undefined ? 0 : token.end - token.start,
    expected,
    hint: 'Expected a key, then ASC or DESC, as in metrics.loss DESC'
  })
}

/** One more plain word is a wrong direction to MLflow; any other sign makes the item unreadable. */
function misdirected(text: string, token: Token): SearchSyntaxError {
  const expected = ['ASC', 'DESC']
  if (token.kind !== 'name') return unparsed(text, token.start, token, expected)
  return new SearchSyntaxError(`Invalid ordering key in order_by clause '${text}'.`, {
    position: token.start,
    length: token.end - token.start,
    expected,
    hint: `Expected ASC or DESC instead of ${token.raw} at position ${token.start}`
  })
}
