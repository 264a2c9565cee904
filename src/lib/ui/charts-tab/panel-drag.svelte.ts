import type { PanelId } from './layout.ts'
import type { Panel } from './panels.ts'

/** Where a panel would be put. */
export interface DropPlace {
  readonly target: PanelId
  readonly side: 'before' | 'after'
}

/** CSS pixels the pointer moves before a press is a drag. */
const THRESHOLD = 5
/** This near to an edge of what scrolls, it scrolls, by this much a frame. */
const EDGE = 48
const SCROLL_STEP = 12

/** A panel on its way to another place of its group, by pointer. */
export class PanelDrag {
  readonly #drop: (panel: Panel, place: DropPlace) => void
  panel = $state.raw<Panel | null>(null)
  place = $state.raw<DropPlace | null>(null)
  #stop: (() => void) | null = null

  constructor(drop: (panel: Panel, place: DropPlace) => void) {
    this.#drop = drop
    $effect(() => () => this.#stop?.())
  }

  /** A press on what a panel is held by. */
  press(event: PointerEvent, panel: Panel): void {
    if (event.button !== 0 || this.#stop) return
    const handle = event.currentTarget as HTMLElement
    const from = { x: event.clientX, y: event.clientY }
    let last = event
    let frame = 0
    const scroller = scrollerOf(handle)
    const follow = (): void => {
      const box = scroller.getBoundingClientRect()
      const up = last.clientY < box.top + EDGE
      const down = last.clientY > box.bottom - EDGE
      if (this.panel && (up || down)) scroller.scrollBy(0, up ? -SCROLL_STEP : SCROLL_STEP)
      this.#aim(last)
      frame = requestAnimationFrame(follow)
    }
    const moved = (next: PointerEvent): void => {
      last = next
      if (this.panel || Math.hypot(next.clientX - from.x, next.clientY - from.y) < THRESHOLD) return
      this.panel = panel
      handle.setPointerCapture(next.pointerId)
      follow()
    }
    const ended = (next: Event): void => {
      const [dragged, place] = [this.panel, this.place]
      this.#stop?.()
      if (dragged && place && next.type === 'pointerup') this.#drop(dragged, place)
    }
    const escaped = (next: KeyboardEvent): void => {
      if (next.key !== 'Escape' || !this.panel) return
      next.stopPropagation()
      this.#stop?.()
    }
    addEventListener('pointermove', moved)
    addEventListener('pointerup', ended)
    addEventListener('pointercancel', ended)
    addEventListener('keydown', escaped, true)
    this.#stop = () => {
      removeEventListener('pointermove', moved)
      removeEventListener('pointerup', ended)
      removeEventListener('pointercancel', ended)
      removeEventListener('keydown', escaped, true)
      cancelAnimationFrame(frame)
      this.#stop = null
      this.panel = null
      this.place = null
    }
  }

  #aim({ clientX, clientY }: PointerEvent): void {
    if (!this.panel) return
    const under = document.elementsFromPoint(clientX, clientY)
    const target = under.map((element) => element.closest<HTMLElement>('[data-panel]')).find((found) => found !== null)
    const id = target?.dataset['panel']
    if (!target || id === undefined || target.dataset['group'] !== this.panel.group) return
    if (id === this.panel.id) return void (this.place = null)
    const box = target.getBoundingClientRect()
    const alone = box.width > (target.parentElement?.clientWidth ?? 0) * 0.8
    const before = alone ? clientY < box.top + box.height / 2 : clientX < box.left + box.width / 2
    const side = before ? 'before' : 'after'
    if (this.place?.target !== id || this.place.side !== side) this.place = { target: id, side }
  }
}

function scrollerOf(element: HTMLElement): HTMLElement {
  for (let at = element.parentElement; at; at = at.parentElement)
    if (at.scrollHeight > at.clientHeight && /auto|scroll/.test(getComputedStyle(at).overflowY)) return at
  return document.documentElement
}
