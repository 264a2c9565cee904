/** Tree to text: the canonical spelling, which reads back as the same tree. Also how the filter bar writes what it completes. */
import { unreachable } from '../errors.ts'
import type { Comparison, Field, FieldKind, FilterTree, OrderBy } from './tree.ts'

/** Parentheses only where AND's tighter binding would otherwise change the meaning. */
export function printFilter<A extends string>(tree: FilterTree<A> | null): string {
  if (tree === null) return ''
  if (tree.kind === 'or') return tree.terms.map(printFilter).join(' OR ')
  if (tree.kind === 'and')
    return tree.terms.map((term) => (term.kind === 'or' ? `(${printFilter(term)})` : printFilter(term))).join(' AND ')
  return printComparison(tree)
}

function printComparison<A extends string>(comparison: Comparison<A>): string {
  const start = `${printField(comparison.field)} ${comparison.comparator}`
  switch (comparison.kind) {
    case 'number':
      return `${start} ${printNumber(comparison.value)}`
    case 'text':
      return `${start} ${printText(comparison.value)}`
    case 'set':
      return `${start} (${comparison.values.map(printText).join(', ')})`
    case 'null':
      return start
    default:
      return unreachable(comparison)
  }
}

export const printOrderBy = <A extends string>({ field, descending }: OrderBy<A>): string =>
  `${printField(field)} ${descending ? 'DESC' : 'ASC'}`

const PREFIX = {
  metric: 'metrics.',
  param: 'params.',
  tag: 'tags.',
  attribute: '',
  dataset: 'dataset.'
} as const satisfies Record<FieldKind, string>

export const printField = <A extends string>(field: Field<A>): string => `${PREFIX[field.kind]}${printKey(field.key)}`

/** Plain where no quotes are needed, in MLflow and here; else in the first quotes that hold it. */
export function printKey(key: string): string {
  if (/^[A-Za-z_]\w*(?:\.[A-Za-z_]\w*)*$/.test(key) && !RESERVED.test(key)) return key
  if (!key.includes('`')) return `\`${key}\``
  return key.startsWith('`') && key.endsWith('`') ? escaped(key) : printQuoted(key, '"', "'")
}

/** Words MLflow's lexer takes for SQL even after a prefix: all of them, found by trying every word of its table. */
const RESERVED = /(?:^|\.)(?:as|case|from|in|using|values)(?:$|\.)/i

/** A quoted text. MLflow reads it the same, except the `E'…'` of a text that neither of its quotes can hold. */
export const printText = (text: string): string => printQuoted(text, "'", '"')

function printQuoted(text: string, ...quotes: readonly string[]): string {
  // A backslash at the end would make the quote that closes look escaped.
  const quote = text.endsWith('\\') ? undefined : quotes.find((candidate) => !text.includes(candidate))
  return quote === undefined ? escaped(text) : `${quote}${text}${quote}`
}

const escaped = (text: string): string => `E'${text.replace(/['\\]/g, '\\$&')}'`

/** Infinity has no word in the grammar, but overflows from one. */
function printNumber(value: number): string {
  if (Number.isFinite(value)) return String(value).replace('e+', 'e')
  return value > 0 ? '1e999' : '-1e999'
}
