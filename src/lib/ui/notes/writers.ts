import { NAMELESS } from '../sharing/people.ts'

/** Who else writes, as awareness has them: `client` is the page's own. */
export function otherWriters(
  states: ReadonlyMap<number, { readonly [field: string]: unknown }>,
  client: number,
  ownName: string
): string[] {
  const names = new Set<string>()
  for (const [id, { user, cursor }] of states) {
    // A cursor is what says that somebody has this note open.
    if (id === client || cursor === undefined || cursor === null) continue
    const { name } = (user ?? {}) as { readonly name?: unknown }
    names.add(typeof name === 'string' && name.trim() !== '' ? name.trim() : NAMELESS)
  }
  return [...names].map((name) => (name === ownName ? `${name} (another page)` : name)).sort()
}

/** `Ada`, `Ada and Ben`, `Ada, Ben and 3 others`. */
export function listNames(names: readonly string[]): string {
  if (names.length <= 1) return names[0] ?? ''
  if (names.length === 2) return names.join(' and ')
  return `${names[0]}, ${names[1]} and ${names.length === 3 ? names[2] : `${names.length - 2} others`}`
}
