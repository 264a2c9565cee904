/** What is between the first and the last of every 256 points in a row: enough to draw them where they are narrower than a pixel. */
import { CHUNK } from '../limits.ts'
import type { Series } from '../series.ts'

/**
 * Of a series of n points, in its order: ceil(n / 256) nodes, each for 256 points in a row, the last one for what is left. Index i in every
 * array is node i. Steps and timestamps are those of the series as doubles: where it is exact beyond 2^53 - 1 they are the nearest.
 */
export interface ChunkEnvelope {
  readonly points: number
  /** No step is less than the one before it. */
  readonly stepsNeverFall: boolean
  readonly timestampsNeverFall: boolean
  readonly steps: Span
  readonly timestamps: Span
  /** The least and the greatest finite value, the first of equals. NaN throughout where no value is finite. */
  readonly least: Extremes
  readonly greatest: Extremes
  /** How many values are finite. */
  readonly finite: Uint16Array<ArrayBuffer>
  readonly nan: Oddities
  readonly positiveInfinity: Oddities
  readonly negativeInfinity: Oddities
}

export interface Span {
  readonly low: Float64Array<ArrayBuffer>
  readonly high: Float64Array<ArrayBuffer>
}

export interface Extremes {
  readonly values: Float64Array<ArrayBuffer>
  readonly steps: Float64Array<ArrayBuffer>
  readonly timestamps: Float64Array<ArrayBuffer>
}

/** Values that are not finite: how many, and where the first one is (NaN where there is none). */
export interface Oddities {
  readonly counts: Uint16Array<ArrayBuffer>
  readonly steps: Float64Array<ArrayBuffer>
  readonly timestamps: Float64Array<ArrayBuffer>
}

export function nodesOf(points: number): number {
  return Math.ceil(points / CHUNK.nodePoints)
}

/** How many points are under a node. */
export function nodeSize(points: number, node: number): number {
  return Math.min(CHUNK.nodePoints, points - node * CHUNK.nodePoints)
}

export function envelopeOf(series: Series): ChunkEnvelope {
  const points = series.values.length
  const nodes = nodesOf(points)
  const envelope = {
    points,
    stepsNeverFall: neverFalls(series.steps),
    timestampsNeverFall: neverFalls(series.timestamps),
    steps: spans(series.steps, nodes),
    timestamps: spans(series.timestamps, nodes),
    least: emptyExtremes(nodes),
    greatest: emptyExtremes(nodes),
    finite: new Uint16Array(nodes),
    nan: emptyOddities(nodes),
    positiveInfinity: emptyOddities(nodes),
    negativeInfinity: emptyOddities(nodes)
  }
  for (let node = 0; node < nodes; node++) sumUp(series, node, envelope)
  return envelope
}

function sumUp(series: Series, node: number, envelope: ChunkEnvelope): void {
  const { values } = series
  const from = node * CHUNK.nodePoints
  const to = from + nodeSize(values.length, node)
  let least = -1
  let greatest = -1
  let finite = 0
  for (let i = from; i < to; i++) {
    const value = values[i]!
    if (value - value === 0) {
      finite++
      if (least === -1) least = greatest = i
      else if (value < values[least]!) least = i
      else if (value > values[greatest]!) greatest = i
    } else if (value !== value) addOdd(envelope.nan, node, series, i)
    else addOdd(value > 0 ? envelope.positiveInfinity : envelope.negativeInfinity, node, series, i)
  }
  envelope.finite[node] = finite
  if (finite === 0) return
  setExtreme(envelope.least, node, series, least)
  setExtreme(envelope.greatest, node, series, greatest)
}

function addOdd(odd: Oddities, node: number, series: Series, i: number): void {
  if (odd.counts[node]!++ > 0) return
  odd.steps[node] = series.steps[i]!
  odd.timestamps[node] = series.timestamps[i]!
}

function setExtreme(extremes: Extremes, node: number, series: Series, i: number): void {
  extremes.values[node] = series.values[i]!
  extremes.steps[node] = series.steps[i]!
  extremes.timestamps[node] = series.timestamps[i]!
}

function spans(numbers: Float64Array, nodes: number): Span {
  const low = new Float64Array(nodes)
  const high = new Float64Array(nodes)
  for (let node = 0; node < nodes; node++) {
    const from = node * CHUNK.nodePoints
    const to = from + nodeSize(numbers.length, node)
    let least = numbers[from]!
    let greatest = least
    for (let i = from + 1; i < to; i++) {
      const number = numbers[i]!
      if (number < least) least = number
      else if (number > greatest) greatest = number
    }
    low[node] = least
    high[node] = greatest
  }
  return { low, high }
}

function neverFalls(numbers: Float64Array): boolean {
  for (let i = 1; i < numbers.length; i++) if (numbers[i]! < numbers[i - 1]!) return false
  return true
}

const emptyExtremes = (nodes: number): Extremes => ({
  values: nans(nodes),
  steps: nans(nodes),
  timestamps: nans(nodes)
})
const emptyOddities = (nodes: number): Oddities => ({
  counts: new Uint16Array(nodes),
  steps: nans(nodes),
  timestamps: nans(nodes)
})
const nans = (length: number): Float64Array<ArrayBuffer> => new Float64Array(length).fill(NaN)
