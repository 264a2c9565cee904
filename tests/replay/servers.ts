/** The two servers of a replay, each empty, on a free port of loopback. */
import { spawn } from 'node:child_process'
import { mkdtemp, realpath, rm } from 'node:fs/promises'
import { createServer, type AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createApi } from '#lib/api/app.ts'
import { listen } from '../../sync-server/listen.ts'
import { Store } from '#lib/store/store.ts'
import { createEngine, MemoryBlobs, MemoryJournal } from '../support/engines.ts'
import type { Surroundings } from './normal-form.ts'

export interface Server extends Surroundings {
  readonly stop: () => Promise<void>
}

const startMs = 240_000

/** `program`: MLflow's, of the environment that npm test makes. */
export async function startMlflow(program: string): Promise<Server> {
  const folder = await realpath(await mkdtemp(join(tmpdir(), 'runnel-mlflow-')))
  const port = await freePort()
  const child = spawn(program, ['server', '--host', '127.0.0.1', '--port', String(port), '--workers', '1'], {
    cwd: folder,
    // Its job runner is another Python that starts beside it, for what is out of scope here.
    env: {
      ...process.env,
      MLFLOW_DISABLE_TELEMETRY: 'true',
      DO_NOT_TRACK: 'true',
      MLFLOW_SERVER_ENABLE_JOB_EXECUTION: 'false'
    },
    stdio: ['ignore', 'pipe', 'pipe'],
    // A group of its own: the server is a child of the command.
    detached: process.platform !== 'win32'
  })
  let output = ''
  for (const stream of [child.stdout, child.stderr])
    stream.on('data', (chunk: Buffer) => (output = (output + chunk.toString()).slice(-4000)))
  const exit = new Promise<void>((resolve) => child.once('close', () => resolve()))
  const stop = async (): Promise<void> => {
    if (child.exitCode === null && child.pid !== undefined) {
      if (process.platform === 'win32') child.kill()
      else process.kill(-child.pid, 'SIGTERM')
    }
    await exit
    await rm(folder, { recursive: true, force: true })
  }
  const origin = `http://127.0.0.1:${port}`
  const end = Date.now() + startMs
  while (!(await isHealthy(origin))) {
    if (child.exitCode !== null || Date.now() > end) {
      await stop()
      throw new Error(`mlflow server did not start:\n${output}`)
    }
    await new Promise((resolve) => setTimeout(resolve, 100))
  }
  return { origin, folder, stop }
}

export async function startRunnel(): Promise<Server> {
  const engine = createEngine('node:sqlite')
  const journal = new MemoryJournal(() => createEngine('node:sqlite'))
  const store = await Store.open({ engine, journal, blobs: new MemoryBlobs(Date.now) })
  const app = createApi(store, { version: '0' })
  const { port, close } = await listen((request) => app.fetch(request), { host: '127.0.0.1', port: 0 })
  return { origin: `http://127.0.0.1:${port}`, folder: '/runnel', stop: close }
}

async function isHealthy(origin: string): Promise<boolean> {
  try {
    return (await fetch(`${origin}/health`)).ok
  } catch {
    return false
  }
}

const freePort = (): Promise<number> =>
  new Promise((resolve, reject) => {
    const server = createServer()
    server.once('error', reject)
    server.listen(0, '127.0.0.1', () => {
      const { port } = server.address() as AddressInfo
      server.close(() => resolve(port))
    })
  })
