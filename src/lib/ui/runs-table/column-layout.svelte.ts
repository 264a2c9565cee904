import type { ExperimentId } from '#lib/domain/ids.ts'
import { LIVE } from '#lib/domain/limits.ts'
import { columnName } from '#lib/domain/table-column.ts'
import type { Live, LiveQuery } from '#lib/live/live.svelte.ts'
import type { ColumnRef, ColumnsQuery, ExperimentKeys, KeysQuery } from '#lib/live/protocol.ts'
import { ColumnAxis, type Range } from './column-axis.ts'
import {
  columnId,
  columnWidth,
  DEFAULT_KEYS,
  defaultColumns,
  isRef,
  kindOf,
  sameColumn,
  valuesFirst,
  type Column,
  type Columns
} from './columns.ts'
import {
  isPlain,
  moveColumn,
  NO_LAYOUT,
  pinColumn,
  replaceColumn,
  resizeColumn,
  showColumn,
  type Layout
} from './layout.ts'
import { keepSame } from './same-rows.ts'
import { choiceOf, rememberedLayout, rememberLayout, type ViewState } from './view-state.ts'

export interface ColumnLayoutInputs {
  readonly live: Live
  readonly experimentId: ExperimentId
  readonly state: () => ViewState
  /** Ask for a URL with another layout; it leaves no trace in the history. */
  readonly navigate: (layout: Layout | null) => void
  readonly narrow: () => boolean
}

/** One column in its place. */
export interface PlacedColumn {
  readonly column: Column
  readonly id: string
  /** From 1, the tick and the name counted, as aria-colindex has it. */
  readonly colindex: number
  /** CSS pixels from the left end of the row. */
  readonly left: number
  readonly width: number
}

export interface DrawnColumn extends PlacedColumn {
  /** A slot draws another column when its own leaves the view. */
  readonly slot: number
}

const NO_KEYS: ExperimentKeys = { params: [], metrics: [], tags: [] }

/** CSS pixels. */
export const TICK_WIDTH = 36
export const NAME_WIDTH = 280
const NARROW_NAME_WIDTH = 180
const SUM_WIDTH = 28

/**
 * The columns of one table.
 *
 *     tick, name, pinned │ chosen, then (when all are asked for) every other one there is
 *     stays at the left  │ scrolls; only what is in view is drawn, and only that is asked for
 *
 * - Columns nobody chose are known by their number alone until they come into view: all are as wide as each other.
 */
export class ColumnLayout {
  readonly #inputs: ColumnLayoutInputs
  readonly #keys: LiveQuery<KeysQuery>
  readonly #varying: LiveQuery<ColumnsQuery>
  readonly #tail: LiveQuery<ColumnsQuery>
  #remembered = $state.raw<Layout | null>(null)
  #lastDefaults: Columns | null = null
  #lastDrawn: readonly DrawnColumn[] = []
  #lastTail: readonly ColumnRef[] = []
  scrollLeft = $state(0)
  /** CSS pixels of the view, pinned columns included. */
  viewWidth = $state(1000)
  /** While an edge is dragged: the width its column will have. */
  resizing = $state.raw<{ readonly id: string; readonly width: number } | null>(null)

  constructor(inputs: ColumnLayoutInputs) {
    this.#inputs = inputs
    const { live, experimentId } = inputs
    this.#remembered = rememberedLayout(experimentId)
    this.#keys = live.query(() => ({ kind: 'keys', experimentId, limit: DEFAULT_KEYS }))
    this.#varying = live.query(() => this.#varyingQuery)
    this.#tail = live.query(() => this.#tailQuery)
  }

  // ── which ─────────────────────────────────────────────────────────────────────────────────────────────────────────────────────

