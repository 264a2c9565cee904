/** What a chart of lines shows, as rows. */
import type { ChartBand, ChartX } from '#lib/live/protocol.ts'
import { joined, type Cell, type Shown } from './shown.ts'
import type { Range } from './scale.ts'
import { firstAtLeast, nearestIndex, type LineTracks } from './tracks.ts'

export const xName = (x: ChartX): string =>
  typeof x === 'object' ? x.metric : { step: 'step', time: 'timestamp', relative: 'ms since start' }[x]

/**
 * One row for each point in the range, line by line in their order, x ascending: those that are drawn, and those that are no numbers. Of a
 * sampled line these are the first, last, least and greatest of each pixel column.
 *
 * columns  the run's name and id, x, the value, its smoothed value, and of bands the least, the greatest and the number of runs
 */
export function shownLines(
  lines: readonly LineTracks[],
  bands: readonly ChartBand[],
  range: Range | null,
  x: ChartX,
  names: Readonly<Record<string, string>>,
  groupNames: (group: number) => string
): Shown {
  const [from, to] = range ?? [-Infinity, Infinity]
  const smooths = lines.some(({ smooth }) => smooth !== null)
  const columns = [
    'line',
    'run id',
    xName(x),
    'value',
    ...(smooths ? ['smoothed'] : []),
    ...(bands.length > 0 ? ['min', 'max', 'runs'] : [])
  ]
  const pad = (cells: Cell[]): Cell[] => [...cells, ...columns.slice(cells.length).map(() => null)]
  const ofLine = (tracks: LineTracks) => {
    const { raw, runId, line, smooth } = tracks
    const [start, end] = inside(raw.x, from, to)
    const row = (i: number): Cell[] => {
      const at = start + i
      const calm = smooth === null ? -1 : nearestIndex(smooth.x, raw.x[at]!)
      const calmCell = calm >= 0 && smooth!.x[calm] === raw.x[at] ? line.smooth!.y[calm]! : null
      return pad([names[runId] ?? runId, runId, raw.x[at]!, tracks.values[at]!, ...(smooths ? [calmCell] : [])])
    }
    return { count: end - start, row }
  }
  const ofBand = (band: ChartBand) => {
    const [start, end] = inside(band.x, from, to)
    const row = (i: number): Cell[] => {
      const at = start + i
      const ends = [band.min[at]!, band.max[at]!, band.runs[at]!]
      return [groupNames(band.group), null, band.x[at]!, band.mean[at]!, ...(smooths ? [null] : []), ...ends]
    }
    return { count: end - start, row }
  }
  return joined(columns, [...lines.map(ofLine), ...bands.map(ofBand)])
}

function inside(x: Float64Array, from: number, to: number): [start: number, end: number] {
  const start = firstAtLeast(x, from)
  let end = firstAtLeast(x, to)
  while (end < x.length && x[end] === to) end++
  return [start, end]
}
