/** What is under the cursor. */
import type { RunId } from '#lib/domain/ids.ts'
import { toPixels, type View } from './paint.ts'
import { firstAtLeast, nearestIndex, type LineTracks } from './tracks.ts'

/** The point of a line that is nearest to the cursor's x. */
export interface Reading {
  readonly run: RunId
  /** Of the point itself. */
  readonly x: number
  /** As logged: NaN and ±Infinity too. */
  readonly value: number
  /** The smoothed value there; null without smoothing, and where there is none. */
  readonly smooth: number | null
  /** Where it is drawn, on the vertical scale; NaN when it has no place there. */
  readonly place: number
}

/** A line is read this many device pixels beyond its ends, and no further. */
const BEYOND = 8

/** One reading for each line that is there at x, in the lines' order. */
export function readingsAt(lines: readonly LineTracks[], x: number, view: View): Reading[] {
  const beyond = (BEYOND / view.width) * (view.x[1] - view.x[0])
  const readings: Reading[] = []
  for (const tracks of lines) {
    const reading = readingOf(tracks, x)
    if (reading === null) continue
    const { x: all } = tracks.raw
    if (x < all[0]! - beyond || x > all[all.length - 1]! + beyond) continue
    readings.push(reading)
  }
  return readings
}

function readingOf({ raw, values, smooth, line, runId }: LineTracks, x: number): Reading | null {
  const index = nearestIndex(raw.x, x)
  if (index < 0) return null
  const at = raw.x[index]!
  const calm = smooth === null ? -1 : nearestIndex(smooth.x, at)
  const hasCalm = smooth !== null && calm >= 0 && smooth.x[calm] === at
  return {
    run: runId,
    x: at,
    value: values[index]!,
    smooth: hasCalm ? line.smooth!.y[calm]! : null,
    place: hasCalm ? smooth.at[calm]! : raw.at[index]!
  }
}

/** The nearest of all points to an x: where a cursor that is moved by hand comes to rest. */
export function snap(lines: readonly LineTracks[], x: number): number | null {
  let best: number | null = null
  for (const { raw } of lines) {
    const index = nearestIndex(raw.x, x)
    if (index >= 0 && (best === null || Math.abs(raw.x[index]! - x) < Math.abs(best - x))) best = raw.x[index]!
  }
  return best
}

/** Readings by how close their lines are to the pointer's y, the closest first; those without a place last. */
export function byCloseness(readings: readonly Reading[], y: number, view: View): Reading[] {
  const pixels = toPixels(view)
  const away = ({ place }: Reading): number => (Number.isNaN(place) ? Infinity : Math.abs(pixels.y(place) - y))
  return readings
    .map((reading) => ({ reading, away: away(reading) }))
    .sort((a, b) => a.away - b.away || 0)
    .map(({ reading }) => reading)
}

/** The next x at which any line has a point, `direction` 1 to the right and -1 to the left; null at the end. */
export function neighbourX(lines: readonly LineTracks[], x: number, direction: 1 | -1): number | null {
  let best: number | null = null
  for (const { raw } of lines) {
    let i = firstAtLeast(raw.x, x)
    if (direction === -1) i--
    else while (raw.x[i] === x) i++
    const at = raw.x[i]
    if (at !== undefined && (best === null || (at - best) * direction < 0)) best = at
  }
  return best
}
