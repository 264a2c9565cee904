/** Call later, ms; returns what takes it back. */
export type Later = (work: () => void, ms: number) => () => void

/** By a timer; a test may have another. */
export const later: Later = (work, ms) => {
  const timer = setTimeout(work, ms)
  return () => clearTimeout(timer)
}
