import { dirname, join, resolve } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { HOST } from '#lib/domain/limits.ts'
import type { GateConfig } from './gate/gate.ts'
import type { RoomBounds } from './relay/room-history.ts'
import { serverOptions, type ServerFlags } from './server-options.ts'
import { newToken } from './gate/token.ts'
import { UsageError, parseFlags } from './cli/flags.ts'

/** Where a store is kept. Absolute paths. */
export interface StorePlace {
  readonly databaseFile: string
  /** What is too large for the database. */
  readonly artifactFolder: string
  /** Where new experiments keep artifacts instead, written by clients: a path or `file:` URI. Null: in the folder, through the host. */
  readonly artifactRoot: string | null
}

export interface TlsFiles {
  readonly certFile: string
  readonly keyFile: string
}

/** What a host is to be. */
export interface HostConfig {
  readonly host: string
  readonly port: number
  /** Where certificate and key lie, absolute; null for plain HTTP. */
  readonly tls: TlsFiles | null
  /** The built site. */
  readonly folder: string
  /** Null: pages only, with the store in each browser. */
  readonly store: StorePlace | null
  readonly gate: GateConfig
  /** How large rooms may grow; SYNC says unless this does. */
  readonly rooms?: RoomBounds
  readonly artifacts: {
    /** Whether the proxy is there for clients without access to the place of the artifacts. */
    readonly serve: boolean
    /** Whether nothing else is. */
    readonly only: boolean
  }
  /** The token was made here, so nobody knows it yet. */
  readonly isTokenNew: boolean
}

export type Env = Readonly<Record<string, string | undefined>>

/**
 * Read the flags of `runnel server`, and the variables MLflow reads for the same.
 *
 * cwd    what relative paths start from
 * fails  with a UsageError: one sentence for the reader
 */
export const parseServer = (args: readonly string[], env: Env, cwd: string): HostConfig => {
  const flags = parseFlags(args, serverOptions, env)
  const host = flags.host ?? '127.0.0.1'
  const said = flags.token ?? env['RUNNEL_TOKEN']
  const token = readToken(said)
  if (!isLoopback(host) && token === null)
    throw new UsageError(
      `--host ${host} lets others on the network in, so it needs a token: add --token auto, or --token and one of your own.`
    )
  return {
    host,
    port: readWhole('--port', flags.port, 5000, 65_535),
    tls: readTls(flags, cwd),
    folder: siteFolder(env),
    store: flags['pages-only'] ? null : storePlace(flags, cwd, flags['serve-artifacts'] ?? true),
    gate: {
      allowedHosts: flags['allowed-hosts'] === undefined ? null : readList(flags['allowed-hosts']),
      allowedOrigins: readList(flags['cors-allowed-origins'] ?? ''),
      token,
      rate: readRate(flags['rate-limit'])
    },
    artifacts: readArtifacts(flags),
    isTokenNew: said === AUTO
  }
}

/**
 * Where the store of a command is: `--backend-store-uri` and `--artifacts-destination`, else `--data`, else runnel-data/ here.
 *
 * isProxied  whether clients may send artifacts through the host
 * fails      with a UsageError for what this store cannot be
 */
export const storePlace = (
  flags: Pick<ServerFlags, 'data' | 'backend-store-uri' | 'artifacts-destination' | 'default-artifact-root'>,
  cwd: string,
  isProxied = true
): StorePlace => {
  const uri = flags['backend-store-uri']
  const databaseFile =
    uri === undefined ? join(resolve(cwd, flags.data ?? 'runnel-data'), 'runnel.db') : sqliteFile(uri, cwd)
  const destination = flags['artifacts-destination']
  const artifactFolder =
    destination === undefined
      ? join(dirname(databaseFile), 'artifacts')
      : localFolder('--artifacts-destination', destination, cwd)
  return { databaseFile, artifactFolder, artifactRoot: readRoot(flags['default-artifact-root'], cwd, isProxied) }
}

