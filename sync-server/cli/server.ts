import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { RunnelError } from '#lib/domain/errors.ts'
import { parseServer, type HostConfig } from '../config.ts'
import { greeting } from '../greeting.ts'
import { openHost, type Host } from '../host.ts'
import { serverOptions } from '../server-options.ts'
import type { Command } from './command.ts'
import type { Io } from './io.ts'

export const server: Command = {
  summary: 'Serve the pages, MLflow’s REST API and a store, until Ctrl+C.',
  flags: serverOptions,
  run: async (args, io) => serve(parseServer(args, io.env, io.cwd), io)
}

const serve = async (config: HostConfig, io: Io): Promise<number> => {
  checkSite(config, io)
  // Heard from the first moment: a host that is told to stop while it opens stops once it has.
  const asked = askedToStop()
  const failed = Promise.withResolvers<string>()
  const host = await openHost(config, failed.resolve).catch((error: NodeJS.ErrnoException) => {
    throw listenProblem(error, config) ?? tlsProblem(error, config) ?? error
  })
  io.out(greeting(host.address, config))
  const failure = await Promise.race([asked, failed.promise])
  if (failure !== null) io.err(`${failure}\nRunnel stops. What was acknowledged is safe.\n`)
  await closeOrSay(host, io)
  return failure === null ? 0 : 1
}

/** Without the pages the API is still there; without both there is nothing. */
const checkSite = ({ folder, store }: HostConfig, io: Io): void => {
  if (existsSync(join(folder, 'index.html'))) return
  const problem = `There is no built site in ${folder}. Run npm start, or npm run build first.`
  if (store === null) throw new RunnelError('RESOURCE_DOES_NOT_EXIST', problem)
  io.err(`${problem}\n`)
}

/** Resolves with null at the first SIGINT or SIGTERM. */
const askedToStop = (): Promise<null> =>
  new Promise((resolve) => {
    // A terminal sends Ctrl+C to the whole group and npm forwards it: the second one must not cut the first short.
    for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => resolve(null))
  })

const closeOrSay = async (host: Host, io: Io): Promise<void> => {
  try {
    await host.close()
  } catch (error) {
    io.err(`Closing failed: ${error instanceof Error ? error.message : String(error)}\n`)
    throw error
  }
}

const listenProblem = (error: NodeJS.ErrnoException, { host, port }: HostConfig): RunnelError | null => {
  if (error.syscall !== 'listen' && error.syscall !== 'getaddrinfo') return null
  const sentence =
    error.code === 'EADDRINUSE'
      ? `Port ${port} is already in use. Choose another: --port ${port + 1}`
      : error.code === 'EACCES'
        ? `Port ${port} needs more rights. Choose another: --port 5000`
        : `Cannot listen on ${host}, port ${port}: ${error.message}. Choose another address with --host or --port.`
  return new RunnelError('INVALID_STATE', sentence)
}

const tlsProblem = (error: NodeJS.ErrnoException, { tls }: HostConfig): RunnelError | null =>
  tls === null || !/^ERR_(OSSL|SSL)/.test(error.code ?? '')
    ? null
    : new RunnelError(
        'INVALID_STATE',
        `${tls.certFile} and ${tls.keyFile} are no certificate and its key: ${error.message}`
      )
