/** Runs gathered by what they have in common, as lines to scroll through. */

/** A group's own line. */
export interface GroupLine<Id> {
  /** Names the group: its values as JSON, outermost first, null for runs without one. */
  readonly id: string
  /** Which of the keys it is of: 0 for the first. */
  readonly depth: number
  readonly value: string | null
  /** All of its runs, those of groups inside it included, in order. */
  readonly members: readonly Id[]
  readonly open: boolean
}

/** A line is a group or, below an open group of the last key, a run. */
export type GroupedLine<Id> = GroupLine<Id> | { readonly id: Id; readonly depth: number; readonly members: null }

interface Group<Id> {
  readonly id: string
  readonly value: string | null
  readonly members: Id[]
  readonly inner: Map<string | null, Group<Id>>
}

/**
 * The lines of groups of `depth` keys. A group stands where the first of its runs would: sorted by loss, the group with the least loss
 * is first. Inside a group its runs keep their order.
 *
 * valuesOf  the value of each key, null for none; `depth` of them
 */
export function groupLines<Id extends string>(
  order: readonly Id[],
  depth: number,
  valuesOf: (id: Id) => readonly (string | null)[],
  isOpen: (groupId: string) => boolean
): GroupedLine<Id>[] {
  const root: Group<Id> = { id: '[]', value: null, members: [], inner: new Map() }
  for (const id of order) {
    const values = valuesOf(id)
    let group = root
    for (let at = 0; at < depth; at++) {
      group = innerGroup(group, values, at)
      group.members.push(id)
    }
  }
  const lines: GroupedLine<Id>[] = []
  draw(root, 0, depth, isOpen, lines)
  return lines
}

function innerGroup<Id>(group: Group<Id>, values: readonly (string | null)[], at: number): Group<Id> {
  const value = values[at] ?? null
  const known = group.inner.get(value)
  if (known) return known
  const made: Group<Id> = { id: JSON.stringify(values.slice(0, at + 1)), value, members: [], inner: new Map() }
  group.inner.set(value, made)
  return made
}

/** Recurses once per key: there are few. */
function draw<Id>(
  group: Group<Id>,
  at: number,
  depth: number,
  isOpen: (groupId: string) => boolean,
  lines: GroupedLine<Id>[]
): void {
  for (const { id, value, members, inner } of group.inner.values()) {
    const open = isOpen(id)
    lines.push({ id, depth: at, value, members, open })
    if (!open) continue
    if (at + 1 < depth) draw({ id, value, members, inner }, at + 1, depth, isOpen, lines)
    else for (const run of members) lines.push({ id: run, depth, members: null })
  }
}
