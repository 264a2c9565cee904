/** Just enough colour for a snippet of a few lines: strings, comments and words of the language. */
export type CodePiece = { readonly text: string; readonly kind: 'plain' | 'string' | 'comment' | 'word' }

const PIECES =
  /(?<string>"[^"\n]*"|'[^'\n]*'|`[^`]*`)|(?<comment>\/\/.*|#.*)|(?<word>\b(?:import|as|from|const|let|await|for|of|with|export|new|function|return)\b)/g

export function highlight(code: string): CodePiece[] {
  const pieces: CodePiece[] = []
  let at = 0
  for (const match of code.matchAll(PIECES)) {
    if (match.index > at) pieces.push({ text: code.slice(at, match.index), kind: 'plain' })
    const kind = match.groups?.['string'] ? 'string' : match.groups?.['comment'] ? 'comment' : 'word'
    pieces.push({ text: match[0], kind })
    at = match.index + match[0].length
  }
  if (at < code.length) pieces.push({ text: code.slice(at), kind: 'plain' })
  return pieces
}
