/**
 * What this store has to say in one document of a host, on its way there.
 *
 *   waiting ─► the document (ready) ─► the socket ─► the host's disk (acknowledged)
 *
 * Invariants
 * - Nothing is written before the document is at one with the host's, and no more than `SYNC.unackedBytes`, and a piece, is ever on the way:
 *   whoever comes back after a cut has no more than that to send at once.
 * - A subject is pending from when it is known to wait until all that was written of it is acknowledged.
 */
import * as Y from 'yjs'
import { RunnelError } from '#lib/domain/errors.ts'
import { SYNC } from '#lib/domain/limits.ts'
import type { Subject } from '#lib/domain/sync/facts.ts'

export class Outbound {
  /** Subjects of which the document lacks some, and when that was said last. */
  readonly waiting = new Map<Subject, number>()
  readonly #doc: Y.Doc
  readonly #onChange: () => void
  /** Up to where own updates are on the host's disk. */
  #acked = 0
  /** Own updates that are not: up to which clock each goes, and its bytes. */
  #sent: { readonly clock: number; readonly bytes: number }[] = []
  #bytes = 0
  /** What was written of last, up to which clock. */
  readonly #written = new Map<Subject, number>()
  #isOpen = false
  #isClosed = false
  readonly #closing = Promise.withResolvers<void>()
  /** To be called when more may be written, or nothing will be. */
  #waiters: (() => void)[] = []
  #isWanted = false
  #working: Promise<void> | null = null
  #problem: string | null = null

  constructor(doc: Y.Doc, onChange: () => void) {
    this.#doc = doc
    this.#onChange = onChange
    doc.on('update', (update: Uint8Array, _origin: unknown, _doc: Y.Doc, { local }: Y.Transaction) => {
      if (!local || this.#clock <= this.#acked) return
      this.#sent.push({ clock: this.#clock, bytes: update.length })
      this.#bytes += update.length
    })
  }

  get #clock(): number {
    return Y.getState(this.#doc.store, this.#doc.clientID)
  }

  /** Whether all this store wrote into the document is on the host's disk. */
  get isAcknowledged(): boolean {
    return this.#acked >= this.#clock
  }

  /** Subjects of which the host does not have all that this store said. */
  get pending(): number {
    let count = this.waiting.size
    for (const subject of this.#written.keys()) if (!this.waiting.has(subject)) count++
    return count
  }

  /** Why something that waits could not be written; it is tried again. null when all is well. */
  get problem(): string | null {
    return this.#problem
  }

  // ── writing ───────────────────────────────────────────────────────────────────────────────────────────────────────────────────

  /** Have work done that writes what waits: at once, or when what is being done is through. What fails is told, and done again later. */
  send(work: () => Promise<string | null>): void {
    this.#isWanted = true
    this.#working ??= this.#workOff(work)
  }

  async #workOff(work: () => Promise<string | null>): Promise<void> {
    while (this.#isWanted && !this.#isClosed) {
      this.#isWanted = false
      try {
        this.#say(await work())
      } catch (error) {
        if (this.#isClosed) return
        this.#say(error instanceof Error ? error.message : String(error))
        if (!(error instanceof RunnelError)) console.warn('Runnel: what was said could not be told to a host.', error)
        this.#isWanted = true
        await this.#pause(SYNC.retryMs)
      }
    }
    // In the turn in which nothing is wanted any more: what is wanted after it begins anew.
    this.#working = null
  }

  /** What is on its way is told of once it is acknowledged. */
  #say(problem: string | null): void {
    if (problem === this.#problem && this.#written.size > 0) return
    this.#problem = problem
    this.#onChange()
  }

  /** Resolves when another piece may be written, in the same turn if it may be now. Fails once the document is let go of. */
  async ready(): Promise<void> {
    for (;;) {
      if (this.#isClosed) throw new RunnelError('TEMPORARILY_UNAVAILABLE', 'The room was left.')
      if (this.#isOpen && this.#bytes < SYNC.unackedBytes) return
      await new Promise<void>((resolve) => this.#waiters.push(resolve))
    }
  }

  /** Something of a subject was written just now. */
  wrote(subject: Subject): void {
    this.#written.set(subject, this.#clock)
  }

  async #pause(ms: number): Promise<void> {
    let timer: ReturnType<typeof setTimeout> | undefined
    const over = new Promise<void>((resolve) => (timer = setTimeout(resolve, ms)))
    await Promise.race([over, this.#closing.promise])
    clearTimeout(timer)
  }

  // ── the way ───────────────────────────────────────────────────────────────────────────────────────────────────────────────────

  /** The document is at one with the host's. */
  open(): void {
    this.#isOpen = true
    this.#changed()
  }

  /** It cannot be told, for now. */
  shut(): void {
    this.#isOpen = false
  }

  acknowledge(clock: number): void {
    if (clock <= this.#acked) return
    this.#acked = clock
    const left = this.#sent.findIndex((one) => one.clock > clock)
    for (const { bytes } of this.#sent.splice(0, left === -1 ? this.#sent.length : left)) this.#bytes -= bytes
    for (const [subject, at] of this.#written) if (at <= clock) this.#written.delete(subject)
    this.#changed()
    this.#onChange()
  }

  /**
   * What the host has of this store's updates, as it says when one comes back. Returns from where it is to be sent the rest: what it has and
   * has not acknowledged may not be on its disk, and is sent again to hear of it; what it had and lost (it came back from a backup) too.
   */
  resumeFrom(hostClock: number): number {
    this.#acked = Math.min(this.#acked, hostClock)
    return this.#acked
  }

  /** The document is let go of. Resolves when nothing is being written any more. */
  async close(): Promise<void> {
    this.#isClosed = true
    this.#closing.resolve()
    this.#changed()
    await this.#working
  }

  #changed(): void {
    for (const resolve of this.#waiters.splice(0)) resolve()
  }
}
