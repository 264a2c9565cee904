/**
 * The commit log: what makes an in-memory SQLite durable in a browser.
 *
 *   append ─► queue ─► one IndexedDB transaction for all that waits ─► oncomplete ─► acknowledged
 *
 *   IndexedDB `runnel`:  log       seq → the statements of one commit
 *                        segments  SHA-256 → one megabyte of a database image
 *                        meta      `head` → who writes, and the newest checkpoint {seq, segments}
 *                        reserve   bytes that mean nothing: given up so that a full disk can be emptied
 *
 * Invariants
 * - A commit is acknowledged on `transaction.oncomplete`, never on a request's success: over quota, requests succeed and then the
 *   transaction aborts.
 * - Opening is the newest checkpoint plus the log after it. A checkpoint is named, the log it covers dropped and old segments dropped
 *   in one transaction; segments it needs were written before. So a crash at any instant leaves one of two whole states.
 * - One writer: the host holds the Web Lock `runnel:store`, and every append checks in its own transaction that the head still carries
 *   this writer's epoch. A stale writer's commit fails instead of merging.
 * - After a failed append every later one fails until `recover`, because memory then holds what was never promised.
 */
import { openDB, type DBSchema, type IDBPDatabase } from 'idb'
import type { SqlJsStatic } from 'sql.js'
import { RunnelError } from '#lib/domain/errors.ts'
import type { Durability } from '#lib/live/protocol.ts'
import { replay, type SqlEngine, type Statement } from '#lib/store/engine.ts'
import type { Journal } from '#lib/store/journal.ts'
import { sha256Hex } from './sha256.ts'
import { SqlJsEngine } from './sqljs-engine.ts'
import { statementsBytes } from './statement-bytes.ts'
import { storageError } from './storage-error.ts'

interface Checkpoint {
  /** The last commit the image holds. */
  readonly seq: number
  /** Keys of the image's segments, in order. */
  readonly segments: readonly string[]
  readonly bytes: number
}

interface Head {
  readonly format: number
  readonly epoch: string
  readonly checkpoint: Checkpoint | null
}

interface LogSchema extends DBSchema {
  log: { key: number; value: readonly Statement[] }
  segments: { key: string; value: Uint8Array<ArrayBuffer> }
  meta: { key: 'head'; value: Head }
  reserve: { key: 'bytes'; value: Uint8Array<ArrayBuffer> }
}

interface Waiting {
  readonly seq: number
  readonly statements: readonly Statement[]
  readonly makesRoom: boolean
  readonly resolve: () => void
  readonly reject: (error: RunnelError) => void
}

/** The form of the records, counted up when it changes. */
const FORMAT = 1
const SEGMENT_BYTES = 1024 * 1024
/** Segments written in one transaction: enough to be quick, few enough not to hold appends up for long. */
const SEGMENTS_PER_WRITE = 8
/** Deletions are small, but a browser lets a fast writer run past its quota before it looks: measured 1.8 MB in Chromium. */
const RESERVE_BYTES = 4 * 1024 * 1024
const RESERVE_ATTEMPTS = 8
const RESERVE_WAIT_MS = 250
/** The most that getRandomValues gives at once. */
const RANDOM_BYTES = 65_536

export class CommitLog implements Journal {
  readonly #db: IDBPDatabase<LogSchema>
  readonly #SQL: SqlJsStatic
  #epoch: string
  #durability: Durability = 'relaxed'
  #checkpoint: Checkpoint | null = null
  /** The last number given to a commit, and the last one known to be durable. */
  #given = 0
  #durable = 0
  #bytes = 0
  #waiting: Waiting[] = []
  #writing = false
  #failure: RunnelError | null = null
  readonly #settling = new Set<{ readonly seq: number; readonly wake: () => void }>()

  private constructor(db: IDBPDatabase<LogSchema>, SQL: SqlJsStatic, epoch: string) {
    this.#db = db
    this.#SQL = SQL
    this.#epoch = epoch
  }

