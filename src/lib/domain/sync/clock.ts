/**
 * Hybrid logical time: the wall clock, except that it never stands still or goes back, and that whoever has seen a time says a later one.
 *
 * A time is one whole number, microseconds since 1970: milliseconds of the wall clock and a counter of a thousand beneath them, which runs
 * over into the next millisecond when that many things happen in one. It is exact in a double until the year 2255.
 *
 * source  Kulkarni and others 2014, Logical Physical Clocks; two parts in one number as CockroachDB and Evolu have them
 */
import type { Clock } from '../time.ts'

/** Microseconds since 1970, logically. */
export type Hlc = number

const PER_MS = 1000

export const hlcOfMs = (ms: number): Hlc => ms * PER_MS
export const msOfHlc = (hlc: Hlc): number => Math.floor(hlc / PER_MS)

export class HybridClock {
  readonly #now: Clock
  #last: Hlc
  /** What a host's clock is ahead of this machine's, ms: whoever syncs with a host goes by the host's. */
  #offsetMs = 0

  /** `last` is the greatest time known of, 0 for none. */
  constructor(now: Clock, last: Hlc = 0) {
    this.#now = now
    this.#last = last
  }

  get last(): Hlc {
    return this.#last
  }

  /** Epoch ms, as the host has it once it has been asked. */
  nowMs(): number {
    return this.#now() + this.#offsetMs
  }

  /** Later than every time said or seen before. */
  next(): Hlc {
    this.#last = Math.max(hlcOfMs(Math.floor(this.nowMs())), this.#last + 1)
    return this.#last
  }

  /** Somebody else's time was seen, or an own one from before. The caller refuses those that `isAhead`. */
  see(hlc: Hlc): void {
    if (hlc > this.#last) this.#last = hlc
  }

  /** Whether a time is further in the future than clocks that are looked after differ. */
  isAhead(hlc: Hlc, toleranceMs: number): boolean {
    return hlc > this.horizon(toleranceMs)
  }

  /** The last time that is not ahead. */
  horizon(toleranceMs: number): Hlc {
    return hlcOfMs(this.nowMs() + toleranceMs)
  }

  /** Go by a host's clock. `hostNowMs` is what it said a moment ago. */
  correct(hostNowMs: number): void {
    this.#offsetMs = hostNowMs - this.#now()
  }

  /** Forget a last time that lay ahead, once everything that carried it has been given another. */
  resetTo(hlc: Hlc): void {
    this.#last = hlc
  }
}
