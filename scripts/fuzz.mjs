// @ts-check
// npm run fuzz: the fuzz tests of npm test, for longer and from a seed of the day. FUZZ_SECONDS, FUZZ_CASES and FUZZ_SEED say otherwise.
import { ensureInstalled } from './install.mjs'
import { run, runMain } from './project.mjs'

runMain(async () => {
  await ensureInstalled()
  process.env['FUZZ_SECONDS'] ??= '60'
  process.env['FUZZ_CASES'] ??= '10000'
  process.exitCode = await run('vitest', ['run', 'tests/fuzz', '--testTimeout=1800000', ...process.argv.slice(2)])
})
