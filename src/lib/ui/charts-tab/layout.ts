/**
 * How an experiment's charts are arranged, as it is saved. It holds only what somebody chose, so that metrics logged later find their
 * place by themselves, and every change is a function from one layout to the next.
 *
 * Panels and groups are named by ids: `metric:train/loss` is the panel every metric has, `added:3` one that was put there;
 * `/train` is the group of a prefix (`/` of those without one), `added` the group of added panels.
 */
import { CHART_GRID } from '#lib/domain/limits.ts'
import type { ColumnRef } from '#lib/live/protocol.ts'
import type { SettingTexts } from './chart-settings.ts'

export type PanelId = string
export type GroupId = string

export const ADDED_GROUP: GroupId = 'added'
export const groupIdOf = (prefix: string): GroupId => `/${prefix}`
export const metricPanelId = (key: string): PanelId => `metric:${key}`

/** What a panel draws, where it is not a metric's own. */
export type PanelContent =
  | { readonly kind: 'line'; readonly key: string }
  | { readonly kind: 'bar'; readonly key: string }
  | { readonly kind: 'scatter'; readonly x: ColumnRef; readonly y: ColumnRef }
  | { readonly kind: 'parallel'; readonly columns: readonly ColumnRef[] }

export type AddedPanel = PanelContent & { readonly id: PanelId }

/** What is particular to one panel; what is missing is as everywhere. */
export interface PanelOptions {
  /** Columns of the grid it takes. */
  readonly span?: number
  /** CSS pixels of its drawing. */
  readonly height?: number
  /** Settings of its own, as chart-settings writes them. */
  readonly settings?: SettingTexts
  readonly as?: 'line' | 'bar'
}

export interface Layout {
  /** Of all charts; panels may have their own. */
  readonly settings: SettingTexts
  /** Groups in the order somebody gave them; others follow. */
  readonly groups: readonly GroupId[]
  /** The same for the panels of a group. */
  readonly order: Readonly<Record<GroupId, readonly PanelId[]>>
  readonly folded: Readonly<Record<GroupId, boolean>>
  readonly hidden: readonly PanelId[]
  readonly options: Readonly<Record<PanelId, PanelOptions>>
  readonly added: readonly AddedPanel[]
}

export const EMPTY_LAYOUT: Layout = {
  settings: {},
  groups: [],
  order: {},
  folded: {},
  hidden: [],
  options: {},
  added: []
}

/** Whether anything is arranged: settings are no arrangement. */
export const isArranged = (layout: Layout): boolean =>
  JSON.stringify({ ...layout, settings: {} }) !== JSON.stringify(EMPTY_LAYOUT)

// ── changes ─────────────────────────────────────────────────────────────────────────────────────────────────────────────────────

export const withSettings = (layout: Layout, texts: SettingTexts): Layout => ({
  ...layout,
  settings: { ...layout.settings, ...texts }
})

/** Put one of a list beside another of it. The same list when it stands there already, or one of the two is not in it. */
export function moveBeside<Id>(ids: readonly Id[], id: Id, target: Id, side: 'before' | 'after'): readonly Id[] {
  if (id === target || !ids.includes(id) || !ids.includes(target)) return ids
  const rest = ids.filter((other) => other !== id)
  const place = rest.indexOf(target) + (side === 'after' ? 1 : 0)
  return ids[place] === id ? ids : [...rest.slice(0, place), id, ...rest.slice(place)]
}

/**
 * The neighbour beside which one of a list comes to stand when it moves by places.
 *
 * drawn    what somebody sees of the list: they move among these
 * returns  null at the end of it
 */
export function neighbourAt<Id>(
  drawn: readonly Id[],
  id: Id,
  by: number
): { readonly target: Id; readonly side: 'before' | 'after' } | null {
  const at = drawn.indexOf(id)
  const place = Math.min(drawn.length - 1, Math.max(0, at + by))
  return at < 0 || place === at ? null : { target: drawn[place]!, side: by > 0 ? 'after' : 'before' }
}

/** ids: the group's panels as they stand, those that are not drawn at the moment included */
export const orderPanels = (layout: Layout, group: GroupId, ids: readonly PanelId[]): Layout => ({
  ...layout,
  order: { ...layout.order, [group]: ids }
})

export const orderGroups = (layout: Layout, ids: readonly GroupId[]): Layout => ({ ...layout, groups: ids })

export const foldGroup = (layout: Layout, group: GroupId, folded: boolean): Layout => ({
  ...layout,
  folded: { ...layout.folded, [group]: folded }
})

export const hidePanel = (layout: Layout, id: PanelId): Layout =>
  layout.hidden.includes(id) ? layout : { ...layout, hidden: [...layout.hidden, id] }

export const showPanels = (layout: Layout, ids: readonly PanelId[]): Layout => ({
  ...layout,
  hidden: layout.hidden.filter((hidden) => !ids.includes(hidden))
})

/** Change what is particular to a panel; undefined takes a particularity away. */
export function withOptions(
  layout: Layout,
  id: PanelId,
  change: { readonly [Name in keyof PanelOptions]: PanelOptions[Name] | undefined }
): Layout {
  const next = Object.entries({ ...layout.options[id], ...change }).filter(([, value]) => value !== undefined)
  const { [id]: _before, ...others } = layout.options
  return { ...layout, options: next.length === 0 ? others : { ...others, [id]: Object.fromEntries(next) } }
}

export const inSpan = (span: number): number => Math.min(CHART_GRID.panelSpan, Math.max(1, Math.round(span)))

/** Heights go in steps, so that panels beside one another can be made alike by hand. */
export const inHeight = (height: number): number =>
  Math.min(
    CHART_GRID.panelHeightMax,
    Math.max(CHART_GRID.panelHeightMin, Math.round(height / CHART_GRID.panelHeightStep) * CHART_GRID.panelHeightStep)
  )

/** The layout with one panel more, and its id. */
export function addPanel(layout: Layout, content: PanelContent): { readonly layout: Layout; readonly id: PanelId } {
  const numbers = layout.added.map(({ id }) => Number(id.slice(ADDED_PREFIX.length)))
  const id = `${ADDED_PREFIX}${Math.max(0, ...numbers) + 1}`
  return { layout: { ...layout, added: [...layout.added, { ...content, id }] }, id }
}

export function removePanel(layout: Layout, id: PanelId): Layout {
  const bare = withOptions(layout, id, { span: undefined, height: undefined, settings: undefined, as: undefined })
  return {
    ...showPanels(bare, [id]),
    added: layout.added.filter((panel) => panel.id !== id),
    order: Object.fromEntries(
      Object.entries(layout.order).map(([group, ids]) => [group, ids.filter((other) => other !== id)])
    )
  }
}

export const ADDED_PREFIX = 'added:'
