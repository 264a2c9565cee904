import { createSubscriber } from 'svelte/reactivity'

/** The wall clock as something a component can depend on: ticks once a second while anybody looks, not otherwise. */
class Now {
  readonly #subscribe = createSubscriber((update) => {
    const timer = setInterval(update, 1000)
    return () => clearInterval(timer)
  })

  /** Epoch ms. */
  get current(): number {
    this.#subscribe()
    return Date.now()
  }
}

export const now = new Now()
