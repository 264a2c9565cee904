import { CHART_GRID } from '#lib/domain/limits.ts'
import type { ColumnRef } from '#lib/live/protocol.ts'
import { columnId, parseColumn } from '../runs-table/columns.ts'
import { readableTexts } from './chart-settings.ts'
import {
  ADDED_PREFIX,
  EMPTY_LAYOUT,
  inHeight,
  inSpan,
  type AddedPanel,
  type Layout,
  type PanelOptions
} from './layout.ts'

/** Raised when a saved layout means something else than it did. */
const VERSION = 1

export const layoutToText = (layout: Layout): string =>
  JSON.stringify({ version: VERSION, ...layout, added: layout.added.map(addedToJson) })

/**
 * A saved layout, whoever saved it: another version of this page, another program, a hand.
 *
 * returns  what can be read of it; `whole` says whether that is all. Text that is no layout at all reads as an empty one.
 */
export function parseLayout(text: string): { readonly layout: Layout; readonly whole: boolean } {
  const saved = asObject(parseJson(text))
  if (saved === null || saved['version'] !== VERSION) return { layout: EMPTY_LAYOUT, whole: false }
  const added = asList(saved['added'])
  const panels = added.map(parseAdded).filter((panel) => panel !== null)
  const layout: Layout = {
    settings: readableTexts(asObject(saved['settings']) ?? {}),
    groups: texts(saved['groups']),
    order: mapValues(saved['order'], texts),
    folded: mapValues(saved['folded'], (value) => value === true),
    hidden: texts(saved['hidden']),
    options: mapValues(saved['options'], parseOptions),
    added: panels
      .filter(({ id }, at) => panels.findIndex((other) => other.id === id) === at)
      .slice(0, CHART_GRID.addedPanels)
  }
  return { layout, whole: layout.added.length === added.length }
}

function parseOptions(value: unknown): PanelOptions {
  const { span, height, settings, as } = asObject(value) ?? {}
  const own = readableTexts(asObject(settings) ?? {})
  return {
    ...(isNumber(span) && { span: inSpan(span) }),
    ...(isNumber(height) && { height: inHeight(height) }),
    ...(Object.keys(own).length > 0 && { settings: own }),
    ...((as === 'line' || as === 'bar') && { as })
  }
}

// ── added panels ────────────────────────────────────────────────────────────────────────────────────────────────────────────────

const ADDED_ID = new RegExp(`^${ADDED_PREFIX}[1-9]\\d{0,8}$`)

function addedToJson(panel: AddedPanel): object {
  if (panel.kind === 'scatter') return { ...panel, x: columnId(panel.x), y: columnId(panel.y) }
  return panel.kind === 'parallel' ? { ...panel, columns: panel.columns.map((column) => columnId(column)) } : panel
}

function parseAdded(value: unknown): AddedPanel | null {
  const { id, kind, key, x, y, columns } = asObject(value) ?? {}
  if (typeof id !== 'string' || !ADDED_ID.test(id)) return null
  if ((kind === 'line' || kind === 'bar') && typeof key === 'string' && key !== '') return { id, kind, key }
  if (kind === 'scatter') {
    const [across, up] = [parseRef(x), parseRef(y)]
    return across && up ? { id, kind, x: across, y: up } : null
  }
  if (kind !== 'parallel') return null
  const refs = asList(columns).map(parseRef)
  return refs.length > 0 && refs.every((ref) => ref !== null) ? { id, kind, columns: refs } : null
}

function parseRef(text: unknown): ColumnRef | null {
  const column = typeof text === 'string' ? parseColumn(text) : null
  return column === null || typeof column === 'string' ? null : column
}

// ── JSON that may be anything ───────────────────────────────────────────────────────────────────────────────────────────────────

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return null
  }
}

const asObject = (value: unknown): Readonly<Record<string, unknown>> | null =>
  typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Record<string, unknown>) : null

const asList = (value: unknown): readonly unknown[] => (Array.isArray(value) ? value : [])

const texts = (value: unknown): readonly string[] => [
  ...new Set(asList(value).filter((entry) => typeof entry === 'string'))
]

const isNumber = (value: unknown): value is number => typeof value === 'number' && Number.isFinite(value)

const mapValues = <Value>(value: unknown, parse: (entry: unknown) => Value): Readonly<Record<string, Value>> =>
  Object.fromEntries(Object.entries(asObject(value) ?? {}).map(([name, entry]) => [name, parse(entry)]))
