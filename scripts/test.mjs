// @ts-check
// npm test [-- SUITE...] [-- PATTERN...]: everything, or the suites named (check, lint, rules, unit, e2e, replay, python), or the unit and
// end-to-end files whose path holds a pattern. The last line is `N passed, M failed`; the exit code says the same.
import { mkdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { ensureBuilt } from './build.mjs'
import { ensureChromium } from './chromium-install.mjs'
import { ensureInstalled } from './install.mjs'
import { root, run, runMain, say, Stop } from './project.mjs'
import { ensurePython, pythonProgram } from './python.mjs'
import { readJunit, readPlaywright, readVitest, sum } from './test-report.mjs'

/** @typedef {import('./test-report.mjs').Count} Count */

const reports = join(root, '.cache', 'test')

/** @type {Record<string, { title: string, run: (patterns: string[]) => Promise<Count> }>} */
const suites = {
  check: {
    title: 'Types',
    run: () =>
      asOneTest(
        ['svelte-kit', 'sync'],
        ['svelte-check', '--threshold', 'error', '--output', 'human'],
        ['tsc', '-p', 'src/service-worker']
      )
  },
  lint: {
    title: 'Lint',
    run: () => asOneTest(['eslint', '.', '--max-warnings', '0', '--cache', '--cache-location', '.cache/eslint/'])
  },
  rules: {
    title: 'Who may import whom',
    run: () => asOneTest(['depcruise', '--config', '.dependency-cruiser.js', 'src', 'sdk', 'sync-server'])
  },
  unit: { title: 'Unit and contract tests', run: runUnit },
  e2e: { title: 'End to end', run: runEndToEnd },
  replay: { title: 'The same requests to MLflow', run: runReplay },
  python: { title: 'Stock MLflow clients', run: runPython }
}

runMain(async () => {
  const words = process.argv.slice(2)
  const patterns = words.filter((word) => !(word in suites))
  const named = words.filter((word) => word in suites)
  const chosen = named.length > 0 ? named : patterns.length > 0 ? ['unit', 'e2e'] : Object.keys(suites)

  await ensureInstalled()
  if (chosen.includes('e2e')) process.env['RUNNEL_CHROMIUM'] = await ensureChromium()
  mkdirSync(reports, { recursive: true })

  /** @type {Count[]} */
  const counts = []
  for (const name of Object.keys(suites).filter((name) => chosen.includes(name)))
    counts.push(await runSuite(name, patterns))
  report(sum(counts), patterns)
})

/**
 * @param {string} name
 * @param {string[]} patterns
 * @returns {Promise<Count>}
 */
async function runSuite(name, patterns) {
  const suite = /** @type {(typeof suites)[string]} */ (suites[name])
  const started = performance.now()
  console.log('')
  say(suite.title)
  /** @type {Count} */
  let count
  try {
    count = await suite.run(patterns)
  } catch (error) {
    console.error(error instanceof Stop ? error.message : error)
    count = { passed: 0, failed: [{ name: suite.title, reason: String(error) }], skipped: [] }
  }
  // A suite that finds nothing to run has not shown anything; a pattern may well fit only one of them, and a reason is an answer.
  if (count.passed + count.failed.length + count.skipped.length === 0 && patterns.length === 0)
    count = { ...count, failed: [{ name: suite.title, reason: 'no test ran' }] }
  const seconds = ((performance.now() - started) / 1000).toFixed(1)
  say(`${suite.title}: ${count.passed} passed, ${count.failed.length} failed (${seconds} s)`)
  return count
}

/**
 * @param {Count} total
 * @param {string[]} patterns
 */
function report(total, patterns) {
  if (total.passed + total.failed.length === 0) console.error(`No test's file holds ${patterns.join(' or ')}.`)
  console.log('')
  for (const { name, reason } of total.skipped) console.log(`skipped: ${name} (${reason})`)
  for (const { name, reason } of total.again ?? []) console.log(`passed when tried again: ${name} (${reason})`)
  for (const { name, reason } of total.failed) console.log(`failed: ${name} (${reason})`)
  const skipped = total.skipped.length > 0 ? `, ${total.skipped.length} skipped` : ''
  console.log(`${total.passed} passed, ${total.failed.length} failed${skipped}`)
  process.exitCode = total.failed.length === 0 && total.passed > 0 ? 0 : 1
}

/**
 * Commands that pass or fail together.
 *
 * @param {...[string, ...string[]]} commands
 * @returns {Promise<Count>}
 */
async function asOneTest(...commands) {
  for (const [command, ...args] of commands) {
    const code = await run(command, args)
    if (code !== 0) return { passed: 0, failed: [{ name: command, reason: `ended with code ${code}` }], skipped: [] }
  }
  return { passed: 1, failed: [], skipped: [] }
}

/** @param {string[]} patterns */
function runUnit(patterns) {
  return runVitest('unit', patterns)
}

/** All of it, whatever the patterns: what is listed has to show. */
async function runReplay() {
  const missing = await ensurePython('v3')
  if (missing !== undefined) return skipAll('The same requests to MLflow', missing)
  await ensureBuilt()
  return runVitest('replay', ['--config', 'tests/replay/vitest.config.ts'])
}

/**
 * @param {string} name
 * @param {string[]} args
 */
async function runVitest(name, args) {
  const file = freshReport(`${name}.json`)
  const code = await run('vitest', [
    'run',
    ...args,
    '--passWithNoTests',
    '--reporter=default',
    '--reporter=json',
    `--outputFile.json=${file}`
  ])
  return readVitest(file, code)
}

/** @param {string[]} patterns */
async function runEndToEnd(patterns) {
  await ensureBuilt()
  const file = freshReport('e2e.json')
  const code = await run('playwright', ['test', ...patterns, '--pass-with-no-tests', '--reporter=list,json'], {
    env: { PLAYWRIGHT_JSON_OUTPUT_NAME: file }
  })
  return readPlaywright(file, code)
}

/** @param {string[]} patterns pytest's words for which tests (-k), joined by or */
async function runPython(patterns) {
  const missing = await ensurePython('v3', 'v2')
  if (missing !== undefined) return skipAll('Stock MLflow clients', missing)
  await ensureBuilt()
  // Clients wait for hosts most of the time, so both go at once.
  const counts = /** @type {const} */ (['v3', 'v2']).map(async (name) => {
    const file = freshReport(`python-${name}.xml`)
    const code = await run(
      pythonProgram(name, 'python'),
      [
        '-m',
        'pytest',
        'tests/python',
        '-q',
        '--disable-warnings',
        `--junitxml=${file}`,
        '-p',
        'no:cacheprovider',
        ...(patterns.length > 0 ? ['-k', patterns.join(' or ')] : [])
      ],
      { env: { MLFLOW_DISABLE_TELEMETRY: 'true', DO_NOT_TRACK: 'true', PYTHONDONTWRITEBYTECODE: '1' }, quiet: true }
    )
    // 5: no test fits the patterns.
    const count = readJunit(file, code === 5 && patterns.length > 0 ? 0 : code)
    say(`With the environment ${name}: ${count.passed} passed, ${count.failed.length} failed`)
    return count
  })
  return sum(await Promise.all(counts))
}

/**
 * @param {string} name
 * @param {string} reason
 * @returns {Count}
 */
const skipAll = (name, reason) => ({ passed: 0, failed: [], skipped: [{ name, reason }] })

/** @param {string} name a suite that crashes must not be counted by the report of the run before it */
function freshReport(name) {
  const file = join(reports, name)
  rmSync(file, { force: true })
  return file
}
