/**
 * End a bench: its figures, flat, with the unit in each key, as the last line.
 *
 * Numbers are rounded to four significant digits: what a bench on a shared machine can say.
 */
export const report = (bench: string, figures: Readonly<Record<string, number>>): void => {
  const rounded = Object.fromEntries(Object.entries(figures).map(([key, value]) => [key, Number(value.toPrecision(4))]))
  console.log(JSON.stringify({ bench, figures: rounded }))
}

/** The value below which `share` (0 to 1) of the values lie: the nearest one measured, not one in between. */
export const percentile = (values: readonly number[], share: number): number => {
  if (values.length === 0) throw new Error('a percentile of no values')
  const sorted = [...values].sort((a, b) => a - b)
  return sorted[Math.min(sorted.length - 1, Math.max(0, Math.ceil(share * sorted.length) - 1))] ?? NaN
}
