/** Runs below their parents, as lines to scroll through. Plain lists and maps in, so that a dull model can check it. */

/** One run's place in a tree that is drawn. */
export interface TreeLine<Id> {
  readonly id: Id
  /** 0 for a root. */
  readonly depth: number
  /** Whether the run matches; an ancestor of one that does need not. */
  readonly isMatch: boolean
  /** Children that are drawn when it is open. */
  readonly children: number
  readonly open: boolean
}

export interface TreeParts<Id> {
  /** All runs a tree may show, in the order of siblings. */
  readonly order: readonly Id[]
  readonly isMatch: (id: Id) => boolean
  /** Whom a run names as its parent; that need not exist. */
  readonly parentOf: (id: Id) => Id | undefined
  readonly isClosed: (id: Id) => boolean
}

/**
 * The lines of a tree: every match, and every ancestor of one, each below its parent; what is below a closed run is left out.
 *
 * order    parents before children, siblings in the order given
 * missing  a run whose parent is not in `order` (deleted, of another experiment, never there) is a root
 * cycles   of runs that are each other's ancestors the one with the least id is taken for a root
 * depth    any; nothing here recurses
 */
export function treeLines<Id extends string>({ order, isMatch, parentOf, isClosed }: TreeParts<Id>): TreeLine<Id>[] {
  const parents = soundParents(order, parentOf)
  const kept = withAncestors(order.filter(isMatch), parents)
  const children = new Map<Id | null, Id[]>()
  for (const id of order) {
    if (!kept.has(id)) continue
    const parent = parents.get(id) ?? null
    const siblings = children.get(parent)
    if (siblings) siblings.push(id)
    else children.set(parent, [id])
  }
  return unfold(children, isMatch, isClosed)
}

/** The parent of each run that has one among the others, no run being its own ancestor. */
function soundParents<Id extends string>(
  order: readonly Id[],
  parentOf: (id: Id) => Id | undefined
): ReadonlyMap<Id, Id> {
  const known = new Set(order)
  const parents = new Map<Id, Id>()
  for (const id of order) {
    const parent = parentOf(id)
    if (parent !== undefined && parent !== id && known.has(parent)) parents.set(id, parent)
  }
  const done = new Set<Id>()
  for (const id of order) {
    const cycle = cycleAbove(id, parents, done)
    if (cycle.length > 0) parents.delete(cycle.reduce((least, other) => (other < least ? other : least)))
  }
  return parents
}

/** The runs of the cycle that the way up from `id` runs into; none when it ends at a root or where somebody has been before. */
function cycleAbove<Id>(id: Id, parents: ReadonlyMap<Id, Id>, done: Set<Id>): readonly Id[] {
  const path: Id[] = []
  const onPath = new Set<Id>()
  let at: Id | undefined = id
  while (at !== undefined && !done.has(at) && !onPath.has(at)) {
    path.push(at)
    onPath.add(at)
    at = parents.get(at)
  }
  for (const passed of path) done.add(passed)
  return at !== undefined && onPath.has(at) ? path.slice(path.indexOf(at)) : []
}

function withAncestors<Id>(ids: readonly Id[], parents: ReadonlyMap<Id, Id>): ReadonlySet<Id> {
  const kept = new Set<Id>()
  for (const id of ids)
    for (let at: Id | undefined = id; at !== undefined && !kept.has(at); at = parents.get(at)) kept.add(at)
  return kept
}

function unfold<Id>(
  children: ReadonlyMap<Id | null, readonly Id[]>,
  isMatch: (id: Id) => boolean,
  isClosed: (id: Id) => boolean
): TreeLine<Id>[] {
  const lines: TreeLine<Id>[] = []
  const waiting: { readonly id: Id; readonly depth: number }[] = []
  const open = (parent: Id | null, depth: number): void => {
    // Last in, first out: so the last child goes in first.
    for (const id of (children.get(parent) ?? []).toReversed()) waiting.push({ id, depth })
  }
  open(null, 0)
  for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) {
    const { id, depth } = next
    const count = children.get(id)?.length ?? 0
    const isOpen = count > 0 && !isClosed(id)
    lines.push({ id, depth, isMatch: isMatch(id), children: count, open: isOpen })
    if (isOpen) open(id, depth + 1)
  }
  return lines
}
