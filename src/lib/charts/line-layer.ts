/**
 * The picture of a chart's lines, and what stands in for it while the next one is painted.
 *
 * - A picture that was begun is finished before another is: while somebody pans, each one is shown, moved and stretched to where its lines
 *   would be now, and none is thrown away half done.
 * - Points that came at the ends of lines are painted onto the picture that is there.
 */
import { isAppended, LinePicture, paintAppended, pointsOf, type LineScene } from './line-picture.ts'
import { sameView, toPixels, type View } from './paint.ts'
import type { PaintQueue } from './paint-queue.ts'

interface Shot {
  readonly scene: LineScene
  readonly view: View
}

/** Up to so many points a picture is painted at once: it then never lags behind its axes. */
const AT_ONCE_POINTS = 4000

export class LineLayer {
  readonly element = document.createElement('div')
  readonly #queue: PaintQueue
  #front = newCanvas()
  #back = newCanvas()
  /** What the front shows, what is being painted, and what was asked for last. */
  #shown: Shot | null = null
  #painting: Shot | null = null
  #wanted: Shot | null = null

  constructor(queue: PaintQueue) {
    this.#queue = queue
    this.element.className = 'lines'
    this.element.append(this.#front)
  }

  show(scene: LineScene, view: View): void {
    this.#wanted = { scene, view }
    if (this.#painting === null) this.#next(this.#wanted)
    else this.#standIn(view)
  }

  destroy(): void {
    this.#queue.remove(this)
  }

  #next(wanted: Shot): void {
    const { scene, view } = wanted
    const shown = this.#shown
    if (shown !== null && sameView(shown.view, view)) {
      this.#front.style.transform = ''
      if (shown.scene === scene) return
      if (isAppended(shown.scene, scene, view)) {
        paintAppended(shown.scene, scene, view, contextOf(this.#front))
        this.#shown = wanted
        return
      }
    }
    sizeTo(this.#back, view)
    this.#painting = wanted
    const picture = new LinePicture(scene, view, contextOf(this.#back), () => this.#done(wanted))
    if (pointsOf(scene) <= AT_ONCE_POINTS) picture.step(Infinity)
    else {
      this.#standIn(view)
      this.#queue.add(this, picture)
    }
  }

  #done(shot: Shot): void {
    this.#front.replaceWith(this.#back)
    ;[this.#front, this.#back] = [this.#back, this.#front]
    this.#front.style.transform = ''
    this.#shown = shot
    this.#painting = null
    const wanted = this.#wanted
    if (wanted === null || wanted === shot) return
    this.#standIn(wanted.view)
    // Not within the turn of the picture that is just done.
    this.#painting = wanted
    requestAnimationFrame(() => {
      this.#painting = null
      if (this.#wanted !== null) this.#next(this.#wanted)
    })
  }

  /** Move and stretch the picture that is there to where its lines would be. */
  #standIn(view: View): void {
    const old = this.#shown?.view
    if (old === undefined) return
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
}

export function newCanvas(): HTMLCanvasElement {
  const canvas = document.createElement('canvas')
  canvas.width = canvas.height = 1
  return canvas
}

export const contextOf = (canvas: HTMLCanvasElement): CanvasRenderingContext2D => canvas.getContext('2d')!

/** Setting a canvas's size clears it, and costs its memory: only when it changes. */
export function sizeTo(canvas: HTMLCanvasElement, { width, height }: View): void {
  if (canvas.width !== width) canvas.width = width
  if (canvas.height !== height) canvas.height = height
  canvas.style.width = `${width / devicePixelRatio}px`
  canvas.style.height = `${height / devicePixelRatio}px`
}
