import { spawn, type ChildProcess } from 'node:child_process'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { createServer, type AddressInfo, type Server } from 'node:net'
import { request } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterEach, beforeEach, expect, it } from 'vitest'

const main = fileURLToPath(new URL('../../sync-server/main.ts', import.meta.url))

let site: string
const started: ChildProcess[] = []

beforeEach(async () => {
  site = await mkdtemp(join(tmpdir(), 'runnel-site-'))
  await writeFile(join(site, 'index.html'), '<!doctype html>here')
})

afterEach(async () => {
  for (const child of started.splice(0)) child.kill('SIGKILL')
  await rm(site, { recursive: true, force: true })
})

interface Run {
  readonly child: ChildProcess
  readonly output: () => string
  readonly exit: Promise<number | null>
}

const start = (args: readonly string[], folder = site): Run => {
  // From another folder than the project's: the host finds everything by itself.
  const child = spawn(process.execPath, [main, 'server', '--pages-only', ...args], {
    cwd: tmpdir(),
    env: { ...process.env, RUNNEL_OUT: folder }
  })
  started.push(child)
  let output = ''
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk: Buffer) => (output += chunk.toString()))
  return { child, output: () => output, exit: new Promise((resolve) => child.on('exit', resolve)) }
}

const addressOf = async (run: Run): Promise<string> => {
  await expect.poll(run.output, { timeout: 30_000 }).toMatch(/Runnel is at \S+\n/)
  return /Runnel is at (\S+)/.exec(run.output())?.[1] ?? ''
}

/** The path goes over the wire as it is written: fetch would tidy it first. */
const rawStatus = (address: string, path: string): Promise<number> =>
  new Promise((resolve, reject) => {
    const { hostname, port } = new URL(address)
    request({ hostname, port, path, headers: { Host: '127.0.0.1' } }, (response) => {
      response.resume()
      resolve(response.statusCode ?? 0)
    })
      .on('error', reject)
      .end()
  })

it('prints its address and lines that can be pasted, serves, and closes on a signal', async () => {
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    const run = start(['--port', '0'])
    const address = await addressOf(run)
    expect(run.output()).toContain(`import("${address}/runnel.js")`)
    expect(await (await fetch(address)).text()).toContain('here')
    expect((await fetch(`${address}/runnel-host.json`)).status).toBe(404)
    expect(await rawStatus(address, '/../../../../etc/passwd')).toBe(404)
    run.child.kill(signal)
    expect(await run.exit).toBe(0)
  }
})

it('a busy port is one line that names --port', async () => {
  const other: Server = createServer()
  await new Promise<void>((resolve) => other.listen(0, '127.0.0.1', resolve))
  const { port } = other.address() as AddressInfo
  const run = start(['--port', String(port)])
  expect(await run.exit).toBe(1)
  expect(run.output()).toBe(`Port ${port} is already in use. Choose another: --port ${port + 1}\n`)
  await new Promise((resolve) => other.close(resolve))
})

it('says when there is nothing to serve', async () => {
  const run = start(['--port', '0'], join(site, 'nothing'))
  expect(await run.exit).toBe(1)
  expect(run.output()).toMatch(/^There is no built site in .*npm start/)
})

it('refuses an address that others could reach', async () => {
  const run = start(['--host', '0.0.0.0'])
  expect(await run.exit).toBe(2)
  expect(run.output()).toMatch(/^--host 0\.0\.0\.0 lets others on the network in, so it needs a token/)
})
