/** Where a parser stands in its tokens, and the one error every misplaced token leads to. */
import { SEARCH } from '../limits.ts'
import { isFieldToken } from './fields.ts'
import { SearchSyntaxError } from './syntax-error.ts'
import { keywordOf, tokenize, type Keyword, type Token } from './tokens.ts'
import type { Vocabulary } from './vocabulary.ts'

export class TokenCursor<A extends string> {
  readonly text: string
  readonly vocabulary: Vocabulary<A>
  readonly tokens: readonly Token[]
  #at = 0

  constructor(text: string, vocabulary: Vocabulary<A>) {
    // A lone surrogate has no UTF-8 form, so no store could compare with it. Lengths stay, so offsets do too.
    this.text = text.toWellFormed()
    this.vocabulary = vocabulary
    this.tokens = tokenize(this.text)
  }

  peek(ahead = 0): Token | undefined {
    return this.tokens[this.#at + ahead]
  }

  keyword(ahead = 0): Keyword | null {
    return keywordOf(this.peek(ahead))
  }

  /** The index of the token that comes next. */
  get index(): number {
    return this.#at
  }

  /** The token before the one that comes next. */
  previous(): Token | undefined {
    return this.tokens[this.#at - 1]
  }

  take(): Token | undefined {
    return this.tokens[this.#at++]
  }

  takeKeyword(keyword: Keyword): boolean {
    if (this.keyword() !== keyword) return false
    this.#at++
    return true
  }
}

/** A token is where none of its kind can be. MLflow lists every token it cannot place; the detail points at the first. */
export function structural<A extends string>(cursor: TokenCursor<A>, expected: readonly string[]): SearchSyntaxError {
  const token = cursor.peek()
  const previous = cursor.previous()
  const quote = cursor.vocabulary.clauseQuote
  const tokens = misplaced(cursor)
  const clauses = tokens.slice(0, SEARCH.namedTokens).map((raw) => `${quote}${raw}${quote}`)
  if (tokens.length > clauses.length) clauses.push('…')
  const refusal = cursor.vocabulary.shapeRefusal?.(cursor.text)
  return new SearchSyntaxError(refusal ?? `Invalid clause(s) in filter string: ${clauses.join(', ')}`, {
    position: token?.start ?? cursor.text.length,
    length: token === undefined ? 0 : token.end - token.start,
    expected,
    hint: hintFor(cursor.text.length, token, previous, expected)
  })
}

function hintFor(
  textLength: number,
  token: Token | undefined,
  previous: Token | undefined,
  expected: readonly string[]
): string {
  const after = previous === undefined ? '' : ` after ${shorten(previous.raw)}`
  const place = token === undefined ? `at the end (position ${textLength})` : `at position ${token.start}`
  const sentence = `Expected ${listed(expected)}${after} ${place}`
  if (token !== undefined && 'closed' in token && !token.closed) return `${sentence}; the quote there never closes`
  if (token !== undefined && isSign(token) && previous?.kind === 'name' && previous.end === token.start)
    return `${sentence}; a key with ${token.raw} in it needs backticks, as in tags.\`my-key\``
  if (keywordOf(token) === 'NOT') return `${sentence}; NOT stands only in NOT IN and IS NOT NULL`
  return sentence
}

/** Signs that stand in many keys but in no comparison. */
const isSign = (token: Token): boolean => token.kind === 'unknown' || token.raw === '('

/** `a, b or c`; signs as they are, so that they can be copied. */
export function listed(words: readonly string[]): string {
  if (words.length < 2) return words.join('')
  return `${words.slice(0, -1).join(', ')} or ${words.at(-1)}`
}

const shorten = (raw: string): string => (raw.length > 40 ? `${raw.slice(0, 40)}…` : raw)

/** The tokens that are part of no comparison, which is what MLflow complains of. What only we know (OR, a pair of parentheses) is left out. */
function misplaced<A extends string>(cursor: TokenCursor<A>): string[] {
  const { tokens, vocabulary } = cursor
  const paired = pairedParentheses(tokens)
  const out: string[] = []
  for (let at = 0; at < tokens.length;) {
    const length = comparisonLength(tokens, at, vocabulary)
    const keyword = keywordOf(tokens[at])
    if (length === 0 && keyword !== 'AND' && keyword !== 'OR' && !paired.has(at)) out.push(tokens[at]!.raw)
    at += Math.max(1, length)
  }
  return out.length > 0 ? out : [cursor.peek()?.raw ?? cursor.previous()?.raw ?? '']
}

function pairedParentheses(tokens: readonly Token[]): ReadonlySet<number> {
  const paired = new Set<number>()
  const open: number[] = []
  tokens.forEach((token, at) => {
    if (token.raw === '(') open.push(at)
    const start = token.raw === ')' ? open.pop() : undefined
    if (start !== undefined) paired.add(start).add(at)
  })
  return paired
}

/** How many tokens from `at` form a comparison by their looks; 0 when they do not. */
function comparisonLength<A extends string>(tokens: readonly Token[], at: number, vocabulary: Vocabulary<A>): number {
  const [first, sign] = [tokens[at], tokens[at + 1]]
  if (first?.kind !== 'name' || keywordOf(first) !== null) return 0
  if (first.prefix === null && !vocabulary.attributes.has(first.key)) return 0
  const words = [1, 2, 3].map((ahead) => keywordOf(tokens[at + ahead]))
  if (words[0] === 'IS') return words[1] === 'NULL' ? 3 : words[1] === 'NOT' && words[2] === 'NULL' ? 4 : 0
  const list = words[0] === 'IN' ? at + 2 : words[0] === 'NOT' && words[1] === 'IN' ? at + 3 : null
  if (list !== null) return tokens[list]?.raw === '(' ? Math.max(0, closing(tokens, list) + 1 - at) : 0
  if (sign?.kind !== 'comparator' && words[0] !== 'LIKE' && words[0] !== 'ILIKE') return 0
  const value = tokens[at + 2]
  if (value?.kind === 'text' && !value.closed) return 0
  return value?.kind === 'number' || (isFieldToken(value) && !isReserved(value)) ? 3 : 0
}

/** Keywords that can be no value, not even a wrong one. */
export function isReserved(token: Token | undefined): boolean {
  const keyword = keywordOf(token)
  return keyword !== null && keyword !== 'NULL'
}

/** The index of the `)` that closes the list opened at `open`, or -1. */
export function closing(tokens: readonly Token[], open: number): number {
  for (let at = open + 1; at < tokens.length; at++) {
    if (tokens[at]!.raw === ')') return at
    if (tokens[at]!.raw === '(') return -1
  }
  return -1
}
