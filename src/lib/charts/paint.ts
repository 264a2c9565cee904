/** Lines, bands and marks on a canvas. Everything here draws into a plot's rectangle in device pixels, its top left corner being 0, 0. */
import { firstAtLeast, type BandTracks, type LineTracks, type Track } from './tracks.ts'

/** What a picture shows, and how large it is. */
export interface View {
  readonly x: readonly [from: number, to: number]
  /** Places on the vertical scale. */
  readonly y: readonly [low: number, high: number]
  /** Device pixels. */
  readonly width: number
  readonly height: number
}

export type Context = CanvasRenderingContext2D | OffscreenCanvasRenderingContext2D

export const sameView = (a: View, b: View): boolean =>
  a.x[0] === b.x[0] &&
  a.x[1] === b.x[1] &&
  a.y[0] === b.y[0] &&
  a.y[1] === b.y[1] &&
  a.width === b.width &&
  a.height === b.height

/** Device pixels of x and y in a view. */
export const toPixels = ({ x, y, width, height }: View) => ({
  x: (value: number): number => ((value - x[0]) / (x[1] - x[0])) * width,
  y: (place: number): number => ((y[1] - place) / (y[1] - y[0])) * height
})

/** Far outside the picture, where a line's slope no longer shows: canvases lose their footing at coordinates of many millions. */
const FAR = 1e5

/** So far outside a picture, in device pixels, the ends of lines and dots still reach into it. */
const EDGE = 3

/**
 * Add the part of a track that a view shows to the current path, from the point at index `from` on.
 *
 * returns  how many points that were
 */
export function traceTrack(context: Context, { x, at }: Track, view: View, from = 0): number {
  const [left, right] = view.x
  const kx = view.width / (right - left)
  const start = Math.max(0, from, firstAtLeast(x, left - EDGE / kx) - 1)
  const end = right + EDGE / kx
  const ky = view.height / (view.y[1] - view.y[0])
  const top = view.y[1]
  let isDown = false
  let i = start
  for (; i < x.length; i++) {
    const place = at[i]!
    if (place !== place) isDown = false
    else {
      let px = (x[i]! - left) * kx
      let py = (top - place) * ky
      if (px > FAR || px < -FAR || py > FAR || py < -FAR) {
        px = Math.min(FAR, Math.max(-FAR, px))
        py = Math.min(FAR, Math.max(-FAR, py))
      }
      if (isDown) context.lineTo(px, py)
      else context.moveTo(px, py)
      isDown = true
    }
    // One beyond the edge, so that the line leaves the picture.
    if (x[i]! > end) break
  }
  return i - start
}

/**
 * Points a line cannot show because both neighbours are missing, and, where there is room, all of them.
 *
 * room   device pixels a dot needs, for all of them to be painted
 * whole  what decides whether there is room: the view itself, unless it is a part of another picture
 */
export function paintDots(
  context: Context,
  { x, at }: Track,
  view: View,
  radius: number,
  room: number,
  whole: View = view
): void {
  const all = countWithin(x, whole.x) <= whole.width / room
  const edge = (radius / view.width) * (view.x[1] - view.x[0])
  const [from, to] = [view.x[0] - edge, view.x[1] + edge]
  const start = firstAtLeast(x, from)
  const pixels = toPixels(view)
  const isMissing = (i: number): boolean => i < 0 || i >= x.length || Number.isNaN(at[i])
  context.beginPath()
  for (let i = start; i < x.length && x[i]! <= to; i++) {
    if (isMissing(i) || (!all && !(isMissing(i - 1) && isMissing(i + 1)))) continue
    const px = pixels.x(x[i]!)
    const py = pixels.y(at[i]!)
    context.moveTo(px + radius, py)
    context.arc(px, py, radius, 0, 2 * Math.PI)
  }
  context.fill()
}

const countWithin = (x: Float64Array, [from, to]: View['x']): number =>
  firstAtLeast(x, to + Number.EPSILON * Math.abs(to)) - firstAtLeast(x, from)

/** The area between the least and the greatest of a group. */
export function paintBand(context: Context, { x, min, max }: BandTracks, view: View): void {
  const pixels = toPixels(view)
  const clampY = (place: number): number =>
    // A log scale has no place for what is not above 0: the band goes down to the edge.
    Number.isNaN(place) ? view.height : Math.min(2 * view.height, Math.max(-view.height, pixels.y(place)))
  const start = Math.max(0, firstAtLeast(x, view.x[0]) - 1)
  let end = start
  context.beginPath()
  for (; end < x.length; end++) {
    context.lineTo(pixels.x(x[end]!), clampY(max[end]!))
    if (x[end]! > view.x[1]) break
  }
  for (let i = Math.min(end, x.length - 1); i >= start; i--) context.lineTo(pixels.x(x[i]!), clampY(min[i]!))
  context.closePath()
  context.fill()
}

/**
 * What has no place on the y axis: a triangle standing on the x axis for each NaN, one at the top edge for +Infinity and one at the bottom
 * edge, pointing down, for -Infinity.
 *
 * size  of a mark, device pixels
 */
export function paintMarks(context: Context, lines: Iterable<LineTracks>, view: View, size: number): void {
  const pixels = toPixels(view)
  const mark = (xs: Float64Array, tip: number, base: number): void => {
    let last = -Infinity
    for (const x of xs) {
      const at = pixels.x(x)
      // Marks on the same pixel are one mark; a million NaN then cost a chart's width.
      if (at - last < 1 || at < -size || at > view.width + size) continue
      last = at
      context.beginPath()
      context.moveTo(at, tip)
      context.lineTo(at - size / 2, base)
      context.lineTo(at + size / 2, base)
      context.fill()
    }
  }
  for (const { line } of lines) {
    const { nanX, posInfX, negInfX } = line.raw
    mark(nanX, view.height - size, view.height)
    mark(posInfX, 0, size)
    mark(negInfX, view.height, view.height - size)
  }
}
