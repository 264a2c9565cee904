/** The x a picture covers. */

export type Extent = readonly [low: number, high: number]

/** The least and greatest of finite x; null when there are none. */
export function extentOf(x: Float64Array): Extent | null {
  let low = Infinity
  let high = -Infinity
  for (let i = 0; i < x.length; i++) {
    const at = x[i]!
    if (at < low) low = at
    if (at > high) high = at
  }
  return low <= high ? [low, high] : null
}

/** Parts of the next power of two a width is rounded up to: at most an eighth is added. */
const PARTS = 16

/**
 * An extent with room to grow in: its width rounded up to the next of a few round ones. While a live series grows inside it, buckets over it
 * stay where they are, and only the last of them change.
 */
export function roomy([low, high]: Extent): Extent {
  const width = high - low
  if (width <= 0 || !Number.isFinite(width)) return [low, high]
  const unit = 2 ** (Math.floor(Math.log2(width)) + 1) / PARTS
  const room = low + Math.ceil(width / unit) * unit
  return [low, Number.isFinite(room) && room >= high ? room : high]
}
