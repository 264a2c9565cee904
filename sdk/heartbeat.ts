import { BRIDGE } from '#lib/domain/limits.ts'

/** Notices when the other end of a port has gone: ports do not say so. */
export class Heartbeat {
  readonly #ping: () => void
  readonly #onSilence: () => void
  #timer: ReturnType<typeof setInterval> | null = null
  /** Since when pings have gone unanswered; null while they have not. */
  #silentSince: number | null = null
  #lastBeat = 0

  constructor(ping: () => void, onSilence: () => void) {
    this.#ping = ping
    this.#onSilence = onSilence
  }

  start(): void {
    this.stop()
    this.#lastBeat = performance.now()
    this.#timer = setInterval(() => this.#beat(), BRIDGE.pingEveryMs)
  }

  stop(): void {
    if (this.#timer !== null) clearInterval(this.#timer)
    this.#timer = null
    this.#silentSince = null
  }

  /** Any message is a sign of life. */
  heard(): void {
    this.#silentSince = null
  }

  #beat(): void {
    const now = performance.now()
    // A timer this late means that the page itself stood still: answers may be waiting behind it, so it gets one more beat.
    const wasAsleep = now - this.#lastBeat > 2 * BRIDGE.pingEveryMs
    this.#lastBeat = now
    const isHidden = typeof document !== 'undefined' && document.hidden
    const limit = isHidden ? BRIDGE.lostAfterHiddenMs : BRIDGE.lostAfterMs
    if (this.#silentSince !== null && now - this.#silentSince > limit) {
      if (!wasAsleep) return this.#onSilence()
      this.#silentSince = now - limit
    }
    this.#silentSince ??= now
    this.#ping()
  }
}
