/**
 * A link that lets somebody in, on its way from the address to the page that asks whether to join.
 *
 * Its secret leaves the address before the router or anything else reads it: a bookmark, a screenshot or the history would carry it.
 */
const PREFIX = '#/join/'

class Arriving {
  /** As it was opened; null while there is none. */
  link = $state.raw<string | null>(null)

  /** Call it before the router reads the address. */
  watch(): void {
    this.#take()
    // Somebody may open a link in a tab that is here already. The router, which listens after this, finds the address without it.
    addEventListener('popstate', () => this.#take())
    addEventListener('hashchange', () => this.#take())
  }

  forget(): void {
    this.link = null
  }

  #take(): void {
    const { hash, href, pathname, search } = location
    if (!hash.startsWith(PREFIX)) return
    this.link = href
    history.replaceState(history.state, '', pathname + search)
  }
}

export const arriving = new Arriving()
