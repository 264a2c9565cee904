/**
 * One room while it is in memory: its document, who is in it, and its log.
 *
 *   loading ─► open ─► closing ─► closed          a room that closed is loaded anew, as another Room
 *
 * Invariants
 * - Nobody is let in before the log was read, the host's `prepare` is through, and what that wrote is on disk.
 * - Whatever changes the document (a member's update, the host's own transaction) goes to the log and to all other members, once, as Yjs
 *   says what changed. What brings nothing new goes nowhere.
 * - A member's update that cannot be applied whole is neither logged nor sent on, and the document is thrown away with it.
 * - A failure ends this room's connections and no others: they come back, and it is read again from what is on disk.
 */
import * as Y from 'yjs'
import { SYNC } from '#lib/domain/limits.ts'
import type { Clock } from '#lib/domain/time.ts'
import { roomName, type RoomKind, type RoomName } from '#lib/sync/agreement.ts'
import { awarenessMessage, updateMessage } from './messages.ts'
import { Presence, type PresenceOwner } from './presence.ts'
import { failed, malformed } from './refusal.ts'
import { RoomHistory, type RoomBounds } from './room-history.ts'
import type { RoomLog } from './room-log.ts'
import { GAP, UpdateGuard, type Checked } from './update-guard.ts'

/** Somebody a room tells what changes. */
export interface Member extends PresenceOwner {
  /** Whether it has said what it has, so that what changes after that is of use to it. */
  readonly isFollowing: boolean
  send(message: Uint8Array): void
  close(code: number, reason: string): void
}

export type Detach = () => void | Promise<void>

/** Brings a room and the host's store together before anybody is let in. Returns how to let go of the room. */
export type Prepare = (room: Room) => Detach | Promise<Detach>

export interface RoomParts {
  readonly log: RoomLog
  readonly now: Clock
  readonly prepare: Prepare
  /** SYNC's unless said. */
  readonly bounds?: RoomBounds | undefined
  /** Called after it was told who is where. */
  readonly onPresence?: () => void
  /** Called when an open room has a new snapshot that is larger than `bounds` has it. */
  readonly onLarge?: (room: Room, bytes: number) => void
}

interface Change {
  readonly update: Uint8Array
  /** The member it came from, which need not be told; anything else is the host's. */
  readonly origin: unknown
}

export type RoomState = 'loading' | 'open' | 'closing' | 'closed'

export class Room {
  readonly name: string
  readonly kind: RoomKind
  /** What the room is of: an experiment, a space. */
  readonly subject: string
  readonly doc = new Y.Doc()
  readonly presence: Presence
  readonly #parts: RoomParts
  readonly #guard: UpdateGuard
  readonly #members = new Set<Member>()
  /** Pages of the host's own, which are in it without a connection. */
  #holds = 0
  #state: RoomState = 'loading'
  readonly #history: RoomHistory
  #folding: Promise<void> | null = null
  /** What Yjs says changed while a member's update is applied. */
  #applied: Change[] | null = null
  #detach: Detach = () => undefined
  #emptySince: number
  #toldAt = 0
  #telling: NodeJS.Timeout | null = null
  #closed: Promise<void> | null = null

  constructor(name: RoomName, parts: RoomParts) {
    this.name = roomName(name.kind, name.subject)
    this.kind = name.kind
    this.subject = name.subject
    this.#parts = parts
    this.#history = new RoomHistory(parts.log, this.name, parts.bounds ?? SYNC)
    this.presence = new Presence(parts.now)
    this.#guard = new UpdateGuard(this.doc, name.kind, parts.now)
    this.#emptySince = parts.now()
  }

  get state(): RoomState {
    return this.#state
  }

  /** Seconds since 1970 at which this life of the room began, or more. */
  get epoch(): number {
    return this.#history.epoch
  }

  /** Of the last update that is on disk. */
  get seq(): number {
    return this.#history.seq
  }

  get members(): number {
    return this.#members.size
  }

