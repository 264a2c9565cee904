/** The first line of a Markdown text that says something, without its marks: for places where there is room for one line only. */
export function firstLine(markdown: string): string {
  const lines = markdown.split('\n').map((line) =>
    line
      .replace(/^\s*(?:#{1,6}\s+|[-*+]\s+|\d+\.\s+|>\s?)+/, '')
      .replace(/!?\[([^\]]*)\]\([^)]*\)/g, '$1')
      .replace(/(\*\*|__|`|~~)/g, '')
      .trim()
  )
  return lines.find((line) => /[\p{L}\p{N}]/u.test(line)) ?? ''
}
