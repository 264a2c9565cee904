/** Ids per statement: enough to make the round trip cheap, few enough for every engine's parameter limit. */
const IDS_PER_STATEMENT = 500

export function* chunks<T>(items: readonly T[], size = IDS_PER_STATEMENT): Generator<readonly T[]> {
  for (let from = 0; from < items.length; from += size) yield items.slice(from, from + size)
}
