import { mkdir, mkdtemp, rename, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { isInstalled } from '../../scripts/install.mjs'
import { hashInputs, isStamped, stamp } from '../../scripts/stamp.mjs'
import { readJunit, readPlaywright, readVitest, sum } from '../../scripts/test-report.mjs'

let folder: string
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'runnel-scripts-'))
})
afterEach(() => rm(folder, { recursive: true, force: true }))

const write = async (path: string, content: unknown): Promise<string> => {
  const file = join(folder, path)
  await mkdir(dirname(file), { recursive: true })
  await writeFile(file, typeof content === 'string' ? content : JSON.stringify(content))
  return file
}

describe('the build stamp', () => {
  it('changes with a source’s bytes, name or place, and with nothing else', async () => {
    await write('src/a.ts', 'one')
    const first = hashInputs(folder)
    await write('src/a.test.ts', 'a test')
    await write('docs/a.md', 'words')
    await write('build/a.js', 'made')
    expect(hashInputs(folder)).toBe(first)
    await write('src/a.ts', 'two')
    const changed = hashInputs(folder)
    await rename(join(folder, 'src/a.ts'), join(folder, 'src/b.ts'))
    await write('static/c.svg', '')
    expect(new Set([first, changed, hashInputs(folder)]).size).toBe(3)
  })

  it('goes with the site it lies in', async () => {
    const site = join(folder, 'build')
    await mkdir(site)
    expect(isStamped(site, 'x')).toBe(false)
    stamp(site, 'x')
    expect([isStamped(site, 'x'), isStamped(site, 'y')]).toEqual([true, false])
    await rm(site, { recursive: true })
    expect(isStamped(site, 'x')).toBe(false)
  })
})

describe('what is installed', () => {
  const one = { version: '1.0.0', integrity: 'sha512-a' }
  const lock = {
    packages: { '': {}, 'node_modules/one': one, 'node_modules/other-platform': { version: '1.0.0', optional: true } }
  }
  const installed = (packages: object): Promise<unknown> =>
    Promise.all([
      write('package-lock.json', lock),
      write('node_modules/.package-lock.json', { packages }),
      write('node_modules/.bin/node', '')
    ])

  it('is what the lock names, other platforms aside', async () => {
    await installed({ 'node_modules/one': one })
    expect(isInstalled(folder)).toBe(true)
  })

  it('is not another version, a missing package, nothing, or a Node that was never fetched', async () => {
    await write('package-lock.json', lock)
    expect(isInstalled(folder)).toBe(false)
    await installed({})
    expect(isInstalled(folder)).toBe(false)
    await installed({ 'node_modules/one': { ...one, version: '1.0.1' } })
    expect(isInstalled(folder)).toBe(false)
    await installed({ 'node_modules/one': one })
    await rm(join(folder, 'node_modules/.bin/node'))
    expect(isInstalled(folder)).toBe(false)
  })
})

