import { spawn, type ChildProcess } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

/** A Runnel with a store of its own, in a process of its own, as `runnel server` starts it. */
export interface FullHost {
  /** `http://127.0.0.1:PORT`, without a slash at the end; the same after `start()`. */
  readonly origin: string
  /** Kill the process at once (SIGKILL). The data folder stays. */
  readonly kill: () => Promise<void>
  /** Start it again on the same port and folder. */
  readonly start: () => Promise<void>
  /** Stop it, and remove its data. */
  readonly stop: () => Promise<void>
  /** Call a route of MLflow's REST API as a client outside the browser does. Fails with what the host said. */
  readonly call: <T>(path: string, body: unknown, method?: 'POST' | 'PATCH') => Promise<T>
  /** Put an artifact by its path below the artifact root. */
  readonly putArtifact: (path: string, bytes: string | Uint8Array<ArrayBuffer>) => Promise<void>
}

const main = fileURLToPath(new URL('../../sync-server/main.ts', import.meta.url))
const STARTS_WITHIN_MS = 30_000

/**
 * Start a host on loopback, with a data folder that is removed when it stops.
 *
 * token  what it asks for; nothing unless said
 */
export const startFullHost = async ({ token }: { readonly token?: string } = {}): Promise<FullHost> => {
  const data = await mkdtemp(join(tmpdir(), 'runnel-data-'))
  let { child, origin } = await launch(data, 0, token)
  const { port } = new URL(origin)
  const ask = async (path: string, init: RequestInit): Promise<Response> => {
    const headers = new Headers(init.headers)
    if (token !== undefined) headers.set('Authorization', `Bearer ${token}`)
    const response = await fetch(origin + path, { ...init, headers })
    if (!response.ok) throw new Error(`${path}: ${response.status} ${await response.text()}`)
    return response
  }
  return {
    get origin() {
      return origin
    },
    kill: () => end(child, 'SIGKILL'),
    start: async () => {
      ;({ child, origin } = await launch(data, Number(port), token))
    },
    stop: async () => {
      await end(child, 'SIGTERM')
      await rm(data, { recursive: true, force: true, maxRetries: 10, retryDelay: 100 })
    },
    call: async <T>(path: string, body: unknown, method = 'POST') => {
      const headers = { 'Content-Type': 'application/json' }
      const answer = await ask(`/api/2.0/mlflow/${path}`, { method, headers, body: JSON.stringify(body) })
      return (await answer.json()) as T
    },
    putArtifact: async (path, bytes) => {
      await ask(`/api/2.0/mlflow-artifacts/artifacts/${path}`, { method: 'PUT', body: bytes })
    }
  }
}

const launch = async (
  data: string,
  port: number,
  token: string | undefined
): Promise<{ readonly child: ChildProcess; readonly origin: string }> => {
  const args = ['server', '--port', String(port), '--data', data, ...(token === undefined ? [] : ['--token', token])]
  const child = spawn(process.execPath, [main, ...args], { stdio: ['ignore', 'pipe', 'pipe'] })
  const said: string[] = []
  return new Promise((resolve, reject) => {
    const giveUp = (why: string): void => {
      child.kill('SIGKILL')
      reject(new Error(`The host ${why}:\n${said.join('')}`))
    }
    const patience = setTimeout(() => giveUp('did not start'), STARTS_WITHIN_MS)
    const hear = (chunk: Buffer): void => {
      said.push(chunk.toString())
      const origin = /Runnel is at (http:\S+)/.exec(said.join(''))?.[1]
      if (origin === undefined) return
      clearTimeout(patience)
      resolve({ child, origin })
    }
    child.stdout.on('data', hear)
    child.stderr.on('data', hear)
    child.once('exit', () => giveUp('ended'))
  })
}

const end = async (child: ChildProcess, signal: NodeJS.Signals): Promise<void> => {
  if (child.exitCode !== null || child.signalCode !== null) return
  const ended = new Promise<void>((resolve) => child.once('exit', () => resolve()))
  child.kill(signal)
  await ended
}
