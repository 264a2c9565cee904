/**
 * What is said between one connection and its room: y-protocols' sync and awareness, as y-websocket has them, and acknowledgements.
 *
 *   ─► step 1 (what I have)   ◄─ step 2 (what you lack); from here on ◄─ updates
 *   ◄─ step 1, at once        ─► step 2, ─► updates        checked, applied, logged, told to the others; ◄─ ack once on disk
 *
 * A viewer is not asked what it has, so that it has nothing to say; what it says all the same ends its connection. In an index room
 * everyone is a viewer. An update that builds on what is not here is left aside and the other end is asked again what it has, once until
 * it answers: its answer holds everything, or is refused.
 */
import * as decoding from 'lib0/decoding'
import * as Y from 'yjs'
import { SYNC } from '#lib/domain/limits.ts'
import type { Clock } from '#lib/domain/time.ts'
import { isAtLeast, MESSAGE } from '#lib/sync/agreement.ts'
import type { Connection } from './connection.ts'
import { ackMessage, awarenessMessage, stepOne, stepTwo, SYNC_STEP } from './messages.ts'
import { malformed, tooLarge, viewerWrote } from './refusal.ts'
import type { Room } from './room.ts'
import { TokenBucket } from './token-bucket.ts'
import { GAP, type Checked } from './update-guard.ts'

export class Conversation {
  readonly #connection: Connection
  readonly #room: Room
  readonly #wantsAck: boolean
  readonly #mayWrite: boolean
  readonly #presence: TokenBucket
  /** Said too soon: the newest, for when it may be heard. */
  #heldPresence: Uint8Array | null = null
  #isAsked = false
  readonly #kept = new Map<number, number>()

  constructor(connection: Connection, room: Room, wantsAck: boolean, now: Clock) {
    this.#connection = connection
    this.#room = room
    this.#wantsAck = wantsAck
    this.#mayWrite = room.kind !== 'i' && isAtLeast(connection.claims.role, 'editor')
    this.#presence = new TokenBucket(SYNC.presencePerSecond, 2 * SYNC.presencePerSecond, now)
  }

  /** Speak first. */
  begin(): void {
    if (this.#mayWrite) this.#ask()
    this.#tellPresence()
  }

  #ask(): void {
    if (this.#isAsked) return
    this.#isAsked = true
    this.#connection.send(stepOne(this.#room.doc))
  }

  /** Fails with a Refusal. */
  hear(message: Uint8Array): void {
    const { about, step, bytes } = readMessage(message)
    if (about === MESSAGE.queryAwareness) this.#tellPresence()
    else if (about === MESSAGE.awareness) this.#hearPresence(bytes)
    else if (step === SYNC_STEP.one) this.#answer(bytes)
    else this.#take(bytes, step === SYNC_STEP.two)
  }

  #answer(vector: Uint8Array): void {
    if (vector.length > SYNC.vectorBytes) throw tooLarge('what a client says it has is too long')
    const missing = missingFrom(this.#room.doc, vector)
    this.#connection.charge(missing.length)
    this.#connection.allowWaiting(missing.length)
    this.#connection.isFollowing = true
    this.#connection.send(stepTwo(missing))
  }

  #take(update: Uint8Array, isAnswer: boolean): void {
    if (!this.#mayWrite) {
      if (isEmpty(update)) return
      throw viewerWrote()
    }
    if (update.length > SYNC.updateBytes)
      throw tooLarge(`an update has ${update.length} bytes, and may have ${SYNC.updateBytes}`)
    const checked = this.#room.take(update, this.#connection)
    if (checked !== GAP) {
      if (isAnswer) this.#isAsked = false
      return this.#acknowledge(checked)
    }
    if (isAnswer) throw malformed('what a client lacks itself cannot be built on')
    this.#ask()
  }

  /** What was there already counts, too: whoever comes back hears that it is safe. */
  #acknowledge({ clocks }: Checked): void {
    if (!this.#wantsAck || clocks.size === 0) return
    // What is not kept ends the room, which closes the connection.
    this.#room.kept().then(
      () => this.#isKept(clocks),
      () => undefined
    )
  }

  /** One sync serves many updates: their last clocks are told, once all of them are known. */
  #isKept(clocks: ReadonlyMap<number, number>): void {
    if (this.#kept.size === 0) process.nextTick(() => this.#tellKept())
    for (const [client, clock] of clocks) this.#kept.set(client, Math.max(clock, this.#kept.get(client) ?? 0))
  }

  #tellKept(): void {
    for (const [client, clock] of this.#kept) this.#connection.send(ackMessage(client, clock))
    this.#kept.clear()
  }

  #hearPresence(update: Uint8Array): void {
    const { presence } = this.#room
    if (!presence.speaksOfItself(update, this.#connection)) return
    const wait = this.#presence.waitMs()
    if (wait > 0) {
      if (this.#heldPresence === null) setTimeout(() => this.#hearHeld(), wait).unref()
      this.#heldPresence = update.slice()
      return
    }
    this.#presence.take(1)
    presence.hear(update, this.#connection)
    this.#room.tellPresence()
  }

  #hearHeld(): void {
    const update = this.#heldPresence
    this.#heldPresence = null
    if (update === null || !this.#connection.isOpen) return
    this.#connection.attempt(() => this.#hearPresence(update))
  }

  #tellPresence(): void {
    const everyone = this.#room.presence.everyone()
    if (everyone === null) return
    this.#connection.charge(everyone.length)
    this.#connection.send(awarenessMessage(everyone))
  }
}

interface Message {
  readonly about: number
  readonly step: number
  readonly bytes: Uint8Array
}

const NOTHING = new Uint8Array()
const STEPS: readonly number[] = Object.values(SYNC_STEP)

function readMessage(message: Uint8Array): Message {
  const decoder = decoding.createDecoder(message)
  const read = readable(() => {
    const about = decoding.readVarUint(decoder)
    if (about === MESSAGE.queryAwareness) return { about, step: 0, bytes: NOTHING }
    const step = about === MESSAGE.sync ? decoding.readVarUint(decoder) : 0
    return { about, step, bytes: decoding.readVarUint8Array(decoder) }
  })
  if (!KNOWN.includes(read.about) || !STEPS.includes(read.step)) throw malformed('a message of a kind not known here')
  if (decoding.hasContent(decoder)) throw malformed('bytes follow the end of a message')
  return read
}

const KNOWN: readonly number[] = [MESSAGE.sync, MESSAGE.awareness, MESSAGE.queryAwareness]

/** What decoders throw when bytes run out is the sender's doing. */
function readable<Result>(read: () => Result): Result {
  try {
    return read()
  } catch {
    throw malformed('a message that cannot be read')
  }
}

const missingFrom = (doc: Y.Doc, vector: Uint8Array): Uint8Array => readable(() => Y.encodeStateAsUpdate(doc, vector))

/** Whether an update adds and deletes nothing: two zeros, however long they are written, and nothing after them. */
function isEmpty(update: Uint8Array): boolean {
  const decoder = decoding.createDecoder(update)
  return readable(
    () => decoding.readVarUint(decoder) === 0 && decoding.readVarUint(decoder) === 0 && !decoding.hasContent(decoder)
  )
}
