import type { RunRow } from '#lib/live/protocol.ts'

/**
 * The rows of a new answer, with the objects of the one before wherever nothing changed: what is drawn from an object that is the same
 * is not drawn again. A window that moved by a block brings a third of new rows, a commit mostly one.
 */
export function keepSameRows(before: readonly RunRow[], now: readonly RunRow[]): readonly RunRow[] {
  const known = new Map(before.map((row) => [row.runId, row]))
  return now.map((row) => {
    const old = known.get(row.runId)
    return old && sameRow(old, row) ? old : row
  })
}

function sameRow(a: RunRow, b: RunRow): boolean {
  return (
    a.cells.length === b.cells.length &&
    a.cells.every((cell, index) => Object.is(cell, b.cells[index])) &&
    (Object.keys(b) as (keyof RunRow)[]).every((key) => key === 'cells' || Object.is(a[key], b[key]))
  )
}
