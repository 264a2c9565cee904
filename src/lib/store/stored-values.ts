/**
 * Doubles as SQL can hold them. SQL has no NaN, and SQLite keeps -0 as the integer 0: both become 0, with a kind beside them.
 * Every table of points has that kind in its column `is_nan`, which in MLflow's own files is 0 or 1 and means the same.
 */

import type { BulkInsert, SqlValue } from './engine.ts'

/** 0 stands for a number that is what it says. */
export const NAN_KIND = 1
const NEGATIVE_ZERO_KIND = 2

/** The value a row stands for. */
export function valueOf(value: number, kind: number): number {
  if (kind === NAN_KIND) return NaN
  return kind === NEGATIVE_ZERO_KIND ? -0 : value
}

export function kindOf(value: number): number {
  if (Number.isNaN(value)) return NAN_KIND
  return Object.is(value, -0) ? NEGATIVE_ZERO_KIND : 0
}

/**
 * Values as the columns of a bulk insert whose last fixed column, or first vector, is `is_nan`, and whose last vector is the value.
 * Nearly every series is plain numbers: then the kind is one value, and not one more to bind per row.
 */
export function pointColumns(
  fixed: readonly SqlValue[],
  places: BulkInsert['vectors'],
  values: Float64Array<ArrayBuffer>
): Pick<BulkInsert, 'fixed' | 'vectors'> {
  if (!values.some((value) => kindOf(value) !== 0)) return { fixed: [...fixed, 0], vectors: [...places, values] }
  const stored = values.map((value) => (kindOf(value) === 0 ? value : 0))
  return { fixed, vectors: [Uint8Array.from(values, kindOf), ...places, stored] }
}
