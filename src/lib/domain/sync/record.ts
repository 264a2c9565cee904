/** A writer's facts of one subject, folded: what it said over again is left out. */
import { mergeSeries } from '../series-order.ts'
import { packSeries, unpackSeries } from '../chunk/chunk.ts'
import type { Cell, Facts, SeriesFacts } from './facts.ts'
import { keepsFirst } from './cells.ts'

export const NO_FACTS: Facts = { from: 1, to: 0, cells: [], series: [] }

/**
 * `record` with what was said after it. `next` must begin no later than right after it ends.
 * Of what one writer said twice, the value stays that would win.
 */
export function foldFacts(record: Facts, next: Facts): Facts {
  if (next.to <= record.to) return record
  const cells = new Map(record.cells.map((cell) => [cell.field, cell]))
  for (const cell of next.cells) {
    const known = cells.get(cell.field)
    if (known === undefined || replaces(cell, known)) cells.set(cell.field, cell)
  }
  const series = new Map(record.series.map((one) => [one.key, one]))
  for (const one of next.series) series.set(one.key, joinSeries(series.get(one.key), one))
  return { from: record.from, to: next.to, cells: inOrder(cells), series: inOrder(series) }
}

const replaces = (next: Cell, known: Cell): boolean =>
  keepsFirst(next.field) ? next.hlc < known.hlc : next.hlc >= known.hlc

function joinSeries(known: SeriesFacts | undefined, next: SeriesFacts): SeriesFacts {
  if (known === undefined) return next
  const points = [known.points, next.points].filter((packed) => packed !== null)
  return {
    key: next.key,
    to: Math.max(known.to, next.to),
    points: points.length < 2 ? (points[0] ?? null) : packSeries(mergeSeries(points.map(unpackSeries))),
    sealed: next.sealed ?? known.sealed
  }
}

/** The same without points: what a store keeps of facts whose points stand in its series. */
export const withoutPoints = (facts: Facts): Facts => ({
  ...facts,
  series: facts.series.map(({ key, to }) => ({ key, to, points: null, sealed: null }))
})

function inOrder<T>(byKey: ReadonlyMap<string, T>): T[] {
  return [...byKey].sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0)).map(([, value]) => value)
}
