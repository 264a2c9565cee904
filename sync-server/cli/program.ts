/** The `runnel` command: which word means what, and how it ends. */
import { RunnelError } from '#lib/domain/errors.ts'
import { VERSION } from '../version.ts'
import { columns, runCommand, runInGroup, type Command, type CommandGroup } from './command.ts'
import { UsageError } from './flags.ts'
import type { Io } from './io.ts'

interface Entry {
  readonly summary: string
  /** Loaded when it is asked for: a host should not wait for code it does not run. */
  readonly load: () => Promise<Command | CommandGroup>
}

const entries: Readonly<Record<string, Entry>> = {
  server: { summary: 'serve the pages, the API and a store', load: async () => (await import('./server.ts')).server },
  experiments: {
    summary: 'create, find, rename, delete and restore experiments',
    load: async () => (await import('./experiments.ts')).experiments
  },
  runs: { summary: 'list, describe, delete and restore runs', load: async () => (await import('./runs.ts')).runs },
  artifacts: {
    summary: 'log, list and download artifacts of a run',
    load: async () => (await import('./artifacts.ts')).artifacts
  },
  gc: { summary: 'delete for good what is in the trash', load: async () => (await import('./gc.ts')).gc }
}

/**
 * Run the words of a command line.
 *
 * returns  the exit code: 0 when it was done, 1 when it could not be, 2 when the words are wrong
 */
export const runProgram = async (words: readonly string[], io: Io): Promise<number> => {
  try {
    return await dispatch(words, io)
  } catch (error) {
    if (error instanceof UsageError) {
      io.err(`${error.message}\n`)
      return 2
    }
    // A failure of ours is one line here, and all of it for whoever mends it.
    io.err(
      `${error instanceof RunnelError || io.env['RUNNEL_DEBUG'] === undefined ? messageOf(error) : describe(error)}\n`
    )
    return 1
  }
}

const dispatch = async ([name, ...args]: readonly string[], io: Io): Promise<number> => {
  if (name === '--version') {
    io.out(`runnel ${VERSION}\n`)
    return 0
  }
  if (name === undefined || name === '--help' || name === 'help') {
    io.out(help())
    return name === undefined ? 2 : 0
  }
  const entry = Object.hasOwn(entries, name) ? entries[name] : undefined
  if (entry === undefined) throw new UsageError(`There is no command "${name}". See runnel --help.`)
  const found = await entry.load()
  return 'commands' in found
    ? runInGroup(found, `runnel ${name}`, args, io)
    : runCommand(found, `runnel ${name}`, args, io)
}

const help = (): string =>
  `Runnel ${VERSION}: MLflow’s tracking server, store and pages in one program.\n\n  runnel COMMAND [FLAGS]\n\n${columns(
    Object.entries(entries).map(([name, { summary }]) => [name, summary])
  )}\nAdd --help to a command for its flags. --version prints the version.\n`

const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error))
const describe = (error: unknown): string => (error instanceof Error ? (error.stack ?? error.message) : String(error))
