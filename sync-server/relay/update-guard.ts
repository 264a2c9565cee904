/**
 * Looks at an update before it reaches a room's document: whether everything it builds on is there, and all of it may stand where it would.
 *
 * What an update adds says where it goes in one of three ways: the name of a root, the id of the array or text it is in, or nothing, when
 * it stands beside something. The last two are followed, through the update and then the document, until a root is reached; so nothing
 * has to be applied, and taken back, to find out. Editors are trusted with what they may write; this keeps documents well formed, and
 * cheap to read (integration-budget.ts).
 */
import * as Y from 'yjs'
import { SYNC } from '#lib/domain/limits.ts'
import type { Clock } from '#lib/domain/time.ts'
import { ROOTS, type RoomKind } from '#lib/sync/agreement.ts'
import { IntegrationBudget, listOf, type Added } from './integration-budget.ts'
import type { Part } from './integration-cost.ts'
import { malformed } from './refusal.ts'
import { rulesOf, type Place } from './room-rules.ts'
import { scanUpdate, type Deletion, type Id, type ScannedUpdate, type Struct } from './update-scan.ts'

/** Something the update builds on is not here. It must not be applied: a document would keep it, and look at it again with every other. */
export const GAP = 'gap'

export interface Checked {
  /** How far each client's clock is, once the update is applied. */
  readonly clocks: ReadonlyMap<number, number>
  /** It adds and deletes nothing at all. */
  readonly isEmpty: boolean
}

/** `gone`: inside something that was deleted; Yjs keeps no content there. */
type Found = Place | 'gone'

interface Following extends ScannedUpdate {
  /** Found so far. */
  readonly places: Map<Struct, Found>
}

export class UpdateGuard {
  readonly #doc: Y.Doc
  readonly #kind: RoomKind
  readonly #now: Clock
  readonly #budget: IntegrationBudget

  constructor(doc: Y.Doc, kind: RoomKind, now: Clock) {
    this.#doc = doc
    this.#kind = kind
    this.#now = now
    this.#budget = new IntegrationBudget(doc, now)
  }

  /** What passes is to be applied. Fails with a Refusal. Nothing is changed. */
  check(bytes: Uint8Array): Checked | typeof GAP {
    const update = scanUpdate(bytes, { structs: SYNC.updateStructs, clocks: SYNC.updateClocks })
    const clocks = new Map<number, number>()
    for (const [client, structs] of update.structs) {
      const end = this.#endOf(client, structs)
      if (end === null) return GAP
      clocks.set(client, end)
    }
    const isThere = ({ client, clock }: Id): boolean => clock < (clocks.get(client) ?? this.#state(client))
    if (!update.deletions.every(({ client, clock, length }) => isThere({ client, clock: clock + length - 1 })))
      return GAP
    const following = { ...update, places: new Map<Struct, Found>() }
    for (const struct of this.#added(update)) {
      if (!neighbours(struct).every(isThere)) return GAP
      this.#checkPlace(struct, following)
    }
    this.#checkDeletions(update.deletions)
    this.#budget.take(this.#partsOf(following))
    return { clocks, isEmpty: clocks.size === 0 && update.deletions.length === 0 }
  }

  #state(client: number): number {
    return Y.getState(this.#doc.store, client)
  }

  /** Where a client's clock will be; null when something between is missing. */
  #endOf(client: number, structs: readonly Struct[]): number | null {
    let end = this.#state(client)
    for (const { kind, clock, length } of structs) {
      if (kind === 'skip') continue
      if (clock > end) return null
      end = Math.max(end, clock + length)
    }
    return end
  }

