import uPlot from 'uplot'
import type { ChartAxis, DrawnSeries } from '#lib/live/protocol.ts'
import {
  logText,
  logTicks,
  RELATIVE_STEPS,
  relativeTexts,
  STEP_STEPS,
  stepText,
  TIME_STEPS,
  timeTexts,
  valueTexts
} from './axis-text.ts'
import { drawMarks } from './marks.ts'
import { readChartColors, type ChartColors } from './palette.ts'
import { dotIndices, toPlotData, type PlotData } from './plot-data.ts'
import { visibleSpan, wholeRange, xExtent, yExtent, type Range } from './scale.ts'

/** What is under the cursor: the nearest point, NaN and ±Infinity included. */
export interface Hover {
  readonly x: number
  readonly value: number
}

export interface LineChartOptions {
  readonly host: HTMLElement
  /** Fixed for a chart's life, as `log` is: uPlot decides both once. */
  readonly axis: ChartAxis
  readonly log: boolean
  /** Any CSS colour; `var(--run-3)` follows the scheme. */
  readonly color: string
  /** Charts with one key share their cursor. */
  readonly cursorKey: string
  readonly width: number
  readonly height: number
  readonly onHover: (hover: Hover | null) => void
  /** A range was drawn, in axis units; null for a double click, which asks for everything. */
  readonly onZoom: (range: Range | null) => void
}

const EMPTY: DrawnSeries = {
  x: new Float64Array(),
  y: new Float64Array(),
  count: 0,
  sampled: false,
  nanX: new Float64Array(),
  posInfX: new Float64Array(),
  negInfX: new Float64Array(),
  nanCount: 0,
  posInfCount: 0,
  negInfCount: 0
}

const Y_AXIS_WIDTH = 52
const Y_AXIS_GAP = 6
const X_AXIS_HEIGHT = 20
/** A dot needs this many CSS pixels along x to be told from its neighbours. */
const DOT_ROOM = 12

/** One metric as a line. Made once; every later change is `show`, `resize` or `recolor`. */
export class LineChart {
  readonly #options: LineChartOptions
  readonly #plot: uPlot
  #colors: ChartColors
  #series: DrawnSeries = EMPTY
  #data: PlotData = toPlotData(EMPTY, false)
  #range: Range | null = null

  constructor(options: LineChartOptions) {
    this.#options = options
    this.#colors = readChartColors(options.host, options.color)
    this.#plot = new uPlot(this.#plotOptions(), [[], []], options.host)
  }

  /** Draw this series, over `range` or over all of it. */
  show(series: DrawnSeries, range: Range | null): void {
    this.#series = series
    this.#range = range
    this.#data = toPlotData(series, this.#options.log)
    this.#plot.setData([this.#data.x as number[], this.#data.y as (number | null)[]])
  }

  /** How many values the log scale could not place, among those drawn. */
  get withoutLog(): number {
    return this.#data.withoutLog
  }

