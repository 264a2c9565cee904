import type { OpStream } from './stream.ts'
import { RunLog, together } from './run-log.ts'
import type { RunStatus } from './types.ts'

/** Older browsers have no name for what `await using` calls; the same word stands in. */
const asyncDispose: typeof Symbol.asyncDispose = Symbol.asyncDispose ?? Symbol.for('Symbol.asyncDispose')

/**
 * A run that was started here. Use it as it is, or through the functions of the module, which speak of the active run.
 *
 *   await using run = await startRun()     // ended as FINISHED where its block ends
 */
export class Run extends RunLog {
  /** Of the run this one is nested in; null when it is not. */
  readonly parentRunId: string | null
  readonly #stream: OpStream
  readonly #onEnd: (run: Run) => void
  #status: RunStatus = 'RUNNING'
  /** @internal Logs system metrics until the run ends. */
  system: Promise<{ stop(): Promise<void> } | void> | null = null

  /** @internal */
  constructor(stream: OpStream, runId: string, parentRunId: string | null, onEnd: (run: Run) => void) {
    super(stream, runId)
    this.parentRunId = parentRunId
    this.#stream = stream
    this.#onEnd = onEnd
  }

  /** As this page last set it. */
  get status(): RunStatus {
    return this.#status
  }

  /** End the run. Ending it again changes its status. */
  end(status: RunStatus = 'FINISHED'): Promise<void> {
    this.#status = status
    this.#onEnd(this)
    const last = this.system?.then((watch) => watch?.stop())
    const ended = this.#stream.op({ op: 'endRun', runId: this.runId, status, endTime: Date.now() })
    // All together: a refusal of the end is told at once.
    return last ? together([ended, last]) : ended
  }

  async [asyncDispose](): Promise<void> {
    if (this.#status === 'RUNNING') await this.end()
  }
}
