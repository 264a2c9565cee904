/**
 * Notes that several type at once come to one text, in documents and in tags, whatever happens: browsers that are cut off or killed, programs that
 * set the tag meanwhile, a host that ends and begins again.
 *
 * `FUZZ_SEED=N` repeats one case, `FUZZ_CASES=N` says how many, from `FUZZ_FROM` on. A seed that once failed has a name below.
 */
import { afterEach, test, vi } from 'vitest'
import { checkNotes } from './notes/check-notes.ts'

const cases = Number(process.env['FUZZ_CASES'] ?? 60)
const from = Number(process.env['FUZZ_FROM'] ?? 1)
const only = process.env['FUZZ_SEED']

/** Seeds that found something, and what. */
const FOUND: Readonly<Record<string, number>> = {
  'what came while tags were being written was kept without its tag': 20_289
}

afterEach(() => vi.restoreAllMocks())

test.each(Object.entries(FOUND))('[NF0] %s (seed %i)', async (_, seed) => checkNotes(seed))

test('[NF1] notes come to one (FUZZ_SEED=N repeats a case)', { timeout: cases * 5000 + 60_000 }, async () => {
  const seeds = only === undefined ? Array.from({ length: cases }, (_, i) => from + i) : [Number(only)]
  for (const seed of seeds) await checkNotes(seed)
})
