/** What a command has of the world it runs in, so that a test can give it another. */
export interface Io {
  readonly env: Readonly<Record<string, string | undefined>>
  readonly cwd: string
  /** Results, as they are. */
  readonly out: (text: string) => void
  /** Everything else: what went wrong, what goes on. */
  readonly err: (text: string) => void
  /** Columns of the terminal results go to; null when they go to a file or another program. */
  readonly columns: number | null
  /** Whether somebody watches `err`. */
  readonly isWatched: boolean
}

export const processIo = (): Io => {
  for (const stream of [process.stdout, process.stderr]) stream.on('error', unlessNobodyReads)
  return {
    env: process.env,
    cwd: process.cwd(),
    out: (text) => process.stdout.write(text),
    err: (text) => process.stderr.write(text),
    columns: process.stdout.isTTY ? process.stdout.columns : null,
    isWatched: process.stderr.isTTY
  }
}

/** `| head` has read enough, or a terminal was closed: no failure of a command, and none that ends a host. */
const unlessNobodyReads = (error: NodeJS.ErrnoException): void => {
  if (error.code !== 'EPIPE' && error.code !== 'EIO') throw error
}
