/** Every reason why a table does not show a run, and what would show it. */
import { explainRunFilter, type Condition } from '#lib/domain/search/explain.ts'
import { parseRunFilter } from '#lib/domain/search/parse-filter.ts'
import { SearchSyntaxError } from '#lib/domain/search/syntax-error.ts'
import type { RunDetail } from '#lib/live/protocol.ts'
import type { ViewState } from '../runs-table/view-state.ts'

export type Reason =
  | { readonly kind: 'elsewhere'; readonly experimentId: string; readonly experiment: string }
  | { readonly kind: 'in-trash' }
  | { readonly kind: 'not-in-trash' }
  /** The filter cannot be read, so the table shows what an earlier one found. */
  | { readonly kind: 'broken-filter' }
  | { readonly kind: 'filter'; readonly conditions: readonly Condition[]; readonly rest: string }

/** None when it is among the table's runs: then it may still be folded away, or further down. */
export function reasonsAgainst(
  { run, experiment }: Pick<RunDetail, 'run' | 'experiment'>,
  experimentId: string,
  { filter, view }: Pick<ViewState, 'filter' | 'view'>
): readonly Reason[] {
  const deleted = run.info.lifecycleStage === 'deleted'
  const reasons: Reason[] = []
  if (experiment.experimentId !== experimentId)
    reasons.push({ kind: 'elsewhere', experimentId: experiment.experimentId, experiment: experiment.name })
  if (deleted && view === 'ACTIVE_ONLY') reasons.push({ kind: 'in-trash' })
  if (!deleted && view === 'DELETED_ONLY') reasons.push({ kind: 'not-in-trash' })
  return [...reasons, ...filterReasons(run, filter)]
}

function filterReasons(run: RunDetail['run'], filter: string): readonly Reason[] {
  try {
    const { conditions, rest } = explainRunFilter(parseRunFilter(filter), run)
    return conditions.every(({ holds }) => holds) ? [] : [{ kind: 'filter', conditions, rest }]
  } catch (error) {
    if (error instanceof SearchSyntaxError) return [{ kind: 'broken-filter' }]
    throw error
  }
}