describe('the count of tests', () => {
  const vitest = (
    ...assertionResults: { fullName: string; status: string; failureMessages?: string[]; meta?: { note?: string } }[]
  ): object => ({
    testResults: [
      {
        name: 'a.test.ts',
        status: assertionResults.some((test) => test.status === 'failed') ? 'failed' : 'passed',
        assertionResults
      }
    ]
  })

  it('adds up what passed, failed and was skipped, with the reason', async () => {
    const file = await write(
      'unit.json',
      vitest(
        { fullName: 'a', status: 'passed', failureMessages: [] },
        { fullName: 'b', status: 'failed', failureMessages: ['\u001b[31mexpected 1 to be 2\u001b[39m\n    at b.ts:1'] },
        { fullName: 'c', status: 'skipped', meta: { note: 'no Postgres here' } },
        { fullName: 'd', status: 'todo' },
        { fullName: 'e', status: 'passed', failureMessages: ['timed out'] }
      )
    )
    expect(readVitest(file, 1)).toEqual({
      passed: 2,
      failed: [{ name: 'b', reason: 'expected 1 to be 2' }],
      skipped: [
        { name: 'c', reason: 'no Postgres here' },
        { name: 'd', reason: 'no reason given' }
      ],
      again: [{ name: 'e', reason: 'timed out' }]
    })
  })

  it('a file that did not load, a crash and a missing report have each failed', async () => {
    const unloaded = await write('unit.json', { testResults: [{ name: 'a', status: 'failed', assertionResults: [] }] })
    expect(readVitest(unloaded, 1)).toMatchObject({ passed: 0, failed: [{ name: 'a' }] })
    const crashed = await write('crashed.json', vitest({ fullName: 'a', status: 'passed' }))
    expect(readVitest(crashed, 134)).toMatchObject({
      passed: 1,
      failed: [{ name: 'the runner', reason: 'ended with code 134, no test having failed' }]
    })
    expect(readVitest(join(folder, 'none.json'), 1)).toMatchObject({ passed: 0, failed: [{}] })
    expect(readPlaywright(join(folder, 'none.json'), 1)).toMatchObject({ passed: 0, failed: [{}] })
  })

  it('reads nested suites, and says of a test that had to be tried again why', async () => {
    const spec = (title: string, status: string, annotations: object[] = [], results: object[] = []): object => ({
      title,
      tests: [{ status, annotations, results }]
    })
    const file = await write('e2e.json', {
      errors: [],
      suites: [
        {
          title: 'a.spec.ts',
          specs: [spec('a', 'expected'), spec('b', 'flaky', [], [{ error: { message: 'Error: too soon' } }, {}])],
          suites: [
            {
              title: 'in',
              specs: [
                spec('c', 'unexpected', [], [{ error: { message: 'Error: it was not seen\n\nCall log:' } }]),
                spec('d', 'skipped', [{ type: 'skip', description: 'needs a display' }])
              ]
            }
          ]
        }
      ]
    })
    expect(readPlaywright(file, 1)).toEqual({
      passed: 2,
      failed: [{ name: 'c', reason: 'Error: it was not seen' }],
      skipped: [{ name: 'd', reason: 'needs a display' }],
      again: [{ name: 'b', reason: 'Error: too soon' }]
    })
    expect(
      readPlaywright(await write('broken.json', { suites: [], errors: [{ message: 'does not parse' }] }), 1)
    ).toMatchObject({ failed: [{ reason: 'does not parse' }] })
  })

  it('reads the cases of a JUnit report, and takes an error for a failure', async () => {
    const file = await write(
      'python.xml',
      `<?xml version="1.0"?><testsuites><testsuite name="pytest" tests="4">
        <testcase classname="a" name="one" time="0.1" />
        <testcase classname="a" name="two[&lt;x&gt;]"><skipped type="pytest.skip" message="needs &quot;3.x&quot;">a.py:1</skipped></testcase>
        <testcase classname="a" name="three"><failure message="assert 1 == 2">a.py:2 &lt;skipped&gt;</failure></testcase>
        <testcase classname="a" name="four"><error message="no fixture">a.py:3</error></testcase>
      </testsuite></testsuites>`
    )
    expect(readJunit(file, 1)).toEqual({
      passed: 1,
      failed: [
        { name: 'three', reason: 'assert 1 == 2' },
        { name: 'four', reason: 'no fixture' }
      ],
      skipped: [{ name: 'two[<x>]', reason: 'needs "3.x"' }]
    })
    expect(readJunit(await write('empty.xml', '<testsuites></testsuites>'), 2)).toMatchObject({
      passed: 0,
      failed: [{}]
    })
    expect(readJunit(join(folder, 'none.xml'), 1)).toMatchObject({ passed: 0, failed: [{}] })
  })

  it('sums suites', () => {
    expect(
      sum([
        { passed: 1, failed: [{ name: 'c', reason: 'd' }], skipped: [] },
        { passed: 3, failed: [], skipped: [{ name: 'a', reason: 'b' }], again: [{ name: 'e', reason: 'f' }] }
      ])
    ).toEqual({
      passed: 4,
      failed: [{ name: 'c', reason: 'd' }],
      skipped: [{ name: 'a', reason: 'b' }],
      again: [{ name: 'e', reason: 'f' }]
    })
  })
})
