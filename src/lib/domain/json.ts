/** What JSON can say. */
export type Json = null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json }

/** Whether two say the same, the names in their objects in one order. */
export const isSameJson = (a: Json | undefined, b: Json | undefined): boolean =>
  a === b || JSON.stringify(a) === JSON.stringify(b)

/** A text; '' for anything else. */
export const jsonText = (value: Json | undefined): string => (typeof value === 'string' ? value : '')