  /**
   * Open the database `name` and take the pen. The caller holds the lock that makes it the only one.
   * `epoch` names this writer; an older writer's appends fail from here on.
   * `onLost` is called when the browser takes the database away: site data was cleared, or it was closed from outside.
   * Fails with INVALID_STATE when the log was written by a newer Runnel.
   */
  static async open(
    name: string,
    SQL: SqlJsStatic,
    epoch: string,
    onLost: () => void
  ): Promise<{ log: CommitLog; engine: SqlEngine }> {
    const db = await openDB<LogSchema>(name, 1, {
      upgrade(fresh) {
        fresh.createObjectStore('log')
        fresh.createObjectStore('segments')
        fresh.createObjectStore('meta')
        fresh.createObjectStore('reserve')
      },
      // Somebody deletes the database, or wants to change its format: let go, so that they are not held up for ever.
      blocking(_current, _wanted, event) {
        ;(event.target as IDBDatabase).close()
        onLost()
      },
      terminated: onLost
    })
    const log = new CommitLog(db, SQL, epoch)
    await log.#takePen()
    const engine = await log.recover()
    // Nobody waits for it, and without room for it there is none.
    log.#keepReserve().catch(() => undefined)
    return { log, engine }
  }

  /** Bytes appended since the newest checkpoint, roughly. */
  get bytes(): number {
    return this.#bytes
  }

  setDurability(durability: Durability): void {
    this.#durability = durability
  }

