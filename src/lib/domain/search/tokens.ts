/**
 * Text to tokens. Every character is in at most one token, only white space is in none, and nothing is ever refused here: what fits
 * nothing becomes an `unknown` token, so that a half-typed filter can still be coloured and completed.
 *
 * Offsets count UTF-16 units from 0, `end` is exclusive. Time is linear in the length of the text.
 */

interface Span {
  readonly start: number
  readonly end: number
  /** The text of the token, quotes included. */
  readonly raw: string
}

/** `params.a`, ``tags.`a b` ``, `run_id`, `AND`: an optional prefix, a key. Split at the first dot, so `tags.a.b` has the key `a.b`. */
export interface NameToken extends Span {
  readonly kind: 'name'
  /** Before the first dot; null for a bare name. */
  readonly prefix: string | null
  readonly key: string
  readonly keyStart: number
  /** The key stands in quotes, so it is no keyword. */
  readonly quoted: boolean
  /** False for a quote that never closes. */
  readonly closed: boolean
}

export interface TextToken extends Span {
  readonly kind: 'text'
  readonly text: string
  readonly quote: Quote
  readonly closed: boolean
}

export interface NumberToken extends Span {
  readonly kind: 'number'
  readonly value: number
}

export interface SignToken extends Span {
  readonly kind: 'comparator' | 'punctuation' | 'unknown'
}

export type Token = NameToken | TextToken | NumberToken | SignToken

/** `E` is ours: `E'…'` with `\'` and `\\`, for text that no plain quote can hold. MLflow has no such form and refuses it. */
type Quote = "'" | '"' | 'E'

const SPACE = /\s+/y
const WORD = /[\p{L}\p{N}\p{M}_]+/uy
const NUMBER = /-?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?/y
const COMPARATOR = /[=!<>~]+/y
const PUNCTUATION = /[(),;]/y

export function tokenize(text: string): Token[] {
  const tokens: Token[] = []
  const scanner = new Scanner(text)
  let at = scanner.skip(SPACE, 0)
  while (at < text.length) {
    const token = scanner.next(at)
    tokens.push(token)
    at = scanner.skip(SPACE, token.end)
  }
  return tokens
}

class Scanner {
  readonly #text: string

  constructor(text: string) {
    this.#text = text
  }

