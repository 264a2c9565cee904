import { collator } from '../run/metric-groups.ts'
import { RUN_COLORS, runColor } from '../shared/run-color.ts'

/** Runs with one value of a param or tag, drawn as one band. */
export interface RunGroup {
  /** null: they have no value. */
  readonly value: string | null
  /** A CSS colour. */
  readonly color: string
  readonly runs: number
}

export interface Grouped {
  /** By value, as people sort them; those without a value last. */
  readonly groups: readonly RunGroup[]
  /** Parallel to the runs: where each one's group stands in `groups`. */
  readonly indices: readonly number[]
}

/**
 * Put runs together by their value.
 *
 * runs     any order; `number` is the run's place among those of its experiment
 * returns  colours go by who had a value first, so that a value logged later changes no colour that is there
 */
export function groupRuns(runs: readonly { readonly number: number; readonly value: string | null }[]): Grouped {
  const first = new Map<string | null, { least: number; runs: number }>()
  for (const { number, value } of runs) {
    const known = first.get(value)
    if (known) {
      known.least = Math.min(known.least, number)
      known.runs++
    } else first.set(value, { least: number, runs: 1 })
  }
  const byAge = [...first.keys()].sort((a, b) => first.get(a)!.least - first.get(b)!.least)
  const colors = new Map(byAge.map((value, at) => [value, runColor((at % RUN_COLORS) + 1)]))
  const values = [...first.keys()].sort(compareValues)
  const places = new Map(values.map((value, at) => [value, at]))
  return {
    groups: values.map((value) => ({ value, color: colors.get(value)!, runs: first.get(value)!.runs })),
    indices: runs.map(({ value }) => places.get(value)!)
  }
}

/** Numbers by size, then texts as people sort them, then no value. */
function compareValues(a: string | null, b: string | null): number {
  const [x, y] = [numberIn(a), numberIn(b)]
  if (x !== null && y !== null && x !== y) return x - y
  const rank = (value: string | null, number: number | null): number => (value === null ? 2 : number === null ? 1 : 0)
  return rank(a, x) - rank(b, y) || collator.compare(a ?? '', b ?? '')
}

function numberIn(text: string | null): number | null {
  const number = text === null || text.trim() === '' ? NaN : Number(text)
  return Number.isNaN(number) ? null : number
}
