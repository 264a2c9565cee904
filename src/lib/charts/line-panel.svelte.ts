import type { RunId } from '#lib/domain/ids.ts'
import type { ChartX } from '#lib/live/protocol.ts'
import type { ChartCursor } from './chart-cursor.svelte.ts'
import type { LinePlot } from './line-plot.ts'
import { neighbourX, type Readings } from './nearest.ts'
import { panRange, wholeRange, zoomRange, type Range } from './scale.ts'

export interface LinePanelInputs {
  readonly cursor: () => ChartCursor
  readonly x: () => ChartX
  readonly range: () => Range | null
  readonly onrange: (range: Range | null) => void
}

/** A box being drawn, CSS pixels on the plot. */
export interface Box {
  readonly left: number
  readonly width: number
}

/** CSS pixels, on the plot. */
interface Place {
  readonly left: number
  readonly top: number
}

/** Values a screen reader is told after a key. */
const SAID = 12
/** Narrower than this a press was a click. */
const LEAST_DRAG = 4
/** A box that was released stands until what is in it is shown: where that is what was shown before, for so long. */
const STANDING_MS = 100

/** Pointing into one panel: the cursor, boxes, panning, keys. */
export class LinePanelController {
  readonly #inputs: LinePanelInputs
  readonly id = Symbol('panel')
  plot = $state.raw<LinePlot | null>(null)
  /** Where the pointer is on the plot; null while it is elsewhere, or the keyboard moves the cursor. */
  pointer = $state.raw<Place | null>(null)
  box = $state.raw<Box | null>(null)
  /** Where a pan has come to; told to others when it ends, as each range that is told is asked about. */
  moving = $state.raw<Range | null>(null)
  /** What a screen reader is told after a key. */
  said = $state('')
  /** Where the pointer is, between two frames. */
  #pointed: Place | null = null
  /** Of the plot, as asked for when the pointer came in: asking on every move would lay the page out each time. */
  #plotBox: DOMRect | null = null
  #drag: { readonly kind: 'box' | 'pan'; readonly left: number; readonly range: Range } | null = null
  #frame = 0
  #standing: ReturnType<typeof setTimeout> | undefined

  constructor(inputs: LinePanelInputs) {
    this.#inputs = inputs
  }

