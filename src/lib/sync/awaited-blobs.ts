/**
 * Lets points come to their series whose blobs have come: those that are here, and those that can be fetched.
 *
 * One blob that cannot be had, or that holds no points, keeps no other from its series. What may come right (a network, a disk) is tried again
 * after a while; what never will is said once, and waited for no longer (`takeBlob`).
 */
import { RunnelError } from '#lib/domain/errors.ts'
import type { BlobId } from '#lib/domain/ids.ts'
import { SYNC } from '#lib/domain/limits.ts'
import type { Store } from '#lib/store/store.ts'
import { awaitedBlobs } from '#lib/store/sync/awaited-rows.ts'
import { takeBlob } from '#lib/store/sync/awaited.ts'
import type { Later } from './later.ts'

export interface AwaitedBlobsOptions {
  readonly store: Store
  /** Get a blob, and keep it; false when it is not to be had now. */
  readonly fetchBlob?: (id: BlobId) => Promise<boolean>
  readonly later: Later
  /** Points have come to their series. */
  readonly onTaken: () => void
}

export class AwaitedBlobs {
  readonly #options: AwaitedBlobsOptions
  /** Whose bytes here are not theirs: said once. */
  readonly #damaged = new Set<BlobId>()
  #taking: Promise<void> = Promise.resolve()
  #cancelRetry: (() => void) | null = null
  #isClosed = false

  constructor(options: AwaitedBlobsOptions) {
    this.#options = options
  }

  /** Resolves when what can come has come. Never fails: the rest waits. */
  take(): Promise<void> {
    this.#taking = this.#taking.then(() => this.#takeAll()).catch((error: unknown) => this.#failed(error))
    return this.#taking
  }

  async close(): Promise<void> {
    this.#isClosed = true
    this.#cancelRetry?.()
    await this.#taking
  }

  async #takeAll(): Promise<void> {
    const { store, onTaken } = this.#options
    let failures = 0
    for (const id of this.#isClosed ? [] : await store.read(awaitedBlobs)) {
      if (this.#isClosed) return
      try {
        const isHere = (await store.blobsHere.get(id)) !== null
        // A host that is away is not asked for each: what is here comes all the same.
        if (!isHere && (failures >= SYNC.awaitedFailures || !(await this.#fetch(id)))) continue
        for (const { runId, key } of await takeBlob(store, id))
          console.warn(
            `Runnel: points of ${JSON.stringify(key)} of the run ${runId} are left out: the file ${id} holds none.`
          )
        onTaken()
      } catch (error) {
        failures++
        this.#failed(error, id)
      }
    }
  }

  async #fetch(id: BlobId): Promise<boolean> {
    return (await this.#options.fetchBlob?.(id)) ?? false
  }

  #failed(error: unknown, id?: BlobId): void {
    if (this.#isClosed) return
    const isDamaged = error instanceof RunnelError && error.code === 'DATA_LOSS' && id !== undefined
    if (!(error instanceof RunnelError) || (isDamaged && !this.#damaged.has(id)))
      console.warn('Runnel: points that wait for a file cannot come to their series now.', error)
    if (isDamaged) this.#damaged.add(id)
    this.#cancelRetry ??= this.#options.later(() => {
      this.#cancelRetry = null
      void this.take()
    }, SYNC.awaitedRetryMs)
  }
}
