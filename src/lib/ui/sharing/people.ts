import type { Person, RoomRole } from '#lib/live/sharing.ts'
import { RUN_COLORS } from '../shared/run-color.ts'

/** What stands for somebody who gave no name. */
export const NAMELESS = 'Somebody'

export const nameOf = ({ name }: { readonly name: string }): string => name.trim() || NAMELESS

/** At most two letters: of the first word and the last. `?` where there is none. */
export function initialsOf(name: string): string {
  const words = name
    .trim()
    .split(/[\s._-]+/u)
    .filter((word) => /[\p{L}\p{N}]/u.test(word))
  const letters = [words[0], words.length > 1 ? words.at(-1) : undefined].map((word) => firstLetter(word ?? ''))
  return letters.join('').toLocaleUpperCase() || '?'
}

// A letter may be several code units: none is cut in two.
const firstLetter = (word: string): string => /[\p{L}\p{N}]/u.exec(word)?.[0] ?? ''

/**
 * The N of `--run-N`, the same for a person everywhere and always (FNV-1a). By name: that is all a comment keeps of who wrote it, and its
 * colour is to be that of the cursor.
 */
export function personColorIndex(name: string): number {
  let hash = 0x811c9dc5
  for (let i = 0; i < name.length; i++) hash = Math.imul(hash ^ name.charCodeAt(i), 0x01000193)
  return ((hash >>> 0) % RUN_COLORS) + 1
}

export const personColor = (name: string): string => `var(--run-${personColorIndex(name)})`

/**
 * The same colours as digits, for who sends one along: between their light and dark values, so that they can be told on either paper.
 */
export const personColorDigits = (name: string): string => DIGITS[personColorIndex(name) - 1]!

const DIGITS = [
  '#2d86c6',
  '#d07a20',
  '#1f9f78',
  '#c46aa2',
  '#4f9fd0',
  '#cc5a3e',
  '#8a70c4',
  '#a3912a',
  '#75838c',
  '#229aa0'
]

const ROLES: Readonly<Record<RoomRole, string>> = { owner: 'owner', editor: 'editor', viewer: 'viewer' }

/** Others who are there, each once: somebody with two pages open is one person. Those at `here` come first, then by name. */
export function othersOf(people: readonly Person[], runId: string | null): Person[] {
  const byId = new Map<string, Person>()
  for (const person of people)
    if (!person.isSelf && (!byId.has(person.id) || person.runId === runId)) byId.set(person.id, person)
  const isHere = (person: Person): boolean => person.runId === runId
  return [...byId.values()].sort(
    (a, b) => Number(isHere(b)) - Number(isHere(a)) || nameOf(a).localeCompare(nameOf(b)) || (a.id < b.id ? -1 : 1)
  )
}

/** Who, as what, and where: `Ada, editor, looks at this run`. */
export function describePerson(person: Person, runId: string | null): string {
  const where =
    person.runId === runId
      ? runId === null
        ? 'looks at the experiment'
        : 'looks at this run'
      : person.runId === null
        ? 'looks at the experiment'
        : runId === null
          ? 'looks at a run'
          : 'looks at another run'
  return `${nameOf(person)}, ${ROLES[person.role]}, ${where}`
}
