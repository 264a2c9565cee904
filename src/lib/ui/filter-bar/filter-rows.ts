/** A filter as rows of key, comparator and value, where it is no more than that: the text stays the truth, and rows are written back into it. */
import { parseRunFilter } from '#lib/domain/search/parse-filter.ts'
import { printField, printFilter, printText } from '#lib/domain/search/print.ts'
import { SearchSyntaxError } from '#lib/domain/search/syntax-error.ts'
import type { Comparator, Comparison, Field, FilterTree } from '#lib/domain/search/tree.ts'
import { comparatorsOf, isNumeric, RUNS } from '#lib/domain/search/vocabulary.ts'

/** A row as it is typed: its key as in the grammar, its value without quotes, those of a list with commas between. */
export interface FilterRow {
  readonly key: string
  readonly comparator: Comparator
  readonly value: string
}

export type FilterShape =
  | { readonly kind: 'rows'; readonly rows: readonly FilterRow[] }
  /** With OR, parentheses or a list of odd texts: more than rows can say. */
  | { readonly kind: 'rich'; readonly terms: readonly FilterTerm[] }
  /** It cannot be read yet. */
  | { readonly kind: 'broken' }

/** One line of a rich filter, for reading only. */
export interface FilterTerm {
  readonly depth: number
  readonly text: string
}

export const NEW_ROW: FilterRow = { key: '', comparator: '=', value: '' }

export function shapeOf(text: string): FilterShape {
  const tree = parsed(text)
  if (tree === undefined) return { kind: 'broken' }
  if (tree === null) return { kind: 'rows', rows: [] }
  const terms = tree.kind === 'and' ? tree.terms : [tree]
  const comparisons = terms.filter((term): term is Comparison => term.kind !== 'and' && term.kind !== 'or')
  const rows = comparisons.map(rowOf)
  // Rows are written back whole whenever one of them is changed: the others must be what they were.
  const isWhole = comparisons.length === terms.length && textOf(rows) === printFilter(tree)
  return isWhole ? { kind: 'rows', rows } : { kind: 'rich', terms: outline(tree, 0) }
}

/** Undefined for what cannot be read; null for no filter. */
function parsed(text: string): FilterTree | null | undefined {
  try {
    return parseRunFilter(text.trim() === '' ? '' : text)
  } catch (error) {
    if (error instanceof SearchSyntaxError) return undefined
    throw error
  }
}

function rowOf(comparison: Comparison): FilterRow {
  const [key, comparator] = [printField(comparison.field), comparison.comparator]
  switch (comparison.kind) {
    case 'null':
      return { key, comparator, value: '' }
    case 'set':
      return { key, comparator, value: comparison.values.map(printItem).join(', ') }
    case 'number':
      return { key, comparator, value: printFilter(comparison).slice(`${key} ${comparator} `.length) }
    case 'text':
      return { key, comparator, value: comparison.value }
  }
}

/** Plain where a comma cannot be taken for the next one's. */
const printItem = (value: string): string =>
  /^[^\s,'"`][^,'"`]*$/.test(value) && value.trim() === value ? value : printText(value)

const CONNECTIVES = { and: 'all of', or: 'any of' } as const

function outline(tree: FilterTree, depth: number): FilterTerm[] {
  if (tree.kind !== 'and' && tree.kind !== 'or') return [{ depth, text: printFilter(tree) }]
  return [{ depth, text: CONNECTIVES[tree.kind] }, ...tree.terms.flatMap((term) => outline(term, depth + 1))]
}

// ── back into text ──────────────────────────────────────────────────────────────────────────────────────────────────────────────

/** The field a key names; null while it names none. */
export function fieldOf(key: string): Field | null {
  for (const value of ['1', "'x'"]) {
    const tree = parsed(`${key} = ${value}`)
    if (tree && tree.kind !== 'and' && tree.kind !== 'or') return tree.field
  }
  return null
}

export const comparatorsFor = (field: Field | null): readonly Comparator[] =>
  field === null ? ['=', '!='] : comparatorsOf(field, RUNS)

export const needsValue = (comparator: Comparator): boolean => comparator !== 'IS NULL' && comparator !== 'IS NOT NULL'

/** One row as a comparison of the grammar; null while it is not whole. */
export function comparisonOf(row: FilterRow): Comparison | null {
  const field = fieldOf(row.key)
  if (field === null) return null
  const tree = parsed(`${row.key} ${row.comparator}${operand(row, field)}`)
  return tree && tree.kind !== 'and' && tree.kind !== 'or' ? tree : null
}

function operand({ comparator, value }: FilterRow, field: Field): string {
  if (!needsValue(comparator)) return ''
  if (comparator === 'IN' || comparator === 'NOT IN') return ` (${items(value).map(printText).join(', ')})`
  return ` ${isNumeric(field, RUNS) ? value.trim() : printText(value)}`
}

/** The values of a list: plain, or in quotes where one holds a comma. */
function items(text: string): string[] {
  const found = [...text.matchAll(/\s*(?:'([^']*)'|"([^"]*)"|([^,]+))\s*(?:,|$)/g)]
  return found.map(([, single, double, plain = '']) => single ?? double ?? plain.trim()).filter((item) => item !== '')
}

/** The filter that says what the rows say; those that are not whole yet are left out. */
export function textOf(rows: readonly FilterRow[]): string {
  const comparisons = rows.map(comparisonOf).filter((comparison) => comparison !== null)
  return comparisons.map((comparison) => printFilter(comparison)).join(' AND ')
}

/** Another key takes the row's comparator along as far as it knows it. */
export function withKey(row: FilterRow, key: string): FilterRow {
  const known = comparatorsFor(fieldOf(key))
  return { ...row, key, comparator: known.includes(row.comparator) ? row.comparator : known[0]! }
}
