import { collator, groupRank, isSystemPrefix, metricPrefix } from '../run/metric-groups.ts'
import {
  ADDED_GROUP,
  groupIdOf,
  metricPanelId,
  type GroupId,
  type Layout,
  type PanelContent,
  type PanelId,
  type PanelOptions
} from './layout.ts'

/** One panel of the grid. */
export interface Panel {
  readonly id: PanelId
  readonly group: GroupId
  readonly content: PanelContent
  /** Its name in full, by which panels are searched. */
  readonly name: string
  /** Its name within its group. */
  readonly title: string
  readonly options: PanelOptions
  /** Whether it was put there, and can be taken away for good. */
  readonly added: boolean
}

export interface PanelGroup {
  readonly id: GroupId
  readonly name: string
  readonly folded: boolean
  /** Those to draw, in order. */
  readonly panels: readonly Panel[]
  /** All its panels in order, hidden and not searched for included: what a new order is made from. */
  readonly ids: readonly PanelId[]
}

export interface Arrangement {
  /** Groups with something to draw. */
  readonly groups: readonly PanelGroup[]
  /** All groups in order, those with nothing to draw included. */
  readonly groupIds: readonly GroupId[]
  readonly hidden: readonly Panel[]
  /** Panels that are not hidden, drawn or not. */
  readonly total: number
}

/**
 * The keys in an order that nothing moves: those known before stay as they stood, new ones follow by name.
 *
 * before   the order of the last time; empty for the first
 */
export function keysInOrder(before: readonly string[], keys: readonly string[]): readonly string[] {
  const there = new Set(keys)
  const known = new Set(before)
  const fresh = keys.filter((key) => !known.has(key)).sort((a, b) => collator.compare(a, b))
  return [...before.filter((key) => there.has(key)), ...fresh]
}

/**
 * The panels of an experiment as they are to be drawn.
 *
 * keys     metrics, in the order panels have before anybody arranged them
 * layout   what somebody arranged: it goes first, and what it does not know follows
 * find     panels whose name matches; null for all
 */
export function arrangePanels(keys: readonly string[], layout: Layout, find: RegExp | null): Arrangement {
  const hidden = new Set(layout.hidden)
  const members = membersByGroup(keys, layout)
  const all = [...members.values()].flat()
  const groups = inOrder([...members.keys()], layout.groups).map((id): PanelGroup => {
    const panels = orderedPanels(members.get(id) ?? [], layout.order[id])
    return {
      id,
      name: groupName(id),
      folded: layout.folded[id] ?? isSystemPrefix(id.slice(1)),
      panels: panels.filter((panel) => !hidden.has(panel.id) && (find === null || find.test(panel.name))),
      ids: panels.map((panel) => panel.id)
    }
  })
  return {
    groups: groups.filter((group) => group.panels.length > 0),
    groupIds: groups.map((group) => group.id),
    hidden: all.filter((panel) => hidden.has(panel.id)),
    total: all.filter((panel) => !hidden.has(panel.id)).length
  }
}

/** Added panels first, then metrics by prefix: those without one, the others in the order they came, system metrics last. */
function membersByGroup(keys: readonly string[], layout: Layout): Map<GroupId, Panel[]> {
  const panels = [
    ...layout.added.map((panel) => addedPanel(panel, layout)),
    ...keys.map((key) => metricPanel(key, layout))
  ]
  const members = Map.groupBy(panels, (panel) => panel.group)
  const rank = (id: GroupId): number => (id === ADDED_GROUP ? -1 : groupRank(id.slice(1)))
  return new Map([...members].sort(([a], [b]) => rank(a) - rank(b)))
}

function orderedPanels(panels: readonly Panel[], order: readonly PanelId[] | undefined): readonly Panel[] {
  if (!order) return panels
  const byId = new Map(panels.map((panel) => [panel.id, panel]))
  return inOrder([...byId.keys()], order).map((id) => byId.get(id)!)
}

/** Those that were given an order, in it; then the others as they stand. */
function inOrder<Id>(ids: readonly Id[], order: readonly Id[]): readonly Id[] {
  const there = new Set(ids)
  const given = new Set(order)
  return [...order.filter((id) => there.has(id)), ...ids.filter((id) => !given.has(id))]
}

const groupName = (id: GroupId): string => (id === ADDED_GROUP ? 'Added' : id.slice(1))

function metricPanel(key: string, layout: Layout): Panel {
  const id = metricPanelId(key)
  const prefix = metricPrefix(key)
  const options = layout.options[id] ?? NO_OPTIONS
  return {
    id,
    group: groupIdOf(prefix),
    content: { kind: options.as ?? 'line', key },
    name: key,
    title: key.slice(prefix === '' ? 0 : prefix.length + 1),
    options,
    added: false
  }
}

function addedPanel({ id, ...content }: Layout['added'][number], layout: Layout): Panel {
  const name = contentName(content)
  const options = layout.options[id] ?? NO_OPTIONS
  return { id, group: ADDED_GROUP, content, name, title: name, options, added: true }
}

const NO_OPTIONS: PanelOptions = {}

/** What a panel shows, in few words. */
export function contentName(content: PanelContent): string {
  switch (content.kind) {
    case 'line':
    case 'bar':
      return content.key
    case 'scatter':
      return `${content.y.key} by ${content.x.key}`
    case 'parallel':
      return content.columns.map((column) => column.key).join(' · ')
  }
}

/** What to look for in the names of panels; case counts once a capital is typed. Nothing typed finds all. */
export function parseFind(text: string): { readonly find: RegExp | null; readonly problem: string | null } {
  if (text === '') return { find: null, problem: null }
  try {
    return { find: new RegExp(text, /\p{Lu}/u.test(text) ? '' : 'i'), problem: null }
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error)
    return { find: null, problem: why.replace(/^Invalid regular expression: (\/.*\/\w*: )?/, '') }
  }
}
