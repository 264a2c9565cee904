import type { RunId } from '#lib/domain/ids.ts'
import { PaintQueue } from './paint-queue.ts'

/** What all panels of a page share: where the reader points, and at which run. Make one, and hand it to each panel. */
export class ChartCursor {
  /** They paint one after the other, or a page of them would stand still. */
  readonly paints = new PaintQueue()
  /** In units of the panels' x axis; null while nobody points. */
  x = $state.raw<number | null>(null)
  /** The run whose line is nearest, or that was chosen in a list: drawn in front of the others. */
  run = $state.raw<RunId | null>(null)
  /** The panel that is pointed into; the others follow. */
  panel = $state.raw<symbol | null>(null)

  point(panel: symbol, x: number | null, run: RunId | null): void {
    this.panel = x === null ? null : panel
    this.x = x
    this.run = run
  }
}
