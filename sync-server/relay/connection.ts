/**
 * One socket of a room: how much it may send, how much may wait for it, for how long it may stay. What is said on it is conversation.ts's.
 *
 *   socket ─► inbox ─► as fast as the bucket allows, a few messages a turn ─► conversation
 *
 * Invariants
 * - While a room loads, or the other end has sent more than it may, the socket is not read: what waits here is what one read brought.
 * - Nobody waits for a reader who is slow: past what may wait for it, its socket is closed, and cut when that is not heeded.
 */
import type { RawData, WebSocket } from 'ws'
import { SOCKET, SYNC } from '#lib/domain/limits.ts'
import type { Clock } from '#lib/domain/time.ts'
import { ROOM_CLOSE, type SyncClaims } from '#lib/sync/agreement.ts'
import type { Rights } from '../sharing/rights.ts'
import { KEEP_ALIVE } from './messages.ts'
import { Refusal } from './refusal.ts'
import type { Member } from './room.ts'
import { TokenBucket } from './token-bucket.ts'

/** What a conversation makes of a message. Fails with a Refusal. */
export type Hear = (message: Uint8Array) => void

/** Messages of one connection in a turn: others have theirs then. */
const TURN_MESSAGES = 32
const TURN_BYTES = 256 * 1024
/** Of messages that wait for their room to load. */
const HELD_BYTES = 64 * 1024
const OPEN = 1
/** A close can say this much. */
const REASON_BYTES = 123

export class Connection implements Member {
  readonly #socket: WebSocket
  readonly #rights: Rights
  readonly #now: Clock
  readonly #messages: TokenBucket
  readonly #bytes: TokenBucket
  #stopListening: () => void = () => undefined
  #hear: Hear | null = null
  #inbox: Uint8Array[] = []
  /** Set while the next turn is due. */
  #turn: NodeJS.Immediate | NodeJS.Timeout | null = null
  #heldBytes = 0
  #sentAt: number
  #mayWait: number = SYNC.waitingBytes
  #isOver = false
  isFollowing = false

  constructor(socket: WebSocket, rights: Rights, now: Clock) {
    this.#socket = socket
    this.#rights = rights
    this.#now = now
    this.#messages = new TokenBucket(SYNC.messagesPerSecond, SYNC.burstMessages, now)
    this.#bytes = new TokenBucket(SYNC.bytesPerSecond, SYNC.burstBytes, now)
    this.#sentAt = now()
    socket.on('message', (data: RawData, isBinary: boolean) => this.#onMessage(data, isBinary))
    // It costs an answer, and is no message.
    socket.on('ping', () => this.#messages.take(1))
    // What ws complains of it also closes.
    socket.on('error', () => undefined)
    // Heard at once when they are over already.
    this.#stopListening = rights.onRevoked(() => this.close(ROOM_CLOSE.token, 'What you may do here has changed.'))
    if (this.#isOver) this.#stopListening()
  }

  get claims(): SyncClaims {
    return this.#rights.claims
  }

  get isOpen(): boolean {
    return !this.#isOver && this.#socket.readyState === OPEN
  }

  /** Listen from now on. */
  hearWith(hear: Hear): void {
    this.#hear = hear
    this.#continue()
  }

  /** Something was done for it that costs as much as receiving so many bytes. */
  charge(bytes: number): void {
    this.#bytes.take(bytes)
  }

  /** The first bytes of a room may be many, and are awaited. */
  allowWaiting(bytes: number): void {
    this.#mayWait = Math.max(this.#mayWait, 2 * bytes + SYNC.waitingBytes)
  }

  send(message: Uint8Array): void {
    if (!this.isOpen) return
    if (this.#socket.bufferedAmount > this.#mayWait)
      return this.close(ROOM_CLOSE.tryLater, 'Too much waits to be read.')
    this.#sentAt = this.#now()
    // Whoever tells a whole room must not end at one of its members.
    this.attempt(() => this.#socket.send(message, AS_BYTES))
  }

  /** Now and then: say that the host is there, and look whether the rights still hold. */
  tick(nowMs: number): void {
    if (nowMs >= this.#rights.expiresAt) this.close(ROOM_CLOSE.token, 'The token has run out.')
    else if (nowMs - this.#sentAt >= SYNC.keepAliveMs - TICK_MS) this.send(KEEP_ALIVE)
  }

  close(code: number, reason: string): void {
    if (this.#isOver) return
    this.#end()
    // Somebody who is not read any more cannot say goodbye; and what waits is let go of.
    this.#socket.resume()
    this.#socket.close(code, Buffer.from(reason).subarray(0, REASON_BYTES).toString())
    setTimeout(() => this.#socket.terminate(), SOCKET.closeGraceMs).unref()
  }

  /** The socket is closed, whoever did it. */
  ended(): void {
    this.#end()
  }

  #end(): void {
    if (this.#isOver) return
    this.#isOver = true
    this.#inbox = []
    this.#hear = null
    this.#stopListening()
  }

  #onMessage(data: RawData, isBinary: boolean): void {
    if (this.#isOver) return
    if (!isBinary) return this.close(ROOM_CLOSE.malformed, 'Not taken: a text.')
    this.#inbox.push(data as Buffer)
    if (this.#hear === null) this.#hold(data as Buffer)
    else if (this.#turn === null) this.#continue()
  }

  /** A room that loads is waited for. A little is read meanwhile, so that who only waits can answer pings. */
  #hold({ length }: Uint8Array): void {
    this.#heldBytes += length
    if (this.#heldBytes > HELD_BYTES || this.#inbox.length > TURN_MESSAGES) this.#socket.pause()
  }

  /** Hear what has come, a turn's worth; the rest in another turn, or when the bucket allows it. */
  #continue(): void {
    this.#turn = null
    let [messages, bytes] = [0, 0]
    while (this.#hear !== null && messages < TURN_MESSAGES && bytes < TURN_BYTES && this.#waitMs() === 0) {
      const message = this.#inbox.shift()
      if (message === undefined) return this.#socket.resume()
      messages++
      bytes += message.length
      this.#hearOne(this.#hear, message)
    }
    if (this.#isOver) return
    this.#socket.pause()
    const wait = this.#waitMs()
    this.#turn = wait === 0 ? setImmediate(() => this.#continue()) : setTimeout(() => this.#continue(), wait)
  }

  #waitMs(): number {
    return Math.max(this.#messages.waitMs(), this.#bytes.waitMs())
  }

  #hearOne(hear: Hear, message: Uint8Array): void {
    this.#messages.take(1)
    this.#bytes.take(message.length)
    this.attempt(() => hear(message))
  }

  /** Do something in its name: what is refused ends it, and nothing else. */
  attempt(work: () => void): void {
    try {
      work()
    } catch (error) {
      if (error instanceof Refusal) return this.close(error.closeCode, error.message)
      console.error('Runnel: a connection to a room failed.', error)
      this.close(ROOM_CLOSE.tryLater, 'Something failed in this host.')
    }
  }
}

/** How often `tick` comes. */
export const TICK_MS = 1000

const AS_BYTES = { binary: true, compress: false } as const
