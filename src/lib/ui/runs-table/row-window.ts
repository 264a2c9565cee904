/** Rows of one height in a tall scroller: which of them to hold. */

/** CSS pixels; `--row` in tokens.css. */
export const ROW_HEIGHT = 30
/** Rows held beyond each edge of the view, so that a flick of the wheel meets rows and not blanks. */
const OVERSCAN = 24
/** Windows start and end on multiples of this, so that scrolling asks for new rows once per block and not once per row. */
const BLOCK = 32

export interface RowWindow {
  /** Half open, 0-based. */
  readonly from: number
  readonly to: number
}

/**
 * The rows to ask for.
 *
 * scrollTop, height  CSS pixels of the part that scrolls, header left out
 * total              rows there are; null while that is not known yet
 * returns            whole blocks around the view; never empty, so that the first question can be asked before anything is laid out
 */
export function windowAt(scrollTop: number, height: number, total: number | null): RowWindow {
  const first = Math.floor(Math.max(0, scrollTop) / ROW_HEIGHT) - OVERSCAN
  const last = Math.ceil((Math.max(0, scrollTop) + Math.max(0, height)) / ROW_HEIGHT) + OVERSCAN
  const end = total === null ? last : Math.min(last, Math.max(total, 1))
  const from = Math.max(0, Math.floor(Math.min(first, end - 1) / BLOCK) * BLOCK)
  return { from, to: Math.max(from + BLOCK, Math.ceil(end / BLOCK) * BLOCK) }
}

/** Rows drawn beyond each edge of the view. */
const DRAWN_AROUND = 4

/** How many rows are drawn at once: the same number wherever the view stands, so that a row that leaves can become one that enters. */
export const slotCount = (height: number): number => Math.ceil(Math.max(0, height) / ROW_HEIGHT) + 2 * DRAWN_AROUND + 1

/** The rows to draw out of those: the view and a few around it; `slotCount` of them unless there are fewer. */
export function visibleAt(scrollTop: number, height: number, total: number): RowWindow {
  const slots = slotCount(height)
  const wanted = Math.floor(Math.max(0, scrollTop) / ROW_HEIGHT) - DRAWN_AROUND
  const from = Math.max(0, Math.min(wanted, total - slots))
  return { from, to: Math.min(total, from + slots) }
}

/** Where to scroll so that row `index` is in view below a sticky header; `scrollTop` itself when it already is. */
export function scrollToRow(index: number, scrollTop: number, height: number): number {
  const top = index * ROW_HEIGHT
  if (top < scrollTop) return top
  const bottom = top + ROW_HEIGHT
  return bottom > scrollTop + height ? bottom - height : scrollTop
}
