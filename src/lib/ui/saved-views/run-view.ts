/** What a saved view of the runs table keeps: the table's state as one text (view-state.ts), and how much of it this version understands. */
import { parseViewState, viewStateToText, type ViewState } from '../runs-table/view-state.ts'

export interface ReadView {
  readonly state: ViewState
  /** False when something in it means nothing here: it was saved by another version. The rest is shown all the same. */
  readonly whole: boolean
}

/** Null for what is no state of a runs table at all. */
export function readView(text: string): ReadView | null {
  const state = parseViewState(text)
  return state && { state, whole: contents(text) === contents(viewStateToText(state)) }
}

/** The version, and the params in any order, which says nothing. */
function contents(text: string): string {
  const { version, params } = JSON.parse(text) as { readonly version?: unknown; readonly params: string }
  const pairs = [...new URLSearchParams(params)].map((pair) => JSON.stringify(pair))
  return JSON.stringify([version, pairs.sort()])
}

export const sameView = (a: ViewState, b: ViewState): boolean => viewStateToText(a) === viewStateToText(b)
