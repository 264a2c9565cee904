import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { request } from 'node:http'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterEach, describe, expect, it } from 'vitest'
import packageJson from '../../package.json' with { type: 'json' }
import { startNodeHost, type NodeHost } from '../support/node-host.ts'

const main = fileURLToPath(new URL('../../sync-server/main.ts', import.meta.url))

const ends: (() => Promise<unknown>)[] = []
afterEach(async () => {
  for (const end of ends.splice(0).reverse()) await end()
})

const start = async (...flags: string[]): Promise<NodeHost> => {
  const host = await startNodeHost(flags)
  ends.push(host.end)
  return host
}

describe('a host with a store', () => {
  it('[HO10] serves pages, the api and what it is', async () => {
    const host = await start()
    expect(await (await fetch(host.address)).text()).toContain('here')
    const info = await fetch(`${host.address}/runnel-host.json`)
    expect(await info.json()).toEqual({ store: true, version: packageJson.version, token: false })
    const answer = await host.api('experiments/create', { name: 'wine' })
    expect(answer.status).toBe(200)
    expect(Object.fromEntries(answer.headers)).toMatchObject({
      'x-content-type-options': 'nosniff',
      'x-frame-options': 'SAMEORIGIN',
      'referrer-policy': 'no-referrer'
    })
    expect(answer.headers.has('set-cookie')).toBe(false)
    expect(existsSync(join(host.folder, 'runnel-data', 'runnel.db'))).toBe(true)
  })

  it('[HO11] asks for its token on every way to the data, and on no other', async () => {
    const host = await start('--token', 'secret')
    const status = async (path: string, headers = {}): Promise<number> =>
      (await fetch(`${host.address}${path}`, { headers })).status
    const search = '/api/2.0/mlflow/experiments/search?max_results=1'
    expect(await status(search)).toBe(401)
    expect(await status(search, { Authorization: 'Bearer wrong' })).toBe(401)
    expect(await status(search, { Authorization: 'Bearer secret' })).toBe(200)
    for (const path of [
      '/get-artifact?run_id=x&path=y',
      '/api/2.0/mlflow-artifacts/artifacts',
      '/ajax-api/x',
      '/graphql'
    ])
      expect([path, await status(path)]).toEqual([path, 401])
    for (const path of ['/', '/health', '/version', '/runnel-host.json'])
      expect([path, await status(path)]).toEqual([path, 200])
    expect(await (await fetch(`${host.address}/runnel-host.json`)).json()).toMatchObject({ token: true })
  })

  it('[HO12] lets pages of this machine log, and nobody else’s', async () => {
    const host = await start()
    const create = (origin: string) => host.api('experiments/create', { name: origin }, { Origin: origin })
    const mine = await create('http://localhost:8888')
    expect([mine.status, mine.headers.get('access-control-allow-origin')]).toEqual([200, 'http://localhost:8888'])
    const theirs = await create('https://evil.test')
    expect([theirs.status, await theirs.text()]).toEqual([403, 'Cross-origin request blocked'])
    const { experiments } = (await (await host.api('experiments/search', { max_results: 10 })).json()) as {
      experiments: { name: string }[]
    }
    expect(experiments.map(({ name }) => name).sort()).toEqual(['Default', 'http://localhost:8888'])
  })

  it('[HO13] without a part of it, says so at once instead of having clients wait', async () => {
    const noProxy = await start('--no-serve-artifacts')
    const list = await fetch(`${noProxy.address}/api/2.0/mlflow-artifacts/artifacts`)
    expect([list.status, await list.json()]).toMatchObject([501, { error_code: 'NOT_IMPLEMENTED' }])
    expect((await noProxy.api('experiments/create', { name: 'x' })).status).toBe(200)

    const onlyProxy = await start('--artifacts-only')
    expect((await onlyProxy.api('experiments/create', { name: 'x' })).status).toBe(501)
    expect((await fetch(`${onlyProxy.address}/api/2.0/mlflow-artifacts/artifacts`)).status).toBe(200)
    for (const path of ['/health', '/api/3.0/mlflow/server-info'])
      expect((await fetch(onlyProxy.address + path)).status).toBe(200)
  })

  it('[HO14] --default-artifact-root is where new experiments keep their artifacts', async () => {
    const host = await start('--default-artifact-root', './files')
    const { experiment_id: id } = (await (await host.api('experiments/create', { name: 'x' })).json()) as {
      experiment_id: string
    }
    const answer = (await (await host.api(`experiments/get?experiment_id=${id}`)).json()) as {
      experiment: { artifact_location: string }
    }
    expect(answer.experiment.artifact_location).toBe(`${host.folder}/files/${id}`)
  })

  it('[HO15] a flood from one address is told when to come again', async () => {
    const host = await start('--rate-limit', '1')
    const statuses: number[] = []
    for (let count = 0; count < 6; count++) statuses.push((await fetch(`${host.address}/health`)).status)
    expect(statuses).toEqual([200, 200, 200, 200, 429, 429])
  })

  it('[HO16] headers without end are refused, and the host goes on', async () => {
    const host = await start()
    const refused = await new Promise<number>((resolve, reject) => {
      request(host.address, { headers: { 'X-Long': 'x'.repeat(64 * 1024) } }, (response) => {
        response.resume()
        resolve(response.statusCode ?? 0)
      })
        .on('error', reject)
        .end()
    })
    expect(refused).toBe(431)
    expect((await fetch(`${host.address}/health`)).status).toBe(200)
  })

  it('[HO17] what it keeps is there for the next host on the folder, and one at a time has it', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'runnel-data-'))
    ends.push(() => rm(folder, { recursive: true, force: true }))
    const first = await startNodeHost(['--data', folder])
    ends.push(first.end)
    await first.api('experiments/create', { name: 'kept' })
    await expect(startNodeHost(['--data', folder])).rejects.toThrow(`${first.address}) has`)
    await first.close()
    const second = await startNodeHost(['--data', folder])
    ends.push(second.end)
    expect((await second.api('experiments/get-by-name?experiment_name=kept')).status).toBe(200)
  })

  it('[HO18] the artifacts of another database are not touched', async () => {
    const first = await start()
    await first.close()
    const place = join(first.folder, 'runnel-data', 'artifacts')
    await expect(startNodeHost(['--artifacts-destination', place])).rejects.toThrow(/belong to another database/)
    const same = await startNodeHost(['--data', join(first.folder, 'runnel-data')])
    ends.push(same.end)
  })

  const says = async (host: NodeHost, head: string): Promise<string> => {
    const { hostname, port } = new URL(host.address)
    const socket = connect(Number(port), hostname)
    socket.end(Buffer.from(`${head}\r\nConnection: close\r\n\r\n`, 'latin1'))
    return (await socket.toArray()).join('')
  }

  it('[HO21] answers what the gate has judged: no path is smuggled in with the Host', async () => {
    // As long as its host name once that is in ASCII, which is what the library that makes the Request looks at.
    const smuggled = `${Array(9).fill('\xe4').join('.')}/api/2.0/mlflow/experiments/search?max_results=3&x=xxx`
    const host = await start('--token', 'secret', '--allowed-hosts', '*')
    for (const method of ['GET', 'POST'])
      expect(await says(host, `${method} /health HTTP/1.1\r\nHost: ${smuggled}`)).toMatch(/^HTTP\/1.1 403 /)
  })

  it('[HO22] nor with `..`, around what is switched off', async () => {
    const host = await start('--artifacts-only')
    const climb = '/api/2.0/mlflow-artifacts/../mlflow/experiments/search?max_results=1'
    expect(await says(host, `GET ${climb} HTTP/1.1\r\nHost: localhost`)).toMatch(/^HTTP\/1.1 501 /)
    expect(await says(host, `GET /x/..${climb} HTTP/1.1\r\nHost: localhost`)).toMatch(/^HTTP\/1.1 400 /)
  })

  it('[HO19] closes while clients hold connections open, one that has said nothing among them', async () => {
    const host = await start()
    const { hostname, port } = new URL(host.address)
    const silent = connect(Number(port), hostname)
    await once(silent, 'connect')
    await fetch(`${host.address}/health`)
    const started = performance.now()
    await host.close()
    expect(performance.now() - started).toBeLessThan(3000)
    silent.destroy()
  })
})

