/** What a group says of a column of numbers. NaN is no number here: it is left out and not counted. */
export interface Aggregate {
  /** Runs with a number. */
  readonly count: number
  readonly mean: number
  readonly min: number
  readonly max: number
  /** Of a sample (n - 1); null for fewer than two numbers. */
  readonly std: number | null
}

/** What a group says of a column of texts. */
export interface TextSummary {
  /** Different texts among the runs that have one. */
  readonly distinct: number
  /** The text, when it is the only one. */
  readonly value: string | null
}

/**
 * Aggregate what a group's runs have in one column.
 *
 * values   a number or null for each run, any order
 * returns  null when nobody has a number. Infinities are numbers: the mean may be infinite, or NaN between both of them.
 * source   Welford 1962, so that large values that are close together keep their spread
 */
export function aggregate(values: Iterable<number | null>): Aggregate | null {
  let [count, mean, squares, min, max] = [0, 0, 0, Infinity, -Infinity]
  for (const value of values) {
    if (value === null || Number.isNaN(value)) continue
    count++
    const off = value - mean
    mean += off / count
    squares += off * (value - mean)
    if (value < min) min = value
    if (value > max) max = value
  }
  if (count === 0) return null
  // Differences of infinities are NaN; their sum says what the mean is.
  if (!Number.isFinite(min) || !Number.isFinite(max)) mean = min + max
  return { count, mean, min, max, std: count < 2 ? null : Math.sqrt(squares / (count - 1)) }
}

export function summariseTexts(values: Iterable<string | null>): TextSummary | null {
  const texts = new Set<string>()
  for (const value of values) if (value !== null) texts.add(value)
  if (texts.size === 0) return null
  return { distinct: texts.size, value: texts.size === 1 ? [...texts][0]! : null }
}