  destroy(): void {
    cancelAnimationFrame(this.#frame)
    clearTimeout(this.#standing)
    this.leave()
  }

  // ── pointer ─────────────────────────────────────────────────────────────────────────────────────────────────────────────────

  down(event: PointerEvent): void {
    const view = this.plot?.view
    const isPan = event.button === 1 || (event.button === 0 && event.shiftKey)
    if (!view || (event.button !== 0 && !isPan)) return
    event.preventDefault()
    ;(event.currentTarget as HTMLElement).setPointerCapture(event.pointerId)
    this.box = null
    this.#drag = { kind: isPan ? 'pan' : 'box', left: this.#at(event).left, range: view.x }
    if (isPan) this.leave()
  }

  move(event: PointerEvent): void {
    this.#pointed = this.#at(event)
    // Pointers report more often than pictures are shown.
    if (this.#frame === 0)
      this.#frame = requestAnimationFrame(() => {
        this.#frame = 0
        this.#moved()
      })
  }

  up(event: PointerEvent): void {
    const drag = this.#drag
    // The last moves may not have had their frame yet.
    if (drag !== null && this.#pointed !== null) {
      this.#pointed = this.#at(event)
      this.#moved()
    }
    const { box, moving } = this
    this.#drag = this.moving = null
    if (moving !== null) return this.#ask(...moving)
    if (drag?.kind !== 'box' || box === null) return this.unbox()
    event.preventDefault()
    const from = this.plot?.xAt(box.left)
    const to = this.plot?.xAt(box.left + box.width)
    clearTimeout(this.#standing)
    this.#standing = setTimeout(() => this.unbox(), STANDING_MS)
    if (from != null && to != null) this.#ask(from, to)
  }

  /** What a box was drawn around is shown, or no box is drawn any more. */
  unbox(): void {
    if (this.#drag === null) this.box = null
  }

  cancel(): void {
    this.#drag = this.box = this.moving = null
  }

  /** The page was scrolled or laid out anew. */
  moveAway(): void {
    this.#plotBox = null
  }

  leave(): void {
    this.pointer = this.#pointed = this.#plotBox = null
    const cursor = this.#inputs.cursor()
    if (cursor.panel === this.id) cursor.point(this.id, null, null)
  }

  reset(): void {
    this.#inputs.onrange(null)
  }

  #at(event: PointerEvent): Place {
    const box = (this.#plotBox ??= (event.currentTarget as HTMLElement).getBoundingClientRect())
    return { left: event.clientX - box.left, top: event.clientY - box.top }
  }

  #moved(): void {
    const { plot } = this
    const pointer = this.#pointed
    if (plot === null || pointer === null) return
    if (this.#drag?.kind === 'pan') return this.#pan(this.#drag, pointer.left)
    if (this.#drag !== null) {
      const start = Math.max(0, Math.min(this.#drag.left, pointer.left))
      const end = Math.min(plot.box.width, Math.max(this.#drag.left, pointer.left))
      this.box = end - start >= LEAST_DRAG ? { left: start, width: end - start } : null
    }
    this.pointer = pointer
    const x = plot.snapAt(pointer.left)
    const nearest = x === null ? null : (plot.readings(x, { top: pointer.top, most: 1 }).shown[0]?.run ?? null)
    this.#inputs.cursor().point(this.id, x, nearest)
  }

  #pan({ left: start, range }: { readonly left: number; readonly range: Range }, left: number): void {
    const view = this.plot?.view
    if (!view) return
    // By whole pixels: then the picture need only be shifted.
    const moved = (Math.round((start - left) * devicePixelRatio) * (range[1] - range[0])) / view.width
    this.moving = [range[0] + moved, range[1] + moved]
  }

  /** A range that was drawn: steps and milliseconds are whole, values of a metric are not. */
  #ask(from: number, to: number): void {
    const range: Range | null = typeof this.#inputs.x() === 'string' ? wholeRange(from, to) : [from, to]
    if (range !== null) this.#inputs.onrange(range)
  }

  // ── keys ────────────────────────────────────────────────────────────────────────────────────────────────────────────────────

  /** Returns whether the key meant something here. */
  key(event: KeyboardEvent, describe: (readings: Readings, x: number) => string): boolean {
    if (event.ctrlKey || event.metaKey || event.altKey) return false
    const { key } = event
    if (key === 'ArrowLeft' || key === 'ArrowRight')
      return this.#step(key === 'ArrowLeft' ? -1 : 1, event.shiftKey ? 10 : 1, describe)
    if (key === 'Home' || key === 'End') return this.#toEnd(key === 'Home' ? -1 : 1, describe)
    if (key === '+' || key === '=') return this.#zoom(0.5)
    if (key === '-') return this.#zoom(2)
    if (key === '0') {
      this.reset()
      return true
    }
    if (key !== 'Escape') return false
    const isIdle = this.#inputs.cursor().x === null && this.#inputs.range() === null
    if (this.#inputs.range() !== null) this.reset()
    this.leave()
    return !isIdle
  }

  #step(direction: 1 | -1, times: number, describe: (readings: Readings, x: number) => string): boolean {
    const { plot } = this
    const view = plot?.view
    if (!plot || !view) return false
    const start = this.#inputs.cursor().x ?? (direction === 1 ? view.x[0] : view.x[1])
    let x: number | null = null
    for (let i = 0; i < times; i++) x = neighbourX(plot.lines, x ?? start, direction) ?? x
    return this.#stand(x ?? plot.snapAt(0), describe)
  }

  #toEnd(direction: 1 | -1, describe: (readings: Readings, x: number) => string): boolean {
    const extent = this.plot?.extent
    return extent ? this.#stand(extent[direction === 1 ? 1 : 0], describe) : false
  }

  #stand(x: number | null, describe: (readings: Readings, x: number) => string): boolean {
    const { plot } = this
    if (!plot || x === null) return false
    this.pointer = null
    const cursor = this.#inputs.cursor()
    const run: RunId | null = cursor.run
    cursor.point(this.id, x, run)
    this.#keepInView(x)
    this.said = describe(plot.readings(x, { most: SAID, front: run }), x)
    return true
  }

  #keepInView(x: number): void {
    const range = this.#inputs.range()
    const extent = this.plot?.extent
    if (!range || !extent || (x >= range[0] && x <= range[1])) return
    this.#inputs.onrange(panRange(range, (x - (range[0] + range[1]) / 2) / (range[1] - range[0]), extent))
  }

  #zoom(factor: number): boolean {
    const { plot } = this
    const view = plot?.view
    if (!plot || !view) return false
    const whole: Range = plot.extent ?? view.x
    this.#inputs.onrange(zoomRange(view.x, factor, whole))
    return true
  }
}