  readonly keys = $derived.by((): ExperimentKeys => this.#keys.current ?? NO_KEYS)
  readonly layout = $derived.by((): Layout => this.#inputs.state().layout ?? this.#remembered ?? NO_LAYOUT)
  /** Those that were chosen, constant ones included. */
  readonly chosen = $derived.by((): Columns => this.layout.columns ?? this.#defaults())

  /** Rows wait for the keys where the keys decide the columns: a table that gains its columns a moment later would jump. */
  readonly isKnown = $derived.by(
    (): boolean => this.layout.columns !== null || this.#keys.current !== undefined || this.#keys.error !== null
  )

  readonly #chosenRefs = $derived(this.chosen.filter(isRef))

  readonly #matches = $derived.by((): NonNullable<ColumnsQuery['varying']> | null => {
    const { varying, filter, view } = this.#inputs.state()
    return varying ? { filter, view } : null
  })

  readonly #varyingQuery = $derived.by((): ColumnsQuery | null => {
    const varying = this.#matches
    if (varying === null || this.#chosenRefs.length === 0) return null
    const { experimentId } = this.#inputs
    return { kind: 'columns', experimentId, search: '', among: this.#chosenRefs, varying, from: 0, to: LIVE.window }
  })

  /** Those that are shown: the chosen ones, or what varies of them. Facts are always shown. */
  readonly shown = $derived.by((): Columns => {
    const found = this.#varyingQuery === null ? undefined : this.#varying.current
    const columns = this.layout.columns === null && this.#inputs.narrow() ? valuesFirst(this.chosen) : this.chosen
    if (found === undefined) return columns
    const varying = new Set(found.columns.map(columnName))
    return columns.filter((column) => !isRef(column) || varying.has(columnName(column)))
  })

  /** How many columns only what varies leaves out; null while that is not known. */
  readonly hidden = $derived(this.#varyingQuery === null ? null : this.chosen.length - this.shown.length)

  // ── where ─────────────────────────────────────────────────────────────────────────────────────────────────────────────────────

  /** Whether rows of groups show a mean and its deviation, for which a number's width is not enough. */
  readonly #summed = $derived.by((): boolean => {
    const { groupBy, aggregate } = this.#inputs.state()
    return groupBy.length > 0 && aggregate === 'mean'
  })
  readonly nameWidth = $derived.by((): number => (this.#inputs.narrow() ? NARROW_NAME_WIDTH : NAME_WIDTH))
  /** A narrow screen has no room for more than the name. */
  readonly #pinnedColumns = $derived.by((): Columns => {
    if (this.#inputs.narrow()) return []
    const byId = new Map(this.shown.map((column) => [columnId(column), column]))
    return this.layout.pinned.flatMap((id) => byId.get(id) ?? [])
  })
  readonly #scrolling = $derived(this.shown.filter((column) => !this.#pinnedColumns.includes(column)))
  readonly #tailCount = $derived.by((): number => (this.#inputs.state().all ? (this.#tail.current?.total ?? 0) : 0))
  readonly #axis = $derived(
    new ColumnAxis(
      this.#scrolling.map((column) => this.widthOf(column)),
      this.#tailCount
    )
  )

