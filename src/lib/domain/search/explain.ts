/** Why a filter leaves a run out: each of its conditions by itself, with the meaning that evaluate.ts gives it. */
import type { Run } from '../run.ts'
import { runMatches } from './evaluate.ts'
import { printFilter } from './print.ts'
import { joinTerms, type FilterTree } from './tree.ts'

/** One of the conditions that all have to hold: a comparison, or several of which one has to. */
export interface Condition {
  /** As it is written. */
  readonly text: string
  readonly holds: boolean
}

export interface Explanation {
  readonly conditions: readonly Condition[]
  /** The filter without the conditions that do not hold; `''` when none does. */
  readonly rest: string
}

export function explainRunFilter(tree: FilterTree | null, run: Run): Explanation {
  const terms = tree === null ? [] : tree.kind === 'and' ? tree.terms : [tree]
  const judged = terms.map((term) => ({ term, holds: runMatches(term, run) }))
  return {
    conditions: judged.map(({ term, holds }) => ({ text: printFilter(term), holds })),
    rest: printFilter(
      joinTerms(
        'and',
        judged.filter(({ holds }) => holds).map(({ term }) => term)
      )
    )
  }
}
