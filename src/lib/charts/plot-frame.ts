import uPlot from 'uplot'
import type { ChartX } from '#lib/live/protocol.ts'
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
import type { Palette } from './palette.ts'
import type { Range } from './scale.ts'
import { symlogTicks, type Vertical } from './y-scale.ts'

/** CSS pixels, in the chart. */
export interface PlotBox {
  readonly left: number
  readonly top: number
  readonly width: number
  readonly height: number
}

export interface Tick {
  readonly value: number
  readonly text: string
}

export interface PlotFrameOptions {
  readonly host: HTMLElement
  /** Fixed for the frame's life, as the kind of vertical scale is: uPlot decides both once. */
  readonly x: ChartX
  readonly vertical: () => Vertical
  readonly palette: Palette
  /** The only x there is, where there is only one: around it there is room but no data. */
  readonly onlyX: () => number | null
  /** What stands at 0, 1, 2 … of an axis of texts; none for an axis of numbers. */
  readonly categories?: readonly string[]
  readonly width: number
  readonly height: number
}

const Y_AXIS_WIDTH = 52
const Y_AXIS_GAP = 6
const X_AXIS_HEIGHT = 20
/** Labels of a y axis stand at least this far apart. */
const Y_SPACE = 34

/** Axes, grid and labels: uPlot with nothing in it. What it frames is painted on canvases of our own. */
export class PlotFrame {
  readonly #options: PlotFrameOptions
  readonly #plot: uPlot
  #x: Range = [0, 1]
  #y: Range = [0, 1]
  #fontFamily: string | undefined
  /** What the axes say, for pictures in other formats. */
  readonly ticks: { x: readonly Tick[]; y: readonly Tick[] } = { x: [], y: [] }

  constructor(options: PlotFrameOptions) {
    this.#options = options
    this.#plot = new uPlot(this.#plotOptions(), [[], []], options.host)
  }

  /** Where the pointer moves. Canvases of ours go in front of the grid and behind this. */
  get over(): HTMLElement {
    return this.#plot.over
  }

  get canvas(): HTMLCanvasElement {
    return this.#plot.ctx.canvas
  }

  get box(): PlotBox {
    const { left, top, width, height } = this.#plot.bbox
    const scale = devicePixelRatio
    return { left: left / scale, top: top / scale, width: width / scale, height: height / scale }
  }