  /** Where a pattern that matches at `at` ends; `at` when it does not match. */
  skip(pattern: RegExp, at: number): number {
    pattern.lastIndex = at
    return pattern.test(this.#text) ? pattern.lastIndex : at
  }

  next(at: number): Token {
    const quote = this.#quoteAt(at)
    if (quote !== null && quote !== '`') return this.#textToken(at, quote)
    const numberEnd = this.skip(NUMBER, at)
    // `1e` and `1and` are no numbers but odd names; refusing them later gives a better sentence than splitting them now.
    if (numberEnd > at && this.skip(WORD, numberEnd) === numberEnd) {
      // Adding 0 turns -0 into 0, which compares alike everywhere.
      return { kind: 'number', ...this.#span(at, numberEnd), value: Number(this.#text.slice(at, numberEnd)) + 0 }
    }
    if (quote === '`' || this.skip(WORD, at) > at) return this.#nameToken(at)
    const comparatorEnd = this.skip(COMPARATOR, at)
    if (comparatorEnd > at) return { kind: 'comparator', ...this.#span(at, comparatorEnd) }
    if (this.skip(PUNCTUATION, at) > at) return { kind: 'punctuation', ...this.#span(at, at + 1) }
    return { kind: 'unknown', ...this.#span(at, at + (this.#text.codePointAt(at)! > 0xffff ? 2 : 1)) }
  }

  #span(start: number, end: number): Span {
    return { start, end, raw: this.#text.slice(start, end) }
  }

  #quoteAt(at: number): Quote | '`' | null {
    const char = this.#text[at]
    if (char === "'" || char === '"' || char === '`') return char
    return char === 'E' && this.#text[at + 1] === "'" ? 'E' : null
  }

  #textToken(at: number, quote: Quote): TextToken {
    const { end, text, closed } = this.#quoted(at, quote)
    return { kind: 'text', ...this.#span(at, end), text, quote, closed }
  }

  #nameToken(at: number): NameToken {
    const first = this.#piece(at)
    if (this.#text[first.end] !== '.') {
      const { end, text, quoted, closed } = first
      return { kind: 'name', ...this.#span(at, end), prefix: null, key: text, keyStart: at, quoted, closed }
    }
    const key = this.#key(first.end + 1)
    return {
      kind: 'name',
      ...this.#span(at, key.end),
      prefix: first.text,
      key: key.text,
      keyStart: first.end + 1,
      quoted: key.quoted,
      closed: key.closed && first.closed
    }
  }

  /** After the first dot: one quoted piece, or words and dots. */
  #key(at: number): Piece {
    const quote = this.#quoteAt(at)
    if (quote !== null) {
      const piece = { ...this.#quoted(at, quote), quoted: true }
      // MLflow strips quotes, then backticks: params."`a`" is the param a.
      return quote === '"' || quote === "'" ? { ...piece, text: piece.text.replace(/^`([^]*)`$/, '$1') } : piece
    }
    let end = at
    for (let next = this.skip(WORD, at); next > end; next = this.skip(WORD, end)) {
      end = next
      if (this.#text[end] === '.') end++
    }
    return { end, text: this.#text.slice(at, end), quoted: false, closed: true }
  }

  #piece(at: number): Piece {
    if (this.#text[at] === '`') return { ...this.#quoted(at, '`'), quoted: true }
    const end = this.skip(WORD, at)
    return { end, text: this.#text.slice(at, end), quoted: false, closed: true }
  }

  #quoted(at: number, quote: Quote | '`'): { end: number; text: string; closed: boolean } {
    if (quote === 'E') return this.#escaped(at)
    const end = closingQuote(this.#text, at, quote)
    return end === null
      ? { end: this.#text.length, text: this.#text.slice(at + 1), closed: false }
      : { end: end + 1, text: this.#text.slice(at + 1, end), closed: true }
  }

  #escaped(at: number): { end: number; text: string; closed: boolean } {
    let end = at + 2
    while (end < this.#text.length && this.#text[end] !== "'") end += this.#text[end] === '\\' ? 2 : 1
    const text = this.#text.slice(at + 2, end).replace(/\\([^])/g, '$1')
    return end < this.#text.length
      ? { end: end + 1, text, closed: true }
      : { end: this.#text.length, text, closed: false }
  }
}

interface Piece {
  readonly end: number
  readonly text: string
  readonly quoted: boolean
  readonly closed: boolean
}

/**
 * Where a quote that opens at `open` closes, or null. MLflow's lexer lets a doubled quote, and a backslashed one (not for backticks),
 * stand inside without unescaping either: `'it''s'` is the text `it''s`. A backslashed quote closes after all when no later one does.
 */
function closingQuote(text: string, open: number, quote: string): number | null {
  let lastEscaped: number | null = null
  for (let at = open + 1; at < text.length; at++) {
    if (text[at] === '\\' && text[at + 1] === quote && quote !== '`') lastEscaped = ++at
    else if (text[at] === quote) {
      if (text[at + 1] !== quote) return at
      at++
    }
  }
  return lastEscaped
}

export const KEYWORDS = [
  'AND',
  'OR',
  'NOT',
  'IN',
  'IS',
  'NULL',
  'LIKE',
  'ILIKE',
  'ASC',
  'DESC',
  'TRUE',
  'FALSE'
] as const
export type Keyword = (typeof KEYWORDS)[number]

/** The keyword a token is, in any case, or null. A name with a prefix or in quotes is never one. */
export function keywordOf(token: Token | undefined): Keyword | null {
  if (token?.kind !== 'name' || token.prefix !== null || token.quoted) return null
  const upper = token.key.toUpperCase()
  return KEYWORDS.find((keyword) => keyword === upper) ?? null
}
