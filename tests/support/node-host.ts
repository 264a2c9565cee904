import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseServer, type HostConfig } from '../../sync-server/config.ts'
import { openHost, type Host } from '../../sync-server/host.ts'

/** A host with a store of its own, on a folder that is its own too. */
export interface NodeHost extends Host {
  /** Everything it keeps is below this. */
  readonly folder: string
  readonly api: (operation: string, body?: unknown, headers?: Readonly<Record<string, string>>) => Promise<Response>
  /** Close it, to start it again on the same folder and port. */
  readonly stop: () => Promise<void>
  readonly startAgain: () => Promise<void>
  /** Close it and remove the folder. */
  readonly end: () => Promise<void>
}

/**
 * Start a host inside this process, on loopback and any free port.
 *
 * flags  of `runnel server`
 * site   the built site; a page that says `here` unless said
 * rooms  how large they may grow
 */
export const startNodeHost = async (
  flags: readonly string[] = [],
  site?: string,
  rooms?: HostConfig['rooms']
): Promise<NodeHost> => {
  const folder = await mkdtemp(join(tmpdir(), 'runnel-host-'))
  const pages = site ?? folder
  if (site === undefined) await writeFile(join(folder, 'index.html'), '<!doctype html>here')
  const failed = (reason: string): void => console.error(`the host failed: ${reason}`)
  const open = (port: number): Promise<Host> =>
    openHost(
      {
        ...parseServer(['--port', String(port), ...flags], { RUNNEL_OUT: pages }, folder),
        ...(rooms && { rooms })
      },
      failed
    )
  let host = await open(0)
  const { address, port } = host
  return {
    address,
    port,
    close: () => host.close(),
    stop: () => host.close(),
    startAgain: async () => {
      host = await open(port)
    },
    folder,
    api: (operation, body, headers = {}) =>
      fetch(`${host.address}/api/2.0/mlflow/${operation}`, {
        ...(body !== undefined && { method: 'POST', body: JSON.stringify(body) }),
        headers: { 'Content-Type': 'application/json', ...headers }
      }),
    end: async () => {
      await host.close()
      await rm(folder, { recursive: true, force: true })
    }
  }
}