  /** CSS pixels, axes included. */
  get size(): { readonly width: number; readonly height: number } {
    return { width: this.#plot.width, height: this.#plot.height }
  }

  /** Asked for once: each time the browser has to work out the page's style. */
  get font(): string {
    return (this.#fontFamily ??= getComputedStyle(this.#options.host).fontFamily)
  }

  /** Show these ranges: x in its units, y in values. Draws at once. */
  show(x: Range, y: Range): void {
    this.#x = x
    this.#y = y
    // Else it would be drawn after us, and what is asked of it until then is of before.
    this.#plot.batch(() => this.#plot.setData([[], []]))
  }

  /** CSS pixels, axes included. */
  resize(width: number, height: number): void {
    if (width !== this.#plot.width || height !== this.#plot.height) this.#plot.setSize({ width, height })
  }

  redraw(): void {
    this.#plot.redraw(false)
  }

  destroy(): void {
    this.#plot.destroy()
  }

  #plotOptions(): uPlot.Options {
    const { x, width, height } = this.#options
    return {
      width,
      height,
      ms: 1,
      // To the right, half of a label of the x axis has room: the last one may stand at the very end.
      padding: [8, x === 'time' ? 36 : 16, 0, 0],
      legend: { show: false },
      cursor: { show: false },
      scales: {
        x: { time: x === 'time', range: () => [...this.#x] },
        y: {
          distr: 100,
          fwd: (value: number) => this.#options.vertical().place(value),
          bwd: (place: number) => this.#options.vertical().value(place),
          range: () => [...this.#y]
        }
      },
      axes: [this.#xAxis(), this.#yAxis()],
      series: [{}, { show: false }]
    }
  }

  #font(): string {
    return `10.5px ${this.font}`
  }

  #xAxis(): uPlot.Axis {
    const { x, categories } = this.#options
    const { space, incrs, texts, splits } = categories ? categoryTicks(categories) : xTicks(x)
    return {
      stroke: () => this.#options.palette.get('var(--ink-faint)'),
      font: this.#font(),
      size: X_AXIS_HEIGHT,
      gap: 4,
      grid: { show: false },
      ticks: { show: false },
      border: { show: true, stroke: () => this.#options.palette.get('var(--rule)'), width: 1 },
      space,
      ...(incrs && { incrs: [...incrs] }),
      ...(splits && { splits: (u: uPlot) => splits(this.#x, u.bbox.width / devicePixelRatio) }),
      values: (_u, ticks, _axis, _space, gap) => {
        const only = this.#options.onlyX()
        // Where no tick falls into a short range, uPlot offers the next one after it.
        const shown = ticks.map((tick) => tick <= this.#x[1] && (only === null || tick === only))
        const all = only === null ? texts(ticks, gap) : ticks.map((tick) => texts([tick], gap)[0] ?? '')
        const labels = all.map((text, at) => (shown[at] ? text : ''))
        this.ticks.x = toTicks(ticks, labels)
        return labels
      }
    }
  }

  #yAxis(): uPlot.Axis {
    const values = (ticks: readonly number[]): readonly string[] => {
      const labels = this.#options.vertical().kind === 'linear' ? valueTexts(ticks) : ticks.map(powerText)
      this.ticks.y = toTicks(ticks, labels)
      return labels
    }
    return {
      stroke: () => this.#options.palette.get('var(--ink-faint)'),
      font: this.#font(),
      size: (u, texts) => this.#yAxisWidth(u, texts),
      gap: Y_AXIS_GAP,
      space: Y_SPACE,
      grid: { stroke: () => this.#options.palette.get('var(--rule)'), width: 1, dash: [2, 3] },
      ticks: { show: false },
      // uPlot thins out the labels of any scale that is not linear as if it were logarithmic.
      filter: (_u, ticks) => ticks,
      ...(this.#options.vertical().kind !== 'linear' && {
        splits: (u: uPlot, _axis: number, low: number, high: number) =>
          powerTicks(this.#options.vertical(), low, high, u.bbox.height / devicePixelRatio / Y_SPACE)
      }),
      values: (_u, ticks) => [...values(ticks)]
    }
  }

  /** The same in every chart, so that they line up; wider only where a label would lose its first digits. */
  #yAxisWidth(u: uPlot, texts: readonly string[] | null): number {
    const widest = Math.max(0, ...(texts ?? []).map((text) => widthOf(u.ctx, this.#font(), text)))
    return Math.max(Y_AXIS_WIDTH, Math.ceil(widest) + Y_AXIS_GAP + 4)
  }
}

/** Texts of axes are few and come again, and a canvas takes its time to say how wide one is. */
const widths = new Map<string, number>()
const MOST_WIDTHS = 2000

function widthOf(context: CanvasRenderingContext2D, font: string, text: string): number {
  const name = `${font} ${text}`
  const known = widths.get(name)
  if (known !== undefined) return known
  context.save()
  context.font = font
  const { width } = context.measureText(text)
  context.restore()
  if (widths.size >= MOST_WIDTHS) widths.clear()
  widths.set(name, width)
  return width
}

const toTicks = (values: readonly number[], texts: readonly string[]): readonly Tick[] =>
  values.map((value, at) => ({ value, text: texts[at] ?? '' })).filter(({ text }) => text !== '')

interface XTicks {
  /** Least room for a label, CSS pixels. */
  readonly space: number
  /** Distances there may be between ticks; uPlot's own unless given. */
  readonly incrs: readonly number[] | null
  readonly texts: (ticks: readonly number[], gap: number) => readonly string[]
  /** Where ticks stand, in an axis so many CSS pixels wide; uPlot's own places unless given. */
  readonly splits?: (range: Range, width: number) => number[]
}

const CATEGORY_SPACE = 70
const CATEGORY_LETTERS = 11

function categoryTicks(categories: readonly string[]): XTicks {
  return {
    space: CATEGORY_SPACE,
    incrs: null,
    texts: (ticks) =>
      ticks.map((tick) => {
        const text = categories[tick] ?? ''
        return text.length > CATEGORY_LETTERS ? `${text.slice(0, CATEGORY_LETTERS - 1)}…` : text
      }),
    splits: (_range, width) => {
      const every = Math.max(1, Math.ceil((categories.length * CATEGORY_SPACE) / width))
      return categories.flatMap((_, i) => (i % every === 0 ? [i] : []))
    }
  }
}

function xTicks(x: ChartX): XTicks {
  if (x === 'time') return { space: 84, incrs: TIME_STEPS, texts: timeTexts }
  if (x === 'relative') return { space: 60, incrs: RELATIVE_STEPS, texts: (ticks) => relativeTexts(ticks) }
  if (x === 'step') return { space: 60, incrs: STEP_STEPS, texts: (ticks) => ticks.map(stepText) }
  return { space: 60, incrs: null, texts: valueTexts }
}

/** Ticks of a log or symlog axis that are worth a line and a label. */
function powerTicks(scale: Vertical, low: number, high: number, most: number): number[] {
  if (scale.kind === 'symlog') return symlogTicks(scale, low, high, most)
  if (!(low > 0 && high < Infinity)) return []
  const candidates: number[] = []
  for (let power = Math.floor(Math.log10(low)); power <= Math.ceil(Math.log10(high)); power++)
    for (let digit = 1; digit < 10; digit++) candidates.push(Number(`${digit}e${power}`))
  const inside = candidates.filter((tick) => tick >= low && tick <= high)
  return logTicks(inside).filter((tick) => tick !== null)
}

const powerText = (tick: number): string => (tick === 0 ? '0' : tick < 0 ? `-${logText(-tick)}` : logText(tick))
