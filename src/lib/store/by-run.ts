import type { RunId } from '#lib/domain/ids.ts'

/** Gather rows of many runs into one list per run, order kept. */
export function groupByRun<Row extends { readonly run_uuid: string }, T>(
  into: Map<RunId, T[]>,
  rows: readonly Row[],
  toItem: (row: Row) => T
): void {
  for (const row of rows) {
    const id = row.run_uuid as RunId
    const items = into.get(id)
    if (items) items.push(toItem(row))
    else into.set(id, [toItem(row)])
  }
}
