import { columnId, parseColumns, sameColumn, toggleColumn, type Column, type Columns } from './columns.ts'

/** Which columns stand where, and how wide: what a reader arranges. */
export interface Layout {
  /** null: nobody chose, the defaults show. */
  readonly columns: Columns | null
  /** Ids of the columns that stay at the left, in order. */
  readonly pinned: readonly string[]
  /** CSS pixels by column id, where they are not a column's own. */
  readonly widths: Readonly<Record<string, number>>
}

export const NO_LAYOUT: Layout = { columns: null, pinned: [], widths: {} }

/** CSS pixels. */
export const NARROWEST = 56
export const WIDEST = 800

const withinBounds = (width: number): number => Math.min(WIDEST, Math.max(NARROWEST, width))

export const isPlain = ({ columns, pinned, widths }: Layout): boolean =>
  columns === null && pinned.length === 0 && Object.keys(widths).length === 0

const without = <T>(items: readonly T[], gone: T): readonly T[] => items.filter((item) => item !== gone)

export function pinColumn(layout: Layout, column: Column): Layout {
  const id = columnId(column)
  const pinned = layout.pinned.includes(id) ? without(layout.pinned, id) : [...layout.pinned, id]
  return { ...layout, pinned }
}

/** A width that no number stands for gives the column its own back. */
export function resizeColumn(layout: Layout, column: Column, width: number | null): Layout {
  const { [columnId(column)]: _, ...widths } = layout.widths
  if (width === null) return { ...layout, widths }
  return { ...layout, widths: { ...widths, [columnId(column)]: Math.round(withinBounds(width)) } }
}

/** Put a column before another, both of those that show; at the end when `before` is null. Pinned columns move among the pinned. */
export function moveColumn(layout: Layout, shown: Columns, column: Column, before: Column | null): Layout {
  if (before !== null && sameColumn(column, before)) return layout
  const id = columnId(column)
  if (layout.pinned.includes(id)) {
    const rest = without(layout.pinned, id)
    const at = before === null ? -1 : rest.indexOf(columnId(before))
    return { ...layout, pinned: rest.toSpliced(at < 0 ? rest.length : at, 0, id) }
  }
  const rest = shown.filter((other) => !sameColumn(other, column))
  const at = before === null ? -1 : rest.findIndex((other) => sameColumn(other, before))
  return { ...layout, columns: rest.toSpliced(at < 0 ? rest.length : at, 0, column) }
}

/** Show a column in another's place: the same metric by another value. Its pin and width go with it. */
export function replaceColumn(layout: Layout, shown: Columns, column: Column, by: Column): Layout {
  if (sameColumn(column, by)) return layout
  const [from, to] = [columnId(column), columnId(by)]
  const columns = shown
    .filter((other) => !sameColumn(other, by))
    .map((other) => (sameColumn(other, column) ? by : other))
  const width = layout.widths[from]
  const pinned = without(layout.pinned, to).map((id) => (id === from ? to : id))
  return resizeColumn({ ...resizeColumn(layout, column, null), columns, pinned }, by, width ?? null)
}

/** Show or hide a column; one that goes leaves no pin behind. */
export function showColumn(layout: Layout, shown: Columns, column: Column): Layout {
  const columns = toggleColumn(shown, column)
  const pinned = columns.length < shown.length ? without(layout.pinned, columnId(column)) : layout.pinned
  return { ...layout, columns, pinned }
}

// ── as text ─────────────────────────────────────────────────────────────────────────────────────────────────────────────────────

/** `120 metrics.loss`, as it stands in a URL. */
export const widthToText = ([id, width]: readonly [string, number]): string => `${width} ${id}`

export function parseWidths(texts: readonly string[]): Readonly<Record<string, number>> {
  const entries = texts.flatMap((text): (readonly [string, number])[] => {
    const match = /^(\d{1,4}) ([^]+)$/.exec(text)
    return match ? [[match[2]!, withinBounds(Number(match[1]))]] : []
  })
  return Object.fromEntries(entries)
}

export const parsePinned = (texts: readonly string[]): readonly string[] => parseColumns(texts).map(columnId)
