/** A blob's address for as long as the calling component shows it. Call while the component is set up. */
export class BlobUrl {
  #url = $state<string | null>(null)

  constructor(blob: () => Blob) {
    $effect(() => {
      const url = URL.createObjectURL(blob())
      this.#url = url
      return () => URL.revokeObjectURL(url)
    })
  }

  /** null before the component is on screen. */
  get current(): string | null {
    return this.#url
  }
}
