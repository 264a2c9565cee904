/**
 * A million points for a screen a thousand pixels wide, with no extreme lost.
 *
 * The range is cut into equal buckets of x, one per pixel column. Of each bucket the first, last, least and greatest point are kept, so a
 * line through them covers the same pixels as a line through all. What is no number has no place on that line and comes back as marks.
 *
 * No sorting: a point finds its bucket by its x alone, so unordered series cost the same: 1,000,000 points into 1,000 buckets take 20 ms in
 * Node, in order or not, three passes over typed arrays.
 */

/** Points of each bucket that are kept at most: first, last, least, greatest. Up to as many per bucket, a series is left whole. */
const POINTS_PER_BUCKET = 4

/** A series as drawn: x ascending (equal x: in the order given), in fresh arrays that nobody else holds, ready to be transferred. */
export interface Drawn {
  /** Finite points. */
  readonly x: Float64Array<ArrayBuffer>
  readonly y: Float64Array<ArrayBuffer>
  /** Points in the range before anything was left out, marks included. */
  readonly count: number
  /** Whether `x` and `y` leave points out. */
  readonly sampled: boolean
  /** Where values were no numbers: all places, or one per bucket when there are more than four per bucket. Ascending. */
  readonly nanX: Float64Array<ArrayBuffer>
  readonly posInfX: Float64Array<ArrayBuffer>
  readonly negInfX: Float64Array<ArrayBuffer>
  /** How many there were in the range. */
  readonly nanCount: number
  readonly posInfCount: number
  readonly negInfCount: number
}

/**
 * Keep the shape of a series in at most four points per bucket.
 *
 * x, y     equal length n, any order; x finite; y may hold NaN and ±Infinity
 * range    x values to look at, both ends included; null for all
 * buckets  the chart's width in pixels; fractions are cut off, less than 1 counts as 1
 * returns  see Drawn; the finite points of the range unchanged when they are no more than four per bucket. Among equal values
 *          the one with the lowest x counts as least and greatest. At most 4 × buckets points and 4 × buckets marks of each kind
 * fails    never
 */
export function downsample(
  x: Float64Array,
  y: Float64Array,
  range: readonly [number, number] | null,
  buckets: number
): Drawn {
  const grid = gridOver(range ?? extentOf(x), buckets)
  const counts = countKinds(x, y, grid)
  const few = POINTS_PER_BUCKET * grid.buckets
  const sampled = counts.finite > few
  const kept = sampled ? envelope(x, y, grid) : inOrder(x, placesOf(x, y, grid, Number.isFinite, counts.finite))
  const marks = (isKind: (value: number) => boolean, count: number) =>
    take(x, count > few ? firstPlaces(x, y, grid, isKind) : inOrder(x, placesOf(x, y, grid, isKind, count)))
  return {
    x: take(x, kept),
    y: take(y, kept),
    count: counts.finite + counts.nan + counts.posInf + counts.negInf,
    sampled,
    nanX: marks(Number.isNaN, counts.nan),
    posInfX: marks((value) => value === Infinity, counts.posInf),
    negInfX: marks((value) => value === -Infinity, counts.negInf),
    nanCount: counts.nan,
    posInfCount: counts.posInf,
    negInfCount: counts.negInf
  }
}

/**
 * A drawn range with the finite points nearest to it outside, one on each side where there is one: so that a line runs to the edges of the
 * picture, and a range between two points is not empty.
 *
 * x, y     the whole series, as given to `downsample`
 * returns  `drawn` itself when nothing lies outside
 */
export function withNeighbours(
  drawn: Drawn,
  x: Float64Array,
  y: Float64Array,
  [low, high]: readonly [number, number]
): Drawn {
  let before = NONE
  let after = NONE
  for (let i = 0; i < x.length; i++) {
    const at = x[i]!
    if ((at >= low && at <= high) || !Number.isFinite(y[i])) continue
    if (at < low && (before === NONE || at >= x[before]!)) before = i
    if (at > high && (after === NONE || at < x[after]!)) after = i
  }
  if (before === NONE && after === NONE) return drawn
  const lead = before === NONE ? 0 : 1
  const around = (inside: Float64Array, all: Float64Array) => {
    const joined = new Float64Array(lead + inside.length + (after === NONE ? 0 : 1))
    if (before !== NONE) joined[0] = all[before]!
    joined.set(inside, lead)
    if (after !== NONE) joined[joined.length - 1] = all[after]!
    return joined
  }
  return { ...drawn, x: around(drawn.x, x), y: around(drawn.y, y) }
}

// ── buckets ─────────────────────────────────────────────────────────────────────────────────────────────────────────────────────

interface Grid {
  readonly low: number
  readonly high: number
  readonly buckets: number
  /** Buckets per unit of x; 0 for a range of no width, all of which is one bucket. */
  readonly scale: number
}

function gridOver([low, high]: readonly [number, number], wanted: number): Grid {
  const buckets = Math.max(1, Math.floor(wanted) || 1)
  const scale = buckets / (high - low)
  return { low, high, buckets, scale: Number.isFinite(scale) && scale > 0 ? scale : 0 }
}

function extentOf(x: Float64Array): [number, number] {
  let low = Infinity
  let high = -Infinity
  for (let i = 0; i < x.length; i++) {
    const at = x[i]!
    if (at < low) low = at
    if (at > high) high = at
  }
  return [low, high]
}

