/**
 * A chart of many lines, as the page's DOM holds it.
 *
 *   ┌ uPlot: grid, axes, labels ┐   redrawn when ranges change
 *   │ ┌ lines ────────────────┐ │   painted a bit per frame; until a new picture is whole the old one stands in, moved and stretched
 *   │ │ ┌ overlay ──────────┐ │ │   cursor, dots, the highlighted line: redrawn on every move, and nothing else is
 *
 * Data, ranges and size come in through `show` and `resize`; pointing and keys are the component's.
 */
import { roomy } from '#lib/domain/chart-range.ts'
import type { RunId } from '#lib/domain/ids.ts'
import type { ChartBand, ChartLine, ChartX } from '#lib/live/protocol.ts'
import { contextOf, LineLayer, newCanvas, sizeTo } from './line-layer.ts'
import type { LineScene } from './line-picture.ts'
import { readingsAt, snap, type Reading, type Readings } from './nearest.ts'
import { sameView, toPixels, traceTrack, type View } from './paint.ts'
import type { PaintQueue } from './paint-queue.ts'
import { Palette } from './palette.ts'
import { PlotFrame, type PlotBox } from './plot-frame.ts'
import { xExtent, type Range } from './scale.ts'
import { bandTracks, lineTracks, spanOf, type BandTracks, type LineTracks, type Track } from './tracks.ts'
import { chartSvg, lineShapes, type LegendEntry } from './svg.ts'
import { airy, vertical, type Vertical, type YScale } from './y-scale.ts'

export interface LinePlotOptions {
  readonly host: HTMLElement
  readonly x: ChartX
  readonly y: YScale
  readonly queue: PaintQueue
  /** CSS pixels. */
  readonly width: number
  readonly height: number
}

/** What is shown, replaced whole. Colours are any CSS colour. */
export interface LineContent {
  readonly lines: readonly ChartLine[]
  readonly bands: readonly ChartBand[]
  readonly range: Range | null
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
  colors: {},
  groups: {}
}

const EMPTY_VIEW: View = { x: [0, 1], y: [0, 1], width: 1, height: 1 }

/** So long after the last new point a chart is no longer live, and its axis ends where its data does. */
const SETTLED_MS = 3000

