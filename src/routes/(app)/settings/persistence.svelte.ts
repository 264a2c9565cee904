/** What the browser says about keeping this page's data: how much there is, and whether it may be thrown away when space runs short. */
export class Persistence {
  #kept = $state<boolean | null>(null)
  #usage = $state<number | null>(null)
  #outcome = $state<'granted' | 'refused' | null>(null)

  /** Null while unknown, or in a browser that does not tell. */
  get kept(): boolean | null {
    return this.#kept
  }

  /**
   * Bytes, as the browser counts them: padded and compressed by its own rules. Its quota is not shown: browsers name one they do not keep
   * to (Chromium says usage plus 10 GiB, whatever the disk or a real limit).
   */
  get usage(): number | null {
    return this.#usage
  }

  /** What came of asking. */
  get outcome(): 'granted' | 'refused' | null {
    return this.#outcome
  }

  async look(): Promise<void> {
    if (!navigator.storage) return
    try {
      const [kept, { usage }] = await Promise.all([navigator.storage.persisted(), navigator.storage.estimate()])
      this.#kept = kept
      this.#usage = usage ?? null
    } catch {
      // Opaque origins and some private windows refuse to say: then nothing is claimed.
    }
  }

  /** From a click: browsers decide by their own signs, and some ask the person. */
  async keep(): Promise<void> {
    try {
      this.#kept = await navigator.storage.persist()
      this.#outcome = this.#kept ? 'granted' : 'refused'
    } catch {
      this.#outcome = 'refused'
    }
  }
}