/** Never falls as x grows, so buckets stand in the order of x. */
function bucketOf(at: number, { low, buckets, scale }: Grid): number {
  const bucket = Math.floor((at - low) * scale)
  return bucket < buckets ? bucket : buckets - 1
}

function countKinds(x: Float64Array, y: Float64Array, { low, high }: Grid) {
  let finite = 0
  let nan = 0
  let posInf = 0
  let negInf = 0
  for (let i = 0; i < x.length; i++) {
    const at = x[i]!
    if (at < low || at > high) continue
    const value = y[i]!
    if (value - value === 0) finite++
    else if (value === Infinity) posInf++
    else if (value === -Infinity) negInf++
    else nan++
  }
  return { finite, nan, posInf, negInf }
}

// ── all of them ─────────────────────────────────────────────────────────────────────────────────────────────────────────────────

/** Indices of the points in the range whose value is of a kind, of which there are `count`. */
function placesOf(
  x: Float64Array,
  y: Float64Array,
  { low, high }: Grid,
  isKind: (value: number) => boolean,
  count: number
): Uint32Array {
  const places = new Uint32Array(count)
  let found = 0
  for (let i = 0; found < count; i++) {
    if (x[i]! >= low && x[i]! <= high && isKind(y[i]!)) places[found++] = i
  }
  return places
}

/** By x, then as given. */
const inOrder = (x: Float64Array, places: Uint32Array): Uint32Array => places.sort((a, b) => x[a]! - x[b]! || a - b)

/** A loop, as `Float64Array.from` takes several times as long. */
function take(values: Float64Array, places: ArrayLike<number>): Float64Array<ArrayBuffer> {
  const taken = new Float64Array(places.length)
  for (let i = 0; i < taken.length; i++) taken[i] = values[places[i]!]!
  return taken
}

// ── some of them ────────────────────────────────────────────────────────────────────────────────────────────────────────────────

const NONE = -1

/** Of every bucket, the indices of its points by x and by y; `first` is NONE where it has none. */
interface Corners {
  readonly first: Int32Array
  readonly last: Int32Array
  readonly least: Int32Array
  readonly greatest: Int32Array
}

/** The indices of what every bucket keeps, in order. */
const envelope = (x: Float64Array, y: Float64Array, grid: Grid): Int32Array => inTurn(x, cornersOf(x, y, grid))

/** A loop and nothing after it: a browser that translates one while it runs throws that away where it goes on. */
function cornersOf(x: Float64Array, y: Float64Array, grid: Grid): Corners {
  const { low, high, buckets } = grid
  const first = new Int32Array(buckets).fill(NONE)
  const last = new Int32Array(buckets)
  const least = new Int32Array(buckets)
  const greatest = new Int32Array(buckets)
  // Beside the indices, so that the hot comparisons need not look back into a series that no cache holds.
  const leastY = new Float64Array(buckets)
  const greatestY = new Float64Array(buckets)
  for (let i = 0; i < x.length; i++) {
    const at = x[i]!
    const value = y[i]!
    if (at < low || at > high || value - value !== 0) continue
    const bucket = bucketOf(at, grid)
    if (first[bucket] === NONE) {
      first[bucket] = last[bucket] = least[bucket] = greatest[bucket] = i
      leastY[bucket] = greatestY[bucket] = value
      continue
    }
    if (at < x[first[bucket]!]!) first[bucket] = i
    if (at >= x[last[bucket]!]!) last[bucket] = i
    if (value < leastY[bucket]! || (value === leastY[bucket] && at < x[least[bucket]!]!)) {
      least[bucket] = i
      leastY[bucket] = value
    }
    if (value > greatestY[bucket]! || (value === greatestY[bucket] && at < x[greatest[bucket]!]!)) {
      greatest[bucket] = i
      greatestY[bucket] = value
    }
  }
  return { first, last, least, greatest }
}

/** Corners of buckets in the order of x, then as given; each once. */
function inTurn(x: Float64Array, { first, last, least, greatest }: Corners): Int32Array {
  const kept = new Int32Array(POINTS_PER_BUCKET * first.length)
  let count = 0
  const keep = (place: number): void => {
    if (count === 0 || kept[count - 1] !== place) kept[count++] = place
  }
  for (let bucket = 0; bucket < first.length; bucket++) {
    if (first[bucket] === NONE) continue
    const low = least[bucket]!
    const high = greatest[bucket]!
    const isInOrder = (x[low]! - x[high]! || low - high) <= 0
    // Nothing comes before the first, by x and then as given, nor after the last.
    keep(first[bucket]!)
    keep(isInOrder ? low : high)
    keep(isInOrder ? high : low)
    keep(last[bucket]!)
  }
  return kept.subarray(0, count)
}

/** The index of the first point of a kind in every bucket that has one, in order. */
function firstPlaces(x: Float64Array, y: Float64Array, grid: Grid, isKind: (value: number) => boolean): Int32Array {
  const first = new Int32Array(grid.buckets).fill(NONE)
  for (let i = 0; i < x.length; i++) {
    const at = x[i]!
    if (at < grid.low || at > grid.high || !isKind(y[i]!)) continue
    const bucket = bucketOf(at, grid)
    if (first[bucket] === NONE || at < x[first[bucket]!]!) first[bucket] = i
  }
  return first.filter((place) => place !== NONE)
}
