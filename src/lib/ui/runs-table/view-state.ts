import type { ViewType } from '#lib/domain/lifecycle.ts'
import type { ExperimentKeys } from '#lib/live/protocol.ts'
import { columnIds, defaultColumns, parseColumns, sameColumns, type Columns } from './columns.ts'
import { DEFAULT_SORT, parseSort, sameSort, sortToText, type Sort } from './order.ts'

/**
 * A table's state as its URL says it. What is left at its default is left out:
 * `?filter=metrics.loss < 1&order=metrics.loss asc&view=deleted&col=status&col=metrics.loss`
 */
export interface ViewState {
  readonly filter: string
  readonly sort: Sort
  readonly view: ViewType
  /** null: nobody chose, the defaults show. */
  readonly columns: Columns | null
}

const VIEW_WORDS: Readonly<Record<ViewType, string>> = { ACTIVE_ONLY: '', DELETED_ONLY: 'deleted', ALL: 'all' }

export function readViewState(params: URLSearchParams): ViewState {
  const columns = params.getAll('col')
  return {
    filter: params.get('filter') ?? '',
    sort: parseSort(params.get('order') ?? '') ?? DEFAULT_SORT,
    view: params.get('view') === 'deleted' ? 'DELETED_ONLY' : params.get('view') === 'all' ? 'ALL' : 'ACTIVE_ONLY',
    columns: columns.length > 0 ? parseColumns(columns) : null
  }
}

/** Write a state over the params of a URL; params that are not a table's stay. */
export function writeViewState(state: ViewState, onto: URLSearchParams): URLSearchParams {
  const params = new URLSearchParams(onto)
  const set = (name: string, value: string): void => (value === '' ? params.delete(name) : params.set(name, value))
  set('filter', state.filter)
  set('order', sameSort(state.sort, DEFAULT_SORT) ? '' : sortToText(state.sort))
  set('view', VIEW_WORDS[state.view])
  params.delete('col')
  // No column at all is a choice too; the word stands for it, because an empty list reads as no choice.
  const ids = state.columns === null ? [] : columnIds(state.columns)
  for (const id of state.columns !== null && ids.length === 0 ? ['none'] : ids) params.append('col', id)
  return params
}

/** A choice equal to the defaults is no choice: it would hide keys that are logged later. */
export const choiceOf = (columns: Columns, keys: ExperimentKeys): Columns | null =>
  sameColumns(columns, defaultColumns(keys)) ? null : columns

const storageName = (experimentId: string): string => `runnel:columns:${experimentId}`

/** Columns last chosen for an experiment on this device; null when none were, or storage is closed to us. */
export function rememberedColumns(experimentId: string): Columns | null {
  try {
    const text = localStorage.getItem(storageName(experimentId))
    const ids: unknown = text === null ? null : JSON.parse(text)
    return Array.isArray(ids) ? parseColumns(ids.filter((id) => typeof id === 'string')) : null
  } catch {
    return null
  }
}

export function rememberColumns(experimentId: string, columns: Columns | null): void {
  try {
    if (columns === null) localStorage.removeItem(storageName(experimentId))
    else localStorage.setItem(storageName(experimentId), JSON.stringify(columnIds(columns)))
  } catch {
    // Only comfort is lost: the URL still holds the choice.
  }
}
