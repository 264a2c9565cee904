import { MediaQuery } from 'svelte/reactivity'
import type { ExperimentId, RunId } from '#lib/domain/ids.ts'
import { LIVE } from '#lib/domain/limits.ts'
import { columnName } from '#lib/domain/table-column.ts'
import type { Live, LiveFailure, LiveQuery } from '#lib/live/live.svelte.ts'
import type { ColumnRef, GroupRow, RunLine, RunRow, RunsQuery } from '#lib/live/protocol.ts'
import type { Bulk } from '../bulk/bulk.svelte.ts'
import type { Toasts } from '../shared/toasts.svelte.ts'
import { ColumnLayout, type DrawnColumn, type PlacedColumn } from './column-layout.svelte.ts'
import { endsRight, isRef, type Columns } from './columns.ts'
import { toggleGroup } from './grouping.ts'
import type { Span } from './magnitude.ts'
import { addSort, effective, nextSort, placeOf, sortQuery, type Sort, type SortKey } from './order.ts'
import { ROW_HEIGHT, scrollToRow, slotCount, visibleAt, windowAt, type RowWindow } from './row-window.ts'
import { keepSame, keepSameRows } from './same-rows.ts'
import { extend, noSelection, selectAll, toggle, without, type Selection } from './selection.ts'
import { parseViewState, viewStateToText, type ViewState } from './view-state.ts'

export interface RunsTableInputs {
  readonly live: Live
  readonly toasts: Toasts
  readonly bulk: Bulk
  readonly experimentId: ExperimentId
  /** The table's state as the URL has it now. */
  readonly state: () => ViewState
  /** Ask for another URL. A `step` can be gone back from; a `replace` leaves no trace. */
  readonly navigate: (state: ViewState, how: 'step' | 'replace') => void
  /** Why its runs cannot be changed; null where they can. */
  readonly locked?: () => string | null
}

/** One column as every row draws it. */
export interface CellPlan extends PlacedColumn {
  readonly slot: number
  /** Aligned to the right. */
  readonly end: boolean
  /** Where its value stands in a row's cells; -1 for a fact, or while it was not asked for yet. */
  readonly place: number
  /** A bar shows its magnitude. */
  readonly barred: boolean
}

/** What stands in one row: a run, in a tree or below its group with a place of its own, or a group. */
export type TableRow =
  | { readonly kind: 'run'; readonly run: RunRow; readonly line: RunLine | null }
  | { readonly kind: 'group'; readonly group: GroupRow }

/** Where the reader was in a table. */
export interface TablePlace {
  /** CSS pixels. */
  readonly scrollTop: number
  readonly activeId: RunId | null
}

/**
 * One experiment's table of runs.
 *
 *     URL ── state ───┐
 *     scroll ─ windows ┼─► runs query ─► rows in view
 *     keys ─ columns ──┘
 *
 * - Only a window of rows and of columns is ever asked for; which are drawn follows from the scroll position alone.
 * - Cells are found by the columns that an answer says it is of, so that an answer to an earlier question still fits.
 * - What is selected and which row has the focus are ids, never positions: rows move while data streams in.
 */
export class RunsTable {
  readonly #inputs: RunsTableInputs
  readonly #runs: LiveQuery<RunsQuery>
  readonly columns: ColumnLayout

  readonly #narrow = new MediaQuery('max-width: 700px')
  scrollTop = $state(0)
  /** CSS pixels of the part that shows rows. */
  height = $state(600)
  selection = $state.raw<Selection<RunId>>(noSelection())
  #activeId = $state<RunId | null>(null)
  #activeGroup = $state<string | null>(null)
  renamingId = $state<RunId | null>(null)
  /** Runs of the tree and groups that are folded otherwise than they start. */
  #toggled = $state.raw<readonly string[]>([])
  #lastRows: readonly RunRow[] = []
  #lastCells: readonly CellPlan[] = []
  readonly #plainRows = new WeakMap<RunRow, TableRow>()
  #lastActiveIndex = 0

  constructor(inputs: RunsTableInputs) {
    this.#inputs = inputs
    const { live, experimentId } = inputs
    this.columns = new ColumnLayout({
      live,
      experimentId,
      state: () => this.state,
      navigate: (layout) => inputs.navigate({ ...this.state, layout }, 'replace'),
      narrow: () => this.#narrow.current
    })
    this.#runs = live.query(() =>
      this.columns.isKnown ? { ...this.#question, ...this.#window, columns: this.columns.asked } : null
    )
  }

