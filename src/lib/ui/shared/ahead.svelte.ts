/**
 * What was chosen and will stand in the address: true at once, while the address, which takes its time, does not say so yet.
 */
export class Ahead<T> {
  #chosen = $state.raw<{ readonly value: T } | null>(null)

  /** What was chosen last, else what the address says. */
  or(said: T): T {
    return this.#chosen === null ? said : this.#chosen.value
  }

  /** `navigated` resolves when the address says it, or never will. */
  choose(value: T, navigated: Promise<void>): void {
    const chosen = { value }
    this.#chosen = chosen
    const end = (): void => {
      if (this.#chosen === chosen) this.#chosen = null
    }
    navigated.then(end, end)
  }
}