  /** Read it, let the host prepare it, open it. Asked once. Rejects with what failed; the room is closed then. */
  async load(): Promise<void> {
    try {
      await this.#read()
      this.doc.on('update', (update: Uint8Array, origin: unknown) => this.#onUpdate(update, origin))
      this.#detach = await this.#parts.prepare(this)
      await this.kept()
    } catch (error) {
      await this.#letGo().catch(() => undefined)
      throw error
    }
    if (this.#state === 'loading') this.#state = 'open'
    this.#emptySince = this.#parts.now()
  }

  async #read(): Promise<void> {
    const updates = await this.#history.read(this.#parts.now)
    this.doc.transact(() => {
      for (const update of updates) Y.applyUpdate(this.doc, update)
    })
  }

  /** Resolves when all that has changed so far is on disk. Rejects when it was not kept. */
  kept(): Promise<void> {
    return this.#history.kept()
  }

  /** False when the room is not open (any more): knock again. */
  join(member: Member): boolean {
    if (this.#state !== 'open') return false
    this.#members.add(member)
    return true
  }

  leave(member: Member): void {
    if (!this.#members.delete(member)) return
    this.#emptySince = this.#parts.now()
    this.presence.leave(member)
    this.tellPresence()
  }

  /**
   * Somebody of the host's own is in it, until the function that is returned is called: it is not idle meanwhile. It may close for other
   * reasons, and its document is destroyed then. Null when the room is not open (any more): knock again.
   */
  hold(): (() => void) | null {
    if (this.#state !== 'open') return null
    let isHeld = true
    this.#holds++
    return () => {
      if (!isHeld) return
      isHeld = false
      this.#holds--
      this.#emptySince = this.#parts.now()
    }
  }

  isIdle(nowMs: number): boolean {
    const isEmpty = this.#members.size === 0 && this.#holds === 0
    return this.#state === 'open' && isEmpty && nowMs - this.#emptySince >= SYNC.roomIdleMs
  }

  /**
   * Take a member's update: check it, apply it, log it, tell the others.
   *
   * returns  how far clients' clocks are with it, or GAP when it builds on what is not here: nothing is changed then
   * fails    with a Refusal: nothing is changed, or the room has failed
   */
  take(update: Uint8Array, from: Member): Checked | typeof GAP {
    if (this.#state !== 'open') throw failed()
    const checked = this.#guard.check(update)
    if (checked !== GAP && !checked.isEmpty) for (const change of this.#apply(update, from)) this.#publish(change)
    return checked
  }

  #apply(update: Uint8Array, from: Member): readonly Change[] {
    const changes: Change[] = (this.#applied = [])
    try {
      Y.applyUpdate(this.doc, update, from)
    } catch (error) {
      // Yjs, or the host's part, which hears of it in the same step: whose fault it is cannot be told from here.
      this.fail(error)
      throw failed()
    } finally {
      this.#applied = null
    }
    const { store } = this.doc
    if (store.pendingStructs === null && store.pendingDs === null) return changes
    // Parts that wait for one another: each would be looked at again with every update to come.
    const refusal = malformed('an update that builds on itself')
    from.close(refusal.closeCode, refusal.message)
    this.fail(refusal)
    throw refusal
  }

  #onUpdate(update: Uint8Array, origin: unknown): void {
    // Inside a member's transaction the host's may run, too: an observer that answers.
    if (this.#applied !== null) this.#applied.push({ update, origin })
    else this.#publish({ update, origin })
  }

  #publish({ update, origin }: Change): void {
    if (this.#state === 'closed') return
    this.#history.append(update).catch((error: unknown) => this.fail(error))
    this.#tell(updateMessage(update), origin)
    if (this.#history.isLong) void this.fold()
  }

  #tell(message: Uint8Array, except: unknown): void {
    for (const member of this.#members) if (member !== except && member.isFollowing) member.send(message)
  }

  /** Tell everyone who has come, moved or left: now, or as soon as it may be told again. */
  tellPresence(): void {
    if (this.#telling !== null) return
    const wait = this.#toldAt + SYNC.presenceEveryMs - this.#parts.now()
    if (wait <= 0) return this.#tellPresenceNow()
    this.#telling = setTimeout(() => this.#tellPresenceNow(), wait)
    this.#telling.unref()
  }

  /** Let go of people nobody has heard of for a while. */
  tidyPresence(): void {
    this.presence.tidy()
    this.tellPresence()
  }

  #tellPresenceNow(): void {
    if (this.#telling !== null) clearTimeout(this.#telling)
    this.#telling = null
    const changes = this.presence.takeChanges()
    if (changes === null) return
    this.#toldAt = this.#parts.now()
    this.#tell(awarenessMessage(changes), null)
    this.#parts.onPresence?.()
  }

  /** Put a snapshot in the place of the log. A failure is the room's. */
  fold(): Promise<void> {
    return (this.#folding ??= this.#fold().finally(() => (this.#folding = null)))
  }

  async #fold(): Promise<void> {
    try {
      const bytes = await this.#history.fold(this.doc)
      if (this.#state === 'open' && bytes > (this.#parts.bounds ?? SYNC).roomBytes) this.#parts.onLarge?.(this, bytes)
    } catch (error) {
      this.fail(error)
    }
  }

  /**
   * Something of this room went wrong: its members are sent away, to come back when it has been read again. While it loads, loading fails,
   * and while it closes nobody is there.
   */
  fail(error: unknown): void {
    if (this.#state !== 'open') return
    console.error(`Runnel: the room ${this.name} failed, and is opened anew.`, error)
    const { closeCode, message } = failed()
    void this.close(closeCode, message)
  }

  /** Send everyone away, let go of the host's part, finish the log. Asked again, the same closing. Never rejects. */
  close(code: number, reason: string): Promise<void> {
    return (this.#closed ??= this.#close(code, reason))
  }

  async #close(code: number, reason: string): Promise<void> {
    this.#state = 'closing'
    for (const member of [...this.#members]) member.close(code, reason)
    this.#members.clear()
    try {
      await this.#letGo()
    } catch (error) {
      console.error(`Runnel: the room ${this.name} did not close whole.`, error)
    }
  }

  async #letGo(): Promise<void> {
    this.#state = 'closing'
    try {
      await this.#detach()
      await this.kept()
      await this.#folding
      if (this.#history.isWorthFolding) await this.#fold()
    } finally {
      this.#state = 'closed'
      if (this.#telling !== null) clearTimeout(this.#telling)
      this.doc.destroy()
    }
  }
}
