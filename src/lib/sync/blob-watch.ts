/**
 * Brings a host what it has lost, while its room is live: it is asked what it lacks, and has what is here.
 *
 *   live ─► a while ─► asked ─► brought some ─► a while …
 *                         └───► nothing ─────► a long while …
 *
 * Documents that agree say nothing of files: a host that came back from a backup knows their names, and nobody would offer them.
 */
import { RunnelError } from '#lib/domain/errors.ts'
import { SYNC } from '#lib/domain/limits.ts'
import { later as byTimer, type Later } from './later.ts'

export interface BlobWatchOptions {
  /** Ask, and bring what is here. Resolves with how many were brought. Fails as a network does. */
  readonly bring: () => Promise<number>
  /** What is the matter has changed. */
  readonly onChange: () => void
  /** After how long it is asked first, ms: not all who are there at once. */
  readonly afterMs: () => number
  /** Timers, but for tests. */
  readonly later?: Later
}

export class BlobWatch {
  readonly #options: BlobWatchOptions
  readonly #later: Later
  #cancel: (() => void) | null = null
  #isLive = false
  #working: Promise<void> = Promise.resolve()
  #problem: string | null = null

  constructor(options: BlobWatchOptions) {
    this.#options = options
    this.#later = options.later ?? byTimer
  }

  /** Why the host could not be brought what it lacks; it is tried again. null when all is well. */
  get problem(): string | null {
    return this.#problem
  }

  /** The room is live, or is not any more. */
  set isLive(isLive: boolean) {
    if (isLive === this.#isLive) return
    this.#isLive = isLive
    this.#cancel?.()
    this.#problem = null
    if (isLive) this.#plan(this.#options.afterMs())
  }

  /** Resolves when nothing is being brought any more. */
  async close(): Promise<void> {
    this.isLive = false
    await this.#working
  }

  #plan(ms: number): void {
    this.#cancel = this.#later(() => {
      this.#working = this.#bring()
    }, ms)
  }

  async #bring(): Promise<void> {
    const { bring, afterMs } = this.#options
    let wait: number = SYNC.blobsEveryMs
    try {
      if ((await bring()) > 0) wait = afterMs()
      this.#say(null)
    } catch (error) {
      wait = SYNC.retryMs
      if (!(error instanceof RunnelError)) console.warn('Runnel: a host could not be brought what it lacks.', error)
      // That the host is away is told by its room.
      if (this.#isLive) this.#say(error instanceof Error ? error.message : String(error))
    }
    if (this.#isLive) this.#plan(wait)
  }

  #say(problem: string | null): void {
    if (problem === this.#problem) return
    this.#problem = problem
    this.#options.onChange()
  }
}
