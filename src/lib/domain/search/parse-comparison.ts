/** One comparison: first its shape, token by token, then whether field, value and comparator fit, in the order MLflow checks them. */
import { SEARCH } from '../limits.ts'
import { pythonFloat, pythonText } from '../python-text.ts'
import { findField, isFieldToken, pythonSet, resolveField, type FieldToken } from './fields.ts'
import { SearchSyntaxError } from './syntax-error.ts'
import { closing, isReserved, listed, structural, type TokenCursor } from './token-cursor.ts'
import type { Token } from './tokens.ts'
import type { Comparator, Comparison, Field, NumberComparator, SetComparator, TextComparator } from './tree.ts'
import { comparatorsOf, isNumeric, MLFLOW_KIND, type Vocabulary } from './vocabulary.ts'

/** A stretch of text: of one token or of several. */
interface Extent {
  readonly start: number
  readonly end: number
  readonly raw: string
}

interface Operator extends Extent {
  /** As typed, in capitals, one space between words. */
  readonly word: string
}

type Operand =
  | { readonly kind: 'value'; readonly token: Token }
  | ({ readonly kind: 'list'; readonly items: readonly Token[] } & Extent)

export function parseComparison<A extends string>(cursor: TokenCursor<A>): Comparison<A> {
  const token = takeFieldToken(cursor)
  const operator = takeOperator(cursor)
  if (operator.word === 'IS NULL' || operator.word === 'IS NOT NULL') {
    return nullComparison(resolveField(token, cursor.vocabulary, 'filter'), operator.word, operator, cursor.vocabulary)
  }
  const operand = takeOperand(cursor, operator, token)
  const field = resolveField(token, cursor.vocabulary, 'filter')
  return isNumeric(field, cursor.vocabulary)
    ? numberComparison(field, token, operator, operand, cursor.vocabulary)
    : textComparison(field, operator, operand, cursor.vocabulary)
}

// ── shape ───────────────────────────────────────────────────────────────────────────────────────────────────────────────────────

function takeFieldToken<A extends string>(cursor: TokenCursor<A>): FieldToken {
  const token = cursor.peek()
  const isValue = token?.kind === 'number' || (token?.kind === 'text' && token.quote !== '"' && token.closed)
  if (isValue && cursor.peek(1)?.kind === 'comparator' && cursor.peek(2) !== undefined) throw valueFirst(token)
  if (isValue || !isFieldToken(token) || !token.closed || isReserved(token)) throw structural(cursor, ['a key'])
  cursor.take()
  return token
}

/** The words of an operator that has more than one, as far as they go: `NOT LIKE` is read so that it can be refused by name. */
function takeOperator<A extends string>(cursor: TokenCursor<A>): Operator {
  const first = cursor.peek()
  if (first?.kind === 'comparator') {
    cursor.take()
    return { ...first, word: first.raw }
  }
  const word = cursor.keyword()
  if (word === 'LIKE' || word === 'ILIKE' || word === 'IN') return operatorOf(cursor, 1)
  if (word === 'IS') return takeNullOperator(cursor)
  if (word !== 'NOT') throw structural(cursor, expectedComparators(cursor))
  const next = cursor.keyword(1)
  if (next === 'IN' || next === 'LIKE' || next === 'ILIKE') return operatorOf(cursor, 2)
  cursor.take()
  throw structural(cursor, ['IN'])
}

function takeNullOperator<A extends string>(cursor: TokenCursor<A>): Operator {
  const negated = cursor.keyword(1) === 'NOT'
  if (cursor.keyword(negated ? 2 : 1) === 'NULL') return operatorOf(cursor, negated ? 3 : 2)
  cursor.take()
  if (negated) cursor.take()
  throw structural(cursor, negated ? ['NULL'] : ['NULL', 'NOT NULL'])
}

function operatorOf<A extends string>(cursor: TokenCursor<A>, count: number): Operator {
  const words = Array.from({ length: count }, () => cursor.take()!)
  const { start } = words[0]!
  const { end } = words.at(-1)!
  return {
    start,
    end,
    raw: cursor.text.slice(start, end),
    word: words.map((token) => token.raw.toUpperCase()).join(' ')
  }
}

function takeOperand<A extends string>(cursor: TokenCursor<A>, operator: Operator, fieldToken: FieldToken): Operand {
  if (operator.word === 'IN' || operator.word === 'NOT IN') return takeList(cursor)
  const token = cursor.peek()
  const isUsable = token?.kind === 'number' || (isFieldToken(token) && token.closed && !isReserved(token))
  if (!isUsable) {
    const field = findField(fieldToken, cursor.vocabulary, 'filter')
    throw structural(cursor, [
      field === null ? 'a value' : isNumeric(field, cursor.vocabulary) ? 'a number' : 'a quoted text'
    ])
  }
  cursor.take()
  return { kind: 'value', token }
}

