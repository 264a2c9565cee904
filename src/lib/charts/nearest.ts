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

export interface Readings {
  /** Lines that are there at x. */
  readonly count: number
  /** The closest of them, or the first in the lines' order. */
  readonly shown: readonly Reading[]
}

export interface ReadingsWanted {
  /** The pointer's y, device pixels, to sort by closeness; null to keep the lines' order. */
  readonly top: number | null
  readonly most: number
  /** Comes first, whatever its place. */
  readonly front: RunId | null
}

/**
 * What the lines say at x, one reading each. With a thousand lines this runs on every move: nothing is made but the readings wanted.
 */
export function readingsAt(lines: readonly LineTracks[], x: number, view: View, wanted: ReadingsWanted): Readings {
  const beyond = (BEYOND / view.width) * (view.x[1] - view.x[0])
  const pixels = toPixels(view)
  const best: { line: LineTracks; index: number; away: number }[] = []
  let count = 0
  for (const line of lines) {
    const all = line.raw.x
    if (all.length === 0 || x < all[0]! - beyond || x > all[all.length - 1]! + beyond) continue
    count++
    const index = nearestIndex(all, x)
    const away = awayFrom(line, index, pixels.y, wanted, count)
    const last = best[wanted.most - 1]
    if (last !== undefined && away >= last.away) continue
    if (last !== undefined) best.pop()
    let place = best.length
    while (place > 0 && best[place - 1]!.away > away) place--
    best.splice(place, 0, { line, index, away })
  }
  return { count, shown: best.map(({ line, index }) => readingOf(line, index)) }
}

/** How far down the list a line stands: by pixels, or by its place; without a place on the scale last. */
function awayFrom(
  { raw, smooth, runId }: LineTracks,
  index: number,
  toY: (place: number) => number,
  { top, front }: ReadingsWanted,
  order: number
): number {
  if (runId === front) return -1
  if (top === null) return order
  const calm = smooth === null ? -1 : nearestIndex(smooth.x, raw.x[index]!)
  const place = smooth !== null && calm >= 0 ? smooth.at[calm]! : raw.at[index]!
  return Number.isNaN(place) ? Number.MAX_VALUE : Math.abs(toY(place) - top)
}

function readingOf({ raw, values, smooth, line, runId }: LineTracks, index: number): Reading {
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
