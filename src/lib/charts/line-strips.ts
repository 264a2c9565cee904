/**
 * What a picture shows beyond its edges while it is moved: it goes on to the left and to the right in strips.
 *
 * - A strip has the picture's own scale and stands at whole pixels, so that lines run through from one to the next.
 * - One is painted at a time, a bit per frame, and shown when it is whole; until then its place is blank.
 */
import { newCanvas, sizeTo } from './canvas.ts'
import { LinePicture, type LineScene } from './line-picture.ts'
import type { View } from './paint.ts'
import type { Painting, PaintQueue } from './paint-queue.ts'

/** A picture: of what, and which part. */
export interface Shot {
  readonly scene: LineScene
  readonly view: View
}

/** CSS pixels. */
const STRIP_WIDTH = 128

export class LineStrips implements Painting {
  readonly #queue: PaintQueue
  readonly #sheet: HTMLElement
  #shot: Shot | null = null
  #shift = 0
  /** Where the next strips are likely to be needed: 1 to the right, -1 to the left. */
  #direction = 1
  /** By place: 0 is the first to the right of the picture, -1 the first to its left. */
  readonly #strips = new Map<number, HTMLCanvasElement>()
  #begun: LinePicture | null = null

  /** `sheet` holds the picture; what is in it moves together. */
  constructor(queue: PaintQueue, sheet: HTMLElement) {
    this.#queue = queue
    this.#sheet = sheet
  }

  /** The picture `shot` is looked at from `shift` device pixels further right; negative: left. */
  reach(shot: Shot, shift: number): void {
    if (shot !== this.#shot) this.clear()
    this.#shot = shot
    if (shift !== this.#shift) this.#direction = Math.sign(shift - this.#shift)
    this.#shift = shift
    if (this.#begun === null && this.#wanted() !== null) this.#queue.add(this, this)
  }

  clear(): void {
    this.#queue.remove(this)
    for (const strip of this.#strips.values()) strip.remove()
    this.#strips.clear()
    this.#shot = this.#begun = null
    this.#shift = 0
  }

  step(points: number): boolean {
    this.#begun ??= this.#begin()
    if (this.#begun?.step(points)) this.#begun = null
    return this.#begun === null && this.#wanted() === null
  }

  #begin(): LinePicture | null {
    const place = this.#wanted()
    if (place === null || this.#shot === null) return null
    const { scene, view: whole } = this.#shot
    const left = this.#leftOf(place)
    const perPixel = (whole.x[1] - whole.x[0]) / whole.width
    const from = whole.x[0] + left * perPixel
    const view: View = { ...whole, x: [from, from + this.#width * perPixel], width: this.#width }
    const canvas = newCanvas()
    sizeTo(canvas, view)
    canvas.style.left = `${left / devicePixelRatio}px`
    this.#strips.set(place, canvas)
    return new LinePicture(scene, view, canvas.getContext('2d')!, () => this.#sheet.append(canvas), whole)
  }

  /** The strip that is needed next: the nearest in sight, then one ahead. */
  #wanted(): number | null {
    if (this.#shot === null) return null
    const { width } = this.#shot.view
    const ahead = this.#direction * this.#width
    const left = this.#shift + Math.min(0, ahead)
    const right = this.#shift + width + Math.max(0, ahead)
    for (let place = 0; this.#leftOf(place) < right; place++)
      if (!this.#strips.has(place) && this.#leftOf(place) + this.#width > left) return place
    for (let place = -1; this.#leftOf(place) + this.#width > left; place--)
      if (!this.#strips.has(place) && this.#leftOf(place) < right) return place
    return null
  }

  #leftOf(place: number): number {
    return place * this.#width + (place < 0 ? 0 : (this.#shot?.view.width ?? 0))
  }

  get #width(): number {
    return Math.round(STRIP_WIDTH * devicePixelRatio)
  }
}
