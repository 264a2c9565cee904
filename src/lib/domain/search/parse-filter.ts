/**
 * Filter text to tree: a recursive descent whose only recursion is a parenthesis, bounded by `SEARCH.depth`.
 *
 *   filter      := either
 *   either      := all ('OR' all)*                                    ours
 *   all         := 'AND'* term ('AND'* term)* 'AND'*                  MLflow tolerates a missing AND, and one before or after
 *   term        := '(' either ')' | comparison                        parentheses are ours
 *   comparison  := field ( sign value | 'IS' 'NOT'? 'NULL' | 'NOT'? 'IN' list )
 *
 * A filter MLflow accepts means the same here, with these differences, all on purpose: a list keeps every value (MLflow drops those
 * without a lower-case letter) and reads its strings like any other string (MLflow reads Python literals, and joins neighbours); a key with
 * brackets has to be quoted; an empty key is refused unless quoted; and where an AND is missing before `x IS NULL` or `x IN`, MLflow takes
 * the comparison in front for part of the key, which nobody means.
 */
import { SEARCH } from '../limits.ts'
import { parseComparison } from './parse-comparison.ts'
import { SearchSyntaxError } from './syntax-error.ts'
import { structural, TokenCursor } from './token-cursor.ts'
import { joinTerms, type ExperimentAttribute, type FilterTree, type RunAttribute } from './tree.ts'
import { EXPERIMENTS, RUNS, type Vocabulary } from './vocabulary.ts'

/**
 * text     the filter; `''` is no filter
 * returns  its canonical tree; null when it filters nothing
 * fails    SearchSyntaxError (INVALID_PARAMETER_VALUE), with the first place that is wrong
 */
export function parseFilter<A extends string>(text: string, vocabulary: Vocabulary<A>): FilterTree<A> | null {
  if (text === '') return null
  if (text.length > SEARCH.filterLength) throw tooLong(text)
  const cursor = new TokenCursor(text, vocabulary)
  if (cursor.peek() === undefined) throw unparsed(text)
  const tree = new FilterParser(cursor).either()
  if (cursor.peek() !== undefined) throw leftover(cursor)
  return tree
}

export const parseRunFilter = (text: string): FilterTree<RunAttribute> | null => parseFilter(text, RUNS)
export const parseExperimentFilter = (text: string): FilterTree<ExperimentAttribute> | null =>
  parseFilter(text, EXPERIMENTS)

class FilterParser<A extends string> {
  readonly #cursor: TokenCursor<A>
  #depth = 0
  #clauses = 0

  constructor(cursor: TokenCursor<A>) {
    this.#cursor = cursor
  }

  /** Null only for a filter that is nothing but ANDs, which MLflow takes for an empty one. */
  either(): FilterTree<A> | null {
    const first = this.#all()
    if (this.#cursor.keyword() !== 'OR' && this.#depth === 0) return first
    if (first === null) throw structural(this.#cursor, EXPECTED_TERM)
    const terms = [first]
    while (this.#cursor.takeKeyword('OR')) {
      const next = this.#cursor.keyword() === 'AND' ? null : this.#all()
      if (next === null) throw structural(this.#cursor, EXPECTED_TERM)
      terms.push(next)
    }
    return joinTerms('or', terms)
  }

  #all(): FilterTree<A> | null {
    const terms: FilterTree<A>[] = []
    for (;;) {
      const after = this.#cursor.takeKeyword('AND')
      while (this.#cursor.takeKeyword('AND'));
      // The tolerance for a stray AND is MLflow's; beside an OR, which is ours, it would only hide a slip.
      if (after && this.#cursor.keyword() === 'OR') throw structural(this.#cursor, EXPECTED_TERM)
      if (this.#atEndOfAll()) return joinTerms('and', terms)
      if (terms.length > 0 && !after && !this.#atTerm()) throw structural(this.#cursor, ['AND', 'OR'])
      const term = this.#term()
      if (term !== null) terms.push(term)
    }
  }

  #atEndOfAll(): boolean {
    const token = this.#cursor.peek()
    return token === undefined || this.#cursor.keyword() === 'OR' || token.raw === ')' || token.raw === ';'
  }

  #atTerm(): boolean {
    const token = this.#cursor.peek()
    return token?.raw === '(' || token?.kind === 'name' || (token?.kind === 'text' && token.quote === '"')
  }

  #term(): FilterTree<A> | null {
    const open = this.#cursor.peek()
    if (open?.raw !== '(') {
      if (++this.#clauses > SEARCH.clauses) throw tooMany(this.#cursor)
      return parseComparison(this.#cursor)
    }
    if (++this.#depth > SEARCH.depth) throw tooDeep(this.#cursor)
    this.#cursor.take()
    const inner = this.either()
    if (this.#cursor.peek()?.raw !== ')') throw structural(this.#cursor, [')', 'AND', 'OR'])
    this.#cursor.take()
    this.#depth--
    return inner
  }
}

const EXPECTED_TERM = ['a key', '('] as const

function leftover<A extends string>(cursor: TokenCursor<A>): SearchSyntaxError {
  const token = cursor.peek()!
  if (token.raw !== ';' || cursor.peek(1) === undefined) return structural(cursor, ['AND', 'OR'])
  const hint = `A filter is one expression: expected AND or OR instead of ; at position ${token.start}`
  return new SearchSyntaxError(
    `Search filter contained multiple expression '${cursor.text}'. Provide AND-ed expression list.`,
    { position: token.start, length: 1, expected: ['AND', 'OR'], hint }
  )
}

function unparsed(text: string): SearchSyntaxError {
  const hint = 'Expected a comparison such as metrics.loss < 0.5'
  return new SearchSyntaxError(`Invalid filter '${text}'. Could not be parsed.`, {
    position: 0,
    length: text.length,
    expected: EXPECTED_TERM,
    hint
  })
}

function tooLong(text: string): SearchSyntaxError {
  const hint = `A filter holds at most ${SEARCH.filterLength} characters; this one has ${text.length}`
  return new SearchSyntaxError(hint, {
    position: SEARCH.filterLength,
    length: text.length - SEARCH.filterLength,
    expected: [],
    hint
  })
}

function tooMany<A extends string>(cursor: TokenCursor<A>): SearchSyntaxError {
  return beyond(cursor, `A filter holds at most ${SEARCH.clauses} comparisons`)
}

function tooDeep<A extends string>(cursor: TokenCursor<A>): SearchSyntaxError {
  return beyond(cursor, `A filter nests at most ${SEARCH.depth} parentheses`)
}

function beyond<A extends string>(cursor: TokenCursor<A>, sentence: string): SearchSyntaxError {
  const token = cursor.peek()!
  const hint = `${sentence}; another starts at position ${token.start}`
  return new SearchSyntaxError(hint, { position: token.start, length: token.end - token.start, expected: [], hint })
}
