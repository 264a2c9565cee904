/** Lines as a painter takes them: where each point stands on the vertical scale, with a NaN wherever the line is broken. */
import type { Drawn } from '#lib/domain/downsample.ts'
import type { RunId } from '#lib/domain/ids.ts'
import type { ChartBand, ChartLine } from '#lib/live/protocol.ts'
import type { Vertical } from './y-scale.ts'

/** Parallel, x ascending. */
export interface Track {
  readonly x: Float64Array
  /** Places on the vertical scale; NaN breaks the line. */
  readonly at: Float64Array
}

export interface LineTracks {
  readonly runId: RunId
  readonly raw: Track
  /** Parallel to `raw`: what was logged, NaN and ±Infinity too. */
  readonly values: Float64Array
  readonly smooth: Track | null
  readonly line: ChartLine
  /** Values drawn nowhere, as a log scale has no place for them. */
  readonly withoutLog: number
}

export interface BandTracks {
  readonly band: ChartBand
  readonly x: Float64Array
  readonly mean: Float64Array
  readonly min: Float64Array
  readonly max: Float64Array
}

export function lineTracks(line: ChartLine, scale: Vertical): LineTracks {
  const { x, values } = withHoles(line.raw)
  return {
    runId: line.runId,
    raw: { x, at: placesOf(values, scale) },
    values,
    smooth: line.smooth && { x: line.smooth.x, at: placesOf(line.smooth.y, scale) },
    line,
    withoutLog: scale.kind === 'log' ? countOf(line.raw.y, (value) => value <= 0) : 0
  }
}

export const bandTracks = (band: ChartBand, scale: Vertical): BandTracks => ({
  band,
  x: band.x,
  mean: placesOf(band.mean, scale),
  min: placesOf(band.min, scale),
  max: placesOf(band.max, scale)
})

/**
 * The values themselves where the scale leaves them as they are: nothing is copied for the common case. ±Infinity breaks a line as NaN does: a
 * curve never runs through one as if nothing had happened.
 */
function placesOf(values: Float64Array, { kind, place }: Vertical): Float64Array {
  if (kind === 'linear' && countOf(values, isNoNumber) === 0) return values
  return values.map((value) => (isNoNumber(value) ? NaN : place(value)))
}

const isNoNumber = (value: number): boolean => value - value !== 0

function countOf(values: Float64Array, isCounted: (value: number) => boolean): number {
  let count = 0
  for (let i = 0; i < values.length; i++) if (isCounted(values[i]!)) count++
  return count
}

/** All points, those that are no numbers among the others by their x; one at the x of a point comes after it. */
function withHoles(raw: Drawn): { readonly x: Float64Array; readonly values: Float64Array } {
  const holes = holesOf(raw)
  if (holes.length === 0) return { x: raw.x, values: raw.y }
  const x = new Float64Array(raw.x.length + holes.length)
  const values = new Float64Array(x.length)
  let n = 0
  let next = 0
  const take = (at: number, value: number): void => {
    x[n] = at
    values[n++] = value
  }
  for (let i = 0; i < raw.x.length; i++) {
    while (next < holes.length && holes[next]!.x < raw.x[i]!) take(holes[next]!.x, holes[next++]!.value)
    take(raw.x[i]!, raw.y[i]!)
  }
  for (const hole of holes.slice(next)) take(hole.x, hole.value)
  return { x, values }
}

interface Hole {
  readonly x: number
  readonly value: number
}

function holesOf({ nanX, posInfX, negInfX }: Drawn): readonly Hole[] {
  const of = (xs: Float64Array, value: number): Hole[] => Array.from(xs, (x) => ({ x, value }))
  return [...of(nanX, NaN), ...of(posInfX, Infinity), ...of(negInfX, -Infinity)].sort((a, b) => a.x - b.x)
}

/** The first index whose x is at least `value`; the length when there is none. */
export function firstAtLeast(x: Float64Array, value: number): number {
  let low = 0
  let high = x.length
  while (low < high) {
    const middle = (low + high) >> 1
    if (x[middle]! < value) low = middle + 1
    else high = middle
  }
  return low
}

/** The index of the point nearest to `value`; -1 when there is none. */
export function nearestIndex(x: Float64Array, value: number): number {
  const after = firstAtLeast(x, value)
  if (after === x.length) return x.length - 1
  if (after === 0) return 0
  return value - x[after - 1]! <= x[after]! - value ? after - 1 : after
}

/**
 * The lowest and highest place tracks show over a range, their ways in from the left and out to the right included: those come from points
 * beyond the edges, and would be cut off if only the points inside counted.
 *
 * returns  [Infinity, -Infinity] when nothing shows
 */
export function spanOf(tracks: Iterable<Track>, [from, to]: readonly [number, number]): [low: number, high: number] {
  let low = Infinity
  let high = -Infinity
  for (const { x, at } of tracks) {
    const first = firstAtLeast(x, from)
    let i = first
    for (; i < x.length && x[i]! <= to; i++) {
      const place = at[i]!
      if (place < low) low = place
      if (place > high) high = place
    }
    for (const [edge, after] of [
      [from, first],
      [to, i]
    ] as const) {
      const place = placeAt(x, at, edge, after)
      if (place < low) low = place
      if (place > high) high = place
    }
  }
  return [low, high]
}

/** Where a line crosses `edge`, `after` being the first point behind it; NaN when it does not. */
function placeAt(x: Float64Array, at: Float64Array, edge: number, after: number): number {
  if (after === 0 || after >= x.length) return NaN
  const before = after - 1
  const width = x[after]! - x[before]!
  return width > 0 ? at[before]! + ((at[after]! - at[before]!) * (edge - x[before]!)) / width : NaN
}

/** The x range of all tracks; null when they hold no point. */
export function extentOf(tracks: readonly Pick<Track, 'x'>[]): [number, number] | null {
  let low = Infinity
  let high = -Infinity
  for (const { x } of tracks) {
    if (x.length === 0) continue
    low = Math.min(low, x[0]!)
    high = Math.max(high, x[x.length - 1]!)
  }
  return low <= high ? [low, high] : null
}

/** The greatest |value|. */
export function largestOf(lines: readonly ChartLine[]): number {
  let largest = 0
  for (const { raw } of lines) for (const value of raw.y) largest = Math.max(largest, Math.abs(value))
  return largest
}
