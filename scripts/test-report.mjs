// @ts-check
import { existsSync, readFileSync } from 'node:fs'

/**
 * How a suite went. A test that failed or was skipped always has a reason, of one line: the runner's own, or that none was given.
 * `again` are those of the passed that failed when they were tried first.
 *
 * @typedef {{ name: string, reason: string }} Named
 * @typedef {{ passed: number, failed: Named[], skipped: Named[], again?: Named[] }} Count
 */

const noReason = 'no reason given'

/**
 * @param {Count[]} counts
 * @returns {Count}
 */
export const sum = (counts) => ({
  passed: counts.reduce((total, { passed }) => total + passed, 0),
  failed: counts.flatMap(({ failed }) => failed),
  skipped: counts.flatMap(({ skipped }) => skipped),
  again: counts.flatMap(({ again }) => again ?? [])
})

/**
 * A runner that ended badly without naming a failed test (a file that did not load, a crash) has failed once.
 *
 * @param {Count} count
 * @param {number} code the runner's exit code
 * @returns {Count}
 */
const honest = (count, code) =>
  code !== 0 && count.failed.length === 0
    ? { ...count, failed: [{ name: 'the runner', reason: `ended with code ${code}, no test having failed` }] }
    : count

/**
 * The one line of a report that says what happened: without the colours of a terminal, and no longer than is read at a glance.
 *
 * @param {string | undefined} text
 */
const firstLine = (text) =>
  (text ?? '')
    // eslint-disable-next-line no-control-regex -- what a runner colours for a terminal
    .replaceAll(/\u001b\[[0-9;]*m/g, '')
    .split('\n')
    .map((line) => line.trim())
    .find((line) => line !== '')
    ?.slice(0, 300) || noReason

/**
 * @param {string} file vitest's JSON report
 * @param {number} code
 * @returns {Count}
 */
export function readVitest(file, code) {
  if (!existsSync(file)) return honest({ passed: 0, failed: [], skipped: [] }, code)
  /** @type {{ testResults: { name: string, status: string, message?: string, assertionResults: { fullName: string, status: string, failureMessages?: string[], meta?: { note?: string } }[] }[] }} */
  const { testResults } = JSON.parse(readFileSync(file, 'utf8'))
  const tests = testResults.flatMap((result) => result.assertionResults)
  // A file that throws while it loads is one failure without a test in it.
  const unloaded = testResults.filter((result) => result.status === 'failed' && !result.assertionResults.some(isFailed))
  return honest(
    {
      passed: tests.filter(({ status }) => status === 'passed').length,
      failed: [
        ...tests
          .filter(isFailed)
          .map(({ fullName, failureMessages }) => ({ name: fullName, reason: firstLine(failureMessages?.[0]) })),
        ...unloaded.map(({ name, message }) => ({ name, reason: firstLine(message) }))
      ],
      skipped: tests
        .filter((test) => test.status !== 'passed' && !isFailed(test))
        .map(({ fullName, meta }) => ({ name: fullName, reason: meta?.note ?? noReason })),
      again: tests
        .filter(({ status, failureMessages }) => status === 'passed' && failureMessages?.[0] !== undefined)
        .map(({ fullName, failureMessages }) => ({ name: fullName, reason: firstLine(failureMessages?.[0]) }))
    },
    code
  )
}

/** @param {{ status: string }} test */
const isFailed = ({ status }) => status === 'failed'

/**
 * @typedef {{ status: string, annotations: { type: string, description?: string }[], results?: { error?: { message?: string } }[] }} Tried
 * @typedef {{ title: string, tests: Tried[] }} Spec
 * @typedef {{ title: string, specs?: Spec[], suites?: Suite[] }} Suite
 */

/**
 * @param {string} file Playwright's JSON report
 * @param {number} code
 * @returns {Count}
 */
export function readPlaywright(file, code) {
  if (!existsSync(file)) return honest({ passed: 0, failed: [], skipped: [] }, code)
  /** @type {{ suites: Suite[], errors: { message?: string }[] }} */
  const { suites, errors } = JSON.parse(readFileSync(file, 'utf8'))
  const tests = suites.flatMap(testsOf)
  /** @param {string} status */
  const having = (status) => tests.filter((test) => test.status === status)
  return honest(
    {
      passed: having('expected').length + having('flaky').length,
      failed: [
        ...having('unexpected').map(withReason),
        ...errors.map(({ message }) => ({ name: 'the runner', reason: firstLine(message) }))
      ],
      skipped: having('skipped').map(({ name, annotations }) => ({
        name,
        reason: annotations.find(({ type }) => type === 'skip' || type === 'fixme')?.description ?? noReason
      })),
      again: having('flaky').map(withReason)
    },
    code
  )
}

/**
 * @param {Tried & { name: string }} test
 * @returns {Named}
 */
const withReason = ({ name, results }) => ({
  name,
  reason: firstLine(results?.find(({ error }) => error !== undefined)?.error?.message)
})

/**
 * @param {Suite} suite
 * @returns {(Tried & { name: string })[]}
 */
const testsOf = (suite) => [
  ...(suite.specs ?? []).flatMap((spec) => spec.tests.map((test) => ({ ...test, name: spec.title }))),
  ...(suite.suites ?? []).flatMap(testsOf)
]

/**
 * @param {string} file pytest's JUnit report
 * @param {number} code
 * @returns {Count}
 */
export function readJunit(file, code) {
  if (!existsSync(file)) return honest({ passed: 0, failed: [], skipped: [] }, code)
  const cases = [...readFileSync(file, 'utf8').matchAll(/<testcase\b([^>]*?)(?:\/>|>(.*?)<\/testcase>)/gs)].map(
    ([, head = '', body = '']) => ({
      name: attribute(head, 'name') ?? '',
      failure: /<(?:failure|error)\b([^>]*)/.exec(body)?.[1],
      skipped: /<skipped\b([^>]*)/.exec(body)?.[1]
    })
  )
  return honest(
    {
      passed: cases.filter(({ failure, skipped }) => failure === undefined && skipped === undefined).length,
      failed: cases.flatMap(({ name, failure }) =>
        failure === undefined ? [] : [{ name, reason: firstLine(attribute(failure, 'message')) }]
      ),
      skipped: cases.flatMap(({ name, failure, skipped }) =>
        failure !== undefined || skipped === undefined
          ? []
          : [{ name, reason: attribute(skipped, 'message') || noReason }]
      )
    },
    code
  )
}

/**
 * @param {string} head
 * @param {string} name
 */
function attribute(head, name) {
  const text = new RegExp(`\\b${name}="([^"]*)"`).exec(head)?.[1]
  return text?.replaceAll('&lt;', '<').replaceAll('&gt;', '>').replaceAll('&quot;', '"').replaceAll('&amp;', '&')
}
