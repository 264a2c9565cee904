/**
 * A chart of many lines, as the page's DOM holds it.
 *
 *   ┌ uPlot: grid, axes, labels ┐   redrawn when ranges change
 *   │ ┌ lines ────────────────┐ │   painted a bit per frame; until a new picture is whole the old one stands in, moved and stretched
 *   │ │ ┌ cursor ───────────┐ │ │   rule and dots, which move; the highlighted line
 *
 * Data, ranges and size come in through `show` and `resize`; pointing and keys are the component's.
 */
import { roomy } from '#lib/domain/chart-range.ts'
import type { RunId } from '#lib/domain/ids.ts'
import type { ChartBand, ChartLine, ChartX } from '#lib/live/protocol.ts'
import { LineCursor, type CursorPoint } from './line-cursor.ts'
import { isPaintedAtOnce, LineLayer } from './line-layer.ts'
import type { LineScene } from './line-picture.ts'
import { readingsAt, snap, type Reading, type Readings } from './nearest.ts'
import { sameView, toPixels, type View } from './paint.ts'
import type { PaintQueue } from './paint-queue.ts'
import { Palette } from './palette.ts'
import { PlotFrame, type PlotBox } from './plot-frame.ts'
import { PlotTurns } from './plot-turns.ts'
import { xExtent, type Range } from './scale.ts'
import {
  bandTracks,
  extentOf,
  largestOf,
  lineTracks,
  spanOf,
  type BandTracks,
  type LineTracks,
  type Track
} from './tracks.ts'
import { chartSvg, lineShapes, type LegendEntry } from './svg.ts'
import { airy, roomier, vertical, type Vertical, type YScale } from './y-scale.ts'

export interface LinePlotOptions {
  readonly host: HTMLElement
  readonly x: ChartX
  readonly y: YScale
  readonly queue: PaintQueue
  /** Called after the part that is in view, or where it stands, is another. */
  readonly onview?: () => void
  /** CSS pixels. */
  readonly width: number
  readonly height: number
}

/** What is shown, replaced whole. Colours are any CSS colour. */
export interface LineContent {
  readonly lines: readonly ChartLine[]
  readonly bands: readonly ChartBand[]
  readonly range: Range | null
  /** Whether the range is on its way from one place to another, and was not chosen yet. */
  readonly isMoving: boolean
  /** Whether other lines were asked for, and are to come. */
  readonly isAwaited: boolean
  /** By run id and by group. */
  readonly colors: Readonly<Record<string, string>>
  readonly groups: Readonly<Record<number, { readonly color: string }>>
}

/** Of what nobody gave one. */
export const NO_COLOR = 'var(--ink-soft)'

const EMPTY: LineContent = {
  lines: [],
  bands: [],
  range: null,
  isMoving: false,
  isAwaited: false,
  colors: {},
  groups: {}
}

const SIDES = ['left', 'top', 'width', 'height'] as const

const EMPTY_VIEW: View = { x: [0, 1], y: [0, 1], width: 1, height: 1 }

/** So long after the last new point a chart is no longer live, and its axis ends where its data does. */
const SETTLED_MS = 3000
/** A range that is moved and has stood still for so long is looked at. */
const REST_MS = 200

export class LinePlot {
  readonly #options: LinePlotOptions
  readonly #frame: PlotFrame
  readonly #palette: Palette
  readonly #layer: LineLayer
  readonly #cursor = new LineCursor()
  #scene: LineScene | null = null
  /** Another object whenever colours are others. */
  #inks: object = {}
  #content: LineContent = EMPTY
  readonly #turns: PlotTurns
  #vertical: Vertical
  #lines: readonly LineTracks[] = []
  #bands: readonly BandTracks[] = []
  #view: View | null = null
  /** Where lines and cursor stand, in the chart. */
  #placed: PlotBox = { left: 0, top: 0, width: 0, height: 0 }
  /** What the cursor shows. */
  #pointed: CursorPoint | null = null
  /** Of all that is shown; null when nothing is. */
  #extent: Range | null = null
  /** What the x axis covers while the data grows: more than there is, so that not every point moves all others. */
  #room: Range | null = null
  #settling: ReturnType<typeof setTimeout> | undefined
  /** Set while many lines are moved: until they rest they keep their vertical scale, so that their picture need only be shifted. */
  #moving: ReturnType<typeof setTimeout> | null = null

