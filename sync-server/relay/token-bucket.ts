import type { Clock } from '#lib/domain/time.ts'

/** So much per second, and so much at once. What is taken beyond that is owed: whoever owes waits. */
export class TokenBucket {
  readonly #perMs: number
  readonly #burst: number
  readonly #now: Clock
  #level: number
  #at: number

  constructor(perSecond: number, burst: number, now: Clock) {
    this.#perMs = perSecond / 1000
    this.#burst = burst
    this.#now = now
    this.#level = burst
    this.#at = now()
  }

  take(amount: number): void {
    this.#fill()
    this.#level -= amount
  }

  /** Until something may be taken again, ms; 0 when now. */
  waitMs(): number {
    this.#fill()
    return this.#level > 0 ? 0 : Math.ceil((1 - this.#level) / this.#perMs)
  }

  #fill(): void {
    const now = this.#now()
    this.#level = Math.min(this.#burst, this.#level + Math.max(0, now - this.#at) * this.#perMs)
    this.#at = now
  }
}
