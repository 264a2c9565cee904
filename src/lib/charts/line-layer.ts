/**
 * The picture of a chart's lines, and what stands in for it while the next one is painted.
 *
 * - A picture that was begun is finished before another is; until then the one that is there is moved and stretched to where its lines would
 *   be now, and none is thrown away half done.
 * - While somebody pans, the picture is only shifted, and goes on beyond its edges in strips.
 * - Points that came at the ends of lines are painted onto the picture that is there.
 */
import { contextOf, newCanvas, sizeTo } from './canvas.ts'
import { isAppended, LinePicture, paintAppended, pointsOf, type LineScene } from './line-picture.ts'
import { LineStrips, type Shot } from './line-strips.ts'
import { sameView, toPixels, type View } from './paint.ts'
import type { PaintQueue } from './paint-queue.ts'

interface WantedShot extends Shot {
  /** Whether the picture that is there may be shifted instead of painting this one. */
  readonly slides: boolean
}

/** Up to so many points a picture is painted at once: it then never lags behind its axes. */
const AT_ONCE_POINTS = 4000

export const isPaintedAtOnce = (scene: LineScene): boolean => pointsOf(scene) <= AT_ONCE_POINTS

export class LineLayer {
  readonly element = document.createElement('div')
  /** What is moved and stretched: the picture, and the strips beside it. */
  readonly #sheet = document.createElement('div')
  readonly #queue: PaintQueue
  readonly #strips: LineStrips
  #front = newCanvas()
  #back = newCanvas()
  /** What the front shows, what is being painted, and what was asked for last. */
  #shown: Shot | null = null
  #painting: Shot | null = null
  #wanted: WantedShot | null = null

  constructor(queue: PaintQueue) {
    this.#queue = queue
    this.element.className = 'lines'
    this.#sheet.className = 'sheet'
    this.#sheet.append(this.#front)
    this.element.append(this.#sheet)
    this.#strips = new LineStrips(queue, this.#sheet)
  }

  /** `slides` while a view moves sideways: lines that take long to paint are shifted, and painted anew when a view comes that does not. */
  show(scene: LineScene, view: View, slides = false): void {
    this.#wanted = { scene, view, slides }
    if (this.#painting === null) this.#next(this.#wanted)
    else this.#standIn(view)
  }

  destroy(): void {
    this.#queue.remove(this)
    this.#strips.clear()
  }

  #next(wanted: WantedShot): void {
    const { scene, view } = wanted
    const shown = this.#shown
    if (shown !== null && (wanted.slides || sameView(shown.view, view)) && this.#keep(shown, wanted)) return
    if (isPaintedAtOnce(scene)) return this.#paintAtOnce(wanted)
    sizeTo(this.#back, view)
    this.#painting = wanted
    this.#standIn(view)
    this.#queue.add(this, new LinePicture(scene, view, contextOf(this.#back), () => this.#done(wanted)))
  }

  /** On the picture that is there, as nobody sees it before it is whole: an element that takes another's place has the page laid out. */
  #paintAtOnce({ scene, view }: WantedShot): void {
    sizeTo(this.#front, view)
    new LinePicture(scene, view, contextOf(this.#front), () => this.#isWhole({ scene, view })).step(Infinity)
  }

  /** Make do with the picture that is there, if it can be. */
  #keep(shown: Shot, { scene, view, slides }: WantedShot): boolean {
    if (shown.scene === scene) {
      const shift = shiftBetween(shown.view, view)
      if (shift === null) return false
      this.#sheet.style.transform = shift === 0 ? '' : `translate(${-shift / devicePixelRatio}px, 0)`
      if (slides) this.#strips.reach(shown, shift)
      return true
    }
    if (!sameView(shown.view, view) || !isAppended(shown.scene, scene, view)) return false
    paintAppended(shown.scene, scene, view, contextOf(this.#front))
    this.#isWhole({ scene, view })
    return true
  }

  #isWhole(shot: Shot): void {
    this.#strips.clear()
    this.#sheet.style.transform = ''
    this.#shown = shot
  }

  #done(shot: WantedShot): void {
    this.#front.replaceWith(this.#back)
    ;[this.#front, this.#back] = [this.#back, this.#front]
    this.#isWhole(shot)
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
    this.#sheet.style.transform = isSane
      ? `translate(${left / ratio}px, ${top / ratio}px) scale(${sx}, ${sy})`
      : 'scale(0)'
  }
}

/** How many device pixels to the right of `a` a view `b` of the same scale looks; null when something else differs, too. */
function shiftBetween(a: View, b: View): number | null {
  if (a.y[0] !== b.y[0] || a.y[1] !== b.y[1] || a.width !== b.width || a.height !== b.height) return null
  const perPixel = (a.x[1] - a.x[0]) / a.width
  const grown = (b.x[1] - b.x[0] - (a.x[1] - a.x[0])) / perPixel
  const shift = (b.x[0] - a.x[0]) / perPixel
  const whole = Math.round(shift)
  return Math.abs(grown) < 0.01 && Math.abs(shift - whole) < 0.01 ? whole : null
}
