import type uPlot from 'uplot'
import type { DrawnSeries } from '#lib/live/protocol.ts'

/** CSS pixels. */
const MARK = 6

/**
 * Draw what has no place on the y axis: a triangle standing on the x axis for each NaN, one at the top edge for +Infinity and one at
 * the bottom edge, pointing down, for -Infinity.
 */
export function drawMarks(u: uPlot, series: DrawnSeries, color: string): void {
  const { ctx, bbox } = u
  const size = MARK * devicePixelRatio
  const bottom = bbox.top + bbox.height
  ctx.save()
  ctx.beginPath()
  ctx.rect(bbox.left - size, bbox.top, bbox.width + 2 * size, bbox.height)
  ctx.clip()
  ctx.fillStyle = color
  const mark = (xs: Float64Array, tip: number, base: number): void => {
    let last = -Infinity
    for (const x of xs) {
      const at = u.valToPos(x, 'x', true)
      // Marks on the same pixel are one mark; a million NaN then cost a chart's width.
      if (at - last < devicePixelRatio || at < bbox.left - size || at > bbox.left + bbox.width + size) continue
      last = at
      ctx.beginPath()
      ctx.moveTo(at, tip)
      ctx.lineTo(at - size / 2, base)
      ctx.lineTo(at + size / 2, base)
      ctx.fill()
    }
  }
  mark(series.nanX, bottom - size, bottom)
  mark(series.posInfX, bbox.top, bbox.top + size)
  mark(series.negInfX, bottom, bottom - size)
  ctx.restore()
}
