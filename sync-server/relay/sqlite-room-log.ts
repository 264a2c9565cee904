/**
 * Rooms in a SQLite file of their own: many rooms, one write-ahead log, one sync for all updates that wait.
 *
 *   append ─► waits ─► one transaction of all that wait (SQLite syncs nothing) ─► one fsync, off the one thread ─► resolved
 *   read   ─► waits ─► when its turn comes: all that was asked before it is on disk, and nothing of what was asked after it is written
 *
 * A read waits for its turn and not for a pause, which never comes while other rooms are written to.
 * A transaction that fails (the disk is full) rejects those in it and no other. A sync that fails is the end: see store/wal-journal.ts.
 */
import { RunnelError } from '#lib/domain/errors.ts'
import type { SqlEngine } from '#lib/store/engine.ts'
import { fileFailure } from '../files/file-failure.ts'
import { holdLock, type HeldLock } from '../store/folder-lock.ts'
import { resolveStoreFile } from '../store/store-file.ts'
import { WalCheckpointer } from '../store/wal-checkpointer.ts'
import { WalJournal, type WalJournalOptions } from '../store/wal-journal.ts'
import { otherEpoch, type KeptRoom, type RoomLog } from './room-log.ts'

const SCHEMA = [
  `create table if not exists rooms (
     id integer primary key, name text not null unique, epoch integer not null, seq integer not null, snapshot blob)`,
  `create table if not exists updates (
     room integer not null, seq integer not null, bytes blob not null, primary key (room, seq))`
]

const ROOMS = `
  select rooms.id, name, epoch, max(rooms.seq, coalesce(max(updates.seq), 0)) as seq
  from rooms left join updates on updates.room = rooms.id group by rooms.id`

export interface SqliteRoomLogOptions extends Pick<WalJournalOptions, 'sync'> {
  /** Made, with its folder, when it is not there. */
  readonly file: string
  /** The disk no longer keeps what it is told: nothing more is written. Called once; the host is to end. */
  readonly onFailure: (error: RunnelError) => void
}

/** What SQLite is asked to do in a group's transaction; what it throws is the caller's alone, unless SQLite ended the transaction. */
interface Waiting<Result = unknown> {
  /** It changes nothing: it needs no transaction and no sync, and what becomes of others' is no matter to it. */
  readonly isReading: boolean
  readonly work: (engine: SqlEngine) => Result
  readonly resolve: (result: Result) => void
  readonly reject: (error: unknown) => void
}

interface Room {
  readonly id: number
  readonly epoch: number
  seq: number
}

export class SqliteRoomLog implements RoomLog {
  readonly #journal: WalJournal
  readonly #lock: HeldLock
  readonly #rooms = new Map<string, Room>()
  #checkpointer: WalCheckpointer | null = null
  readonly #waiting: Waiting[] = []
  #running: Promise<void> | null = null

  private constructor(journal: WalJournal, lock: HeldLock) {
    this.#journal = journal
    this.#lock = lock
  }

