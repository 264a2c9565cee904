/**
 * Stores that share experiments come to one, whatever happens: real stores on both engines, real documents, a network that delays, reorders,
 * repeats and cuts, peers that crash, are copied, come back from a backup, have clocks off by days, or never come back, rooms that are lost.
 *
 * `FUZZ_SEED=N` repeats one case, `FUZZ_CASES=N` says how many, from `FUZZ_FROM` on. A seed that once failed has a name below.
 */
import { afterEach, test, vi } from 'vitest'
import { check } from './replicas/check.ts'

const cases = Number(process.env['FUZZ_CASES'] ?? 200)
const from = Number(process.env['FUZZ_FROM'] ?? 1)
const only = process.env['FUZZ_SEED']

/** Seeds that found something, and what. */
const FOUND: Readonly<Record<string, number>> = {
  'points alone, said by a clock that was ahead, kept it there': 11_428
}

afterEach(() => vi.restoreAllMocks())

test.each(Object.entries(FOUND))('[CV0] %s (seed %i)', async (_, seed) => check(seed))

test(`[CV1] stores come to one (FUZZ_SEED=N repeats a case)`, { timeout: cases * 5000 + 60_000 }, async () => {
  const seeds = only === undefined ? Array.from({ length: cases }, (_, i) => from + i) : [Number(only)]
  const failed = new Map<number, unknown>()
  for (const seed of seeds) await check(seed).catch((error: unknown) => failed.set(seed, error))
  if (failed.size > 1) for (const error of failed.values()) console.error(String(error).split('\n\n')[0]!.slice(0, 600))
  for (const error of failed.values()) throw error
})
