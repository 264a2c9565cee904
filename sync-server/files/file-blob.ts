import type { FileHandle } from 'node:fs/promises'
import type { ByteStream } from '#lib/store/blobs.ts'
import { fileFailure } from './file-failure.ts'

/** Read at a time: past this, larger pieces are no faster and only fill memory. */
const PIECE_BYTES = 256 * 1024

export interface FileBytes {
  /** Bytes. */
  readonly size: number
  /** Called once for each reading, when its first byte is wanted. Fails when the file is no longer the one that was measured. */
  readonly open: () => Promise<FileHandle>
}

/**
 * A file as a Blob that is read only when, and as far as, somebody reads it.
 *
 * Not `fs.openAsBlob`: that breaks off when the file's time changes, which is what keeping the same bytes again does, and was measured
 * at half the speed. The price is that `new Blob([this])` and structured clones know nothing of the file: only the methods do.
 */
export class FileBlob extends Blob {
  readonly #bytes: FileBytes
  readonly #from: number
  readonly #to: number
  readonly #type: string

  /** The bytes from `from` to before `to`. */
  constructor(bytes: FileBytes, from = 0, to = bytes.size, type = '') {
    super()
    this.#bytes = bytes
    this.#from = from
    this.#to = to
    this.#type = type
  }

  override get size(): number {
    return this.#to - this.#from
  }

  override get type(): string {
    return this.#type
  }

  override slice(start = 0, end = this.size, type = ''): FileBlob {
    const inside = (at: number): number => this.#from + Math.min(Math.max(at < 0 ? this.size + at : at, 0), this.size)
    return new FileBlob(this.#bytes, inside(start), Math.max(inside(start), inside(end)), type)
  }

  override stream(): ByteStream {
    let file: FileHandle | null = null
    let at = this.#from
    const close = async (): Promise<void> => {
      const opened = file
      file = null
      await opened?.close()
    }
    const nextPiece = async (): Promise<Uint8Array<ArrayBuffer> | null> => {
      if (at >= this.#to) return null
      file ??= await this.#bytes.open()
      const piece = new Uint8Array(Math.min(PIECE_BYTES, this.#to - at))
      const { bytesRead } = await file.read(piece, 0, piece.byteLength, at)
      // A length was promised: an answer that just ended would pass for the whole file.
      if (bytesRead === 0) throw new Error('The file is shorter than it was when it was measured.')
      at += bytesRead
      return piece.subarray(0, bytesRead)
    }
    return new ReadableStream<Uint8Array<ArrayBuffer>>(
      {
        async pull(controller) {
          try {
            const piece = await nextPiece()
            if (piece) return controller.enqueue(piece)
            await close()
            controller.close()
          } catch (error) {
            await close().catch(() => undefined)
            throw fileFailure(error)
          }
        },
        cancel: close
      },
      // Nothing is opened before somebody reads: a stream nobody reads leaves no file open.
      { highWaterMark: 0 }
    )
  }

  override async bytes(): Promise<Uint8Array<ArrayBuffer>> {
    const all = new Uint8Array(this.size)
    let at = 0
    for await (const piece of this.stream()) {
      all.set(piece, at)
      at += piece.byteLength
    }
    return all
  }

  override async arrayBuffer(): Promise<ArrayBuffer> {
    return (await this.bytes()).buffer
  }

  override async text(): Promise<string> {
    return new TextDecoder().decode(await this.bytes())
  }
}
