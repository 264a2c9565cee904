/**
 * What makes a commit last under node:sqlite: a sync of the write-ahead log, off the one thread, for all commits that wait.
 *
 *   commit (SQLite writes the log, syncs nothing) ─► append ─► queue ─► one fdatasync of the log for all that waits ─► acknowledged
 *
 * Invariants
 * - A commit is acknowledged by a sync that began after it, on the file that SQLite writes: that it still has its name is looked at
 *   with each sync, since a log that was deleted or replaced keeps nothing for the next start.
 * - A sync that failed is never tried again: the system may have dropped what it could not write, and would call the next one a
 *   success. From then on nothing is acknowledged, read or written; the host ends, and the next start goes by what the file holds.
 * - At opening, a log left by a host that died is written over with itself and synced, for the same reason.
 * - The log is lengthened once, with zeros: to write over what is there, a disk needs no change of the file's size (decision 0009).
 */
import { fdatasync } from 'node:fs'
import { open, stat, type FileHandle } from 'node:fs/promises'
import { dirname } from 'node:path'
import { promisify } from 'node:util'
import { RunnelError } from '#lib/domain/errors.ts'
import type { SqlEngine, Statement } from '#lib/store/engine.ts'
import type { Journal } from '#lib/store/journal.ts'
import { NodeSqliteEngine } from './node-sqlite-engine.ts'

/** The log begins this long: about what a checkpoint is due at. */
const LOG_BYTES = 4 * 1024 * 1024

interface Waiting {
  readonly resolve: () => void
  readonly reject: (error: RunnelError) => void
}

export interface WalJournalOptions {
  /** The first failure, once: see the invariants. */
  readonly onFailure: (error: RunnelError) => void
  /** After a commit, while no transaction is open; `pages` are those in the log. */
  readonly onCommit: (pages: number) => void
  /** How long the log is made at opening. */
  readonly logBytes?: number
  /** Resolves when what was written to the open file is on the disk. */
  readonly sync?: (file: number) => Promise<void>
}

const syncData = promisify(fdatasync)

export class WalJournal implements Journal {
  readonly #databaseFile: string
  readonly #log: FileHandle
  readonly #inode: bigint
  readonly #options: WalJournalOptions
  readonly #sync: (file: number) => Promise<void>
  #engine: NodeSqliteEngine
  #waiting: Waiting[] = []
  #syncing = false
  #failure: RunnelError | null = null
  readonly #settling = new Set<() => void>()

  private constructor(
    databaseFile: string,
    engine: NodeSqliteEngine,
    log: FileHandle,
    inode: bigint,
    options: WalJournalOptions
  ) {
    this.#databaseFile = databaseFile
    this.#engine = engine
    this.#log = log
    this.#inode = inode
    this.#options = options
    this.#sync = options.sync ?? syncData
  }

  /** Open the database `databaseFile`, made when it is not there. The caller holds the lock that makes it the only one. */
  static async open(databaseFile: string, options: WalJournalOptions): Promise<WalJournal> {
    await keepLeftover(logOf(databaseFile))
    const engine = new NodeSqliteEngine(databaseFile)
    let log: FileHandle | null = null
    try {
      // The first look makes the log.
      engine.all('select name from sqlite_master limit 1', [])
      log = await open(logOf(databaseFile), 'r+')
      const { size, ino } = await log.stat({ bigint: true })
      await lengthen(log, Number(size), options.logBytes ?? LOG_BYTES)
      await syncFolder(dirname(databaseFile))
      return new WalJournal(databaseFile, engine, log, ino, options)
    } catch (error) {
      await log?.close().catch(() => undefined)
      engine.close()
      throw error
    }
  }

  /** The open database. Another one after `recover`. */
  get engine(): SqlEngine {
    return this.#engine
  }

