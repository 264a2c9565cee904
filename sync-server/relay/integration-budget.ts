/**
 * Keeps the document of a room cheap to read: see integration-cost.ts for what makes it expensive.
 *
 * To look at all of a document costs about as much as to read it. So it is looked at when what has come since may have made it more expensive by
 * a part of what it may be, and else it is only counted what new parts are put across:
 *
 *   gaps   parts that stand where a new one is put, whose writer did not know of them: they cross it or it crosses them, now and always
 *   parts  what is put between neighbours crosses nothing now; in another order it may be crossed by all that cross something already
 *
 * A document that costs all it may is looked at with every update. Those put across others are refused; those that go on between neighbours may
 * make it a little more expensive, so that it can still be written. So much is looked at in a second and no more: whoever comes too soon after
 * is sent away for a while, and the host has time for other rooms.
 */
import * as Y from 'yjs'
import { SYNC } from '#lib/domain/limits.ts'
import type { Clock } from '#lib/domain/time.ts'
import { integrationCost, type IntegrationCost, type Part } from './integration-cost.ts'
import { malformed, tooLarge, tooSoon } from './refusal.ts'
import type { Place } from './room-rules.ts'
import { TokenBucket } from './token-bucket.ts'
import type { Id } from './update-scan.ts'

/** What an update adds, by client, each client's in the order of its clock. */
export type Added = ReadonlyMap<number, readonly Part[]>

/** Since the document was looked at. */
interface Since {
  readonly parts: number
  readonly gaps: number
}

const NOTHING: Since = { parts: 0, gaps: 0 }
/** How much more the document may cost than was known when it is looked at again, of what it may cost. */
const UNSEEN = 1 / 4

export class IntegrationBudget {
  readonly #doc: Y.Doc
  #known: IntegrationCost | null = null
  #since = NOTHING
  /** Parts that may be looked at. */
  readonly #looks: TokenBucket

  constructor(doc: Y.Doc, now: Clock) {
    this.#doc = doc
    this.#looks = new TokenBucket(SYNC.lookedPartsPerSecond, SYNC.burstLookedParts, now)
  }

