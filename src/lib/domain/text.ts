/** The first `limit` characters (code points, as MLflow counts them): never half of one. */
export function cutText(text: string, limit: number): string {
  // A text of so many UTF-16 units has no more code points: nearly every text ends here.
  if (text.length <= limit) return text
  let units = 0
  for (let taken = 0; taken < limit && units < text.length; taken++) units += text.codePointAt(units)! > 0xffff ? 2 : 1
  return text.slice(0, units)
}