  append(_statements: readonly Statement[]): Promise<void> {
    if (this.#failure) return Promise.reject(this.#failure)
    this.#options.onCommit(this.#engine.logPages())
    return new Promise((resolve, reject) => {
      this.#waiting.push({ resolve, reject })
      if (!this.#syncing) void this.#syncGroups()
    })
  }

  /** Sync for whoever waits, group after group, until nobody does. Never rejects: failures go to the callers who wait. */
  async #syncGroups(): Promise<void> {
    this.#syncing = true
    while (this.#waiting.length > 0) {
      const group = this.#waiting
      this.#waiting = []
      try {
        await Promise.all([this.#sync(this.#log.fd), this.#checkName()])
        for (const { resolve } of group) resolve()
      } catch (cause) {
        const failure = this.fail(cause)
        for (const { reject } of [...group, ...this.#waiting]) reject(failure)
        this.#waiting = []
      }
    }
    this.#syncing = false
    for (const wake of this.#settling) wake()
    this.#settling.clear()
  }

  async #checkName(): Promise<void> {
    const found = await stat(logOf(this.#databaseFile), { bigint: true }).catch((cause: unknown) => {
      throw isMissing(cause) ? moved(cause) : cause
    })
    if (found.ino !== this.#inode) throw moved()
  }

  /** Give up: from here on nothing is written. Returns the first failure. */
  fail(cause: unknown): RunnelError {
    if (this.#failure) return this.#failure
    this.#failure = cause instanceof RunnelError ? cause : notKept(cause)
    this.#options.onFailure(this.#failure)
    return this.#failure
  }

  /** After a transaction that SQLite could not even take back: the file, opened anew. After a failed sync, never. */
  async recover(): Promise<SqlEngine> {
    await this.#quiet()
    if (this.#failure) throw this.#failure
    // Opened before the old one is closed: the last to close a database deletes its log.
    this.#engine = new NodeSqliteEngine(this.#databaseFile)
    return this.#engine
  }

  /** Resolves once no sync is on its way. */
  #quiet(): Promise<void> {
    if (!this.#syncing) return Promise.resolve()
    return new Promise((wake) => this.#settling.add(wake))
  }

  /** Waits for what is on its way; SQLite then writes the log into the database and deletes it. Nothing may be written meanwhile. */
  async close(): Promise<void> {
    await this.#quiet()
    this.#engine.close()
    await this.#log.close()
  }
}

const notKept = (cause: unknown): RunnelError =>
  new RunnelError(
    'TEMPORARILY_UNAVAILABLE',
    'The disk did not keep what was written to it, so this was not kept; what was acknowledged before is safe. Runnel stops here: check the disk, then start it again.',
    { cause }
  )

const moved = (cause?: unknown): RunnelError =>
  new RunnelError(
    'TEMPORARILY_UNAVAILABLE',
    'The files of the database were moved or deleted while Runnel ran, so this was not kept. Runnel stops here: put them back, then start it again.',
    { cause }
  )

const isMissing = (cause: unknown): boolean => (cause as NodeJS.ErrnoException | null)?.code === 'ENOENT'

const logOf = (databaseFile: string): string => `${databaseFile}-wal`

/** What SQLite will read from a log that was left must be what the disk holds, before it is written into the database. */
async function keepLeftover(file: string): Promise<void> {
  let log: FileHandle
  try {
    log = await open(file, 'r+')
  } catch (error) {
    if (isMissing(error)) return
    throw error
  }
  try {
    const part = new Uint8Array(1024 * 1024)
    for (let at = 0; ;) {
      const { bytesRead } = await log.read(part, 0, part.length, at)
      if (bytesRead === 0) break
      await log.write(part, 0, bytesRead, at)
      at += bytesRead
    }
    await log.datasync()
  } finally {
    await log.close()
  }
}

/** Zeros after the last frame are no frame: SQLite stops reading a log at the first whose salt and checksum do not fit. */
async function lengthen(log: FileHandle, size: number, wanted: number): Promise<void> {
  try {
    if (size < wanted) await log.write(new Uint8Array(wanted - size), 0, wanted - size, size)
  } catch {
    // A full disk is still read, and emptied.
  }
  await log.datasync()
}

async function syncFolder(folder: string): Promise<void> {
  // Windows has no such thing, and needs none.
  if (process.platform === 'win32') return
  const handle = await open(folder, 'r')
  try {
    await handle.sync()
  } finally {
    await handle.close()
  }
}
