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

/**
 * The items of a new list, with the objects of the one before wherever one is the same in every field: for what is found anew with each step
 * of a scroll, and drawn in many rows.
 */
export function keepSame<T extends object>(
  before: readonly T[],
  now: readonly T[],
  idOf: (item: T) => unknown
): readonly T[] {
  const known = new Map(before.map((item) => [idOf(item), item]))
  return now.map((item) => {
    const old = known.get(idOf(item))
    return old && sameFields(old, item) ? old : item
  })
}

const sameFields = <T extends object>(a: T, b: T): boolean =>
  (Object.keys(b) as (keyof T)[]).every((key) => Object.is(a[key], b[key]))
