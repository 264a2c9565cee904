const QUOTE = 0x22
const COMMA = 0x2c
const OPEN_LIST = 0x5b
const BACKSLASH = 0x5c
const OPEN_OBJECT = 0x7b

/**
 * Whether a JSON text builds at most `most` values, looked at before any of them is built: two bytes of text can become a hundred in
 * memory, and sixty megabytes of brackets hold up whoever parses them for a quarter of a minute. Lists, objects and commas count outside
 * strings, which is a few more than there are; a text that is no JSON is nobody's concern here.
 */
export function buildsAtMost(text: string, most: number): boolean {
  if (text.length <= most) return true
  let values = 1
  for (let i = 0; i < text.length; i++) {
    const unit = text.charCodeAt(i)
    if (unit === QUOTE) {
      i = endOfString(text, i)
      if (i === -1) return true
    } else if (unit === COMMA || unit === OPEN_LIST || unit === OPEN_OBJECT) {
      if (++values > most) return false
    }
  }
  return true
}

/** The quote that ends the string begun at `start`; -1 when none does. */
function endOfString(text: string, start: number): number {
  for (let end = text.indexOf('"', start + 1); end !== -1; end = text.indexOf('"', end + 1)) {
    let escapes = 0
    while (text.charCodeAt(end - 1 - escapes) === BACKSLASH) escapes++
    if (escapes % 2 === 0) return end
  }
  return -1
}
