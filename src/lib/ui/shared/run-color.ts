/** How many run colours there are: `--run-1` … `--run-10` in tokens.css. */
export const RUN_COLORS = 10

/**
 * The colour a run has everywhere: in tables, lists and charts, on every device.
 *
 * returns  1 … 10, the N of `--run-N`; the same for the same id always (FNV-1a over the id)
 */
export function runColorIndex(runId: string): number {
  let hash = 0x811c9dc5
  for (let index = 0; index < runId.length; index++) {
    hash ^= runId.charCodeAt(index)
    hash = Math.imul(hash, 0x01000193)
  }
  // The low bits of FNV-1a alone repeat for ids that differ only at their end; folding the high half in spreads them.
  return (((hash >>> 16) ^ (hash & 0xffff)) % RUN_COLORS) + 1
}

/** The colour as a CSS value. */
export const runColor = (runId: string): string => `var(--run-${runColorIndex(runId)})`
