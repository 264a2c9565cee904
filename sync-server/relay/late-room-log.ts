import type { KeptRoom, RoomLog } from './room-log.ts'

/** A log that is opened when something is first asked of it: what nobody shares leaves no file. */
export class LateRoomLog implements RoomLog {
  readonly #open: () => Promise<RoomLog>
  #log: Promise<RoomLog> | null = null

  constructor(open: () => Promise<RoomLog>) {
    this.#open = open
  }

  /** One that did not open is tried again by the next who asks. */
  #opened(): Promise<RoomLog> {
    this.#log ??= this.#open().catch((error: unknown) => {
      this.#log = null
      throw error
    })
    return this.#log
  }

  async read(room: string): Promise<KeptRoom | null> {
    return (await this.#opened()).read(room)
  }

  async begin(room: string, epoch: number, snapshot: Uint8Array | null): Promise<void> {
    return (await this.#opened()).begin(room, epoch, snapshot)
  }

  async append(room: string, epoch: number, update: Uint8Array): Promise<number> {
    return (await this.#opened()).append(room, epoch, update)
  }

  async compact(room: string, epoch: number, seq: number, snapshot: Uint8Array): Promise<void> {
    return (await this.#opened()).compact(room, epoch, seq, snapshot)
  }

  async remove(room: string): Promise<void> {
    return (await this.#opened()).remove(room)
  }

  async close(): Promise<void> {
    await (await this.#log)?.close()
  }
}