function takeList<A extends string>(cursor: TokenCursor<A>): Operand {
  const open = cursor.peek()
  if (open?.raw !== '(') throw structural(cursor, ['('])
  const from = cursor.index
  const to = closing(cursor.tokens, from)
  const items = cursor.tokens.slice(from + 1, to < 0 ? undefined : to)
  const last = cursor.tokens[to]
  if (last === undefined || items.some((item) => 'closed' in item && !item.closed)) throw unclosedList(cursor, items)
  for (let count = from; count <= to; count++) cursor.take()
  return { kind: 'list', items, start: open.start, end: last.end, raw: cursor.text.slice(open.start, last.end) }
}

/** Points at the first thing in the list that is neither text nor comma, or at the end. */
function unclosedList<A extends string>(cursor: TokenCursor<A>, items: readonly Token[]): SearchSyntaxError {
  cursor.take()
  for (const item of items) {
    if (!(item.kind === 'text' && item.closed) && item.raw !== ',') break
    cursor.take()
  }
  return structural(cursor, cursor.previous()?.kind === 'text' ? ['a comma', ')'] : ['a quoted text'])
}

// ── fit ─────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────

function nullComparison<A extends string>(
  field: Field<A>,
  comparator: 'IS NULL' | 'IS NOT NULL',
  operator: Operator,
  vocabulary: Vocabulary<A>
): Comparison<A> {
  if (field.kind === 'param' || field.kind === 'tag') return { kind: 'null', field, comparator }
  throw misfit(vocabulary.nullRefusal(field), operator, comparatorsOf(field, vocabulary))
}

function numberComparison<A extends string>(
  field: Field<A>,
  fieldToken: FieldToken,
  operator: Operator,
  operand: Operand,
  vocabulary: Vocabulary<A>
): Comparison<A> {
  const comparator = comparatorsOf(field, vocabulary).find((known) => known === operator.word)
  const value = numberOf(operand, vocabulary)
  if (value !== null) {
    if (comparator === undefined) throw wrongComparator(field, operator, vocabulary)
    return { kind: 'number', field, comparator: comparator as NumberComparator, value }
  }
  const key = fieldToken.kind === 'name' ? fieldToken.key : fieldToken.text
  if (comparator === undefined && vocabulary.comparatorRefusal?.(field, operator.word) !== undefined)
    throw wrongComparator(field, operator, vocabulary)
  if (vocabulary.integerRefusal) {
    if (operand.kind === 'value' && operand.token.kind === 'name')
      throw unquoted(field, operator, comparator, operand.token, vocabulary)
    throw misfit(vocabulary.integerRefusal(key, pythonValue(operand)), extentOf(operand), ['a number'])
  }
  const what = field.kind === 'metric' ? 'metric' : `numeric attribute: ${key}`
  const message = `Expected numeric value type for ${what}. Found ${extentOf(operand).raw}`
  // MLflow speaks of the value even when the comparator is what makes a number impossible; the place is the first thing that is wrong.
  if (comparator === undefined) throw misfit(message, operator, comparatorsOf(field, vocabulary))
  throw misfit(message, extentOf(operand), ['a number'])
}

/** Null when it is none, or not one of the kind the vocabulary has. */
function numberOf<A extends string>(operand: Operand, vocabulary: Vocabulary<A>): number | null {
  if (operand.kind === 'list') return null
  const { token } = operand
  if (vocabulary.integerRefusal) {
    const digits = token.kind === 'text' ? token.text : token.raw
    return (token.kind === 'text' || token.kind === 'number') && /^-?\d+$/.test(digits) ? Number(digits) : null
  }
  return token.kind === 'number' ? token.value : null
}

function pythonValue(operand: Operand): string {
  if (operand.kind === 'list') return operand.raw
  const { token } = operand
  return token.kind === 'text' ? pythonText(token.text) : token.kind === 'number' ? pythonFloat(token.value) : token.raw
}

