/** First come, first served: one holder at a time. A holder that throws passes its error to its own caller only. */
export class Lock {
  #tail: Promise<unknown> = Promise.resolve()

  run<T>(work: () => Promise<T>): Promise<T> {
    const turn = this.#tail.then(work)
    this.#tail = turn.catch(() => undefined)
    return turn
  }
}
