import { highlightFilter, type SpanKind } from '#lib/domain/search/highlight.ts'
import { parseRunFilter } from '#lib/domain/search/parse-filter.ts'
import { SearchSyntaxError, type SyntaxDetail } from '#lib/domain/search/syntax-error.ts'
import { RUNS } from '#lib/domain/search/vocabulary.ts'

/** A stretch of a filter as it is drawn. */
export interface Piece {
  readonly text: string
  readonly kind: SpanKind | 'space'
  readonly wrong: boolean
}

/** Where a filter cannot be read, or null. White space alone is no filter at all. */
export function filterProblem(text: string): SyntaxDetail | null {
  try {
    parseRunFilter(text.trim() === '' ? '' : text)
    return null
  } catch (error) {
    if (error instanceof SearchSyntaxError) return error.detail
    throw error
  }
}

/** Whether something a host refused says where: a filter may be fine here and too much there. */
export function problemOf(detail: unknown): SyntaxDetail | null {
  const maybe = detail as Partial<SyntaxDetail> | null | undefined
  return typeof maybe?.position === 'number' && typeof maybe.length === 'number' && typeof maybe.hint === 'string'
    ? { position: maybe.position, length: maybe.length, hint: maybe.hint, expected: maybe.expected ?? [] }
    : null
}

/**
 * A filter cut into coloured pieces that together are its text, the place of a problem marked.
 * A problem of no length is something missing: the mark then stands on the white space there, or on a space added at the end.
 */
export function filterPieces(text: string, problem: SyntaxDetail | null): readonly Piece[] {
  const wrongFrom = problem?.position ?? -1
  const wrongTo = problem === null ? -1 : problem.position + Math.max(1, problem.length)
  const shown = wrongTo > text.length ? text.padEnd(wrongTo, ' ') : text
  const kinds = kindAt(text)
  const pieces: { text: string; kind: Piece['kind']; wrong: boolean }[] = []
  for (let at = 0; at < shown.length; at++) {
    const kind = kinds[at] ?? 'space'
    const wrong = at >= wrongFrom && at < wrongTo
    const last = pieces.at(-1)
    if (last && last.kind === kind && last.wrong === wrong) last.text += shown[at]
    else pieces.push({ text: shown[at]!, kind, wrong })
  }
  return pieces
}

function kindAt(text: string): readonly (SpanKind | undefined)[] {
  const kinds = new Array<SpanKind | undefined>(text.length)
  for (const span of highlightFilter(text, RUNS)) kinds.fill(span.kind, span.start, span.end)
  return kinds
}
