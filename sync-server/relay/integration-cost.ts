/**
 * How many steps Yjs takes to find places for the parts of a document, at most, in whatever order they come.
 *
 * A part says what stood to its left (its origin) and to its right when it was made. To find its place, Yjs walks from the one to the other, over
 * all that others put there without knowing of it. People who write at once put little there. An update that says of 10,000 parts that each was
 * put at the same place makes it walk 50,000,000 steps, and again wherever the document is read: 150 KB of it held a host up for 20 s.
 *
 *   origin ── a ── b ── c ── …        all of one origin are siblings, each with a tree of those whose origin is in it
 *
 * Only siblings are crossed, with their trees. Of siblings, one that was put to the left of another (its right is that other) knew of it, and
 * crosses nothing: those who type again and again at one place make such a row. So siblings are a tree, too, by what is on their right; those
 * with the same right did not know of each other, and each, with all that was put to the left of it later, may cross all that belongs to the
 * others. The order of coming decides which of two crosses the other, so both are counted: a document that is cheap as it is written piece by
 * piece, and costs minutes to read, is found out.
 */
import type { Id } from './update-scan.ts'

export interface Part extends Id {
  readonly length: number
  readonly origin: Id | null
  readonly rightOrigin: Id | null
  /** Where it begins when it has no origin: compared, never looked into. Null when it is nowhere, as what was deleted. */
  readonly list: string | null
}

export interface IntegrationCost {
  readonly steps: number
  /** Parts that cross others, and the most that one of them crosses: by so much every part to come may make it more. */
  readonly crossing: number
  readonly mostCrossed: number
  readonly parts: number
}

/** A step over a part, in moves of a split document's parts: what was one and is cut shifts all after it. */
const MOVES_PER_STEP = 200

class Node {
  readonly part: Part
  readonly children: Node[] = []
  readonly dependents: Node[] = []
  dependsOn = 0
  /** References into its middle, each of which may cut it. */
  cuts = 0
  /** Parts it may become, with all those whose origin is in it. */
  tree = 0

  constructor(part: Part) {
    this.part = part
  }
}

/** One of those with the same origin: a part, or the rest of the one that origin is in. */
interface Sibling {
  readonly id: Id
  readonly right: Id | null
  readonly size: number
}

/**
 * clients  each client's parts in the order of its clock
 * returns  null when parts wait for one another, so that none can be put anywhere
 */
export function integrationCost(clients: ReadonlyMap<number, readonly Part[]>): IntegrationCost | null {
  const nodes = new Map<number, readonly Node[]>()
  for (const [client, parts] of clients)
    nodes.set(
      client,
      parts.map((part) => new Node(part))
    )
  const lists = connect(nodes)
  const count = countApplied(nodes)
  if (count === null) return null
  const cost = { steps: stepsOfCuts(nodes), crossing: 0, mostCrossed: 0, parts: count }
  const ordered = parentsFirst(lists)
  for (const node of ordered.toReversed())
    node.tree = node.children.reduce((sum, { tree }) => sum + tree, 1 + node.cuts)
  for (const begun of lists.values()) addSiblings(cost, begun.map(siblingOf))
  for (const node of ordered) if (node.children.length > 0) addChildren(cost, node)
  return cost
}

/** Note what depends on what. Returns the parts without an origin, by list. */
function connect(nodes: ReadonlyMap<number, readonly Node[]>): Map<string, Node[]> {
  const lists = new Map<string, Node[]>()
  for (const own of nodes.values())
    for (const [at, node] of own.entries()) {
      const { origin, rightOrigin, list } = node.part
      const [left, right] = [origin && find(nodes, origin), rightOrigin && find(nodes, rightOrigin)]
      for (const other of [left, right, own[at - 1]])
        if (other != null) {
          other.dependents.push(node)
          node.dependsOn++
        }
      if (left !== null) {
        left.children.push(node)
        if (origin!.clock < endOf(left) - 1) left.cuts++
      } else if (origin === null && list !== null) push(lists, list, node)
      if (right !== null && rightOrigin!.clock > right.part.clock) right.cuts++
    }
  return lists
}

/** How many parts can be put somewhere; null when some wait for one another. */
function countApplied(nodes: ReadonlyMap<number, readonly Node[]>): number | null {
  const ready: Node[] = []
  let all = 0
  for (const own of nodes.values()) {
    all += own.length
    for (const node of own) if (node.dependsOn === 0) ready.push(node)
  }
  let applied = 0
  for (let node = ready.pop(); node !== undefined; node = ready.pop()) {
    applied++
    for (const dependent of node.dependents) if (--dependent.dependsOn === 0) ready.push(dependent)
  }
  return applied === all ? all : null
}