/** The folder of the built site, absolute: the same wherever the command is started from. */
export const siteFolder = (env: Env): string => resolve(packageFolder, env['RUNNEL_OUT'] ?? 'build')

/** Of this program, where `npm install` can take it from: in the registry its name belongs to another. */
export const packageFolder = resolve(fileURLToPath(new URL('..', import.meta.url)))

export const isLoopback = (host: string): boolean => ['127.0.0.1', 'localhost', '::1'].includes(host)

/** In place of a token: make one. */
const AUTO = 'auto'

const readToken = (token: string | undefined): string | null => {
  if (token === undefined) return null
  if (token === AUTO) return newToken()
  if (!/^[!-~]+$/.test(token) || token.length > HOST.tokenLength)
    throw new UsageError('--token must be of letters, digits and signs, without blanks.')
  return token
}

const readTls = (flags: ServerFlags, cwd: string): TlsFiles | null => {
  const [cert, key] = [flags['tls-cert'], flags['tls-key']]
  if (cert === undefined && key === undefined) return null
  if (cert === undefined || key === undefined)
    throw new UsageError('HTTPS takes both: --tls-cert with the certificate, and --tls-key with its key.')
  return { certFile: resolve(cwd, cert), keyFile: resolve(cwd, key) }
}

const readArtifacts = (flags: ServerFlags): HostConfig['artifacts'] => {
  const serve = flags['serve-artifacts'] ?? true
  const only = flags['artifacts-only'] ?? false
  if (only && !serve) throw new UsageError('--artifacts-only and --no-serve-artifacts leave nothing to serve.')
  return { serve, only }
}

/** Without the proxy MLflow's default is ./mlruns, which clients and server must both see. */
const readRoot = (place: string | undefined, cwd: string, isProxied: boolean): string | null => {
  if (place === undefined) return isProxied ? null : resolve(cwd, 'mlruns')
  if (/^mlflow-artifacts:\/*$/.test(place)) return null
  const folder = localFolder('--default-artifact-root', place, cwd)
  // As MLflow does: a URI stays one, a path becomes absolute.
  return place.startsWith('file:') ? pathToFileURL(folder).href : folder
}

/** `sqlite:///relative.db`, `sqlite:////absolute.db`, as SQLAlchemy writes them. */
const sqliteFile = (uri: string, cwd: string): string => {
  const [, path = ''] = /^sqlite(?:\+\w+)?:\/\/\/(.+)$/.exec(uri) ?? []
  if (path === '' || path.startsWith(':memory:') || path.includes('?'))
    throw new UsageError(`--backend-store-uri must be sqlite:/// and the path of a file, not "${uri}".`)
  return resolve(cwd, path)
}

const localFolder = (flag: string, place: string, cwd: string): string => {
  if (place.startsWith('file:')) {
    try {
      return fileURLToPath(new URL(place, pathToFileURL(`${cwd}/`)))
    } catch {
      throw new UsageError(`${flag} must be a folder of this machine, not "${place}".`)
    }
  }
  // A drive letter is no scheme.
  if (place === '' || /^[a-z][a-z0-9+.-]+:/i.test(place))
    throw new UsageError(`${flag} must be a folder of this machine, not "${place}".`)
  return resolve(cwd, place)
}

const readList = (text: string): readonly string[] =>
  text
    .split(',')
    .map((part) => part.trim())
    .filter((part) => part !== '')

const readRate = (text: string | undefined): GateConfig['rate'] => {
  const perSecond = readWhole('--rate-limit', text, HOST.requestsPerSecond, 1_000_000)
  const burstPerRate = HOST.burstRequests / HOST.requestsPerSecond
  return { perSecond, burst: perSecond * burstPerRate }
}

const readWhole = (flag: string, text: string | undefined, otherwise: number, most: number): number => {
  if (text === undefined) return otherwise
  const number = /^\d{1,7}$/.test(text) ? Number(text) : NaN
  if (!(number <= most)) throw new UsageError(`${flag} must be a whole number from 0 to ${most}, not "${text}".`)
  return number
}
