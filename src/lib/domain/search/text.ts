/**
 * How texts compare, in memory exactly as in SQL: by their UTF-8 bytes, with no locale and no case folding but ASCII's (SQLite's lower(),
 * which is also what MLflow's ILIKE runs on SQLite).
 */

/** Order of UTF-8 bytes, which is the order of code points; `<` on strings would put U+1F600 before U+FFFD. */
export function compareText(a: string, b: string): number {
  const length = Math.min(a.length, b.length)
  for (let at = 0; at < length; at++) {
    const [x, y] = [a.charCodeAt(at), b.charCodeAt(at)]
    if (x !== y) return codePointRank(x) - codePointRank(y)
  }
  return a.length - b.length
}

/** Surrogates stand for code points above all others. */
const codePointRank = (unit: number): number => (unit >= 0xd800 && unit <= 0xdfff ? unit + 0x10000 : unit)

export const lowerAscii = (text: string): string => text.replace(/[A-Z]+/g, (upper) => upper.toLowerCase())

/**
 * Whether a text matches a LIKE pattern: `%` any run, `_` one code point, no escape, case-sensitive.
 * Greedy with one remembered `%`, so at worst the product of the lengths and never exponential.
 */
export function matchesLike(text: string, pattern: string): boolean {
  // SQLite's matcher reads C strings: nothing after a NUL counts.
  const [points, wanted] = [[...untilNul(text)], [...untilNul(pattern)]]
  let [at, want] = [0, 0]
  let retry: { at: number; want: number } | null = null
  while (at < points.length) {
    if (wanted[want] === '%') retry = { at, want: ++want }
    else if (want < wanted.length && (wanted[want] === '_' || wanted[want] === points[at])) {
      at++
      want++
    } else if (retry === null) return false
    else {
      at = ++retry.at
      want = retry.want
    }
  }
  while (wanted[want] === '%') want++
  return want === wanted.length
}

function untilNul(text: string): string {
  const end = text.indexOf('\0')
  return end < 0 ? text : text.slice(0, end)
}