export class LinePlot {
  readonly #options: LinePlotOptions
  readonly #frame: PlotFrame
  readonly #palette: Palette
  readonly #layer: LineLayer
  readonly #overlay = newCanvas()
  #scene: LineScene | null = null
  /** Another object whenever colours are others. */
  #inks: object = {}
  #content: LineContent = EMPTY
  #vertical: Vertical
  #lines: readonly LineTracks[] = []
  #bands: readonly BandTracks[] = []
  #view: View | null = null
  /** Of all that is shown; null when nothing is. */
  #extent: Range | null = null
  /** What the x axis covers while the data grows: more than there is, so that not every point moves all others. */
  #room: Range | null = null
  #settling: ReturnType<typeof setTimeout> | undefined

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
    this.#layer.element.after(this.#overlay)
    this.#overlay.className = 'overlay'
  }

  /** What listens to the pointer: it covers the plot, axes left out. */
  get over(): HTMLElement {
    return this.#frame.over
  }

  get box(): PlotBox {
    return this.#frame.box
  }

  get lines(): readonly LineTracks[] {
    return this.#lines
  }

  get view(): View | null {
    return this.#view
  }

  get vertical(): Vertical {
    return this.#vertical
  }

  /** The x range of everything there is. */
  get extent(): Range | null {
    return this.#extent
  }

  show(content: LineContent): void {
    const before = this.#content
    this.#content = content
    if (content.lines !== before.lines || content.bands !== before.bands) this.#take(content)
    else if (content.colors === before.colors && content.groups === before.groups) return this.#render(false)
    this.#scene = null
    this.#render(true)
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
    this.#frame.resize(width, height)
    this.#render(true)
  }

  recolor(): void {
    this.#palette.forget()
    this.#inks = {}
    this.#scene = null
    this.#frame.redraw()
    this.#render(true)
  }

  destroy(): void {
    clearTimeout(this.#settling)
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
    const y = this.#yRange(x)
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
      place(this.#layer.element, box)
      place(this.#overlay, box)
      this.#view = view
    }
    this.#layer.show((this.#scene ??= this.#newScene()), this.#view!)
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
    if (this.#view === null) return null
    const { x, width } = this.#view
    return x[0] + ((left * devicePixelRatio) / width) * (x[1] - x[0])
  }

  /** What the lines say at x; the closest to `top` (CSS pixels on `over`) first when it is given, else in the lines' order. */
  readings(x: number, wanted: { top?: number | null; most: number; front?: RunId | null }): Readings {
    const { top = null, most, front = null } = wanted
    if (this.#view === null) return { count: 0, shown: [] }
    return readingsAt(this.#lines, x, this.#view, { top: top === null ? null : top * devicePixelRatio, most, front })
  }

  /** Draw the cursor at x with a dot for each reading, and one run's line in front. Null clears. */
  point(x: number | null, readings: readonly Reading[], run: RunId | null): void {
    const view = this.#view
    if (view === null) return
    sizeTo(this.#overlay, view)
    const context = contextOf(this.#overlay)
    context.clearRect(0, 0, view.width, view.height)
    if (run !== null) this.#paintInFront(context, view, run)
    if (x === null) return
    const pixels = toPixels(view)
    const ratio = devicePixelRatio
    context.fillStyle = this.#palette.get('var(--ink-faint)')
    context.globalAlpha = 0.6
    context.fillRect(Math.round(pixels.x(x)), 0, Math.max(1, Math.round(ratio)), view.height)
    context.globalAlpha = 1
    context.lineWidth = 1.5 * ratio
    context.strokeStyle = this.#palette.get('var(--paper-raised)')
    for (const reading of readings) {
      if (Number.isNaN(reading.place)) continue
      context.fillStyle = this.#palette.get(this.#content.colors[reading.run] ?? NO_COLOR)
      context.beginPath()
      context.arc(pixels.x(reading.x), pixels.y(reading.place), 3.5 * ratio, 0, 2 * Math.PI)
      context.fill()
      context.stroke()
    }
  }

  #paintInFront(context: CanvasRenderingContext2D, view: View, run: RunId): void {
    const tracks = this.#lines.find(({ runId }) => runId === run)
    if (tracks === undefined) return
    context.globalAlpha = 1
    const track = tracks.smooth ?? tracks.raw
    context.lineJoin = 'round'
    context.strokeStyle = this.#palette.get(this.#content.colors[run] ?? NO_COLOR)
    const few = track.x.length <= FEW_POINTS
    context.lineWidth = few ? 2.5 * devicePixelRatio : 1
    // A wide stroke of many points takes longer than a frame: side by side, lines a pixel wide are as good.
    for (const [dx, dy] of few ? [[0, 0]] : BESIDE) {
      context.setTransform(1, 0, 0, 1, dx, dy)
      context.beginPath()
      traceTrack(context, track, view)
      context.stroke()
    }
    context.resetTransform()
  }
}

const FEW_POINTS = 400
const BESIDE = [
  [0, 0],
  [1, 0],
  [0, 1],
  [-1, 0],
  [0, -1]
] as const

function place(element: HTMLElement, { left, top, width, height }: PlotBox): void {
  element.style.left = `${left}px`
  element.style.top = `${top}px`
  element.style.width = `${width}px`
  element.style.height = `${height}px`
}

function extentOf(tracks: readonly Pick<Track, 'x'>[]): Range | null {
  let low = Infinity
  let high = -Infinity
  for (const { x } of tracks) {
    if (x.length === 0) continue
    low = Math.min(low, x[0]!)
    high = Math.max(high, x[x.length - 1]!)
  }
  return low <= high ? [low, high] : null
}

function largestOf(lines: readonly ChartLine[]): number {
  let largest = 0
  for (const { raw } of lines) for (const value of raw.y) largest = Math.max(largest, Math.abs(value))
  return largest
}
