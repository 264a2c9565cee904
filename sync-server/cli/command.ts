import { UsageError, parseFlags, type Flags, type Given } from './flags.ts'
import type { Io } from './io.ts'

/** One command of the command line. */
export interface Command {
  readonly summary: string
  readonly flags: Flags
  /** Lines below the flags in its help. */
  readonly notes?: string
  /** Returns the exit code. Fails with UsageError, RunnelError, or what broke. */
  readonly run: (args: readonly string[], io: Io) => Promise<number>
}

/** Commands under one word: `runnel runs list`. */
export interface CommandGroup {
  readonly summary: string
  readonly commands: Readonly<Record<string, Command>>
}

/** A command whose flags are read before it runs. */
export const command = <F extends Flags>(parts: {
  readonly summary: string
  readonly flags: F
  readonly notes?: string
  readonly run: (given: Given<F>, io: Io) => Promise<void>
}): Command => ({
  ...parts,
  run: async (args, io) => {
    await parts.run(parseFlags(args, parts.flags, io.env), io)
    return 0
  }
})

/** Run a command of a group, or print its help. `path` is what was typed so far, for the help. */
export const runInGroup = async (
  group: CommandGroup,
  path: string,
  [name, ...args]: readonly string[],
  io: Io
): Promise<number> => {
  if (name === undefined || name === '--help') {
    io.out(groupHelp(path, group))
    return name === undefined ? 2 : 0
  }
  const found = Object.hasOwn(group.commands, name) ? group.commands[name] : undefined
  if (found === undefined) throw new UsageError(`There is no "${path} ${name}". See ${path} --help.`)
  return runCommand(found, `${path} ${name}`, args, io)
}

export const runCommand = async (found: Command, path: string, args: readonly string[], io: Io): Promise<number> => {
  if (args.includes('--help')) {
    io.out(commandHelp(path, found))
    return 0
  }
  try {
    return await found.run(args, io)
  } catch (error) {
    if (error instanceof UsageError) throw new UsageError(`${error.message} See ${path} --help.`)
    throw error
  }
}

const groupHelp = (path: string, { summary, commands }: CommandGroup): string =>
  `${summary}\n\n  ${path} COMMAND [FLAGS]\n\n${columns(
    Object.entries(commands).map(([name, { summary: line }]) => [name, line])
  )}\nAdd --help to a command for its flags.\n`

const commandHelp = (path: string, { summary, flags, notes }: Command): string => {
  const lines = Object.entries(flags).map(([name, { value, short, help, env, required }]): [string, string] => [
    `${short === undefined ? '' : `-${short}, `}--${name}${value === undefined ? '' : ` ${value}`}`,
    `${help}${required ? '; needed' : ''}${env === undefined ? '' : ` [${env}]`}`
  ])
  return `${summary}\n\n  ${path} [FLAGS]\n\n${columns([...lines, ['--help', 'print this']])}${notes === undefined ? '' : `\n${notes}\n`}`
}

/** Two columns, the first as wide as it has to be. */
export const columns = (rows: readonly (readonly [string, string])[]): string => {
  const width = Math.max(...rows.map(([left]) => left.length))
  return rows.map(([left, right]) => `  ${left.padEnd(width)}  ${right}\n`).join('')
}
