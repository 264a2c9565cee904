/**
 * Doubles as SQL can hold them. SQL has no NaN, and SQLite keeps -0 as the integer 0: both become 0, with a kind beside them.
 * Every table of points has that kind in its column `is_nan`, which in MLflow's own files is 0 or 1 and means the same.
 */

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

/** Values as columns; `kinds` is null where all are plain numbers, as in nearly every series. */
export function storedPoints(values: Float64Array<ArrayBuffer>): {
  readonly stored: Float64Array<ArrayBuffer>
  readonly kinds: Uint8Array<ArrayBuffer> | null
} {
  if (!values.some((value) => kindOf(value) !== 0)) return { stored: values, kinds: null }
  return {
    stored: values.map((value) => (kindOf(value) === 0 ? value : 0)),
    kinds: Uint8Array.from(values, kindOf)
  }
}
