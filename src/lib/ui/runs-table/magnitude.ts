/** The ends of a sorted metric over all matches: `best` is the first in the order asked for. */
export interface Span {
  readonly best: number
  readonly worst: number
}

/** The share, 0 to 1, of a sorted metric's bar: full for the best value, a sliver for the worst, none for what is no number. */
export function magnitude(value: string | number | null, span: Span | null): number {
  if (span === null || typeof value !== 'number' || !Number.isFinite(value)) return 0
  const width = span.worst - span.best
  if (!Number.isFinite(width) || width === 0) return value === span.best ? 1 : 0
  return Math.min(1, Math.max(0.04, (span.worst - value) / width))
}

export const isBest = (value: string | number | null, span: Span | null): boolean =>
  span !== null && value === span.best && span.best !== span.worst
