import { RunnelError } from '#lib/domain/errors.ts'

/** How far a file is written or read, and the way to stop it. */
export class FileProgress {
  readonly #onStep: (state: FileState) => void
  #state: FileState = { phase: 'facts', done: 0, total: 0 }
  #isStopped = false

  constructor(onStep: (state: FileState) => void = () => undefined) {
    this.#onStep = onStep
  }

  get isStopped(): boolean {
    return this.#isStopped
  }

  stop(): void {
    this.#isStopped = true
  }

  /** Fails with INVALID_STATE once it was stopped. */
  begin(phase: FileState['phase'], total: number): void {
    this.#check()
    this.#say({ phase, done: 0, total })
  }

  /** The same. */
  step(by: number): void {
    this.#check()
    this.note(by)
  }

  /** A step of what is not stopped halfway. */
  note(by: number): void {
    this.#say({ ...this.#state, done: this.#state.done + by })
  }

  #check(): void {
    if (this.#isStopped) throw new RunnelError('INVALID_STATE', 'It was stopped.')
  }

  #say(state: FileState): void {
    this.#state = state
    this.#onStep(state)
  }
}

/** Of `facts` subjects are counted, of `bytes` the bytes of files and points. */
export interface FileState {
  readonly phase: 'facts' | 'bytes'
  readonly done: number
  readonly total: number
}
