/**
 * Which file a store is kept in, and whether it is one: looked at before anything is written.
 */
import {
  accessSync,
  closeSync,
  constants,
  existsSync,
  lstatSync,
  mkdirSync,
  openSync,
  readSync,
  readlinkSync,
  realpathSync,
  statSync
} from 'node:fs'
import { basename, dirname, join, resolve } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { RunnelError } from '#lib/domain/errors.ts'
import { SCHEMA_VERSION } from '#lib/store/migrations.ts'

const MAGIC = 'SQLite format 3\0'

/**
 * The one path of a database file, links followed, its folder made and writable.
 * Fails with PERMISSION_DENIED or INVALID_STATE, and a sentence that says what to do.
 */
export function resolveStoreFile(databaseFile: string): string {
  let file = resolve(databaseFile)
  let folder = dirname(file)
  try {
    file = followLinks(file)
    folder = dirname(file)
    mkdirSync(folder, { recursive: true })
    accessSync(folder, constants.R_OK | constants.W_OK | constants.X_OK)
    if (existsSync(file)) accessSync(file, constants.R_OK | constants.W_OK)
  } catch (cause) {
    if (cause instanceof RunnelError) throw cause
    throw new RunnelError(
      'PERMISSION_DENIED',
      `Runnel cannot write ${existsSync(file) ? file : folder}. Give this user the right to, or choose another folder.`,
      { cause }
    )
  }
  return join(realpathSync(folder), basename(file))
}

/** A link may point to a file that is not there yet. */
function followLinks(file: string): string {
  for (let at = file, links = 0; ; links++) {
    const found = lstatSync(at, { throwIfNoEntry: false })
    if (!found?.isSymbolicLink()) return at
    if (links === 40) throw refused(`${file} is a link that leads to itself. Choose another file.`)
    at = resolve(dirname(at), readlinkSync(at))
  }
}

/**
 * Refuse what is no store of ours, or a newer one's; nothing is written. Not for a file that this process has open: to close a second
 * look would end the locks of the first.
 */
export function checkStoreFile(file: string): void {
  const found = statSync(file, { throwIfNoEntry: false })
  if (!found) return
  if (!found.isFile()) throw refused(`${file} is not a file. Choose another file for the database.`)
  // SQLite names its log after the file: under two names, two logs, and neither whole.
  if (found.nlink > 1)
    throw refused(
      `${file} has a second name (a hard link), and writing it would break both. Copy it to a file of its own.`
    )
  if (found.size === 0) return
  if (readStart(file) !== MAGIC)
    throw refused(`${file} is not a SQLite database. Choose another file, or move this one away.`)
  const { tables, version } = look(file)
  if (version !== null && version > SCHEMA_VERSION)
    throw refused(
      `${file} was written by a newer Runnel (schema ${version}, this one knows ${SCHEMA_VERSION}). Start that version, or a later one.`
    )
  if (tables.has('runnel_schema') || tables.size === 0) return
  if (tables.has('alembic_version'))
    throw refused(
      `${file} is a database of MLflow. Runnel leaves it as it is: choose another file for Runnel's own. Importing from MLflow comes later.`
    )
  throw refused(`${file} is a database of another program. Choose another file, or move this one away.`)
}

function readStart(file: string): string {
  const bytes = Buffer.alloc(MAGIC.length)
  const handle = openSync(file, 'r')
  try {
    readSync(handle, bytes, 0, bytes.length, 0)
  } finally {
    closeSync(handle)
  }
  return bytes.toString('latin1')
}

/** Its tables, and its version if it is ours. Read only, so that a stranger's file is not even tidied. */
function look(file: string): { readonly tables: ReadonlySet<string>; readonly version: number | null } {
  let db: DatabaseSync | null = null
  try {
    db = new DatabaseSync(file, { readOnly: true })
    const names = db.prepare(`select name from sqlite_master where type = 'table'`).all()
    const tables = new Set(names.map(({ name }) => String(name)))
    const row = tables.has('runnel_schema') ? db.prepare('select version from runnel_schema').get() : undefined
    return { tables, version: row ? Number(row['version']) : null }
  } catch (cause) {
    throw new RunnelError(
      'INVALID_STATE',
      `${file} cannot be read as a database (${cause instanceof Error ? cause.message : 'unknown error'}). Restore a backup, or choose another file.`,
      { cause }
    )
  } finally {
    db?.close()
  }
}

const refused = (sentence: string): RunnelError => new RunnelError('INVALID_STATE', sentence)