  readonly pinned = $derived.by((): readonly PlacedColumn[] => {
    let left = TICK_WIDTH + this.nameWidth
    return this.#pinnedColumns.map((column, at): PlacedColumn => {
      const width = this.widthOf(column)
      const placed = { column, id: columnId(column), colindex: at + 3, left, width }
      left += width
      return placed
    })
  })

  /** CSS pixels of what stays at the left. */
  readonly pinnedWidth = $derived(this.pinned.reduce((sum, { width }) => sum + width, TICK_WIDTH + this.nameWidth))
  readonly rowWidth = $derived(this.pinnedWidth + this.#axis.size)
  readonly count = $derived(2 + this.pinned.length + this.#axis.count)
  readonly #view = $derived(Math.max(0, this.viewWidth - this.pinnedWidth))
  readonly #slots = $derived(this.#axis.slots(this.#view))
  // Numbers, so that a scroll within a column changes nothing.
  readonly #drawnFrom = $derived(this.#axis.drawn(this.scrollLeft, this.#view).from)
  readonly #drawnTo = $derived(this.#axis.drawn(this.scrollLeft, this.#view).to)
  readonly #askedFrom = $derived(this.#axis.asked(this.scrollLeft, this.#view).from)
  readonly #askedTo = $derived(this.#axis.asked(this.scrollLeft, this.#view).to)

  /** The columns that scroll and are in view; those nobody has seen yet are left out until they are known. */
  readonly drawn = $derived.by((): readonly DrawnColumn[] => {
    const now = this.#inRange({ from: this.#drawnFrom, to: this.#drawnTo }).map(([column, index]): DrawnColumn => {
      const [left, width] = [this.pinnedWidth + this.#axis.startOf(index), this.#axis.widthOf(index)]
      const colindex = 3 + this.pinned.length + index
      return { column, id: columnId(column), colindex, left, width, slot: index % this.#slots }
    })
    return (this.#lastDrawn = keepSame(this.#lastDrawn, now, ({ id }) => id))
  })

  /** The columns whose values rows should carry. */
  readonly asked = $derived.by((): readonly ColumnRef[] => [
    ...this.#pinnedColumns.filter(isRef),
    ...this.#inRange({ from: this.#askedFrom, to: this.#askedTo }).flatMap(([column]) => (isRef(column) ? column : []))
  ])

  /** The headings above the headings: columns in view of one kind that stand side by side. */
  readonly groups = $derived.by(
    (): readonly (Omit<PlacedColumn, 'column' | 'id'> & { readonly kind: string; readonly span: number })[] => {
      const groups: { kind: string; left: number; width: number; colindex: number; span: number }[] = []
      for (const { column, left, width, colindex } of this.drawn) {
        const last = groups.at(-1)
        if (last?.kind === kindOf(column) && last.left + last.width === left) {
          last.width += width
          last.span++
        } else groups.push({ kind: kindOf(column), left, width, colindex, span: 1 })
      }
      return groups
    }
  )

  readonly #tailQuery = $derived.by((): ColumnsQuery | null => {
    if (!this.#inputs.state().all || !this.isKnown) return null
    const first = this.#scrolling.length
    const from = Math.max(0, this.#askedFrom - first)
    const to = Math.max(this.#askedTo - first, from + 1)
    const { experimentId } = this.#inputs
    const except = this.#chosenRefs
    return { kind: 'columns', experimentId, search: '', among: null, except, varying: this.#matches, from, to }
  })

  /** What is known of the tail, the first of it at `from`. */
  readonly #known = $derived.by((): { readonly from: number; readonly columns: readonly ColumnRef[] } => {
    const tail = this.#inputs.state().all ? this.#tail.current : undefined
    this.#lastTail = keepSame(this.#lastTail, tail?.columns ?? [], columnName)
    return { from: tail?.from ?? 0, columns: this.#lastTail }
  })

  #inRange({ from, to }: Range): readonly (readonly [column: Column, index: number])[] {
    const own = this.#scrolling
    const { from: first, columns } = this.#known
    const found: (readonly [Column, number])[] = []
    for (let index = from; index < to; index++) {
      const column = own[index] ?? columns[index - own.length - first]
      if (column !== undefined) found.push([column, index])
    }
    return found
  }

  widthOf(column: Column): number {
    const id = columnId(column)
    if (this.resizing?.id === id) return this.resizing.width
    return this.layout.widths[id] ?? columnWidth(column) + (this.#summed && kindOf(column) === 'metric' ? SUM_WIDTH : 0)
  }

  isPinned(column: Column): boolean {
    return this.layout.pinned.includes(columnId(column))
  }

  /** Whether somebody chose it: only those can be arranged. */
  isChosen(column: Column): boolean {
    return this.chosen.some((other) => sameColumn(other, column))
  }

  /** How far to scroll so that the column next to the first in view, to either side, is the first. */
  scrollBy(columns: number): number {
    const first = this.#axis.indexAt(this.scrollLeft + 1)
    return this.#axis.startOf(Math.max(0, Math.min(this.#axis.count - 1, first + columns)))
  }

  #defaults(): Columns {
    this.#lastDefaults = defaultColumns(this.keys, this.#lastDefaults)
    return this.#lastDefaults
  }

  // ── arranging ─────────────────────────────────────────────────────────────────────────────────────────────────────────────────

  resetColumns(): void {
    this.#lastDefaults = null
    this.#arrange(NO_LAYOUT)
  }

  toggle(column: Column): void {
    this.#arrange(showColumn(this.layout, this.chosen, column))
  }

  /** A column that nobody chose is chosen by that. */
  pin(column: Column): void {
    const layout = this.isChosen(column) ? this.layout : showColumn(this.layout, this.chosen, column)
    this.#arrange(pinColumn(layout, column))
  }

  resize(column: Column, width: number | null): void {
    this.#arrange(resizeColumn(this.layout, column, width))
  }

  /** Before another column; at the end when null. */
  move(column: Column, before: Column | null): void {
    this.#arrange(moveColumn(this.layout, this.chosen, column, before))
  }

  /** One place to the left or the right, among its neighbours in sight. */
  moveBy(column: Column, by: -1 | 1): void {
    const line = this.isPinned(column) ? this.#pinnedColumns : this.#scrolling
    const at = line.findIndex((other) => sameColumn(other, column))
    const to = by < 0 ? at - 1 : at + 2
    if (at < 0 || to < 0 || to > line.length) return
    this.move(column, line[to] ?? null)
  }

  /** Show another value of the same metric in its place. */
  replace(column: Column, by: Column): void {
    this.#arrange(replaceColumn(this.layout, this.chosen, column, by))
  }

  /** The column that something dropped at a place would stand before; null for the end. `place` in CSS pixels from the row's left end. */
  columnAt(place: number, pinned: boolean): Column | null {
    if (pinned) return this.pinned.find(({ left, width }) => place < left + width / 2)?.column ?? null
    return (
      this.drawn.find(({ column, left, width }) => place < left + width / 2 && this.isChosen(column))?.column ?? null
    )
  }

  #arrange(layout: Layout): void {
    const columns = layout.columns && choiceOf(layout.columns, this.keys)
    const chosen = { ...layout, columns }
    const kept = isPlain(chosen) ? null : chosen
    this.#remembered = kept
    rememberLayout(this.#inputs.experimentId, kept)
    this.#inputs.navigate(kept)
  }
}
