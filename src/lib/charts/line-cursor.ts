/**
 * The cursor in a chart of lines: a rule at x, a dot for each line that is read there, and one run's line in front of the others.
 *
 * Rule and dots are elements, which a browser moves without painting a chart anew; the line in front is painted once for each run.
 */
import type { RunId } from '#lib/domain/ids.ts'
import { contextOf, newCanvas, sizeTo } from './canvas.ts'
import type { Reading } from './nearest.ts'
import { sameView, toPixels, traceTrack, type View } from './paint.ts'
import type { LineTracks } from './tracks.ts'

export interface CursorPoint {
  /** In units of the axis; null for no cursor. */
  readonly x: number | null
  readonly readings: readonly Reading[]
  /** In front of the others; null for none. */
  readonly front: LineTracks | null
  /** As a canvas understands it. */
  readonly colorOf: (run: RunId) => string
}

/** Up to so many points a line is drawn wide. */
const FEW_POINTS = 400
const BESIDE = [
  [0, 0],
  [1, 0],
  [0, 1],
  [-1, 0],
  [0, -1]
] as const

export class LineCursor {
  readonly element = document.createElement('div')
  readonly #rule = document.createElement('i')
  readonly #dots: HTMLElement[] = []
  readonly #canvas = newCanvas()
  #painted: { readonly front: LineTracks; readonly view: View; readonly color: string } | null = null

  constructor() {
    this.element.className = 'overlay'
    this.#rule.className = 'rule'
    this.#rule.hidden = this.#canvas.hidden = true
    this.element.append(this.#canvas, this.#rule)
  }

  show(point: CursorPoint, view: View): void {
    this.#paintFront(point, view)
    const { x } = point
    this.#rule.hidden = x === null
    if (x !== null) this.#rule.style.transform = `translateX(${Math.round(toPixels(view).x(x)) / devicePixelRatio}px)`
    this.#placeDots(x === null ? [] : point.readings.filter(({ place }) => !Number.isNaN(place)), point.colorOf, view)
  }

  #placeDots(readings: readonly Reading[], colorOf: (run: RunId) => string, view: View): void {
    const pixels = toPixels(view)
    while (this.#dots.length < readings.length) {
      const dot = document.createElement('i')
      dot.className = 'dot'
      this.#dots.push(dot)
      this.element.append(dot)
    }
    for (const [at, dot] of this.#dots.entries()) {
      const reading = readings[at]
      dot.hidden = reading === undefined
      if (reading === undefined) continue
      const [left, top] = [pixels.x(reading.x) / devicePixelRatio, pixels.y(reading.place) / devicePixelRatio]
      dot.style.transform = `translate(${left}px, ${top}px)`
      dot.style.backgroundColor = colorOf(reading.run)
    }
  }

  #paintFront({ front, colorOf }: CursorPoint, view: View): void {
    this.#canvas.hidden = front === null
    if (front === null) return
    const color = colorOf(front.runId)
    const painted = this.#painted
    if (painted?.front === front && painted.color === color && sameView(painted.view, view)) return
    this.#painted = { front, view, color }
    sizeTo(this.#canvas, view)
    const context = contextOf(this.#canvas)
    context.clearRect(0, 0, view.width, view.height)
    paintWide(context, front, view, color)
  }
}

function paintWide(context: CanvasRenderingContext2D, { raw, smooth }: LineTracks, view: View, color: string): void {
  const track = smooth ?? raw
  const few = track.x.length <= FEW_POINTS
  context.lineJoin = 'round'
  context.strokeStyle = color
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
