import { mkdtemp, mkdir, readFile, readdir, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { startNodeHost, type NodeHost } from '../../tests/support/node-host.ts'
import { runProgram } from './program.ts'

interface Outcome {
  readonly code: number
  readonly out: string
  readonly err: string
}

let host: NodeHost
let cwd: string

beforeAll(async () => {
  host = await startNodeHost(['--token', 'secret'])
})
afterAll(() => host.end())

beforeEach(async () => {
  cwd = await mkdtemp(join(tmpdir(), 'runnel-cli-'))
})
afterEach(() => rm(cwd, { recursive: true, force: true }))

/** A command against the host, unless `env` says otherwise. */
const runnel = async (words: readonly string[], env: Readonly<Record<string, string>> = {}): Promise<Outcome> => {
  let out = ''
  let err = ''
  const code = await runProgram(words, {
    env: { MLFLOW_TRACKING_URI: host.address, MLFLOW_TRACKING_TOKEN: 'secret', ...env },
    cwd,
    out: (text) => (out += text),
    err: (text) => (err += text),
    columns: null,
    isWatched: false
  })
  return { code, out, err }
}

const json = async <T>(words: readonly string[]): Promise<T> => {
  const { code, out, err } = await runnel([...words, '--json'])
  expect([code, err]).toEqual([0, ''])
  return JSON.parse(out) as T
}

const post = async <T>(operation: string, body: unknown): Promise<T> =>
  (await (await host.api(operation, body, { Authorization: 'Bearer secret' })).json()) as T

const newExperiment = async (name: string): Promise<string> =>
  (await json<{ experiment_id: string }>(['experiments', 'create', '-n', name])).experiment_id

const newRun = async (experimentId: string, name = 'first'): Promise<string> => {
  const body = { experiment_id: experimentId, run_name: name, start_time: 1_700_000_000_000 }
  return (await post<{ run: { info: { run_id: string } } }>('runs/create', body)).run.info.run_id
}

describe('words', () => {
  it('[CL1] help goes to stdout and is no failure; a wrong word goes to stderr and is', async () => {
    for (const words of [
      ['--help'],
      ['server', '--help'],
      ['runs', '--help'],
      ['gc', '--help'],
      ['artifacts', 'download', '--help']
    ]) {
      const { code, out, err } = await runnel(words)
      expect([words, code, err]).toEqual([words, 0, ''])
      expect(out).toMatch(/runnel/)
    }
    for (const words of [
      ['nope'],
      ['runs', 'nope'],
      ['runs', 'list', '--nope'],
      ['gc', 'nope'],
      ['toString'],
      ['runs', 'constructor']
    ]) {
      const { code, out, err } = await runnel(words)
      expect([words, code, out]).toEqual([words, 2, ''])
      expect(err.trimEnd().split('\n')).toHaveLength(1)
    }
    expect(await runnel([])).toMatchObject({ code: 2, out: expect.stringContaining('server') as unknown })
  })

  it('[CL2] what is missing is named', async () => {
    expect(await runnel(['runs', 'list'])).toEqual({
      code: 2,
      out: '',
      err: '--experiment-id is missing. See runnel runs list --help.\n'
    })
    expect((await runnel(['experiments', 'get'])).err).toMatch(/exactly one of --experiment-id and --experiment-name/)
    expect((await runnel(['artifacts', 'download'])).err).toMatch(/--run-id or --artifact-uri/)
  })
})

describe('a host', () => {
  it('[CL3] what it refuses is one line and exit code 1', async () => {
    expect(await runnel(['experiments', 'get', '-x', '12345'])).toEqual({
      code: 1,
      out: '',
      err: 'No Experiment with id=12345 exists\n'
    })
    const refused = await runnel(['experiments', 'search'], { MLFLOW_TRACKING_TOKEN: 'wrong' })
    expect([refused.code, refused.err]).toEqual([1, expect.stringContaining('needs its token') as unknown])
    const password = { MLFLOW_TRACKING_TOKEN: '', MLFLOW_TRACKING_USERNAME: 'me', MLFLOW_TRACKING_PASSWORD: 'secret' }
    expect((await runnel(['experiments', 'search'], password)).code).toBe(0)
    const away = await runnel(['experiments', 'search', '--tracking-uri', 'http://127.0.0.1:1'])
    expect(away).toEqual({ code: 1, out: '', err: 'Nobody answers at http://127.0.0.1:1.\n' })
  })

  it('[CL4] experiments: created, found, renamed, deleted, restored', async () => {
    const id = await newExperiment('wine')
    expect((await runnel(['experiments', 'create', '-n', 'wine'])).code).toBe(1)
    expect((await runnel(['experiments', 'search'])).out).toMatch(new RegExp(`${id} +wine +mlflow-artifacts:/${id}\n`))
    expect((await runnel(['experiments', 'rename', '-x', id, '--new-name', 'beer'])).out).toContain("renamed to 'beer'")
    expect((await runnel(['experiments', 'get', '-n', 'beer'])).out).toMatch(/Lifecycle Stage +active/)
    expect((await runnel(['experiments', 'delete', '-x', id])).out).toBe(`Experiment with ID ${id} has been deleted.\n`)
    expect(await json<{ name: string }[]>(['experiments', 'search', '-v', 'deleted_only'])).toMatchObject([
      { name: 'beer' }
    ])
    expect((await runnel(['experiments', 'restore', '-x', id])).code).toBe(0)
    expect(await json<{ name: string }>(['experiments', 'get', '-x', id])).toMatchObject({ name: 'beer' })
    expect((await runnel(['experiments', 'search', '-v', 'some'])).code).toBe(2)
  })

  it('[CL5] a search goes on to the next page, and stops where it is told', async () => {
    const id = await newExperiment('many')
    const names = Array.from({ length: 1005 }, (_, index) => `run ${index}`)
    for (let start = 0; start < names.length; start += 100)
      await Promise.all(names.slice(start, start + 100).map((name) => newRun(id, name)))
    const runs = await json<{ info: { run_name: string } }[]>(['runs', 'list', '-x', id])
    expect(runs.map(({ info }) => info.run_name).sort()).toEqual([...names].sort())
    expect(await json<unknown[]>(['experiments', 'search', '--max-results', '1'])).toHaveLength(1)
  })

  it('[CL6] runs: listed, described, deleted, restored', async () => {
    const id = await newExperiment('runs')
    const run = await newRun(id, 'a\u001b[31m\nname')
    await post('runs/log-batch', { run_id: run, metrics: [{ key: 'loss', value: 0.5, timestamp: 1, step: 0 }] })
    // What a name could do to a terminal it does not.
    expect((await runnel(['runs', 'list', '-x', id])).out).toMatch(new RegExp(`a\ufffd\\[31m\ufffdname +${run}\n`))
    const described = JSON.parse((await runnel(['runs', 'describe', '--run-id', run])).out) as unknown
    expect(described).toMatchObject({ info: { run_id: run }, data: { metrics: { loss: 0.5 }, params: {} } })
    await runnel(['runs', 'delete', '--run-id', run])
    expect((await runnel(['runs', 'list', '-x', id])).out).not.toContain(run)
    expect((await runnel(['runs', 'list', '-v', 'all'], { MLFLOW_EXPERIMENT_ID: id })).out).toContain(run)
    await runnel(['runs', 'restore', '--run-id', run])
    expect((await runnel(['runs', 'list', '-x', id])).out).toContain(run)
  })

  it('[CL7] runs as CSV, as MLflow writes them', async () => {
    const id = await newExperiment('csv')
    const [one, two] = [await newRun(id, 'one, "1"'), await newRun(id, 'two')]
    await post('runs/log-batch', {
      run_id: one,
      metrics: [
        { key: 'b', value: 'NaN', timestamp: 1, step: 0 },
        { key: 'a', value: 0.25, timestamp: 1, step: 0 }
      ],
      params: [{ key: 'p', value: 'line\nbreak' }]
    })
    await runnel(['experiments', 'csv', '-x', id, '-o', 'runs.csv'])
    const text = await readFile(join(cwd, 'runs.csv'), 'utf8')
    const [header, ...lines] = text.split(/\n(?=[0-9a-f]{32},|$)/)
    expect(header).toBe(
      'run_id,experiment_id,status,artifact_uri,start_time,end_time,metrics.a,metrics.b,params.p,tags.mlflow.runName'
    )
    const start = '2023-11-14 22:13:20.000000+00:00'
    expect(lines.sort()).toEqual(
      [
        `${one},${id},RUNNING,mlflow-artifacts:/${id}/${one}/artifacts,${start},,0.25,,"line\nbreak","one, ""1"""`,
        `${two},${id},RUNNING,mlflow-artifacts:/${id}/${two}/artifacts,${start},,,,,two`,
        ''
      ].sort()
    )
    expect((await runnel(['experiments', 'csv', '-x', '999'])).code).toBe(1)
  })

  it('[CL8] artifacts: logged, listed, downloaded whole', async () => {
    const run = await newRun(await newExperiment('artifacts'))
    await mkdir(join(cwd, 'logs/sub dir'), { recursive: true })
    const big = 'x'.repeat(3_000_000)
    await writeFile(join(cwd, 'logs/sub dir/ü 100%.txt'), 'strange')
    await writeFile(join(cwd, 'logs/big.bin'), big)
    await writeFile(join(cwd, 'one.txt'), 'one')
    expect((await runnel(['artifacts', 'log-artifacts', '-r', run, '-l', 'logs', '-a', 'all'])).out).toBe(
      'Logged 2 files\n'
    )
    expect((await runnel(['artifacts', 'log-artifact', '-r', run, '-l', 'one.txt'])).out).toBe('Logged one.txt\n')
    expect(JSON.parse((await runnel(['artifacts', 'list', '-r', run])).out)).toMatchObject([
      { path: 'all', is_dir: true },
      { path: 'one.txt', file_size: 3 }
    ])
    expect((await runnel(['artifacts', 'download', '-r', run, '-d', 'got'])).out).toBe(`${join(cwd, 'got')}\n`)
    expect((await readdir(join(cwd, 'got'), { recursive: true })).sort()).toEqual(
      ['all', 'all/big.bin', 'all/sub dir', 'all/sub dir/ü 100%.txt', 'one.txt'].sort()
    )
    expect(await readFile(join(cwd, 'got/all/big.bin'), 'utf8')).toBe(big)
    expect(await readFile(join(cwd, 'got/all/sub dir/ü 100%.txt'), 'utf8')).toBe('strange')
    const uri = await runnel(['artifacts', 'download', '-u', `runs:/${run}/all/big.bin`, '-d', 'again'])
    expect(uri.out).toBe(`${join(cwd, 'again/all/big.bin')}\n`)
    expect((await runnel(['artifacts', 'download', '-r', run, '-a', 'gone', '-d', 'none'])).code).toBe(1)
    expect((await runnel(['artifacts', 'log-artifact', '-r', run, '-l', 'gone.txt'])).err).toBe(
      `There is no file ${join(cwd, 'gone.txt')}.\n`
    )
    expect((await runnel(['artifacts', 'log-artifact', '-r', run, '-l', 'one.txt', '-a', '../up'])).code).toBe(1)
  })
})

describe('no host', () => {
  const here = { MLFLOW_TRACKING_URI: '' }

  it('[CL9] a folder without a store is left without one', async () => {
    const { code, err } = await runnel(['experiments', 'search'], here)
    expect([code, err]).toEqual([1, expect.stringContaining('There is no store in') as unknown])
    expect(await readdir(cwd)).toEqual([])
  })

  it('[CL10] the store of the folder is opened here, and refused while a host has it', async () => {
    const other = await startNodeHost()
    const data = ['--data', join(other.folder, 'runnel-data')]
    try {
      const { code, err } = await runnel(['experiments', 'search', ...data], here)
      expect([code, err]).toEqual([1, expect.stringContaining(other.address) as unknown])
      await other.close()
      expect((await runnel(['experiments', 'create', '-n', 'here', ...data], here)).code).toBe(0)
      expect((await runnel(['experiments', 'search', ...data], here)).out).toContain('here')
    } finally {
      await other.end()
    }
  })
})
