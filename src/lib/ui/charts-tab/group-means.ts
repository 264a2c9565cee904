/**
 * The mean of each group that has a value, by group.
 *
 * groups  the group of each value, parallel to `values`
 * values  null, NaN and ±Infinity are left out
 */
export function groupMeans(
  groups: readonly number[],
  values: readonly (number | null)[]
): readonly (readonly [group: number, mean: number])[] {
  const members = new Map<number, number[]>()
  values.forEach((value, at) => {
    if (value === null || !Number.isFinite(value)) return
    const own = members.get(groups[at]!)
    if (own) own.push(value)
    else members.set(groups[at]!, [value])
  })
  // Divided first: a sum of large numbers is not always a number.
  return [...members]
    .sort(([a], [b]) => a - b)
    .map(([group, own]) => [group, own.reduce((sum, value) => sum + value / own.length, 0)])
}
