/** Bounds for what hangs, not for what is slow: a machine that others use, too, is no failure. The runner's own is one second. */
import { vi } from 'vitest'

export const PATIENCE_MS = 20_000

const { waitFor } = vi
vi.waitFor = (check, options) =>
  waitFor(check, { timeout: PATIENCE_MS, ...(typeof options === 'number' ? { timeout: options } : options) })