  constructor(options: LinePlotOptions) {
    this.#options = options
    this.#palette = new Palette(options.host)
    this.#vertical = vertical(options.y, 0)
    this.#frame = new PlotFrame({
      ...options,
      vertical: () => this.#vertical,
      palette: this.#palette,
      onlyX: () =>
        this.#content.range === null && this.#extent?.[0] === this.#extent?.[1] ? (this.#extent?.[0] ?? null) : null
    })
    this.#layer = new LineLayer(options.queue)
    this.#frame.over.before(this.#layer.element)
    this.#layer.element.after(this.#cursor.element)
    this.#turns = new PlotTurns(options.host, options.queue, () => this.#settle())
  }

  /** What listens to the pointer: it covers the plot, axes left out. */
  get over(): HTMLElement {
    return this.#frame.over
  }

  get box(): PlotBox {
    return this.#frame.box
  }

  get lines(): readonly LineTracks[] {
    this.#settle()
    return this.#lines
  }

  get view(): View | null {
    this.#settle()
    return this.#view
  }

  get vertical(): Vertical {
    this.#settle()
    return this.#vertical
  }

  /** Whether it shows what it did for a moment more, until lines of another range are there. */
  get isWaiting(): boolean {
    return this.#turns.isWaiting
  }

  /** The x range of everything there is. */
  get extent(): Range | null {
    this.#settle()
    return this.#extent
  }

  /** Shown with the next frame, or when somebody asks what is shown. */
  show(content: LineContent): void {
    this.#turns.tell(content, this.#content)
    // Axes are not drawn before there is something to draw; and whoever moves a range does so once a frame.
    if (this.#view === null || content.isMoving) this.#settle()
  }

  #settle(): void {
    const content = this.#turns.take()
    if (content === null) return
    const before = this.#content
    this.#content = content
    this.#move(content.isMoving && content.range !== before.range)
    if (content.lines !== before.lines || content.bands !== before.bands) this.#take(content)
    else if (content.colors === before.colors && content.groups === before.groups)
      return this.#render(content.isMoving !== before.isMoving)
    this.#scene = null
    this.#render(true)
  }

  #move(hasMoved: boolean): void {
    if (this.#moving !== null && (hasMoved || !this.#content.isMoving)) {
      clearTimeout(this.#moving)
      this.#moving = null
    }
    if (!hasMoved || this.#scene === null || isPaintedAtOnce(this.#scene)) return
    this.#moving = setTimeout(() => {
      this.#moving = null
      this.#render(true)
    }, REST_MS)
  }

  /** Lines that are as they were keep what was made of them: of many, a commit touches few. */
  #take({ lines, bands }: LineContent): void {
    const scale = vertical(this.#options.y, this.#options.y === 'symlog' ? largestOf(lines) : 0)
    const isSameScale = scale.linearBelow === this.#vertical.linearBelow
    const known = new Map(isSameScale ? this.#lines.map((tracks) => [tracks.line, tracks]) : [])
    this.#vertical = scale
    this.#lines = lines.map((line) => known.get(line) ?? lineTracks(line, scale))
    this.#bands = bands.map((band) => bandTracks(band, scale))
    this.#grow(extentOf([...this.#lines.map(({ raw }) => raw), ...this.#bands]))
  }

  #grow(extent: Range | null): void {
    const before = this.#extent
    this.#extent = extent
    if (extent === null || before === null || extent[0] !== before[0] || extent[1] < before[1]) this.#room = null
    else if (extent[1] > before[1] && before[1] > before[0]) {
      if (this.#room === null || extent[1] > this.#room[1]) this.#room = roomy(extent)
      clearTimeout(this.#settling)
      this.#settling = setTimeout(() => {
        this.#room = null
        this.#render(true)
      }, SETTLED_MS)
    }
  }

  resize(width: number, height: number): void {
    const { size } = this.#frame
    if (width === size.width && height === size.height && this.#view !== null) return
    this.#settle()
    this.#frame.resize(width, height)
    this.#render(true)
  }

  recolor(): void {
    this.#settle()
    this.#palette.forget()
    this.#inks = {}
    this.#scene = null
    this.#frame.redraw()
    this.#render(true)
  }

  destroy(): void {
    clearTimeout(this.#settling)
    clearTimeout(this.#moving ?? undefined)
    this.#turns.destroy()
    this.#layer.destroy()
    this.#frame.destroy()
  }

  // ── ranges ──────────────────────────────────────────────────────────────────────────────────────────────────────────────────

  /** `mayDiffer` false when neither data nor size nor colours are others: only the range may be. */
  #render(mayDiffer: boolean): void {
    const axis = this.#options.x === 'step' ? 'step' : 'relative'
    const [from, to] = this.#room ?? this.#extent ?? [null, null]
    const x = xExtent(this.#content.range, from, to, axis)
    const last = this.#view
    if (!mayDiffer && last !== null && last.x[0] === x[0] && last.x[1] === x[1]) return
    const slides = this.#moving !== null && last !== null
    const grows = this.#room !== null && this.#content.range === null && last?.x[1] === x[1]
    const y = slides ? last.y : grows ? roomier(this.#yRange(x), last.y) : this.#yRange(x)
    const hasMoved = last?.x[0] !== x[0] || last.x[1] !== x[1] || last.y[0] !== y[0] || last.y[1] !== y[1]
    // Axes cost more than a few new points: they are drawn only when they say something else.
    if (hasMoved) this.#frame.show(x, [this.#vertical.value(y[0]), this.#vertical.value(y[1])])
    const { box } = this.#frame
    const view: View = {
      x,
      y,
      width: Math.max(1, Math.round(box.width * devicePixelRatio)),
      height: Math.max(1, Math.round(box.height * devicePixelRatio))
    }
    if (last === null || !sameView(last, view)) {
      this.#place(box)
      this.#view = view
      this.#options.onview?.()
      // Whoever points says so again once the lines are there.
      if (this.#content.isAwaited && this.#pointed !== null) this.#cursor.show(this.#pointed, view)
    }
    this.#layer.show((this.#scene ??= this.#newScene()), this.#view!, slides)
  }

  /** Where it stands already nothing is written: a style that is written may have the page laid out. */
  #place(box: PlotBox): void {
    if (SIDES.every((side) => box[side] === this.#placed[side])) return
    this.#placed = box
    for (const { style } of [this.#layer.element, this.#cursor.element])
      for (const side of SIDES) style[side] = `${box[side]}px`
  }

  #yRange(x: Range): Range {
    const tracks: Track[] = []
    for (const { raw, smooth } of this.#lines) tracks.push(raw, ...(smooth ? [smooth] : []))
    for (const { x, min, max } of this.#bands) tracks.push({ x, at: min }, { x, at: max })
    const [low, high] = spanOf(tracks, x)
    if (low > high)
      return this.#vertical.kind === 'log' ? [-1, 0] : ([0, 1].map(this.#vertical.place) as [number, number])
    return this.#vertical.kind === 'log' && low === high ? [low - 0.5, high + 0.5] : airy(low, high)
  }

  // ── pictures ────────────────────────────────────────────────────────────────────────────────────────────────────────────────

  #newScene(): LineScene {
    const { colors, groups } = this.#content
    return {
      lines: this.#lines,
      bands: this.#bands,
      colorOf: (run) => this.#palette.get(colors[run] ?? NO_COLOR),
      bandColor: (group) => this.#palette.get(groups[group]?.color ?? NO_COLOR),
      palette: this.#inks,
      markColor: this.#palette.get('var(--bad)'),
      scale: devicePixelRatio
    }
  }

  /** What is shown as a picture of its own; `legend` names the lines. */
  svg(title: string, legend: readonly LegendEntry[]): string {
    this.#settle()
    const { box, ticks, size, font } = this.#frame
    const view: View = { ...(this.#view ?? EMPTY_VIEW), width: box.width, height: box.height }
    const content = lineShapes(this.#newScene(), view)
    const at = (value: number): number => toPixels(view).y(this.#vertical.place(value))
    return chartSvg({
      ...size,
      box,
      title,
      legend: legend.map(({ name, color }) => ({ name, color: this.#palette.get(color) })),
      xTicks: ticks.x.map(({ value, text }) => ({ at: toPixels(view).x(value), text })),
      yTicks: ticks.y.map(({ value, text }) => ({ at: at(value), text })),
      font,
      ink: this.#palette.get('var(--ink)'),
      faint: this.#palette.get('var(--ink-faint)'),
      rule: this.#palette.get('var(--rule)'),
      paper: this.#palette.get('var(--paper-raised)'),
      content
    })
  }

  // ── pointing ────────────────────────────────────────────────────────────────────────────────────────────────────────────────

  /** The x of the data nearest to a place on `over`, CSS pixels; null when there is none in the picture. */
  snapAt(left: number): number | null {
    const x = this.xAt(left)
    return x === null ? null : snap(this.#lines, x)
  }

  /** In units of the axis; CSS pixels from the left end of `over`. */
  xAt(left: number): number | null {
    this.#settle()
    if (this.#view === null) return null
    const { x, width } = this.#view
    return x[0] + ((left * devicePixelRatio) / width) * (x[1] - x[0])
  }

  /** What the lines say at x; the closest to `top` (CSS pixels on `over`) first when it is given, else in the lines' order. */
  readings(x: number, wanted: { top?: number | null; most: number; front?: RunId | null }): Readings {
    this.#settle()
    const { top = null, most, front = null } = wanted
    if (this.#view === null) return { count: 0, shown: [] }
    return readingsAt(this.#lines, x, this.#view, { top: top === null ? null : top * devicePixelRatio, most, front })
  }

  /** Draw the cursor at x with a dot for each reading, and one run's line in front. Null clears. */
  point(x: number | null, readings: readonly Reading[], run: RunId | null): void {
    this.#settle()
    if (this.#view === null) return
    // One line is in front as it is.
    const front = run === null || this.#lines.length === 1 ? null : this.#lines.find(({ runId }) => runId === run)
    const colorOf = (id: RunId): string => this.#palette.get(this.#content.colors[id] ?? NO_COLOR)
    this.#pointed = { x, readings, front: front ?? null, colorOf }
    this.#cursor.show(this.#pointed, this.#view)
  }
}
