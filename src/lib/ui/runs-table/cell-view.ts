import type { Aggregate, TextSummary } from '#lib/domain/aggregate.ts'
import { exactNumber, formatCount, formatNumber } from '../shared/format.ts'
import { aggregateText, aggregateTitle, type AggregateName } from './grouping.ts'
import { isBest, type Span } from './magnitude.ts'

/** A cell as it is drawn. */
export interface CellView {
  readonly text: string
  /** All of it, on hover. */
  readonly title: string | undefined
  readonly look: 'plain' | 'faint' | 'best' | 'bad'
}

const WAITING: CellView = { text: '', title: undefined, look: 'plain' }
const ABSENT: CellView = { text: '—', title: undefined, look: 'faint' }

/** value  undefined while it has not come; `span` of the column sorted by, null for others */
export function cellView(value: string | number | null | undefined, span: Span | null): CellView {
  if (value === undefined) return WAITING
  if (value === null) return ABSENT
  if (typeof value === 'string') return { text: value, title: value, look: 'plain' }
  const look = !Number.isFinite(value) ? 'bad' : isBest(value, span) ? 'best' : 'plain'
  return { text: formatNumber(value), title: exactNumber(value), look }
}

export function groupCellView(found: Aggregate | TextSummary | null | undefined, shown: AggregateName): CellView {
  if (found === undefined) return WAITING
  if (found === null) return ABSENT
  if ('mean' in found) return { text: aggregateText(found, shown), title: aggregateTitle(found), look: 'plain' }
  if (found.value !== null) return { text: found.value, title: found.value, look: 'plain' }
  return { text: `${formatCount(found.distinct)} values`, title: undefined, look: 'faint' }
}
