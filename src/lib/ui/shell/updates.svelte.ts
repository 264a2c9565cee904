import { registerShell } from '#lib/live/service-worker-client.ts'

/** New versions of the app, as the page hears of them. */
export class Updates {
  #waiting = $state.raw<(() => void) | null>(null)
  #replaced = $state(false)

  /** Switches to the version that waits; null while none does. */
  get waiting(): (() => void) | null {
    return this.#waiting
  }

  /** Another tab has switched already. */
  get replaced(): boolean {
    return this.#replaced
  }

  async start(): Promise<void> {
    await registerShell({
      onWaiting: (activate) => (this.#waiting = activate),
      onReplaced: () => (this.#replaced = true)
    })
  }
}
