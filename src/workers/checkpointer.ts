/** What a checkpointer needs of the log and the store. */
export interface CheckpointTarget {
  /** Bytes in the log since the newest checkpoint. */
  readonly logBytes: () => number
  /** Bytes of the database. */
  readonly databaseBytes: () => number
  readonly checkpoint: () => Promise<void>
}

/** The log may grow to this, plus a part of the database, before a checkpoint is made in the middle of work. */
const BUSY_BYTES = 32 * 1024 * 1024
const BUSY_SHARE = 0.25
/** In a pause, this much log is worth a checkpoint: it is what the next opening would have to replay. */
const IDLE_BYTES = 256 * 1024
const IDLE_SHARE = 0.02
const IDLE_MS = 3000
/** After a failed checkpoint (no room, most likely) nothing is lost: the log holds it all. Try again later. */
const RETRY_MS = 30_000

/** Decides when a checkpoint is due: rarely while work goes on, soon after it pauses. */
export class Checkpointer {
  readonly #target: CheckpointTarget
  #timer: ReturnType<typeof setTimeout> | null = null
  #running = false
  #notBefore = 0

  constructor(target: CheckpointTarget) {
    this.#target = target
  }

  /** Call after every commit. */
  onCommit(): void {
    const { logBytes, databaseBytes } = this.#target
    if (this.#timer) clearTimeout(this.#timer)
    this.#timer = null
    if (logBytes() > BUSY_BYTES + BUSY_SHARE * databaseBytes()) void this.#run()
    else this.#timer = setTimeout(() => this.#onPause(), IDLE_MS)
  }

  /** One now, whatever the log holds: after deletions, to give their room back. Resolves when it is made or put off. */
  now(): Promise<void> {
    return this.#run()
  }

  #onPause(): void {
    this.#timer = null
    const { logBytes, databaseBytes } = this.#target
    if (logBytes() > Math.max(IDLE_BYTES, IDLE_SHARE * databaseBytes())) void this.#run()
  }

  async #run(): Promise<void> {
    if (this.#running || performance.now() < this.#notBefore) return
    this.#running = true
    try {
      await this.#target.checkpoint()
    } catch (error) {
      this.#notBefore = performance.now() + RETRY_MS
      console.warn('Runnel: a checkpoint was put off.', error)
    } finally {
      this.#running = false
    }
  }
}
