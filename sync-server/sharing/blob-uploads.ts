import { createHash } from 'node:crypto'
import { mkdir, open, readdir, rm, stat, type FileHandle } from 'node:fs/promises'
import { join } from 'node:path'
import { RunnelError, invalid } from '#lib/domain/errors.ts'
import type { BlobId } from '#lib/domain/ids.ts'
import { SHARING } from '#lib/domain/limits.ts'
import type { Clock } from '#lib/domain/time.ts'
import type { BlobStore, ByteStream } from '#lib/store/blobs.ts'
import { FileBlob } from '../files/file-blob.ts'
import { fileFailure, isAbsent } from '../files/file-failure.ts'

/** A piece of a blob on its way. */
export interface Piece {
  readonly hash: BlobId
  /** Whose upload it is: two people who send the same bytes do not write into each other's. */
  readonly owner: string
  readonly from: number
  /** Bytes of the piece, and of the whole. */
  readonly length: number
  readonly total: number
}

export interface UploadState {
  /** Bytes from the start that are there: the next piece begins here. */
  readonly received: number
  /** All of them, and they are what their hash says. */
  readonly isComplete: boolean
}

interface Running {
  readonly end: AbortController
  readonly done: Promise<unknown>
}

/**
 * Blobs that come in pieces, or were cut off: a file for each, `<owner>-<hash>`, until its last byte is there. Then its hash is compared, and
 * only then the blob store hears of it.
 *
 *   piece ─► file ─► … ─► hash ─► BlobStore.put
 *
 * Invariants
 * - One request at a time writes one file: a later one, which comes because the one before hangs, ends it first.
 * - Nothing here is promised: after a crash of the machine a file may hold other bytes, which its hash then says.
 */
export class BlobUploads {
  readonly #folder: string
  readonly #blobs: BlobStore
  readonly #now: Clock
  readonly #running = new Map<string, Running>()

  constructor(folder: string, blobs: BlobStore, clock: Clock) {
    this.#folder = folder
    this.#blobs = blobs
    this.#now = clock
  }

  /** What is there of it. A blob that is there already is made young again, so that who asked may refer to it. */
  async state(owner: string, hash: BlobId, total: number): Promise<UploadState> {
    const there = await this.#blobs.get(hash)
    if (there?.size === total) {
      await this.#blobs.put(there)
      return { received: total, isComplete: true }
    }
    return { received: await this.#received(this.#placeOf(owner, hash)), isComplete: false }
  }

  /**
   * Add a piece. Resolves with what is there then; `received` other than its end means that it was not the next one, or was cut off.
   *
   * fails  INVALID_PARAMETER_VALUE when all is there and is not what its hash says (it begins anew then) or there is more than was said,
   *        RESOURCE_EXHAUSTED for a person with too many begun
   */
  add(piece: Piece, body: ByteStream): Promise<UploadState> {
    const place = this.#placeOf(piece.owner, piece.hash)
    const before = this.#running.get(place)
    before?.end.abort()
    const end = new AbortController()
    const work = async (): Promise<UploadState> => {
      await before?.done.catch(() => undefined)
      return this.#add(place, piece, body, end.signal)
    }
    const done = work().finally(() => {
      if (this.#running.get(place)?.end === end) this.#running.delete(place)
    })
    this.#running.set(place, { end, done })
    return done
  }

  async #add(place: string, piece: Piece, body: ByteStream, signal: AbortSignal): Promise<UploadState> {
    try {
      if (piece.from === 0) await this.#makeRoom(place, piece.owner)
      else if ((await this.#received(place)) !== piece.from) {
        await body.cancel().catch(() => undefined)
        return { received: await this.#received(place), isComplete: false }
      }
      const received = await writePiece(place, piece, body, signal)
      return received < piece.total ? { received, isComplete: false } : await this.#finish(place, piece)
    } catch (cause) {
      throw fileFailure(cause)
    }
  }

  async #finish(place: string, { hash, total }: Piece): Promise<UploadState> {
    const file = new FileBlob({ size: total, open: () => open(place, 'r') })
    try {
      if ((await hashOf(file)) !== hash)
        throw invalid('The bytes are not what their SHA-256 says, so nothing of them was kept. Send them again.')
      await this.#blobs.put(file)
    } finally {
      await rm(place, { force: true })
    }
    return { received: total, isComplete: true }
  }

  async #received(place: string): Promise<number> {
    try {
      return (await stat(place)).size
    } catch (error) {
      if (isAbsent(error)) return 0
      throw fileFailure(error)
    }
  }

  /** Old ones are let go of when a new one begins; nobody says that they will not go on. */
  async #makeRoom(place: string, owner: string): Promise<void> {
    await mkdir(this.#folder, { recursive: true, mode: 0o700 })
    let open = 0
    for (const name of await readdir(this.#folder)) {
      const path = join(this.#folder, name)
      const age = this.#now() - ((await stat(path).catch(() => null))?.mtimeMs ?? 0)
      if (age > SHARING.uploadKeptMs && !this.#running.has(path)) await rm(path, { force: true })
      else if (path !== place && name.startsWith(`${ownerPart(owner)}-`)) open++
    }
    if (open >= SHARING.openUploads)
      throw new RunnelError(
        'RESOURCE_EXHAUSTED',
        `${open} uploads have begun and not ended. Finish one of them, or try again tomorrow.`
      )
  }

  #placeOf(owner: string, hash: BlobId): string {
    return join(this.#folder, `${ownerPart(owner)}-${hash}`)
  }
}

/** Who it is in a file's name: letters and digits on any file system. */
const ownerPart = (owner: string): string => createHash('sha256').update(owner).digest('hex').slice(0, 16)

/** Returns the bytes that are there then. A body that breaks off leaves what has come of it. */
const writePiece = async (place: string, piece: Piece, body: ByteStream, signal: AbortSignal): Promise<number> => {
  const file = await open(place, piece.from === 0 ? 'w' : 'r+', 0o600)
  const reader = body.getReader()
  const stop = (): void => void reader.cancel().catch(() => undefined)
  signal.addEventListener('abort', stop)
  try {
    return await copy(reader, file, piece)
  } finally {
    signal.removeEventListener('abort', stop)
    stop()
    await file.close()
  }
}

const copy = async (
  reader: ReadableStreamDefaultReader<Uint8Array<ArrayBuffer>>,
  file: FileHandle,
  { from, length }: Piece
): Promise<number> => {
  let at = from
  for (;;) {
    const next = await reader.read().catch(() => null)
    if (next === null || next.done) return at
    if (at + next.value.byteLength > from + length)
      throw invalid(`The body has more than the ${length} bytes it was to have.`)
    await file.write(next.value, 0, next.value.byteLength, at)
    at += next.value.byteLength
  }
}

const hashOf = async (blob: Blob): Promise<string> => {
  const hash = createHash('sha256')
  for await (const part of blob.stream()) hash.update(part)
  return hash.digest('hex')
}
