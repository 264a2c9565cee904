import type { PlacedColumn } from './column-layout.svelte.ts'

/** A press that moves this far, in CSS pixels, is a drag and no click. */
const THRESHOLD = 5

export interface DragEnds {
  /** The pointer is at `x`, client pixels, with this column. */
  readonly over: (placed: PlacedColumn, x: number) => void
  /** Let go there; null when it was called off. */
  readonly drop: (placed: PlacedColumn, x: number | null) => void
}

/** One heading at a time carried by the pointer. Escape calls it off. */
export class ColumnDrag {
  readonly #ends: DragEnds
  #swallow = false

  constructor(ends: DragEnds) {
    this.#ends = ends
  }

  /** Whether the click that is being heard is the end of a drag. */
  swallowsClick(): boolean {
    const swallow = this.#swallow
    this.#swallow = false
    return swallow
  }

  start(event: PointerEvent, placed: PlacedColumn): void {
    const { currentTarget: element, clientX: from, pointerId, pointerType } = event
    if (event.button !== 0 || pointerType === 'touch' || !(element instanceof HTMLElement)) return
    this.#swallow = false
    const life = new AbortController()
    let dragging = false
    const end = (x: number | null): void => {
      life.abort()
      // The click of this press, if there is one, comes before any timer.
      setTimeout(() => (this.#swallow = false))
      if (dragging) this.#ends.drop(placed, x)
    }
    const on = { signal: life.signal }
    // At once: the first step may lead out of the heading.
    element.setPointerCapture(pointerId)
    const move = (at: PointerEvent): void => {
      if (!dragging && Math.abs(at.clientX - from) < THRESHOLD) return
      dragging = this.#swallow = true
      this.#ends.over(placed, at.clientX)
    }
    const escape = (at: KeyboardEvent): void => {
      if (at.key !== 'Escape' || !dragging) return
      at.stopPropagation()
      end(null)
    }
    element.addEventListener('pointermove', move, on)
    element.addEventListener('pointerup', (at) => end(at.clientX), on)
    element.addEventListener('pointercancel', () => end(null), on)
    window.addEventListener('keydown', escape, { ...on, capture: true })
  }
}
