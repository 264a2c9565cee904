/** Columns of their own widths, then a tail of equal ones nobody has seen yet, in a wide scroller: which of them to draw. */

/** CSS pixels: how wide a column is that was not chosen. */
export const TAIL_WIDTH = 120
/** Columns drawn beyond each edge of the view. */
const DRAWN_AROUND = 1
/** Columns whose values are asked for beyond those, and the multiple their window starts and ends on. */
const OVERSCAN = 12
const BLOCK = 16
/** As many columns are asked for whole: then scrolling sideways asks for nothing. */
const ASKED_WHOLE = 48

export interface Range {
  /** Half open, 0-based. */
  readonly from: number
  readonly to: number
}

export class ColumnAxis {
  /** Where each column of its own width begins, and where the last ends. */
  readonly #starts: readonly number[]
  readonly count: number
  /** CSS pixels. */
  readonly size: number
  readonly #narrowest: number

  /** widths in CSS pixels, tail as a count of columns */
  constructor(widths: readonly number[], tail: number) {
    const starts = [0]
    for (const width of widths) starts.push(starts.at(-1)! + width)
    this.#starts = starts
    this.count = widths.length + tail
    this.size = starts.at(-1)! + tail * TAIL_WIDTH
    this.#narrowest = Math.min(TAIL_WIDTH, ...widths)
  }

  /** Where a column begins; for `count`, where the last ends. */
  startOf(index: number): number {
    const own = this.#starts.length - 1
    return index <= own ? this.#starts[index]! : this.#starts[own]! + (index - own) * TAIL_WIDTH
  }

  widthOf(index: number): number {
    return this.startOf(index + 1) - this.startOf(index)
  }

  /** The column at a place, the last one for a place beyond. */
  indexAt(place: number): number {
    const own = this.#starts.length - 1
    const beyond = place - this.#starts[own]!
    if (beyond >= 0) return Math.max(0, Math.min(this.count - 1, own + Math.floor(beyond / TAIL_WIDTH)))
    let [low, high] = [0, own]
    while (high - low > 1) {
      const middle = (low + high) >> 1
      if (this.#starts[middle]! <= place) low = middle
      else high = middle
    }
    return low
  }

  /** How many columns are drawn at once: as many wherever the view stands, so that one that leaves can become one that enters. */
  slots(view: number): number {
    return Math.ceil(Math.max(0, view) / this.#narrowest) + 2 * DRAWN_AROUND + 1
  }

  /** The columns to draw: `slots` of them unless there are fewer. */
  drawn(scrollLeft: number, view: number): Range {
    const slots = this.slots(view)
    const from = Math.max(0, Math.min(this.indexAt(scrollLeft) - DRAWN_AROUND, this.count - slots))
    return { from, to: Math.min(this.count, from + slots) }
  }

  /** The columns to ask for: whole blocks around those, or all when there are few. */
  asked(scrollLeft: number, view: number): Range {
    if (this.count <= ASKED_WHOLE) return { from: 0, to: this.count }
    const { from, to } = this.drawn(scrollLeft, view)
    return {
      from: Math.max(0, Math.floor((from - OVERSCAN) / BLOCK) * BLOCK),
      to: Math.min(this.count, Math.ceil((to + OVERSCAN) / BLOCK) * BLOCK)
    }
  }
}