function stepsOfCuts(nodes: ReadonlyMap<number, readonly Node[]>): number {
  let moves = 0
  for (const own of nodes.values()) {
    const cuts = own.reduce((sum, node) => sum + node.cuts, 0)
    moves += cuts * (own.length + cuts)
  }
  return moves / MOVES_PER_STEP
}

function parentsFirst(lists: ReadonlyMap<string, readonly Node[]>): Node[] {
  const ordered = [...lists.values()].flat()
  // It grows while it is walked.
  for (const node of ordered) for (const child of node.children) ordered.push(child)
  return ordered
}

/** Those whose origin is in one part: of each of its places that is one, the siblings there. */
function addChildren(cost: Cost, node: Node): void {
  const { client, rightOrigin } = node.part
  const byPlace = Map.groupBy(node.children, ({ part }) => part.origin!.clock)
  let after = 0
  for (const clock of [...byPlace.keys()].sort((a, b) => b - a)) {
    const siblings = byPlace.get(clock)!.map(siblingOf)
    const own = siblings.reduce((sum, { size }) => sum + size, 0)
    if (clock < endOf(node) - 1)
      siblings.push({ id: { client, clock: clock + 1 }, right: rightOrigin, size: 1 + node.cuts + after })
    addSiblings(cost, siblings)
    after += own
  }
}

type Cost = { -readonly [Key in keyof IntegrationCost]: IntegrationCost[Key] }

function addSiblings(cost: Cost, siblings: readonly Sibling[]): void {
  if (siblings.length < 2) return
  const byId = new Map(siblings.map((sibling) => [nameOf(sibling.id), sibling]))
  const rightOf = (sibling: Sibling): Sibling | null => {
    const right = sibling.right && byId.get(nameOf(sibling.right))
    return right === undefined || right === sibling ? null : right
  }
  // Those that share what is on their right. What is no sibling is one and the same here: nothing says how far it is.
  const mates = Map.groupBy(siblings, rightOf)
  if ([...mates.values()].every((group) => group.length === 1)) return
  const ordered = [...(mates.get(null) ?? [])]
  for (const sibling of ordered) for (const left of mates.get(sibling) ?? []) ordered.push(left)
  const sizes = new Map<Sibling, number>()
  for (const sibling of ordered.toReversed()) sizes.set(sibling, sibling.size + sumOf(mates.get(sibling) ?? [], sizes))
  const crossed = new Map<Sibling, number>()
  for (const group of mates.values()) {
    const all = sumOf(group, sizes)
    for (const sibling of group) crossed.set(sibling, all - sizes.get(sibling)!)
  }
  for (const sibling of ordered) {
    const right = rightOf(sibling)
    const steps = crossed.get(sibling)! + (right === null ? 0 : crossed.get(right)!)
    crossed.set(sibling, steps)
    if (steps === 0) continue
    cost.steps += steps
    cost.crossing++
    cost.mostCrossed = Math.max(cost.mostCrossed, steps)
  }
}

const siblingOf = ({ part, tree }: Node): Sibling => ({ id: part, right: part.rightOrigin, size: tree })

const sumOf = (some: readonly Sibling[], sizes: ReadonlyMap<Sibling, number>): number =>
  some.reduce((sum, sibling) => sum + (sizes.get(sibling) ?? 0), 0)

const nameOf = ({ client, clock }: Id): string => `${client} ${clock}`

const endOf = ({ part }: Node): number => part.clock + part.length

function push<Key, Value>(map: Map<Key, Value[]>, key: Key, value: Value): void {
  const known = map.get(key)
  if (known) known.push(value)
  else map.set(key, [value])
}

/** The part a place is in; null when what was there is gone. */
function find(nodes: ReadonlyMap<number, readonly Node[]>, { client, clock }: Id): Node | null {
  const own = nodes.get(client) ?? []
  let [low, high] = [0, own.length - 1]
  while (low < high) {
    const middle = (low + high + 1) >> 1
    if (own[middle]!.part.clock <= clock) low = middle
    else high = middle - 1
  }
  const node = own[low]
  return node !== undefined && node.part.clock <= clock && clock < endOf(node) ? node : null
}
