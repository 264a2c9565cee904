/**
 * A series drawn from the chunks it lies in, opening as few of them as it can.
 *
 * A chunk that lies inside the range, and whose nodes are no wider than a pixel column, is drawn from its envelope: the least and the
 * greatest point of every node, where they really are. What is cut by the range, or wider, is drawn from its points. So every point drawn is
 * one that was logged, and no extreme is lost: what a chart of all points would cover in a column, this one covers in it or in the one
 * beside it, as a node may lie across the line between two.
 */
import { roomy } from './chart-range.ts'
import type { ChunkEnvelope } from './chunk/envelope.ts'
import { downsample, withNeighbours, type Drawn } from './downsample.ts'
import type { Series, SeriesAxis } from './series.ts'
import type { EpochMs } from './time.ts'

/** What is looked at. */
export interface SeriesView {
  readonly axis: SeriesAxis
  /** The 0 of a relative axis, epoch ms. */
  readonly origin: EpochMs
  /** x in axis units, both ends included; null for all. */
  readonly range: readonly [number, number] | null
  /** The chart's width in pixels. */
  readonly buckets: number
  /** Without a range: leave room for the series to grow in, so that its buckets stay where they are meanwhile (`roomy`). */
  readonly grows?: boolean
}

/** Where the points of a chunk lie, all ends included. */
export interface ChunkSpan {
  readonly stepLow: number
  readonly stepHigh: number
  readonly timestampLow: number
  readonly timestampHigh: number
}

export type DrawnPiece = { readonly points: Series } | { readonly envelope: ChunkEnvelope }

/**
 * The chunks a view needs; `whole` when one lies inside it, so that its envelope may do. With a range, the chunks that hold what is nearest
 * outside it are among them, for the line to run to the edges.
 */
export function chunksInView<C extends ChunkSpan>(
  chunks: readonly C[],
  view: SeriesView
): { readonly chunk: C; readonly whole: boolean }[] {
  if (view.range === null) return chunks.map((chunk) => ({ chunk, whole: true }))
  const [low, high] = view.range
  const within = chunks.filter((chunk) => lowOf(chunk, view) <= high && highOf(chunk, view) >= low)
  const found = within.map((chunk) => ({
    chunk,
    whole: lowOf(chunk, view) >= low && highOf(chunk, view) <= high
  }))
  // A chunk that is cut has points outside already; one beyond it is nearer only where the two overlap.
  const before = greatestBy(chunks, (chunk) => (highOf(chunk, view) < low ? highOf(chunk, view) : -Infinity))
  if (before && within.every((chunk) => lowOf(chunk, view) >= low || lowOf(chunk, view) < highOf(before, view)))
    found.push({ chunk: before, whole: false })
  const after = greatestBy(chunks, (chunk) => (lowOf(chunk, view) > high ? -lowOf(chunk, view) : -Infinity))
  if (after && within.every((chunk) => highOf(chunk, view) <= high || highOf(chunk, view) > lowOf(after, view)))
    found.push({ chunk: after, whole: false })
  return found
}

/** Where a view's range lies on an axis of the points as they are kept; null when it shows all. */
export function rangeOnAxis({
  axis,
  origin,
  range
}: SeriesView): { readonly axis: 'steps' | 'timestamps'; readonly low: number; readonly high: number } | null {
  if (range === null) return null
  const shift = shiftOf(axis, origin)
  return { axis: axis === 'step' ? 'steps' : 'timestamps', low: range[0] + shift, high: range[1] + shift }
}

/** Whether every node of an envelope is no wider than a pixel column of the view, over `chunks` when it has no range. */
export function isFineEnough(envelope: ChunkEnvelope, chunks: readonly ChunkSpan[], view: SeriesView): boolean {
  const [low, high] = rangeOf(chunks, view)
  const width = (high - low) / view.buckets
  const { low: lows, high: highs } = view.axis === 'step' ? envelope.steps : envelope.timestamps
  return lows.every((at, node) => highs[node]! - at <= width)
}

/** `pieces` of the chunks that are in view; `chunks` all of the series. */
export function drawChunks(pieces: readonly DrawnPiece[], chunks: readonly ChunkSpan[], view: SeriesView): Drawn {
  const { x, y, left } = columnsOf(pieces, view)
  const drawn = downsample(x, y, rangeOf(chunks, view), view.buckets)
  const whole: Drawn = {
    ...drawn,
    sampled: drawn.sampled || left.finite > 0,
    count: drawn.count + left.finite + left.nan + left.posInf + left.negInf,
    nanCount: drawn.nanCount + left.nan,
    posInfCount: drawn.posInfCount + left.posInf,
    negInfCount: drawn.negInfCount + left.negInf
  }
  return view.range === null ? whole : withNeighbours(whole, x, y, view.range)
}

// ── places ──────────────────────────────────────────────────────────────────────────────────────────────────────────────────────

const lowOf = (chunk: ChunkSpan, { axis, origin }: SeriesView): number =>
  axis === 'step' ? chunk.stepLow : chunk.timestampLow - shiftOf(axis, origin)

