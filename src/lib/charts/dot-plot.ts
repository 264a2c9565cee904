import { dotRange, nearestDot, placeDots, type Dot, type PlacedDot, type PlacedDots } from './dots.ts'
import { toPixels, type View } from './paint.ts'
import { Palette } from './palette.ts'
import { PlotFrame, type PlotBox } from './plot-frame.ts'
import { chartSvg, type LegendEntry } from './svg.ts'
import { airy, vertical, type Vertical, type YScale } from './y-scale.ts'

export interface DotPlotOptions {
  readonly host: HTMLElement
  readonly xTitle: string
  readonly y: YScale
  readonly dots: readonly Dot[]
  readonly colorOf: (runId: string) => string
}

const RADIUS = 4
/** How far from a dot the pointer still means it, CSS pixels. */
const REACH = 24

/** Dots on axes. Made anew for other dots: axes of numbers and of texts are two kinds. */
export class DotPlot {
  readonly #options: DotPlotOptions
  readonly #frame: PlotFrame
  readonly #palette: Palette
  readonly #canvas = document.createElement('canvas')
  readonly #vertical: Vertical
  readonly placed: PlacedDots
  #view: View = { x: [0, 1], y: [0, 1], width: 1, height: 1 }
  #front: string | null = null

  constructor(options: DotPlotOptions) {
    this.#options = options
    const { host, dots } = options
    const largest = Math.max(0, ...dots.map(({ y }) => Math.abs(y ?? 0)).filter(Number.isFinite))
    this.#vertical = vertical(options.y, largest)
    this.placed = placeDots(dots, this.#vertical)
    this.#palette = new Palette(host)
    this.#frame = new PlotFrame({
      host,
      x: { metric: options.xTitle },
      vertical: () => this.#vertical,
      palette: this.#palette,
      onlyX: () => null,
      ...(this.placed.categories && { categories: this.placed.categories }),
      width: host.clientWidth,
      height: host.clientHeight
    })
    this.#canvas.className = 'overlay'
    this.#frame.over.before(this.#canvas)
    this.draw()
  }

  get over(): HTMLElement {
    return this.#frame.over
  }

  get box(): PlotBox {
    return this.#frame.box
  }

  resize(width: number, height: number): void {
    this.#frame.resize(width, height)
    this.draw()
  }

  recolor(): void {
    this.#palette.forget()
    this.draw()
  }

  /** One run's dot in front of the others; null for none. */
  point(runId: string | null): void {
    if (this.#front === runId) return
    this.#front = runId
    this.#paint()
  }

  /** CSS pixels on `over`. */
  nearest(left: number, top: number): PlacedDot | null {
    return nearestDot(this.placed.dots, (dot) => this.at(dot), [left, top], REACH)
  }

  /** Where a dot is, CSS pixels on `over`. */
  at({ x, place }: PlacedDot): readonly [number, number] {
    const pixels = toPixels(this.#view)
    return [pixels.x(x) / devicePixelRatio, pixels.y(place) / devicePixelRatio]
  }

  destroy(): void {
    this.#frame.destroy()
  }

  draw(): void {
    const { dots, categories } = this.placed
    const places = dots.map(({ place }) => place)
    const low = Math.min(...places)
    const high = Math.max(...places)
    const y: readonly [number, number] =
      low <= high ? airy(low, high) : this.#vertical.kind === 'log' ? [-1, 0] : [0, 1]
    const x = dotRange(dots, categories)
    this.#frame.show(x, [this.#vertical.value(y[0]), this.#vertical.value(y[1])])
    const { left, top, width, height } = this.#frame.box
    this.#view = {
      x,
      y,
      width: Math.max(1, Math.round(width * devicePixelRatio)),
      height: Math.max(1, Math.round(height * devicePixelRatio))
    }
    this.#canvas.width = this.#view.width
    this.#canvas.height = this.#view.height
    Object.assign(this.#canvas.style, {
      left: `${left}px`,
      top: `${top}px`,
      width: `${width}px`,
      height: `${height}px`
    })
    this.#paint()
  }

  #paint(): void {
    const context = this.#canvas.getContext('2d')!
    const ratio = devicePixelRatio
    context.clearRect(0, 0, this.#view.width, this.#view.height)
    const paint = (dot: PlacedDot, radius: number): void => {
      const [x, y] = this.at(dot)
      context.fillStyle = this.#palette.get(this.#options.colorOf(dot.runId))
      context.beginPath()
      context.arc(x * ratio, y * ratio, radius * ratio, 0, 2 * Math.PI)
      context.fill()
    }
    context.globalAlpha = this.#front === null ? 0.85 : 0.35
    for (const dot of this.placed.dots) paint(dot, RADIUS)
    context.globalAlpha = 1
    const front = this.placed.dots.find(({ runId }) => runId === this.#front)
    if (front) paint(front, RADIUS + 2)
  }

  svg(title: string, legend: readonly LegendEntry[]): string {
    const { box, ticks, size, font } = this.#frame
    const pixels = toPixels({ ...this.#view, width: box.width, height: box.height })
    const circles = this.placed.dots.map(
      ({ x, place, runId }) =>
        `<circle cx="${pixels.x(x).toFixed(2)}" cy="${pixels.y(place).toFixed(2)}" r="${RADIUS}" fill="${this.#palette.get(this.#options.colorOf(runId))}"/>`
    )
    return chartSvg({
      ...size,
      box,
      title,
      legend: legend.map(({ name, color }) => ({ name, color: this.#palette.get(color) })),
      xTicks: ticks.x.map(({ value, text }) => ({ at: pixels.x(value), text })),
      yTicks: ticks.y.map(({ value, text }) => ({ at: pixels.y(this.#vertical.place(value)), text })),
      font,
      ink: this.#palette.get('var(--ink)'),
      faint: this.#palette.get('var(--ink-faint)'),
      rule: this.#palette.get('var(--rule)'),
      paper: this.#palette.get('var(--paper-raised)'),
      content: circles.join('\n')
    })
  }
}