  get state(): ViewState {
    return this.#inputs.state()
  }

  get experimentId(): ExperimentId {
    return this.#inputs.experimentId
  }

  /** The columns that show, pinned ones first; of all there are only those that were chosen. */
  get shown(): Columns {
    const pinned = this.columns.pinned.map(({ column }) => column)
    return [...pinned, ...this.columns.shown.filter((column) => !pinned.includes(column))]
  }

  readonly total = $derived.by((): number | null => this.#runs.current?.total ?? null)
  /** The runs that match; `total` counts groups and ancestors, too. */
  readonly matches = $derived.by((): number | null => this.#runs.current?.matches ?? null)
  readonly error = $derived.by((): LiveFailure | null => this.#runs.error)
  readonly isGrouped = $derived.by((): boolean => this.state.groupBy.length > 0)
  /** Whether rows stand below others. */
  readonly isTree = $derived.by((): boolean => this.isGrouped || this.state.tree)
  /** How many rows are drawn: row `index` is drawn in slot `index % slots`. */
  readonly slots = $derived(slotCount(this.height))
  readonly #visibleFrom = $derived(visibleAt(this.scrollTop, this.height, this.total ?? 0).from)
  readonly #visibleTo = $derived(visibleAt(this.scrollTop, this.height, this.total ?? 0).to)
  /** The places of the rows to draw. */
  readonly visible = $derived.by((): readonly number[] =>
    Array.from({ length: Math.max(0, this.#visibleTo - this.#visibleFrom) }, (_, at) => this.#visibleFrom + at)
  )
  readonly span = $derived.by((): Span | null => {
    const ends = this.#runs.current?.ends
    return ends ? { best: ends.first, worst: ends.last } : null
  })

  /** The rows that are here, the first of them at `from`. */
  readonly #held = $derived.by(
    (): { readonly from: number; readonly rows: readonly TableRow[]; readonly runs: readonly RunRow[] } => {
      const answer = this.#runs.current
      const runs = keepSameRows(this.#lastRows, answer?.rows ?? [])
      this.#lastRows = runs
      let next = 0
      const rows = answer?.lines?.map((line): TableRow => {
        if (line.kind === 'group') return { kind: 'group', group: line }
        return { kind: 'run', run: runs[next++]!, line }
      })
      return {
        from: answer?.from ?? 0,
        runs,
        rows: rows ?? runs.map((run) => this.#plainRow(run))
      }
    }
  )

  /** The same row for the same run, so that a new answer draws only what changed. */
  #plainRow(run: RunRow): TableRow {
    const known = this.#plainRows.get(run)
    if (known) return known
    const row: TableRow = { kind: 'run', run, line: null }
    this.#plainRows.set(run, row)
    return row
  }

  readonly #from = $derived(windowAt(this.scrollTop, this.height, this.total).from)
  readonly #to = $derived(windowAt(this.scrollTop, this.height, this.total).to)
  readonly #window = $derived.by((): RowWindow => ({ from: this.#from, to: this.#to }))

  readonly #question = $derived.by((): Omit<RunsQuery, 'from' | 'to' | 'columns'> => {
    const { filter, view, tree, groupBy } = this.state
    return {
      kind: 'runs',
      ...this.#search(filter, view),
      ...(groupBy.length > 0 ? { groupBy } : tree && { tree }),
      ...(this.isTree && { toggled: this.#toggled })
    }
  })

  #search(filter: string, view: ViewState['view']) {
    const experimentIds = [this.#inputs.experimentId]
    return { experimentIds, filter, orderBy: [], sort: sortQuery(this.state.sort), view }
  }

  // A text, so that an answer about the same columns changes no cell's place.
  readonly #answered = $derived.by((): string => JSON.stringify(this.#runs.current?.columns ?? []))
  readonly #places = $derived(
    new Map((JSON.parse(this.#answered) as ColumnRef[]).map((column, at) => [columnName(column), at]))
  )

  /** The columns as rows draw them: what is the same for every row is found once. */
  readonly cells = $derived.by((): readonly CellPlan[] => {
    const now = this.columns.drawn.map((drawn) => this.#plan(drawn))
    return (this.#lastCells = keepSame(this.#lastCells, now, ({ id }) => id))
  })
  readonly pinnedCells = $derived.by((): readonly CellPlan[] =>
    this.columns.pinned.map((placed, slot) => this.#plan({ ...placed, slot }))
  )

  #plan(placed: DrawnColumn): CellPlan {
    const { column } = placed
    const place = isRef(column) ? (this.#places.get(columnName(column)) ?? -1) : -1
    const barred = isRef(column) && column.kind === 'metric' && this.sortPlace(column) === 0
    return { ...placed, place, end: endsRight(column), barred }
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
  rowAt(index: number): TableRow | null {
    return this.#held.rows[index - this.#held.from] ?? null
  }

  /** The run in a row; null for a group, and for a row that has not arrived. */
  runAt(index: number): RunRow | null {
    const row = this.rowAt(index)
    return row?.kind === 'run' ? row.run : null
  }

  /** The run with the focus; null while a group has it, or nobody. */
  get activeId(): RunId | null {
    return this.#activeId
  }

  set activeId(id: RunId | null) {
    this.#activeId = id
    this.#activeGroup = null
  }

  isActive(row: TableRow): boolean {
    return row.kind === 'run' ? row.run.runId === this.#activeId : row.group.id === this.#activeGroup
  }

  /** Where a key stands among those sorted by, from 0; -1 when it does not. */
  sortPlace(key: SortKey): number {
    return placeOf(this.state.sort, key)
  }

  isSorted(key: SortKey): 'ascending' | 'descending' | 'none' {
    const sort: Sort | undefined = effective(this.state.sort)[this.sortPlace(key)]
    return sort === undefined ? 'none' : sort.descending ? 'descending' : 'ascending'
  }

  /** Where the row with the focus stands; null when there is none. A row that left the window keeps its last known place. */
  get activeIndex(): number | null {
    if (this.#activeId === null && this.#activeGroup === null) return null
    const { from, rows } = this.#held
    const offset = rows.findIndex((row) => this.isActive(row))
    if (offset >= 0) this.#lastActiveIndex = from + offset
    return Math.min(this.#lastActiveIndex, Math.max(0, (this.total ?? 1) - 1))
  }

  get allSelected(): boolean {
    return this.matches !== null && this.matches > 0 && this.selection.ids.size >= this.matches
  }

  // ── changing the view ─────────────────────────────────────────────────────────────────────────────────────────────────────────

  /** By this alone, or after what the table is sorted by already. */
  sortBy(key: SortKey, adding: boolean = false): void {
    this.#step({ sort: (adding ? addSort : nextSort)(this.state.sort, key) })
  }

  setSort(sort: ViewState['sort']): void {
    this.#step({ sort })
  }

  setFilter(filter: string, how: 'step' | 'replace'): void {
    if (filter !== this.state.filter) this.#inputs.navigate({ ...this.state, filter }, how)
  }

  setView(view: ViewState['view']): void {
    this.selection = noSelection()
    this.#step({ view })
  }

  set(change: Partial<Pick<ViewState, 'all' | 'varying' | 'aggregate'>>): void {
    this.#inputs.navigate({ ...this.state, ...change }, 'replace')
  }

  setTree(tree: boolean): void {
    this.#toggled = []
    this.#step({ tree, groupBy: [] })
  }

  setGroups(groupBy: ViewState['groupBy']): void {
    this.#toggled = []
    this.#activeGroup = null
    this.#step({ groupBy })
  }

  toggleGroup(group: ViewState['groupBy'][number]): void {
    this.setGroups(toggleGroup(this.state.groupBy, group))
  }

  #step(change: Partial<ViewState>): void {
    this.#inputs.navigate({ ...this.state, ...change }, 'step')
  }

  /** The whole view as a text to save. */
  viewState(): string {
    return viewStateToText(this.state)
  }

  /** Show a view that was saved. False, and nothing happens, for a text that is none. */
  applyViewState(text: string): boolean {
    const state = parseViewState(text)
    if (state === null) return false
    this.#toggled = []
    this.#inputs.navigate(state, 'step')
    return true
  }

  // ── folding ───────────────────────────────────────────────────────────────────────────────────────────────────────────────────

  /** Whether a row stands open; null when nothing is below it. */
  openness(row: TableRow): boolean | null {
    if (row.kind === 'group') return row.group.open
    return row.line !== null && row.line.children > 0 ? row.line.open : null
  }

  fold(row: TableRow): void {
    const id = row.kind === 'group' ? row.group.id : row.run.runId
    const rest = this.#toggled.filter((other) => other !== id)
    this.#toggled = rest.length < this.#toggled.length ? rest : [...rest, id].slice(-LIVE.toggled)
  }

  /** What Right and Left mean in a tree: open, or go in; close, or go out. Returns the scroll position to show, as `move` does. */
  step(inwards: boolean): number | null {
    const index = this.activeIndex
    const row = index === null ? null : this.rowAt(index)
    if (index === null || row === null) return null
    const open = this.openness(row)
    if (open !== null && open !== inwards) {
      this.fold(row)
      return null
    }
    if (inwards) return open === true ? this.moveTo(index + 1) : null
    return this.moveTo(this.#rowAbove(index, row))
  }

  /** The nearest row before that stands further out; itself when it is not here. */
  #rowAbove(index: number, row: TableRow): number {
    for (let at = index - 1; at >= this.#held.from; at--) {
      const other = this.rowAt(at)
      if (other !== null && depthOf(other) < depthOf(row)) return at
    }
    return index
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
      this.focus(row)
      if (selecting && row.kind === 'run') this.extendTo(row.run.runId)
    }
    this.#lastActiveIndex = index
    return scrollToRow(index, this.scrollTop, this.height)
  }

  focus(row: TableRow): void {
    if (row.kind === 'run') this.activeId = row.run.runId
    else [this.#activeId, this.#activeGroup] = [null, row.group.id]
  }

  #firstInView(): number {
    return Math.ceil(this.scrollTop / ROW_HEIGHT)
  }

  toggle(id: RunId): void {
    this.selection = toggle(this.selection, id)
  }

  /** Select from the last toggled row to this one, among the rows that are here. */
  extendTo(id: RunId): void {
    const order = this.#held.runs.map((row) => row.runId)
    this.selection = extend(this.selection, id, order)
  }

  clearSelection(): void {
    this.selection = noSelection()
  }

  async selectAllMatches(): Promise<void> {
    try {
      this.selection = selectAll(await this.matchingIds())
    } catch (error) {
      this.#inputs.toasts.fail('The runs could not be selected.', error)
    }
  }

  /** Every run that matches, in order. */
  matchingIds(): Promise<readonly RunId[]> {
    const { filter, view } = this.state
    return this.#inputs.live.commands.runIds(this.#search(filter, view))
  }

  // ── doing ─────────────────────────────────────────────────────────────────────────────────────────────────────────────────────

  /** What an action is about: the selection, or the row with the focus when nothing is selected. */
  get targets(): readonly RunId[] {
    if (this.selection.ids.size > 0) return [...this.selection.ids]
    return this.activeId === null ? [] : [this.activeId]
  }

  /** Why its runs cannot be changed; null where they can. */
  get locked(): string | null {
    return this.#inputs.locked?.() ?? null
  }

  rename(id: RunId, name: string): Promise<void> {
    return this.#inputs.live.commands.renameRun(id, name)
  }

  trash(ids: readonly RunId[]): Promise<void> {
    return this.leave(ids, () => this.#inputs.bulk.trash(ids))
  }

  restore(ids: readonly RunId[]): Promise<void> {
    return this.leave(ids, () => this.#inputs.bulk.restore(ids))
  }

  /** Do what takes rows away; those it resolves with are selected no more, and the focus goes to a row that stays. */
  async leave(ids: readonly RunId[], work: () => Promise<readonly RunId[]>): Promise<void> {
    const next = this.#neighbourOf(ids)
    const gone = await work()
    this.selection = without(this.selection, gone)
    if (this.activeId !== null && gone.includes(this.activeId)) this.activeId = next
  }

  /** Who gets the focus when rows go: the next one that stays, else the one before. */
  #neighbourOf(gone: readonly RunId[]): RunId | null {
    const { runs } = this.#held
    const at = runs.findIndex((row) => row.runId === this.activeId)
    if (at < 0) return null
    const stays = (row: RunRow): boolean => !gone.includes(row.runId)
    return (runs.slice(at).find(stays) ?? runs.slice(0, at).findLast(stays))?.runId ?? null
  }
}

/** How far in a row stands. */
export const depthOf = (row: TableRow): number => (row.kind === 'group' ? row.group.depth : (row.line?.depth ?? 0))
