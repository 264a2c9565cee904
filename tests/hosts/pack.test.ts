import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, expect, it } from 'vitest'
import packageJson from '../../package.json' with { type: 'json' }

const root = fileURLToPath(new URL('../..', import.meta.url))

/** As in a new terminal: without what npm tells the scripts it runs, and without this project's own programs. */
const env = Object.fromEntries(
  Object.entries(process.env)
    .filter(([name]) => !/^npm_(lifecycle|package|command|execpath|node_execpath|config_(local_)?prefix)/i.test(name))
    .filter(([name]) => !['RUNNEL_OUT', 'NODE_ENV', 'INIT_CWD'].includes(name))
    .map(([name, value]) => [name, name.toUpperCase() === 'PATH' ? withoutProject(value) : value])
)

function withoutProject(path = ''): string {
  return path
    .split(delimiter)
    .filter((folder) => !folder.startsWith(join(root, 'node_modules')))
    .join(delimiter)
}

let folder: string
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'runnel-pack-'))
})
afterAll(() => rm(folder, { recursive: true, force: true, maxRetries: 5 }))

/** A program the package brought along. */
const bin = (name: string): string =>
  join(folder, 'node_modules', '.bin', process.platform === 'win32' ? `${name}.cmd` : name)

const run = async (command: string, args: readonly string[], cwd: string): Promise<string> => {
  const child = spawn(command, args, {
    cwd,
    env,
    shell: process.platform === 'win32',
    stdio: ['ignore', 'pipe', 'pipe']
  })
  let output = ''
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk: Buffer) => (output += chunk.toString()))
  const [code] = (await once(child, 'close')) as [number | null]
  if (code !== 0) throw new Error(`${command} ${args.join(' ')} ended with ${code}:\n${output}`)
  return output
}

it(
  '[HO30] npm pack makes a package that installs in an empty folder and runs, without a compiler',
  { timeout: 240_000 },
  async () => {
    await run('npm', ['pack', '--pack-destination', folder], root)
    const [tarball = ''] = (await readdir(folder)).filter((name) => name.endsWith('.tgz'))
    await writeFile(join(folder, 'package.json'), '{"private":true,"type":"module"}')
    await run('npm', ['install', `./${tarball}`, '--no-audit', '--no-fund'], folder)
    // Nothing but the launcher, the bundle and Node itself.
    expect(
      (await readdir(join(folder, 'node_modules'))).filter((name) => !name.startsWith('.') && !name.startsWith('node'))
    ).toEqual(['runnel'])

    expect(await run('npx', ['runnel', '--version'], folder)).toContain(`runnel ${packageJson.version}\n`)
    expect(await run(bin('runnel'), ['--help'], folder)).toMatch(/server[^]+experiments[^]+runs[^]+artifacts[^]+gc/)
    await writeFile(
      join(folder, 'sdk.mjs'),
      `import * as runnel from 'runnel/sdk'\nconsole.log(typeof runnel.startRun)\n`
    )
    expect(await run(bin('node'), ['sdk.mjs'], folder)).toContain('function')
    // What is thrown at nobody is printed with its line, which a person can read.
    await writeFile(
      join(folder, 'wrong.mjs'),
      `import * as runnel from 'runnel/sdk'\nawait runnel.connect({ host: 'ftp://x' })\n`
    )
    const thrown: unknown = await run(bin('node'), ['wrong.mjs'], folder).catch((error: unknown) => error)
    expect(String(thrown)).toMatch(/RunnelError: Say where the host is/)
    expect(
      Math.max(
        ...String(thrown)
          .split('\n')
          .map((line) => line.length)
      )
    ).toBeLessThan(300)

    const child = spawn(bin('runnel'), ['server', '--port', '0'], {
      cwd: folder,
      env,
      shell: process.platform === 'win32'
    })
    try {
      let output = ''
      for (const stream of [child.stdout, child.stderr])
        stream.on('data', (chunk: Buffer) => (output += chunk.toString()))
      await expect.poll(() => output, { timeout: 30_000 }).toMatch(/Press Ctrl\+C/)
      const [, address = ''] = /Runnel is at (\S+)/.exec(output) ?? []
      const page = await fetch(address, { headers: { Accept: 'text/html' } })
      expect([page.status, page.headers.get('content-type')]).toEqual([200, 'text/html; charset=utf-8'])
      expect((await fetch(`${address}/runnel.js`)).status).toBe(200)
      const created = await fetch(`${address}/api/2.0/mlflow/runs/create`, {
        method: 'POST',
        headers: { 'Content-Type': 'application/json' },
        body: JSON.stringify({ experiment_id: '0', start_time: 1, run_name: 'packed' })
      })
      expect(created.status).toBe(200)
      const exited = once(child, 'exit')
      child.kill('SIGTERM')
      expect(await exited).toEqual([0, null])
    } finally {
      child.kill('SIGKILL')
    }
    expect(await run(bin('runnel'), ['runs', 'list', '-x', '0'], folder)).toContain('packed')
  }
)