function textComparison<A extends string>(
  field: Field<A>,
  operator: Operator,
  operand: Operand,
  vocabulary: Vocabulary<A>
): Comparison<A> {
  const comparator = comparatorsOf(field, vocabulary).find((known) => known === operator.word)
  if (operand.kind === 'list') {
    return { kind: 'set', field, comparator: comparator as SetComparator, values: listValues(operand) }
  }
  const token = operand.token
  const value = token.kind === 'text' ? token.text : vocabulary.bareTexts ? token.raw : null
  if (value === null) throw unquoted(field, operator, comparator, token, vocabulary)
  if (comparator === undefined) throw wrongComparator(field, operator, vocabulary)
  const isPattern = comparator === 'LIKE' || comparator === 'ILIKE'
  if (isPattern && value.length > SEARCH.patternLength) throw longPattern(token)
  return { kind: 'text', field, comparator: comparator as TextComparator, value }
}

const LIST_MESSAGE = 'While parsing a list in the query, expected'

/** Texts with commas between; one comma may follow the last, as in Python. */
function listValues(list: Extract<Operand, { kind: 'list' }>): string[] {
  const values: string[] = []
  let wantsValue = true
  for (const item of list.items) {
    if (wantsValue && item.kind === 'text') values.push(item.text)
    else if (wantsValue || item.raw !== ',') throw listMisfit(list, item, wantsValue)
    wantsValue = !wantsValue
  }
  if (values.length > 0) return values
  throw misfit(`${LIST_MESSAGE} a non-empty list of string values, but got empty list`, list, ['a quoted text'])
}

function listMisfit(list: Extent, item: Token, wantsValue: boolean): SearchSyntaxError {
  const expected = wantsValue ? ['a quoted text'] : ['a comma', ')']
  const message =
    item.kind === 'number'
      ? `${LIST_MESSAGE} string value, punctuation, or whitespace, but got different type in list: ${list.raw}`
      : `${LIST_MESSAGE} a non-empty list of string values, but got ill-formed list.`
  return misfit(message, item, expected)
}

function unquoted<A extends string>(
  field: Field<A>,
  operator: Operator,
  comparator: Comparator | undefined,
  token: Token,
  vocabulary: Vocabulary<A>
): SearchSyntaxError {
  const message = unquotedMessage(field, token, vocabulary)
  if (comparator === undefined) return misfit(message, operator, comparatorsOf(field, vocabulary))
  return misfit(message, token, ['a quoted text'])
}

function unquotedMessage<A extends string>(field: Field<A>, token: Token, vocabulary: Vocabulary<A>): string {
  if (token.kind === 'name' && token.raw.toUpperCase() !== 'NULL') {
    return `Parameter value is either not quoted or unidentified quote types used for string value ${token.raw}. Use either single or double quotes.`
  }
  if (field.kind === 'attribute') {
    return (
      vocabulary.unquotedRefusal?.(token.raw) ?? `Expected a quoted string value for attributes. Got value ${token.raw}`
    )
  }
  if (field.kind === 'dataset') return `Expected a quoted string value for dataset attributes. Got value ${token.raw}`
  return `Expected a quoted string value for ${MLFLOW_KIND[field.kind]} (e.g. 'my-value'). Got value ${token.raw}`
}

function wrongComparator<A extends string>(
  field: Field<A>,
  operator: Operator,
  vocabulary: Vocabulary<A>
): SearchSyntaxError {
  const known = comparatorsOf(field, vocabulary)
  // MLflow leaves out the last quote for metrics and datasets.
  const quote = field.kind === 'metric' || field.kind === 'dataset' ? '' : "'"
  const message =
    vocabulary.comparatorRefusal?.(field, operator.word) ??
    `Invalid comparator '${operator.word}' not one of '${pythonSet(known)}${quote}`
  return misfit(message, operator, known)
}

function longPattern(token: Extent): SearchSyntaxError {
  const hint = `A LIKE pattern holds at most ${SEARCH.patternLength} characters`
  return new SearchSyntaxError(hint, { position: token.start, length: token.end - token.start, expected: [], hint })
}

function valueFirst(token: Token): SearchSyntaxError {
  return misfit(`Invalid comparison clause. Expected 'Identifier' found '${token.raw}'`, token, ['a key'])
}

function misfit(message: string, place: Extent, expected: readonly string[]): SearchSyntaxError {
  const hint = `Expected ${listed(expected)} instead of ${place.raw} at position ${place.start}`
  return new SearchSyntaxError(message, { position: place.start, length: place.end - place.start, expected, hint })
}

function expectedComparators<A extends string>(cursor: TokenCursor<A>): readonly string[] {
  const token = cursor.previous()
  const field = isFieldToken(token) ? findField(token, cursor.vocabulary, 'filter') : null
  return field === null ? ['a comparator'] : comparatorsOf(field, cursor.vocabulary)
}

const extentOf = (operand: Operand): Extent => (operand.kind === 'list' ? operand : operand.token)
