import { parseArgs } from 'node:util'

/** The command line is wrong: one sentence for the reader, and exit code 2. */
export class UsageError extends Error {}

/** One flag of a command. */
export interface Flag {
  /** What stands for its value in the help; none for a switch. */
  readonly value?: string
  readonly short?: string
  /** One line of help. */
  readonly help: string
  /** The variable that is read when the flag is not given: MLflow's name for it. */
  readonly env?: string
  /** A switch with `--no-` before it, too. */
  readonly negatable?: boolean
  readonly required?: boolean
}

export type Flags = Readonly<Record<string, Flag>>

/** Flags as they were given: the text of those with a value, true or false of switches, undefined of what nobody said. */
export type Given<F extends Flags> = {
  readonly [Name in keyof F]: F[Name] extends { readonly value: string }
    ? F[Name] extends { readonly required: true }
      ? string
      : string | undefined
    : boolean | undefined
}

type EnvVariables = Readonly<Record<string, string | undefined>>

/**
 * Read the flags of a command; words that are no flags are refused.
 *
 * fails  with a UsageError
 */
export const parseFlags = <F extends Flags>(args: readonly string[], flags: F, env: EnvVariables): Given<F> => {
  const values = parseWords(args, flags)
  const given: Record<string, string | boolean | undefined> = {}
  for (const [name, flag] of Object.entries(flags)) {
    given[name] = values[name] ?? fromEnv(flag, env)
    if (flag.required && given[name] === undefined) throw new UsageError(`--${name} is missing.`)
  }
  return given as Given<F>
}

const parseWords = (args: readonly string[], flags: Flags): Readonly<Record<string, string | boolean | undefined>> => {
  try {
    return parseArgs({
      args: [...args],
      allowNegative: Object.values(flags).some(({ negatable }) => negatable === true),
      options: Object.fromEntries(
        Object.entries(flags).map(([name, { value, short }]) => [
          name,
          { type: value === undefined ? 'boolean' : 'string', ...(short !== undefined && { short }) } as const
        ])
      )
    }).values
  } catch (error) {
    throw new UsageError(error instanceof Error ? firstSentence(error.message) : String(error))
  }
}

/** Node adds how to pass what looks like a flag; here the help says what there is. */
const firstSentence = (text: string): string => `${text.split(/\.(?:\s|$)/, 1)[0] ?? text}.`

/** An empty variable is none, as with MLflow. */
const fromEnv = ({ env: name, value }: Flag, env: EnvVariables): string | boolean | undefined => {
  const text = name === undefined ? undefined : env[name]
  if (text === undefined || text === '') return undefined
  if (value !== undefined) return text
  if (['1', 'true', 't', 'yes', 'y', 'on'].includes(text.toLowerCase())) return true
  if (['0', 'false', 'f', 'no', 'n', 'off'].includes(text.toLowerCase())) return false
  throw new UsageError(`${name} must be true or false, not "${text}".`)
}
