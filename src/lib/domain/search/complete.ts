/** What can stand at a caret: for completing a filter while it is typed. Works on any text, finished or not. */
import { findField, isFieldToken } from './fields.ts'
import { keywordOf, tokenize, type Token } from './tokens.ts'
import type { Comparator, Field } from './tree.ts'
import { comparatorsOf, type Vocabulary } from './vocabulary.ts'

interface Place {
  /** Replace `[from, to)` by what is chosen: the token the caret is in or at the end of, or nothing. UTF-16 units. */
  readonly from: number
  readonly to: number
  /** That token up to the caret, quotes included. */
  readonly prefix: string
}

export type Completion<A extends string> = Place &
  (
    | { readonly kind: 'key' }
    | { readonly kind: 'comparator'; readonly field: Field<A> | null; readonly options: readonly Comparator[] }
    | {
        readonly kind: 'value'
        readonly field: Field<A> | null
        readonly comparator: string
        /** Inside the parentheses of IN. */
        readonly inList: boolean
      }
    /** The next sign or word is one of few. */
    | { readonly kind: 'connective'; readonly options: readonly string[] }
  )

/** What the tokens before a caret lead to. */
type State<A extends string> =
  | { readonly at: 'key' }
  | { readonly at: 'comparator'; readonly field: Field<A> | null }
  | { readonly at: 'value'; readonly field: Field<A> | null; readonly comparator: string; readonly inList: boolean }
  /** Only certain words go on: after IS, NOT, IN, or between the values of a list. */
  | {
      readonly at: 'words'
      readonly field: Field<A> | null
      readonly comparator: string
      readonly words: readonly string[]
    }
  | { readonly at: 'connective' }

/** caret: UTF-16 units from the start, 0 to the text's length. */
export function completeAt<A extends string>(text: string, caret: number, vocabulary: Vocabulary<A>): Completion<A> {
  const tokens = tokenize(text.toWellFormed())
  const current = tokens.find((token) => token.start < caret && caret <= token.end && isTyped(token, caret))
  const before = tokens.filter((token) => token.end <= (current?.start ?? caret))
  const place = {
    from: current?.start ?? caret,
    to: current?.end ?? caret,
    prefix: current?.raw.slice(0, caret - current.start) ?? ''
  }
  const { state, depth } = walk(before, vocabulary)
  switch (state.at) {
    case 'key':
      return { ...place, kind: 'key' }
    case 'comparator':
      return { ...place, kind: 'comparator', field: state.field, options: comparators(state.field, vocabulary) }
    case 'value':
      return { ...place, kind: 'value', field: state.field, comparator: state.comparator, inList: state.inList }
    case 'words':
      return { ...place, kind: 'connective', options: state.words }
    case 'connective':
      return { ...place, kind: 'connective', options: depth > 0 ? ['AND', 'OR', ')'] : ['AND', 'OR'] }
  }
}

/** A caret right behind a finished sign or quote starts something new; inside it, or behind a word, it goes on with it. */
function isTyped(token: Token, caret: number): boolean {
  if (caret < token.end) return true
  if (token.kind === 'text') return !token.closed
  return (
    token.kind === 'comparator' || token.kind === 'number' || (token.kind === 'name' && !(token.quoted && token.closed))
  )
}

function walk<A extends string>(
  tokens: readonly Token[],
  vocabulary: Vocabulary<A>
): { state: State<A>; depth: number } {
  let state: State<A> = { at: 'key' }
  let depth = 0
  for (const token of tokens) {
    if (token.raw === '(' && state.at === 'key') depth++
    if (token.raw === ')' && state.at === 'connective') depth--
    state = next(state, token, vocabulary)
  }
  return { state, depth }
}

function next<A extends string>(state: State<A>, token: Token, vocabulary: Vocabulary<A>): State<A> {
  const word = keywordOf(token)
  switch (state.at) {
    case 'key':
      return startsKey(token) ? { at: 'comparator', field: fieldOf(token, vocabulary) } : state
    case 'comparator':
      return afterField(state.field, token)
    case 'words':
      return afterWord(state, token, word ?? token.raw)
    case 'value':
      if (!state.inList) return { at: 'connective' }
      return token.raw === ')' ? { at: 'connective' } : { ...state, at: 'words', words: [',', ')'] }
    case 'connective':
      if (word === 'AND' || word === 'OR' || token.raw === '(') return { at: 'key' }
      return startsKey(token) ? { at: 'comparator', field: fieldOf(token, vocabulary) } : state
  }
}

function afterField<A extends string>(field: Field<A> | null, token: Token): State<A> {
  const word = keywordOf(token)
  if (token.kind === 'comparator') return { at: 'value', field, comparator: token.raw, inList: false }
  if (word === 'LIKE' || word === 'ILIKE') return { at: 'value', field, comparator: word, inList: false }
  if (word === 'IN') return { at: 'words', field, comparator: 'IN', words: ['('] }
  if (word === 'NOT') return { at: 'words', field, comparator: 'NOT', words: ['IN'] }
  if (word === 'IS') return { at: 'words', field, comparator: 'IS', words: ['NULL', 'NOT NULL'] }
  return { at: 'comparator', field }
}

function afterWord<A extends string>(state: Extract<State<A>, { at: 'words' }>, token: Token, word: string): State<A> {
  const { field, comparator } = state
  if (word === '(' || word === ',') return { at: 'value', field, comparator, inList: true }
  if (word === ')' || word === 'NULL') return { at: 'connective' }
  if (word === 'IN') return { at: 'words', field, comparator: `${comparator} IN`, words: ['('] }
  if (word === 'NOT') return { at: 'words', field, comparator: 'IS NOT', words: ['NULL'] }
  return token.kind === 'text' ? { ...state, words: [',', ')'] } : state
}

const startsKey = (token: Token): boolean =>
  keywordOf(token) === null && (token.kind === 'name' || (token.kind === 'text' && token.quote === '"'))

const fieldOf = <A extends string>(token: Token, vocabulary: Vocabulary<A>): Field<A> | null =>
  isFieldToken(token) ? findField(token, vocabulary, 'filter') : null

const comparators = <A extends string>(field: Field<A> | null, vocabulary: Vocabulary<A>): readonly Comparator[] =>
  field === null
    ? ['=', '!=', '>', '>=', '<', '<=', 'LIKE', 'ILIKE', 'IN', 'NOT IN', 'IS NULL', 'IS NOT NULL']
    : comparatorsOf(field, vocabulary)
