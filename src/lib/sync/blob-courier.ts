/**
 * Carries blobs between this store and a host: up before anything names them, and when the host has lost them; down when somebody looks, or
 * all of an experiment's at once.
 */
import { RunnelError } from '#lib/domain/errors.ts'
import type { BlobId, ExperimentId } from '#lib/domain/ids.ts'
import type { OfflineProgress } from '#lib/live/sharing.ts'
import type { Clock, EpochMs } from '#lib/domain/time.ts'
import { BLOB_GRACE_MS, readSource, type ByteStream } from '#lib/store/blobs.ts'
import type { Store } from '#lib/store/store.ts'
import { blobsOfExperiment, type SharedBlob } from '#lib/store/sync/shared-blobs.ts'
import type { HostLink } from './host-link.ts'

export class BlobCourier {
  readonly #store: Store
  readonly #host: HostLink
  readonly #now: Clock
  /** What the host had from this store, and when it was sent: it has it still, for as long as nobody sweeps it away unnamed. */
  readonly #there = new Map<BlobId, EpochMs>()

  constructor(store: Store, host: HostLink, now: Clock = store.now) {
    this.#store = store
    this.#host = host
    this.#now = now
  }

  /** Resolves when the host has them all. One that is not here was fetched by nobody yet: whoever named it has told the host. */
  async offer(ids: readonly BlobId[]): Promise<void> {
    for (const id of ids) {
      const since = this.#there.get(id)
      if (since === undefined || this.#now() - since > BLOB_GRACE_MS / 2) await this.#put(id)
    }
  }

  /** Whether it is here, and was sent. */
  async #put(id: BlobId): Promise<boolean> {
    const blob = await this.#store.blobsHere.get(id)
    if (blob === null) return false
    const asked = this.#now()
    await this.#host.putBlob(id, blob)
    this.#there.set(id, asked)
    return true
  }

  /** The host may be another than it was: it came back from a backup. */
  forget(): void {
    this.#there.clear()
  }

  /** Send what the host lacks of a room's experiment and this store has. Resolves with how many were sent. Fails as a network does. */
  async bringLacking(room: string): Promise<number> {
    let sent = 0
    for (let after = '', more = true; more;) {
      const answer = await this.#host.lackingBlobs(room, after)
      for (const id of answer.blobs) if (await this.#put(id)) sent++
      after = answer.blobs.at(-1) ?? after
      more = answer.more
    }
    return sent
  }

  /** Fetch a blob and keep it; false when the host does not have it. Fails as a network does. */
  async fetch(id: BlobId): Promise<boolean> {
    const answer = await this.#host.getBlob(id)
    if (answer?.body == null) return false
    const { blobId } = await this.#store.blobsHere.put(streamOf(this.#pieces(id, answer.body)))
    if (blobId !== id) throw new RunnelError('DATA_LOSS', 'A host sent other bytes than it was asked for.')
    return true
  }

  /** A connection that ends in between goes on where it was, a few times. */
  async *#pieces(id: BlobId, body: ByteStream): AsyncGenerator<Uint8Array<ArrayBuffer>, undefined> {
    let received = 0
    let stream: ByteStream | null = body
    for (let attempt = 1; ; attempt++) {
      try {
        stream ??= (await this.#host.getBlob(id, received))?.body ?? null
        if (stream === null) throw new RunnelError('DATA_LOSS', 'A host that had a file has it no longer.')
        for await (const piece of readSource(stream, this.#store.blobsHere.maxBytes)) {
          received += piece.length
          yield piece
        }
        return
      } catch (error) {
        if (attempt === FETCH_ATTEMPTS || !mayGoOn(error)) throw error
        stream = null
      }
    }
  }
}

const FETCH_ATTEMPTS = 4

/** A connection that ended is BAD_REQUEST where a stream is read. */
const mayGoOn = (error: unknown): boolean =>
  !(error instanceof RunnelError) || error.code === 'TEMPORARILY_UNAVAILABLE' || error.code === 'BAD_REQUEST'

const streamOf = (pieces: AsyncGenerator<Uint8Array<ArrayBuffer>, undefined>): ByteStream =>
  new ReadableStream<Uint8Array<ArrayBuffer>>(
    {
      async pull(controller) {
        const { done, value } = await pieces.next()
        if (done) controller.close()
        else controller.enqueue(value)
      },
      cancel: async () => void (await pieces.return(undefined))
    },
    { highWaterMark: 0 }
  )

/** Fetches all blobs of one experiment, and says how far it is. */
export class OfflineKeeper {
  readonly #store: Store
  readonly #experimentId: ExperimentId
  readonly #fetch: (id: BlobId) => Promise<boolean>
  readonly #onProgress: () => void
  #progress: OfflineProgress = { haveBytes: 0, allBytes: 0, isFetching: false }
  #isStopped = true
  /** When it was last counted: every blob is looked for then. */
  #countedAt = -Infinity

  constructor(
    store: Store,
    experimentId: ExperimentId,
    fetch: (id: BlobId) => Promise<boolean>,
    onProgress: () => void
  ) {
    this.#store = store
    this.#experimentId = experimentId
    this.#fetch = fetch
    this.#onProgress = onProgress
  }

  async progress(): Promise<OfflineProgress> {
    if (this.#isStopped && performance.now() - this.#countedAt > COUNT_EVERY_MS) await this.#count()
    return this.#progress
  }

  stop(): void {
    this.#isStopped = true
    this.#progress = { ...this.#progress, isFetching: false }
  }

  /** Resolves when all is here, or it was stopped. Fails with what kept it from going on; what was fetched stays. */
  async run(): Promise<void> {
    if (!this.#isStopped) return
    this.#isStopped = false
    try {
      for (const { blobId, bytes } of await this.#count()) {
        if (this.#isStopped) return
        this.#progress = { ...this.#progress, isFetching: true }
        if (await this.#fetch(blobId))
          this.#progress = { ...this.#progress, haveBytes: this.#progress.haveBytes + bytes }
        this.#onProgress()
      }
    } finally {
      this.stop()
      this.#onProgress()
    }
  }

  /** Returns those that are not here. */
  async #count(): Promise<SharedBlob[]> {
    const all = await this.#store.read((r) => blobsOfExperiment(r, this.#experimentId))
    const missing: SharedBlob[] = []
    for (const blob of all) if ((await this.#store.blobsHere.get(blob.blobId)) === null) missing.push(blob)
    const allBytes = all.reduce((sum, { bytes }) => sum + bytes, 0)
    const missingBytes = missing.reduce((sum, { bytes }) => sum + bytes, 0)
    this.#progress = { haveBytes: allBytes - missingBytes, allBytes, isFetching: !this.#isStopped }
    this.#countedAt = performance.now()
    return missing
  }
}

const COUNT_EVERY_MS = 60_000