  append(statements: readonly Statement[], { makesRoom } = { makesRoom: false }): Promise<void> {
    if (this.#failure) return Promise.reject(this.#failure)
    const seq = ++this.#given
    return new Promise((resolve, reject) => {
      this.#waiting.push({ seq, statements, makesRoom, resolve, reject })
      if (!this.#writing) void this.#writeGroups()
    })
  }

  /** Write whatever waits, group after group, until nothing does. Never rejects: failures go to the callers who wait. */
  async #writeGroups(): Promise<void> {
    this.#writing = true
    // A turn of the microtask queue, so that commits made together share the first group.
    await Promise.resolve()
    while (this.#waiting.length > 0) {
      const group = this.#waiting
      this.#waiting = []
      try {
        await this.#writeGroupSomehow(group)
        this.#durable = group.at(-1)!.seq
        for (const { statements } of group) this.#bytes += statementsBytes(statements)
        for (const { resolve } of group) resolve()
        for (const waiter of this.#settling) if (waiter.seq <= this.#durable) this.#wake(waiter)
      } catch (cause) {
        this.#failure = storageError(cause)
        for (const { reject } of [...group, ...this.#waiting]) reject(this.#failure)
        this.#waiting = []
      }
    }
    this.#writing = false
    for (const waiter of this.#settling) this.#wake(waiter)
  }

  /** A group that makes room gives up the reserve rather than fail for want of it. */
  async #writeGroupSomehow(group: readonly Waiting[]): Promise<void> {
    // With others in its group the reserve would be theirs; a deletion that falls with them is tried again, and is alone then.
    const mayInsist = group.every(({ makesRoom }) => makesRoom)
    for (let attempt = 0; ; attempt++) {
      try {
        return await this.#writeGroup(group)
      } catch (cause) {
        if (!mayInsist || attempt === RESERVE_ATTEMPTS || storageError(cause).code !== 'RESOURCE_EXHAUSTED') throw cause
        if (attempt === 0) await this.#db.clear('reserve')
        // The browser counts what was given up a little later.
        else await new Promise((resolve) => setTimeout(resolve, RESERVE_WAIT_MS))
      }
    }
  }

  async #writeGroup(group: readonly Waiting[]): Promise<void> {
    const tx = this.#db.transaction(['log', 'meta'], 'readwrite', { durability: this.#durability })
    // Handled as one through `done`; a request's own rejection says nothing more.
    const done = tx.done
    try {
      const log = tx.objectStore('log')
      for (const { seq, statements } of group) log.add(statements, seq).catch(() => undefined)
      const head = await tx.objectStore('meta').get('head')
      if (head?.epoch !== this.#epoch) {
        tx.abort()
        await done.catch(() => undefined)
        throw new RunnelError(
          'TEMPORARILY_UNAVAILABLE',
          'Another Runnel host has taken over this store. Reload this page.'
        )
      }
      tx.commit()
    } catch (error) {
      // A record that cannot be written at all (too large) throws before the transaction knows: what was added with it must not stay.
      if (tx.error === null) abortQuietly(tx)
      await done.catch(() => undefined)
      throw tx.error ?? error
    }
    await done
  }

  /** A fresh engine with exactly what is durable, and appends allowed again. */
  async recover(): Promise<SqlEngine> {
    await this.#quiet()
    const tx = this.#db.transaction(['log', 'segments', 'meta'], 'readonly')
    const head = await tx.objectStore('meta').get('head')
    if (head?.epoch !== this.#epoch)
      throw new RunnelError(
        'TEMPORARILY_UNAVAILABLE',
        'Another Runnel host has taken over this store. Reload this page.'
      )
    const checkpoint = head.checkpoint
    const parts = checkpoint
      ? await Promise.all(checkpoint.segments.map((key) => tx.objectStore('segments').get(key)))
      : []
    const tail = IDBKeyRange.lowerBound(checkpoint?.seq ?? 0, true)
    const [seqs, commits] = await Promise.all([
      tx.objectStore('log').getAllKeys(tail),
      tx.objectStore('log').getAll(tail)
    ])
    await tx.done

    const engine = new SqlJsEngine(this.#SQL, checkpoint ? joinSegments(checkpoint, parts) : undefined)
    for (const statements of commits) replay(engine, statements)
    this.#checkpoint = checkpoint
    this.#given = this.#durable = seqs.at(-1) ?? checkpoint?.seq ?? 0
    this.#bytes = commits.reduce((sum, statements) => sum + statementsBytes(statements), 0)
    this.#failure = null
    return engine
  }

  /**
   * Write the database's image where it changed, and drop the log it covers. Commits go on meanwhile.
   * `takeImage` runs at an instant when no transaction is open. Rejects with a RunnelError; the log then still holds everything.
   */
  async checkpoint(takeImage: <T>(take: (engine: SqlEngine) => T) => Promise<T>): Promise<void> {
    const { image, seq } = await takeImage((engine) => ({ image: (engine as SqlJsEngine).image(), seq: this.#given }))
    // The image may hold commits that are still on their way: name it only once they are durable.
    await this.#settled(seq)
    if (this.#failure || this.#durable < seq) return
    const covered = this.#bytes
    try {
      const segments = await this.#writeSegments(image)
      if (await this.#name({ seq, segments, bytes: image.byteLength })) this.#bytes -= covered
      await this.#keepReserve()
    } catch (cause) {
      throw storageError(cause)
    }
  }

  async #writeSegments(image: Uint8Array): Promise<string[]> {
    const known = new Set(this.#checkpoint?.segments)
    const keys: string[] = []
    let fresh: [string, Uint8Array<ArrayBuffer>][] = []
    const write = async () => {
      const tx = this.#db.transaction('segments', 'readwrite', { durability: this.#durability })
      for (const [key, bytes] of fresh) tx.store.put(bytes, key).catch(() => undefined)
      fresh = []
      await tx.done
    }
    for (let from = 0; from < image.byteLength; from += SEGMENT_BYTES) {
      const bytes = image.slice(from, from + SEGMENT_BYTES)
      const key = await sha256Hex(bytes)
      keys.push(key)
      if (known.has(key)) continue
      known.add(key)
      fresh.push([key, bytes])
      if (fresh.length >= SEGMENTS_PER_WRITE) await write()
    }
    if (fresh.length > 0) await write()
    return keys
  }

  /** False when another host has taken over, and nothing was changed. */
  async #name(checkpoint: Checkpoint): Promise<boolean> {
    const tx = this.#db.transaction(['log', 'segments', 'meta'], 'readwrite', { durability: this.#durability })
    const done = tx.done
    try {
      const head = await tx.objectStore('meta').get('head')
      if (head?.epoch !== this.#epoch) {
        tx.abort()
        await done.catch(() => undefined)
        return false
      }
      const kept = new Set(checkpoint.segments)
      for (const key of await tx.objectStore('segments').getAllKeys())
        if (!kept.has(key))
          tx.objectStore('segments')
            .delete(key)
            .catch(() => undefined)
      tx.objectStore('log')
        .delete(IDBKeyRange.upperBound(checkpoint.seq))
        .catch(() => undefined)
      tx.objectStore('meta')
        .put({ ...head, checkpoint }, 'head')
        .catch(() => undefined)
    } catch (error) {
      await done.catch(() => undefined)
      throw tx.error ?? error
    }
    await done
    this.#checkpoint = checkpoint
    return true
  }

  /** Have the reserve in place. Random, so that no compression makes it smaller than it looks. */
  async #keepReserve(): Promise<void> {
    if ((await this.#db.count('reserve')) > 0) return
    const bytes = new Uint8Array(RESERVE_BYTES)
    for (let from = 0; from < RESERVE_BYTES; from += RANDOM_BYTES)
      crypto.getRandomValues(bytes.subarray(from, from + RANDOM_BYTES))
    await this.#db.put('reserve', bytes, 'bytes')
  }

  /** Resolves once every commit up to `seq` is durable or lost. Under steady logging there is always a later one on its way. */
  #settled(seq: number): Promise<void> {
    if (!this.#writing || this.#durable >= seq) return Promise.resolve()
    return new Promise((wake) => this.#settling.add({ seq, wake }))
  }

  #wake(waiter: { readonly seq: number; readonly wake: () => void }): void {
    this.#settling.delete(waiter)
    waiter.wake()
  }

  /** Resolves once no append is on its way. */
  #quiet(): Promise<void> {
    return this.#settled(Infinity)
  }

  async close(): Promise<void> {
    await this.#quiet()
    this.#db.close()
  }

  async #takePen(): Promise<void> {
    const tx = this.#db.transaction('meta', 'readwrite')
    const head = await tx.store.get('head')
    if (head && head.format !== FORMAT) {
      await tx.done
      throw new RunnelError(
        'INVALID_STATE',
        'This store was written by a newer Runnel. Close its other tabs and reload to get the newer version.'
      )
    }
    try {
      tx.store
        .put({ format: FORMAT, checkpoint: head?.checkpoint ?? null, epoch: this.#epoch }, 'head')
        .catch(() => undefined)
      await tx.done
    } catch (cause) {
      // No room even for a name: a full disk is still read, and emptied, under the last writer's. The lock keeps that one away.
      if (!head || storageError(cause).code !== 'RESOURCE_EXHAUSTED') throw storageError(cause)
      this.#epoch = head.epoch
    }
  }
}

/** A transaction that is over already cannot be aborted, and need not be. */
function abortQuietly(tx: { abort(): void }): void {
  try {
    tx.abort()
  } catch {
    // As above.
  }
}

function joinSegments(checkpoint: Checkpoint, parts: readonly (Uint8Array | undefined)[]): Uint8Array {
  const image = new Uint8Array(checkpoint.bytes)
  let at = 0
  for (const part of parts) {
    if (!part) throw new RunnelError('INTERNAL_ERROR', 'A part of the stored database is missing.')
    image.set(part, at)
    at += part.byteLength
  }
  if (at !== checkpoint.bytes)
    throw new RunnelError('INTERNAL_ERROR', 'The stored database is shorter than it was written.')
  return image
}