  /** Open, or make, the log. Fails with a RunnelError that says what to do: another process has it, the folder cannot be written, … */
  static async open({ file, ...options }: SqliteRoomLogOptions): Promise<SqliteRoomLog> {
    const databaseFile = resolveStoreFile(file)
    const lock = holdLock(databaseFile)
    try {
      let log: SqliteRoomLog | null = null
      const onCommit = (pages: number): void => {
        if (log !== null) log.#checkpointer?.onCommit(pages)
      }
      const journal = await WalJournal.open(databaseFile, { ...options, onCommit })
      log = new SqliteRoomLog(journal, lock)
      await log.#start(databaseFile).catch(async (error: unknown) => {
        await journal.close()
        throw error
      })
      return log
    } catch (error) {
      lock.release()
      throw fileFailure(error)
    }
  }

  async #start(databaseFile: string): Promise<void> {
    for (const statement of SCHEMA) this.#journal.engine.run(statement, [])
    this.#recall()
    await this.#journal.append([])
    this.#checkpointer = new WalCheckpointer({
      databaseFile,
      // A transaction begins and ends in one turn: nothing can be in the middle of one.
      exclusive: (work) => work(),
      onFailure: (cause) => this.#journal.fail(cause)
    })
  }

  /** What rooms there are, as the database has them. */
  #recall(): void {
    this.#rooms.clear()
    for (const { id, name, epoch, seq } of this.#journal.engine.all(ROOMS, []))
      this.#rooms.set(name as string, { id: id as number, epoch: epoch as number, seq: seq as number })
  }

  read(name: string): Promise<KeptRoom | null> {
    return this.#ask(true, (engine) => {
      const room = this.#rooms.get(name)
      if (room === undefined) return null
      const [row] = engine.all('select snapshot from rooms where id = ?', [room.id])
      const updates = engine.all('select bytes from updates where room = ? order by seq', [room.id])
      return {
        epoch: room.epoch,
        seq: room.seq,
        snapshot: (row?.['snapshot'] ?? null) as Uint8Array | null,
        updates: updates.map(({ bytes }) => bytes as Uint8Array)
      }
    })
  }

  begin(name: string, epoch: number, snapshot: Uint8Array | null): Promise<void> {
    return this.#do((engine) => {
      if ((this.#rooms.get(name)?.epoch ?? 0) >= epoch) throw otherEpoch(name)
      this.#forget(engine, name)
      engine.run('insert into rooms (name, epoch, seq, snapshot) values (?, ?, 0, ?)', [name, epoch, snapshot])
      const [row] = engine.all('select id from rooms where name = ?', [name])
      this.#rooms.set(name, { id: row!['id'] as number, epoch, seq: 0 })
    })
  }

  append(name: string, epoch: number, update: Uint8Array): Promise<number> {
    return this.#do((engine) => {
      const room = this.#rooms.get(name)
      if (room?.epoch !== epoch) throw otherEpoch(name)
      engine.run('insert into updates (room, seq, bytes) values (?, ?, ?)', [room.id, room.seq + 1, update])
      return ++room.seq
    })
  }

  compact(name: string, epoch: number, seq: number, snapshot: Uint8Array): Promise<void> {
    return this.#do((engine) => {
      const room = this.#rooms.get(name)
      if (room?.epoch !== epoch) return
      engine.run('update rooms set snapshot = ?, seq = ? where id = ?', [snapshot, seq, room.id])
      engine.run('delete from updates where room = ? and seq <= ?', [room.id, seq])
    })
  }

  remove(name: string): Promise<void> {
    return this.#do((engine) => this.#forget(engine, name))
  }

  #forget(engine: SqlEngine, name: string): void {
    const room = this.#rooms.get(name)
    if (room === undefined) return
    engine.run('delete from updates where room = ?', [room.id])
    engine.run('delete from rooms where id = ?', [room.id])
    this.#rooms.delete(name)
  }

  async close(): Promise<void> {
    await this.#settled()
    await this.#checkpointer?.close()
    try {
      await this.#journal.close()
    } finally {
      this.#lock.release()
    }
  }

  #do<Result>(work: (engine: SqlEngine) => Result): Promise<Result> {
    return this.#ask(false, work)
  }

  #ask<Result>(isReading: boolean, work: (engine: SqlEngine) => Result): Promise<Result> {
    return new Promise<Result>((resolve, reject) => {
      this.#waiting.push({ isReading, work, resolve, reject } as Waiting)
      this.#running ??= this.#runGroups()
    })
  }

  /** Resolves when nothing waits. */
  async #settled(): Promise<void> {
    while (this.#running !== null) await this.#running
  }

  /** Group after group until nothing waits. Never rejects: failures go to those who wait. */
  async #runGroups(): Promise<void> {
    // What arrives in the same turn is of the first group already.
    await new Promise((resolve) => setImmediate(resolve))
    while (this.#waiting.length > 0) {
      const group = this.#takeGroup()
      if (group[0]!.isReading) this.#answer(group)
      else await this.#commit(group)
    }
    this.#running = null
  }

  /** All that wait, or as many as want the same: whoever reads stands between what was asked before and after. */
  #takeGroup(): readonly Waiting[] {
    const { isReading } = this.#waiting[0]!
    const end = this.#waiting.findIndex((one) => one.isReading !== isReading)
    return this.#waiting.splice(0, end === -1 ? this.#waiting.length : end)
  }

  #answer(group: readonly Waiting[]): void {
    for (const { work, resolve, reject } of group) {
      try {
        resolve(work(this.#journal.engine))
      } catch (error) {
        reject(error)
      }
    }
  }

  async #commit(group: readonly Waiting[]): Promise<void> {
    const done: (() => void)[] = []
    try {
      this.#transact(group, done)
      await this.#journal.append([])
    } catch (error) {
      for (const { reject } of group) reject(error)
      return
    }
    for (const tell of done) tell()
  }

  /** One transaction of all; `done` says afterwards what became of each. */
  #transact(group: readonly Waiting[], done: (() => void)[]): void {
    const { engine } = this.#journal
    try {
      engine.run('begin', [])
      for (const { work, resolve, reject } of group) {
        try {
          const result = work(engine)
          done.push(() => resolve(result))
        } catch (error) {
          if (!isRefusal(error)) throw error
          done.push(() => reject(error))
        }
      }
      engine.run('commit', [])
    } catch (error) {
      engine.run('rollback', [])
      this.#recall()
      throw error
    }
  }
}

/** Thrown before anything was written, and the caller's alone. */
const isRefusal = (error: unknown): boolean => error instanceof RunnelError && error.code === 'INVALID_STATE'
