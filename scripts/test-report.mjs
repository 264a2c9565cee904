// @ts-check
import { existsSync, readFileSync } from 'node:fs'

/**
 * How a suite went. A skipped test always has a reason: the runner's own, or that none was given.
 *
 * @typedef {{ passed: number, failed: number, skipped: { name: string, reason: string }[] }} Count
 */

const noReason = 'no reason given'

/**
 * @param {Count[]} counts
 * @returns {Count}
 */
export const sum = (counts) => ({
  passed: counts.reduce((total, { passed }) => total + passed, 0),
  failed: counts.reduce((total, { failed }) => total + failed, 0),
  skipped: counts.flatMap(({ skipped }) => skipped)
})

/**
 * A runner that ended badly without naming a failed test (a file that did not load, a crash) has failed once.
 *
 * @param {Count} count
 * @param {number} code the runner's exit code
 * @returns {Count}
 */
const honest = (count, code) => (code !== 0 && count.failed === 0 ? { ...count, failed: 1 } : count)

/**
 * @param {string} file vitest's JSON report
 * @param {number} code
 * @returns {Count}
 */
export function readVitest(file, code) {
  if (!existsSync(file)) return honest({ passed: 0, failed: 0, skipped: [] }, code)
  /** @type {{ testResults: { name: string, status: string, assertionResults: { fullName: string, status: string, meta?: { note?: string } }[] }[] }} */
  const { testResults } = JSON.parse(readFileSync(file, 'utf8'))
  const tests = testResults.flatMap((result) => result.assertionResults)
  // A file that throws while it loads is one failure without a test in it.
  const unloaded = testResults.filter((result) => result.status === 'failed' && !result.assertionResults.some(isFailed))
  return honest(
    {
      passed: tests.filter(({ status }) => status === 'passed').length,
      failed: tests.filter(isFailed).length + unloaded.length,
      skipped: tests
        .filter((test) => test.status !== 'passed' && !isFailed(test))
        .map(({ fullName, meta }) => ({ name: fullName, reason: meta?.note ?? noReason }))
    },
    code
  )
}

/** @param {{ status: string }} test */
const isFailed = ({ status }) => status === 'failed'

/**
 * @typedef {{ title: string, tests: { status: string, annotations: { type: string, description?: string }[] }[] }} Spec
 * @typedef {{ title: string, specs?: Spec[], suites?: Suite[] }} Suite
 */

/**
 * @param {string} file Playwright's JSON report
 * @param {number} code
 * @returns {Count}
 */
export function readPlaywright(file, code) {
  if (!existsSync(file)) return honest({ passed: 0, failed: 0, skipped: [] }, code)
  /** @type {{ suites: Suite[], errors: unknown[] }} */
  const { suites, errors } = JSON.parse(readFileSync(file, 'utf8'))
  const tests = suites.flatMap(testsOf)
  /** @param {string} status */
  const having = (status) => tests.filter((test) => test.status === status)
  return honest(
    {
      passed: having('expected').length,
      // A test that passes only when tried again has not passed.
      failed: having('unexpected').length + having('flaky').length + errors.length,
      skipped: having('skipped').map(({ name, annotations }) => ({
        name,
        reason: annotations.find(({ type }) => type === 'skip' || type === 'fixme')?.description ?? noReason
      }))
    },
    code
  )
}

/**
 * @param {Suite} suite
 * @returns {{ name: string, status: string, annotations: { type: string, description?: string }[] }[]}
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
  if (!existsSync(file)) return honest({ passed: 0, failed: 0, skipped: [] }, code)
  const cases = [...readFileSync(file, 'utf8').matchAll(/<testcase\b([^>]*?)(?:\/>|>(.*?)<\/testcase>)/gs)].map(
    ([, head = '', body = '']) => ({
      name: attribute(head, 'name') ?? '',
      failed: /<(?:failure|error)\b/.test(body),
      skipped: /<skipped\b([^>]*)/.exec(body)?.[1]
    })
  )
  return honest(
    {
      passed: cases.filter(({ failed, skipped }) => !failed && skipped === undefined).length,
      failed: cases.filter(({ failed }) => failed).length,
      skipped: cases.flatMap(({ name, failed, skipped }) =>
        failed || skipped === undefined ? [] : [{ name, reason: attribute(skipped, 'message') || noReason }]
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
