/** What becomes of something that was logged: one promise, settled by an acknowledgement. */
export interface Fate {
  readonly promise: Promise<void>
  readonly resolve: () => void
  readonly reject: (error: Error) => void
}

/**
 * A promise to settle later. Whoever logs need not await it: a refusal nobody listens to is written to the console once per sentence,
 * and never becomes an unhandled rejection, which some kernels die of.
 */
export function newFate(): Fate {
  let resolve!: () => void
  let reject!: (error: Error) => void
  const promise = new Promise<void>((onResolve, onReject) => {
    resolve = onResolve
    reject = onReject
  })
  return { promise: quietly(promise), resolve, reject }
}

/** The same care for a promise made elsewhere. */
export function quietly<T>(promise: Promise<T>): Promise<T> {
  promise.catch((error: unknown) => warnOnce(messageOf(error)))
  return promise
}

export const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error))

/** A failing loop says the same thing a million times: each sentence is printed once, and the memory of them is bounded. */
const KEPT_WARNINGS = 200
const warned = new Set<string>()

export function warnOnce(sentence: string): void {
  if (warned.has(sentence)) return
  if (warned.size >= KEPT_WARNINGS) warned.clear()
  warned.add(sentence)
  console.warn(`runnel: ${sentence}`)
}
