import type { ColumnRef, RunRow } from '#lib/live/protocol.ts'
import { exactNumber } from '../shared/format.ts'

/** A piece of a name: a text as it is, the place in the row, the name so far, or a value of the run. */
type Piece =
  | { readonly kind: 'text'; readonly text: string }
  | { readonly kind: 'n' | 'old' }
  | { readonly kind: 'value'; readonly column: ColumnRef }

export interface NamePattern {
  readonly pieces: readonly Piece[]
  /** The values it speaks of, each once: ask for these. */
  readonly columns: readonly ColumnRef[]
}

/** What stands for a value the run does not have. */
const MISSING = '-'

const KINDS = { params: 'param', metrics: 'metric', tags: 'tag' } as const

/**
 * `{old} #{n}, rate {params.lr}`: `{n}` counts from 1, `{old}` is the name now, and `{params.…}`, `{metrics.…}` and `{tags.…}` are values; keys
 * are written as they are, without quotes. A brace that is meant is written twice.
 * Fails with a sentence for the field it was typed into.
 */
export function parseNamePattern(text: string): NamePattern {
  const pieces: Piece[] = []
  for (const match of text.matchAll(/\{\{|\}\}|\{([^{}]*)\}|[^{}]+|[{}]/g)) {
    const [raw, name] = match
    if (name !== undefined) pieces.push(placeholder(name))
    else if (raw === '{' || raw === '}') throw new Error(`A ${raw} that is meant is written twice: ${raw}${raw}.`)
    else pieces.push({ kind: 'text', text: raw === '{{' || raw === '}}' ? raw[0]! : raw })
  }
  if (text.trim() === '') throw new Error('A run needs a name.')
  const columns = pieces.flatMap((piece) => (piece.kind === 'value' ? piece.column : []))
  const distinct = new Map(columns.map((column) => [`${column.kind}.${column.key}`, column]))
  return { pieces, columns: [...distinct.values()] }
}

function placeholder(name: string): Piece {
  if (name === 'n' || name === 'old') return { kind: name }
  const dot = name.indexOf('.')
  const kind = KINDS[name.slice(0, dot) as keyof typeof KINDS]
  const key = name.slice(dot + 1)
  if (dot > 0 && kind !== undefined && key !== '') return { kind: 'value', column: { kind, key } }
  throw new Error(`{${name}} is not known. There are {n}, {old}, {params.…}, {metrics.…} and {tags.…}.`)
}

/** A run's new name. `n` counts from 1; the row's cells are those of the pattern's columns. */
export function nameOf(pattern: NamePattern, row: Pick<RunRow, 'name' | 'cells'>, n: number): string {
  const cell = ({ kind, key }: ColumnRef): string => {
    const value = row.cells[pattern.columns.findIndex((column) => column.kind === kind && column.key === key)] ?? null
    if (typeof value === 'number') return exactNumber(value)
    return value === null || value.trim() === '' ? MISSING : value
  }
  const texts = pattern.pieces.map((piece) => {
    if (piece.kind === 'text') return piece.text
    if (piece.kind === 'value') return cell(piece.column)
    return piece.kind === 'n' ? String(n) : row.name
  })
  return texts.join('').trim()
}
