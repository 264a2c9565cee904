import { afterNavigate, beforeNavigate, goto } from '$app/navigation'

/** Where what was chosen takes longer to be drawn, the address says it all the same. */
const SOON_MS = 100
/** So long after the last change somebody looks, and chooses nothing. */
const REST_MS = 400

/**
 * The address of a page whose state is in it. The address bar says what was chosen as soon as it is drawn, as a browser takes ten milliseconds
 * over an address; the router, which works out the whole page anew for each address, is told when whoever chooses rests.
 */
export class Address {
  #known = Promise.withResolvers<void>()
  /** What the address bar does not say yet. */
  #unwritten: string | null = null
  #rest: ReturnType<typeof setTimeout> | undefined

  /** Call while a component initialises. */
  constructor() {
    beforeNavigate(() => {
      // Who goes elsewhere is not called back, and can come back to what was left.
      clearTimeout(this.#rest)
      this.#write()
    })
    afterNavigate(() => {
      this.#known.resolve()
      this.#known = Promise.withResolvers()
    })
  }

  /** Params as they are now: the router may not know them yet. */
  get params(): URLSearchParams {
    this.#write()
    return new URLSearchParams(location.search)
  }

  /**
   * Another address of this page in place of the one there is; `drawn` resolves when the page shows it. Resolves when the router knows it, or
   * goes elsewhere.
   */
  replace(href: string, drawn: Promise<void>): Promise<void> {
    if (this.#unwritten === null) {
      const soon = new Promise((resolve) => setTimeout(resolve, SOON_MS))
      void Promise.race([drawn, soon]).then(() => this.#write())
    }
    this.#unwritten = href
    clearTimeout(this.#rest)
    this.#rest = setTimeout(() => void goto(href, { replaceState: true, keepFocus: true, noScroll: true }), REST_MS)
    return this.#known.promise
  }

  #write(): void {
    if (this.#unwritten === null) return
    // What the router notes with an entry stays with it.
    history.replaceState(history.state, '', this.#unwritten)
    this.#unwritten = null
  }
}
