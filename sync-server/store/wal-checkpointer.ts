/**
 * Empties the write-ahead log into the database, in a thread of its own: a checkpoint syncs both files, and reads and writes go on
 * meanwhile.
 *
 *   every STEP pages     a passive checkpoint: copies what no reader needs, and waits for nobody
 *   past LIMIT pages     the same while the store's lock is held, so that it reaches the end: the next commit begins the log anew
 *
 * A database that another program is reading keeps its log until that is done. Nothing is lost by it but room.
 */
import { Worker } from 'node:worker_threads'

/** Measured (decision 0009): at a thousand pages of 4 KB a checkpoint takes 2 ms, and so does the last one, under the lock. */
const STEP_PAGES = 1000
const LIMIT_PAGES = 4 * STEP_PAGES

/** What the thread says of one checkpoint: the pages in the log, and those of them that are in the database now; or what failed. */
type Outcome =
  { readonly log: number; readonly checkpointed: number } | { readonly failed: string; readonly errcode: number }

/** As text, so that it needs no file of its own when the host is bundled. A connection of its own to the same database. */
const THREAD = `
  const { DatabaseSync } = require('node:sqlite')
  const { parentPort, workerData } = require('node:worker_threads')
  const db = new DatabaseSync(workerData.databaseFile)
  db.exec('pragma synchronous = normal; pragma wal_autocheckpoint = 0; pragma cache_size = -1024')
  const checkpoint = db.prepare('pragma wal_checkpoint(passive)')
  parentPort.on('message', (word) => {
    if (word === 'close') {
      db.close()
      parentPort.close()
      return
    }
    try {
      const { log, checkpointed } = checkpoint.get()
      parentPort.postMessage({ log, checkpointed })
    } catch (error) {
      parentPort.postMessage({ failed: error.message, errcode: error.errcode ?? 0 })
    }
  })
`

/** It holds no data: SQLite's own pages live outside of it. */
const THREAD_LIMITS = { maxOldGenerationSizeMb: 16, maxYoungGenerationSizeMb: 4, stackSizeMb: 2 }

const SQLITE_IOERR = 10

export interface CheckpointerOptions {
  readonly databaseFile: string
  /** Run `work` while no transaction is open and none begins. */
  readonly exclusive: (work: () => Promise<void>) => Promise<void>
  /** A sync failed inside a checkpoint: as grave as one of the log. */
  readonly onFailure: (cause: Error) => void
}

export class WalCheckpointer {
  readonly #options: CheckpointerOptions
  #thread: Worker | null = null
  #answer: ((outcome: Outcome) => void) | null = null
  #running: Promise<void> | null = null
  /** Pages in the log after the last commit. */
  #pages = 0
  /** Pages in the log at which the next one is due. */
  #dueAt = STEP_PAGES
  #closed = false

  constructor(options: CheckpointerOptions) {
    this.#options = options
  }

  /** Call after every commit with the pages in the log. */
  onCommit(pages: number): void {
    const beganAnew = pages < this.#pages
    this.#pages = pages
    if (beganAnew) this.#dueAt = STEP_PAGES
    if (pages < this.#dueAt || this.#running !== null || this.#closed) return
    this.#running = this.#run(pages).finally(() => (this.#running = null))
  }

  async #run(pages: number): Promise<void> {
    this.#dueAt = pages + STEP_PAGES
    const checkpoint = async () => this.#judge(await this.#checkpoint())
    try {
      if (pages < LIMIT_PAGES) await checkpoint()
      else await this.#options.exclusive(checkpoint)
    } catch (error) {
      // The store has failed, and said so, or the thread did not start: the log grows, and is tried again later.
      console.warn('Runnel: a checkpoint was put off.', error)
    }
  }

  #judge(outcome: Outcome): void {
    if ('failed' in outcome) {
      if ((outcome.errcode & 0xff) === SQLITE_IOERR) this.#options.onFailure(new Error(outcome.failed))
      else console.warn(`Runnel: a checkpoint was put off. ${outcome.failed}`)
    }
  }

  #checkpoint(): Promise<Outcome> {
    const thread = (this.#thread ??= this.#startThread())
    return new Promise((resolve) => {
      this.#answer = resolve
      thread.postMessage('checkpoint')
    })
  }

  #startThread(): Worker {
    const { databaseFile } = this.#options
    const thread = new Worker(THREAD, { eval: true, workerData: { databaseFile }, resourceLimits: THREAD_LIMITS })
    // A host that is about to end does not wait for it.
    thread.unref()
    thread.on('message', (outcome: Outcome) => this.#answer?.(outcome))
    thread.on('error', (error: Error) => {
      this.#thread = null
      this.#answer?.({ failed: error.message, errcode: 0 })
    })
    return thread
  }

  /** Resolves when the thread has let go of the database. */
  async close(): Promise<void> {
    this.#closed = true
    await this.#running
    const thread = this.#thread
    if (thread === null) return
    const gone = new Promise((resolve) => thread.once('exit', resolve))
    thread.ref()
    thread.postMessage('close')
    await gone
  }
}
