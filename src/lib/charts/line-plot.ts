/**
 * A chart of many lines, as the page's DOM holds it.
 *
 *   ┌ uPlot: grid, axes, labels ┐   redrawn when ranges change
 *   │ ┌ lines ────────────────┐ │   painted a bit per frame; until a new picture is whole the old one stands in, moved and stretched
 *   │ │ ┌ overlay ──────────┐ │ │   cursor, dots, the highlighted line: redrawn on every move, and nothing else is
 *
 * Data, ranges and size come in through `show` and `resize`; pointing and keys are the component's.
 */
import type { RunId } from '#lib/domain/ids.ts'
import type { ChartBand, ChartLine, ChartX } from '#lib/live/protocol.ts'
import { LinePicture, pointsOf, type LineScene } from './line-picture.ts'
import { byCloseness, readingsAt, snap, type Reading } from './nearest.ts'
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
  readonly colorOf: (run: RunId) => string
  readonly bandColor: (group: number) => string
}

const EMPTY: LineContent = {
  lines: [],
  bands: [],
  range: null,
  colorOf: () => 'var(--ink)',
  bandColor: () => 'var(--ink)'
}

const EMPTY_VIEW: View = { x: [0, 1], y: [0, 1], width: 1, height: 1 }

/** Up to so many points a picture is painted at once: it then never lags behind its axes. */
const AT_ONCE_POINTS = 4000

