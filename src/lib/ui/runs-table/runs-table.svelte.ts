import { MediaQuery } from 'svelte/reactivity'
import type { ExperimentId, RunId } from '#lib/domain/ids.ts'
import type { Live, LiveFailure, LiveQuery } from '#lib/live/live.svelte.ts'
import type { ColumnRef, ExperimentKeys, RunRow, RunsQuery } from '#lib/live/protocol.ts'
import { plural } from '../shared/format.ts'
import type { Toasts } from '../shared/toasts.svelte.ts'
import {
  columnGroups,
  columnId,
  columnWidth,
  defaultColumns,
  type ColumnGroup,
  type Columns,
  type Fact
} from './columns.ts'
import type { Span } from './magnitude.ts'
import { nextSort, orderBy, type SortKey } from './order.ts'
import { ROW_HEIGHT, scrollToRow, slotCount, visibleAt, windowAt, type RowWindow } from './row-window.ts'
import { keepSameRows } from './same-rows.ts'
import { extend, noSelection, selectAll, toggle, without, type Selection } from './selection.ts'
import { choiceOf, rememberColumns, rememberedColumns, type ViewState } from './view-state.ts'

export interface RunsTableInputs {
  readonly live: Live
  readonly toasts: Toasts
  readonly experimentId: ExperimentId
  /** The table's state as the URL has it now. */
  readonly state: () => ViewState
  /** Ask for another URL. A `step` can be gone back from; a `replace` leaves no trace. */
  readonly navigate: (state: ViewState, how: 'step' | 'replace') => void
}

/** One column as every row draws it. */
export interface CellPlan {
  readonly id: string
  readonly column: ColumnRef | Fact
  /** Aligned to the right. */
  readonly end: boolean
  /** Where its value stands in a row's cells; -1 for a fact, or while it was not asked for yet. */
  readonly place: number
  /** A bar shows its magnitude. */
  readonly barred: boolean
}

/** Where the reader was in a table. */
export interface TablePlace {
  /** CSS pixels. */
  readonly scrollTop: number
  readonly activeId: RunId | null
}

const NO_KEYS: ExperimentKeys = { params: [], metrics: [], tags: [] }

/**
 * One experiment's table of runs.
 *
 *     URL ── state ──┐
 *     scroll ─ window ┼─► runs query ─► rows in view
 *     keys ─ columns ─┘
 *
 * - Only a window of rows is ever asked for; which rows are drawn follows from the scroll position alone.
 * - The list of columns asked for only ever grows, so that an answer to an earlier question still fits: cells are found by position.
 * - What is selected and which row has the focus are ids, never positions: rows move while data streams in.
 */
export class RunsTable {
  readonly #inputs: RunsTableInputs
  readonly #keys: LiveQuery<{ kind: 'keys'; experimentId: ExperimentId }>
  readonly #runs: LiveQuery<RunsQuery>
  readonly #best: LiveQuery<RunsQuery>
  readonly #worst: LiveQuery<RunsQuery>

  readonly #narrow = new MediaQuery('max-width: 700px')
  scrollTop = $state(0)
  /** CSS pixels of the part that shows rows. */
  height = $state(600)
  selection = $state.raw<Selection<RunId>>(noSelection())
  activeId = $state<RunId | null>(null)
  renamingId = $state<RunId | null>(null)
  #remembered = $state.raw<Columns | null>(null)
  #lastDefaults: Columns | null = null
  #asked: ColumnRef[] = []
  #lastRows: readonly RunRow[] = []
  #lastActiveIndex = 0

