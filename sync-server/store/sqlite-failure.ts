import { RunnelError } from '#lib/domain/errors.ts'

/** SQLite's primary result codes we tell apart: https://sqlite.org/rescode.html */
const SQLITE_BUSY = 5
const SQLITE_READONLY = 8
const SQLITE_IOERR = 10
const SQLITE_CORRUPT = 11
const SQLITE_FULL = 13
const SQLITE_CANTOPEN = 14
const SQLITE_NOTADB = 26

const SAFE = 'so this was not kept; what was acknowledged before is safe'

const SENTENCES: Readonly<Record<number, string>> = {
  [SQLITE_BUSY]: `Another program holds Runnel's database, ${SAFE}. Close what else has the file open, then try again.`,
  [SQLITE_READONLY]: `Runnel's database cannot be written, ${SAFE}. Check the rights on the data folder, then try again.`,
  [SQLITE_IOERR]: `The disk failed, ${SAFE}. Check the disk of the data folder, then try again.`,
  [SQLITE_CORRUPT]: `Runnel's database is damaged, ${SAFE}. Stop Runnel, keep a copy of the data folder and restore a backup.`,
  [SQLITE_CANTOPEN]: `Runnel's database cannot be opened, ${SAFE}. Check the rights on the data folder, then try again.`,
  [SQLITE_NOTADB]: `Runnel's database is damaged, ${SAFE}. Stop Runnel, keep a copy of the data folder and restore a backup.`
}

const OUT_OF_ROOM = `The disk of the data folder is full, ${SAFE}. Free disk space, then log again.`

/**
 * What SQLite throws for reasons outside the program, as failures that say what to do next; null for anything else, which is ours to
 * mend.
 */
export function sqliteFailure(cause: unknown): RunnelError | null {
  if (cause instanceof RunnelError) return cause
  if (!(cause instanceof Error)) return null
  const { errcode } = cause as Error & { readonly errcode?: unknown }
  if (typeof errcode !== 'number') return null
  // The low byte is the primary code, the rest says more of it.
  const primary = errcode & 0xff
  if (primary === SQLITE_FULL) return new RunnelError('RESOURCE_EXHAUSTED', OUT_OF_ROOM, { cause })
  const sentence = SENTENCES[primary]
  return sentence === undefined ? null : new RunnelError('TEMPORARILY_UNAVAILABLE', sentence, { cause })
}
