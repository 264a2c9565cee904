/**
 * How well `query` fits `text`, its letters in order but not necessarily side by side: `nwx` fits `New experiment`.
 *
 * returns  0 when it does not fit; more for letters that start words or stand together, and for short texts
 */
export function matchScore(query: string, text: string): number {
  const wanted = query.toLowerCase().replace(/\s+/g, '')
  if (wanted === '') return 1
  const lower = text.toLowerCase()
  const whole = lower.indexOf(query.trim().toLowerCase())
  if (whole >= 0) return 1000 - whole - text.length / 100 + (startsWord(lower, whole) ? 500 : 0)
  let score = 0
  let at = -1
  for (const letter of wanted) {
    const next = findNext(lower, letter, at + 1)
    // Scattered letters are a guess: at least the first has to start a word.
    if (next < 0 || (at < 0 && !startsWord(lower, next))) return 0
    score += startsWord(lower, next) ? 8 : next === at + 1 ? 5 : 1
    at = next
  }
  return score / (1 + text.length / 100)
}

/** The next place of a letter, the start of a word first. */
function findNext(text: string, letter: string, from: number): number {
  const first = text.indexOf(letter, from)
  if (first < 0 || first === from) return first
  for (let at = first; at >= 0; at = text.indexOf(letter, at + 1)) if (startsWord(text, at)) return at
  return first
}

const startsWord = (text: string, at: number): boolean => at === 0 || !/[\p{L}\p{N}]/u.test(text[at - 1]!)

/** The items that fit, best first, at most `limit`. */
export function rank<Item>(query: string, items: readonly Item[], text: (item: Item) => string, limit: number): Item[] {
  return items
    .map((item, index) => ({ item, index, score: matchScore(query, text(item)) }))
    .filter(({ score }) => score > 0)
    .sort((a, b) => b.score - a.score || a.index - b.index)
    .slice(0, limit)
    .map(({ item }) => item)
}