describe('the process', () => {
  const spawnHost = (folder: string, args: readonly string[]): { child: ChildProcess; output: () => string } => {
    const child = spawn(process.execPath, [main, 'server', '--port', '0', '--data', folder, ...args], {
      cwd: folder,
      env: { ...process.env, RUNNEL_OUT: folder }
    })
    ends.push(() => Promise.resolve(child.kill('SIGKILL')))
    let output = ''
    for (const stream of [child.stdout, child.stderr])
      stream.on('data', (chunk: Buffer) => (output += chunk.toString()))
    return { child, output: () => output }
  }

  it('[HO20] prints snippets, and loses nothing it acknowledged to SIGTERM', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'runnel-data-'))
    ends.push(() => rm(folder, { recursive: true, force: true }))
    const { child, output } = spawnHost(folder, ['--token', 'auto'])
    await expect.poll(output, { timeout: 20_000 }).toMatch(/Press Ctrl\+C/)
    const [, address = '', token = ''] = /(http:\S+)\/#token=(\S+)/.exec(output()) ?? []
    for (const snippet of [`mlflow.set_tracking_uri("${address}")`, `import("${address}/runnel.js")`, folder])
      expect(output()).toContain(snippet)
    // The token is in the link alone.
    expect(output().split(token)).toHaveLength(2)

    const names = new Set<string>()
    const exited = once(child, 'exit')
    const log = async (worker: number): Promise<void> => {
      for (let count = 0; ; count++) {
        const name = `${worker}-${count}`
        const response = await fetch(`${address}/api/2.0/mlflow/experiments/create`, {
          method: 'POST',
          headers: { 'Content-Type': 'application/json', Authorization: `Bearer ${token}` },
          body: JSON.stringify({ name })
        })
        if (response.ok) names.add(name)
      }
    }
    const workers = Promise.allSettled([1, 2, 3, 4].map(log))
    await expect.poll(() => names.size, { timeout: 20_000 }).toBeGreaterThan(50)
    child.kill('SIGTERM')
    expect(await exited).toEqual([0, null])
    await workers

    const again = await startNodeHost(['--data', folder])
    ends.push(again.end)
    const answer = (await (await again.api('experiments/search', { max_results: 50_000 })).json()) as {
      experiments: { name: string }[]
    }
    const kept = new Set(answer.experiments.map(({ name }) => name))
    expect([...names].filter((name) => !kept.has(name))).toEqual([])
    // Nothing is left that would need a second file.
    expect((await readFile(join(folder, 'runnel.db'))).byteLength).toBeGreaterThan(0)
  })

  it('[HO23] goes on when nobody reads what it prints', async () => {
    for (const stream of ['stdout', 'stderr'] as const) {
      const child = spawn(process.execPath, [main, ...(stream === 'stdout' ? ['--help'] : ['nothing'])])
      child[stream].destroy()
      const other = child[stream === 'stdout' ? 'stderr' : 'stdout'].toArray()
      expect(await once(child, 'exit')).toEqual([stream === 'stdout' ? 0 : 2, null])
      expect(await other).toEqual([])
    }
  })

  it('[HO24] says which folder it cannot make', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'runnel-data-'))
    ends.push(() => rm(folder, { recursive: true, force: true }))
    const file = join(folder, 'a-file')
    await writeFile(file, '')
    await expect(startNodeHost(['--data', file])).rejects.toMatchObject({
      code: 'PERMISSION_DENIED',
      message: expect.stringContaining(join(file, 'artifacts')) as string
    })
  })
})