  constructor(inputs: RunsTableInputs) {
    this.#inputs = inputs
    this.#remembered = rememberedColumns(inputs.experimentId)
    const { live, experimentId } = inputs
    this.#keys = live.query(() => ({ kind: 'keys', experimentId }))
    this.#runs = live.query(() =>
      this.#knowsColumns ? { ...this.#question, ...this.#window, columns: this.#askedColumns } : null
    )
    this.#best = live.query(() => this.#edge(false))
    this.#worst = live.query(() => this.#edge(true))
  }

  get state(): ViewState {
    return this.#inputs.state()
  }

  readonly keys = $derived.by((): ExperimentKeys => this.#keys.current ?? NO_KEYS)
  readonly columns = $derived.by((): Columns => this.state.columns ?? this.#remembered ?? this.#defaults())
  readonly groups = $derived.by((): readonly ColumnGroup[] => columnGroups(this.columns, this.#narrow.current))
  readonly shown = $derived(this.groups.flatMap((group) => group.columns))
  readonly gridTemplate = $derived(this.shown.map((column) => `${columnWidth(column)}px`).join(' '))
  readonly total = $derived.by((): number | null => this.#runs.current?.total ?? null)
  readonly error = $derived.by((): LiveFailure | null => this.#runs.error)
  /** How many rows are drawn: row `index` is drawn in slot `index % slots`. */
  readonly slots = $derived(slotCount(this.height))
  readonly #visibleFrom = $derived(visibleAt(this.scrollTop, this.height, this.total ?? 0).from)
  readonly #visibleTo = $derived(visibleAt(this.scrollTop, this.height, this.total ?? 0).to)
  /** The places of the rows to draw. */
  readonly visible = $derived.by((): readonly number[] =>
    Array.from({ length: Math.max(0, this.#visibleTo - this.#visibleFrom) }, (_, at) => this.#visibleFrom + at)
  )
  readonly span = $derived.by((): Span | null => spanOf(this.#best.current?.rows[0], this.#worst.current?.rows[0]))

  /** The rows that are here, the first of them at `from`. */
  readonly #held = $derived.by((): { readonly from: number; readonly rows: readonly RunRow[] } => {
    const answer = this.#runs.current
    this.#lastRows = keepSameRows(this.#lastRows, answer?.rows ?? [])
    return { from: answer?.from ?? 0, rows: this.#lastRows }
  })

  /** Rows wait for the keys where the keys decide the columns: a table that gains its columns a moment later would jump. */
  readonly #knowsColumns = $derived.by(
    (): boolean =>
      this.state.columns !== null ||
      this.#remembered !== null ||
      this.#keys.current !== undefined ||
      this.#keys.error !== null
  )
  readonly #from = $derived(windowAt(this.scrollTop, this.height, this.total).from)
  readonly #to = $derived(windowAt(this.scrollTop, this.height, this.total).to)
  readonly #window = $derived.by((): RowWindow => ({ from: this.#from, to: this.#to }))

  readonly #question = $derived.by((): Omit<RunsQuery, 'from' | 'to' | 'columns'> => ({
    kind: 'runs',
    experimentIds: [this.#inputs.experimentId],
    filter: this.state.filter,
    orderBy: orderBy(this.state.sort),
    view: this.state.view
  }))

  readonly #askedColumns = $derived.by((): readonly ColumnRef[] => {
    const known = new Set(this.#asked.map((ref) => columnId(ref)))
    const fresh = this.columns.refs.filter((ref) => !known.has(columnId(ref)))
    if (fresh.length > 0) this.#asked = [...this.#asked, ...fresh]
    return this.#asked
  })

  /** The columns as rows draw them: what is the same for every row is found once. */
  readonly cells = $derived.by((): readonly CellPlan[] => {
    const places = new Map(this.#askedColumns.map((ref, index) => [columnId(ref), index]))
    return this.shown.map((column) => {
      const id = columnId(column)
      const end = typeof column !== 'string' && column.kind !== 'tag'
      const isMetric = typeof column !== 'string' && column.kind === 'metric'
      return { id, column, end, place: places.get(id) ?? -1, barred: isMetric && this.isSorted(column) !== 'none' }
    })
  })

  #defaults(): Columns {
    this.#lastDefaults = defaultColumns(this.keys, this.#lastDefaults)
    return this.#lastDefaults
  }

  /** The first row of the order, or of its reverse: no number is last both ways, so these are the ends of a sorted metric. */
  #edge(reversed: boolean): RunsQuery | null {
    const { key, descending } = this.state.sort
    if (typeof key === 'string' || key.kind !== 'metric') return null
    const order = orderBy({ key, descending: descending !== reversed })
    return { ...this.#question, orderBy: order, from: 0, to: 1, columns: [key] }
  }

  get place(): TablePlace {
    return { scrollTop: this.scrollTop, activeId: this.activeId }
  }

  returnTo(place: TablePlace): void {
    this.scrollTop = place.scrollTop
    this.activeId = place.activeId
  }

  // ── reading ───────────────────────────────────────────────────────────────────────────────────────────────────────────────────

  /** Null for a row that has not arrived. */
  rowAt(index: number): RunRow | null {
    return this.#held.rows[index - this.#held.from] ?? null
  }

  isSorted(key: SortKey): 'ascending' | 'descending' | 'none' {
    const { sort } = this.state
    const same =
      typeof key === 'string' || typeof sort.key === 'string' ? key === sort.key : columnId(key) === columnId(sort.key)
    return same ? (sort.descending ? 'descending' : 'ascending') : 'none'
  }

  /** Where the row with the focus stands; null when there is none. A row that left the window keeps its last known place. */
  get activeIndex(): number | null {
    if (this.activeId === null) return null
    const { from, rows } = this.#held
    const offset = rows.findIndex((row) => row.runId === this.activeId)
    if (offset >= 0) this.#lastActiveIndex = from + offset
    return Math.min(this.#lastActiveIndex, Math.max(0, (this.total ?? 1) - 1))
  }

  get allSelected(): boolean {
    return this.total !== null && this.total > 0 && this.selection.ids.size >= this.total
  }

  // ── changing the view ─────────────────────────────────────────────────────────────────────────────────────────────────────────

  sortBy(key: SortKey): void {
    this.#step({ sort: nextSort(this.state.sort, key) })
  }

  setFilter(filter: string, how: 'step' | 'replace'): void {
    if (filter !== this.state.filter) this.#inputs.navigate({ ...this.state, filter }, how)
  }

  setView(view: ViewState['view']): void {
    this.selection = noSelection()
    this.#step({ view })
  }

  setColumns(columns: Columns): void {
    const choice = choiceOf(columns, this.keys)
    this.#remembered = choice
    rememberColumns(this.#inputs.experimentId, choice)
    this.#inputs.navigate({ ...this.state, columns: choice }, 'replace')
  }

  resetColumns(): void {
    this.#lastDefaults = null
    this.setColumns(defaultColumns(this.keys))
  }

  #step(change: Partial<ViewState>): void {
    this.#inputs.navigate({ ...this.state, ...change }, 'step')
  }

  // ── moving and selecting ──────────────────────────────────────────────────────────────────────────────────────────────────────

  /** Move the focus by rows. Returns the scroll position that shows it, or null when there is nowhere to go. */
  move(by: number, selecting: boolean = false): number | null {
    if (this.total === null || this.total === 0) return null
    const from = this.activeIndex
    const index = from === null ? this.#firstInView() : Math.min(Math.max(from + by, 0), this.total - 1)
    return this.moveTo(index, selecting)
  }

  moveTo(index: number, selecting: boolean = false): number | null {
    const row = this.rowAt(index)
    // Rows far from the window are not here yet: scroll there, and the next key finds them.
    if (row) {
      if (selecting && this.activeId !== null && this.selection.anchor === null) this.toggle(this.activeId)
      this.activeId = row.runId
      if (selecting) this.extendTo(row.runId)
    }
    this.#lastActiveIndex = index
    return scrollToRow(index, this.scrollTop, this.height)
  }

  #firstInView(): number {
    return Math.ceil(this.scrollTop / ROW_HEIGHT)
  }

  toggle(id: RunId): void {
    this.selection = toggle(this.selection, id)
  }

  /** Select from the last toggled row to this one, among the rows that are here. */
  extendTo(id: RunId): void {
    const order = this.#held.rows.map((row) => row.runId)
    this.selection = extend(this.selection, id, order)
  }

  clearSelection(): void {
    this.selection = noSelection()
  }

  async selectAllMatches(): Promise<void> {
    const { experimentIds, filter, orderBy: order, view } = this.#question
    try {
      this.selection = selectAll(
        await this.#inputs.live.commands.runIds({ experimentIds, filter, orderBy: order, view })
      )
    } catch (error) {
      this.#inputs.toasts.fail('The runs could not be selected.', error)
    }
  }

  // ── doing ─────────────────────────────────────────────────────────────────────────────────────────────────────────────────────

  /** What an action is about: the selection, or the row with the focus when nothing is selected. */
  get targets(): readonly RunId[] {
    if (this.selection.ids.size > 0) return [...this.selection.ids]
    return this.activeId === null ? [] : [this.activeId]
  }

  rename(id: RunId, name: string): Promise<void> {
    return this.#inputs.live.commands.renameRun(id, name)
  }

  async trash(ids: readonly RunId[]): Promise<void> {
    if (ids.length === 0) return
    const { commands } = this.#inputs.live
    const next = this.#neighbourOf(ids)
    try {
      await commands.deleteRuns(ids)
    } catch (error) {
      return this.#inputs.toasts.fail('Nothing was moved to trash.', error)
    }
    this.selection = without(this.selection, ids)
    if (this.activeId !== null && ids.includes(this.activeId)) this.activeId = next
    this.#inputs.toasts.show({
      message: `Moved ${plural(ids.length, 'run')} to trash.`,
      undo: () => commands.restoreRuns(ids)
    })
  }

  async restore(ids: readonly RunId[]): Promise<void> {
    if (ids.length === 0) return
    const { commands } = this.#inputs.live
    try {
      await commands.restoreRuns(ids)
    } catch (error) {
      return this.#inputs.toasts.fail('Nothing was restored.', error)
    }
    this.selection = without(this.selection, ids)
    this.#inputs.toasts.show({
      message: `Restored ${plural(ids.length, 'run')}.`,
      undo: () => commands.deleteRuns(ids)
    })
  }

  /** Who gets the focus when rows go: the next one that stays, else the one before. */
  #neighbourOf(gone: readonly RunId[]): RunId | null {
    const { rows } = this.#held
    const at = rows.findIndex((row) => row.runId === this.activeId)
    if (at < 0) return null
    const stays = (row: RunRow): boolean => !gone.includes(row.runId)
    return (rows.slice(at).find(stays) ?? rows.slice(0, at).findLast(stays))?.runId ?? null
  }
}

function spanOf(best: RunRow | undefined, worst: RunRow | undefined): Span | null {
  const [first, last] = [best?.cells[0], worst?.cells[0]]
  return typeof first === 'number' && typeof last === 'number' && !Number.isNaN(first) && !Number.isNaN(last)
    ? { best: first, worst: last }
    : null
}
