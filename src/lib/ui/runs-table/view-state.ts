import type { ViewType } from '#lib/domain/lifecycle.ts'
import type { GroupKey } from '#lib/domain/table-column.ts'
import type { ExperimentKeys } from '#lib/live/protocol.ts'
import { columnIds, defaultColumns, parseColumns, sameColumns, type Columns } from './columns.ts'
import { AGGREGATES, groupId, parseGroups, type AggregateName } from './grouping.ts'
import { isPlain, NO_LAYOUT, parsePinned, parseWidths, widthToText, type Layout } from './layout.ts'
import { parseSorts, sortToText, type Sorts } from './order.ts'

/**
 * A table's state as its URL says it. What is left at its default is left out:
 * `?filter=metrics.loss < 1&order=metrics.loss asc&order=name asc&view=deleted&col=status&col=min:metrics.loss&pin=min:metrics.loss`
 * `&width=120 status&cols=all&varies=1&group=params.opt&show=min&tree=1`
 */
export interface ViewState {
  readonly filter: string
  readonly sort: Sorts
  readonly view: ViewType
  /** null: nobody arranged anything, what was last arranged here or the defaults show. */
  readonly layout: Layout | null
  /** Every column there is, after those that were chosen. */
  readonly all: boolean
  /** Only columns whose values vary over the runs that match. */
  readonly varying: boolean
  readonly groupBy: readonly GroupKey[]
  /** What the rows of groups show of a metric. */
  readonly aggregate: AggregateName
  /** Runs stand below their parents. */
  readonly tree: boolean
}

const VIEW_WORDS: Readonly<Record<ViewType, string>> = { ACTIVE_ONLY: '', DELETED_ONLY: 'deleted', ALL: 'all' }
/** No column at all is a choice too; the word stands for it, because an empty list reads as no choice. */
const NO_COLUMN = 'none'

export function readViewState(params: URLSearchParams): ViewState {
  return {
    filter: params.get('filter') ?? '',
    sort: parseSorts(params.getAll('order')),
    view: params.get('view') === 'deleted' ? 'DELETED_ONLY' : params.get('view') === 'all' ? 'ALL' : 'ACTIVE_ONLY',
    layout: readLayout(params),
    all: params.get('cols') === 'all',
    varying: params.get('varies') === '1',
    groupBy: parseGroups(params.getAll('group')),
    aggregate: AGGREGATES.find((known) => known === params.get('show')) ?? 'mean',
    tree: params.get('tree') === '1'
  }
}

function readLayout(params: URLSearchParams): Layout | null {
  const texts = params.getAll('col')
  const layout: Layout = {
    columns: texts.length > 0 ? parseColumns(texts) : null,
    pinned: parsePinned(params.getAll('pin')),
    widths: parseWidths(params.getAll('width'))
  }
  return isPlain(layout) ? null : layout
}

/** Write a state over the params of a URL; params that are not a table's stay. */
export function writeViewState(state: ViewState, onto: URLSearchParams): URLSearchParams {
  const params = new URLSearchParams(onto)
  const set = (name: string, ...values: readonly string[]): void => {
    params.delete(name)
    for (const value of values) if (value !== '') params.append(name, value)
  }
  const { columns, pinned, widths } = state.layout ?? NO_LAYOUT
  set('filter', state.filter)
  set('order', ...state.sort.map(sortToText))
  set('view', VIEW_WORDS[state.view])
  set('col', ...(columns?.length === 0 ? [NO_COLUMN] : columnIds(columns ?? [])))
  set('pin', ...pinned)
  set('width', ...Object.entries(widths).map(widthToText))
  set('cols', state.all ? 'all' : '')
  set('varies', state.varying ? '1' : '')
  set('group', ...state.groupBy.map(groupId))
  set('show', state.aggregate === 'mean' ? '' : state.aggregate)
  set('tree', state.tree ? '1' : '')
  return params
}

// ── views that are saved ────────────────────────────────────────────────────────────────────────────────────────────────────────

/** A state as one text, for saving: JSON that holds what a URL would. */
export const viewStateToText = (state: ViewState): string =>
  JSON.stringify({ version: 1, params: writeViewState(state, new URLSearchParams()).toString() })

/** Null for a text that is none. */
export function parseViewState(text: string): ViewState | null {
  try {
    const saved: unknown = JSON.parse(text)
    if (typeof saved !== 'object' || saved === null || !('params' in saved)) return null
    return typeof saved.params === 'string' ? readViewState(new URLSearchParams(saved.params)) : null
  } catch {
    return null
  }
}

// ── what is remembered on this device ───────────────────────────────────────────────────────────────────────────────────────────

/** Columns equal to the defaults are no choice: they would hide keys that are logged later. */
export const choiceOf = (columns: Columns, keys: ExperimentKeys): Columns | null =>
  sameColumns(columns, defaultColumns(keys)) ? null : columns

const storageName = (experimentId: string): string => `runnel:columns:${experimentId}`

/** How an experiment's columns were last arranged on this device; null when they were not, or storage is closed to us. */
export function rememberedLayout(experimentId: string): Layout | null {
  try {
    const text = localStorage.getItem(storageName(experimentId))
    return text === null ? null : layoutFrom(JSON.parse(text))
  } catch {
    return null
  }
}

/** Older versions kept a list of columns and nothing else. */
function layoutFrom(kept: unknown): Layout | null {
  const texts = (value: unknown): string[] =>
    Array.isArray(value) ? value.filter((text) => typeof text === 'string') : []
  if (Array.isArray(kept)) return { ...NO_LAYOUT, columns: parseColumns(texts(kept)) }
  if (typeof kept !== 'object' || kept === null) return null
  const { columns, pinned, widths } = kept as Readonly<Record<string, unknown>>
  return {
    columns: Array.isArray(columns) ? parseColumns(texts(columns)) : null,
    pinned: parsePinned(texts(pinned)),
    widths: parseWidths(texts(widths))
  }
}

export function rememberLayout(experimentId: string, layout: Layout | null): void {
  try {
    if (layout === null) return localStorage.removeItem(storageName(experimentId))
    const { columns, pinned, widths } = layout
    const kept = { columns: columns && columnIds(columns), pinned, widths: Object.entries(widths).map(widthToText) }
    localStorage.setItem(storageName(experimentId), JSON.stringify(kept))
  } catch {
    // Only comfort is lost: the URL still holds the choice.
  }
}
