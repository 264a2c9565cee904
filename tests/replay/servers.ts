/** The two servers of a replay, each empty, on a free port of loopback. */
import { spawn } from 'node:child_process'
import { mkdtemp, realpath, rm } from 'node:fs/promises'
import { createServer, type AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { startFullHost } from '../support/full-host.ts'
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

/** As `runnel server` starts it. What it says never holds the folder, which is why it need not be known. */
export async function startRunnel(): Promise<Server> {
  const { origin, stop } = await startFullHost()
  return { origin, folder: '/unknown', stop }
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