export class LinePlot {
  readonly #options: LinePlotOptions
  readonly #frame: PlotFrame
  readonly #palette: Palette
  readonly #layer: HTMLDivElement
  readonly #overlay: HTMLCanvasElement
  /** The picture that is shown, what it shows, and the one being painted. */
  #front: HTMLCanvasElement
  #back: HTMLCanvasElement
  #frontView: View | null = null
  #content: LineContent = EMPTY
  #vertical: Vertical
  #lines: readonly LineTracks[] = []
  #bands: readonly BandTracks[] = []
  #view: View | null = null
  /** Of all that is shown; null when nothing is. */
  #extent: Range | null = null

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
    this.#front = newCanvas()
    this.#back = newCanvas()
    this.#overlay = newCanvas()
    this.#layer = document.createElement('div')
    this.#layer.className = 'lines'
    this.#layer.append(this.#front)
    this.#frame.over.before(this.#layer)
    this.#layer.after(this.#overlay)
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
    const isSame = content.lines === this.#content.lines && content.bands === this.#content.bands
    this.#content = content
    if (!isSame) this.#take(content)
    this.#render(!isSame)
  }

  /** Lines that are as they were keep what was made of them: of many, a commit touches few. */
  #take({ lines, bands }: LineContent): void {
    const scale = vertical(this.#options.y, this.#options.y === 'symlog' ? largestOf(lines) : 0)
    const isSameScale = scale.linearBelow === this.#vertical.linearBelow
    const known = new Map(isSameScale ? this.#lines.map((tracks) => [tracks.line, tracks]) : [])
    this.#vertical = scale
    this.#lines = lines.map((line) => known.get(line) ?? lineTracks(line, scale))
    this.#bands = bands.map((band) => bandTracks(band, scale))
    this.#extent = extentOf([...this.#lines.map(({ raw }) => raw), ...this.#bands])
  }

  resize(width: number, height: number): void {
    this.#frame.resize(width, height)
    this.#render(false)
  }

  recolor(): void {
    this.#palette.forget()
    this.#frame.redraw()
    this.#render(true)
  }

  destroy(): void {
    this.#options.queue.remove(this)
    this.#frame.destroy()
  }

  // ── ranges ──────────────────────────────────────────────────────────────────────────────────────────────────────────────────

  #render(isNew: boolean): void {
    const axis = this.#options.x === 'step' ? 'step' : 'relative'
    const x = xExtent(this.#content.range, this.#extent?.[0] ?? null, this.#extent?.[1] ?? null, axis)
    const y = this.#yRange(x)
    this.#frame.show(x, [this.#vertical.value(y[0]), this.#vertical.value(y[1])])
    const { box } = this.#frame
    const view: View = {
      x,
      y,
      width: Math.max(1, Math.round(box.width * devicePixelRatio)),
      height: Math.max(1, Math.round(box.height * devicePixelRatio))
    }
    place(this.#layer, box)
    place(this.#overlay, box)
    if (!isNew && this.#view !== null && sameView(view, this.#view)) return
    this.#view = view
    this.#paint(view)
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

  #paint(view: View): void {
    const scene = this.#scene()
    sizeTo(this.#back, view)
    const picture = new LinePicture(scene, view, contextOf(this.#back), () => this.#swap(view))
    if (pointsOf(scene) <= AT_ONCE_POINTS) {
      this.#options.queue.remove(this)
      picture.step(Infinity)
      return
    }
    this.#standIn(view)
    this.#options.queue.add(this, picture)
  }

  #swap(view: View): void {
    this.#front.replaceWith(this.#back)
    ;[this.#front, this.#back] = [this.#back, this.#front]
    this.#front.style.transform = ''
    this.#frontView = view
  }

  /** Move and stretch the picture that is there to where its lines would be. */
  #standIn(view: View): void {
    const old = this.#frontView
    if (old === null) return
    const pixels = toPixels(view)
    const ratio = devicePixelRatio
    const left = pixels.x(old.x[0])
    const top = pixels.y(old.y[1])
    const sx = (pixels.x(old.x[1]) - left) / old.width
    const sy = (pixels.y(old.y[0]) - top) / old.height
    const isSane = [left, top, sx, sy].every((value) => Number.isFinite(value) && Math.abs(value) < 1e6)
    this.#front.style.transform = isSane
      ? `translate(${left / ratio}px, ${top / ratio}px) scale(${sx}, ${sy})`
      : 'scale(0)'
  }

  #scene(): LineScene {
    return {
      lines: this.#lines,
      bands: this.#bands,
      colorOf: (run) => this.#palette.get(this.#content.colorOf(run)),
      bandColor: (group) => this.#palette.get(this.#content.bandColor(group)),
      markColor: this.#palette.get('var(--bad)'),
      scale: devicePixelRatio
    }
  }

  /** What is shown as a picture of its own; `legend` names the lines. */
  svg(title: string, legend: readonly LegendEntry[]): string {
    const { box, ticks, size, font } = this.#frame
    const view: View = { ...(this.#view ?? EMPTY_VIEW), width: box.width, height: box.height }
    const content = lineShapes(this.#scene(), view)
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
  readings(x: number, top: number | null): Reading[] {
    if (this.#view === null) return []
    const readings = readingsAt(this.#lines, x, this.#view)
    return top === null ? readings : byCloseness(readings, top * devicePixelRatio, this.#view)
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
      context.fillStyle = this.#palette.get(this.#content.colorOf(reading.run))
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
    context.lineWidth = 2 * devicePixelRatio
    context.lineJoin = 'round'
    context.strokeStyle = this.#palette.get(this.#content.colorOf(run))
    context.beginPath()
    traceTrack(context, tracks.smooth ?? tracks.raw, view)
    context.stroke()
  }
}

function newCanvas(): HTMLCanvasElement {
  const canvas = document.createElement('canvas')
  canvas.width = canvas.height = 1
  return canvas
}

const contextOf = (canvas: HTMLCanvasElement): CanvasRenderingContext2D => canvas.getContext('2d')!

/** Setting a canvas's size clears it, and costs its memory: only when it changes. */
function sizeTo(canvas: HTMLCanvasElement, { width, height }: View): void {
  if (canvas.width !== width) canvas.width = width
  if (canvas.height !== height) canvas.height = height
  canvas.style.width = `${width / devicePixelRatio}px`
  canvas.style.height = `${height / devicePixelRatio}px`
}

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
