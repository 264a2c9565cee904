import { untrack } from 'svelte'
import { ChartCursor } from '#lib/charts/chart-cursor.svelte.ts'
import type { ExperimentId, RunId } from '#lib/domain/ids.ts'
import { CHART_GRID } from '#lib/domain/limits.ts'
import type { Live, LiveFailure, LiveQuery } from '#lib/live/live.svelte.ts'
import type { ChartX, ColumnRef, ExperimentKeys, RunRow, RunsQuery } from '#lib/live/protocol.ts'
import { keepSameRows } from '../runs-table/same-rows.ts'
import { readViewState, type ViewState } from '../runs-table/view-state.ts'
import { runColor } from '../shared/run-color.ts'
import type { Toasts } from '../shared/toasts.svelte.ts'
import { Ahead } from '../shared/ahead.svelte.ts'
import { Arranging } from './arranging.svelte.ts'
import { ChartComments } from './chart-comments.svelte.ts'
import { readSettings, settingTexts, xToText, type ChartSettings } from './chart-settings.ts'
import { withSettings } from './layout.ts'
import { arrangePanels, keysInOrder, parseFind, type Arrangement, type Panel } from './panels.ts'
import { groupRuns, type Grouped } from './run-groups.ts'
import { SavedLayout } from './saved-layout.svelte.ts'
import { isVisible, NEWEST, readVisibility, visibilityParams, type Visibility } from './visible-runs.ts'

export type XRange = readonly [from: number, to: number]

export interface ChartsTabInputs {
  readonly live: Live
  readonly toasts: Toasts
  readonly experimentId: ExperimentId
  /** Why nothing can be said of what is shown; null where it can. */
  readonly locked: () => string | null
  /** Of the URL as it is now. */
  readonly params: () => URLSearchParams
  /**
   * Ask for a URL with these params changed, until it is so; null takes one away. A `step` can be gone back from; a `replace` leaves no trace.
   * Nobody waits for what is said `aside`: `params` say it once the page has time.
   */
  readonly navigate: (
    change: Readonly<Record<string, string | null>>,
    how: 'step' | 'replace' | 'aside'
  ) => Promise<void>
}

/** A run that is drawn. */
export interface DrawnRun {
  readonly runId: RunId
  readonly name: string
  /** A CSS colour: its group's, where runs are grouped. */
  readonly color: string
}

export interface NamedGroup {
  readonly name: string
  readonly color: string
}

const NO_KEYS: ExperimentKeys = { params: [], metrics: [], tags: [] }
/** Runs are listed in blocks: the first is what a screen shows, several times over. */
const LIST_BLOCK = 100

/**
 * The charts of one experiment.
 *
 *     URL ── settings, range, find, visible runs ──┐
 *     saved layout ── order, sizes, added panels ──┼─► groups of panels, each of which asks for its own curves while it is in view
 *     keys ── metrics ──┐                          │
 *     runs ── rows ─────┴──────────────────────────┘
 */
export class ChartsTab {
  readonly #inputs: ChartsTabInputs
  readonly #keys: LiveQuery<{ kind: 'keys'; experimentId: ExperimentId }>
  readonly #runs: LiveQuery<RunsQuery>
  readonly #layout: SavedLayout
  readonly arranging: Arranging
  readonly comments: ChartComments
  #lastOrder: readonly string[] = []
  #lastRows: readonly RunRow[] = []
  /** Rows asked for; grows as the list is scrolled. */
  #wanted = $state(LIST_BLOCK)
  /** The run that is pointed at in a list. */
  highlighted = $state<RunId | null>(null)
  /** One for each x that charts are drawn along: charts with the same x show the same place. */
  readonly #cursors = new Map<string, ChartCursor>()
  /** Zooms that the URL does not say: those of charts with an x of their own, and all of them while charts zoom by themselves. */
  #ownRanges = $state.raw<ReadonlyMap<string, XRange>>(new Map())

