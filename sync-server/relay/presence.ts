/**
 * Who is in a room and where they look: y-protocols' awareness, kept per connection.
 *
 * Invariants
 * - A client id belongs to the connection that first spoke for it, until that is gone; the same person may take it along to another one.
 *   What anyone says of another's id is left aside: stock clients send on whatever they hear.
 * - Who somebody is (`user`) is what the token says, whatever the client says.
 * - A room tells changes together, at most every SYNC.presenceEveryMs, since each of n members is told of each of n.
 */
import * as decoding from 'lib0/decoding'
import * as encoding from 'lib0/encoding'
import { SYNC } from '#lib/domain/limits.ts'
import type { Clock } from '#lib/domain/time.ts'
import type { SyncClaims } from '#lib/sync/agreement.ts'
import { malformed, tooLarge } from './refusal.ts'

/** A connection, as far as presence goes. */
export interface PresenceOwner {
  readonly claims: SyncClaims
}

/** Somebody in a room, and at which run they look. */
export interface Person {
  readonly id: string
  readonly name: string
  readonly role: SyncClaims['role']
  readonly runId: string | null
}

/** Where somebody sits who has no connection. */
export interface Seat {
  readonly client: number
  /** JSON of an object. */
  say(state: string): void
  leave(): void
}

interface Entry {
  readonly owner: PresenceOwner
  readonly clock: number
  /** JSON. */
  readonly state: string
  readonly heardAt: number
}

interface Said {
  readonly client: number
  readonly clock: number
  readonly state: string
}

const GONE = 'null'
/** A colour as hex digits: all that is taken from what a client says of its user. */
const COLOR = /^#[0-9a-f]{3,8}$/i
/** What is around each state of a message, at most. */
const ENTRY_BYTES = 32

export class Presence {
  readonly #now: Clock
  readonly #entries = new Map<number, Entry>()
  /** What members have not been told yet; of those who left, the clock they left with. */
  readonly #changed = new Map<number, number>()

  constructor(now: Clock) {
    this.#now = now
  }

  get size(): number {
    return this.#entries.size
  }