  /** What the document does not have yet, or not wholly. */
  *#added(update: ScannedUpdate): Generator<Struct> {
    for (const [client, structs] of update.structs) {
      const state = this.#state(client)
      for (const struct of structs) if (struct.kind !== 'skip' && struct.clock + struct.length > state) yield struct
    }
  }

  #partsOf(update: Following): Added {
    const added = new Map<number, Part[]>()
    for (const struct of this.#added(update)) {
      // What is gone altogether stands nowhere.
      if (struct.origin === null && struct.rightOrigin === null && struct.root === null && struct.parent === null)
        continue
      const own = added.get(struct.client)
      const part = this.#partOf(struct, update)
      if (own) own.push(part)
      else added.set(struct.client, [part])
    }
    return added
  }

  /** The part of a struct that the document does not have. */
  #partOf(struct: Struct, { places }: Following): Part {
    const { client, clock, length, origin, rightOrigin } = struct
    const known = this.#state(client) - clock
    if (known > 0)
      return {
        client,
        clock: clock + known,
        length: length - known,
        origin: { client, clock: clock + known - 1 },
        rightOrigin,
        list: null
      }
    const place = places.get(struct) ?? 'gone'
    return { client, clock, length, origin, rightOrigin, list: place === 'gone' ? null : listOf(place) }
  }

  #checkPlace(struct: Struct, update: Following): void {
    // Yjs looks for what its own client wrote before without asking whether it did.
    if (neighbours(struct).some(({ client, clock }) => client === struct.client && clock >= struct.clock))
      throw malformed('a part of an update builds on itself')
    const place = this.#placeOf(struct, update, 0)
    if (place === 'gone') return
    const rules = rulesOf(this.#kind, place.root)
    if (rules === null) throw malformed(`nothing is written to ${JSON.stringify(place.root.slice(0, 40))} here`)
    if (struct.kind === 'gone') return
    const rule = place.key === null ? rules.own : place.inside ? rules.inside : rules.value
    if (rule === null) throw malformed('a part of an update stands where nothing does')
    const key = place.key ?? place.root
    rule(struct, key, this.#now())
    if (place.root === ROOTS.keys && !this.#isSame(key, struct.text))
      throw malformed('a list of keys has another one’s name')
  }

  /** A list's name is short, and two could be made to have the same: the first stays. */
  #isSame(key: string, text: string | null): boolean {
    const known = this.#doc.getMap(ROOTS.keys).get(key)
    return known === undefined || known === text
  }

  /** `depth`: how many types it stands inside of, as far as is known. */
  #placeOf(struct: Struct, update: Following, depth: number): Found {
    const path: Struct[] = []
    let found: Found | null = null
    // To the left as far as the update goes. What was followed once is known: a long row of frames is walked once, not once for each.
    for (let at = struct; found === null;) {
      found = update.places.get(at) ?? this.#ownPlace(at, update, depth)
      if (path.push(at) > SYNC.updateStructs) throw malformed('a part of an update builds on itself')
      if (found !== null) break
      const beside = at.origin ?? at.rightOrigin!
      const next = structAt(update, beside, this.#state(beside.client))
      if (next === null) found = this.#placeInDoc(beside)
      else at = next
    }
    for (const one of path) update.places.set(one, found)
    return found
  }

  /** null when only its neighbours say so. */
  #ownPlace(struct: Struct, update: Following, depth: number): Found | null {
    if (struct.root !== null) return { root: struct.root, key: struct.key, inside: false }
    if (struct.parent !== null) return this.#insideOf(struct.parent, update, depth)
    return struct.origin === null && struct.rightOrigin === null ? 'gone' : null
  }

  #insideOf(parent: Id, update: Following, depth: number): Found {
    if (depth > 0) throw nested()
    const struct = structAt(update, parent, this.#state(parent.client))
    if (struct === null) return within(this.#placeInDoc(parent, true))
    return struct.kind === 'array' || struct.kind === 'text' ? within(this.#placeOf(struct, update, depth + 1)) : 'gone'
  }

  /** `asParent`: it counts only if it is an array or a text. */
  #placeInDoc(id: Id, asParent = false): Found {
    const item = this.#find(id)
    if (!(item instanceof Y.Item)) return 'gone'
    return asParent && !(item.content instanceof Y.ContentType) ? 'gone' : this.#placeOfItem(item)
  }

  #placeOfItem(item: Y.Item): Found {
    const type = item.parent
    if (!(type instanceof Y.AbstractType)) return 'gone'
    if (type._item !== null) return within(this.#placeOfItem(type._item))
    return { root: Y.findRootTypeKey(type), key: item.parentSub, inside: false }
  }

  #find({ client, clock }: Id): Y.Item | Y.GC {
    const structs = this.#doc.store.clients.get(client)!
    return structs[Y.findIndexSS(structs, clock)]!
  }

  /** The host's own root is the host's to delete from, too. */
  #checkDeletions(deletions: readonly Deletion[]): void {
    for (const item of this.#doc.getMap(ROOTS.meta)._map.values()) {
      const { client, clock } = item.id
      const hits = deletions.some(
        (one) => one.client === client && one.clock <= clock && clock < one.clock + one.length
      )
      if (hits && !item.deleted) throw malformed('what is the host’s own is not deleted')
    }
  }
}

/** What must be there before a struct can be. */
const neighbours = ({ origin, rightOrigin, parent }: Struct): Id[] =>
  [origin, rightOrigin, parent].filter((id) => id !== null)

const nested = () => malformed('types stand inside one another')

const within = (outer: Found): Found => {
  if (outer === 'gone') return outer
  if (outer.inside) throw nested()
  return { ...outer, inside: true }
}

/** Of what the update adds; null when the document has it. */
function structAt({ structs }: ScannedUpdate, { client, clock }: Id, state: number): Struct | null {
  if (clock < state) return null
  const own = structs.get(client) ?? []
  let [low, high] = [0, own.length - 1]
  while (low < high) {
    const middle = (low + high + 1) >> 1
    if (own[middle]!.clock <= clock) low = middle
    else high = middle - 1
  }
  return own[low] ?? null
}