const highOf = (chunk: ChunkSpan, { axis, origin }: SeriesView): number =>
  axis === 'step' ? chunk.stepHigh : chunk.timestampHigh - shiftOf(axis, origin)

const shiftOf = (axis: SeriesAxis, origin: EpochMs): number => (axis === 'relative' ? origin : 0)

function rangeOf(chunks: readonly ChunkSpan[], view: SeriesView): readonly [number, number] {
  if (view.range !== null) return view.range
  let low = Infinity
  let high = -Infinity
  for (const chunk of chunks) {
    low = Math.min(low, lowOf(chunk, view))
    high = Math.max(high, highOf(chunk, view))
  }
  return view.grows ? roomy([low, high]) : [low, high]
}

function greatestBy<C>(chunks: readonly C[], rank: (chunk: C) => number): C | null {
  let best: C | null = null
  let most = -Infinity
  for (const chunk of chunks) {
    if (rank(chunk) <= most) continue
    best = chunk
    most = rank(chunk)
  }
  return best
}

// ── what is drawn ───────────────────────────────────────────────────────────────────────────────────────────────────────────────

/** Points of a node that may stand for it: least, greatest, first NaN, first of each infinity. */
const NODE_POINTS = 5

const roomFor = (piece: DrawnPiece): number =>
  'points' in piece ? piece.points.values.length : piece.envelope.finite.length * NODE_POINTS

/** What is to be drawn, and how much is left out because it stands for the rest. Read, never written to. */
function columnsOf(pieces: readonly DrawnPiece[], view: SeriesView): Pick<Columns, 'x' | 'y' | 'left'> {
  const [only] = pieces
  // Most zooms look into one chunk: its points need not be copied.
  if (only !== undefined && pieces.length === 1 && 'points' in only && view.axis !== 'relative') {
    const { steps, timestamps, values } = only.points
    return { x: view.axis === 'step' ? steps : timestamps, y: values, left: NOTHING_LEFT }
  }
  const columns = new Columns(pieces.reduce((sum, piece) => sum + roomFor(piece), 0))
  for (const piece of pieces) {
    if ('points' in piece) columns.addPoints(piece.points, view)
    else columns.addEnvelope(piece.envelope, view)
  }
  return columns
}

const NOTHING_LEFT = { finite: 0, nan: 0, posInf: 0, negInf: 0 }

/** Points to draw, in typed arrays with room for all; and how many are left out because others stand for them. */
class Columns {
  readonly left = { finite: 0, nan: 0, posInf: 0, negInf: 0 }
  readonly #x: Float64Array<ArrayBuffer>
  readonly #y: Float64Array<ArrayBuffer>
  #count = 0

  constructor(room: number) {
    this.#x = new Float64Array(room)
    this.#y = new Float64Array(room)
  }

  get x(): Float64Array<ArrayBuffer> {
    return this.#x.subarray(0, this.#count)
  }

  get y(): Float64Array<ArrayBuffer> {
    return this.#y.subarray(0, this.#count)
  }

  addPoints({ steps, timestamps, values }: Series, { axis, origin }: SeriesView): void {
    this.#y.set(values, this.#count)
    this.#x.set(axis === 'step' ? steps : timestamps, this.#count)
    const shift = shiftOf(axis, origin)
    if (shift !== 0) for (let i = this.#count; i < this.#count + values.length; i++) this.#x[i]! -= shift
    this.#count += values.length
  }

  addEnvelope(envelope: ChunkEnvelope, { axis, origin }: SeriesView): void {
    const { least, greatest, finite, nan, positiveInfinity, negativeInfinity } = envelope
    const column = axis === 'step' ? 'steps' : 'timestamps'
    const shift = shiftOf(axis, origin)
    for (let node = 0; node < finite.length; node++) {
      const [low, high] = [least[column][node]!, greatest[column][node]!]
      if (finite[node]! > 0) {
        // In the order of x, as a line goes.
        const [first, second] = low <= high ? [least, greatest] : [greatest, least]
        this.#add(first[column][node]! - shift, first.values[node]!)
        if (finite[node]! > 1) this.#add(second[column][node]! - shift, second.values[node]!)
        this.left.finite += Math.max(0, finite[node]! - 2)
      }
      this.left.nan += this.#addOdd(nan, column, node, shift, NaN)
      this.left.posInf += this.#addOdd(positiveInfinity, column, node, shift, Infinity)
      this.left.negInf += this.#addOdd(negativeInfinity, column, node, shift, -Infinity)
    }
  }

  /** Returns how many of the node's are left out. */
  #addOdd(
    odd: ChunkEnvelope['nan'],
    column: 'steps' | 'timestamps',
    node: number,
    shift: number,
    value: number
  ): number {
    const count = odd.counts[node]!
    if (count === 0) return 0
    this.#add(odd[column][node]! - shift, value)
    return count - 1
  }

  #add(x: number, y: number): void {
    this.#x[this.#count] = x
    this.#y[this.#count++] = y
  }
}
