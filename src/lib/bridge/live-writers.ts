/** Who writes a session at the moment. */
export interface Writer {
  /** The notebook instance's own name. */
  readonly name: string
  /** Whether it answers: asks it, and waits for a sign of life. */
  readonly isAlive: () => Promise<boolean>
  /** The session went to the writer of this name: another one, or the same on a new port. */
  readonly replaced: (by: string) => void
}

/**
 * One live writer per session, so that two pages cannot number different operations alike. The same writer on a new port takes over at
 * once (it reconnected); another one only when the old one gives no sign of life (its page was reloaded or crashed).
 */
export class LiveWriters {
  readonly #bySession = new Map<string, Writer>()

  /** Resolves with whether the session is `writer`'s now. */
  async admit(session: string, writer: Writer): Promise<boolean> {
    for (;;) {
      const holder = this.#bySession.get(session)
      if (holder !== undefined && holder.name !== writer.name && (await holder.isAlive())) return false
      // Somebody else may have come in while we asked.
      if (this.#bySession.get(session) !== holder) continue
      this.#bySession.set(session, writer)
      holder?.replaced(writer.name)
      return true
    }
  }

  release(session: string, writer: Writer): void {
    if (this.#bySession.get(session) === writer) this.#bySession.delete(session)
  }
}
