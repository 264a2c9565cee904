/** A series as drawn: x ascending, fresh parallel arrays that nobody else holds, ready to be transferred. */
export interface Drawn {
  readonly x: Float64Array
  readonly y: Float64Array
  readonly count: number
  readonly sampled: boolean
  readonly nanX: Float64Array
  readonly posInfX: Float64Array
  readonly negInfX: Float64Array
}

/**
 * Keep the shape of a series in at most `buckets` pixel columns: first, last, least and greatest point of each (a min/max envelope), so
 * that no extreme is ever lost.
 *
 * x, y     equal length n, any order; x finite; y may hold NaN and ±Infinity, which come back as marks, not points
 * range    x values to look at, both ends included; null for all
 * returns  points in x order (equal x: the order given); all of them, unsampled, when they are no more than four per bucket
 */
export function downsample(
  x: Float64Array,
  y: Float64Array,
  range: readonly [number, number] | null,
  buckets: number
): Drawn {
  const order = orderOf(x, range)
  const nan: number[] = []
  const posInf: number[] = []
  const negInf: number[] = []
  const finite: number[] = []
  for (const i of order) {
    const value = y[i]!
    if (Number.isFinite(value)) finite.push(i)
    else if (Number.isNaN(value)) nan.push(x[i]!)
    else (value > 0 ? posInf : negInf).push(x[i]!)
  }
  const sampled = finite.length > Math.max(1, buckets) * 4
  const kept = sampled ? envelope(x, y, finite, Math.max(1, buckets)) : finite
  return {
    x: Float64Array.from(kept, (i) => x[i]!),
    y: Float64Array.from(kept, (i) => y[i]!),
    count: order.length,
    sampled,
    nanX: Float64Array.from(nan),
    posInfX: Float64Array.from(posInf),
    negInfX: Float64Array.from(negInf)
  }
}

function orderOf(x: Float64Array, range: readonly [number, number] | null): number[] {
  const order: number[] = []
  let sorted = true
  for (let i = 0; i < x.length; i++) {
    if (range !== null && (x[i]! < range[0] || x[i]! > range[1])) continue
    if (order.length > 0 && x[i]! < x[order.at(-1)!]!) sorted = false
    order.push(i)
  }
  return sorted ? order : order.sort((a, b) => x[a]! - x[b]! || a - b)
}

function envelope(x: Float64Array, y: Float64Array, order: readonly number[], buckets: number): number[] {
  const low = x[order[0]!]!
  const width = (x[order.at(-1)!]! - low) / buckets || 1
  const kept: number[] = []
  let at = 0
  while (at < order.length) {
    const bucket = Math.floor((x[order[at]!]! - low) / width)
    const from = at
    let min = at
    let max = at
    while (at < order.length && Math.floor((x[order[at]!]! - low) / width) === bucket) {
      if (y[order[at]!]! < y[order[min]!]!) min = at
      if (y[order[at]!]! > y[order[max]!]!) max = at
      at++
    }
    for (const place of [...new Set([from, min, max, at - 1])].sort((a, b) => a - b)) kept.push(order[place]!)
  }
  return kept
}
