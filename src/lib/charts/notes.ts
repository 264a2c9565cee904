/** What a chart does not draw as a line, in words: nothing is left out silently. */
import type { ChartLine } from '#lib/live/protocol.ts'
import type { YScale } from './y-scale.ts'

const grouped = new Intl.NumberFormat('en-US', { maximumFractionDigits: 0 })

/** `12 NaN · 1 +∞ · 3 not above 0 · 4 without x`; empty when everything is drawn. Of what was asked for, all lines together. */
export function notesOf(lines: readonly ChartLine[], y: YScale): string {
  const sum = (count: (line: ChartLine) => number): number => lines.reduce((total, line) => total + count(line), 0)
  const parts: [number, string][] = [
    [sum(({ raw }) => raw.nanCount), 'NaN'],
    [sum(({ raw }) => raw.posInfCount), '+∞'],
    [sum(({ raw }) => raw.negInfCount), '-∞'],
    [y === 'log' ? sum(({ raw }) => notAboveZero(raw.y)) : 0, 'not above 0'],
    [sum(({ unplaced }) => unplaced), 'without x']
  ]
  return parts.flatMap(([count, what]) => (count > 0 ? [`${grouped.format(count)} ${what}`] : [])).join(' · ')
}

function notAboveZero(values: Float64Array): number {
  let count = 0
  for (let i = 0; i < values.length; i++) if (values[i]! <= 0) count++
  return count
}
