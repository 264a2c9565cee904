import { fileURLToPath } from 'node:url'
import { resolve } from 'node:path'
import { parseArgs } from 'node:util'

/** What the command line asked for. */
export type Config =
  | { readonly kind: 'serve'; readonly host: string; readonly port: number; readonly folder: string }
  | { readonly kind: 'help' }
  | { readonly kind: 'refused'; readonly reason: string }

export const defaultPort = 5000
export const defaultHost = '127.0.0.1'

/** Names that can only mean this machine: the page's origin must not be reachable by anybody else. */
const loopbackHosts = ['127.0.0.1', 'localhost', '::1']

export const helpText = `Serve Runnel from this machine.

  npm start [-- OPTIONS]

  --port N      the port to listen on, 0 for any free one (default ${defaultPort})
  --host NAME   the address to listen on: ${loopbackHosts.join(', ')} (default ${defaultHost})
  --help        print this
`

/**
 * Read the command line.
 *
 * args     what follows the script's name
 * env      RUNNEL_OUT: the folder of the built site, when it is not build/
 * returns  what to do; a wrong flag is 'refused' with one sentence for the reader
 * fails    never
 */
export const parseConfig = (args: readonly string[], env: Readonly<Record<string, string | undefined>>): Config => {
  const flags = readFlags(args)
  if ('reason' in flags) return { kind: 'refused', reason: flags.reason }
  if (flags.help) return { kind: 'help' }
  const host = flags.host ?? defaultHost
  if (!loopbackHosts.includes(host)) {
    return {
      kind: 'refused',
      reason: `--host must be one of ${loopbackHosts.join(', ')}, not "${host}": listening on a network needs access tokens, which come with the host's own store.`
    }
  }
  const port = parsePort(flags.port)
  if (port === undefined) {
    return { kind: 'refused', reason: `--port must be a whole number from 0 to 65535, not "${flags.port ?? ''}".` }
  }
  return { kind: 'serve', host, port, folder: siteFolder(env) }
}

/** The folder of the built site, absolute: the same wherever the command is started from. */
export const siteFolder = (env: Readonly<Record<string, string | undefined>>): string =>
  resolve(fileURLToPath(new URL('..', import.meta.url)), env['RUNNEL_OUT'] ?? 'build')

interface Flags {
  readonly help?: boolean | undefined
  readonly host?: string | undefined
  readonly port?: string | undefined
}

const readFlags = (args: readonly string[]): Flags | { readonly reason: string } => {
  try {
    return parseArgs({
      args: [...args],
      options: { help: { type: 'boolean', short: 'h' }, host: { type: 'string' }, port: { type: 'string' } }
    }).values
  } catch (error) {
    return { reason: `${error instanceof Error ? error.message : String(error)}. See --help.` }
  }
}

const parsePort = (text: string | undefined): number | undefined => {
  if (text === undefined) return defaultPort
  const port = /^\d{1,5}$/.test(text) ? Number(text) : NaN
  return port <= 65_535 ? port : undefined
}
