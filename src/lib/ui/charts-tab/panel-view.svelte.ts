import type { RunRow } from '#lib/live/protocol.ts'
import type { ChartsTab, XRange } from './charts-tab.svelte.ts'
import { overlay, type ChartSettings } from './chart-settings.ts'
import type { Panel } from './panels.ts'

/** How one panel is looked at: as all of them, but for what is its own. */
export class PanelView {
  readonly #tab: () => ChartsTab
  readonly #panel: () => Panel

  constructor(tab: () => ChartsTab, panel: () => Panel) {
    this.#tab = tab
    this.#panel = panel
  }

  readonly settings = $derived.by((): ChartSettings =>
    overlay(this.#tab().settings, this.#panel().options.settings ?? {})
  )
  readonly range = $derived.by((): XRange | null => this.#tab().rangeOf(this.#panel().id, this.settings))

  zoom(range: XRange | null): void {
    this.#tab().zoom(this.#panel().id, this.settings, range)
  }
}

/** Values of the runs that are drawn, in their order: `null` where a run has none. */
export function drawnCells(
  drawn: ChartsTab['drawn'],
  rows: readonly RunRow[],
  column: number
): readonly (string | number | null)[] {
  const cells = new Map(rows.map((row) => [row.runId, row.cells[column] ?? null]))
  return drawn.map(({ runId }) => cells.get(runId) ?? null)
}
