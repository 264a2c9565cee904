import type { RunId } from '#lib/domain/ids.ts'
import { toNumber, type Cell } from './value-scale.ts'

/** One bar: of a run, or of a group with the reach of its runs. */
export interface Bar {
  /** Of the run; null for a group. */
  readonly runId: RunId | null
  readonly name: string
  readonly color: string
  /** null: no value. */
  readonly value: number | null
  /** Least and greatest of a group's values; null for a run. */
  readonly reach: readonly [low: number, high: number] | null
}

interface BarRun {
  readonly runId: RunId
  readonly name: string
  readonly color: string
}

export const runBars = (runs: readonly BarRun[], cells: readonly Cell[]): readonly Bar[] =>
  runs.map(({ runId, name, color }, at) => ({ runId, name, color, value: toNumber(cells[at] ?? null), reach: null }))

/**
 * A bar for each group: the mean of its runs' values that are numbers.
 *
 * indices  the group of each cell, parallel to `cells`
 */
export function groupBars(
  groups: readonly { readonly name: string; readonly color: string }[],
  indices: readonly number[],
  cells: readonly Cell[]
): readonly Bar[] {
  const values = groups.map((): number[] => [])
  cells.forEach((cell, at) => {
    const value = toNumber(cell)
    if (value !== null && Number.isFinite(value)) values[indices[at]!]?.push(value)
  })
  return groups.map(({ name, color }, group) => {
    const own = values[group]!
    if (own.length === 0) return { runId: null, name, color, value: null, reach: null }
    // Divided first: a sum of large numbers is not always a number.
    const mean = own.reduce((sum, value) => sum + value / own.length, 0)
    const low = own.reduce((a, b) => Math.min(a, b))
    return { runId: null, name, color, value: mean, reach: [low, own.reduce((a, b) => Math.max(a, b))] }
  })
}

/** What the bars lie between: 0 and every value that is a number. */
export function barSpan(bars: readonly Bar[]): readonly [low: number, high: number] {
  let [low, high] = [0, 0]
  for (const { value, reach } of bars)
    for (const end of [value, ...(reach ?? [])])
      if (end !== null && Number.isFinite(end)) [low, high] = [Math.min(low, end), Math.max(high, end)]
  return low === high ? [0, 1] : [low, high]
}