  /** Take what an update adds, which is applied next. Fails with a Refusal: then it is not. */
  take(added: Added): void {
    if (added.size === 0) return
    let known = (this.#known ??= this.#look(new Map()))
    const { parts, gaps } = measure(this.#doc, added)
    const since = { parts: this.#since.parts + parts, gaps: this.#since.gaps + gaps }
    if (known.steps > SYNC.integrationSteps && gaps > SYNC.lateGaps) throw tooSlow()
    if (known.steps <= SYNC.integrationSteps && mostAdded(known, since) <= UNSEEN * SYNC.integrationSteps) {
      this.#since = since
      return
    }
    const cost = this.#look(added)
    if (cost.steps > SYNC.integrationSteps) {
      // What others brought before is in the document already, and not this one's doing.
      if (this.#since.parts > 0) known = this.#known = this.#look(new Map())
      this.#since = NOTHING
      const more = gaps > SYNC.lateGaps ? 0 : SYNC.lateSteps
      if (cost.steps > known.steps + more) throw tooSlow()
    }
    this.#known = cost
    this.#since = NOTHING
  }

  #look(added: Added): IntegrationCost {
    if (this.#looks.waitMs() > 0) throw tooSoon()
    const all = partsOf(this.#doc, added)
    for (const own of all.values()) this.#looks.take(own.length)
    const cost = integrationCost(all)
    if (cost === null) throw malformed('parts of an update wait for one another')
    return cost
  }
}

const tooSlow = () => tooLarge('what an update adds takes too long to find its place')

function mostAdded(known: IntegrationCost, { parts, gaps }: Since): number {
  const crossed = known.crossing + known.mostCrossed + 2 * gaps
  return 2 * gaps + (crossed === 0 ? 0 : parts * (crossed + 2 * parts))
}

/** A place in a document as one text. */
export const listOf = ({ root, key, inside }: Place): string => JSON.stringify([root, key, inside])

/** All that a document has, and what is added. */
function partsOf(doc: Y.Doc, added: Added): Map<number, Part[]> {
  const all = new Map<number, Part[]>()
  const places: Places = new Map()
  for (const [client, structs] of doc.store.clients) {
    const own: Part[] = []
    for (const struct of structs) if (struct instanceof Y.Item) own.push(partOf(struct, places))
    all.set(client, own)
  }
  for (const [client, parts] of added) all.set(client, [...(all.get(client) ?? []), ...parts])
  return all
}

/** Of types: the root each is, or is in, and by what key. */
type Places = Map<Y.AbstractType<unknown>, Place>

function partOf({ id, length, origin, rightOrigin, parent, parentSub }: Y.Item, places: Places): Part {
  const part = { client: id.client, clock: id.clock, length, origin, rightOrigin }
  if (origin !== null || !(parent instanceof Y.AbstractType)) return { ...part, list: null }
  let place = places.get(parent)
  if (place === undefined) places.set(parent, (place = placeOf(parent)))
  return { ...part, list: listOf({ ...place, key: place.key ?? parentSub }) }
}

function placeOf(type: Y.AbstractType<unknown>): Place {
  const item = type._item
  if (item === null) return { root: Y.findRootTypeKey(type), key: null, inside: false }
  return { root: Y.findRootTypeKey(item.parent as Y.AbstractType<unknown>), key: item.parentSub, inside: true }
}

function measure(doc: Y.Doc, added: Added): Since {
  const begun = new Set<string>()
  let [parts, gaps, widest, inside] = [0, 0, 0, 0]
  for (const own of added.values()) {
    parts += own.length
    for (const [at, part] of own.entries()) {
      if (goesOn(part, own[at - 1])) continue
      const gap = gapOf(doc, part, begun)
      if (gap === null) inside++
      else {
        gaps += gap
        widest = Math.max(widest, gap)
      }
    }
  }
  // What is put beside parts of the same update has at most all of it around it, and what those were put across.
  return { parts, gaps: gaps + inside * (parts + widest) }
}

/** It is put after what its client put there just before. */
const goesOn = (part: Part, before: Part | undefined): boolean =>
  before !== undefined &&
  isSameId(part.origin, { client: before.client, clock: before.clock + before.length - 1 }) &&
  isSameId(part.rightOrigin, before.rightOrigin)

/** How many parts of the document stand where one is put; null when that is beside another of the same update. */
function gapOf(doc: Y.Doc, { origin, rightOrigin, list }: Part, begun: Set<string>): number | null {
  const [left, right] = [origin && itemAt(doc, origin), rightOrigin && itemAt(doc, rightOrigin)]
  if (left === undefined || right === undefined) return null
  if (left !== null) {
    // Both may be in one, which is cut between them.
    if (left === right) return 0
    return countFrom(left.right, right) + (left.lastId.clock > origin!.clock ? 1 : 0)
  }
  if (right !== null) return countBefore(right)
  if (list === null) return 0
  if (begun.has(list)) return null
  begun.add(list)
  return countAll(doc, list)
}

function countFrom(first: Y.Item | null, end: Y.Item | null): number {
  let count = 0
  for (let item = first; item !== null && item !== end; item = item.right) count++
  return count
}

function countBefore(end: Y.Item): number {
  let count = 0
  for (let item = end.left; item !== null; item = item.left) count++
  return count
}

function countAll(doc: Y.Doc, list: string): number {
  const [root, key, inside] = JSON.parse(list) as [string, string | null, boolean]
  const type = doc.share.get(root)
  if (type === undefined) return 0
  if (key === null) return countFrom(type._start, null)
  const item = type._map.get(key)
  if (item === undefined) return 0
  if (!inside) return 1 + countBefore(item)
  return item.content instanceof Y.ContentType ? countFrom(item.content.type._start, null) : 0
}

/** undefined when the document does not have it, or no longer. */
function itemAt(doc: Y.Doc, { client, clock }: Id): Y.Item | undefined {
  const structs = doc.store.clients.get(client)
  if (structs === undefined || clock >= Y.getState(doc.store, client)) return undefined
  const struct = structs[Y.findIndexSS(structs, clock)]
  return struct instanceof Y.Item ? struct : undefined
}

const isSameId = (a: Id | null, b: Id | null): boolean =>
  a === b || (a !== null && b !== null && a.client === b.client && a.clock === b.clock)
