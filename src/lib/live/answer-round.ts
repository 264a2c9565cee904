import type { WatchAnswer } from './protocol.ts'

/** An answer that is ready waits this long for those it was asked for together with. */
const TOGETHER_MS = 8

/**
 * Answers that were asked for together, and travel together when they are ready within a moment of each other: a message costs a page more
 * than what is in it, and charts that are zoomed as one are drawn as one.
 */
export class AnswerRound {
  readonly #send: (answers: readonly WatchAnswer[]) => void
  #ready: WatchAnswer[] = []
  /** Answers that are worked out, and whoever still begins some. */
  #open = 1
  #timer: ReturnType<typeof setTimeout> | null = null

  /** `send` is called with at least one answer. */
  constructor(send: (answers: readonly WatchAnswer[]) => void) {
    this.#send = send
  }

  /** An answer of this round is being worked out. */
  begin(): void {
    this.#open++
  }

  /** It is ready; null when nobody wants it any more. */
  end(answer: WatchAnswer | null): void {
    if (answer !== null) this.#ready.push(answer)
    this.#close()
  }

  /** All answers of this round were begun: once. */
  begun(): void {
    this.#close()
  }

  #close(): void {
    this.#open--
    if (this.#open === 0) this.#flush()
    else if (this.#ready.length > 0) this.#timer ??= setTimeout(() => this.#flush(), TOGETHER_MS)
  }

  #flush(): void {
    if (this.#timer !== null) clearTimeout(this.#timer)
    this.#timer = null
    if (this.#ready.length === 0) return
    const answers = this.#ready
    this.#ready = []
    this.#send(answers)
  }
}