  constructor(inputs: ChartsTabInputs) {
    this.#inputs = inputs
    const { live, experimentId } = inputs
    this.#layout = new SavedLayout(inputs)
    this.comments = new ChartComments(inputs)
    this.arranging = new Arranging({ layout: this.#layout, toasts: inputs.toasts, arrangement: () => this.arrangement })
    this.#keys = live.query(() => ({ kind: 'keys', experimentId }))
    this.#runs = live.query(() => this.runsQuery(this.settings.groupBy === null ? [] : [this.settings.groupBy]))
  }

  /** Values of the runs that are listed. */
  runsQuery(columns: readonly ColumnRef[]): RunsQuery {
    return {
      kind: 'runs',
      experimentIds: [this.#inputs.experimentId],
      filter: this.view.filter,
      orderBy: [],
      view: this.view.view,
      from: 0,
      to: Math.min(this.#wanted, CHART_GRID.listedRuns),
      columns
    }
  }

  // ── how it is looked at ───────────────────────────────────────────────────────────────────────────────────────────────────────

  /** What the Runs tab shows: charts follow its filter. */
  readonly view = $derived.by((): ViewState => readViewState(this.#inputs.params()))
  readonly settings = $derived.by((): ChartSettings => readSettings(this.#inputs.params(), this.#layout.settings))
  readonly visibility = $derived.by((): Visibility => readVisibility(this.#inputs.params()))
  readonly findText = $derived.by(
    (): string => this.#inputs.params().get('find')?.slice(0, CHART_GRID.findLength) ?? ''
  )
  readonly found = $derived(parseFind(this.findText))
  readonly #rangeAhead = new Ahead<XRange | null>()
  /** The same as long as it says the same, as every chart is asked for with it. */
  readonly range = $derived.by((): XRange | null => {
    const [last, next] = [this.#lastRange, this.#rangeAhead.or(parseRange(this.#inputs.params().get('range')))]
    return (this.#lastRange = last?.[0] === next?.[0] && last?.[1] === next?.[1] ? last : next)
  })
  #lastRange: XRange | null = null

  get layoutDamaged(): boolean {
    return this.#layout.damaged
  }

  set(change: Partial<ChartSettings>): void {
    const texts = settingTexts(change)
    this.#layout.change(withSettings(this.#layout.current, texts))
    // A range in steps says nothing about time, and what charts showed alone they do not show together.
    const forgets = 'x' in change || 'linked' in change
    if (forgets) this.#ownRanges = new Map()
    void this.#inputs.navigate({ ...(texts as Record<string, string>), ...(forgets && { range: null }) }, 'replace')
  }

  setFilter(filter: string, how: 'step' | 'replace'): void {
    if (filter !== this.view.filter) void this.#inputs.navigate({ filter: filter || null }, how)
  }

  setFind(text: string): void {
    void this.#inputs.navigate({ find: text || null }, 'replace')
  }

  setVisibility(visibility: Visibility): void {
    void this.#inputs.navigate(visibilityParams(visibility), 'replace')
  }

  // ── zooming ───────────────────────────────────────────────────────────────────────────────────────────────────────────────────

  /** The x range of a panel with this x; null for all of it. */
  rangeOf(panelId: string, { x, linked }: ChartSettings): XRange | null {
    if (linked && xToText(x) === xToText(this.settings.x)) return this.range
    return this.#ownRanges.get(this.#rangeName(panelId, linked, xToText(x))) ?? null
  }

  zoom(panelId: string, { x, linked }: ChartSettings, range: XRange | null): void {
    if (linked && xToText(x) === xToText(this.settings.x)) return this.#zoomTo(range)
    const ranges = new Map(this.#ownRanges)
    const name = this.#rangeName(panelId, linked, xToText(x))
    if (range === null) ranges.delete(name)
    else ranges.set(name, range)
    this.#ownRanges = ranges
  }

  readonly zoomed = $derived.by((): boolean => this.range !== null || this.#ownRanges.size > 0)

  showWhole(): void {
    this.#ownRanges = new Map()
    this.#zoomTo(null)
  }

  #zoomTo(range: XRange | null): void {
    this.#rangeAhead.choose(range, this.#inputs.navigate({ range: range === null ? null : range.join(',') }, 'aside'))
  }

  #rangeName(panelId: string, linked: boolean, x: string): string {
    return linked ? `x ${x}` : panelId
  }

  // ── panels ────────────────────────────────────────────────────────────────────────────────────────────────────────────────────

  readonly keys = $derived.by((): ExperimentKeys => this.#keys.current ?? NO_KEYS)
  /** Known enough to be drawn: neither the panels nor the runs will turn out to be others. */
  readonly ready = $derived.by(
    (): boolean => this.#keys.current !== undefined && this.#layout.ready && this.#runs.current !== undefined
  )
  readonly error = $derived.by((): LiveFailure | null => this.#keys.error ?? this.#runs.error)
  readonly #order = $derived.by((): readonly string[] => {
    this.#lastOrder = keysInOrder(this.#lastOrder, this.keys.metrics)
    return this.#lastOrder
  })
  readonly arrangement = $derived.by((): Arrangement =>
    arrangePanels(this.#order, this.#layout.current, this.found.find)
  )

  /** The panel that fills the screen. */
  readonly fullScreenId = $derived.by((): string | null => this.#inputs.params().get('panel'))

  readonly fullScreen = $derived.by((): Panel | null => {
    const id = this.fullScreenId
    if (id === null) return null
    // Searching and hiding say what the grid shows: what is asked for by its name is shown all the same.
    return (
      arrangePanels(this.#order, { ...this.#layout.current, hidden: [] }, null)
        .groups.flatMap(({ panels }) => panels)
        .find((panel) => panel.id === id) ?? null
    )
  })

  showFullScreen(id: string | null): void {
    void this.#inputs.navigate({ panel: id }, 'replace')
  }

  // ── runs ──────────────────────────────────────────────────────────────────────────────────────────────────────────────────────

  /** Runs that match, newest first: the first of them, up to what was asked for. */
  readonly rows = $derived.by((): readonly RunRow[] => {
    this.#lastRows = keepSameRows(this.#lastRows, this.#runs.current?.rows ?? [])
    return this.#lastRows
  })
  readonly total = $derived.by((): number | null => this.#runs.current?.total ?? null)
  readonly hasMore = $derived.by((): boolean => this.total !== null && this.rows.length < this.total)
  readonly grouped = $derived.by((): Grouped | null =>
    this.settings.groupBy === null
      ? null
      : groupRuns(this.rows.map(({ number, cells }) => ({ number, value: cellText(cells[0]) })))
  )
  /** Where in `rows` those stand that are drawn. */
  readonly #drawnPlaces = $derived.by((): readonly number[] =>
    this.rows.flatMap((row, place) => (isVisible(this.visibility, row.number, place) ? [place] : []))
  )
  /** Changes only when what is drawn does: it is what every panel's question is made from. */
  readonly drawn = $derived.by((): readonly DrawnRun[] => {
    const next = this.#drawnPlaces.map((place): DrawnRun => {
      const { runId, name } = this.rows[place]!
      return { runId, name, color: this.colorAt(place) }
    })
    return (this.#lastDrawn = same(this.#lastDrawn, next))
  })
  #lastDrawn: readonly DrawnRun[] = []
  cursorOf(x: ChartX): ChartCursor {
    const name = xToText(x)
    const cursor = this.#cursors.get(name) ?? new ChartCursor()
    this.#cursors.set(name, cursor)
    return cursor
  }

  /** Resolves once a panel was drawn that was told of something new. */
  readonly redrawn = (): Promise<void> => Promise.race([...this.#cursors.values()].map(({ paints }) => paints.drawn))

  readonly drawnIds = $derived.by((): readonly RunId[] => this.drawn.map(({ runId }) => runId))
  readonly colors = $derived.by((): Readonly<Record<string, string>> =>
    Object.fromEntries(this.drawn.map(({ runId, color }) => [runId, color]))
  )
  readonly names = $derived.by((): Readonly<Record<string, string>> =>
    Object.fromEntries(this.drawn.map(({ runId, name }) => [runId, name]))
  )
  /** The group of each drawn run; null where runs are not grouped. */
  readonly drawnGroups = $derived.by((): readonly number[] | null => {
    const { grouped } = this
    return grouped === null ? null : this.#drawnPlaces.map((place) => grouped.indices[place]!)
  })

  /** The groups as a chart names them; empty where runs are not grouped. */
  readonly groups = $derived.by((): readonly NamedGroup[] => {
    const { groupBy } = this.settings
    if (groupBy === null || this.grouped === null) return []
    return this.grouped.groups.map(({ value, color }) => ({
      name: value === null ? `no ${groupBy.key}` : `${groupBy.key} = ${value}`,
      color
    }))
  })

  colorAt(place: number): string {
    const { grouped } = this
    return grouped ? grouped.groups[grouped.indices[place]!]!.color : runColor(this.rows[place]!.number)
  }

  /** The list was scrolled to its end. */
  listMore(): void {
    if (this.hasMore) this.#wanted = Math.min(CHART_GRID.listedRuns, untrack(() => this.rows.length) + LIST_BLOCK)
  }

  /** Runs that are all to be drawn have to be listed. */
  listAll(): void {
    this.#wanted = CHART_GRID.listedRuns
  }
}

/** How many are drawn while nobody chose. */
export { NEWEST }

const cellText = (cell: string | number | null | undefined): string | null => (cell == null ? null : String(cell))

function same(before: readonly DrawnRun[], now: readonly DrawnRun[]): readonly DrawnRun[] {
  const isSame = (run: DrawnRun, at: number): boolean => {
    const old = before[at]
    return old?.runId === run.runId && old.name === run.name && old.color === run.color
  }
  return before.length === now.length && now.every(isSame) ? before : now
}

function parseRange(text: string | null): XRange | null {
  const [from, to, ...rest] = (text ?? '').split(',').map((end) => (end.trim() === '' ? NaN : Number(end)))
  if (rest.length > 0 || from === undefined || to === undefined) return null
  return Number.isFinite(from) && Number.isFinite(to) && from < to ? [from, to] : null
}
