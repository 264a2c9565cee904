/** A place on the x axis somebody said something of. */
export interface PlacedMark {
  /** In units of x. */
  readonly x: number
  /** What is said there, for the pointer and for screen readers. */
  readonly text: string
  readonly count: number
}