  /** Whether `update` says anything of ids that are, or could be, `owner`'s. Fails with a Refusal. */
  speaksOfItself(update: Uint8Array, owner: PresenceOwner): boolean {
    return said(update).some(({ client }) => this.#maySpeak(owner, client))
  }

  /** Take what a connection says of itself. Fails with a Refusal when it cannot be read. */
  hear(update: Uint8Array, owner: PresenceOwner): void {
    for (const { client, clock, state } of said(update)) {
      const known = this.#entries.get(client)
      if (!this.#maySpeak(owner, client)) continue
      if (state === GONE) {
        if (known !== undefined) this.#drop(client)
        continue
      }
      if (known !== undefined && known.owner === owner && known.clock >= clock) continue
      if (state.length > SYNC.presenceBytes) throw tooLarge(`who is present has more than ${SYNC.presenceBytes} bytes`)
      this.#entries.set(client, { owner, clock, state: withUser(state, owner.claims), heardAt: this.#now() })
      this.#changed.set(client, clock)
    }
  }

  #maySpeak(owner: PresenceOwner, client: number): boolean {
    const known = this.#entries.get(client)
    if (known?.owner === owner) return true
    // One connection is one client: what else it speaks of, somebody's second page too, it only heard of.
    if (this.#hasSpoken(owner)) return false
    if (known === undefined) return this.#entries.size < SYNC.presenceShown
    // What was said a moment ago is being said on; a client that was cut off comes back later than it renews what it says.
    return known.owner.claims.sub === owner.claims.sub && this.#now() - known.heardAt >= SYNC.presenceLostMs / 3
  }

  #hasSpoken(owner: PresenceOwner): boolean {
    for (const entry of this.#entries.values()) if (entry.owner === owner) return true
    return false
  }

  /** Somebody who is here without a connection: a page of the host's own. */
  enter(person: Pick<Person, 'id' | 'name' | 'role'>): Seat {
    const owner = { claims: { sub: person.id, sid: 'host', role: person.role, rooms: [], name: person.name } }
    const client = Math.floor(Math.random() * 2 ** 32)
    let clock = 0
    return {
      client,
      say: (state) => {
        // Heard of until it leaves: it is in this process.
        this.#entries.set(client, { owner, clock: ++clock, state: withUser(state, owner.claims), heardAt: Infinity })
        this.#changed.set(client, clock)
      },
      leave: () => this.#drop(client)
    }
  }

  /** Who is here, each once, in the order they came. */
  people(): Person[] {
    const people = new Map<string, Person>()
    for (const { owner, state } of this.#entries.values()) {
      const { sub: id, name, role } = owner.claims
      const { run } = JSON.parse(state) as { readonly run?: unknown }
      if (!people.has(id)) people.set(id, { id, name, role, runId: typeof run === 'string' ? run : null })
    }
    return [...people.values()]
  }

  /** A connection is gone, and its client with it. */
  leave(owner: PresenceOwner): void {
    for (const [client, entry] of this.#entries) if (entry.owner === owner) this.#drop(client)
  }

  /** Let go of those who have been silent for too long. */
  tidy(): void {
    const since = this.#now() - SYNC.presenceLostMs
    for (const [client, { heardAt }] of this.#entries) if (heardAt < since) this.#drop(client)
  }

  #drop(client: number): void {
    const entry = this.#entries.get(client)
    this.#entries.delete(client)
    if (entry !== undefined) this.#changed.set(client, entry.clock)
  }

  /** What has changed since it was last asked, as an awareness update; null when nothing has. */
  takeChanges(): Uint8Array | null {
    if (this.#changed.size === 0) return null
    const update = this.#encode([...this.#changed])
    this.#changed.clear()
    return update
  }

  /** Everyone, as an awareness update; null when nobody is there. */
  everyone(except?: number): Uint8Array | null {
    const clients = [...this.#entries].filter(([client]) => client !== except)
    return clients.length === 0 ? null : this.#encode(clients.map(([client, { clock }]) => [client, clock] as const))
  }

  #encode(clients: readonly (readonly [client: number, clock: number])[]): Uint8Array {
    return encoding.encode((encoder) => {
      encoding.writeVarUint(encoder, clients.length)
      for (const [client, clock] of clients) {
        const entry = this.#entries.get(client)
        encoding.writeVarUint(encoder, client)
        encoding.writeVarUint(encoder, entry?.clock ?? clock)
        encoding.writeVarString(encoder, entry?.state ?? GONE)
      }
    })
  }
}

function said(update: Uint8Array): Said[] {
  if (update.length > SYNC.presenceShown * (SYNC.presenceBytes + ENTRY_BYTES))
    throw tooLarge('too much presence at once')
  try {
    const decoder = decoding.createDecoder(update)
    const entries: Said[] = []
    for (let left = decoding.readVarUint(decoder); left > 0; left--) {
      const client = decoding.readVarUint(decoder)
      const clock = decoding.readVarUint(decoder)
      entries.push({ client, clock, state: decoding.readVarString(decoder) })
    }
    return entries
  } catch {
    throw malformed('presence that cannot be read')
  }
}

/** The state with who somebody is put right. Fails with a Refusal when it is no JSON object. */
function withUser(state: string, { sub, name, role }: SyncClaims): string {
  const fields = parseObject(state)
  const { color, colorLight } = (fields['user'] ?? {}) as { readonly color?: unknown; readonly colorLight?: unknown }
  const user = { id: sub, name, role, ...colorOf('color', color), ...colorOf('colorLight', colorLight) }
  return JSON.stringify({ ...fields, user })
}

const colorOf = (key: string, value: unknown): object =>
  typeof value === 'string' && COLOR.test(value) ? { [key]: value } : {}

function parseObject(text: string): Record<string, unknown> {
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch {
    value = null
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw malformed('presence that is no object')
  return value as Record<string, unknown>
}
