/** Files of experiments for pages: written and merged one at a time for each name a page gives its work, which says how far it is, and stops it. */
import { RunnelError, invalid } from '#lib/domain/errors.ts'
import { parseExperimentId, type ExperimentId } from '#lib/domain/ids.ts'
import { FILES } from '#lib/domain/limits.ts'
import type { OpenDatabase } from '#lib/store/files/database-source.ts'
import { exportFile } from '#lib/store/files/export-file.ts'
import type { MergeOutcome } from '#lib/store/files/merge-file.ts'
import { mergeFile } from '#lib/store/files/open-source.ts'
import { FileProgress, type FileState } from '#lib/store/files/progress.ts'
import type { Store } from '#lib/store/store.ts'

export interface FileWorkParts {
  readonly store: Store
  readonly version: string
  /** Null where databases are not opened. */
  readonly openDatabase: OpenDatabase | null
}

type Bytes = Uint8Array<ArrayBuffer>

/** Pieces are put into the browser's own keeping this many bytes at a time. */
const PART_BYTES = 4 * 1024 * 1024

export class FileWork {
  readonly #parts: FileWorkParts
  readonly #jobs = new Map<string, { state: FileState; readonly progress: FileProgress }>()
  readonly #listeners = new Set<() => void>()

  constructor(parts: FileWorkParts) {
    this.#parts = parts
  }

  /** How far a work is; null before it begins and once it is over. */
  view(job: string): FileState | null {
    return this.#jobs.get(job)?.state ?? null
  }

  onChange(listener: () => void): void {
    this.#listeners.add(listener)
  }

  stop(job: string): void {
    this.#jobs.get(job)?.progress.stop()
  }

  /** The bytes of a file, as they are read. `ids` null for all experiments that are active. */
  async *pieces(ids: readonly ExperimentId[] | null, job: string): AsyncGenerator<Bytes> {
    const progress = this.#begin(job)
    try {
      const { store, version } = this.#parts
      yield* exportFile(store, { ids: ids?.map(parseExperimentId) ?? null, writtenBy: `runnel ${version}`, progress })
    } finally {
      this.#end(job)
    }
  }

  /** The same as a Blob of Blobs: what is done of it is the browser's to keep, on its disk when it is much. */
  async export(ids: readonly ExperimentId[] | null, job: string): Promise<Blob> {
    const done: Blob[] = []
    let part: Bytes[] = []
    let bytes = 0
    for await (const piece of this.pieces(ids, job)) {
      part.push(piece)
      bytes += piece.length
      if (bytes < PART_BYTES) continue
      done.push(new Blob(part))
      ;[part, bytes] = [[], 0]
    }
    return new Blob([...done, ...part], { type: 'application/zip' })
  }

  async merge(file: Blob, job: string): Promise<MergeOutcome> {
    if (!(file instanceof Blob)) throw invalid('What is opened is a file.')
    const progress = this.#begin(job)
    try {
      return await mergeFile(this.#parts.store, file, this.#parts.openDatabase, progress)
    } finally {
      this.#end(job)
    }
  }

  #begin(job: string): FileProgress {
    if (typeof job !== 'string' || job.length > FILES.jobLength) throw invalid('A work has a name.')
    if (this.#jobs.has(job) || this.#jobs.size >= FILES.jobs)
      throw new RunnelError(
        'REQUEST_LIMIT_EXCEEDED',
        'Files are being read or written already. Wait until they are done.'
      )
    const progress = new FileProgress((state) => {
      this.#jobs.set(job, { state, progress })
      this.#tell()
    })
    this.#jobs.set(job, { state: { phase: 'facts', done: 0, total: 0 }, progress })
    this.#tell()
    return progress
  }

  #end(job: string): void {
    this.#jobs.delete(job)
    this.#tell()
  }

  #tell(): void {
    for (const listener of this.#listeners) listener()
  }
}
