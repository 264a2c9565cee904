/**
 * One process per file: a store's database, or a folder of blobs.
 *
 *   runnel.db        what is held
 *   runnel.db.lock   an empty SQLite file in an exclusive transaction: the system lets go of it when the process dies, however it dies
 *   runnel.db.host   who holds it, for the message: JSON {pid, address}; means nothing by itself, and is left by a host that was killed
 *
 * The lock file stays: deleted, it could be held by one process while another makes it anew.
 */
import { readFileSync, rmSync, writeFileSync } from 'node:fs'
import { DatabaseSync } from 'node:sqlite'
import { RunnelError } from '#lib/domain/errors.ts'

export interface HeldLock {
  /** Say where this process answers, for whoever is refused. */
  announce(address: string): void
  release(): void
}

const SQLITE_BUSY = 5

const heldHere = new Set<string>()

/** Fails with INVALID_STATE when this very process holds the lock of `file`. */
export function refuseIfHeldHere(file: string): void {
  if (heldHere.has(file)) throw heldElsewhere(file, noteOf(file))
}

const noteOf = (file: string): string => `${file}.host`

/**
 * Take the lock of `file`, whose folder is there. Two names of one file have two locks: resolve them first.
 *
 * fails  with INVALID_STATE when another process, or this one, holds it, and with PERMISSION_DENIED when the folder cannot be written
 */
export function holdLock(file: string): HeldLock {
  refuseIfHeldHere(file)
  const note = noteOf(file)
  const lock = takeLock(file, note)
  heldHere.add(file)
  const announce = (address: string | null): void => {
    try {
      writeFileSync(note, JSON.stringify({ pid: process.pid, address }))
    } catch {
      // Only a message is poorer for it: a full disk must still open.
    }
  }
  announce(null)
  return {
    announce,
    release: () => {
      if (!heldHere.delete(file)) return
      try {
        rmSync(note, { force: true })
      } catch {
        // Only a message is poorer for it.
      }
      lock.close()
    }
  }
}

function takeLock(file: string, note: string): DatabaseSync {
  let lock: DatabaseSync | null = null
  try {
    lock = new DatabaseSync(`${file}.lock`)
    // Nothing is written in it, so no journal is made; the lock alone is wanted.
    lock.exec('pragma journal_mode = memory; begin exclusive')
    return lock
  } catch (cause) {
    lock?.close()
    if ((cause as { readonly errcode?: number }).errcode === SQLITE_BUSY) throw heldElsewhere(file, note, cause)
    throw new RunnelError(
      'PERMISSION_DENIED',
      `Runnel cannot write ${file}.lock. Give this user the right to write the folder, or choose another folder.`,
      { cause }
    )
  }
}

function heldElsewhere(file: string, note: string, cause?: unknown): RunnelError {
  const { pid, address } = readNote(note)
  const who = [...(pid === null ? [] : [`process ${pid}`]), ...(address === null ? [] : [address])].join(', ')
  return new RunnelError(
    'INVALID_STATE',
    `Another Runnel${who === '' ? '' : ` (${who})`} has ${file} open. Use that one, or stop it first, or choose another folder.`,
    { cause }
  )
}

function readNote(note: string): { readonly pid: number | null; readonly address: string | null } {
  try {
    const { pid, address } = JSON.parse(readFileSync(note, 'utf8')) as {
      readonly pid?: unknown
      readonly address?: unknown
    }
    return { pid: typeof pid === 'number' ? pid : null, address: typeof address === 'string' ? address : null }
  } catch {
    return { pid: null, address: null }
  }
}
