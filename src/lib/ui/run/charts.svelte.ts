import { ChartCursor } from '#lib/charts/chart-cursor.svelte.ts'
import type { CommentPoint, RunComment } from '#lib/domain/comment.ts'
import type { MetricSummary } from '#lib/domain/metric.ts'
import type { Run } from '#lib/domain/run.ts'
import { panRange, zoomRange, type Range } from '#lib/charts/scale.ts'
import type { ChartAxis } from '#lib/live/protocol.ts'
import { Ahead } from '../shared/ahead.svelte.ts'
import { isSameState, type ChartState } from './chart-state.ts'
import { chartElementId, groupMetrics, metricPrefix, type MetricGroup } from './metric-groups.ts'

export interface RunChartsInputs {
  readonly run: () => Run
  /** Those to draw. */
  readonly metrics: () => readonly MetricSummary[]
  readonly state: () => ChartState
  /** Resolves once the state is `state`; `drawn` does once it is shown. */
  readonly navigate: (state: ChartState, drawn: Promise<void>) => Promise<void>
  /** What was said of the run and of points of its charts. */
  readonly comments?: () => readonly RunComment[]
  /** Ask what somebody has to say of a point; null where nothing can be said. */
  readonly comment?: () => ((point: CommentPoint) => void) | null
  /** Show what was said of a point. */
  readonly showComment?: (id: string) => void
  /** Called with the axis that was chosen. */
  readonly remember: (axis: ChartAxis) => void
}

/** How the charts of one run are looked at, all of them alike: one axis, one range, one scale. */
export class RunCharts {
  readonly #inputs: RunChartsInputs
  /** All of them show the same place. */
  readonly cursor = new ChartCursor()
  closedGroups = $state.raw<ReadonlySet<string>>(new Set())
  /** The metric whose chart was just asked for, to be pointed out. */
  pointedOut = $state<string | null>(null)

  constructor(inputs: RunChartsInputs) {
    this.#inputs = inputs
  }

  readonly #ahead = new Ahead<ChartState>()
  /** The same object as long as it says the same: it is what every chart of the page is asked for with. */
  readonly state = $derived.by((): ChartState => {
    const next = this.#ahead.or(this.#inputs.state())
    return (this.#lastState = isSameState(this.#lastState, next) ? this.#lastState : next)
  })
  #lastState: ChartState = { axis: 'step', range: null, log: false }
  readonly metrics = $derived.by((): readonly MetricSummary[] => this.#inputs.metrics())
  readonly groups = $derived.by((): readonly MetricGroup[] => groupMetrics(this.metrics))

  /** The x range of everything that was logged, in units of the axis, as far as the summaries know it. */
  get whole(): Range {
    const { startTime } = this.#inputs.run().info
    const newest = Math.max(startTime + 1, ...this.metrics.map((metric) => metric.last.timestamp))
    if (this.state.axis === 'time') return [startTime, newest]
    if (this.state.axis === 'relative') return [0, newest - startTime]
    return [0, Math.max(1, ...this.metrics.map((metric) => metric.last.step))]
  }

  get comments(): readonly RunComment[] {
    return this.#inputs.comments?.() ?? []
  }

  get comment(): ((point: CommentPoint) => void) | null {
    return this.#inputs.comment?.() ?? null
  }

  showComment(id: string): void {
    this.#inputs.showComment?.(id)
  }

  /** Epoch ms: where the relative axis begins. */
  get startTime(): number {
    return this.#inputs.run().info.startTime
  }

  setAxis(axis: ChartAxis): void {
    this.#inputs.remember(axis)
    // A range in steps says nothing about time.
    this.#go({ axis, range: null })
  }

  setLog(log: boolean): void {
    this.#go({ log })
  }

  setRange(range: Range | null): void {
    this.#go({ range })
  }

  zoom(factor: number): void {
    this.#go({ range: zoomRange(this.state.range ?? this.whole, factor, this.whole) })
  }

  pan(share: number): void {
    if (this.state.range) this.#go({ range: panRange(this.state.range, share, this.whole) })
  }

  toggleGroup(prefix: string): void {
    const closed = new Set(this.closedGroups)
    if (!closed.delete(prefix)) closed.add(prefix)
    this.closedGroups = closed
  }

  /** Bring a metric's chart into view, its group opened, and the focus with it. */
  reveal(key: string): void {
    const prefix = metricPrefix(key)
    if (this.closedGroups.has(prefix)) this.toggleGroup(prefix)
    this.pointedOut = key
    requestAnimationFrame(() => {
      const panel = document.getElementById(chartElementId(key))
      const still = matchMedia('(prefers-reduced-motion: reduce)').matches
      panel?.scrollIntoView({ block: 'center', behavior: still ? 'auto' : 'smooth' })
      panel?.focus({ preventScroll: true })
    })
  }

  #go(change: Partial<ChartState>): void {
    const next = { ...this.state, ...change }
    this.#ahead.choose(next, this.#inputs.navigate(next, this.cursor.paints.drawn))
  }
}