  /** CSS pixels, axes included. */
  resize(width: number, height: number): void {
    if (width !== this.#plot.width || height !== this.#plot.height) this.#plot.setSize({ width, height })
  }

  recolor(): void {
    this.#colors = readChartColors(this.#options.host, this.#options.color)
    this.#plot.redraw(false)
  }

  destroy(): void {
    this.#plot.destroy()
  }

  #plotOptions(): uPlot.Options {
    const { axis, log, width, height } = this.#options
    return {
      width,
      height,
      ms: 1,
      // To the right, half of a label of the x axis has room: the last one may stand at the very end.
      padding: [8, axis === 'time' ? 36 : 16, 0, 0],
      legend: { show: false },
      cursor: this.#cursor(),
      scales: {
        x: { time: axis === 'time', range: () => [...this.#xRange()] },
        y: {
          distr: log ? 3 : 1,
          range: () => {
            const [low, high] = visibleSpan(this.#data.x, this.#data.y, this.#xRange())
            if (log) return low === null || high === null ? [0.1, 1] : uPlot.rangeLog(low, high, 10, false)
            return [...yExtent(low, high)]
          }
        }
      },
      axes: [this.#xAxis(), this.#yAxis()],
      series: [{}, this.#line()],
      hooks: {
        draw: [(u) => drawMarks(u, this.#series, this.#colors.bad)],
        setCursor: [(u) => this.#hovered(u)],
        setSelect: [(u) => this.#selected(u)]
      }
    }
  }

  /** From the data itself: what uPlot hands in for a single point is a guess of its own. */
  #xRange(): Range {
    const { x } = this.#data
    return xExtent(this.#range, x[0] ?? null, x[x.length - 1] ?? null, this.#options.axis)
  }

  /** Around a single point there is room but no data: a step -1 that never was is not labelled. */
  #tickTexts(ticks: readonly number[], texts: (ticks: readonly number[]) => readonly string[]): string[] {
    const { x } = this.#data
    const alone = this.#range === null && x.length > 0 && x[0] === x[x.length - 1]
    return alone ? ticks.map((tick) => (tick === x[0] ? (texts([tick])[0] ?? '') : '')) : [...texts(ticks)]
  }

  #line(): uPlot.Series {
    const color = (): string => this.#colors.line
    return {
      stroke: color,
      width: 1.5,
      points: {
        show: false,
        size: 5,
        width: 0,
        fill: color,
        filter: (u) => {
          const [from, to] = u.series[0]?.idxs ?? [0, -1]
          return dotIndices(this.#data.y, from, to, u.rect.width / DOT_ROOM || 1)
        }
      }
    }
  }

  #font(): string {
    return `10.5px ${getComputedStyle(this.#options.host).fontFamily}`
  }

  /** The same in every chart, so that they line up; wider only where a label would lose its first digits. */
  #yAxisWidth(u: uPlot, texts: readonly string[] | null): number {
    u.ctx.save()
    u.ctx.font = this.#font()
    const widest = Math.max(0, ...(texts ?? []).map((text) => u.ctx.measureText(text).width))
    u.ctx.restore()
    return Math.max(Y_AXIS_WIDTH, Math.ceil(widest) + Y_AXIS_GAP + 4)
  }

  #xAxis(): uPlot.Axis {
    const { axis } = this.#options
    const base: uPlot.Axis = {
      stroke: () => this.#colors.inkFaint,
      font: this.#font(),
      size: X_AXIS_HEIGHT,
      gap: 4,
      grid: { show: false },
      ticks: { show: false },
      border: { show: true, stroke: () => this.#colors.rule, width: 1 }
    }
    if (axis === 'time')
      return {
        ...base,
        space: 84,
        incrs: [...TIME_STEPS],
        // Where no tick falls into a short range, uPlot offers the next one after it.
        values: (u, ticks, _axis, _space, gap) =>
          timeTexts(ticks, gap).map((text, at) => (ticks[at]! <= (u.scales['x']?.max ?? 0) ? text : ''))
      }
    if (axis === 'relative')
      return {
        ...base,
        space: 60,
        incrs: [...RELATIVE_STEPS],
        values: (_, ticks) => this.#tickTexts(ticks, relativeTexts)
      }
    return {
      ...base,
      space: 60,
      incrs: [...STEP_STEPS],
      values: (_, ticks) => this.#tickTexts(ticks, (all) => all.map(stepText))
    }
  }

  #yAxis(): uPlot.Axis {
    return {
      stroke: () => this.#colors.inkFaint,
      font: this.#font(),
      size: (u, texts) => this.#yAxisWidth(u, texts),
      gap: Y_AXIS_GAP,
      space: 34,
      grid: {
        stroke: () => this.#colors.rule,
        width: 1,
        dash: [2, 3],
        ...(this.#options.log && { filter: (_, ticks) => logTicks(ticks) })
      },
      ...(this.#options.log && { filter: (_, ticks) => logTicks(ticks) }),
      ticks: { show: false },
      values: (_, ticks) => (this.#options.log ? ticks.map(logText) : valueTexts(ticks))
    }
  }

  #cursor(): uPlot.Cursor {
    return {
      y: false,
      drag: { x: true, y: false, setScale: false, dist: 4 },
      points: { size: 7, width: 2, stroke: () => this.#colors.paper, fill: () => this.#colors.line },
      // Only where the pointer is travels: a box drawn in one chart must not be drawn in all of them.
      sync: {
        key: this.#options.cursorKey,
        filters: { pub: (type) => type === 'mousemove' || type === 'mouseleave' }
      },
      bind: {
        dblclick: () => () => {
          this.#options.onZoom(null)
          return null
        }
      }
    }
  }

  #hovered(u: uPlot): void {
    const index = u.cursor.idx
    const away = index === null || index === undefined || (u.cursor.left ?? -1) < 0
    if (away || index >= this.#data.x.length) return this.#options.onHover(null)
    this.#options.onHover({ x: this.#data.x[index]!, value: this.#data.exact[index]! })
  }

  #selected(u: uPlot): void {
    const { left, width } = u.select
    if (width <= 0) return
    const range = wholeRange(u.posToVal(left, 'x'), u.posToVal(left + width, 'x'))
    u.setSelect({ left: 0, top: 0, width: 0, height: 0 }, false)
    if (range) this.#options.onZoom(range)
  }
}
