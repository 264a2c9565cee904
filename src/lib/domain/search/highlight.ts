/** A filter as coloured pieces. Works on any text, finished or not. */
import { keywordOf, tokenize, type Token } from './tokens.ts'
import type { Vocabulary } from './vocabulary.ts'

export type SpanKind = 'prefix' | 'key' | 'comparator' | 'keyword' | 'text' | 'number' | 'punctuation' | 'unknown'

export interface Span {
  /** UTF-16 units; ascending and apart. What is between spans is white space. */
  readonly start: number
  readonly end: number
  readonly kind: SpanKind
}

/** `prefix` includes its dot. A prefix nobody knows and a quote that never closes are `unknown`. */
export function highlightFilter<A extends string>(text: string, vocabulary: Vocabulary<A>): Span[] {
  return tokenize(text.toWellFormed()).flatMap((token) => spansOf(token, vocabulary))
}

function spansOf<A extends string>(token: Token, vocabulary: Vocabulary<A>): Span[] {
  const { start, end } = token
  if ('closed' in token && !token.closed) return [{ start, end, kind: 'unknown' }]
  if (token.kind !== 'name') return [{ start, end, kind: token.kind }]
  if (keywordOf(token) !== null) return [{ start, end, kind: 'keyword' }]
  if (token.prefix === null) return [{ start, end, kind: 'key' }]
  const prefix: Span = {
    start,
    end: token.keyStart,
    kind: vocabulary.prefixes.has(token.prefix) ? 'prefix' : 'unknown'
  }
  return token.keyStart < end ? [prefix, { start: token.keyStart, end, kind: 'key' }] : [prefix]
}
