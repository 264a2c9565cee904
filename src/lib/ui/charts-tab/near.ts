/** How far outside the window something may be and still count as near. */
const MARGIN = '400px'

/** Says of many elements whether they are in view, or near it. */
export class Nearness {
  readonly #told = new WeakMap<Element, (near: boolean) => void>()
  // A panel scrolls inside boxes that clip it, where a root's margin says nothing: scrollMargin does, in browsers that know it.
  readonly #observer = new IntersectionObserver(
    (entries) => {
      for (const { target, isIntersecting } of entries) this.#told.get(target)?.(isIntersecting)
    },
    { rootMargin: MARGIN, scrollMargin: MARGIN }
  )

  /** Returns how to stop. */
  watch(element: Element, told: (near: boolean) => void): () => void {
    this.#told.set(element, told)
    this.#observer.observe(element)
    return () => this.#observer.unobserve(element)
  }

  stop(): void {
    this.#observer.disconnect()
  }
}
